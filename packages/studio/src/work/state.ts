// What is on the work page: the table that is open, the settings with their past, and what was computed from them.

import { computed, effect, signal } from '@preact/signals'
import type { ReadonlySignal, Signal } from '@preact/signals'
import type { ChosenK, Scale } from 'nigh'
import { Cancelled, Desk, Refused } from '../compute/desk.ts'
import type {
  AnomalyMethod,
  Axis,
  ChosenNeighbors,
  Clustered,
  Evaluated,
  FileMade,
  Inspected,
  NeighborSettings,
  Oddities,
  OpenedTable,
  Roles,
  Task,
  TaskProgress,
  Tasks,
} from '../compute/tasks.ts'
import { timeline, type Timeline } from '../history.ts'
import { usualChoices, type ReadChoices } from '../read/read.ts'
import { keep, keepFile, kept, keptFile } from '../storage.ts'

export type View = 'cluster' | 'predict' | 'anomalies'

export interface Settings {
  readonly view: View
  /** Columns in use. */
  readonly columns: readonly string[]
  readonly scale: Scale
  readonly missing: Roles['missing']
  readonly k: number
  readonly seed: number
  /** Names of clusters, '' where nobody gave one. */
  readonly names: readonly string[]
  /** 'pc:0' for the first principal component, 'c:value' for a column. */
  readonly x: string
  readonly y: string
  readonly target: string | null
  readonly neighbors: NeighborSettings
  readonly folds: number
  readonly method: AnomalyMethod
  readonly anomalyNeighbors: number
  readonly contamination: number
}

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

const blank: Settings = {
  view: 'cluster',
  columns: [],
  scale: 'standard',
  missing: 'drop',
  k: 4,
  seed: 0,
  names: [],
  x: 'pc:0',
  y: 'pc:1',
  target: null,
  neighbors: { k: 5, weights: 'uniform', task: 'classify' },
  folds: 5,
  method: 'neighbors',
  anomalyNeighbors: 5,
  contamination: 0.01,
}

export const history: Timeline<Settings> = timeline(blank)
export const settings: Signal<Settings> = history.now

export function change(part: Partial<Settings>, name?: string): void {
  history.change({ ...settings.peek(), ...part }, name)
}

/** What is being computed: one thing at a time, each with its way to stop it. */
export interface Job {
  readonly what: Task
  readonly progress: TaskProgress
  readonly stop: () => void
}
export const job: Signal<Job | null> = signal(null)
export const trouble: Signal<string> = signal('')

export const clusters: Signal<(Clustered & { readonly key: string }) | null> = signal(null)
export const choice: Signal<(ChosenK & { readonly key: string }) | null> = signal(null)
export const silhouettes: Signal<Tasks['silhouette']['answer'] | null> = signal(null)
export const neighborChoice: Signal<ChosenNeighbors | null> = signal(null)
export const evaluated: Signal<Evaluated | null> = signal(null)
export const inspected: Signal<(Inspected & { readonly index: number }) | null> = signal(null)
export const oddities: Signal<Oddities | null> = signal(null)
/** Rows that were picked in the picture. */
export const picked: Signal<Uint32Array> = signal(new Uint32Array(0))

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
  const { columns, scale, missing } = settings.value
  return JSON.stringify([table.value?.edition, columns, scale, missing])
})

/** Work that is done at once when settings change: about this many numbers take no more than a moment. */
const CHEAP = 3e6

export const cheap: ReadonlySignal<boolean> = computed(() => {
  const rows = table.value?.rows ?? 0
  return rows * settings.value.columns.length * settings.value.k <= CHEAP
})

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
    if (job.peek()?.stop === stop) job.value = null
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

/** Opens a file; settings that fit it stay. */
export async function openFile(
  given: File,
  how: ReadChoices = usualChoices,
  before: Settings | null = null,
): Promise<void> {
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
  forget()
  const names = found.summaries.map(({ name }) => name)
  const used = found.uses.filter((use) => use.used).map(({ name }) => name)
  const fits =
    before !== null && before.columns.every((name) => names.includes(name)) && before.columns.length > 0
  const target = before?.target ?? null
  history.reset(
    fits
      ? { ...before, target: target !== null && names.includes(target) ? target : null }
      : {
          ...blank,
          columns: names.filter((name) => used.includes(name)),
          k: Math.min(4, Math.max(1, found.rows)),
        },
  )
  table.value = { ...found, name: given.name, size: given.size, choices: how, edition: editions }
  void keepFile(given)
  keep('work:choices', how)
}

