import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { withMeasured } from '../tools/measured.mjs'

const page = readFileSync(fileURLToPath(new URL('../../../docs/spark.md', import.meta.url)), 'utf8')
const measured = JSON.parse(
  readFileSync(fileURLToPath(new URL('../measurements.json', import.meta.url)), 'utf8'),
)

it('the figures in docs/spark.md are those that were measured', () => {
  expect(withMeasured(page, measured)).toBe(page)
})

it('figures whose answers differ from those of one machine are refused', () => {
  const laps = measured.laps.map((lap: Record<string, unknown>) =>
    lap.bits === 'equal' ? { ...lap, bits: 'DIFFER' } : lap,
  )
  expect(() => withMeasured(page, { ...measured, laps })).toThrow('bits differ')
})
