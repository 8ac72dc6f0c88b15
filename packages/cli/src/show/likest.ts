/**
 * The name that somebody most likely meant: the same but for case and blanks, or off by a few letters; undefined where
 * none is near.
 */
export function likest(wanted: string, names: readonly string[]): string | undefined {
  const plain = (name: string): string =>
    name
      .trim()
      .toLowerCase()
      .replace(/[\s_-]+/g, '_')
  const target = plain(wanted)
  let best: string | undefined
  // A third of the letters, as shells and compilers allow; short names leave less room for doubt, and of a single letter
  // nothing is left.
  let least = Math.min(target.length, Math.max(1, Math.floor(target.length / 3)) + 1)
  for (const name of names) {
    const off = letters(target, plain(name), least)
    if (off < least) {
      least = off
      best = name
    }
  }
  return best
}

/** How many letters must be added, dropped, changed or swapped with their neighbour; `most` stands for that and more. */
function letters(a: string, b: string, most: number): number {
  if (Math.abs(a.length - b.length) >= most) return most
  let before: number[] = []
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1]
      let off = Math.min(row[j] + 1, next[j - 1] + 1, row[j - 1] + (same ? 0 : 1))
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        off = Math.min(off, before[j - 2] + 1)
      next.push(off)
    }
    before = row
    row = next
  }
  return Math.min(most, row[b.length])
}
