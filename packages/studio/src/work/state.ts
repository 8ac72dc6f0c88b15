// What is on the work page: the table that is open, the settings with their past, and what was computed from them.

import { computed, effect, signal } from '@preact/signals'
import type { ReadonlySignal, Signal } from '@preact/signals'
import type { ChosenK } from 'nigh'
import { Cancelled, Desk, Refused } from '../compute/desk.ts'
import type {
  Axis,
  ChosenNeighbors,
  Clustered,
  Evaluated,
  FileMade,
  Inspected,
  Oddities,
  OpenedTable,
  Roles,
  Task,
  TaskProgress,
  Tasks,
} from '../compute/tasks.ts'
import { timeline, type Timeline } from '../history.ts'
import { usualChoices, type ReadChoices } from '../read/read.ts'
import { claimed, forget, keep, keepFile, kept, keptFile, saves, type FileKept } from '../storage.ts'
import type { Recipe } from '../write/reproduce.ts'
import type { Head } from './rows-table.tsx'
import { blank, keptFrom, markOf, sameFile, type Answer, type Kept, type Settings } from './settings.ts'

export interface Opened extends OpenedTable {
  readonly name: string
  readonly size: number
  readonly choices: ReadChoices
  /** Counts the tables: what was computed for another one is not shown. */
  readonly edition: number
}

export const desk: Desk = new Desk()
export const table: Signal<Opened | null> = signal(null)
/** The file as it was opened; kept for reading it again with other choices. */
export const file: Signal<File | null> = signal(null)
export const choices: Signal<ReadChoices> = signal(usualChoices)

export const history: Timeline<Settings> = timeline(blank)
export const settings: Signal<Settings> = history.now

export function change(part: Partial<Settings>, name?: string): void {
  history.change({ ...settings.peek(), ...part }, name)
}

/** What was under way when the page broke; '' where it did not. */
export const interrupted: Signal<string> = signal('')
/** Whether the file is kept for a reload, or why not; null until that is known. */
export const fileKept: Signal<FileKept | null> = signal(null)

/** What is being computed: one thing at a time, each with its way to stop it. */
export interface Job {
  readonly what: Task
  readonly progress: TaskProgress
  readonly stop: () => void
}
export const job: Signal<Job | null> = signal(null)
export const trouble: Signal<string> = signal('')
/** Whether a file is being opened: the table before it can then be looked at, but not worked with. */
export const opening: ReadonlySignal<boolean> = computed(() => job.value?.what === 'open')

export const clusters: Signal<(Clustered & { readonly key: string }) | null> = signal(null)
export const choice: Signal<(ChosenK & { readonly key: string }) | null> = signal(null)
export const silhouettes: Signal<Tasks['silhouette']['answer'] | null> = signal(null)
export const neighborChoice: Signal<ChosenNeighbors | null> = signal(null)
export const evaluated: Signal<Evaluated | null> = signal(null)
export const inspected: Signal<(Inspected & { readonly index: number }) | null> = signal(null)
export const oddities: Signal<Oddities | null> = signal(null)
/** Rows that were picked in the picture. */
export const picked: Signal<Uint32Array> = signal(new Uint32Array(0))

/** What the code and the command on the page say again. */
export function recipeNow(opened: Opened): Recipe {
  const { columns, scale, missing } = settings.value
  return {
    file: opened.name,
    columns,
    scale,
    missing,
    choices: opened.choices,
    names: opened.summaries.map(({ name }) => name),
    types: opened.summaries.map(({ type }) => type),
    how: opened.how,
  }
}

/** How columns become numbers; clustering and anomalies have no target. */
export function roles(target: string | null = null): Roles {
  const { columns, scale, missing } = settings.peek()
  return { columns, scale, missing, target }
}

/** What the clusters depend on. */
export const clusterKey: ReadonlySignal<string> = computed(() => {
  const { columns, scale, missing, k, seed } = settings.value
  return JSON.stringify([table.value?.edition, columns, scale, missing, k, seed])
})

/** What the choice of k depends on. */
export const choiceKey: ReadonlySignal<string> = computed(() => {
  const { columns, scale, missing, seed } = settings.value
  return JSON.stringify([table.value?.edition, columns, scale, missing, seed])
})

