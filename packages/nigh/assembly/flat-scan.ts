// The inner loops of a flat search: scores of panels of 8 points for four queries at a time, or for one.

import { list } from './flat-list'
import { Q_CUT, SLOT } from './flat-slot'

/**
 * A block of queries, four and four interleaved, against a run of panels. A panel stays in the first-level cache while
 * all queries pass; the queries come from the second.
 */
export function scanBlock(
  record: usize,
  scratch: usize,
  groups: usize,
  slots: usize,
  queries: i32,
  width: usize,
  cut: usize,
  panel: usize,
  halves: usize,
  cutHalves: usize,
  panels: i32,
  row: i32,
): i32 {
  let given = 0
  for (let p = 0; p < panels; p++) {
    const ha = v128.load(halves)
    const hb = v128.load(halves, 16)
    let x = groups
    let slot = slots
    for (let i = 0; i < queries; i += 4) {
      let a0 = i32x4.splat(0),
        a1 = a0,
        a2 = a0,
        a3 = a0
      let b0 = a0,
        b1 = a0,
        b2 = a0,
        b3 = a0
      let pair = panel
      const next = x + (width << 2)
      if (cut) {
        for (const end = x + (cut << 2); x < end; x += 16) {
          const pa = v128.load(pair)
          const pb = v128.load(pair, 16)
          pair += 32
          let q = v128.load32_splat(x)
          a0 = i32x4.add(a0, i32x4.dot_i16x8_s(q, pa))
          b0 = i32x4.add(b0, i32x4.dot_i16x8_s(q, pb))
          q = v128.load32_splat(x, 4)
          a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, pa))
          b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, pb))
          q = v128.load32_splat(x, 8)
          a2 = i32x4.add(a2, i32x4.dot_i16x8_s(q, pa))
          b2 = i32x4.add(b2, i32x4.dot_i16x8_s(q, pb))
          q = v128.load32_splat(x, 12)
          a3 = i32x4.add(a3, i32x4.dot_i16x8_s(q, pa))
          b3 = i32x4.add(b3, i32x4.dot_i16x8_s(q, pb))
        }
        const ca = v128.load(cutHalves)
        const cb = v128.load(cutHalves, 16)
        let low = i32x4.le_s(
          i32x4.min_s(i32x4.sub(ca, a0), i32x4.sub(cb, b0)),
          v128.load32_splat(slot, Q_CUT),
        )
        low = v128.or(
          low,
          i32x4.le_s(
            i32x4.min_s(i32x4.sub(ca, a1), i32x4.sub(cb, b1)),
            v128.load32_splat(slot, SLOT + Q_CUT),
          ),
        )
        low = v128.or(
          low,
          i32x4.le_s(
            i32x4.min_s(i32x4.sub(ca, a2), i32x4.sub(cb, b2)),
            v128.load32_splat(slot, 2 * SLOT + Q_CUT),
          ),
        )
        low = v128.or(
          low,
          i32x4.le_s(
            i32x4.min_s(i32x4.sub(ca, a3), i32x4.sub(cb, b3)),
            v128.load32_splat(slot, 3 * SLOT + Q_CUT),
          ),
        )
        if (!v128.any_true(low)) {
          given++
          x = next
          slot += 4 * SLOT
          continue
        }
      }
      // Not unrolled: V8 then moves the loads to the front and runs out of registers.
      for (; x < next; x += 16) {
        const pa = v128.load(pair)
        const pb = v128.load(pair, 16)
        pair += 32
        let q = v128.load32_splat(x)
        a0 = i32x4.add(a0, i32x4.dot_i16x8_s(q, pa))
        b0 = i32x4.add(b0, i32x4.dot_i16x8_s(q, pb))
        q = v128.load32_splat(x, 4)
        a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, pa))
        b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, pb))
        q = v128.load32_splat(x, 8)
        a2 = i32x4.add(a2, i32x4.dot_i16x8_s(q, pa))
        b2 = i32x4.add(b2, i32x4.dot_i16x8_s(q, pb))
        q = v128.load32_splat(x, 12)
        a3 = i32x4.add(a3, i32x4.dot_i16x8_s(q, pa))
        b3 = i32x4.add(b3, i32x4.dot_i16x8_s(q, pb))
      }
      a0 = i32x4.sub(ha, a0)
      b0 = i32x4.sub(hb, b0)
      a1 = i32x4.sub(ha, a1)
      b1 = i32x4.sub(hb, b1)
      a2 = i32x4.sub(ha, a2)
      b2 = i32x4.sub(hb, b2)
      a3 = i32x4.sub(ha, a3)
      b3 = i32x4.sub(hb, b3)
      const low0 = i32x4.le_s(i32x4.min_s(a0, b0), v128.load32_splat(slot))
      const low1 = i32x4.le_s(i32x4.min_s(a1, b1), v128.load32_splat(slot + SLOT))
      const low2 = i32x4.le_s(i32x4.min_s(a2, b2), v128.load32_splat(slot + 2 * SLOT))
      const low3 = i32x4.le_s(i32x4.min_s(a3, b3), v128.load32_splat(slot + 3 * SLOT))
      if (v128.any_true(v128.or(v128.or(low0, low1), v128.or(low2, low3)))) {
        if (v128.any_true(low0)) list(record, scratch, slot, a0, b0, row)
        if (v128.any_true(low1)) list(record, scratch, slot + SLOT, a1, b1, row)
        if (v128.any_true(low2)) list(record, scratch, slot + 2 * SLOT, a2, b2, row)
        if (v128.any_true(low3)) list(record, scratch, slot + 3 * SLOT, a3, b3, row)
      }
      slot += 4 * SLOT
    }
    panel += width << 3
    halves += 32
    cutHalves += 32
    row += 8
  }
  return given
}

