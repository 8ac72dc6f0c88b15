import { Matrix } from 'nigh'
import type { MessageInitShape } from '@bufbuild/protobuf'
import { SparkError } from './errors.ts'
import type { Expression_Literal, Expression_LiteralSchema } from './gen/spark/connect/expressions_pb.ts'
import { MlOperator_OperatorType } from './gen/spark/connect/ml_common_pb.ts'
import type { MlCommandResult, MlCommandSchema } from './gen/spark/connect/ml_pb.ts'
import type { Relation } from './plan.ts'
import type { Session, Watch } from './session.ts'

type LiteralInit = NonNullable<MessageInitShape<typeof Expression_LiteralSchema>['literalType']>
type CommandInit = NonNullable<MessageInitShape<typeof MlCommandSchema>['command']>

/** What spark.ml's KMeans is asked. */
export interface MLlibOptions {
  readonly k: number
  readonly seed: number
  readonly maxIterations: number
  readonly tolerance: number
  readonly init: 'k-means||' | 'random'
  readonly weighted: boolean
}

/** What spark.ml's KMeans found. */
export interface MLlibFit {
  readonly centroids: Matrix
  /** Its own numbers: by float products, not by differences. */
  readonly trainingCost: number
  readonly iterations: number
}

/**
 * Fits by Spark's own `org.apache.spark.ml.clustering.KMeans`: k-means‖ (Bahmani et al. 2012), then Lloyd's iterations.
 * Its answer depends on how the rows lie in partitions.
 *
 * @param dataset rows with a vector `features` and, where weighted, a double `weight`
 */
export async function fitMLlib(
  session: Session,
  dataset: Relation,
  options: MLlibOptions,
  watch: Watch,
): Promise<MLlibFit> {
  const params: Record<string, { literalType: LiteralInit }> = {
    k: { literalType: { case: 'integer', value: options.k } },
    seed: { literalType: { case: 'long', value: BigInt(options.seed) } },
    maxIter: { literalType: { case: 'integer', value: options.maxIterations } },
    tol: { literalType: { case: 'double', value: options.tolerance } },
    initMode: { literalType: { case: 'string', value: options.init } },
    featuresCol: { literalType: { case: 'string', value: 'features' } },
  }
  if (options.weighted) params.weightCol = { literalType: { case: 'string', value: 'weight' } }
  const fitted = await command(session, watch, {
    case: 'fit',
    value: {
      estimator: {
        name: 'org.apache.spark.ml.clustering.KMeans',
        uid: 'nigh_kmeans',
        type: MlOperator_OperatorType.ESTIMATOR,
      },
      params: { params },
      dataset,
    },
  })
  const type = fitted.resultType.case === 'operatorInfo' ? fitted.resultType.value.type : undefined
  if (type?.case !== 'objRef') throw new SparkError('Spark.kmeans: spark.ml gave no model')
  const objRef = type.value
  try {
    const fetch = async (...methods: string[]): Promise<Expression_Literal['literalType']> => {
      const found = await command(session, watch, {
        case: 'fetch',
        value: { objRef, methods: methods.map((method) => ({ method })) },
      })
      return found.resultType.case === 'param' ? found.resultType.value.literalType : { case: undefined }
    }
    const centroids = matrixOf(await fetch('clusterCenterMatrix'))
    const cost = await fetch('summary', 'trainingCost')
    const iterations = await fetch('summary', 'numIter')
    if (cost.case !== 'double' || iterations.case !== 'integer') {
      throw new SparkError('Spark.kmeans: spark.ml gave no summary')
    }
    return { centroids, trainingCost: cost.value, iterations: iterations.value }
  } finally {
    await command(session, {}, { case: 'delete', value: { objRefs: [objRef] } }).catch(() => {})
  }
}

async function command(session: Session, watch: Watch, asked: CommandInit): Promise<MlCommandResult> {
  let result: MlCommandResult | undefined
  const messages = session.execute(
    'Spark.kmeans',
    { case: 'command', value: { commandType: { case: 'mlCommand', value: { command: asked } } } },
    watch,
  )
  for await (const { responseType } of messages) {
    if (responseType.case === 'mlCommandResult') result = responseType.value
  }
  if (result === undefined) {
    if (asked.case === 'delete') {
      throw new SparkError('Spark.kmeans: the model was gone')
    }
    throw new SparkError('Spark.kmeans: spark.ml gave no answer')
  }
  return result
}

/** A dense matrix as spark.ml sends it: type, rows, columns, …, values, whether they stand row after row. */
function matrixOf(literal: Expression_Literal['literalType']): Matrix {
  const fields = literal.case === 'struct' ? literal.value.elements : []
  const whole: number[] = []
  let values: number[] = []
  let transposed = false
  for (const { literalType } of fields) {
    if (literalType.case === 'integer') whole.push(literalType.value)
    else if (literalType.case === 'boolean') transposed = literalType.value
    else if (literalType.case === 'specializedArray' && literalType.value.valueType.case === 'doubles') {
      values = literalType.value.valueType.value.values
    } else if (literalType.case === 'array') {
      for (const element of literalType.value.elements) {
        if (element.literalType.case === 'double') values.push(element.literalType.value)
      }
    }
  }
  const [rows = 0, columns = 0] = whole
  if (rows === 0 || values.length !== rows * columns) {
    throw new SparkError('Spark.kmeans: spark.ml gave centres of an unknown shape')
  }
  const numbers = new Float64Array(values.length)
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      numbers[i * columns + j] = transposed ? values[i * columns + j] : values[j * rows + i]
    }
  }
  return Matrix.of(numbers, columns)
}
