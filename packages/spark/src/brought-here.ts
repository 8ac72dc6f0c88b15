/** How many rows may be brought here, of how many bytes, and how much work they may be; tests bring fewer. */
export const broughtHere: { rows: number; readonly bytes: number; readonly work: number } = {
  rows: 2 ** 16,
  bytes: 8 << 20,
  work: 2 ** 28,
}
