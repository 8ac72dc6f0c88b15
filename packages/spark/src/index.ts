export { SparkError } from './errors.ts'
export { Frame, type FrameColumn } from './frame.ts'
export type { Cell, Row, UploadColumn } from './arrow.ts'
export type { SparkKMeansOptions, SparkKMeansProgress } from './kmeans.ts'
export {
  SparkIndex,
  type SparkIndexOptions,
  type SparkNeighbors,
  type SparkNeighborsWithin,
} from './neighbors.ts'
export type { Argument } from './plan.ts'
export type { SparkAnswerNames } from './predict.ts'
export type { SparkProgress, TlsOptions, Watch } from './session.ts'
export type { SparkAnomalies, SparkAnomalyOptions, SparkClusterProfile } from './describe.ts'
export type { SparkEncoderOptions } from './encode.ts'
export type { SparkAnswers, SparkEvaluateOptions, SparkEvaluation, SparkLearnOptions } from './learn.ts'
export type { ConnectOptions } from './connect-options.ts'
export { Spark, type SparkChooseKOptions, type SparkChosenK, connect } from './spark.ts'
