// Lists of rows, int32 each: which rows a kernel is to look at.

/**
 * Lists those of four rows whose bit is not set, and returns where the list goes on. There is no branch: which rows are
 * left cannot be foreseen, and a wrong guess costs more than the four stores. Up to four places past the end are written.
 */
export function listRest(next: usize, row: i32, sure: i32): usize {
  const open = <usize>~sure
  store<i32>(next, row)
  next += (open << 2) & 4
  store<i32>(next, row + 1)
  next += (open << 1) & 4
  store<i32>(next, row + 2)
  next += open & 4
  store<i32>(next, row + 3)
  return next + ((open >> 1) & 4)
}

/** How many rows a list holds: the last vectors may have reached past the round's rows, and listed what is none. */
export function lengthOf(list: usize, next: usize, rows: i32): i32 {
  while (next > list && load<i32>(next - 4) >= rows) next -= 4
  return <i32>((next - list) >> 2)
}

/** Repeats the last entry of a list up to a multiple of four or eight. */
export function padList(list: usize, length: i32, multiple: i32 = 4): void {
  const last = load<i32>(list + ((<usize>(length - 1)) << 2))
  const end = (length + multiple - 1) & -multiple
  for (let at = length; at < end; at++) store<i32>(list + ((<usize>at) << 2), last)
}
