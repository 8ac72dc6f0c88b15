import { describe, expect, it } from 'vitest'
import { readJson } from './json.ts'
import type { Reading } from './read.ts'

function reading(name: string, pieces: readonly string[]): Reading {
  let given = 0
  return {
    name,
    head: async () => pieces[0] ?? '',
    ended: () => given === pieces.length,
    text: async function* () {
      given = 0
      for (const piece of pieces) {
        given++
        yield piece
      }
    },
  }
}

describe('readJson', () => {
  it('reads an array and lines alike, wherever the pieces are cut', async () => {
    const rows = [
      { a: 1, b: 'x', c: '2024-02-29' },
      { a: null, b: 'y' },
      { a: -2.5, c: '2024-03-01' },
    ]
    const array = JSON.stringify(rows)
    const lines = rows.map((row) => JSON.stringify(row)).join('\n')
    const expected = await readJson(reading('a.json', [array]), false)
    expect(expected.map(({ name, type }) => `${name} ${type}`)).toEqual(['a number', 'b text', 'c date'])
    for (const length of [1, 7, 30]) {
      const cut = (text: string): string[] => text.match(new RegExp(`[^]{1,${length}}`, 'g')) ?? []
      expect(await readJson(reading('a.json', cut(array)), false)).toEqual(expected)
      expect(await readJson(reading('a.ndjson', cut(lines)), true)).toEqual(expected)
    }
  })

  it('says what to do where the text is too long for one string', async () => {
    const piece = ' '.repeat(2 ** 28)
    await expect(readJson(reading('big.json', [piece, piece, piece]), false)).rejects.toThrow(
      'Save it with one object a line, as .ndjson',
    )
  })
})
