"""One Python peer in a process of its own: `worker.py PEER`.

Reads one JSON object a line and answers with one. Only the peer's own calls stand between the two looks at the
clock; reading data, converting it and writing answers do not count.

    {"op": "load", "case": {...}}   take a case's data            -> {"versions": {...}, "libraries": [...]}
    {"op": "run", "seed": 0}        one measurement               -> {"seconds": {...}, "answer": {...}}
"""

import json
import os
import resource
import sys
import time
import warnings

import numpy as np

clock = time.perf_counter
FOREVER = 100_000  # iterations: run to convergence


def stored(file, kind=np.float32):
    return np.fromfile(file["path"], dtype=kind).reshape(file["rows"], file["columns"])


# Each function takes a case and returns `run(seed) -> (seconds by part, answer arrays, other facts)`.


def sklearn_kmeans(case, KMeans, **options):
    points, init = stored(case["points"]), stored(case["init"])
    longest = case.get("maxIterations", FOREVER)

    def run(seed):
        start = clock()
        model = KMeans(case["k"], init=init, n_init=1, tol=0, max_iter=longest, **options).fit(points)
        took = clock() - start
        arrays = {"labels": model.labels_, "centroids": model.cluster_centers_}
        return {"fit": took}, arrays, {"iterations": int(model.n_iter_)}

    return run


def sklearn_defaults(case, KMeans):
    points = stored(case["points"])

    def run(seed):
        start = clock()
        model = KMeans(case["k"], random_state=seed).fit(points)
        took = clock() - start
        arrays = {"labels": model.labels_, "centroids": model.cluster_centers_}
        return {"fit": took}, arrays, {"iterations": int(model.n_iter_)}

    return run


def sklearn_seeding(case):
    from sklearn.cluster import kmeans_plusplus

    points = stored(case["points"])

    def run(seed):
        start = clock()
        centroids, _ = kmeans_plusplus(points, case["k"], random_state=seed)
        return {"seed": clock() - start}, {"centroids": centroids}, {}

    return run


def sklearn_knn(case, NearestNeighbors):
    points, queries = stored(case["points"]), stored(case["queries"])
    index = {"flat": "brute", "kdtree": "kd_tree"}[case["index"]]

    def run(seed):
        start = clock()
        model = NearestNeighbors(n_neighbors=case["k"], algorithm=index, n_jobs=case["threads"]).fit(points)
        built = clock()
        _, indices = model.kneighbors(queries)
        return {"build": built - start, "query": clock() - built}, {"indices": indices}, {}

    return run


def sklearn_single(case, NearestNeighbors):
    points, queries = stored(case["points"]), stored(case["queries"])
    model = NearestNeighbors(n_neighbors=case["k"], algorithm="brute", n_jobs=case["threads"]).fit(points)
    return one_by_one(queries, lambda query: model.kneighbors(query)[1])


def one_by_one(queries, nearest):
    """Seconds of one query: the median over all of them, each asked alone."""

    def run(seed):
        seconds, rows = [], []
        for i in range(len(queries)):
            start = clock()
            found = nearest(queries[i : i + 1])
            seconds.append(clock() - start)
            rows.append(found)
        return {"query": float(np.median(seconds))}, {"indices": np.concatenate(rows)}, {}

    return run


def faiss_kmeans(case):
    """faiss does not look whether it has converged, so it is told how many iterations the others needed.

    The last of those only finds that no label changes: faiss's closing search is that one.
    """
    import faiss

    points, init = stored(case["points"]), stored(case["init"])
    iterations = case["iterations"]

    def run(seed):
        start = clock()
        model = faiss.Kmeans(
            points.shape[1],
            case["k"],
            niter=max(1, iterations - 1),
            min_points_per_centroid=1,
            max_points_per_centroid=len(points),
        )
        model.train(points, init_centroids=init)
        _, labels = model.index.search(points, 1)
        took = clock() - start
        return {"fit": took}, {"labels": labels, "centroids": model.centroids}, {"iterations": iterations}

    return run


def faiss_knn(case):
    import faiss

    points, queries = stored(case["points"]), stored(case["queries"])

    def run(seed):
        start = clock()
        index = faiss.IndexFlatL2(points.shape[1])
        index.add(points)
        built = clock()
        _, indices = index.search(queries, case["k"])
        return {"build": built - start, "query": clock() - built}, {"indices": indices}, {}

    return run


