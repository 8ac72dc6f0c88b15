import { Matrix } from 'nigh'
import { describe, expect, it } from 'vitest'
import { SpooledRows } from './rows.ts'

/** Rows of more than three chunks, whose buffers take turns. */
function spooled(kind: 'single' | 'double'): SpooledRows {
  const rows = new SpooledRows('rows', 5)
  for (let block = 0; block < 8; block++) {
    const numbers = { length: 5 * 110_000 }
    const cell = (_: unknown, i: number): number => block * 1000 + (i % 977)
    const values = kind === 'single' ? Float32Array.from(numbers, cell) : Float64Array.from(numbers, cell)
    rows.append(Matrix.of(values, 5))
  }
  return rows.finish()
}

describe('SpooledRows', () => {
  for (const kind of ['single', 'double'] as const) {
    it(`gives all rows anew at each pass: ${kind}`, async () => {
      const rows = spooled(kind)
      try {
        for (let pass = 0; pass < 2; pass++) {
          let from = 0
          let chunks = 0
          for await (const { values, rows: count } of rows.chunks()) {
            const expected = rows.slice(from, from + count)
            expect(values.constructor).toBe(expected.values.constructor)
            expect(Buffer.compare(bytesOf(values), bytesOf(expected.values))).toBe(0)
            from += count
            chunks++
          }
          expect(from).toBe(880_000)
          expect(chunks).toBeGreaterThan(2)
        }
        const some = rows.rows(Uint32Array.of(0, 109_999, 110_000, 879_999))
        expect([...some.values].map((value) => Math.floor(value / 1000))).toEqual(
          [0, 0, 1, 7].flatMap((block) => Array.from({ length: 5 }, () => block)),
        )
      } finally {
        rows.close()
      }
    })
  }

  it('two passes at once do not disturb each other', async () => {
    const rows = spooled('double')
    const [one, other] = [rows.chunks(), rows.chunks()]
    try {
      await one.next()
      const { value: first } = await one.next()
      const copy = Buffer.from(bytesOf(first.values))
      await other.next()
      await other.next()
      await other.next()
      expect(Buffer.compare(bytesOf(first.values), copy)).toBe(0)
    } finally {
      await Promise.all([one.return(undefined), other.return(undefined)])
      rows.close()
    }
  })
})

function bytesOf(values: Matrix['values']): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength)
}
