import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { host, launch, open, type Host } from './browser.ts'
import { csv, openTable, setK, settled } from './desk.ts'

const data = join(import.meta.dirname, '../../../examples/data')

let browser: Browser
let site: Host
let folder: string

beforeAll(async () => {
  browser = await launch()
  site = await host({ isolated: true })
  folder = mkdtempSync(join(tmpdir(), 'nigh-craft-'))
})

afterAll(async () => {
  await browser.close()
  await site.close()
  rmSync(folder, { recursive: true })
})

/** What axe finds, of any weight: rule and place. */
async function accessFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  return page.evaluate(async () => {
    const { violations } = await (
      window as unknown as {
        axe: {
          run(): Promise<{
            violations: { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]
          }>
        }
      }
    ).axe.run()
    return violations.flatMap(({ id, impact, nodes }) =>
      nodes.map(({ html, failureSummary }) => `${impact} ${id}: ${html.slice(0, 120)} ${failureSummary}`),
    )
  })
}

describe('For everybody', () => {
  it('axe finds nothing on any view, light and dark, wide and narrow', async () => {
    const found: string[] = []
    for (const [colorScheme, width] of [
      ['light', 1440],
      ['dark', 1440],
      ['light', 390],
    ] as const) {
      const { page, context, faults } = await open(browser, site.url, {
        colorScheme,
        viewport: { width, height: 900 },
      })
      const check = async (view: string): Promise<void> => {
        for (const fault of await accessFaults(page))
          found.push(`${view}, ${colorScheme}, ${width}: ${fault}`)
      }
      await page.waitForSelector('[data-neighbor]')
      await check('learn')
      await page.getByRole('button', { name: 'numbers' }).click()
      await page.getByRole('button', { name: 'Points', exact: true }).click()
      await page.getByRole('button', { name: 'To the end' }).click()
      await check('learn, numbers')
      await page.goto(`${site.url}#work`)
      await page.waitForSelector('.drop')
      await check('open')
      await page.setInputFiles('input[aria-label="Open a file"]', csv('ragged.csv', 'a,b\n1,2\n3\n'))
      await page.waitForSelector('[data-trouble]')
      await check('refused')
      await openTable(page, join(data, 'penguins.csv'))
      await settled(page)
      await page.locator('[data-choose]').click()
      await page.waitForSelector('[data-verdict]', { timeout: 120_000 })
      await page.waitForSelector('[data-busy]', { state: 'detached', timeout: 60_000 })
      await settled(page)
      await page.getByRole('button', { name: 'Measure silhouettes' }).click()
      await page.waitForSelector('[data-silhouette]', { timeout: 60_000 })
      await page.locator('summary', { hasText: 'The same again' }).click()
      await page.locator('summary', { hasText: 'Reading options' }).click()
      await page.locator('[data-plot]').press('Enter')
      await page.waitForSelector('[data-picked]')
      await check('cluster')
      await page.getByRole('button', { name: 'Predict', exact: true }).click()
      await page.selectOption('[data-target]', 'species')
      await page.locator('[data-choose-neighbors]').click()
      await page.waitForSelector('[data-evaluated]', { timeout: 120_000 })
      await page.locator('[data-confusion] button').first().click()
      await page.locator('[data-row]').first().click()
      await page.waitForSelector('[data-inspected]')
      await check('predict')
      await page.selectOption('[data-target]', 'body_mass_g')
      await page.locator('[data-evaluate]').click()
      await page.waitForSelector('[data-evaluated]', { timeout: 120_000 })
      await check('predict, numbers')
      await page.getByRole('button', { name: 'Anomalies', exact: true }).click()
      await page.locator('[data-anomalies]').click()
      await page.waitForSelector('[data-oddities]', { timeout: 60_000 })
      await check('anomalies')
      expect(faults).toEqual([])
      await context.close()
    }
    expect(found).toEqual([])
  })

  it('by keys alone: a sample, its clusters, rows of the picture, an answer', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`)
    await page.waitForSelector('.drop')
    /** Goes on with Tab until the thing has the focus. */
    const tabTo = async (selector: string): Promise<void> => {
      for (let i = 0; i < 120; i++) {
        if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector))
          return
        await page.keyboard.press('Tab')
      }
      throw new Error(`the keys do not reach ${selector}`)
    }
    await tabTo('.drop button:not(.primary)')
    for (let i = 0; i < 2; i++) await page.keyboard.press('Tab')
    expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Iris')
    await page.keyboard.press('Enter')
    await settled(page)
    await page.evaluate(() => document.getElementById('main')?.focus())
    await tabTo('[data-plot]')
    await page.keyboard.press('0')
    await page.keyboard.press('Enter')
    await page.waitForSelector('[data-picked="1"]')
    await page.keyboard.press('Escape')
    await page.waitForSelector('[data-picked]', { state: 'detached' })
    // A rectangle: from one corner over the whole to the other.
    for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowLeft')
    for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowDown')
    await page.keyboard.press(' ')
    for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowRight')
    for (let i = 0; i < 12; i++) await page.keyboard.press('ArrowUp')
    await page.keyboard.press(' ')
    await page.waitForSelector('[data-picked="150"]')
    await tabTo('#k')
    await page.keyboard.press('ArrowLeft')
    await page.waitForFunction(() => document.querySelectorAll('.group').length === 3)
    await page.keyboard.press('Control+z')
    await page.waitForFunction(() => document.querySelectorAll('.group').length === 4)
    expect(faults).toEqual([])
    await context.close()
  })

  it('what is being typed stays while the page computes', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`)
    await openTable(page, join(data, 'cdnow-customers.csv'))
    await settled(page)
    const field = page.getByLabel('k, as a number')
    await page.selectOption('[data-scale]', 'robust')
    await field.fill('12')
    await settled(page)
    expect(await field.inputValue()).toBe('12')
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelectorAll('.group').length === 12)
    expect(faults).toEqual([])
    await context.close()
  })

  it('of very many columns some are found, taken and left', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`)
    const names = Array.from({ length: 60 }, (_, j) =>
      j % 10 === 0 ? `a_rather_long_name_of_column_${j}` : `q${j}`,
    )
    const lines = Array.from({ length: 80 }, (_, i) => names.map((_, j) => (i * (j + 3)) % 17).join(','))
    await openTable(page, csv('wide.csv', `${names.join(',')}\n${lines.join('\n')}\n`))
    await settled(page)
    await page.getByRole('button', { name: 'None', exact: true }).click()
    expect(await page.locator('.columns input:checked').count()).toBe(0)
    expect(await page.locator('[data-plot]').innerText()).toContain('No column is in use')
    await page.getByLabel('Find columns').fill('RATHER')
    expect(await page.locator('.columns li').count()).toBe(6)
    await page.getByRole('button', { name: 'All', exact: true }).click()
    await settled(page)
    await page.getByLabel('Find columns').fill('')
    expect(await page.locator('.columns input:checked').count()).toBe(6)
    // Nothing is cut off: long names break.
    const cut = await page
      .locator('.group .detail')
      .evaluateAll((texts) => texts.filter((text) => text.scrollWidth > text.clientWidth).length)
    expect(cut).toBe(0)
    expect(faults).toEqual([])
    await context.close()
  })

  it('ten thousand columns are found by name, and are no burden', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`)
    const names = Array.from({ length: 10_000 }, (_, j) => `measure_${j}`)
    const lines = Array.from({ length: 12 }, (_, i) =>
      names.map((_, j) => ((i + 3) * (j + 1)) % 11).join(','),
    )
    await openTable(page, csv('very-wide.csv', `${names.join(',')}\n${lines.join('\n')}\n`))
    await page.waitForSelector('[data-unlisted]')
    expect(await page.locator('[data-trouble]').count()).toBe(0)
    expect(await page.locator('.columns li').count()).toBe(200)
    await page.getByLabel('Find columns').fill('_9999')
    await page.locator('.columns li input').uncheck()
    expect(await page.locator('.columns li').count()).toBe(1)
    expect(faults).toEqual([])
    await context.close()
  })

  it('two fingers zoom the picture about their middle', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`, {
      hasTouch: true,
      viewport: { width: 390, height: 844 },
    })
    await openTable(page, join(data, 'iris.csv'))
    await settled(page)
    await page.locator('[data-plot]').scrollIntoViewIfNeeded()
    const box = await page.locator('[data-plot]').boundingBox()
    if (box === null) throw new Error('no plot')
    const ticks = (): Promise<number[]> =>
      page
        .locator('[data-plot] g:has(line.axis) text[text-anchor=middle]')
        .evaluateAll((marks) =>
          marks
            .map((mark) => Number(mark.textContent?.replace('−', '-')))
            .filter((value) => Number.isFinite(value)),
        )
    await page.waitForSelector('[data-paints]')
    const paints = async (): Promise<number> =>
      Number(await page.locator('[data-plot]').getAttribute('data-paints'))
    const before = await paints()
    const session = await context.newCDPSession(page)
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', apart: number): Promise<unknown> =>
      session.send('Input.dispatchTouchEvent', {
        type,
        touchPoints:
          type === 'touchEnd'
            ? []
            : [
                { x: x - apart, y, id: 0 },
                { x: x + apart, y, id: 1 },
              ],
      })
    await touch('touchStart', 20)
    for (let apart = 25; apart <= 80; apart += 5) await touch('touchMove', apart)
    await touch('touchEnd', 0)
    await expect.poll(paints).toBeGreaterThan(before)
    // Four times nearer: no scroll of the page, and finer ticks.
    const shown = await ticks()
    expect(shown.length).toBeGreaterThan(0)
    expect(Math.max(...shown) - Math.min(...shown)).toBeLessThan(3)
    expect(await page.locator('[data-picked]').count()).toBe(0)
    expect(faults).toEqual([])
    await context.close()
  })
})

describe('When something breaks', () => {
  it('an answer for other settings than those on the page does not come', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`)
    await openTable(page, join(data, 'cdnow-customers.csv'))
    await settled(page)
    await page.getByRole('button', { name: 'Predict', exact: true }).click()
    await page.selectOption('[data-target]', { index: 3 })
    for (const button of ['[data-evaluate]', '[data-choose-neighbors]']) {
      await page.locator(button).click()
      await page.waitForSelector('[data-busy]')
      await page.getByRole('button', { name: 'by distance' }).click()
      await page.waitForSelector('[data-busy]', { state: 'detached', timeout: 60_000 })
      await page.waitForTimeout(200)
      expect(await page.locator('[data-evaluated]').count(), button).toBe(0)
      expect(await page.getByRole('heading', { name: 'How many neighbours?' }).count()).toBe(0)
      await page.getByRole('button', { name: 'equal votes' }).click()
    }
    await page.getByRole('button', { name: 'Anomalies', exact: true }).click()
    await page.selectOption('[data-method]', 'density')
    await page.locator('[data-anomalies]').click()
    await page.waitForSelector('[data-busy=anomalies]')
    await page.selectOption('[data-method]', 'neighbors')
    await page.waitForSelector('[data-busy]', { state: 'detached', timeout: 60_000 })
    await page.waitForTimeout(200)
    expect(await page.locator('[data-oddities]').count()).toBe(0)
    expect(faults).toEqual([])
    await context.close()
  })

  it('a second file comes whole, whatever is pressed while it is read', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`)
    await openTable(page, join(data, 'iris.csv'))
    await settled(page)
    await setK(page, 3)
    const transfer = await page.evaluateHandle(() => {
      const made = new DataTransfer()
      made.items.add(new File([`a,b\n${'1,2\n3,4\n5,7\n'.repeat(600_000)}`], 'second.csv'))
      return made
    })
    await page.dispatchEvent('.desk', 'drop', { dataTransfer: transfer })
    await page.waitForSelector('[data-busy=open]')
    await page.keyboard.press('Control+z')
    expect(await page.locator('.desk').getAttribute('inert')).not.toBe(null)
    await page.waitForFunction(
      () => document.querySelector('#columns-title')?.textContent === 'second.csv',
      undefined,
      { timeout: 60_000 },
    )
    expect(await page.locator('[data-table]').innerText()).toContain('1,800,000 rows')
    expect(await page.locator('[data-trouble]').count()).toBe(0)
    expect(faults).toEqual([])
    await context.close()
  })

  it('of two tabs the second saves when the first is closed', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`)
    await openTable(page, join(data, 'iris.csv'))
    await settled(page)
    const second = await context.newPage()
    await second.goto(`${site.url}#work`)
    await second.getByText('Open in another tab: this one does not save.').waitFor()
    await second.getByRole('button', { name: 'Other file' }).click()
    await openTable(second, join(data, 'wine.csv'))
    await settled(second)
    await second.selectOption('[data-scale]', 'robust')
    await page.close()
    await second.getByText('Nothing leaves this browser.').waitFor()
    await second.waitForFunction(() => (localStorage.getItem('nigh:work') ?? '').includes('wine.csv'))
    await second.waitForTimeout(300)
    await second.reload()
    await second.waitForSelector('[data-table]', { timeout: 60_000 })
    expect(await second.locator('#columns-title').innerText()).toBe('wine.csv')
    expect(await second.locator('[data-scale]').inputValue()).toBe('robust')
    expect(faults).toEqual([])
    await context.close()
  })

  it('odd tables are told what is odd about them', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`)
    const lines = (row: (i: number) => string): string =>
      Array.from({ length: 40 }, (_, i) => row(i)).join('\n')
    for (const [name, text, words] of [
      ['ids.csv', `id,uuid\n${lines((i) => `${i},u${i}`)}\n`, /looks like an id.*texts are all different/],
      ['one.csv', 'a,b\n1,2\n', /a single row tells nothing of it/],
      ['same.csv', `a,b\n${lines(() => '5,x')}\n`, /constant, every value is the same/],
      [
        'hours.csv',
        `t,v\n${lines((i) => `2024-05-06 1${i % 10}:30:00Z,${i % 7}`)}\n`,
        /2024-05-06 10:30:00 to 19:30:00/,
      ],
    ] as const) {
      await openTable(page, csv(name, text))
      expect((await page.locator('.columns').innerText()).replace(/\s+/g, ' '), name).toMatch(words)
      await page.getByRole('button', { name: 'Other file' }).click()
    }
    for (const [name, text, words] of [
      ['cut.json', 'a,b\n1,2\n', /is not JSON: .*is not valid JSON\. Mend it/],
      ['nested.json', '[{"a":1,"b":{"c":2}}]', /column "b" holds lists or objects/],
      ['sheet.csv', 'sep=;\r\na;b\r\n1;2\r\n', /Delete the line/],
      ['book.csv', 'PK\u0003\u0004rest', /holds an Excel workbook or a ZIP archive/],
      ['table.parquet', 'a,b\n1,2\n', /does not begin as such files do. Rename it/],
    ] as const) {
      await page.setInputFiles('input[aria-label="Open a file"]', csv(name, text))
      await page.waitForFunction(
        (file) => document.querySelector('[data-trouble]')?.textContent?.startsWith(file),
        name,
      )
      expect(await page.locator('[data-trouble]').innerText(), name).toMatch(words)
    }
    await openTable(page, csv('three.csv', 'a,b\n1,2\n3,5\n9,1\n'))
    await page.waitForSelector('[data-clustered=now]')
    await page.locator('[data-choose]').click()
    await page.waitForSelector('[data-trouble]')
    expect(await page.locator('[data-trouble]').innerText()).toBe(
      'Choosing k takes at least 4 rows; here are 3. Set k yourself.',
    )
    expect(faults).toEqual([])
    await context.close()
  })

  it('a page that dies while it computes asks before it does that again', async () => {
    const { page, context } = await open(browser, `${site.url}#work`)
    await openTable(page, join(data, 'cdnow-customers.csv'))
    await settled(page)
    await setK(page, 3)
    await page.selectOption('[data-scale]', 'robust')
    await settled(page)
    await page.getByRole('button', { name: 'Anomalies', exact: true }).click()
    await page.selectOption('[data-method]', 'density')
    await page.locator('[data-anomalies]').click()
    await page.waitForSelector('[data-busy=anomalies]')
    // What happens when the memory runs out: the renderer is gone, no event is sent.
    const crashed = page.waitForEvent('crash')
    const session = await context.newCDPSession(page)
    void session.send('Page.crash').catch(() => {})
    await crashed
    await page.close()
    const again = await context.newPage()
    await again.goto(`${site.url}#work`)
    await again.waitForSelector('[data-interrupted]')
    expect(await again.locator('[data-interrupted]').innerText()).toContain('looking for strange rows')
    await again.getByRole('button', { name: 'Open cdnow-customers.csv again' }).click()
    await again.waitForSelector('[data-table]', { timeout: 60_000 })
    expect(await again.locator('[data-scale]').inputValue()).toBe('robust')
    expect(await again.locator('[data-method]').inputValue()).toBe('density')
    // A reload of the person's own asks nothing.
    await again.reload()
    await again.waitForSelector('[data-table]', { timeout: 60_000 })
    expect(await again.locator('[data-interrupted]').count()).toBe(0)
    await context.close()
  })

  it('a tab closed while it saves leaves what was there, or what came', async () => {
    const { page, context } = await open(browser, `${site.url}#work`)
    await openTable(page, join(data, 'iris.csv'))
    await settled(page)
    await setK(page, 3)
    const big = join(folder, 'big.csv')
    const lines = Array.from({ length: 500_000 }, (_, i) => `${i % 97},${(i * 7) % 89},${'x'.repeat(60)}`)
    writeFileSync(big, `a,b,c\n${lines.join('\n')}\n`)
    await page.getByRole('button', { name: 'Other file' }).click()
    await page.setInputFiles('input[aria-label="Open a file"]', big)
    await page.waitForSelector('[data-table]', { timeout: 60_000 })
    await page.close({ runBeforeUnload: false })
    const again = await context.newPage()
    const faults: string[] = []
    again.on('pageerror', (error) => faults.push(error.message))
    await again.goto(`${site.url}#work`)
    await again.waitForSelector('[data-table], .drop', { timeout: 60_000 })
    expect(await again.locator('[data-trouble]').count()).toBe(0)
    if ((await again.locator('[data-table]').count()) === 0) await openTable(again, join(data, 'iris.csv'))
    await again.waitForSelector('[data-table]')
    expect(faults).toEqual([])
    await context.close()
  })

  it('answers that stood on the page come back after a reload', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`)
    await openTable(page, join(data, 'iris.csv'))
    await page.getByRole('button', { name: 'Predict', exact: true }).click()
    await page.selectOption('[data-target]', 'species')
    await page.locator('[data-evaluate]').click()
    await page.waitForSelector('[data-evaluated]', { timeout: 60_000 })
    const shown = await page.locator('[data-evaluated]').getAttribute('data-evaluated')
    await page.reload()
    await page.waitForSelector('[data-evaluated]', { timeout: 60_000 })
    expect(await page.locator('[data-evaluated]').getAttribute('data-evaluated')).toBe(shown)
    expect(faults).toEqual([])
    await context.close()
  })
})