def faiss_single(case):
    import faiss

    points, queries = stored(case["points"]), stored(case["queries"])
    index = faiss.IndexFlatL2(points.shape[1])
    index.add(points)
    return one_by_one(queries, lambda query: index.search(query, case["k"])[1])


def pykdtree_knn(case):
    from pykdtree.kdtree import KDTree

    points, queries = stored(case["points"]), stored(case["queries"])

    def run(seed):
        start = clock()
        tree = KDTree(points)
        built = clock()
        _, indices = tree.query(queries, k=case["k"])
        return {"build": built - start, "query": clock() - built}, {"indices": indices}, {}

    return run


def scipy_knn(case):
    from scipy.spatial import cKDTree

    # It works in float64: converting is not held against it.
    points, queries = stored(case["points"]).astype(np.float64), stored(case["queries"]).astype(np.float64)

    def run(seed):
        start = clock()
        tree = cKDTree(points)
        built = clock()
        _, indices = tree.query(queries, k=case["k"], workers=case["threads"])
        return {"build": built - start, "query": clock() - built}, {"indices": indices}, {}

    return run


def prepare(peer, case):
    task = case["task"]
    if peer == "faiss":
        import faiss

        faiss.omp_set_num_threads(case["threads"])
        return {"kmeans": faiss_kmeans, "knn": faiss_knn, "single": faiss_single}[task](case)
    if peer == "pykdtree":
        return {"knn": pykdtree_knn}[task](case)
    if peer == "scipy":
        return {"knn": scipy_knn}[task](case)
    if peer == "sklearnex":
        import daal4py
        from sklearnex.cluster import KMeans
        from sklearnex.neighbors import NearestNeighbors

        daal4py.daalinit(case["threads"])
    else:
        from sklearn.cluster import KMeans
        from sklearn.neighbors import NearestNeighbors
    if task == "kmeans":
        return sklearn_kmeans(case, KMeans, **({"algorithm": "elkan"} if peer == "sklearn-elkan" else {}))
    if task == "kmeans-defaults":
        return sklearn_defaults(case, KMeans)
    if task == "seeding":
        return sklearn_seeding(case)
    if task == "knn":
        return sklearn_knn(case, NearestNeighbors)
    return sklearn_single(case, NearestNeighbors)


PACKAGES = {
    "sklearn": ["scikit-learn", "numpy"],
    "sklearn-elkan": ["scikit-learn", "numpy"],
    "sklearnex": ["scikit-learn-intelex", "daal"],
    "faiss": ["faiss-cpu"],
    "pykdtree": ["pykdtree"],
    "scipy": ["scipy"],
}


def facts(peer):
    """Versions, and which kernels the linear algebra picked. No paths: they name the machine."""
    from importlib.metadata import version

    from threadpoolctl import threadpool_info

    versions = {"python": sys.version.split()[0]}
    versions.update({name: version(name) for name in PACKAGES[peer]})
    libraries = []
    for library in threadpool_info():
        words = [library["prefix"], library.get("version"), library.get("architecture"), library.get("threading_layer")]
        libraries.append(" ".join(str(word) for word in words if word) + f", {library['num_threads']} threads")
    if peer == "faiss":
        import faiss

        libraries.append("faiss " + faiss.get_compile_options().strip())
    return {"versions": versions, "libraries": sorted(set(libraries))}


def keep(case, peer, arrays):
    """Writes an answer's arrays for the referee: indices and labels as int32, centroids as float64."""
    answer = {}
    for name, array in arrays.items():
        path = os.path.join(case["scratch"], f"{peer}.{name}")
        array = np.asarray(array)
        array.astype(np.float64 if name == "centroids" else np.int32).tofile(path)
        answer[name] = path
    return answer


def main():
    peer = sys.argv[1]
    # Whatever a library prints must not be taken for an answer.
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warnings.simplefilter("ignore")
    case, run = None, None
    for line in sys.stdin:
        request = json.loads(line)
        try:
            if request["op"] == "load":
                run, case = None, request["case"]  # the last case's memory goes first
                run = prepare(peer, case)
                reply = facts(peer)
            else:
                seconds, arrays, others = run(request["seed"])
                answer = {**keep(case, peer, arrays), **others}
                answer["peakMiB"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
                reply = {"seconds": seconds, "answer": answer}
        except Exception as error:  # told to the harness, which stops
            reply = {"error": f"{type(error).__name__}: {error}"}
        out.write(json.dumps(reply) + "\n")
        out.flush()


main()
