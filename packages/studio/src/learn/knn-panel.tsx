import { useSignal } from '@preact/signals'
import type { JSX } from 'preact'
import { useEffect, useMemo, useRef } from 'preact/hooks'
import { Cancelled } from '../compute/desk.ts'
import { theme } from '../theme.ts'
import { fillOf, mixed, paletteNow } from '../marks.ts'
import { brief, percent, plural } from '../numbers.ts'
import { Count, Mark, Segments } from '../parts.tsx'
import { Board, Query, valueColor } from './board.tsx'
import { learnDesk } from './desk.ts'
import { Dots } from './dots.tsx'
import { HEIGHT, labelNames, MOST_NEIGHBORS, placesOf, WIDTH } from './lesson.ts'
import { answer, change, lesson, lit } from './state.ts'

function onLit(...parts: readonly string[]): string {
  return parts.includes(lit.value) ? 'lit' : ''
}

/** The picture of regions: so many cells to a unit of the board. */
const FINE = 1.6

export function KnnPanel(): JSX.Element {
  const { points, query, neighbors, weights, task } = lesson.value
  const found = answer.value
  const groups = useMemo(() => points.map(({ label }) => label), [points])
  const regions = useSignal(true)
  const voters = found?.neighbors ?? []
  const reach = voters.length === 0 ? 0 : voters[voters.length - 1].distance
  const k = Math.min(neighbors, points.length)
  return (
    <section class="card panel" aria-labelledby="knn-title">
      <header>
        <h2 id="knn-title">KNN</h2>
        <span class={`small quiet ${onLit('learning')}`}>
          {task === 'classify' ? 'labels' : 'values'}; K is the number of neighbours
        </span>
      </header>
      <Board
        name="knn"
        label={`KNN board: ${plural(points.length, 'point')}, the query at ${query.x}, ${query.y}`}
        behind={regions.value ? <Regions /> : null}
        under={
          <>
            {reach > 0 ? <circle class={`ring ${onLit('k')}`} cx={query.x} cy={query.y} r={reach} /> : null}
            {voters.map(({ index, share }) => (
              <line
                key={index}
                class={`ray ${onLit('prediction', 'use')}`}
                x1={query.x}
                y1={query.y}
                x2={points[index].x}
                y2={points[index].y}
                stroke-width={0.25 + Math.min(1.6, share * k * 0.4)}
              />
            ))}
          </>
        }
        dots={
          <Dots points={points} groups={groups} values={task === 'regress'} lit={lit.value === 'learning'} />
        }
      >
        <g aria-hidden="true">
          {voters.map(({ index }) => (
            <circle
              key={index}
              class={`voter ${onLit('k', 'prediction')}`}
              cx={points[index].x}
              cy={points[index].y}
              r="1.9"
              data-neighbor={index}
            />
          ))}
          <Query spot={query} />
        </g>
      </Board>
      <p class={`readout small ${onLit('training')}`}>
        No training: the points themselves are the model. Add or remove one, and the answer changes at once.
      </p>
      <div class={`row wide ${onLit('k')}`}>
        <Count
          label="K"
          name="neighbors"
          value={neighbors}
          from={1}
          to={MOST_NEIGHBORS}
          onPick={(value) => change({ neighbors: value }, 'neighbors')}
        />
      </div>
      <div class="row wide">
        <Segments
          label="Weights"
          value={weights}
          onPick={(value) => change({ weights: value })}
          options={[
            { value: 'uniform', text: 'equal votes', title: 'Each neighbour has one vote' },
            { value: 'distance', text: 'by distance', title: 'A neighbour half as far away counts twice' },
          ]}
        />
        <Segments
          label="Task"
          value={task}
          onPick={(value) => change({ task: value })}
          options={[
            { value: 'classify', text: 'classes', title: 'Classification: the neighbours vote' },
            { value: 'regress', text: 'numbers', title: 'Regression: the neighbours are averaged' },
          ]}
        />
        <label class="field">
          <input
            type="checkbox"
            checked={regions.value}
            onChange={(event) => (regions.value = event.currentTarget.checked)}
          />
          regions
        </label>
      </div>
      <Votes />
      <p class={`readout small ${onLit('prediction', 'use')}`} role="status" data-knn>
        {found === null ? (
          'No points to ask: draw some, or choose a sample.'
        ) : task === 'classify' ? (
          <ClassAnswer />
        ) : (
          <NumberAnswer />
        )}
      </p>
      <Voters />
    </section>
  )
}

/** Votes of the neighbours, class by class. */
function tally(): { readonly label: number; readonly votes: number; readonly share: number }[] {
  const sums = new Map<number, { votes: number; share: number }>()
  for (const { target, share } of answer.value?.neighbors ?? []) {
    const before = sums.get(target) ?? { votes: 0, share: 0 }
    sums.set(target, { votes: before.votes + 1, share: before.share + share })
  }
  return [...sums]
    .map(([label, sum]) => ({ label, ...sum }))
    .sort((a, b) => b.share - a.share || a.label - b.label)
}

