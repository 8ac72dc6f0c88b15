import { chooseK } from 'nigh'
import type { ChosenK, Matrix } from 'nigh'
import { saveReport, sayFiles, wantsReport } from '../report/save.ts'
import type { ReportFlags } from '../report/save.ts'
import { timeLine } from '../run.ts'
import type { Run } from '../run.ts'
import { choiceLines } from '../show/choice.ts'
import { prepare, readingOf } from './shared.ts'
import type { DataFlags } from './shared.ts'

export interface ChooseKFlags extends DataFlags, ReportFlags {
  readonly from?: number | undefined
  readonly to?: number | undefined
}

/** `nigh choose-k DATA` */
export async function chooseKFor(name: string, flags: ChooseKFlags, run: Run): Promise<void> {
  const drawn = wantsReport(flags)
  const input = await run.read(name, readingOf(flags, [], false))
  const { encoder, matrix } = await run.time('encode', 'encoding', () => prepare(input, flags, []))
  run.notes(encoder)
  const chosen = await choose(matrix, flags, run)
  if (drawn) {
    await run.time('report', 'drawing', async () => {
      const { choiceReport } = await import('../report/clusters.ts')
      const told = { input, encoder, chosen, notes: run.notesSaid }
      await saveReport(await choiceReport(told, run.invocation), flags, run)
    })
  }
  run.answer({
    command: 'choose-k',
    rows: matrix.rows,
    columns: encoder.uses.filter(({ used }) => used).map((use) => use.name),
    features: encoder.features,
    scale: flags.scale,
    seed: flags.seed,
    ...choiceJSON(chosen),
    table: chosen.table,
    warnings: input.warnings.map(({ code, message }) => ({ code, message })),
    seconds: run.seconds,
    timings: run.timings,
  })
  if (run.json || run.quiet) return
  run.sayInput(input, encoder)
  run.say(...choiceLines(chosen, run.width, run.paint), '')
  sayFiles(flags, run)
  run.say(run.paint.dim(timeLine(run)))
}

/** Looks for the number of clusters, with progress. */
export async function choose(
  matrix: Matrix,
  flags: { readonly from?: number | undefined; readonly to?: number | undefined; readonly seed: number },
  run: Run,
): Promise<ChosenK> {
  return run.time('choose', 'comparing numbers of clusters', () =>
    chooseK(matrix, {
      seed: flags.seed,
      signal: run.signal,
      ...(flags.from === undefined ? {} : { from: flags.from }),
      ...(flags.to === undefined ? {} : { to: flags.to }),
      onProgress: ({ done, total }) => run.progress.step(done / total),
    }),
  )
}

/** A choice without its table. */
export function choiceJSON({
  k,
  verdict,
  reasons,
  criteria,
  hopkins,
  rows,
}: ChosenK): Record<string, unknown> {
  return { k, verdict, reasons, criteria, hopkins, sampled: rows }
}
