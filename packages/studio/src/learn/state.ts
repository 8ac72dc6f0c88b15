import { batch, computed, effect, signal } from '@preact/signals'
import type { ReadonlySignal, Signal } from '@preact/signals'
import { KNNClassifier, KNNRegressor, Matrix } from 'nigh'
import type { Explanation } from 'nigh'
import { timeline, type Timeline } from '../history.ts'
import { pause } from '../pause.ts'
import { keep, kept } from '../storage.ts'
import { learnDesk } from './desk.ts'
import { noRun, runOf, type Run, type RunAsk } from './kmeans-run.ts'
import {
  lessonFrom,
  MOST_POINTS,
  nearestSpot,
  placesOf,
  spotAt,
  type Dot,
  type Lesson,
  type Spot,
} from './lesson.ts'
import { samples } from './samples.ts'
import { fromAddress, toAddress } from './share.ts'

const blank: Lesson = {
  sample: 'blobs',
  points: [],
  query: { x: 58, y: 36 },
  clusters: 3,
  init: 'random',
  seed: 3,
  placed: [],
  neighbors: 5,
  weights: 'uniform',
  task: 'classify',
}

export const lessons: Timeline<Lesson> = timeline(blank)
export const lesson: Signal<Lesson> = lessons.now

/** What a press on a board does. */
export type Tool = 'query' | 'point' | 'label' | 'erase' | 'centre'
export const tool: Signal<Tool> = signal('query')
/** The class that is drawn, and the value. */
export const brush: Signal<number> = signal(0)
export const brushValue: Signal<number> = signal(50)
/** The part of the difference that is lit; '' for none. */
export const lit: Signal<string> = signal('')
/** Which half step is shown. */
export const at: Signal<number> = signal(0)
export const playing: Signal<boolean> = signal(false)
export const trouble: Signal<string> = signal('')

/** The run that is shown, and the points that it was made of. */
export const run: Signal<Run> = signal(noRun)
export const runPoints: Signal<readonly Dot[]> = signal([])
/** Whether that run is the one of the lesson as it is now. */
export const fresh: Signal<boolean> = signal(false)

let asked: RunAsk = { points: [], clusters: 0, init: 'random', seed: 0, placed: [] }
let waiting: RunAsk | null = null
let busy = false
let first = true
/** The step that the first run shows: the one from before a reload. */
let resumed = 0

/** Only for what K-Means looks at: moving the query does not run it again. */
effect(() => {
  const { points, clusters, init, seed, placed } = lesson.value
  const same =
    points === asked.points &&
    clusters === asked.clusters &&
    init === asked.init &&
    seed === asked.seed &&
    placed === asked.placed
  if (same) return
  asked = { points, clusters, init, seed, placed }
  waiting = asked
  fresh.value = false
  if (!busy) void runs()
})

/**
 * Runs K-Means for what was asked last: in the worker, so that drawing stays smooth whatever else the machine does. The
 * first run is made here, which is sooner than a worker starts; so is any where there is no worker.
 */
async function runs(): Promise<void> {
  busy = true
  while (waiting !== null) {
    const ask: RunAsk = waiting
    waiting = null
    // The first one comes after the page around it has been drawn.
    if (first) await pause()
    const found = first ? runOf(ask) : await learnDesk.ask('run', ask).catch(() => runOf(ask))
    first &&= found.frames.length === 0
    batch(() => {
      run.value = found
      runPoints.value = ask.points
      fresh.value = waiting === null
      at.value = Math.min(resumed, Math.max(0, found.frames.length - 1))
      playing.value = false
    })
    if (found.frames.length > 0) resumed = 0
  }
  busy = false
}

/** How the starts that were tried for these points and this K ended. */
export const tries: Signal<readonly { readonly name: string; readonly inertia: number }[]> = signal([])
let triedFor: unknown[] = []

effect(() => {
  const { points, clusters, init, seed } = lesson.value
  const { frames, inertia } = run.value
  if (!fresh.value || frames.length === 0 || at.value < frames.length - 1) return
  const name = init === 'placed' ? 'placed' : `${init === 'random' ? 'arbitrary' : init}, start ${seed}`
  const before = triedFor[0] === points && triedFor[1] === clusters ? tries.peek() : []
  triedFor = [points, clusters]
  if (before.some((one) => one.name === name && one.inertia === inertia)) return
  tries.value = [...before.filter((one) => one.name !== name), { name, inertia }].slice(-12)
})

/** A fitted model of the points (in a ball-tree, which needs no kernels to be made ready: the answer is the same): made again when they change, and asked for every move of the query. */
interface Asked {
  readonly key: readonly unknown[]
  readonly explain: (query: Spot) => Explanation<number>
}
let modelBefore: Asked | null = null