function forget(): void {
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

export async function choose(): Promise<void> {
  const key = choiceKey.peek()
  const { seed } = settings.peek()
  const found = await work('choose', { roles: roles(), to: 10, seed })
  if (found === null) return
  choice.value = { ...found, key }
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
  change({ neighbors: { ...neighbors, k: found.best } })
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

/** Gives the person a file. */
export function save(made: FileMade): void {
  const address = URL.createObjectURL(new Blob([...made.parts], { type: made.type }))
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

let begun = false

/** Opens what was open before the reload, and keeps what changes from now on. */
export async function begin(): Promise<void> {
  if (begun) return
  begun = true
  const before = settingsFrom(kept('work'))
  const opened = await keptFile()
  if (opened !== null && table.peek() === null)
    await openFile(opened, choicesFrom(kept('work:choices')), before)
  effect(() => {
    if (table.value !== null) keep('work', settings.value)
  })
  effect(() => {
    const key = clusterKey.value
    if (table.value === null || !cheap.value || settings.value.view !== 'cluster') return
    if (settings.value.columns.length === 0 || clusters.peek()?.key === key) return
    const soon = setTimeout(() => void cluster(), 200)
    return () => clearTimeout(soon)
  })
  // What was found for other settings is not shown as if it were for these.
  let before3 = ''
  effect(() => {
    const { columns, scale, missing, target, neighbors, folds } = settings.value
    const now = JSON.stringify([columns, scale, missing, target, neighbors, folds])
    if (now !== before3 && before3 !== '') {
      evaluated.value = null
      inspected.value = null
    }
    before3 = now
  })
}

function choicesFrom(value: unknown): ReadChoices {
  if (value === null || typeof value !== 'object') return usualChoices
  const delimiter: unknown = Reflect.get(value, 'delimiter')
  const decimal: unknown = Reflect.get(value, 'decimal')
  const text: unknown = Reflect.get(value, 'text')
  return {
    delimiter:
      delimiter === ',' || delimiter === ';' || delimiter === '\t' || delimiter === '|' ? delimiter : null,
    decimal: decimal === '.' || decimal === ',' ? decimal : null,
    header: Reflect.get(value, 'header') !== false,
    encoding: Reflect.get(value, 'encoding') === 'windows-1252' ? 'windows-1252' : 'utf-8',
    text: textsFrom(text),
    missingMarks: null,
  }
}

function textsFrom(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry): entry is string => typeof entry === 'string') : []
}

function settingsFrom(value: unknown): Settings | null {
  if (value === null || typeof value !== 'object') return null
  const read = (name: string): unknown => Reflect.get(value, name)
  const neighbors = read('neighbors')
  const inside = (name: string): unknown =>
    neighbors !== null && typeof neighbors === 'object' ? Reflect.get(neighbors, name) : null
  const whole = (given: unknown, otherwise: number): number =>
    typeof given === 'number' && Number.isInteger(given) && given >= 0 ? given : otherwise
  const text = (given: unknown, otherwise: string): string => (typeof given === 'string' ? given : otherwise)
  const scale = read('scale')
  const missing = read('missing')
  const view = read('view')
  const method = read('method')
  const target = read('target')
  const contamination = read('contamination')
  return {
    view: view === 'predict' || view === 'anomalies' ? view : 'cluster',
    columns: textsFrom(read('columns')),
    scale: scale === 'minmax' || scale === 'robust' || scale === 'none' ? scale : 'standard',
    missing: missing === 'refuse' || missing === 'impute' ? missing : 'drop',
    k: Math.max(1, whole(read('k'), 4)),
    seed: whole(read('seed'), 0),
    names: textsFrom(read('names')),
    x: text(read('x'), 'pc:0'),
    y: text(read('y'), 'pc:1'),
    target: typeof target === 'string' ? target : null,
    neighbors: {
      k: Math.max(1, whole(inside('k'), 5)),
      weights: inside('weights') === 'distance' ? 'distance' : 'uniform',
      task: inside('task') === 'regress' ? 'regress' : 'classify',
    },
    folds: Math.max(2, whole(read('folds'), 5)),
    method: method === 'density' || method === 'centroids' ? method : 'neighbors',
    anomalyNeighbors: Math.max(1, whole(read('anomalyNeighbors'), 5)),
    contamination:
      typeof contamination === 'number' && contamination > 0 && contamination <= 0.5 ? contamination : 0.01,
  }
}
