import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { runCode, runRecipe } from './again.ts'
import { host, launch, open, type Host } from './browser.ts'
import { download, openTable, setK, settled } from './desk.ts'

const data = join(import.meta.dirname, '../../../examples/data')

let browser: Browser
let site: Host
let folder: string

beforeAll(async () => {
  browser = await launch()
  site = await host({ isolated: true })
  folder = mkdtempSync(join(tmpdir(), 'nigh-again-'))
  copyFileSync(join(data, 'penguins.csv'), join(folder, 'penguins.csv'))
})

afterAll(async () => {
  await browser.close()
  await site.close()
  rmSync(folder, { recursive: true })
})

const made = (name: string): Buffer => readFileSync(join(folder, name))

async function shown(page: Page, kind: 'Command' | 'TypeScript'): Promise<string> {
  const recipe = page.locator('[data-recipe]')
  if (!(await recipe.isVisible())) await page.locator('summary', { hasText: 'The same again' }).click()
  await page.getByRole('button', { name: kind, exact: true }).click()
  return recipe.innerText()
}

/** Opens penguins, which have empty cells, text and numbers, and says how they become numbers. */
async function prepared(page: Page, scale: string, missing: string): Promise<void> {
  await openTable(page, join(data, 'penguins.csv'))
  await page.selectOption('[data-scale]', scale)
  await page.getByLabel('Empty cells').selectOption(missing)
}

describe('The same again, whatever the scale', () => {
  for (const [scale, missing] of [
    ['standard', 'impute'],
    ['minmax', 'drop'],
    ['robust', 'impute'],
    ['none', 'drop'],
  ] as const) {
    it(`${scale}, ${missing}: clusters, prediction and anomalies, bit for bit`, async () => {
      const { page, context, faults } = await open(browser, `${site.url}#work`)
      await prepared(page, scale, missing)
      await setK(page, 5)
      runRecipe(await shown(page, 'Command'), folder)
      expect((await download(page, 'Table')).equals(made('penguins-clusters.csv'))).toBe(true)
      expect((await download(page, 'Model (.nigh)')).equals(made('penguins.nigh'))).toBe(true)
      const inertia = await page.locator('[data-inertia]').getAttribute('data-inertia')
      await shown(page, 'TypeScript')
      expect((await runCode(page, folder)).split(' ')[0]).toBe(inertia)
      // The model that was downloaded opens in the command, and gives every row its cluster.
      writeFileSync(join(folder, 'kept.nigh'), await download(page, 'Model (.nigh)'))
      runRecipe('nigh predict kept.nigh penguins.csv --out kept.csv --quiet', folder)
      const column = (name: string): string[] => {
        const [head, ...lines] = made(name).toString().trim().split('\n')
        const at = head.split(',').indexOf('cluster')
        return lines.map((line) => line.split(',')[at])
      }
      expect(column('kept.csv')).toEqual(column('penguins-clusters.csv'))

      await page.getByRole('button', { name: 'Predict', exact: true }).click()
      await page.selectOption('[data-target]', 'species')
      await page.locator('[data-evaluate]').click()
      await page.waitForSelector('[data-evaluated]', { timeout: 60_000 })
      const accuracy = Number(await page.locator('[data-evaluated]').getAttribute('data-evaluated'))
      const command = await shown(page, 'Command')
      const said = runRecipe(`${command} --model penguins-classify.nigh --json`, folder)
      expect(JSON.parse(said).evaluation.accuracy).toBe(accuracy)
      expect((await download(page, 'Model (.nigh)')).equals(made('penguins-classify.nigh'))).toBe(true)

      await page.getByRole('button', { name: 'Anomalies', exact: true }).click()
      await page.locator('[data-anomalies]').click()
      await page.waitForSelector('[data-oddities]', { timeout: 60_000 })
      runRecipe(await shown(page, 'Command'), folder)
      expect((await download(page, 'Table')).equals(made('penguins-anomalies.csv'))).toBe(true)
      expect((await download(page, 'Model (.nigh)')).equals(made('penguins-anomalies.nigh'))).toBe(true)
      expect(faults).toEqual([])
      await context.close()
    })
  }

  it('answers of other settings are not given away as if they were of these', async () => {
    const { page, context, faults } = await open(browser, `${site.url}#work`)
    await openTable(page, join(data, 'penguins.csv'))
    await settled(page)
    await page.getByRole('button', { name: 'Anomalies', exact: true }).click()
    for (const act of [
      () => page.selectOption('[data-scale]', 'robust'),
      () => page.getByLabel('Share taken for strange').selectOption('0.05'),
      () =>
        page
          .getByLabel('k, as a number')
          .fill('7')
          .then(() => page.keyboard.press('Enter')),
    ]) {
      await page.locator('[data-anomalies]').click()
      await page.waitForSelector('[data-oddities]')
      await act()
      await page.waitForSelector('[data-oddities]', { state: 'detached' })
      expect(await page.getByRole('button', { name: 'Table', exact: true }).count()).toBe(0)
    }
    expect(faults).toEqual([])
    await context.close()
  })
})
