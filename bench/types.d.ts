/** What a case measures. */
export type Task = 'kmeans' | 'kmeans-defaults' | 'seeding' | 'knn' | 'single' | 'within'

/** Points made from a seed: the same bits on every machine (see data.mjs). */
export interface Data {
  /** blobs: overlapping clusters · uniform: the unit cube · digits: 8 × 8 images from scikit-learn, repeated with noise */
  readonly kind: 'blobs' | 'uniform' | 'digits'
  readonly rows: number
  readonly columns: number
  /** blobs: how many centres, drawn from −10 … 10 in each column. */
  readonly centers?: number
  /** blobs: standard deviation about a centre. */
  readonly spread?: number
  readonly seed: number
}

/** One measurement: data, options, seed, expected answer, peers. */
export interface Case {
  readonly name: string
  readonly task: Task
  readonly data: Data
  /** k-means: clusters. KNN: neighbours. */
  readonly k: number
  /** KNN: query rows, drawn like the data from a stream of their own. */
  readonly queries?: number
  /** within: radius. */
  readonly radius?: number
  /** KNN: which index nigh and scikit-learn are asked for. */
  readonly index?: 'flat' | 'kdtree'
  /** Points go in as number[][] instead of a Matrix: what JavaScript peers take. */
  readonly asRows?: boolean
  /** k-means: stop here, converged or not (scaling only). */
  readonly maxIterations?: number
  /** Start each peer in a new process and report its peak memory. */
  readonly fresh?: boolean
  /** Fewer rounds where one takes long; never under 7 for a goal. */
  readonly rounds?: number
  readonly peers: readonly string[]
  /** The answer, to 1e-6: found once by two peers that agreed. Not checked with --quick, whose data are smaller. */
  readonly expected?: { readonly inertia?: number; readonly iterations?: number; readonly distances?: number }
}

/** A claim about a suite: peer ÷ nigh is at least `ratio`. */
export interface Goal {
  readonly against: readonly string[]
  readonly ratio: number
  readonly as: 'every case' | 'geometric mean'
  /** Only cases whose name holds this. */
  readonly only?: string
  /** Compares this part of the time instead of all of it. */
  readonly part?: string
}

export interface Suite {
  readonly about: string
  readonly goals: readonly Goal[]
  readonly cases: readonly Case[]
}

/** A file of float32 or uint32 numbers, row after row. */
export interface Stored {
  readonly path: string
  readonly rows: number
  readonly columns: number
}

/** What a peer is told when it loads a case: paths and numbers only. */
export interface Loaded {
  readonly task: Task
  readonly points: Stored
  readonly init?: Stored
  readonly queries?: Stored
  readonly k: number
  readonly radius?: number
  readonly index?: 'flat' | 'kdtree'
  readonly asRows?: boolean
  readonly maxIterations?: number
  /** Iterations that others needed: for a peer that cannot stop by itself. */
  readonly iterations?: number
  readonly threads: number
  /** Folder for answers. */
  readonly scratch: string
}

/** Arrays that a peer wrote after a run, outside the time measured. */
export interface Answer {
  readonly labels?: string
  readonly centroids?: string
  readonly indices?: string
  /** within: neighbours of each query. */
  readonly counts?: string
  readonly iterations?: number
  /** Distances computed ÷ (n · k · iterations), where the peer counts them. */
  readonly work?: number
  /** Peak resident memory of the process, MiB. */
  readonly peakMiB?: number
}

export interface Run {
  /** Seconds by part: fit, or build and query. */
  readonly seconds: Readonly<Record<string, number>>
  readonly answer: Answer
}

/** What the referee found in an answer. */
export interface Verdict {
  readonly ok: boolean
  readonly faults: readonly string[]
  readonly inertia?: number
  readonly iterations?: number
  /** Share of true neighbours found, by distance. */
  readonly recall?: number
  /** Sum of the neighbours' distances. */
  readonly distances?: number
  readonly work?: number
  readonly peakMiB?: number
}

export interface Summary {
  readonly median: number
  readonly min: number
  readonly q1: number
  readonly q3: number
}

export interface PeerResult {
  readonly seconds: readonly number[]
  readonly parts: Readonly<Record<string, number>>
  readonly summary: Summary
  /** The same of the calls that woke the library's threads, half a second after the last turn: short calls only. */
  readonly woken?: Summary
  /** Peer ÷ nigh: of the medians, and the quartiles of the rounds' own ratios. Absent for nigh itself. */
  readonly ratio?: { readonly median: number; readonly q1: number; readonly q3: number }
  readonly verdict: Verdict
}

export interface CaseResult {
  readonly name: string
  readonly task: Task
  readonly data: Data
  readonly sha256: string
  readonly k: number
  readonly queries?: number
  readonly rounds: number
  readonly faults: readonly string[]
  readonly peers: Readonly<Record<string, PeerResult>>
}

export interface GoalResult {
  readonly text: string
  readonly reached: number
  readonly ratio: number
  readonly met: boolean
}

export interface SuiteResult {
  readonly about: string
  readonly threads: number
  readonly started: string
  readonly load: readonly [number, number]
  readonly versions: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly goals: readonly GoalResult[]
  readonly cases: readonly CaseResult[]
}

export interface Machine {
  readonly cpu: string
  readonly slug: string
  readonly cores: number
  readonly memoryGiB: number
  readonly platform: string
  readonly node: string
}

export interface Results {
  readonly schema: 1
  readonly date: string
  readonly commit: string
  readonly quick: boolean
  readonly machine: Machine
  /** By suite and threads: `kmeans`, or `kmeans, 1 thread`. */
  readonly suites: Readonly<Record<string, SuiteResult>>
}
