import { CompressionType, setCompressionCodec } from '@uwdata/flechette'
import { decompress } from 'fzstd'
import { InputError } from 'nigh'
import { inBytes } from './limits.ts'
import { unpackLz4 } from './lz4.ts'

/** No LZ4 frame unpacks to more: a byte more of a match length stands for 255. */
const mostLz4 = 255
/** Zstandard has no such bound; columns of equal cells reach a few thousand. */
const mostZstd = 1 << 20

/**
 * Lets flechette unpack the buffers of an Arrow file: most libraries pack the columns of a Feather file with LZ4.
 *
 * @param maxBytes what all of them may unpack to
 * @returns how much they have unpacked to so far
 */
export function unpackBuffers(file: string, maxBytes: number): () => number {
  let total = 0
  const codec = (most: number, unpack: (packed: Uint8Array, size: number) => Uint8Array) => ({
    encode: (): Uint8Array => {
      throw new Error('nothing is packed here')
    },
    decode: (packed: Uint8Array, size: number): Uint8Array => {
      // What a buffer says of its own size is believed only where so few bytes can say so much.
      if (!(size >= 0 && size <= most * (packed.length + 16)))
        throw new Error(`a buffer of ${packed.length} bytes claims to unpack to ${size}`)
      total += size
      if (total > maxBytes) {
        throw new InputError(
          'E_MEMORY',
          'file',
          `${file}: its columns unpack to more than the ${inBytes(maxBytes)} allowed; use fewer columns or set --max-memory`,
        )
      }
      const bytes = unpack(packed, size)
      if (bytes.length !== size) throw new Error('a buffer unpacks to another size than it says')
      return bytes
    },
  })
  setCompressionCodec(CompressionType.LZ4_FRAME, codec(mostLz4, unpackLz4))
  setCompressionCodec(
    CompressionType.ZSTD,
    codec(mostZstd, (packed, size) => decompress(packed, new Uint8Array(size))),
  )
  return () => total
}
