import type { JSX } from 'preact'
import type { ChosenNeighbors } from '../compute/tasks.ts'
import { count } from '../numbers.ts'
import { useWidth } from '../parts.tsx'
import { neighborChoice, settings, table } from './state.ts'
import { ticksOf } from './ticks.ts'

/** How each k did in cross-validation. */
export function NeighborChart(): JSX.Element | null {
  const found = neighborChoice.value
  return found === null ? null : <Scores found={found} />
}

function Scores(props: { readonly found: ChosenNeighbors }): JSX.Element {
  const { found } = props
  const { chart, width } = useWidth(640)
  const [height, left, bottom] = [152, 48, 24]
  const low = Math.min(...found.scores.map(({ score, spread }) => score - spread))
  const high = Math.max(...found.scores.map(({ score, spread }) => score + spread))
  const x = (at: number): number =>
    left + 16 + (at / Math.max(1, found.scores.length - 1)) * (width - left - 32)
  const y = (score: number): number =>
    height - bottom - ((score - low) / (high - low || 1)) * (height - bottom - 24)
  const { k } = settings.value.neighbors
  return (
    <figure style={{ margin: 0 }} class="stack">
      <h2>How many neighbours?</h2>
      <p class="small quiet">
        Five-fold cross-validation
        {found.rows < (table.value?.rows ?? 0) ? ` on ${count(found.rows)} rows` : ''}: k = {found.best} does
        best
        {found.calm > found.best
          ? `; up to k = ${found.calm} the difference is within chance, and answers are calmer`
          : ''}
        .
      </p>
      <svg
        class="choice"
        ref={chart}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`Score by k; best at ${found.best}`}
      >
        {ticksOf(low, high, 5).map(({ at: tick, text }) => (
          <g key={tick}>
            <line class="axis" x1={left} x2={width} y1={y(tick)} y2={y(tick)} />
            <text x={left - 6} y={y(tick) + 4} text-anchor="end">
              {text}
            </text>
          </g>
        ))}
        <polygon
          class="band"
          points={[
            ...found.scores.map(({ score, spread }, at) => `${x(at)},${y(score + spread)}`),
            ...found.scores.map(({ score, spread }, at) => `${x(at)},${y(score - spread)}`).reverse(),
          ].join(' ')}
        />
        <polyline
          class="line"
          points={found.scores.map(({ score }, at) => `${x(at)},${y(score)}`).join(' ')}
        />
        {found.scores.map(({ k: each, score }, at) => (
          <g key={each}>
            <circle class="best" cx={x(at)} cy={y(score)} r={each === k ? 5 : 2.5} />
            <text
              x={x(at)}
              y={height - 8}
              text-anchor="middle"
              style={each === k ? { fontWeight: '700' } : {}}
            >
              {each}
            </text>
          </g>
        ))}
      </svg>
    </figure>
  )
}
