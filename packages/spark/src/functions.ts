import { createHash } from 'node:crypto'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { SparkError } from './errors.ts'
import type { DataTypeSchema } from './gen/spark/connect/types_pb.ts'
import { jarBase64, jarSha256 } from './jar.bytes.ts'
import type { Session } from './session.ts'

type DataType = MessageInitShape<typeof DataTypeSchema>

const binary: DataType = { kind: { case: 'binary', value: {} } }
const double: DataType = { kind: { case: 'double', value: {} } }
const long: DataType = { kind: { case: 'long', value: {} } }
const integer: DataType = { kind: { case: 'integer', value: {} } }

function arrayOf(elementType: DataType): DataType {
  return { kind: { case: 'array', value: { elementType, containsNull: false } } }
}

function struct(fields: Readonly<Record<string, DataType>>): DataType {
  const list = Object.entries(fields).map(([name, dataType]) => ({ name, dataType, nullable: false }))
  return { kind: { case: 'struct', value: { fields: list } } }
}

/** The functions of java/nigh: the name in SQL, the class, and what it returns; null for an aggregate, which says so itself. */
const functions: readonly (readonly [string, string, DataType | null])[] = [
  ['nigh_pack', 'nigh.Pack', binary],
  ['nigh_unpack', 'nigh.Unpack', arrayOf(struct({ id: long, x: arrayOf(double) }))],
  ['nigh_nearest', 'nigh.Nearest', struct({ cluster: integer, distance: double })],
  ['nigh_fit', 'nigh.Fit', null],
  ['nigh_near', 'nigh.Near', null],
  ['nigh_within', 'nigh.Within', arrayOf(struct({ query: integer, id: long, sq: double }))],
]

/** Uploads nigh's own functions to a session and gives them their names. The server needs no change, and no Python. */
export async function registerFunctions(session: Session): Promise<void> {
  const jar = Buffer.from(jarBase64, 'base64')
  if (createHash('sha256').update(jar).digest('hex') !== jarSha256) {
    throw new SparkError('connect: the jar in this package is damaged')
  }
  await session.addArtifact(`jars/nigh-${jarSha256.slice(0, 12)}.jar`, jar)
  for (const [functionName, className, outputType] of functions) {
    const javaUdf =
      outputType === null ? { className, aggregate: true } : { className, outputType, aggregate: false }
    const messages = session.execute('connect', {
      case: 'command',
      value: {
        commandType: {
          case: 'registerFunction',
          value: { functionName, deterministic: true, function: { case: 'javaUdf', value: javaUdf } },
        },
      },
    })
    for await (const _ of messages) {
      // Only its end matters.
    }
  }
}
