// What a person does on the work page, for the tests.

import { readFileSync } from 'node:fs'
import type { Page } from 'playwright-core'

/** Opens a file on the work page, and waits until its columns stand there. */
export async function openTable(
  page: Page,
  file: string | { name: string; mimeType: string; buffer: Buffer },
): Promise<void> {
  await page.setInputFiles('input[aria-label="Open a file"]', file)
  await page.waitForSelector('[data-table], [data-trouble]', { timeout: 60_000 })
}

export async function download(page: Page, name: string): Promise<Buffer> {
  const [got] = await Promise.all([
    page.waitForEvent('download'),
    page.getByRole('button', { name, exact: true }).click(),
  ])
  return readFileSync(await got.path())
}

export const settled = (page: Page): Promise<unknown> =>
  page.waitForSelector('[data-clustered=now]', { timeout: 60_000 })

export async function setK(page: Page, k: number): Promise<void> {
  await page.getByLabel('k, as a number').fill(String(k))
  await page.getByLabel('k, as a number').blur()
  await page.waitForFunction((want) => document.querySelectorAll('.group').length === want, k, {
    timeout: 60_000,
  })
  await settled(page)
}

export const csv = (name: string, text: string): { name: string; mimeType: string; buffer: Buffer } => ({
  name,
  mimeType: 'text/csv',
  buffer: Buffer.from(text),
})
