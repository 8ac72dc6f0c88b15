import type { JSX } from 'preact'
import { settings, table } from './state.ts'

/** What lies along one axis of the picture: a component or a column. */
export function AxisChoice(props: {
  readonly name: string
  readonly label: string
  readonly value: string
  readonly onPick: (value: string) => void
}): JSX.Element {
  const { columns } = settings.value
  // One column has one component; a second axis is then flat, and still says what it is.
  const chosen = props.value.startsWith('pc:') ? Number(props.value.slice(3)) + 1 : 1
  const components = Math.max(chosen, Math.min(4, columns.length))
  return (
    <label class="field">
      <span aria-hidden="true">{props.label}</span>
      <span class="hidden-text">Axis {props.name}</span>
      <select
        value={props.value}
        data-axis={props.name}
        style={{ width: '160px' }}
        onChange={(event) => props.onPick(event.currentTarget.value)}
      >
        {Array.from({ length: components }, (_, c) => (
          <option key={c} value={`pc:${c}`}>
            component {c + 1}
          </option>
        ))}
        {table.value?.summaries.map(({ name }) => (
          <option key={name} value={`c:${name}`}>
            {name}
          </option>
        ))}
      </select>
    </label>
  )
}
