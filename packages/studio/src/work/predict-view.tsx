import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useRef } from 'preact/hooks'
import { brief, count, percent, plural } from '../numbers.ts'
import { Count, Segments } from '../parts.tsx'
import { commandCan, knnCommand } from '../write/reproduce.ts'
import { knnCode } from '../write/typescript.ts'
import { AgainstActual } from './against-actual.tsx'
import { ConfusionTable } from './confusion.tsx'
import { Inspection } from './inspection.tsx'
import { NeighborChart } from './neighbor-chart.tsx'
import { Recipes } from './recipes.tsx'
import {
  change,
  chooseNeighbors,
  evaluate,
  evaluated,
  neighborChoice,
  recipeNow,
  roles,
  save,
  settings,
  stem,
  table,
  work,
} from './state.ts'

export function PredictPicture(): JSX.Element {
  const found = evaluated.value
  return (
    <section class="card stack far" aria-label="How well it predicts">
      {found === null ? (
        <Invitation />
      ) : found.task === 'classify' ? (
        <ConfusionTable found={found} />
      ) : (
        <AgainstActual found={found} />
      )}
      <NeighborChart />
      <Inspection />
    </section>
  )
}

function Invitation(): JSX.Element {
  return (
    <div class="stack">
      <h2>Learn one column from the others</h2>
      <p class="quiet">
        KNN keeps the rows and asks the k most similar ones. Choose the column to predict on the right, then
        let k be chosen by cross-validation, or try one. Every figure comes from rows that the model had not
        seen.
      </p>
    </div>
  )
}

