import { describe, expect, it } from 'vitest'
import { unpackLz4 } from './lz4.ts'

/** A frame of blocks that are given as bytes; a block given as text is stored as it is. */
function frame(...blocks: (readonly number[] | string)[]): Uint8Array {
  const bytes = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]
  for (const block of blocks) {
    const body = typeof block === 'string' ? [...Buffer.from(block)] : block
    bytes.push(body.length & 255, body.length >> 8, 0, typeof block === 'string' ? 0x80 : 0, ...body)
  }
  return Uint8Array.from([...bytes, 0, 0, 0, 0])
}

const text = (packed: Uint8Array, size: number): string => Buffer.from(unpackLz4(packed, size)).toString()
const a = 97

describe('LZ4', () => {
  it('literals, runs that overlap with what they make, and distances into the block before', () => {
    expect(text(frame(), 0)).toBe('')
    expect(text(frame('stored'), 6)).toBe('stored')
    expect(text(frame([0x30, a, a + 1, a + 2]), 3)).toBe('abc')
    // Two letters, then 9 more from 2 back, then a last one.
    expect(text(frame([0x25, a, a + 1, 2, 0, 0x10, a + 25]), 12)).toBe('abababababaz')
    expect(text(frame('0123456789', [0x00, 10, 0, 0x10, a]), 15)).toBe('01234567890123a'.slice(0, 14) + 'a')
    // 15 + 255 + 0 literals; a match of 15 + 255 + 2 + 4 bytes.
    const long = [0xff, 255, 0, ...Array<number>(270).fill(a), 1, 0, 255, 2, 0x10, a + 1]
    expect(text(frame(long), 547)).toBe(`${'a'.repeat(546)}b`)
  })

  it('a damaged frame is refused', () => {
    const whole = frame([0x25, a, a + 1, 2, 0, 0x10, a + 25])
    for (let length = 0; length < whole.length; length++)
      expect(() => unpackLz4(whole.subarray(0, length), 12)).toThrow(/^an LZ4 frame /)
    expect(() => unpackLz4(whole, 11)).toThrow('is longer than it says')
    expect(() => unpackLz4(whole, 13)).toThrow('is shorter than it says')
    expect(() => unpackLz4(frame([0x15, a, 2, 0, 0x10, a]), 12)).toThrow('reaches back before its beginning')
    expect(() => unpackLz4(frame([0x15, a, 0, 0, 0x10, a]), 12)).toThrow('reaches back before its beginning')
    const dictionary = Uint8Array.from(whole)
    dictionary[4] |= 1
    expect(() => unpackLz4(dictionary, 12)).toThrow('needs a dictionary')
  })
})
