// The settings of the work page, and how they come back from what was kept.

import type { Scale } from 'nigh'
import type { AnomalyMethod, NeighborSettings, Roles } from '../compute/tasks.ts'
import { usualChoices, type ReadChoices } from '../read/read.ts'

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

/** Which file settings belong to: another one of the same name does not get them. */
export interface FileMark {
  readonly name: string
  readonly size: number
  readonly modified: number
}

export function markOf({ name, size, lastModified }: File): FileMark {
  return { name, size, modified: lastModified }
}

export function sameFile(a: FileMark, b: FileMark): boolean {
  return a.name === b.name && a.size === b.size && a.modified === b.modified
}

/** What is kept for a reload. */
export interface Kept {
  readonly of: FileMark
  readonly settings: Settings
  readonly choices: ReadChoices
  /** Which answers stood on the page. */
  readonly shown: readonly Answer[]
}

export type Answer = 'clusters' | 'choice' | 'evaluated' | 'oddities'

const answers: readonly Answer[] = ['clusters', 'choice', 'evaluated', 'oddities']

export const blank: Settings = {
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

function choicesFrom(value: unknown): ReadChoices {
  if (value === null || typeof value !== 'object') return usualChoices
  const delimiter: unknown = Reflect.get(value, 'delimiter')
  const decimal: unknown = Reflect.get(value, 'decimal')
  const text: unknown = Reflect.get(value, 'text')
  const marks: unknown = Reflect.get(value, 'missingMarks')
  return {
    delimiter:
      delimiter === ',' || delimiter === ';' || delimiter === '\t' || delimiter === '|' ? delimiter : null,
    decimal: decimal === '.' || decimal === ',' ? decimal : null,
    header: Reflect.get(value, 'header') !== false,
    encoding: Reflect.get(value, 'encoding') === 'windows-1252' ? 'windows-1252' : 'utf-8',
    text: textsFrom(text),
    missingMarks: Array.isArray(marks) ? textsFrom(marks) : null,
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

/** What was kept, checked like anything that comes from outside; null where it is none. */
export function keptFrom(value: unknown): Kept | null {
  if (value === null || typeof value !== 'object') return null
  const of = fileMarkFrom(Reflect.get(value, 'of'))
  const settings = settingsFrom(Reflect.get(value, 'settings'))
  if (of === null || settings === null) return null
  const shown = textsFrom(Reflect.get(value, 'shown'))
  return {
    of,
    settings,
    choices: choicesFrom(Reflect.get(value, 'choices')),
    shown: answers.filter((answer) => shown.includes(answer)),
  }
}

function fileMarkFrom(value: unknown): FileMark | null {
  if (value === null || typeof value !== 'object') return null
  const name: unknown = Reflect.get(value, 'name')
  const size: unknown = Reflect.get(value, 'size')
  const modified: unknown = Reflect.get(value, 'modified')
  return typeof name === 'string' && typeof size === 'number' && typeof modified === 'number'
    ? { name, size, modified }
    : null
}
