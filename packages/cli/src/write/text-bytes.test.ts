import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TextBytes } from './text-bytes.ts'

function textOf(write: (out: TextBytes) => void): string {
  const parts: Buffer[] = []
  const out = new TextBytes((bytes) => void parts.push(Buffer.from(bytes)))
  write(out)
  out.flush()
  return Buffer.concat(parts).toString('utf8')
}

describe('numbers as text', () => {
  const decimals = fc
    .tuple(fc.integer({ min: -(2 ** 31), max: 2 ** 31 }), fc.integer({ min: 0, max: 12 }))
    .map(([whole, places]) => whole / 10 ** places)
  const any = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    decimals,
    fc.constantFrom(0, -0, 1e-6, 9.5e-7, 2 ** 31, 1e21, 0.1, 100, -5e-324),
  )

  it('of float64 are what String says', () => {
    fc.assert(
      fc.property(any, (value) => {
        expect(textOf((out) => out.number(value, false))).toBe(String(value))
      }),
      { numRuns: 2000 },
    )
  })

  it('of float32 bring the float32 back, in no more digits than nine', () => {
    fc.assert(
      fc.property(any, (double) => {
        const value = Math.fround(double)
        if (!Number.isFinite(value)) return
        const text = textOf((out) => out.number(value, true))
        expect(Math.fround(Number(text))).toBe(value === 0 ? 0 : value)
        expect(text.replace(/e.*$/, '').replace(/[-.]/g, '').replace(/^0+/, '').length).toBeLessThanOrEqual(
          Math.max(9, text.includes('.') ? 0 : text.length),
        )
      }),
      { numRuns: 2000 },
    )
    expect(textOf((out) => out.number(Math.fround(0.1), true))).toBe('0.1')
    expect(textOf((out) => out.number(Math.fround(-1234.5678), true))).toBe('-1234.5677')
  })
})

it('what is longer than the buffer passes through in order', () => {
  const long = Buffer.alloc(3 << 20, 'x')
  const text = textOf((out) => {
    for (let i = 0; i < 200_000; i++) out.number(i, false)
    out.bytes(long)
    out.mark(10)
  })
  expect(text).toBe(`${Array.from({ length: 200_000 }, (_, i) => i).join('')}${long.toString()}\n`)
})
