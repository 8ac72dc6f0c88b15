/**
 * Unpacks LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md), as Arrow files hold them.
 *
 *     frame  = magic, descriptor, blocks, end mark (a block of 0 bytes), checksum
 *     block  = length (its top bit: stored as it is), bytes, checksum
 *     bytes  = (token, literals, distance back)…, of which the last has no distance
 *
 * Every length and distance is checked against what there is. Checksums are passed over: the Arrow file around has none.
 *
 * @param size how many bytes it unpacks to
 * @throws Error where the frame is damaged or unpacks to another size
 */
export function unpackLz4(packed: Uint8Array, size: number): Uint8Array {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length)
  const out = new Uint8Array(size)
  let done = 0
  if (packed.length < 11 || view.getUint32(0, true) !== 0x184d2204) throw damaged('does not begin as one')
  const flags = packed[4]
  if (flags >> 6 !== 1) throw damaged('is of another version')
  if ((flags & 1) !== 0) throw damaged('needs a dictionary')
  const checked = (flags & 16) !== 0
  let at = 7 + ((flags & 8) === 0 ? 0 : 8)
  for (;;) {
    if (at + 4 > packed.length) throw damaged('is cut')
    const mark = view.getUint32(at, true)
    at += 4
    if (mark === 0) break
    const end = at + (mark & 0x7fffffff)
    if (end > packed.length) throw damaged('is cut')
    if (mark >>> 31 === 1) {
      if (done + end - at > size) throw damaged('is longer than it says')
      out.set(packed.subarray(at, end), done)
      done += end - at
    } else done = unpackBlock(packed, at, end, out, done)
    at = end + (checked ? 4 : 0)
  }
  if (done !== size) throw damaged('is shorter than it says')
  return out
}

/** @returns where the unpacked bytes end in `out`; distances may reach back into earlier blocks */
function unpackBlock(packed: Uint8Array, from: number, end: number, out: Uint8Array, done: number): number {
  let at = from
  const more = (nibble: number): number => {
    if (nibble < 15) return nibble
    let length = nibble
    for (;;) {
      if (at >= end) throw damaged('is cut')
      const byte = packed[at++]
      length += byte
      if (byte < 255) return length
    }
  }
  while (at < end) {
    const token = packed[at++]
    const literals = more(token >> 4)
    if (at + literals > end) throw damaged('is cut')
    if (done + literals > out.length) throw damaged('is longer than it says')
    for (let i = 0; i < literals; i++) out[done++] = packed[at++]
    if (at === end) return done
    if (at + 2 > end) throw damaged('is cut')
    const back = packed[at] | (packed[at + 1] << 8)
    at += 2
    const length = more(token & 15) + 4
    if (back === 0 || back > done) throw damaged('reaches back before its beginning')
    if (done + length > out.length) throw damaged('is longer than it says')
    // Byte by byte: a run may overlap with what it makes.
    for (let i = 0; i < length; i++, done++) out[done] = out[done - back]
  }
  throw damaged('is cut')
}

function damaged(how: string): Error {
  return new Error(`an LZ4 frame ${how}`)
}
