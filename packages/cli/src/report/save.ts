import { InputError } from 'nigh'
import type { Run } from '../run.ts'
import { show } from '../show/text.ts'
import { checkPlace, replaceFile } from '../write/replace.ts'
import type { Figure, Report } from './figure.ts'
import { inLight } from './palette.ts'
import { pageOf } from './page.ts'

/** Options of commands that draw. */
export interface ReportFlags {
  readonly report?: string | undefined
  readonly plot?: string | undefined
  readonly plotOf?: string | undefined
}

/** Whether anything is to be drawn; its places are checked before anything is read. */
export function wantsReport({ report, plot, plotOf }: ReportFlags): boolean {
  if (report !== undefined) {
    checkPlace(report)
    if (!/\.html?$/i.test(report)) {
      throw new InputError('E_FILE', 'report', `--report ${show(report)}: the name must end in .html`)
    }
  }
  if (plot !== undefined) {
    checkPlace(plot)
    if (!/\.(svg|png)$/i.test(plot)) {
      throw new InputError('E_FILE', 'plot', `--plot ${show(plot)}: the name must end in .svg or .png`)
    }
  } else if (plotOf !== undefined) {
    throw new InputError('E_PARAM', 'plot-of', '--plot-of names the chart of --plot FILE, which is not set')
  }
  return report !== undefined || plot !== undefined
}

/** Writes the page and the single chart that were asked for. */
export async function saveReport(
  { report, figures }: { readonly report: Report; readonly figures: readonly Figure[] },
  flags: ReportFlags,
  run: Run,
): Promise<void> {
  if (flags.report !== undefined) {
    const page = Buffer.from(pageOf(report))
    await replaceFile(flags.report, (draft) => draft.write(page))
  }
  if (flags.plot === undefined) return
  const [usual] = figures
  const figure = flags.plotOf === undefined ? usual : figures.find(({ name }) => name === flags.plotOf)
  if (figure === undefined) {
    throw new InputError(
      'E_PARAM',
      'plot-of',
      `--plot-of must be one of ${figures.map(({ name }) => name).join(', ')} here, got ${show(flags.plotOf ?? '')}`,
    )
  }
  const svg = inLight(figure.svg)
  run.signal.throwIfAborted()
  const bytes = /\.png$/i.test(flags.plot) ? await pngOf(svg) : Buffer.from(svg)
  await replaceFile(flags.plot, (draft) => draft.write(bytes))
}

async function pngOf(svg: string): Promise<Uint8Array> {
  const { Resvg } = await import('@resvg/resvg-js')
  return new Resvg(svg, {
    fitTo: { mode: 'zoom', value: 2 },
    background: 'white',
    font: { loadSystemFonts: true },
  })
    .render()
    .asPng()
}

/** Says where the drawings are. */
export function sayFiles({ report, plot }: ReportFlags, run: Run): void {
  if (report !== undefined) run.say(`Report: ${report}`)
  if (plot !== undefined) run.say(`Chart: ${plot}`)
}
