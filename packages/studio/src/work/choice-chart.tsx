import type { ChosenK } from 'nigh'
import type { JSX } from 'preact'
import { brief } from '../numbers.ts'
import { useWidth } from '../parts.tsx'

const HEIGHT = 168
const LEFT = 40
const BOTTOM = 24

/** Two curves over k: the silhouette beside that of data without clusters, and the inertia. A press on a k takes it. */
export function ChoiceChart(props: {
  readonly found: ChosenK
  readonly k: number
  readonly onPick: (k: number) => void
}): JSX.Element {
  const { found, k } = props
  const { table } = found
  const { chart, width } = useWidth(640)
  const half = (width - LEFT) / 2
  const narrow = width < 480
  const step = (half - (narrow ? 16 : 40)) / Math.max(1, table.length - 1)
  const x = (at: number, side: number): number => LEFT + side * half + at * step
  const most = Math.max(...table.map(({ inertia }) => inertia))
  const tops = table.map(({ silhouette, silhouetteReference, silhouetteSpread }) =>
    Math.max(silhouette ?? 0, (silhouetteReference ?? 0) + 3 * (silhouetteSpread ?? 0)),
  )
  const top = Math.max(0.1, ...tops)
  const y = (share: number): number => HEIGHT - BOTTOM - Math.max(0, share) * (HEIGHT - BOTTOM - 24)
  const scored = table.map((row, at) => ({ ...row, at })).filter(({ silhouette }) => silhouette !== null)
  const band = [
    ...scored.map(
      ({ at, silhouetteReference: mean, silhouetteSpread: spread }) =>
        `${x(at, 0)},${y(((mean ?? 0) + 3 * (spread ?? 0)) / top)}`,
    ),
    ...[...scored]
      .reverse()
      .map(
        ({ at, silhouetteReference: mean, silhouetteSpread: spread }) =>
          `${x(at, 0)},${y(((mean ?? 0) - 3 * (spread ?? 0)) / top)}`,
      ),
  ]
  return (
    <figure style={{ margin: 0 }} class="stack">
      <svg
        class="choice"
        ref={chart}
        viewBox={`0 0 ${width} ${HEIGHT}`}
        role="img"
        aria-label={`Silhouette and inertia for k from ${table[0]?.k ?? 1} to ${table[table.length - 1]?.k ?? 1}`}
      >
        <text x={LEFT} y="12">
          {narrow ? 'silhouette' : 'silhouette (higher is better)'}
        </text>
        <text x={LEFT + half} y="12">
          {narrow ? 'inertia' : 'inertia (look for the knee)'}
        </text>
        {[0, 1].map((side) => (
          <line key={side} class="axis" x1={x(0, side)} x2={x(table.length - 1, side)} y1={y(0)} y2={y(0)} />
        ))}
        <text x={LEFT - 6} y={y(1) + 4} text-anchor="end">
          {brief(top, 2)}
        </text>
        <text x={LEFT - 6} y={y(0) + 4} text-anchor="end">
          0
        </text>
        <polygon class="band" points={band.join(' ')} />
        <polyline
          class="ref"
          points={scored
            .map(({ at, silhouetteReference }) => `${x(at, 0)},${y((silhouetteReference ?? 0) / top)}`)
            .join(' ')}
        />
        <polyline
          class="line"
          points={scored.map(({ at, silhouette }) => `${x(at, 0)},${y((silhouette ?? 0) / top)}`).join(' ')}
        />
        <polyline
          class="line"
          points={table.map(({ inertia }, at) => `${x(at, 1)},${y(inertia / most)}`).join(' ')}
        />
        {table.map(({ k: each, silhouette, inertia }, at) => (
          <g key={each}>
            <text
              x={x(at, 0)}
              y={HEIGHT - 8}
              text-anchor="middle"
              style={each === k ? { fontWeight: '700' } : {}}
            >
              {each}
            </text>
            <text
              x={x(at, 1)}
              y={HEIGHT - 8}
              text-anchor="middle"
              style={each === k ? { fontWeight: '700' } : {}}
            >
              {each}
            </text>
            {silhouette === null ? null : (
              <circle class="best" cx={x(at, 0)} cy={y(silhouette / top)} r={each === k ? 5 : 2.5} />
            )}
            <circle class="best" cx={x(at, 1)} cy={y(inertia / most)} r={each === k ? 5 : 2.5} />
          </g>
        ))}
      </svg>
      <figcaption class="row tiny quiet">
        Grey: what data without clusters score. Each criterion’s k:{' '}
        {found.criteria.map(({ name, k: each }) => (
          <span key={name} class="chip">
            {words[name]} {each ?? '–'}
          </span>
        ))}
      </figcaption>
      <div class="row tiny quiet">
        Take k =
        <span class="row" role="group" aria-label="Take this k">
          {table.map(({ k: each }) => (
            <button
              key={each}
              type="button"
              class="plain"
              style={{ minHeight: '24px', padding: '0 6px' }}
              aria-pressed={each === k}
              onClick={() => props.onPick(each)}
            >
              {each}
            </button>
          ))}
        </span>
      </div>
    </figure>
  )
}

const words = {
  knee: 'knee',
  silhouette: 'silhouette',
  calinskiHarabasz: 'Calinski–Harabasz',
  daviesBouldin: 'Davies–Bouldin',
  gap: 'gap',
  stability: 'stability',
} as const