/** One query against a run of panels: bound by memory, which int16 halves. */
export function scan1(
  record: usize,
  scratch: usize,
  query: usize,
  width: usize,
  panel: usize,
  halves: usize,
  panels: i32,
  row: i32,
  slot: usize,
): void {
  const size = width << 3
  for (let p = 0; p < panels; p++) {
    let a0 = i32x4.splat(0),
      a1 = a0
    let b0 = a0,
      b1 = a0
    let at: usize = 0
    for (; at + 8 <= width; at += 8) {
      let x = v128.load32_splat(query + at)
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(x, v128.load(panel)))
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(x, v128.load(panel, 16)))
      x = v128.load32_splat(query + at, 4)
      a1 = i32x4.add(a1, i32x4.dot_i16x8_s(x, v128.load(panel, 32)))
      b1 = i32x4.add(b1, i32x4.dot_i16x8_s(x, v128.load(panel, 48)))
      panel += 64
    }
    if (at < width) {
      const x = v128.load32_splat(query + at)
      a0 = i32x4.add(a0, i32x4.dot_i16x8_s(x, v128.load(panel)))
      b0 = i32x4.add(b0, i32x4.dot_i16x8_s(x, v128.load(panel, 16)))
      panel += 32
    }
    a0 = i32x4.sub(v128.load(halves), i32x4.add(a0, a1))
    b0 = i32x4.sub(v128.load(halves, 16), i32x4.add(b0, b1))
    halves += 32
    if (v128.any_true(i32x4.le_s(i32x4.min_s(a0, b0), v128.load32_splat(slot))))
      list(record, scratch, slot, a0, b0, row)
    row += 8
  }
}

/** Scores of a panel for four rows, interleaved pair by pair as a block's queries are: 4 × 8 int32 to `out`. */
export function storeScores(x: usize, panel: usize, width: usize, halves: usize, out: usize): void {
  let a0 = i32x4.splat(0),
    a1 = a0,
    a2 = a0,
    a3 = a0
  let b0 = a0,
    b1 = a0,
    b2 = a0,
    b3 = a0
  for (const end = x + (width << 2); x < end; x += 16) {
    const pa = v128.load(panel)
    const pb = v128.load(panel, 16)
    panel += 32
    let q = v128.load32_splat(x)
    a0 = i32x4.add(a0, i32x4.dot_i16x8_s(q, pa))
    b0 = i32x4.add(b0, i32x4.dot_i16x8_s(q, pb))
    q = v128.load32_splat(x, 4)
    a1 = i32x4.add(a1, i32x4.dot_i16x8_s(q, pa))
    b1 = i32x4.add(b1, i32x4.dot_i16x8_s(q, pb))
    q = v128.load32_splat(x, 8)
    a2 = i32x4.add(a2, i32x4.dot_i16x8_s(q, pa))
    b2 = i32x4.add(b2, i32x4.dot_i16x8_s(q, pb))
    q = v128.load32_splat(x, 12)
    a3 = i32x4.add(a3, i32x4.dot_i16x8_s(q, pa))
    b3 = i32x4.add(b3, i32x4.dot_i16x8_s(q, pb))
  }
  const ha = v128.load(halves)
  const hb = v128.load(halves, 16)
  v128.store(out, i32x4.sub(ha, a0))
  v128.store(out, i32x4.sub(hb, b0), 16)
  v128.store(out, i32x4.sub(ha, a1), 32)
  v128.store(out, i32x4.sub(hb, b1), 48)
  v128.store(out, i32x4.sub(ha, a2), 64)
  v128.store(out, i32x4.sub(hb, b2), 80)
  v128.store(out, i32x4.sub(ha, a3), 96)
  v128.store(out, i32x4.sub(hb, b3), 112)
}