function modelOf({ points, neighbors, weights, task }: Lesson): Asked {
  const key = [points, neighbors, weights, task]
  if (modelBefore?.key.every((part, i) => part === key[i])) return modelBefore
  const rows = Matrix.of(placesOf(points), 2)
  const k = Math.min(neighbors, points.length)
  if (task === 'classify') {
    const labels = points.map(({ label }) => label)
    const model = KNNClassifier.fitSync(rows, labels, { k, weights, algorithm: 'balltree' })
    modelBefore = { key, explain: ({ x, y }) => model.explainSync([[x, y]])[0] }
  } else {
    const values = points.map(({ value }) => value)
    const model = KNNRegressor.fitSync(rows, values, { k, weights, algorithm: 'balltree' })
    modelBefore = {
      key,
      explain: ({ x, y }) => {
        const [{ prediction, neighbors: found }] = model.explainSync([[x, y]])
        return {
          prediction: prediction[0],
          neighbors: found.map((voter) => ({ ...voter, target: values[voter.index] })),
        }
      },
    }
  }
  return modelBefore
}

/** The answer at the query, by the library. Null without points. */
export const answer: ReadonlySignal<Explanation<number> | null> = computed(() => {
  const now = lesson.value
  return now.points.length === 0 ? null : modelOf(now).explain(now.query)
})

/** Changes a part of the lesson. */
export function change(part: Partial<Lesson>, name?: string): void {
  lessons.change({ ...lesson.peek(), ...part }, name)
}

export async function load(name: string, first = false): Promise<void> {
  const sample = samples.find((one) => one.name === name) ?? samples[0]
  try {
    const points = await sample.make()
    const next: Lesson = {
      ...lesson.peek(),
      sample: sample.name,
      points,
      clusters: sample.clusters,
      placed: [],
    }
    const settled: Lesson = next.init === 'placed' ? { ...next, init: 'random' } : next
    if (first) lessons.reset(settled)
    else lessons.change(settled)
    if (!first) trouble.value = ''
  } catch {
    trouble.value = `The sample “${sample.title}” could not be loaded. Reload the page while you are online, or choose another one.`
  }
}

/** Starts with the address, else with what was kept, else with the first sample. */
export function begin(): void {
  const shared = /[#&]d=([\w-]+)/.exec(location.hash)
  const given = shared === null ? null : fromAddress(shared[1])
  if (shared !== null && given === null) {
    trouble.value =
      'This address holds no lesson: a part of it is missing. Ask for the link again. Here is the first sample instead.'
  }
  sharedLesson = given
  const before = given ?? (shared === null ? lessonFrom(kept('lesson')) : null)
  if (before !== null && (before.points.length > 0 || before.sample === 'empty')) lessons.reset(before)
  else void load('blobs', true)
  if (begun) return
  begun = true
  // The step that was shown before the reload.
  const step = kept('lesson:step')
  if (shared === null && before !== null && typeof step === 'number' && Number.isInteger(step) && step >= 0) {
    resumed = step
    at.value = step
  }
  // An address says the lesson as it was shared: once that is changed, a reload is to show what is on the page.
  effect(() => {
    if (lesson.value !== sharedLesson && /[#&]d=/.test(location.hash))
      history.replaceState(null, '', '#learn')
  })
  effect(() => keep('lesson', lesson.value))
  effect(() => keep('lesson:step', at.value))
}

let begun = false
/** The lesson that the address says; null where it says none. */
let sharedLesson: Lesson | null = null

/** Puts the lesson into the address. */
export function putIntoAddress(): void {
  sharedLesson = lesson.peek()
  history.replaceState(null, '', `#learn&d=${toAddress(sharedLesson)}`)
}

/** Applies the tool at a place of one of the boards. */
export function apply(place: Spot, board: 'kmeans' | 'knn', stroke: string): void {
  const now = lesson.peek()
  const { x, y } = spotAt(place.x, place.y)
  switch (tool.peek()) {
    case 'query':
      change({ query: { x, y } }, `query${stroke}`)
      return
    case 'point': {
      if (now.points.length >= MOST_POINTS) {
        trouble.value = `There are ${MOST_POINTS} points, which is enough to see it. Erase some to add others.`
        return
      }
      const dot = {
        x,
        y,
        label: brush.peek(),
        value: now.task === 'regress' ? brushValue.peek() : 20 + brush.peek() * 25,
      }
      change({ points: [...now.points, dot], sample: 'own' }, `draw${stroke}`)
      return
    }
    case 'label': {
      const points = now.points.map((dot) =>
        (dot.x - x) ** 2 + (dot.y - y) ** 2 > 9
          ? dot
          : now.task === 'regress'
            ? { ...dot, value: brushValue.peek() }
            : { ...dot, label: brush.peek() },
      )
      change({ points, sample: 'own' }, `label${stroke}`)
      return
    }
    case 'erase': {
      const points = now.points.filter((dot) => (dot.x - x) ** 2 + (dot.y - y) ** 2 > 6)
      if (points.length !== now.points.length) change({ points, sample: 'own' }, `erase${stroke}`)
      return
    }
    case 'centre': {
      if (board === 'knn') return
      const placed = now.init === 'placed' ? now.placed : []
      const near = nearestSpot(placed, { x, y })
      const next =
        near.index >= 0 && near.distance < 3
          ? placed.map((spot, i) => (i === near.index ? { x, y } : spot))
          : placed.length >= 10
            ? placed
            : [...placed, { x, y }]
      change({ init: 'placed', placed: next, clusters: Math.max(1, next.length) }, `centre${stroke}`)
    }
  }
}
