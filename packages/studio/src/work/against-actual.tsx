import type { JSX } from 'preact'
import type { Evaluated } from '../compute/tasks.ts'
import { count } from '../numbers.ts'
import { useWidth } from '../parts.tsx'
import { RowButtons } from './inspection.tsx'
import { inspect } from './state.ts'
import { ticksOf } from './ticks.ts'

/** Predicted against actual: on the line where they agree. */
export function AgainstActual(props: {
  readonly found: Evaluated & { readonly task: 'regress' }
}): JSX.Element {
  const { found } = props
  const { chart, width } = useWidth(640)
  const height = Math.min(400, Math.round(width * 0.7))
  const [left, bottom] = [56, 32]
  const { picture } = found
  const { least, most } = picture
  const x = (value: number): number => left + ((value - least) / (most - least)) * (width - left - 8)
  const y = (value: number): number =>
    height - bottom - ((value - least) / (most - least)) * (height - bottom - 8)
  return (
    <div class="stack">
      <h2>Predicted against actual</h2>
      <p class="small quiet">
        Each mark is a row that the model had not seen
        {picture.dots.length < found.rows
          ? ` (${count(picture.dots.length)} of ${count(found.rows)} drawn)`
          : ''}
        ; on the line, prediction and truth agree. Press one to see its neighbours.
      </p>
      <svg
        class="choice"
        ref={chart}
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label="Predicted against actual values"
      >
        {ticksOf(least, most, width / 110).map(({ at: tick, text }) => (
          <g key={tick}>
            <text x={x(tick)} y={height - 12} text-anchor="middle">
              {text}
            </text>
            <text x={left - 8} y={y(tick) + 4} text-anchor="end">
              {text}
            </text>
            <line class="axis" x1={left} x2={width - 8} y1={y(tick)} y2={y(tick)} />
          </g>
        ))}
        <line class="ref" x1={x(least)} y1={y(least)} x2={x(most)} y2={y(most)} />
        {picture.dots.map(({ truth, answer, row }) => (
          <circle
            key={row}
            class="best"
            opacity="0.45"
            cx={x(truth)}
            cy={y(answer)}
            r="2.6"
            onClick={() => void inspect(row)}
            style={{ cursor: 'pointer' }}
          />
        ))}
        <text x={width - 8} y={height - 24} text-anchor="end">
          actual →
        </text>
        <text x={left + 4} y="14">
          ↑ predicted
        </text>
      </svg>
      <RowButtons rows={picture.worst} what="Farthest off" />
    </div>
  )
}
