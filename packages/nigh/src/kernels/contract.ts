/**
 * The one shape of every inner loop: work on rows `from` … `to − 1` (or on whatever the loop counts: queries, tree
 * nodes) of the job that a record describes, as thread number `thread`.
 *
 * A record is a run of float64 fields in the kernels' own memory (see `layout.ts` for their order): counts, options
 * and byte addresses of arrays, all exact as float64. Everything a kernel reads or writes lies in that memory, so the
 * same call serves JavaScript, WebAssembly and several threads. A kernel allocates nothing and checks nothing.
 * Different blocks of one pass never write to the same place; what they add up, they add up per thread, in sums that
 * do not depend on the order (ARCHITECTURE.md, "Sums").
 */
export type Kernel = (record: number, from: number, to: number, thread: number) => void

/** The name of a kernel set: how fast it is, never what it answers. */
export type KernelSetName = 'scalar' | 'simd' | 'relaxed'

/** The loops that a kernel set offers, if it was bound with all kits: those of others refuse to be called. */
export interface KernelTable extends NearKernelTable {
  /** Finds the range of each column, over rows of weight above zero. */
  readonly ranges: Kernel
  /** Makes the centred float32 working copy and its row norms. */
  readonly centre: Kernel
  /** Makes the narrow (int16) copy of the working copy. */
  readonly narrow: Kernel
  /** Labels rows with their nearest centroid and moves what changed between the centroids' sums. */
  readonly assign: Kernel
  /** Writes each row's exact squared distance to its own centroid. */
  readonly residuals: Kernel
  /** Writes the exact squared distances to all centroids. */
  readonly distances: Kernel
  /** Hashes each row's content. */
  readonly hash: Kernel
  /** Lowers each row's squared distance to the nearest of the centroids chosen so far, for several candidates at once. */
  readonly seed: Kernel
}

export type KernelName = keyof KernelTable

/** Every kernel's name, in one order on all threads of a version. */
export const KERNEL_NAMES: readonly KernelName[] = [
  'assign',
  'centre',
  'distances',
  'flatCells',
  'flatMerge',
  'flatPack',
  'flatPivots',
  'flatQueries',
  'flatSearch',
  'hash',
  'narrow',
  'ranges',
  'residuals',
  'seed',
  'treeFinish',
  'treeHalve',
  'treeLoad',
  'treeSearch',
  'treeTop',
]

/** A kernel set, bound to one memory. */
export interface Kernels extends KernelTable {
  readonly set: KernelSetName
  /** The memory that records and arrays lie in. */
  readonly buffer: ArrayBufferLike
}

/** The loops of the neighbour search; their records are those of `near-layout.ts`. */
export interface NearKernelTable {
  /** Packs panels of 8 points into int16. */
  readonly flatPack: Kernel
  /** Chooses the pivots of cells from a sample, and tells what cells would save. One item. */
  readonly flatPivots: Kernel
  /** Finds each row's cell. */
  readonly flatCells: Kernel
  /** Packs queries into int16. */
  readonly flatQueries: Kernel
  /** Searches a slice of the panels for a block of queries. */
  readonly flatSearch: Kernel
  /** Merges the answers of the slices, query by query. */
  readonly flatMerge: Kernel
  /** Makes the tree's float32 working copy of rows. */
  readonly treeLoad: Kernel
  /** Halves parts of the tree. */
  readonly treeHalve: Kernel
  /** Finishes parts of the tree: all further halvings, leaves and the nodes above them. */
  readonly treeFinish: Kernel
  /** Makes the nodes above the finished parts. */
  readonly treeTop: Kernel
  /** Searches the tree for queries. */
  readonly treeSearch: Kernel
}
