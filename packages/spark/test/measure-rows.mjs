// The rows that are measured, made by Spark, and how they come here.
import { Matrix } from 'nigh'

export const columns = Array.from({ length: 16 }, (_, j) => `x${j}`)

/** Rows in 40 clusters of differing width, from hashes of their numbers: the same each time, on any machine. */
export function made(n, salt) {
  const uniform = (j, s) => `(pmod(xxhash64(id, ${j}, ${s + salt}), 1048576) / 1048576D)`
  const cells = columns.map(
    (name, j) =>
      `pmod(xxhash64(c, ${j}), 1000) / 50D + (0.3D + c / 40D) * (${uniform(j, 1)} + ${uniform(j, 2)} + ${uniform(j, 3)} - 1.5D) as ${name}`,
  )
  return `select id as row, ${cells.join(', ')} from (select id, pmod(xxhash64(id, ${salt}), 40) as c from range(0, ${n}, 1, 8))`
}

export async function toMatrix(frame, n) {
  const d = columns.length
  const values = new Float64Array(n * d)
  for await (const table of frame.tables({ maxBytes: Number.POSITIVE_INFINITY })) {
    const at = Array.from(table.getChild('row'), Number)
    columns.forEach((name, j) => {
      let i = 0
      for (const value of table.getChild(name)) values[at[i++] * d + j] = value
    })
  }
  return Matrix.of(values, d)
}
