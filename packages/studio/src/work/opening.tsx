import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import customersUrl from '../../../../examples/data/cdnow-customers.csv?url'
import earthquakesUrl from '../../../../examples/data/earthquakes.csv?url'
import irisUrl from '../../../../examples/data/iris.csv?url'
import penguinsUrl from '../../../../examples/data/penguins.csv?url'
import wineUrl from '../../../../examples/data/wine.csv?url'
import { bytes, count } from '../numbers.ts'
import { LARGEST_FILE, MOST_CELLS, usualChoices } from '../read/read.ts'
import { choices, file, openFile, trouble } from './state.ts'

const samples = [
  { title: 'Customers', file: 'cdnow-customers.csv', url: customersUrl },
  { title: 'Penguins', file: 'penguins.csv', url: penguinsUrl },
  { title: 'Iris', file: 'iris.csv', url: irisUrl },
  { title: 'Wine', file: 'wine.csv', url: wineUrl },
  { title: 'Earthquakes', file: 'earthquakes.csv', url: earthquakesUrl },
] as const

/** Where a file is dropped, or chosen, or a sample taken. */
export function Opening(): JSX.Element {
  const over = useSignal(false)
  const input = useRef<HTMLInputElement>(null)
  const take = (given: File | undefined): void => {
    if (given !== undefined) void openFile(given)
  }
  const takeSample = async (sample: (typeof samples)[number]): Promise<void> => {
    try {
      const response = await fetch(sample.url)
      if (!response.ok) throw new Error(String(response.status))
      take(new File([await response.blob()], sample.file))
    } catch {
      trouble.value = `The sample ${sample.title} could not be loaded. Reload while you are online, or open a file of your own.`
    }
  }
  return (
    <div class="stack far">
      <div
        class={over.value ? 'drop over' : 'drop'}
        onDragOver={(event) => {
          event.preventDefault()
          over.value = true
        }}
        onDragLeave={() => (over.value = false)}
        onDrop={(event) => {
          event.preventDefault()
          over.value = false
          take(event.dataTransfer?.files[0])
        }}
      >
        <h1 style={{ fontSize: '1.4667rem', lineHeight: '32px' }}>Drop a table here</h1>
        <p class="quiet">CSV, TSV, JSON, Parquet or Arrow. It stays in this browser: nothing is uploaded.</p>
        <button type="button" class="primary" onClick={() => input.current?.click()}>
          Open a file
        </button>
        <input
          ref={input}
          type="file"
          hidden
          aria-label="Open a file"
          accept=".csv,.tsv,.tab,.txt,.gz,.json,.ndjson,.jsonl,.parquet,.pq,.arrow,.arrows,.feather,.ipc"
          onChange={(event) => {
            take(event.currentTarget.files?.[0])
            event.currentTarget.value = ''
          }}
        />
        <div class="row" style={{ justifyContent: 'center' }}>
          <span class="small quiet">or a sample:</span>
          {samples.map((sample) => (
            <button key={sample.file} type="button" onClick={() => void takeSample(sample)}>
              {sample.title}
            </button>
          ))}
        </div>
        <p class="tiny quiet">
          Up to {bytes(LARGEST_FILE)} and {count(MOST_CELLS)} cells, as far as this browser has memory. For
          more there is the command nigh.
        </p>
      </div>
      <div class="promises">
        {promises.map(({ title, text }) => (
          <section key={title} class="card stack">
            <h2>{title}</h2>
            <p class="small quiet">{text}</p>
          </section>
        ))}
      </div>
    </div>
  )
}

const promises = [
  {
    title: 'Cluster',
    text: 'Groups of rows that are alike: how many there are, if any, what sets each apart, and a picture of up to a million rows. Take the table, the model, a report, or the command that gives the same bits.',
  },
  {
    title: 'Predict',
    text: 'One column from the others, by the most similar rows: tried on rows it had not seen, every answer with the neighbours behind it. Then for new files.',
  },
  {
    title: 'Anomalies',
    text: 'Rows that are unlike the others, ranked, and in which columns they differ from the rows nearest to them.',
  },
] as const

/** How a text file is read, where it does not say enough by itself. */
export function ReadingOptions(props: { readonly onApply: () => void }): JSX.Element {
  const now = choices.value
  return (
    <div class="stack" style={{ paddingTop: '8px' }}>
      <label class="field">
        Cells are separated by
        <select
          value={now.delimiter ?? ''}
          onChange={(event) => {
            const { value } = event.currentTarget
            choices.value = {
              ...now,
              delimiter: value === ',' || value === ';' || value === '\t' || value === '|' ? value : null,
            }
          }}
        >
          <option value="">whatever fits</option>
          <option value=",">commas</option>
          <option value=";">semicolons</option>
          <option value={'\t'}>tabs</option>
          <option value="|">bars</option>
        </select>
      </label>
      <label class="field">
        Decimal mark
        <select
          value={now.decimal ?? ''}
          onChange={(event) => {
            const { value } = event.currentTarget
            choices.value = { ...now, decimal: value === '.' || value === ',' ? value : null }
          }}
        >
          <option value="">whatever fits</option>
          <option value=".">point</option>
          <option value=",">comma</option>
        </select>
      </label>
      <label class="field">
        Encoding
        <select
          value={now.encoding}
          onChange={(event) => {
            choices.value = {
              ...now,
              encoding: event.currentTarget.value === 'windows-1252' ? 'windows-1252' : 'utf-8',
            }
          }}
        >
          <option value="utf-8">UTF-8</option>
          <option value="windows-1252">Windows-1252 (Latin-1)</option>
        </select>
      </label>
      <label class="field">
        <input
          type="checkbox"
          checked={now.header}
          onChange={(event) => (choices.value = { ...now, header: event.currentTarget.checked })}
        />
        the first line holds names
      </label>
      <label class="field">
        Read as text
        <input
          type="text"
          placeholder="names, separated by commas"
          value={now.text.join(', ')}
          onChange={(event) =>
            (choices.value = {
              ...now,
              text: event.currentTarget.value
                .split(',')
                .map((name) => name.trim())
                .filter((name) => name !== ''),
            })
          }
        />
      </label>
      <label class="field">
        Missing values
        <input
          type="text"
          placeholder="NA, NaN, null …"
          value={now.missingMarks?.join(', ') ?? ''}
          onChange={(event) => {
            const marks = event.currentTarget.value
              .split(',')
              .map((mark) => mark.trim())
              .filter((mark) => mark !== '')
            choices.value = { ...now, missingMarks: marks.length === 0 ? null : marks }
          }}
        />
      </label>
      <div class="row">
        <button type="button" onClick={props.onApply} disabled={file.value === null}>
          Read again
        </button>
        <button type="button" class="plain" onClick={() => (choices.value = usualChoices)}>
          Usual
        </button>
      </div>
    </div>
  )
}
