import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { sha256 } from './sha256.ts'

function nodeDigest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}

describe('sha256', () => {
  it('gives the digests of FIPS 180-4', () => {
    const digest = (text: string): string => hex(sha256(new TextEncoder().encode(text)))
    expect(digest('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855')
    expect(digest('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad')
  })

  it('agrees with Node at every length around a block', () => {
    const bytes = Uint8Array.from({ length: 200 }, (_, i) => (i * 167) % 256)
    for (let length = 0; length <= bytes.length; length++) {
      expect(hex(sha256(bytes.subarray(0, length)))).toBe(nodeDigest(bytes.subarray(0, length)))
    }
  })

  it('agrees with Node on any bytes, wherever they lie', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 5000 }), fc.nat({ max: 9 }), (bytes, skip) => {
        expect(hex(sha256(bytes.subarray(skip)))).toBe(nodeDigest(bytes.subarray(skip)))
      }),
    )
    const long = Uint8Array.from({ length: 3_000_001 }, (_, i) => (i * i) % 251)
    expect(hex(sha256(long))).toBe(nodeDigest(long))
  })
})
