// What the page asks its worker, and what comes back: plain data only.

import type { ChosenK, ClusterProfiles, ColumnSummary, ColumnUse, Scale, Silhouette } from 'nigh'
import type { Run, RunAsk } from '../learn/kmeans-run.ts'
import type { ReadChoices, ReadHow } from '../read/read.ts'

/** How columns become numbers. */
export interface Roles {
  /** The columns in use, in the file's order; null: those that nigh finds useful. */
  readonly columns: readonly string[] | null
  readonly scale: Scale
  readonly missing: 'refuse' | 'drop' | 'impute'
  /** Not a feature: what is to be predicted. */
  readonly target: string | null
}

export interface OpenedTable {
  readonly rows: number
  readonly how: ReadHow
  readonly summaries: readonly ColumnSummary[]
  /** Counts of 16 equal parts of the range, a column of numbers or dates each; else null. */
  readonly histograms: readonly (readonly number[] | null)[]
  /** Which columns nigh would use by itself, and why not the others. */
  readonly uses: readonly ColumnUse[]
  readonly warnings: readonly string[]
}

/** What is drawn along an axis: a column, or a principal component of the columns in use. */
export type Axis = { readonly column: string } | { readonly component: number }

export interface Places {
  /** From `origin`: what is far from 0 would be drawn coarsely in single precision. */
  readonly x: Float32Array
  readonly y: Float32Array
  readonly origin: { readonly x: number; readonly y: number }
  /** What stands at 0, 1, 2 … along an axis of texts or of false and true; else null. */
  readonly names: { readonly x: readonly string[] | null; readonly y: readonly string[] | null }
  /** The table's rows that have a place; null: all. */
  readonly rows: Uint32Array | null
  /** Shares of the spread that the components hold; empty where columns are drawn. */
  readonly shares: readonly number[]
}

export interface Clustered {
  readonly k: number
  readonly inertia: number
  readonly iterations: number
  readonly converged: boolean
  readonly counts: readonly number[]
  /** The cluster of each table row; −1 where the row was left out. */
  readonly labels: Int16Array
  /** k × features, in the data's own units. */
  readonly centroids: readonly (readonly number[])[]
  /** k × features, as they were fitted. */
  readonly encoded: readonly (readonly number[])[]
  readonly features: readonly string[]
  /** The features that are dates: their centroids are instants. */
  readonly dates: readonly string[]
  readonly profiles: ClusterProfiles
  readonly notes: readonly string[]
  readonly warnings: readonly string[]
  readonly rows: number
  /** Share of the squared distances from the mean that the clusters explain. */
  readonly explained: number
  readonly seconds: number
}

export interface NeighborSettings {
  readonly k: number
  readonly weights: 'uniform' | 'distance'
  readonly task: 'classify' | 'regress'
}

/** How well one k does on rows that it has not seen. */
export interface KScore {
  readonly k: number
  /** Accuracy, or R². */
  readonly score: number
  /** Standard deviation over the folds. */
  readonly spread: number
}

export interface ChosenNeighbors {
  readonly scores: readonly KScore[]
  readonly best: number
  /** The largest k within one standard error of the best: the calmer answer. */
  readonly calm: number
  readonly rows: number
}

/** Predicted against actual, as it is drawn. */
export interface AgainstPicture {
  /** The range of both. */
  readonly least: number
  readonly most: number
  /** Rows that are drawn: all, or every so many. */
  readonly dots: readonly { readonly truth: number; readonly answer: number; readonly row: number }[]
  /** The rows whose answers are farthest off, the farthest first. */
  readonly worst: readonly number[]
}

/** Classes in a table of true by predicted: of more, nobody reads one. */
export const MOST_CLASSES = 30

export type Evaluated =
  | {
      readonly task: 'classify'
      readonly rows: number
      readonly accuracy: number
      readonly macroF1: number
      readonly baseline: number
      readonly classes: readonly string[]
      /** True class × predicted class, of the first {@link MOST_CLASSES} classes. */
      readonly matrix: readonly (readonly number[])[]
      /** The table's rows that were judged, with their truth and answer as places in `classes`. */
      readonly judged: Uint32Array
      readonly truth: Uint32Array
      readonly answers: Uint32Array
      readonly notes: readonly string[]
    }
  | {
      readonly task: 'regress'
      readonly rows: number
      readonly r2: number
      readonly rmse: number
      readonly mae: number
      readonly baseline: number
      readonly picture: AgainstPicture
      readonly notes: readonly string[]
    }

