// What a first visit costs. `npm run studio:figures` prints it.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { dist, host, launch, open, type Host } from './browser.ts'
import { traced } from './trace.ts'

let browser: Browser
let site: Host

beforeAll(async () => {
  browser = await launch()
  site = await host({ isolated: true })
})

afterAll(async () => {
  await browser.close()
  await site.close()
})

interface Start {
  readonly gzipped: number
  readonly files: number
  readonly firstPaint: number
  readonly usable: number
  readonly busy: number
  readonly elapsed: number
  readonly shift: number
}

/** What the page and its workers loaded, packed as a host packs it. Data of samples do not count. */
function loadOf(paths: readonly string[]): { readonly gzipped: number; readonly files: number } {
  const sizes = [...new Set(paths)]
    .map((path) => (path === '/' ? '/index.html' : path))
    .filter((path) => !path.endsWith('.csv') && existsSync(join(dist, path)))
    .map((path) => gzipSync(readFileSync(join(dist, path)), { level: 9 }).length)
  return { gzipped: sizes.reduce((sum, size) => sum + size, 0), files: sizes.length }
}

/** One visit of somebody who was never here. */
async function visit(address: string, usable: string, slower: number): Promise<Start> {
  const { page, context, faults } = await open(browser, 'about:blank', { serviceWorkers: 'block' })
  const session = await context.newCDPSession(page)
  await session.send('Emulation.setCPUThrottlingRate', { rate: slower })
  await page.addInitScript(() => {
    let shift = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) shift += (entry as unknown as { value: number }).value
      document.documentElement.dataset.shift = String(shift)
    }).observe({ type: 'layout-shift', buffered: true })
  })
  let after = 0
  site.asked.length = 0
  const { busy, elapsed } = await traced(browser, page, async () => {
    await page.goto(site.url + address)
    await page.waitForSelector(usable)
    after = await page.evaluate(() => performance.now())
    // Until it has come to rest, too: a lesson's regions are the last thing that a worker makes.
    await page.waitForFunction(
      () =>
        document.querySelector('[data-neighbor]') === null ||
        document.querySelector('[data-regions]') !== null,
    )
    await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)))
  })
  const { firstPaint, shift } = await page.evaluate(() => ({
    firstPaint: performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? Number.NaN,
    shift: Number(document.documentElement.dataset.shift ?? 0),
  }))
  expect(faults).toEqual([])
  await context.close()
  return { ...loadOf(site.asked), firstPaint, usable: after, busy, elapsed, shift }
}

describe('The scripts of workers', () => {
  it('begin with one that nobody imports: WebKit would make a second copy of it', () => {
    const assets = join(dist, 'assets')
    const scripts = readdirSync(assets).filter((file) => file.endsWith('.js'))
    const begins = scripts.filter((file) => /^(worker|painter)-/.test(file))
    expect(begins).toHaveLength(2)
    for (const file of scripts) {
      const text = readFileSync(join(assets, file), 'utf8')
      for (const begin of begins) {
        const imports = new RegExp(`(?:from|import)\\s*\\(?\\s*["'\`]\\./${begin.replaceAll('.', '\\.')}`)
        expect(imports.test(text), `${file} imports ${begin}`).toBe(false)
      }
    }
  })
})

describe('A first visit', () => {
  it('is small, soon of use, and never holds the page up', async () => {
    const rows: string[] = []
    for (const [name, address, usable] of [
      ['Learn', '', '[data-run=now] ~ * [data-neighbor]'],
      ['Work', '#work', '.drop'],
    ] as const) {
      for (const slower of [1, 4]) {
        const start = await visit(address, usable, slower)
        rows.push(
          `| ${name}${slower === 1 ? '' : `, a processor ${slower} times slower`} | ${Math.round(start.gzipped / 1000)} kB in ${start.files} files | ${Math.round(start.firstPaint)} ms | ${Math.round(start.usable)} ms | ${Math.round(start.busy)} ms (${Math.round(start.elapsed)}) | ${start.shift.toFixed(3)} |`,
        )
        expect(start.gzipped).toBeLessThan(250_000)
        expect(start.shift).toBeLessThan(0.1)
        // What the page promises is 50; another machine may be slower.
        if (slower === 1) expect(start.busy).toBeLessThan(100)
      }
    }
    console.log(
      `\n| first visit | load, gzipped | first paint | usable | longest task, processor time (elapsed) | layout shift |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`,
    )
  })
})
