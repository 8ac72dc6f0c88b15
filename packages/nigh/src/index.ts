export { InputError } from './check.ts'
export type { InputErrorCode } from './check.ts'
export { Matrix } from './data/matrix.ts'
export type { MatrixLike, Reals } from './data/matrix.ts'
export { cellOf, isMissing, Table } from './data/table.ts'
export type { BooleanColumn, Cell, Column, DateColumn, NumberColumn, TextColumn } from './data/table.ts'
export { Encoder } from './data/encoder.ts'
export type { Encoded, EncodeOptions, EncoderOptions, EncoderSettings } from './data/encoder.ts'
export type { Scale } from './data/encoder-columns.ts'
export type { EncoderJSON } from './data/encoder-json.ts'
export type { ColumnUse } from './data/encoder-notes.ts'
export { KMeans } from './kmeans/kmeans.ts'
export type { PointChunk, PointChunks } from './kmeans/chunks.ts'
export type { KMeansParts, KMeansStep, PredictOptions, Warning } from './kmeans/kmeans.ts'
export type { InitFunction, KMeansOptions, LaterOptions } from './kmeans/options.ts'
export type { FitWork } from './engine/fit-record.ts'
export type { Progress as KMeansProgress } from './workers/message.ts'
export { load } from './files/load.ts'
export type { Model } from './files/load.ts'
export type { PointsLike, PointsOptions } from './data/points.ts'
export type { IndexOptions } from './indexes/choose.ts'
export type { Neighbors, NeighborsWithin } from './indexes/neighbors.ts'
export type { Algorithm } from './indexes/spatial-index.ts'
export type { SearchProgress, RunOptions } from './indexes/steps.ts'
export { KNNClassifier } from './knn/classifier.ts'
export type { KNNClassifierOptions, TieRule } from './knn/classifier.ts'
export type { ClassFactorOptions } from './knn/class-factors.ts'
export type { KernelName } from './knn/kernel-weights.ts'
export type { ExplainOptions, NearColumn } from './knn/near-columns.ts'
export type { Explanation, Voter } from './knn/voters.ts'
export type { ClassLabel } from './knn/classes.ts'
export type { RowFilter } from './knn/live-rows.ts'
export { NearestNeighbors } from './knn/nearest-neighbors.ts'
export type { NearestNeighborsOptions } from './knn/nearest-neighbors.ts'
export { KNNRegressor } from './knn/regressor.ts'
export type { KNNRegressorOptions, QuantileOptions } from './knn/regressor.ts'
export type { NumberList } from './knn/number-targets.ts'
export type { FilterOptions, NearestOptions, SearchOptions, WithinOptions } from './knn/search-steps.ts'
export type { NeighborModelOptions } from './knn/neighbor-model.ts'
export type { WeightFunction, Weights } from './knn/vote-weights.ts'
export type { DistanceFunction, MetricName } from './metrics/metric.ts'
export type { MetricOptions } from './metrics/resolve.ts'
export { summaryOf } from './data/summary.ts'
export type { ColumnSummary, NumberSummary, ValueCount } from './data/summary.ts'
export { chooseK, chooseKSync } from './choose/choose-k.ts'
export type { ChooseKOptions, ChooseKRow, ChosenK } from './choose/choose-k.ts'
export type { Criterion, Verdict } from './choose/verdict.ts'
export {
  adjustedMutualInformation,
  adjustedRand,
  fowlkesMallows,
  mutualInformation,
  normalizedMutualInformation,
  rand,
  vMeasure,
} from './evaluate/agreement.ts'
export type { EntropyAverage, MutualInformationOptions, VMeasure } from './evaluate/agreement.ts'
export {
  accuracy,
  balancedAccuracy,
  cohenKappa,
  confusion,
  matthews,
  precisionRecallF1,
} from './evaluate/classification.ts'
export type {
  ClassPrf,
  Confusion,
  ConfusionOptions,
  PrecisionRecallF1,
  PrecisionRecallOptions,
  Prf,
  ScoreOptions,
} from './evaluate/classification.ts'
export { calinskiHarabasz, daviesBouldin } from './evaluate/dispersion.ts'
export type { Label, Labels } from './evaluate/labels.ts'
export { principalComponents, project } from './evaluate/principal.ts'
export type { PrincipalComponents } from './evaluate/principal.ts'
export { averagePrecision, logLoss, rocAuc } from './evaluate/ranking.ts'
export type { LogLossOptions, RankingOptions, RocAucOptions } from './evaluate/ranking.ts'
export { mae, r2, regressionScores, rmse } from './evaluate/regression.ts'
export type { RegressionOptions, RegressionScores, TargetScores } from './evaluate/regression.ts'
export { silhouette, silhouetteSync } from './evaluate/silhouette.ts'
export type { Silhouette, SilhouetteOptions } from './evaluate/silhouette.ts'
export { groupKFold, kFold, leaveOneOut, stratifiedKFold, trainTestSplit } from './evaluate/split.ts'
export type { FoldOptions, HoldoutOptions, Split } from './evaluate/split.ts'
export type { Numbers } from './evaluate/sum.ts'
export { RadiusClassifier } from './knn/radius-classifier.ts'
export type { RadiusClassifierOptions } from './knn/radius-classifier.ts'
export type { RadiusModelOptions } from './knn/radius-model.ts'
export { RadiusRegressor } from './knn/radius-regressor.ts'
export type { RadiusRegressorOptions } from './knn/radius-regressor.ts'
export { KNNImputer, nanEuclideanDistances } from './knn/imputer.ts'
export type { KNNImputerOptions, RowsWithHoles } from './knn/imputer.ts'
export { NearestCentroid } from './knn/nearest-centroid.ts'
export type { NearestCentroidOptions } from './knn/nearest-centroid.ts'
export { CentroidDistance } from './anomaly/centroid-distance.ts'
export type { CentroidDistanceOptions } from './anomaly/centroid-distance.ts'
export { LocalOutlierFactor } from './anomaly/local-outlier-factor.ts'
export type { LocalOutlierFactorOptions } from './anomaly/local-outlier-factor.ts'
export { NeighborDistance } from './anomaly/neighbor-distance.ts'
export type { NeighborDistanceOptions } from './anomaly/neighbor-distance.ts'
export type { FittedAnomalies, ThresholdOptions } from './anomaly/threshold.ts'
export { profileClusters } from './profile/clusters.ts'
export type { ClusterProfile, ClusterProfiles, Contrast, ProfileOptions } from './profile/clusters.ts'
export type { ProfileWarning } from './profile/warnings.ts'
export type { GraphOptions, NeighborGraph } from './knn/neighbor-graph.ts'
export { chooseNeighbors, chooseNeighborsSync } from './choose/choose-neighbors.ts'
export type { ChooseNeighborsOptions, ChosenNeighbors, NeighborsScore } from './choose/choose-neighbors.ts'
export { validateClassifier, validateRegressor } from './select/cross-validation.ts'
export type {
  ClassifierValidation,
  FoldScores,
  RegressorValidation,
  ValidateClassifierOptions,
  ValidateRegressorOptions,
} from './select/cross-validation.ts'
export type { FoldChoice } from './select/rows.ts'
export { gridSearch, randomSearch } from './select/search.ts'
export type {
  Combination,
  RandomSearchOptions,
  Scorer,
  SearchResult,
  SearchRunOptions,
  SearchSpace,
  Trial,
} from './select/search.ts'
export { BisectingKMeans } from './family/bisecting-kmeans.ts'
export type { BisectingKMeansOptions } from './family/bisecting-kmeans.ts'
export type { ClusterOptions, Pacing } from './family/fit-options.ts'
export { SphericalKMeans } from './family/spherical-kmeans.ts'
export { KMedians } from './family/kmedians.ts'
export { MiniBatchKMeans } from './family/minibatch-kmeans.ts'
export type { MiniBatchKMeansOptions, PartialFitOptions } from './family/minibatch-kmeans.ts'
export { KMedoids } from './family/kmedoids.ts'
export type { KMedoidsOptions } from './family/kmedoids.ts'
export { KMeans1D } from './family/kmeans-1d.ts'
export type { KMeans1DOptions, LinePoints } from './family/kmeans-1d.ts'
export { BoundedKMeans } from './family/bounded-kmeans.ts'
export type { BoundedKMeansOptions } from './family/bounded-kmeans.ts'
export { GeoKMeans } from './family/geo-kmeans.ts'
export type { GeoKMeansOptions } from './family/geo-kmeans.ts'
export { KPrototypes } from './family/kprototypes.ts'
export type { KPrototypesOptions } from './family/kprototypes.ts'
