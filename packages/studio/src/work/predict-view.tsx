import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import type { Evaluated } from '../compute/tasks.ts'
import { brief, count, percent, plural } from '../numbers.ts'
import { Count, Segments } from '../parts.tsx'
import { usualChoices } from '../read/read.ts'
import { commandCan, knnCode, knnCommand, type Recipe } from '../write/reproduce.ts'
import { Recipes } from './recipes.tsx'
import {
  change,
  chooseNeighbors,
  evaluate,
  evaluated,
  inspect,
  inspected,
  job,
  neighborChoice,
  roles,
  save,
  settings,
  stem,
  table,
  work,
} from './state.ts'
import { ticksOf, tickText } from './ticks.ts'

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
      <KChart />
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
  const { target, neighbors, columns, scale, missing, folds, seed } = settings.value
  const input = useRef<HTMLInputElement>(null)
  if (opened === null) return <span />
  const column = opened.summaries.find(({ name }) => name === target)
  const ready = target !== null && columns.some((name) => name !== target)
  const recipe: Recipe = { file: opened.name, columns, scale, missing, choices: opened.choices }
  const predictRows = async (file: File): Promise<void> => {
    const made = await work('predict', {
      roles: roles(target),
      settings: neighbors,
      file,
      choices: usualChoices,
    })
    if (made !== null) save(made)
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
        to={Math.min(50, opened.rows - 1)}
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
      <Verdict />
      {ready ? (
        <section class="stack" aria-label="Take along">
          <h3>New rows</h3>
          <p class="small quiet">
            Open a file with the same columns: each row gets its prediction, and the rows behind it.
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
          <div class="row">
            <button type="button" onClick={() => input.current?.click()}>
              Predict a file
            </button>
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
                ? knnCommand(recipe, target, neighbors, folds, seed)
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

type Classified = Evaluated & { readonly task: 'classify' }
type Regressed = Evaluated & { readonly task: 'regress' }

/** True class by predicted class; a press on a cell lists its rows. */
function ConfusionTable(props: { readonly found: Classified }): JSX.Element {
  const { found } = props
  const cell = useSignal<readonly [number, number] | null>(null)
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
  const shown = found.classes.slice(0, 30)
  return (
    <div class="stack">
      <h2>Who is taken for whom</h2>
      <p class="small quiet">
        A line for each true class, a column for each answer. Press a number to see its rows.
      </p>
      <div class="scroll">
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
                  const strength = Math.round((size / most) * 60)
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

function RowButtons(props: { readonly rows: readonly number[]; readonly what: string }): JSX.Element {
  return (
    <div class="stack">
      <h3>{props.what}: press a row to see why</h3>
      <div class="row" style={{ maxHeight: '104px', overflow: 'auto' }}>
        {props.rows.map((row) => (
          <button
            key={row}
            type="button"
            aria-pressed={inspected.value?.index === row}
            onClick={() => void inspect(row)}
            data-row={row}
          >
            {row}
          </button>
        ))}
      </div>
    </div>
  )
}

/** Predicted against actual: on the line where they agree. */
function AgainstActual(props: { readonly found: Regressed }): JSX.Element {
  const { found } = props
  const [width, height, left, bottom] = [640, 400, 56, 32]
  const picture = useMemo(() => {
    let least = Number.POSITIVE_INFINITY
    let most = Number.NEGATIVE_INFINITY
    for (const list of [found.truth, found.answers]) {
      for (const value of list) {
        if (value < least) least = value
        if (value > most) most = value
      }
    }
    const step = Math.max(1, Math.floor(found.truth.length / 1500))
    const dots: { x: number; y: number; row: number }[] = []
    for (let i = 0; i < found.truth.length; i += step)
      dots.push({ x: found.truth[i], y: found.answers[i], row: found.judged[i] })
    const worst = Array.from(found.judged.keys())
      .sort(
        (a, b) => Math.abs(found.truth[b] - found.answers[b]) - Math.abs(found.truth[a] - found.answers[a]),
      )
      .slice(0, 24)
      .map((i) => found.judged[i])
    return { least, most: most === least ? least + 1 : most, dots, worst }
  }, [found])
  const { least, most } = picture
  const x = (value: number): number => left + ((value - least) / (most - least)) * (width - left - 8)
  const y = (value: number): number =>
    height - bottom - ((value - least) / (most - least)) * (height - bottom - 8)
  return (
    <div class="stack">
      <h2>Predicted against actual</h2>
      <p class="small quiet">
        Each mark is a row that the model had not seen
        {picture.dots.length < found.truth.length
          ? ` (${count(picture.dots.length)} of ${count(found.truth.length)} drawn)`
          : ''}
        ; on the line, prediction and truth agree. Press one to see its neighbours.
      </p>
      <svg
        class="choice"
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label="Predicted against actual values"
      >
        {ticksOf(least, most, 6).map((tick) => (
          <g key={tick}>
            <text x={x(tick)} y={height - 12} text-anchor="middle">
              {tickText(tick, false)}
            </text>
            <text x={left - 8} y={y(tick) + 4} text-anchor="end">
              {tickText(tick, false)}
            </text>
            <line class="axis" x1={left} x2={width - 8} y1={y(tick)} y2={y(tick)} />
          </g>
        ))}
        <line class="ref" x1={x(least)} y1={y(least)} x2={x(most)} y2={y(most)} />
        {picture.dots.map(({ x: tx, y: ty, row }) => (
          <circle
            key={row}
            class="best"
            opacity="0.45"
            cx={x(tx)}
            cy={y(ty)}
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

/** How each k did in cross-validation. */
function KChart(): JSX.Element | null {
  const found = neighborChoice.value
  if (found === null) return null
  const [width, height, left, bottom] = [640, 152, 48, 24]
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
        viewBox={`0 0 ${width} ${height}`}
        role="img"
        aria-label={`Score by k; best at ${found.best}`}
      >
        {ticksOf(low, high, 3).map((tick) => (
          <g key={tick}>
            <line class="axis" x1={left} x2={width} y1={y(tick)} y2={y(tick)} />
            <text x={left - 6} y={y(tick) + 4} text-anchor="end">
              {tickText(tick, false)}
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

/** One row, its answer, and the neighbours behind it. */
function Inspection(): JSX.Element | null {
  const found = inspected.value
  const { target } = settings.value
  const rows = table.value?.rows ?? 0
  const asked = useSignal('0')
  if (evaluated.value === null) return null
  return (
    <section class="stack" aria-labelledby="why-title">
      <div class="row">
        <h2 id="why-title">Why?</h2>
        <form
          class="row push"
          onSubmit={(event) => {
            event.preventDefault()
            const row = Number(asked.value)
            if (Number.isInteger(row) && row >= 0 && row < rows) void inspect(row)
          }}
        >
          <label class="field">
            Row
            <input
              type="number"
              min="0"
              max={rows - 1}
              value={asked.value}
              onInput={(event) => (asked.value = event.currentTarget.value)}
              style={{ width: '96px' }}
            />
          </label>
          <button type="submit" disabled={job.value !== null}>
            Inspect
          </button>
        </form>
      </div>
      {found === null ? (
        <p class="small quiet">Any row can be looked at: it is then judged by the others, without itself.</p>
      ) : (
        <>
          <p data-inspected={found.index}>
            Row {found.index}: {target} is <b>{found.truth === '' ? 'not known' : found.truth}</b>, its
            neighbours say <b>{found.prediction}</b>.
          </p>
          <div class="scroll">
            <table class="grid">
              <thead>
                <tr>
                  <th scope="col">row</th>
                  <th scope="col">distance</th>
                  <th scope="col">vote</th>
                  <th scope="col">{target}</th>
                  {found.names.map((name) => (
                    <th key={name} scope="col">
                      {name}
                    </th>
                  ))}
                </tr>
              </thead>
              <tbody>
                <tr class="picked">
                  <th scope="row">{found.index}</th>
                  <td>–</td>
                  <td>–</td>
                  <td>{found.truth}</td>
                  {found.row.map((cell, j) => (
                    <td key={found.names[j]}>{cell}</td>
                  ))}
                </tr>
                {found.neighbors.map(({ row, distance, share, target: said, cells }) => (
                  <tr key={row}>
                    <th scope="row">{row}</th>
                    <td title={String(distance)}>{brief(distance)}</td>
                    <td>{percent(share)}</td>
                    <td>{said}</td>
                    {cells.map((cell, j) => (
                      <td key={found.names[j]}>{cell}</td>
                    ))}
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        </>
      )}
    </section>
  )
}