export function PredictPanel(): JSX.Element {
  const opened = table.value
  const { target, neighbors, columns, folds, seed } = settings.value
  const input = useRef<HTMLInputElement>(null)
  const over = useSignal(false)
  /** The file of new rows: the command then says it, too. */
  const asked = useSignal<string | null>(null)
  if (opened === null) return <span />
  const column = opened.summaries.find(({ name }) => name === target)
  const ready = target !== null && columns.some((name) => name !== target)
  const recipe = recipeNow(opened)
  // There are no more trials than rows.
  const trials = Math.min(folds, evaluated.value?.rows ?? folds)
  const predictRows = async (file: File): Promise<void> => {
    const made = await work('predict', {
      roles: roles(target),
      settings: neighbors,
      file,
      choices: opened.choices,
    })
    if (made === null) return
    asked.value = file.name
    save(made)
  }
  return (
    <section class="card stack" aria-labelledby="predict-title">
      <h2 id="predict-title">Predict</h2>
      <label class="field">
        Column to predict
        <select
          style={{ flex: 1 }}
          value={target ?? ''}
          data-target
          onChange={(event) => {
            const name = event.currentTarget.value
            const chosen = opened.summaries.find((one) => one.name === name)
            neighborChoice.value = null
            change({
              target: name === '' ? null : name,
              neighbors: {
                ...neighbors,
                task: chosen?.type === 'number' && chosen.distinct > 10 ? 'regress' : 'classify',
              },
            })
          }}
        >
          <option value="">choose …</option>
          {opened.summaries
            .filter(({ type }) => type !== 'date')
            .map(({ name }) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
        </select>
      </label>
      <div class="row">
        <Segments
          label="Task"
          value={neighbors.task}
          onPick={(task) => change({ neighbors: { ...neighbors, task } })}
          options={[
            { value: 'classify', text: 'classes' },
            { value: 'regress', text: 'numbers' },
          ]}
        />
        <Segments
          label="Weights"
          value={neighbors.weights}
          onPick={(weights) => change({ neighbors: { ...neighbors, weights } })}
          options={[
            { value: 'uniform', text: 'equal votes' },
            { value: 'distance', text: 'by distance' },
          ]}
        />
      </div>
      {column !== undefined && neighbors.task === 'classify' && column.distinct > 50 ? (
        <p class="notice">
          {count(column.distinct)} different values are many for classes. If they are amounts, choose numbers.
        </p>
      ) : null}
      <Count
        label="k"
        name="knn-k"
        value={neighbors.k}
        from={1}
        to={Math.max(1, Math.min(50, opened.rows - 1))}
        onPick={(k) => change({ neighbors: { ...neighbors, k } }, 'knn-k')}
      />
      <div class="row">
        <button
          type="button"
          class="primary"
          data-choose-neighbors
          disabled={!ready}
          onClick={() => void chooseNeighbors()}
        >
          Choose k, then try it
        </button>
        <button type="button" data-evaluate disabled={!ready} onClick={() => void evaluate()}>
          Try k = {neighbors.k}
        </button>
      </div>
      {target !== null && !ready ? (
        <p class="small quiet">
          No other column is in use, so there is nothing to predict it from: choose some on the left.
        </p>
      ) : null}
      <Verdict />
      {ready ? (
        <section
          class={over.value ? 'stack drop small over' : 'stack drop small'}
          aria-label="New rows"
          data-drop-rows
          onDragOver={(event) => {
            event.preventDefault()
            event.stopPropagation()
            over.value = true
          }}
          onDragLeave={() => (over.value = false)}
          onDrop={(event) => {
            event.preventDefault()
            over.value = false
            const given = event.dataTransfer?.files[0]
            if (given !== undefined) void predictRows(given)
          }}
        >
          <h3>New rows</h3>
          <p class="small quiet">
            Drop a file with the same columns here, or open it: each row gets its prediction, and the rows
            behind it.
          </p>
          <input
            ref={input}
            type="file"
            hidden
            aria-label="Rows to predict"
            data-predict
            onChange={(event) => {
              const file = event.currentTarget.files?.[0]
              event.currentTarget.value = ''
              if (file !== undefined) void predictRows(file)
            }}
          />
          <button type="button" onClick={() => input.current?.click()}>
            Predict a file
          </button>
        </section>
      ) : null}
      {ready ? (
        <section class="stack" aria-label="Take along">
          <h3>Take along</h3>
          <div class="row">
            <button
              type="button"
              onClick={() => {
                void work('neighborModel', {
                  roles: roles(target),
                  settings: neighbors,
                  name: `${stem(opened.name)}-${neighbors.task}.nigh`,
                }).then((made) => {
                  if (made !== null) save(made)
                })
              }}
            >
              Model (.nigh)
            </button>
          </div>
          <Recipes
            code={knnCode(recipe, target ?? '', neighbors)}
            command={
              commandCan(recipe) && target !== null && !target.includes(',')
                ? knnCommand(recipe, target, neighbors, trials, seed, asked.value)
                : null
            }
            stale={false}
          />
        </section>
      ) : null}
    </section>
  )
}

function Verdict(): JSX.Element | null {
  const found = evaluated.value
  if (found === null) return null
  if (found.task === 'classify') {
    return (
      <div class="stack" data-evaluated={found.accuracy}>
        <p class="small">
          <b>{percent(found.accuracy)}</b> of {plural(found.rows, 'unseen row')} right. Always saying the most
          frequent class is right in {percent(found.baseline)}.
        </p>
        <dl class="facts">
          <dt>Accuracy</dt>
          <dd title={String(found.accuracy)}>{brief(found.accuracy, 4)}</dd>
          <dt>Macro F1</dt>
          <dd title={String(found.macroF1)}>{brief(found.macroF1, 4)}</dd>
        </dl>
        {found.notes.map((note) => (
          <p key={note} class="tiny quiet">
            {note}
          </p>
        ))}
      </div>
    )
  }
  return (
    <div class="stack" data-evaluated={found.r2}>
      <p class="small">
        Off by <b>{brief(found.mae)}</b> on average, on {plural(found.rows, 'unseen row')}; R²{' '}
        {brief(found.r2, 3)}.
      </p>
      <dl class="facts">
        <dt>R²</dt>
        <dd title={String(found.r2)}>{brief(found.r2, 4)}</dd>
        <dt>Root mean square error</dt>
        <dd title={String(found.rmse)}>{brief(found.rmse, 4)}</dd>
        <dt>… of always saying the mean</dt>
        <dd title={String(found.baseline)}>{brief(found.baseline, 4)}</dd>
        <dt>Mean absolute error</dt>
        <dd title={String(found.mae)}>{brief(found.mae, 4)}</dd>
      </dl>
      {found.notes.map((note) => (
        <p key={note} class="tiny quiet">
          {note}
        </p>
      ))}
    </div>
  )
}
