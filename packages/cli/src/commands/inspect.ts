import {
  CentroidDistance,
  KMeans,
  KNNClassifier,
  KNNRegressor,
  LocalOutlierFactor,
  NearestNeighbors,
  NeighborDistance,
  summaryOf,
} from 'nigh'
import type { ColumnSummary, Encoder, Model } from 'nigh'
import { readOptionsOf } from '../options.ts'
import type { ReadFlags } from '../options.ts'
import { inBytes } from '../read/limits.ts'
import { openSource, readBytes } from '../read/source.ts'
import { howUsed, inputLines, timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { grid } from '../show/grid.ts'
import { aligned, brief, percent, plural, whole } from '../show/numbers.ts'
import { profileCentres } from '../show/profile.ts'
import { show, visible } from '../show/text.ts'
import { dateText } from '../write/cells.ts'
import { encoderOf, isAnswering } from './answers.ts'
import { centroidRows } from './kmeans-fit.ts'
import { isFamily } from './family-answers.ts'
import { isModelStart, loadModel } from './predict.ts'

export interface InspectFlags extends ReadFlags {
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
}

/** `nigh inspect FILE` */
export async function inspect(name: string, flags: InspectFlags, run: Run): Promise<void> {
  if (name !== '-') {
    const source = openSource(name)
    const isModel = isModelStart(readBytes(source, 0, 64)) || name.toLowerCase().endsWith('.nigh')
    source.close()
    if (isModel) return inspectModel(name, source.size, run)
  }
  const input = await run.read(name, { ...readOptionsOf(flags), dispensable: 'all' })
  const summaries = await run.time('summarize', 'summarizing', () => summaryOf(input.table))
  run.answer({
    command: 'inspect',
    file: name,
    kind: 'data',
    format: input.format,
    bytes: input.size,
    rows: input.table.rows,
    columns: summaries.map(factsOfColumn),
    warnings: input.warnings.map(({ code, message }) => ({ code, message })),
    seconds: run.seconds,
    timings: run.timings,
  })
  if (run.json || run.quiet) return
  run.say(...inputLines(input), '')
  const most = 200
  run.say(
    ...grid(
      [
        { title: 'column', align: 'left' },
        { title: 'type', align: 'left' },
        { title: 'missing', align: 'right' },
        { title: 'different', align: 'right' },
        { title: 'cells', align: 'left' },
      ],
      summaries
        .slice(0, most)
        .map((one) => [
          one.name,
          one.type,
          one.missing === 0 ? '·' : `${whole(one.missing)} (${percent(one.missing / input.table.rows)})`,
          whole(one.distinct),
          inWords(one),
        ]),
      run.width,
      run.paint,
    ),
  )
  if (summaries.length > most) run.say(`  … and ${summaries.length - most} more columns`)
  run.say('', run.paint.dim(timeLine(run)))
}

/** A column's facts for a program: dates as ISO text. */
function factsOfColumn({
  name,
  type,
  count,
  missing,
  distinct,
  frequent,
  spread,
}: ColumnSummary): Record<string, unknown> {
  const value = (number: number): number | string => (type === 'date' ? dateText(number, false) : number)
  return {
    name,
    type,
    count,
    missing,
    distinct,
    ...(frequent.length === 0 ? {} : { frequent }),
    ...(spread === null
      ? {}
      : {
          min: value(spread.min),
          lowerQuartile: value(spread.lowerQuartile),
          median: value(spread.median),
          upperQuartile: value(spread.upperQuartile),
          max: value(spread.max),
          mean: value(spread.mean),
          ...(type === 'date' ? {} : { deviation: spread.deviation }),
        }),
  }
}

/** A column's cells in a few words. */
function inWords({ type, count, distinct, frequent, spread }: ColumnSummary): string {
  if (count === 0) return 'all empty'
  if (spread !== null) {
    const { min, max, mean, deviation, median, lowerQuartile, upperQuartile } = spread
    if (type === 'date') return aligned([min, max], 'date').join(' to ')
    // Years: nobody writes 1,987.
    const wholes = [min, lowerQuartile, median, upperQuartile, max].every((value) =>
      Number.isInteger(value * 4),
    )
    if (wholes && Number.isInteger(min) && Number.isInteger(max) && min >= 1000 && max <= 2999) {
      return `${min} to ${max}, mean ${mean.toFixed(1)} ± ${brief(deviation)}, median ${median}`
    }
    return `${brief(min)} to ${brief(max)}, mean ${brief(mean)} ± ${brief(deviation)}, median ${brief(median)}`
  }
  if (frequent.length === 0) return 'all different'
  const listed = frequent
    .slice(0, 3)
    .map((one) => `${visible(String(one.value).slice(0, 40))} ${whole(one.count)}`)
  return listed.join(', ') + (distinct > 3 ? ', …' : '')
}

async function inspectModel(name: string, size: number, run: Run): Promise<void> {
  const model = await run.time('load', 'loading the model', () => loadModel(name))
  const encoder =
    isAnswering(model) || isFamily(model) ? encoderOf(model) : 'encoder' in model ? model.encoder : undefined
  const facts = factsOf(model)
  const encoding =
    encoder === undefined
      ? {}
      : {
          columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
          features: encoder.features,
          scale: encoder.settings.scale,
          missing: encoder.settings.missing,
        }
  const centroids =
    model instanceof KMeans && encoder !== undefined
      ? { centroids: centroidRows(encoder, model.centroids) }
      : {}
  run.answer({
    command: 'inspect',
    file: name,
    kind: 'model',
    bytes: size,
    ...facts,
    ...encoding,
    ...centroids,
    seconds: run.seconds,
  })
  if (run.json || run.quiet) return
  run.say(`${visible(name)}: a nigh model (${inBytes(size)})`, '')
  const values = Object.entries(facts).map(([fact, value]) => [
    fact,
    Array.isArray(value) ? listed(value) : String(value),
  ])
  run.say(
    ...grid(
      [
        { title: '', align: 'left' },
        { title: '', align: 'left' },
      ],
      values,
      run.width,
      run.paint,
    ),
    '',
  )
  if (encoder !== undefined) sayEncoder(encoder, run)
  if (model instanceof KMeans && encoder !== undefined) {
    run.say(...profileCentres(encoder, model.centroids, run.width, run.paint), '')
  }
}

function sayEncoder(encoder: Encoder, run: Run): void {
  run.say(
    run.paint.bold('Columns it was fitted on'),
    ...grid(
      [
        { title: '', align: 'left' },
        { title: '', align: 'left' },
      ],
      encoder.uses
        .slice(0, 50)
        .map(({ name, how }) => [name, howUsed(how, encoder).replace('standard deviation', 'sd')]),
      run.width,
      run.paint,
    ),
    '',
  )
}

function factsOf(model: Model): Record<string, string | number | boolean | readonly unknown[]> {
  if (model instanceof KMeans) {
    return {
      model: 'kmeans',
      k: model.k,
      features: model.centroids.columns,
      inertia: model.inertia,
      iterations: model.iterations,
      converged: model.converged,
      counts: [...model.counts],
    }
  }
  if (model instanceof KNNClassifier) {
    return {
      model: 'knn-classifier',
      k: model.k,
      rows: model.points.rows,
      classes: model.classes.map(String),
    }
  }
  if (model instanceof KNNRegressor) return { model: 'knn-regressor', k: model.k, rows: model.points.rows }
  if (model instanceof NearestNeighbors) {
    return { model: 'nearest-neighbors', rows: model.points.rows, algorithm: model.algorithm }
  }
  if (isFamily(model)) {
    return {
      model: model.constructor.name,
      k: model.k,
      features: model.centroids.columns,
      inertia: model.inertia,
      counts: [...model.counts],
    }
  }
  if (
    model instanceof CentroidDistance ||
    model instanceof NeighborDistance ||
    model instanceof LocalOutlierFactor
  ) {
    return {
      model: model.constructor.name,
      k: model instanceof CentroidDistance ? model.clusters.k : model.k,
      rows: model.scores.length,
      threshold: model.threshold,
      outliers: model.outliers.reduce((sum, one) => sum + one, 0),
    }
  }
  return { model: model.constructor.name }
}

function listed(values: readonly unknown[]): string {
  const most = 20
  const text = values
    .slice(0, most)
    .map((value) => (typeof value === 'number' ? whole(value) : show(String(value))))
  return text.join(', ') + (values.length > most ? ` and ${plural(values.length - most, 'other')}` : '')
}
