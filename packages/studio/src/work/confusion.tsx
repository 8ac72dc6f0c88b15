import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { MOST_CLASSES, type Evaluated } from '../compute/tasks.ts'
import { count } from '../numbers.ts'
import { RowButtons } from './inspection.tsx'

/** True class by predicted class; a press on a cell lists its rows. */
export function ConfusionTable(props: {
  readonly found: Evaluated & { readonly task: 'classify' }
}): JSX.Element {
  const { found } = props
  const cell = useSignal<readonly [number, number] | null>(null)
  // A press speaks of the answers that it was made on.
  useEffect(() => {
    cell.value = null
  }, [found])
  const most = Math.max(1, ...found.matrix.map((row) => Math.max(...row)))
  const rows = useMemo(() => {
    if (cell.value === null) return []
    const [truth, answer] = cell.value
    const list: number[] = []
    for (let i = 0; i < found.judged.length && list.length < 200; i++) {
      if (found.truth[i] === truth && found.answers[i] === answer) list.push(found.judged[i])
    }
    return list
  }, [cell.value, found])
  const shown = found.classes.slice(0, MOST_CLASSES)
  return (
    <div class="stack">
      <h2>Who is taken for whom</h2>
      <p class="small quiet">
        A line for each true class, a column for each answer. Press a number to see its rows.
        {found.classes.length > shown.length
          ? ` The first ${shown.length} of ${count(found.classes.length)} classes are shown.`
          : ''}
      </p>
      <div class="scroll" tabIndex={0} role="group" aria-label="Classes, true and said">
        <table class="grid" data-confusion>
          <thead>
            <tr>
              <th class="text" scope="col">
                is ↓ said →
              </th>
              {shown.map((name) => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((name, truth) => (
              <tr key={name}>
                <th class="text" scope="row">
                  {name}
                </th>
                {shown.map((other, answer) => {
                  const size = found.matrix[truth][answer]
                  const strength = Math.round((size / most) * 54)
                  return (
                    <td
                      key={other}
                      style={{
                        background:
                          size === 0
                            ? 'none'
                            : `color-mix(in oklab, var(${truth === answer ? '--accent' : '--g1'}) ${Math.max(8, strength)}%, var(--card))`,
                      }}
                    >
                      {size === 0 ? (
                        <span class="quiet">·</span>
                      ) : (
                        <button
                          type="button"
                          class="plain"
                          style={{ minHeight: '24px', padding: '0 6px', color: 'var(--ink)' }}
                          aria-label={`${size} rows of ${name} said to be ${other}`}
                          onClick={() => (cell.value = [truth, answer])}
                        >
                          {count(size)}
                        </button>
                      )}
                    </td>
                  )
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > 0 ? (
        <RowButtons
          rows={rows}
          what={`${found.classes[cell.value?.[0] ?? 0]} said to be ${found.classes[cell.value?.[1] ?? 0]}`}
        />
      ) : null}
    </div>
  )
}
