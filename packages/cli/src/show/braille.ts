/** Marks of braille, dot by dot: two across, four down. */
const bits = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const

/** Terminal colours that are told apart on black and on white, in the order of the clusters. */
const colors = [34, 31, 32, 35, 33, 36, 94, 90] as const

/** How a scatter of the terminal is drawn. */
export interface BrailleOptions {
  /** Characters across and lines down. */
  readonly width: number
  readonly height: number
  /** Whether escape sequences may be written. */
  readonly colored: boolean
}

/**
 * Rows in the plane as lines of braille: 2 × 4 dots a character. A character has the colour of the group with most rows
 * in it; the number of each group stands in its middle.
 *
 * Cost: n. Rows beyond the middle 99 % lie on the edge where they are far away.
 */
export function brailleScatter(
  x: Float64Array,
  y: Float64Array,
  groups: Uint32Array,
  { width, height, colored }: BrailleOptions,
): string[] {
  const across = scaleOf(x, width * 2)
  const down = scaleOf(y, height * 4)
  const dots = new Uint8Array(width * height)
  const k = groups.reduce((most, group) => Math.max(most, group), 0) + 1
  const votes = new Uint32Array(width * height * k)
  const middles = Array.from({ length: k }, () => ({ rows: 0, x: 0, y: 0 }))
  for (let i = 0; i < x.length; i++) {
    const column = across(x[i])
    // The screen counts from the top.
    const line = height * 4 - 1 - down(y[i])
    const cell = (line >> 2) * width + (column >> 1)
    dots[cell] |= bits[line & 3][column & 1]
    votes[cell * k + groups[i]]++
    const middle = middles[groups[i]]
    middle.rows++
    middle.x += column / 2
    middle.y += line / 4
  }
  const names = new Map<number, { readonly mark: string; readonly group: number }>()
  for (const [group, { rows, x: sx, y: sy }] of middles.entries()) {
    if (rows === 0) continue
    const name = String(group)
    const at = Math.min(width - name.length, Math.floor(sx / rows))
    const line = Math.min(height - 1, Math.floor(sy / rows))
    for (const [offset, mark] of [...name].entries()) names.set(line * width + at + offset, { mark, group })
  }
  return Array.from({ length: height }, (_, line) => {
    let text = ''
    for (let column = 0; column < width; column++) {
      const cell = line * width + column
      const name = names.get(cell)
      if (name !== undefined) {
        text += colored ? `\u001b[1;7;${colors[name.group % colors.length]}m${name.mark}\u001b[0m` : name.mark
        continue
      }
      if (dots[cell] === 0) {
        text += ' '
        continue
      }
      const mark = String.fromCharCode(0x2800 + dots[cell])
      if (!colored) {
        text += mark
        continue
      }
      let best = 0
      for (let g = 1; g < k; g++) if (votes[cell * k + g] > votes[cell * k + best]) best = g
      text += `\u001b[${colors[best % colors.length]}m${mark}\u001b[39m`
    }
    return text.trimEnd()
  })
}

/** Brings numbers to whole places from 0; few that lie far away go to the edge. */
function scaleOf(values: Float64Array, places: number): (value: number) => number {
  const sorted = Float64Array.from(values).sort()
  const last = sorted.length - 1
  const inner = [sorted[Math.floor(last * 0.005)], sorted[Math.ceil(last * 0.995)]] as const
  const spread = inner[1] - inner[0]
  const far = spread > 0 && sorted[last] - sorted[0] > 2.5 * spread
  const low = far ? Math.max(sorted[0], inner[0] - spread * 0.1) : sorted[0]
  const high = far ? Math.min(sorted[last], inner[1] + spread * 0.1) : sorted[last]
  if (!(high > low)) return () => places >> 1
  return (value) => Math.min(places - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * places)))
}