function Votes(): JSX.Element | null {
  const found = answer.value
  if (found === null) return null
  if (lesson.value.task === 'regress') {
    return (
      <div class="votes" aria-hidden="true">
        {found.neighbors.map(({ index, share, target }) => (
          <span key={index} style={{ width: `${share * 100}%`, background: valueColor(target) }} />
        ))}
      </div>
    )
  }
  return (
    <div class="stack">
      <div class="votes" aria-hidden="true">
        {tally().map(({ label, share }) => (
          <span key={label} style={{ width: `${share * 100}%`, background: fillOf(label) }} />
        ))}
      </div>
      <div class="legend">
        {tally().map(({ label, votes, share }) => (
          <span key={label}>
            <Mark group={label} /> {labelNames[label]}: {plural(votes, 'vote')}, {percent(share)}
          </span>
        ))}
      </div>
    </div>
  )
}

/** The neighbours one by one: how far, what they say, how much that counts. */
function Voters(): JSX.Element | null {
  const found = answer.value
  if (found === null) return null
  const { task } = lesson.value
  return (
    <div
      class="scroll"
      style={{ maxHeight: '232px' }}
      tabIndex={0}
      role="group"
      aria-label="Neighbours, nearest first"
    >
      <table class="grid">
        <thead>
          <tr>
            <th scope="col">neighbour</th>
            <th scope="col">distance</th>
            <th scope="col">{task === 'classify' ? 'class' : 'value'}</th>
            <th scope="col">weight</th>
          </tr>
        </thead>
        <tbody>
          {found.neighbors.map(({ index, distance, target, share }, rank) => (
            <tr key={index}>
              <td>{rank + 1}</td>
              <td title={String(distance)}>{brief(distance)}</td>
              <td>
                {task === 'classify' ? (
                  <>
                    <Mark group={target} /> {labelNames[target]}
                  </>
                ) : (
                  brief(target)
                )}
              </td>
              <td title={String(share)}>{percent(share)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function ClassAnswer(): JSX.Element {
  const found = answer.value
  const votes = tally()
  const asked = found?.neighbors.length ?? 0
  const winner = votes.find(({ label }) => label === found?.prediction)
  const tied = votes.length > 1 && votes[0].share === votes[1].share
  return (
    <>
      {asked === 1
        ? 'The nearest neighbour decides'
        : votes.length === 1
          ? `The ${asked} nearest neighbours agree`
          : `The ${asked} nearest neighbours vote ${votes.map(({ votes: each }) => each).join(' : ')}`}
      , so the new point ◇ gets <b>class {labelNames[found?.prediction ?? 0]}</b> with{' '}
      <b>{percent(winner?.share ?? 0)}</b> of the{' '}
      {lesson.value.weights === 'distance' ? 'weighted votes' : 'votes'}
      {tied ? ' (a tie goes to the first letter)' : ''}.
    </>
  )
}

function NumberAnswer(): JSX.Element {
  const found = answer.value
  const values = found?.neighbors.map(({ target }) => target) ?? []
  return (
    <>
      The {lesson.value.weights === 'distance' ? 'weighted mean' : 'mean'} of{' '}
      {plural(values.length, 'neighbour')}, whose values go from {brief(Math.min(...values))} to{' '}
      {brief(Math.max(...values))}, is{' '}
      <b title={String(found?.prediction)}>{brief(found?.prediction ?? 0)}</b>: the new point ◇ gets that.
    </>
  )
}

/** What KNN would answer anywhere: computed by the worker, drawn under the points. */
function Regions(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null)
  const { points, neighbors, weights, task } = lesson.value
  const dark = theme.value
  const k = Math.min(neighbors, points.length)
  const width = Math.round(WIDTH * FINE)
  const height = Math.round(HEIGHT * FINE)
  useEffect(() => {
    const target = canvas.current
    const pen = target?.getContext('2d')
    if (target === null || pen === null || pen === undefined) return
    if (points.length === 0) {
      pen.clearRect(0, 0, width, height)
      return
    }
    const stop = new AbortController()
    const wait = setTimeout(() => {
      learnDesk
        .ask(
          'regions',
          {
            points: placesOf(points),
            targets: Float64Array.from(points, (dot) => (task === 'classify' ? dot.label : dot.value)),
            task,
            k,
            weights,
            width,
            height,
            step: 1 / FINE,
          },
          { signal: stop.signal },
        )
        .then(({ values, shares }) => {
          const colors = paletteNow()
          const image = pen.createImageData(width, height)
          for (let i = 0; i < values.length; i++) {
            const [r, g, b] = task === 'classify' ? colors[values[i]] : mixed(colors, values[i])
            image.data[4 * i] = r
            image.data[4 * i + 1] = g
            image.data[4 * i + 2] = b
            // The surer, the fuller.
            image.data[4 * i + 3] = task === 'classify' ? 90 + 165 * shares[i] : 255
          }
          pen.putImageData(image, 0, 0)
          target.dataset.regions = `${task} ${k}`
        })
        .catch((error: unknown) => {
          if (!(error instanceof Cancelled)) pen.clearRect(0, 0, width, height)
        })
    }, 30)
    return () => {
      clearTimeout(wait)
      stop.abort()
    }
  }, [points, neighbors, weights, task, dark])
  return <canvas ref={canvas} width={width} height={height} aria-hidden="true" />
}
