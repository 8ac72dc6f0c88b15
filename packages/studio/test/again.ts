// What the page shows to make the same again, run as it stands.

import { execFileSync } from 'node:child_process'
import { existsSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Page } from 'playwright-core'

const root = join(import.meta.dirname, '../../..')

/** Runs the TypeScript that the page shows, beside its file; what it prints. */
export async function runCode(page: Page, folder: string): Promise<string> {
  const { transformWithOxc } = await import('vite')
  const { code } = await transformWithOxc(await page.locator('[data-recipe=code]').innerText(), 'again.ts')
  const modules = join(folder, 'node_modules')
  if (!existsSync(modules)) symlinkSync(join(root, 'node_modules'), modules)
  writeFileSync(join(folder, 'again.mjs'), code)
  return execFileSync(process.execPath, ['again.mjs'], { cwd: folder, encoding: 'utf8' })
}

/** Runs the command that the page shows, as a person would paste it. */
export function runRecipe(recipe: string, folder: string): string {
  const nigh = join(root, 'packages/cli/bin/nigh.js')
  return execFileSync('/bin/sh', ['-c', `nigh() { "${process.execPath}" "${nigh}" "$@"; }\n${recipe}`], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
