import type { Run } from '../run.ts'
import { grid } from './grid.ts'
import { brief, plural } from './numbers.ts'

/** The neighbours of the first ten queries, a line each, and how many more there are. */
export function neighborLines(
  found: {
    readonly queries: number
    readonly k: number
    /** What a query, and a neighbour by its place among all, is called. */
    query(at: number): string
    neighbor(at: number): string
    readonly distances: ArrayLike<number>
  },
  run: Run,
): string[] {
  const { queries, k, distances } = found
  const shown = Math.min(10, queries)
  return [
    ...grid(
      [
        { title: 'row', align: 'right' },
        { title: 'nearest rows (distance)', align: 'left' },
      ],
      Array.from({ length: shown }, (_, i) => [
        found.query(i),
        Array.from({ length: k }, (_one, j) => {
          const at = i * k + j
          return `${found.neighbor(at)} (${brief(distances[at])})`
        }).join('  '),
      ]),
      run.width,
      run.paint,
    ),
    ...(shown < queries
      ? [`  … and ${plural(queries - shown, 'more query', 'more queries')} (--out FILE keeps them all)`]
      : []),
  ]
}
