// Damages bytes, the same way for the same seed and case.

/** Numbers from 0 to 1 by a generator of 32 bits (mulberry32): whole-number arithmetic, the same everywhere. */
export function draws(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
}

const marks = Array.from('",;\t|\n\r[]{}:-+.eE0 9\'\\N_', (mark) => mark.charCodeAt(0))
const lengths = [0, 1, -1, 127, 128, 255, 256, 32767, 65535, 65536, 0x7fffffff, -0x80000000, 0x40000000]

/** One to four changes: bits, bytes, marks of the format, lengths, cuts, copies, swaps, pieces of another file. */
export function damaged(sound, other, draw) {
  let bytes = Uint8Array.from(sound)
  const whole = (n) => Math.floor(draw() * n)
  const place = () => (draw() < 0.3 ? edge(bytes.length, whole) : whole(Math.max(1, bytes.length)))
  const changes = 1 + whole(draw() < 0.75 ? 1 : 4)
  for (let change = 0; change < changes; change++) {
    const at = place()
    const size = 1 + whole(draw() < 0.7 ? 8 : 200)
    switch (whole(11)) {
      case 0:
        bytes[at] ^= 1 << whole(8)
        break
      case 1:
        bytes[at] = whole(256)
        break
      case 2:
        bytes[at] = marks[whole(marks.length)]
        break
      case 3:
        bytes.fill(0, at, at + 8)
        break
      case 4: {
        const view = new DataView(bytes.buffer)
        const value = lengths[whole(lengths.length)]
        const there = at - (at % (draw() < 0.5 ? 4 : 1))
        if (there + 8 > bytes.length) break
        if (draw() < 0.5) view.setInt32(there, value, true)
        else view.setBigInt64(there, BigInt(value) * (draw() < 0.3 ? 1n << 31n : 1n), true)
        break
      }
      case 5:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at + size))
        break
      case 6:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(at, at + size), bytes.subarray(at))
        break
      case 7:
        bytes = joined(
          bytes.subarray(0, at),
          Uint8Array.from({ length: size }, () => (draw() < 0.5 ? marks[whole(marks.length)] : whole(256))),
          bytes.subarray(at),
        )
        break
      case 8:
        bytes = draw() < 0.5 ? bytes.slice(0, at) : joined(bytes, bytes.subarray(at, at + size))
        break
      case 9: {
        const there = place()
        const piece = bytes.slice(there, there + size)
        bytes.set(piece.subarray(0, Math.max(0, bytes.length - at)), at)
        break
      }
      default: {
        const there = whole(other.length)
        bytes = joined(bytes.subarray(0, at), other.subarray(there, there + size), bytes.subarray(at + size))
      }
    }
    if (bytes.length === 0) return bytes
  }
  return bytes
}

/** Near the beginning or the end, where headers and footers are. */
function edge(length, whole) {
  const near = Math.min(length, 1 + whole(64))
  return Math.max(0, Math.min(length - 1, whole(2) === 0 ? near : length - near))
}

function joined(...parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