export interface Inspected {
  readonly prediction: string
  readonly truth: string
  readonly names: readonly string[]
  readonly row: readonly string[]
  readonly neighbors: readonly {
    readonly row: number
    readonly distance: number
    readonly share: number
    readonly target: string
    readonly cells: readonly string[]
  }[]
}

export type AnomalyMethod = 'neighbors' | 'density' | 'centroids'

export interface Oddity {
  readonly row: number
  readonly score: number
  readonly reason: string
  readonly cells: readonly string[]
}

export interface Oddities {
  /** The k that was used: as asked, or as many as there are. */
  readonly k: number
  readonly names: readonly string[]
  readonly ranked: readonly Oddity[]
  /** What the picture raises: 1 for a strange row, −1 for any other; one a table row. */
  readonly marked: Int16Array
  readonly threshold: number
  readonly outliers: number
  readonly seconds: number
}

export interface FileMade {
  readonly name: string
  /** Made where the answer is: the page gets a handle, not a copy. */
  readonly blob: Blob
}

export interface ClusterAsk {
  readonly roles: Roles
  readonly k: number
  readonly seed: number
}

/** Every question: what goes there, and what comes back. */
export interface Tasks {
  open: { ask: { file: File; choices: ReadChoices }; answer: OpenedTable }
  places: { ask: { roles: Roles; x: Axis; y: Axis }; answer: Places }
  cells: {
    ask: { rows: readonly number[]; columns: readonly string[] | null }
    answer: readonly (readonly string[])[]
  }
  choose: { ask: { roles: Roles; to: number; seed: number }; answer: ChosenK }
  cluster: { ask: ClusterAsk; answer: Clustered }
  silhouette: {
    ask: { seed: number }
    answer: Pick<Silhouette, 'mean' | 'clusters'> & { readonly rows: number }
  }
  clusterTable: { ask: { names: readonly string[] | null; name: string }; answer: FileMade }
  clusterModel: { ask: { name: string }; answer: FileMade }
  chooseNeighbors: {
    ask: { roles: Roles; settings: NeighborSettings; seed: number }
    answer: ChosenNeighbors
  }
  evaluate: {
    ask: { roles: Roles; settings: NeighborSettings; folds: number; seed: number }
    answer: Evaluated
  }
  inspect: { ask: { roles: Roles; settings: NeighborSettings; row: number }; answer: Inspected }
  predict: {
    ask: { roles: Roles; settings: NeighborSettings; file: File; choices: ReadChoices }
    answer: FileMade
  }
  neighborModel: { ask: { roles: Roles; settings: NeighborSettings; name: string }; answer: FileMade }
  anomalies: {
    ask: { roles: Roles; method: AnomalyMethod; k: number; contamination: number }
    answer: Oddities
  }
  anomalyTable: { ask: { name: string }; answer: FileMade }
  anomalyModel: { ask: { name: string }; answer: FileMade }
  run: { ask: RunAsk; answer: Run }
  regions: {
    ask: {
      points: Float64Array
      targets: Float64Array
      task: 'classify' | 'regress'
      k: number
      weights: 'uniform' | 'distance'
      width: number
      height: number
      /** What a cell of the picture measures. */
      step: number
    }
    answer: { values: Float32Array; shares: Float32Array }
  }
}

export type Task = keyof Tasks

/** How far a task has come, from 0 to 1 (null: nobody knows), and in words. */
export interface TaskProgress {
  readonly share: number | null
  readonly words: string
}

export type ToWorker =
  | { readonly type: 'ask'; readonly id: number; readonly task: Task; readonly ask: Tasks[Task]['ask'] }
  | { readonly type: 'cancel'; readonly id: number }

export type FromWorker =
  | { readonly type: 'answer'; readonly id: number; readonly answer: Tasks[Task]['answer'] }
  | { readonly type: 'progress'; readonly id: number; readonly progress: TaskProgress }
  | { readonly type: 'cancelled'; readonly id: number }
  | { readonly type: 'failed'; readonly id: number; readonly message: string; readonly expected: boolean }
