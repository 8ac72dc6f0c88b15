import { InputError, KMeans } from 'nigh'
import type { Matrix } from 'nigh'
import type { Input } from '../read/read.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { recommendation } from '../show/choice.ts'
import { brailleScatter } from '../show/braille.ts'
import { percent } from '../show/numbers.ts'
import { profileLines, profileOf } from '../show/profile.ts'
import type { Profile } from '../show/profile.ts'
import { columnOf, mainPlane } from '../show/plane.ts'
import { saveReport, sayFiles, wantsReport } from '../report/save.ts'
import { replaceFile } from '../write/replace.ts'
import { choiceJSON, choose } from './choose-k.ts'
import { fitLine, kmeansAnswer, kmeansOptions } from './kmeans-fit.ts'
import type { KMeansFlags } from './kmeans-fit.ts'
import { kmeansStreamed, tooLarge } from './kmeans-streamed.ts'
import type { Prepared } from './shared.ts'
import {
  distancesTo,
  places,
  prepare,
  readingOf,
  toAllRows,
  WEIGHT,
  weightsOf,
  withAnswers,
} from './shared.ts'

/** `nigh kmeans DATA --k N` */
export async function kmeans(name: string, flags: KMeansFlags, run: Run): Promise<void> {
  const out = places(flags)
  const drawn = wantsReport(flags)
  const aside = flags.weightsColumn === undefined ? [] : [flags.weightsColumn]
  if (flags.stream === true) return kmeansStreamed(name, { ...flags, method: 'kmeans' }, run, undefined)
  let input: Input
  let prepared: Prepared & { readonly weights: Float64Array | undefined }
  try {
    input = await run.read(name, readingOf(flags, aside, out !== undefined || drawn))
    const read = input
    const weights = weightsOf(read, flags.weightsColumn)
    prepared = await run.time('encode', 'encoding', () => ({
      ...prepare(read, flags, aside, weights),
      weights,
    }))
  } catch (error) {
    const why = tooLarge(error)
    if (why === undefined || name === '-') throw error
    return kmeansStreamed(name, { ...flags, method: 'kmeans' }, run, why)
  }
  const { encoder, matrix, rows, weights } = prepared
  if (flags.k !== 'auto' && flags.k > matrix.rows) {
    throw new InputError('E_K', 'k', `--k must be at most ${matrix.rows}, the number of rows, got ${flags.k}`)
  }
  run.notes(encoder)
  const kept =
    weights === undefined || rows === null ? weights : Float64Array.from(rows, (row) => weights[row])
  // Nobody needs the cells any more: a table is as large as its matrix.
  if (out === undefined && flags.model === undefined && !drawn)
    input = { ...input, table: input.table.take([]) }
  const chosen = flags.k === 'auto' ? await choose(matrix, flags, run) : undefined
  const k = flags.k === 'auto' ? (chosen?.k ?? 1) : flags.k
  const timing = { seed: 0, begun: performance.now() }
  const options = kmeansOptions(flags, k, run, timing)
  // The table itself only where the model is saved: its numbers would be made a second time.
  const { table } = input
  const model = await run.time('fit', 'clustering', () =>
    flags.model === undefined
      ? KMeans.fit(matrix, { ...options, ...(kept === undefined ? {} : { sampleWeight: kept }) })
      : KMeans.fit(table, {
          ...options,
          encoder,
          ...(weights === undefined ? {} : { sampleWeight: weights }),
        }),
  )
  run.warnings(model.warnings)
  if (flags.model !== undefined) {
    await run.time('write', 'writing', () =>
      replaceFile(flags.model ?? '', (draft) => draft.write(model.toBytes())),
    )
  }
  if (out !== undefined) {
    await run.time('write', 'writing', () => {
      const distances = distancesTo(matrix, model.centroids, model.labels)
      const answers = [
        { name: 'cluster', type: 'number', values: toAllRows(model.labels, rows, input.table.rows) },
        { name: 'distance', type: 'number', values: toAllRows(distances, rows, input.table.rows) },
      ] as const
      return run.write(withAnswers(input.table, answers, run), out, flags.formulas)
    })
  }
  const extra: ReadonlyMap<string, string> =
    flags.weightsColumn === undefined ? new Map() : new Map([[flags.weightsColumn, WEIGHT]])
  const profile = (): Profile => profileOf([matrix], kept, model.centroids, model.counts, encoder)
  if (drawn) {
    await run.time('report', 'drawing', async () => {
      const { clusterReport } = await import('../report/clusters.ts')
      const clustering = {
        input,
        table: rows === null ? input.table : input.table.take(rows),
        fileRows: rows,
        matrix,
        labels: model.labels,
        distances: distancesTo(matrix, model.centroids, model.labels),
        encoder,
        rows: matrix.rows,
        method: 'K-Means',
        found: model,
        profile: profile(),
        chosen,
        notes: run.notesSaid,
        extra,
      }
      await saveReport(await clusterReport(clustering, run.invocation, run.signal), flags, run)
    })
  }
  run.answer({
    ...kmeansAnswer(model, encoder, flags, matrix.rows),
    ...(chosen === undefined ? {} : { chosen: choiceJSON(chosen) }),
    warnings: [...input.warnings, ...model.warnings].map(({ code, message }) => ({ code, message })),
    seconds: run.seconds,
    timings: { ...run.timings, seed: Math.round(timing.seed * 1000) / 1000 },
  })
  if (run.json || run.quiet) return
  run.sayInput(input, encoder, extra)
  if (chosen !== undefined) run.say(...recommendation(chosen, run.width, run.paint), '')
  run.say(fitLine(model, flags, run), '', ...profileLines(profile(), run.width, run.paint), '')
  if (flags.chart ?? (run.terminal && run.width >= 100)) sayScatter(matrix, model.labels, run)
  sayFiles(flags, run)
  if (flags.out !== undefined && flags.out !== '-') run.say(`Rows with cluster and distance: ${flags.out}`)
  if (flags.model !== undefined) run.say(`Model: ${flags.model} (use: nigh predict ${flags.model} DATA)`)
  run.say(run.paint.dim(timeLine(run)))
}

/** The rows in their principal components, in the terminal. */
export function sayScatter(matrix: Matrix, labels: Uint32Array, run: Run): void {
  const plane = mainPlane(matrix)
  if (plane === null || plane.flat.columns < 2) return
  const width = Math.min(run.width - 4, 96)
  const [first, second] = plane.principal.shares
  const lines = brailleScatter(columnOf(plane.flat, 0), columnOf(plane.flat, 1), labels, {
    width,
    height: Math.max(10, Math.round(width / 5)),
    colored: run.colored,
  })
  run.say(
    `${run.paint.bold('Rows')} ${run.paint.dim(`(principal components 1 across, ${percent(first)} of the variance, and 2 up, ${percent(second)}; numbers mark the clusters)`)}`,
    ...lines.map((line) => `  ${line}`),
    '',
  )
}
