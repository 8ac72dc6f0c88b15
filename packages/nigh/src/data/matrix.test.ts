import { describe, expect, test } from 'vitest'
import { InputError } from '../check.ts'
import { Matrix } from './matrix.ts'

describe('what is nearly rows is refused with what is missing', () => {
  const refused = (points: unknown): string => {
    try {
      Reflect.apply(Matrix.from, Matrix, ['Call.fit', 'points', points])
    } catch (error) {
      expect(error).toBeInstanceOf(InputError)
      return error instanceof InputError ? `${error.code} ${error.message}` : ''
    }
    return 'taken'
  }

  test('a list of numbers', () => {
    expect(refused([1, 2])).toBe(
      'E_TYPE Call.fit: points[0] must be a row of numbers, got 1 (each row is an array: [[1], [2]] are two rows, [[1, 2]] is one)',
    )
    expect(refused([[1], 2])).toContain('points[1] must be a row of numbers, got 2 (each row is an array')
  })

  test('a flat typed array', () => {
    expect(refused(Float32Array.of(1, 2))).toMatch(
      /^E_TYPE Call\.fit: points must be rows of numbers .*, got a Float32Array; Matrix\.of\(values, columns\) takes a flat array$/,
    )
    expect(refused(Matrix.of(Float32Array.of(1, 2), 1))).toBe('taken')
  })

  test('other things get no advice that does not fit', () => {
    expect(refused('1,2')).toMatch(/got "1,2"$/)
    expect(refused(new Map())).toMatch(/got a Map$/)
    expect(refused([{ a: 1 }])).toMatch(/got an object$/)
    expect(refused([null])).toMatch(/got null$/)
  })
})