/** Work that is done at once when settings change: about this many numbers take no more than a moment. */
const CHEAP = 3e6

export const cheap: ReadonlySignal<boolean> = computed(() => {
  const rows = table.value?.rows ?? 0
  return rows * settings.value.columns.length * settings.value.k <= CHEAP
})

/** What a task is called where it broke the page. */
const runningWords: Partial<Readonly<Record<Task, string>>> = {
  open: 'opening the file',
  choose: 'choosing k',
  cluster: 'clustering',
  silhouette: 'measuring silhouettes',
  chooseNeighbors: 'choosing k',
  evaluate: 'trying the prediction',
  predict: 'predicting',
  anomalies: 'looking for strange rows',
}

/** Runs a task of the desk as the one job; null where it was stopped or refused (then `trouble` says why). */
export async function work<K extends Task>(
  what: K,
  ask: Tasks[K]['ask'],
): Promise<Tasks[K]['answer'] | null> {
  job.peek()?.stop()
  const controller = new AbortController()
  const stop = (): void => controller.abort()
  const mine: Signal<boolean> = signal(true)
  job.value = { what, progress: { share: null, words: 'starting' }, stop }
  trouble.value = ''
  keep('running', runningWords[what] ?? 'computing')
  try {
    return await desk.ask(what, ask, {
      signal: controller.signal,
      onProgress: (progress) => {
        if (mine.peek() && job.peek()?.stop === stop) job.value = { what, progress, stop }
      },
    })
  } catch (error) {
    if (!(error instanceof Cancelled)) trouble.value = wordsFor(error)
    return null
  } finally {
    mine.value = false
    if (job.peek()?.stop === stop) {
      job.value = null
      forget('running')
    }
  }
}

/** What went wrong, in words. */
export function wordsFor(error: unknown): string {
  if (error instanceof Refused) {
    return error.expected
      ? inPlainWords(error.message)
      : `Something went wrong that should not: ${error.message}. It is a defect of the studio; your data are untouched.`
  }
  return error instanceof Error ? error.message : String(error)
}

/** The library names calls and options; the page has controls. */
function inPlainWords(message: string): string {
  const bare = message
    .replace(
      /^(Encoder|KMeans|KNNClassifier|KNNRegressor|NearestNeighbors|NeighborDistance|LocalOutlierFactor|CentroidDistance|chooseK|Table)(\.\w+)?: /,
      '',
    )
    .replace(
      /; missing: 'drop' leaves out such rows, missing: 'impute' fills the cells/,
      '. Choose under “Empty cells” what becomes of them',
    )
  // A message that begins with a file's name keeps it as it is.
  return bare === message ? bare : bare.replace(/^./, (first) => first.toUpperCase())
}

let editions = 0

/** Of more columns the picture begins with two, not with components: those would take seconds, or cannot be had. */
const DRAWN_TOGETHER = 300

/** Opens a file; settings that fit it stay. */
export async function openFile(
  given: File,
  how: ReadChoices = usualChoices,
  before: Settings | null = keptFor(given)?.settings ?? null,
): Promise<void> {
  interrupted.value = ''
  const found = await work('open', { file: given, choices: how })
  if (found === null) {
    // The choices are shown beside the message, for another try.
    if (trouble.peek() !== '') {
      file.value = given
      choices.value = how
    }
    return
  }
  editions++
  file.value = given
  choices.value = how
  clusters.value = null
  choice.value = null
  clear()
  const names = new Set(found.summaries.map(({ name }) => name))
  const used = found.uses.filter((use) => use.used).map(({ name }) => name)
  const fits = before !== null && before.columns.every((name) => names.has(name)) && before.columns.length > 0
  const target = before?.target ?? null
  history.reset(
    fits
      ? { ...before, target: target !== null && names.has(target) ? target : null }
      : {
          ...blank,
          columns: used,
          k: Math.min(4, Math.max(1, found.rows)),
          neighbors: { ...blank.neighbors, k: Math.min(blank.neighbors.k, Math.max(1, found.rows - 1)) },
          anomalyNeighbors: Math.min(blank.anomalyNeighbors, Math.max(1, found.rows - 1)),
          ...(used.length > DRAWN_TOGETHER ? { x: `c:${used[0]}`, y: `c:${used[1]}` } : {}),
        },
  )
  table.value = { ...found, name: given.name, size: given.size, choices: how, edition: editions }
  void keepOpen(given)
}

