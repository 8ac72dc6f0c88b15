// Compares two runs of the golden fits part by part, and names the first value that differs.

/** The differences of `other` from `first`: one line each, at most `most`. */
export function differences(first, other, most = 5) {
  const lines = []
  for (const name of new Set([...Object.keys(first), ...Object.keys(other)])) {
    if (lines.length >= most) break
    if (first[name] === undefined || other[name] === undefined) {
      lines.push(`${name}: only in ${first[name] === undefined ? 'the second' : 'the first'}`)
      continue
    }
    const line = partsDiffer(first[name].parts, other[name].parts)
    if (line !== null) lines.push(`${name}: ${line}`)
  }
  return lines
}

/** What a run says of itself: fits that must equal another fit of the same run. */
export function contradictions(fits) {
  const lines = []
  for (const [name, { sameAs, parts }] of Object.entries(fits)) {
    if (sameAs === null) continue
    const line = partsDiffer(fits[sameAs].parts, parts)
    if (line !== null) lines.push(`${name} is not as ${sameAs}: ${line}`)
  }
  return lines
}

function partsDiffer(one, two) {
  for (const part of new Set([...Object.keys(one), ...Object.keys(two)])) {
    const [a, b] = [one[part], two[part]]
    if (a === undefined || b === undefined) return `${part} is missing`
    if (a.hash === b.hash && a.length === b.length && a.type === b.type) continue
    const [x, y] = [valuesOf(a), valuesOf(b)]
    const at = x.findIndex((value, i) => !Object.is(value, y[i]))
    return `${part}[${at < 0 ? x.length : at}] is ${x[at]} and ${y[at]} (${a.length} and ${b.length} values)`
  }
  return null
}

const types = { Float64Array, Float32Array, Uint32Array, Int32Array, Uint8Array }

function valuesOf({ type, bytes }) {
  const raw = Uint8Array.from(Buffer.from(bytes, 'base64'))
  return Array.from(new types[type](raw.buffer))
}
