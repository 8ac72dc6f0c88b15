import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { copy, Segments } from '../parts.tsx'

/** The code and the command for what is on the page. */
export function Recipes(props: {
  readonly code: string
  /** Null where the command cannot say it. */
  readonly command: string | null
  readonly stale: boolean
}): JSX.Element {
  const kind = useSignal<'command' | 'code'>('command')
  const said = useSignal('')
  const text = kind.value === 'code' ? props.code : props.command
  return (
    <details>
      <summary>The same again, elsewhere</summary>
      <div class="stack" style={{ paddingTop: '8px' }}>
        <div class="row">
          <Segments
            label="Language"
            value={kind.value}
            onPick={(value) => (kind.value = value)}
            options={[
              { value: 'command', text: 'Command' },
              { value: 'code', text: 'TypeScript' },
            ]}
          />
          <button
            type="button"
            class="push"
            disabled={text === null}
            onClick={() => {
              void copy(text ?? '').then((done) => {
                said.value = done ? 'Copied' : 'Select and copy it'
                setTimeout(() => (said.value = ''), 2000)
              })
            }}
          >
            {said.value === '' ? 'Copy' : said.value}
          </button>
        </div>
        <pre data-recipe={kind.value} tabIndex={0}>
          {text ??
            'A column’s name holds a comma, which the command’s lists cannot say: take the TypeScript.'}
        </pre>
        {props.stale ? <p class="tiny quiet">For the settings as they are now.</p> : null}
      </div>
    </details>
  )
}
