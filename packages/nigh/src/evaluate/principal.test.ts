import { expect, test } from 'vitest'
import { Matrix } from '../data/matrix.ts'
import { Random } from '../random.ts'
import { principalComponents, project } from './principal.ts'

test('components are orthonormal, widest first, and turning keeps distances', () => {
  const random = new Random(2)
  const rows = Array.from({ length: 80 }, () => {
    const [a, b, c, d] = [random.normal() * 9, random.normal() * 4, random.normal(), random.normal() * 0.1]
    return [1e9 + a + b, 1e9 + a - b + c, c + d, 2 * a + d]
  })
  const found = principalComponents(rows)
  const { components, variances, shares } = found
  for (let a = 0; a < 4; a++) {
    if (a > 0) expect(variances[a]).toBeLessThanOrEqual(variances[a - 1])
    for (let b = 0; b < 4; b++) {
      let dot = 0
      for (let j = 0; j < 4; j++) dot += components.row(a)[j] * components.row(b)[j]
      expect(dot).toBeCloseTo(a === b ? 1 : 0, 12)
    }
  }
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 12)
  const turned = project(rows, found)
  for (const [a, b] of [
    [0, 1],
    [5, 79],
  ]) {
    const before = Math.hypot(...rows[a].map((x, j) => x - rows[b][j]))
    const after = Math.hypot(...Array.from(turned.row(a), (x, j) => x - turned.row(b)[j]))
    expect(after).toBeCloseTo(before, 5)
  }
  let variance = 0
  for (let i = 0; i < 80; i++) variance += turned.row(i)[0] ** 2 / 79
  expect(variance / variances[0]).toBeCloseTo(1, 9)
})

test('sizes whose squares overflow or vanish', () => {
  const rows = [
    [1, 2],
    [3, 5],
    [4, 9],
    [0, 1],
  ]
  const plain = principalComponents(rows)
  for (const power of [2 ** 700, 2 ** -700]) {
    const found = principalComponents(rows.map((row) => row.map((x) => x * power)))
    found.shares.forEach((share, c) => expect(share).toBeCloseTo(plain.shares[c], 13))
    found.components.values.forEach((x, at) => expect(x).toBeCloseTo(plain.components.values[at], 13))
  }
})

test('no spread, one row, one column, the wrong columns', () => {
  expect(principalComponents([[3, 4]]).variances).toEqual(Float64Array.of(0, 0))
  expect(
    principalComponents([
      [1, 5],
      [1, 5],
    ]).shares,
  ).toEqual(Float64Array.of(0, 0))
  expect(principalComponents([[1], [3]]).variances[0]).toBe(2)
  const two = principalComponents(
    [
      [1, 0],
      [3, 1],
      [4, 9],
    ],
    { count: 1 },
  )
  expect(two.components.rows).toBe(1)
  expect(() => project(Matrix.of(Float64Array.of(1, 2, 3), 3), two)).toThrow(/must have 2 columns/)
  expect(() => principalComponents([[1, 2]], { count: 3 })).toThrow(/count/)
})
