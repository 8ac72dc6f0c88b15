// What Chromium's trace says about the page's own thread.

import type { Browser, Page } from 'playwright-core'

interface TraceEvent {
  readonly ph: string
  readonly name: string
  readonly pid: number
  readonly tid: number
  readonly dur?: number
  readonly tdur?: number
  readonly args: { readonly name?: string; readonly data?: { readonly url?: string } }
}

/** The longest task, in milliseconds. */
export interface Longest {
  /** By its processor time: what else the machine does meanwhile does not count. */
  readonly busy: number
  /** By the clock: on a machine with other work, mostly waiting. */
  readonly elapsed: number
}

/** The longest tasks of the page's own thread while `act` ran. */
export async function traced(browser: Browser, page: Page, act: () => Promise<void>): Promise<Longest> {
  await browser.startTracing(page, { categories: ['toplevel', 'devtools.timeline'], screenshots: false })
  let trace: Buffer
  try {
    await act()
  } finally {
    trace = await browser.stopTracing()
  }
  const { traceEvents } = JSON.parse(trace.toString()) as { traceEvents: readonly TraceEvent[] }
  const thread = ({ pid, tid }: TraceEvent): string => `${pid}:${tid}`
  const main = new Set(
    traceEvents
      .filter(({ name, args }) => name === 'thread_name' && args.name === 'CrRendererMain')
      .map(thread),
  )
  // The browser's own pages have such threads, too: this one is that on which scripts of the site ran.
  const { origin } = new URL(page.url())
  const own = new Set(
    traceEvents
      .filter((event) => event.args.data?.url?.startsWith(origin) && main.has(thread(event)))
      .map(thread),
  )
  if (own.size === 0) throw new Error('the trace holds nothing of this page')
  const tasks = traceEvents.filter(
    (event) => event.ph === 'X' && event.name.endsWith('RunTask') && own.has(thread(event)),
  )
  return {
    busy: Math.max(...tasks.map(({ tdur = 0 }) => tdur / 1000)),
    elapsed: Math.max(...tasks.map(({ dur = 0 }) => dur / 1000)),
  }
}

/** The longest task of the page's own thread while `act` ran, in milliseconds of processor time. */
export async function measured(browser: Browser, page: Page, act: () => Promise<void>): Promise<number> {
  return (await traced(browser, page, act)).busy
}
