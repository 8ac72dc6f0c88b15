import { SparkError } from './errors.ts'
import type { SparkNeighbors } from './neighbors.ts'
import type { Found } from './sql-search.ts'

const nothing = new Uint8Array(0)

/** What SQL found, as a pass would have answered. */
export function listed(found: Found, queries: number, k: number, rows: number): SearchAnswer {
  const sqs = new Float64Array(queries * k).fill(Number.POSITIVE_INFINITY)
  const ids = new BigInt64Array(queries * k)
  const filled = new Uint32Array(queries)
  found.queries.forEach((query, i) => {
    const at = query * k + filled[query]++
    sqs[at] = found.sqs[i]
    ids[at] = found.ids[i]
  })
  if (filled.some((count) => count !== k)) throw new SparkError('SparkIndex.nearest: rows are missing')
  return { bytes: nothing, sqs, ids, pairs: queries * rows }
}

/** What a pass of a search answers: see java/nigh/Near.java. */
export interface SearchAnswer {
  readonly bytes: Uint8Array
  readonly sqs: Float64Array
  readonly ids: BigInt64Array
  readonly pairs: number
}

export function answerOf(bytes: Uint8Array): SearchAnswer {
  const size = (bytes.length - 8) / 16
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  const sqs = new Float64Array(size)
  const ids = new BigInt64Array(size)
  for (let i = 0; i < size; i++) {
    sqs[i] = view.getFloat64(i * 8, true)
    ids[i] = view.getBigInt64((size + i) * 8, true)
  }
  return { bytes, sqs, ids, pairs: view.getFloat64(size * 16, true) }
}

/** The k nearest of two lists of k, for each query. */
export function merged(one: SearchAnswer, two: SearchAnswer, k: number): SearchAnswer {
  const sqs = new Float64Array(one.sqs.length)
  const ids = new BigInt64Array(one.ids.length)
  for (let start = 0; start < sqs.length; start += k) {
    let a = start
    let b = start
    for (let at = start; at < start + k; at++) {
      const first = one.sqs[a] < two.sqs[b] || (one.sqs[a] === two.sqs[b] && one.ids[a] < two.ids[b])
      sqs[at] = first ? one.sqs[a] : two.sqs[b]
      ids[at] = first ? one.ids[a] : two.ids[b]
      if (first) a++
      else b++
    }
  }
  return { bytes: nothing, sqs, ids, pairs: one.pairs + two.pairs }
}

/** The answers of all batches, in the order of the queries' ids. */
export function gathered(
  batches: readonly { readonly queries: BigInt64Array; readonly answer: SearchAnswer }[],
  k: number,
): SparkNeighbors {
  const places: { query: bigint; batch: number; place: number }[] = []
  let pairs = 0
  batches.forEach(({ queries, answer }, batch) => {
    pairs += answer.pairs
    queries.forEach((query, place) => places.push({ query, batch, place }))
  })
  places.sort((a, b) => (a.query < b.query ? -1 : a.query > b.query ? 1 : 0))
  const ids = new BigInt64Array(places.length * k)
  const distances = new Float64Array(places.length * k)
  places.forEach(({ batch, place }, at) => {
    const { answer } = batches[batch]
    ids.set(answer.ids.subarray(place * k, (place + 1) * k), at * k)
    for (let i = 0; i < k; i++) {
      const sq = answer.sqs[place * k + i]
      if (sq === Number.POSITIVE_INFINITY) throw new SparkError('SparkIndex.nearest: rows are missing')
      distances[at * k + i] = Math.sqrt(sq)
    }
  })
  return { queries: BigInt64Array.from(places, ({ query }) => query), ids, distances, k, pairs }
}
