"""Writes Spark Connect's protocol as one FileDescriptorSet, from the descriptors inside the PyPI package pyspark."""

import sys

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from google.rpc import error_details_pb2
from pyspark.sql.connect.proto import base_pb2

seen = FileDescriptorSet()
names = set()


def add(file):
    if file.name in names:
        return
    names.add(file.name)
    for dependency in file.dependencies:
        add(dependency)
    file.CopyToProto(seen.file.add())


add(base_pb2.DESCRIPTOR)
add(error_details_pb2.DESCRIPTOR)
with open(sys.argv[1], "wb") as out:
    out.write(seen.SerializeToString(deterministic=True))
print(f"{len(names)} files: {', '.join(sorted(names))}")
