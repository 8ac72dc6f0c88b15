import { KMeans, KNNClassifier, KNNRegressor, NearestNeighbors } from 'nigh'
import type { Column, Encoder, Model } from 'nigh'
import { readOptionsOf } from '../options.ts'
import type { ReadFlags } from '../options.ts'
import { inBytes } from '../read/limits.ts'
import { openSource, readBytes } from '../read/source.ts'
import { inputLines } from '../run.ts'
import type { Run } from '../run.ts'
import { grid } from '../show/grid.ts'
import { aligned, brief, percent, plural, whole } from '../show/numbers.ts'
import { profileCentres } from '../show/profile.ts'
import { show, visible } from '../show/text.ts'
import { dateText } from '../write/cells.ts'
import { centroidRows, timeLine } from './kmeans.ts'
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
  const input = await run.read(name, readOptionsOf(flags))
  const summaries = await run.time('summarize', 'summarizing', () => input.table.columns.map(summaryOf))
  run.answer({
    command: 'inspect',
    file: name,
    kind: 'data',
    format: input.format,
    bytes: input.size,
    rows: input.table.rows,
    columns: summaries.map(({ cells: _, ...rest }) => rest),
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
          one.cells,
        ]),
      run.width,
      run.paint,
    ),
  )
  if (summaries.length > most) run.say(`  … and ${summaries.length - most} more columns`)
  run.say('', run.paint.dim(timeLine(run)))
}

interface Summary {
  readonly name: string
  readonly type: Column['type']
  readonly missing: number
  readonly distinct: number
  readonly min?: number | string
  readonly max?: number | string
  readonly mean?: number
  readonly deviation?: number
  readonly median?: number
  readonly top?: readonly { readonly value: string; readonly rows: number }[]
  /** The cells in a few words. */
  readonly cells: string
}

function summaryOf(column: Column): Summary {
  const { name, type } = column
  if (column.type === 'text') {
    const counts = new Float64Array(column.categories.length)
    let missing = 0
    for (const code of column.values) {
      if (code < 0) missing++
      else counts[code]++
    }
    const order = Array.from(counts.keys()).sort((a, b) => counts[b] - counts[a] || a - b)
    const top = order.slice(0, 5).map((code) => ({ value: column.categories[code], rows: counts[code] }))
    const more = order.length > 3 ? ', …' : ''
    const cells =
      top
        .slice(0, 3)
        .map(({ value, rows }) => `${visible(value.slice(0, 40))} ${whole(rows)}`)
        .join(', ') + more
    return { name, type, missing, distinct: counts.length, top, cells }
  }
  if (column.type === 'boolean') {
    const counts = [0, 0]
    let missing = 0
    for (const value of column.values) {
      if (value === 255) missing++
      else counts[value]++
    }
    return {
      name,
      type,
      missing,
      distinct: counts.filter((count) => count > 0).length,
      top: [
        { value: 'true', rows: counts[1] },
        { value: 'false', rows: counts[0] },
      ],
      cells: `true ${whole(counts[1])}, false ${whole(counts[0])}`,
    }
  }
  const sorted = Float64Array.from(column.values)
    .filter((value) => !Number.isNaN(value))
    .sort()
  const missing = column.values.length - sorted.length
  if (sorted.length === 0) return { name, type, missing, distinct: 0, cells: 'all empty' }
  let distinct = 1
  let sum = 0
  for (let i = 0; i < sorted.length; i++) {
    if (i > 0 && sorted[i] !== sorted[i - 1]) distinct++
    sum += sorted[i]
  }
  const mean = sum / sorted.length
  let squares = 0
  for (const value of sorted) squares += (value - mean) * (value - mean)
  const deviation = Math.sqrt(squares / sorted.length)
  const half = sorted.length / 2
  const median = sorted.length % 2 === 1 ? sorted[Math.floor(half)] : (sorted[half - 1] + sorted[half]) / 2
  const min = sorted[0]
  const max = sorted[sorted.length - 1]
  if (column.type === 'date') {
    const [first, last] = aligned([min, max], 'date')
    return {
      name,
      type,
      missing,
      distinct,
      min: dateText(min, false),
      max: dateText(max, false),
      cells: `${first} to ${last}`,
    }
  }
  return {
    name,
    type,
    missing,
    distinct,
    min,
    max,
    mean,
    deviation,
    median,
    cells: `${brief(min)} to ${brief(max)}, mean ${brief(mean)} ± ${brief(deviation)}, median ${brief(median)}`,
  }
}

async function inspectModel(name: string, size: number, run: Run): Promise<void> {
  const model = await run.time('load', 'loading the model', () => loadModel(name))
  const encoder = 'encoder' in model ? model.encoder : undefined
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
      encoder.uses.slice(0, 50).map(({ name, how }) => [name, how.replace('standard deviation', 'sd')]),
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
  return { model: model.constructor.name }
}

function listed(values: readonly unknown[]): string {
  const most = 20
  const text = values
    .slice(0, most)
    .map((value) => (typeof value === 'number' ? whole(value) : show(String(value))))
  return text.join(', ') + (values.length > most ? ` and ${plural(values.length - most, 'other')}` : '')
}
