import type { ComponentChildren, JSX } from 'preact'

/** One column of a table of rows. */
export interface Head {
  readonly name: string
  /** Numbers stand at the right, text at the left; long text may break. */
  readonly kind: 'number' | 'text' | 'long'
}

/** One line: the row it speaks of, and a cell for every other column. */
export interface Line {
  readonly row: number
  /** What stands for the row; its number where nothing is given. */
  readonly head?: ComponentChildren
  readonly cells: readonly (string | { readonly show: string; readonly exact: string })[]
  readonly lit?: boolean
}

/** Text and names beyond this are cut, and whole on a look. */
const LONGEST = 40
const LONGEST_NAME = 24

/** Rows of the table that is open, side by side with what was found about them. Scrolls in itself. */
export function RowsTable(props: {
  /** What it is, for those who hear it. */
  readonly label: string
  readonly heads: readonly Head[]
  readonly lines: readonly Line[]
  /** How tall it may be. */
  readonly tall?: string
}): JSX.Element {
  const { label, heads, lines, tall } = props
  return (
    <div
      class="scroll"
      style={tall === undefined ? {} : { maxHeight: tall }}
      tabIndex={0}
      role="group"
      aria-label={label}
    >
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">row</th>
            {heads.map(({ name, kind }) => (
              <th key={name} scope="col" class={kind === 'number' ? undefined : 'text'} title={name}>
                {cut(name, LONGEST_NAME)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {lines.map(({ row, head, cells, lit }) => (
            <tr key={row} class={lit === true ? 'picked' : undefined}>
              <th scope="row">{head ?? row}</th>
              {cells.map((cell, j) => {
                const { name, kind } = heads[j]
                const show = typeof cell === 'string' ? cell : cell.show
                const exact = typeof cell === 'string' ? cell : cell.exact
                if (kind === 'long') {
                  return (
                    <td key={name} class="long small">
                      {show}
                    </td>
                  )
                }
                const short = cut(show, LONGEST)
                return (
                  <td
                    key={name}
                    class={kind === 'text' ? 'text' : undefined}
                    title={exact === short ? undefined : exact}
                  >
                    {short}
                  </td>
                )
              })}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, most - 1)}…` : text
}