async function keepOpen(given: File): Promise<void> {
  const done = await keepFile(given)
  if (file.peek() === given) fileKept.value = done
}

/** What was kept for this very file. */
function keptFor(given: File): Kept | null {
  const before = keptFrom(kept('work'))
  return before !== null && sameFile(before.of, markOf(given)) ? before : null
}

/** Closes the table, and forgets it. */
export function closeFile(): void {
  job.peek()?.stop()
  table.value = null
  file.value = null
  trouble.value = ''
  interrupted.value = ''
  void keepFile(null)
  forget('work')
}

function clear(): void {
  silhouettes.value = null
  neighborChoice.value = null
  evaluated.value = null
  inspected.value = null
  oddities.value = null
  picked.value = new Uint32Array(0)
}

export async function cluster(): Promise<void> {
  const key = clusterKey.peek()
  if (table.peek() === null) return
  const { k, seed } = settings.peek()
  const found = await work('cluster', { roles: roles(), k, seed })
  if (found === null) return
  clusters.value = { ...found, key }
  silhouettes.value = null
  picked.value = new Uint32Array(0)
}

/** @param take whether the k that is found becomes the k that is used */
export async function choose(take = true): Promise<void> {
  const key = choiceKey.peek()
  const { seed } = settings.peek()
  const found = await work('choose', { roles: roles(), to: 10, seed })
  if (found === null) return
  choice.value = { ...found, key }
  if (!take) return
  // Where there are no clusters to speak of, the k that was asked for stays.
  if (found.k > 1) change({ k: found.k })
  if (!cheap.peek()) await cluster()
}

export async function measureSilhouettes(): Promise<void> {
  silhouettes.value = await work('silhouette', { seed: settings.peek().seed })
}

export async function chooseNeighbors(): Promise<void> {
  const { target, neighbors, seed } = settings.peek()
  const found = await work('chooseNeighbors', { roles: roles(target), settings: neighbors, seed })
  if (found === null) return
  neighborChoice.value = found
  change({ neighbors: { ...settings.peek().neighbors, k: found.best } })
  await evaluate()
}

export async function evaluate(): Promise<void> {
  const { target, neighbors, folds, seed } = settings.peek()
  inspected.value = null
  evaluated.value = await work('evaluate', { roles: roles(target), settings: neighbors, folds, seed })
}

export async function inspect(row: number): Promise<void> {
  const { target, neighbors } = settings.peek()
  const found = await work('inspect', { roles: roles(target), settings: neighbors, row })
  if (found !== null) inspected.value = { ...found, index: row }
}

export async function findOddities(): Promise<void> {
  const { method, anomalyNeighbors, contamination } = settings.peek()
  oddities.value = await work('anomalies', { roles: roles(), method, k: anomalyNeighbors, contamination })
}

/** Columns of the open table, as heads of a table of its rows. */
export function headsOf(names: readonly string[]): Head[] {
  const types = new Map(table.value?.summaries.map(({ name, type }) => [name, type]))
  return names.map((name) => ({ name, kind: types.get(name) === 'text' ? 'text' : 'number' }))
}

/** Gives the person a file. */
export function save(made: FileMade): void {
  const address = URL.createObjectURL(made.blob)
  const link = document.createElement('a')
  link.href = address
  link.download = made.name
  link.click()
  setTimeout(() => URL.revokeObjectURL(address), 10_000)
}

export function axisOf(id: string): Axis {
  return id.startsWith('pc:') ? { component: Number(id.slice(3)) } : { column: id.slice(2) }
}

/** "customers.csv" → "customers" */
export function stem(name: string): string {
  return name.replace(/\.gz$/i, '').replace(/\.[a-z]+$/i, '')
}

/** A cluster's name: what it was called, else a letter. */
export function clusterName(cluster: number): string {
  const given = settings.value.names[cluster] ?? ''
  return given === '' ? `Cluster ${cluster}` : given
}

let lostBefore = Number.NEGATIVE_INFINITY

/** The worker is gone, and the table with it: the file is read again, and the settings stay. */
desk.onLost = () => {
  const given = file.peek()
  if (table.peek() === null || given === null) return
  // A worker that dies of this file would do so for ever.
  const again = performance.now() - lostBefore < 10_000
  lostBefore = performance.now()
  if (again) {
    table.value = null
    return
  }
  void openFile(given, choices.peek(), settings.peek())
}

/** Opens the file that was open, and makes the answers again that stood on the page. */
export async function reopen(): Promise<void> {
  const given = file.peek()
  if (given === null) return
  const before = keptFor(given)
  await openFile(given, before?.choices ?? usualChoices, before?.settings ?? null)
  if (table.peek() === null || before === null) return
  const { shown, settings: was } = before
  // Cheap clusters come by themselves.
  if (shown.includes('clusters') && !cheap.peek()) await cluster()
  const mine = (): boolean => file.peek() === given && settings.peek().view === was.view
  if (was.view === 'cluster' && shown.includes('choice') && mine()) await choose(false)
  if (was.view === 'predict' && shown.includes('evaluated') && mine()) await evaluate()
  if (was.view === 'anomalies' && shown.includes('oddities') && mine()) await findOddities()
}

/**
 * Lets go of answers whenever a part of the settings that they were made of is another one than before, and of the work
 * that is still under way for them: it would come as the answer to a question that nobody asks any more.
 */
function whenChanged(
  part: (now: Settings) => readonly unknown[],
  tasks: readonly Task[],
  forgetAnswers: () => void,
): void {
  let before = ''
  effect(() => {
    const now = JSON.stringify(part(settings.value))
    if (now !== before && before !== '') {
      const running = job.peek()
      if (running !== null && tasks.includes(running.what)) running.stop()
      forgetAnswers()
    }
    before = now
  })
}

let begun = false

/**
 * Opens what was open before the reload, with the answers that stood on the page, and keeps what changes from now on.
 * Where the page did not end by itself the last time, it asks first: what broke it would do so again.
 */
export async function begin(): Promise<void> {
  if (begun) return
  begun = true
  await claimed
  const broken = saves.peek() === true ? kept('running') : null
  forget('running')
  addEventListener('pagehide', () => forget('running'))
  const given = await keptFile()
  effect(() => {
    const of = file.value
    if (table.value === null || of === null) return
    const shown: Answer[] = []
    if (clusters.value !== null) shown.push('clusters')
    if (choice.value !== null) shown.push('choice')
    if (evaluated.value !== null) shown.push('evaluated')
    if (oddities.value !== null) shown.push('oddities')
    const now: Kept = { of: markOf(of), settings: settings.value, choices: table.value.choices, shown }
    keep('work', now)
  })
  // A tab that could not save because another one did, saves once that one is closed.
  effect(() => {
    const of = file.peek()
    if (saves.value === true && of !== null && table.peek() !== null && fileKept.peek() === 'refused')
      void keepOpen(of)
  })
  effect(() => {
    const key = clusterKey.value
    if (table.value === null || !cheap.value || settings.value.view !== 'cluster') return
    // Another file is on its way: clustering this one would stop that.
    if (opening.value) return
    if (settings.value.columns.length === 0 || clusters.peek()?.key === key) return
    const soon = setTimeout(() => void cluster(), 200)
    return () => clearTimeout(soon)
  })
  // What was found for other settings is not shown, and not given away, as if it were for these.
  whenChanged(
    ({ columns, scale, missing, target, neighbors, folds, seed }) => [
      columns,
      scale,
      missing,
      target,
      neighbors,
      folds,
      seed,
    ],
    ['evaluate', 'inspect'],
    () => {
      evaluated.value = null
      inspected.value = null
    },
  )
  whenChanged(
    ({ columns, scale, missing, target, neighbors: { weights, task }, seed }) => [
      columns,
      scale,
      missing,
      target,
      weights,
      task,
      seed,
    ],
    ['chooseNeighbors'],
    () => {
      neighborChoice.value = null
    },
  )
  whenChanged(
    ({ columns, scale, missing, method, anomalyNeighbors, contamination }) => [
      columns,
      scale,
      missing,
      method,
      anomalyNeighbors,
      contamination,
    ],
    ['anomalies'],
    () => {
      oddities.value = null
    },
  )
  if (given === null || table.peek() !== null || job.peek() !== null) return
  file.value = given
  if (typeof broken === 'string') interrupted.value = broken
  else await reopen()
}
