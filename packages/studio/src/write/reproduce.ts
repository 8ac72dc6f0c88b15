// The command line that gives exactly what is on the page.

import type { Column } from 'nigh'
import type { AnomalyMethod, NeighborSettings, Roles } from '../compute/tasks.ts'
import { usualChoices, type ReadChoices, type ReadHow } from '../read/read.ts'

/** What is to be said again elsewhere. */
export interface Recipe {
  readonly file: string
  readonly columns: readonly string[]
  readonly scale: Roles['scale']
  readonly missing: Roles['missing']
  readonly choices: ReadChoices
  /** The file's columns, in its order, and what they hold. */
  readonly names: readonly string[]
  readonly types: readonly Column['type'][]
  readonly how: ReadHow
}

export interface AnomalyRecipe {
  readonly method: AnomalyMethod
  readonly k: number
  readonly contamination: number
}

/** Text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** Names with commas cannot be listed for the command. */
export function commandCan({ columns, how }: Recipe): boolean {
  return [...columns, ...how.leftOut].every((name) => !name.includes(',') && name.trim() === name)
}

function reading({ choices, how }: Recipe): string[] {
  const words: string[] = []
  if (how.leftOut.length > 0) words.push(`--ignore ${shellWord(how.leftOut.join(','))}`)
  if (choices.delimiter !== null)
    words.push(`--delimiter ${choices.delimiter === '\t' ? 'tab' : shellWord(choices.delimiter)}`)
  if (choices.decimal !== null) words.push(`--decimal ${shellWord(choices.decimal)}`)
  if (!choices.header) words.push('--no-header')
  if (choices.encoding !== usualChoices.encoding) words.push('--encoding latin1')
  if (choices.text.length > 0) words.push(`--text ${shellWord(choices.text.join(','))}`)
  if (choices.missingMarks !== null)
    words.push(`--missing-marks ${shellWord(choices.missingMarks.join(','))}`)
  return words
}

/** "new.csv" → "new-predicted.csv" */
export function predictedName(name: string): string {
  return name.replace(/(\.[a-z]+)?(\.gz)?$/i, '-predicted.csv')
}

/** A file's name that cannot be taken for an option. */
function fileWord(name: string): string {
  return shellWord(name.startsWith('-') ? `./${name}` : name)
}

export function kmeansCommand(recipe: Recipe, k: number, seed: number, stem: string): string {
  return [
    `nigh kmeans ${fileWord(recipe.file)} --k ${k}`,
    `--columns ${shellWord(recipe.columns.join(','))}`,
    `--scale ${recipe.scale} --missing ${recipe.missing} --seed ${seed}`,
    ...reading(recipe),
    `--out ${fileWord(`${stem}-clusters.csv`)} --model ${fileWord(`${stem}.nigh`)}`,
  ].join(' \\\n  ')
}

export function knnCommand(
  recipe: Recipe,
  target: string,
  { k, weights, task }: NeighborSettings,
  folds: number,
  seed: number,
  /** A file of new rows. */
  fresh: string | null,
): string {
  return [
    `nigh knn ${fileWord(recipe.file)} --target ${shellWord(target)} --task ${task}`,
    `--columns ${shellWord(recipe.columns.filter((name) => name !== target).join(','))}`,
    `--scale ${recipe.scale} --missing ${recipe.missing} --k ${k} --weights ${weights}`,
    `--cv ${folds} --seed ${seed} --unseen zero`,
    ...reading(recipe),
    ...(fresh === null ? [] : [`--predict ${fileWord(fresh)} --out ${fileWord(predictedName(fresh))}`]),
  ].join(' \\\n  ')
}

export function anomalyCommand(
  recipe: Recipe,
  { method, k, contamination }: AnomalyRecipe,
  stem: string,
): string {
  const named = { neighbors: 'neighbor', density: 'lof', centroids: 'centroid' }[method]
  return [
    `nigh anomalies ${fileWord(recipe.file)} --method ${named} --k ${k} --contamination ${contamination}`,
    `--columns ${shellWord(recipe.columns.join(','))}`,
    `--scale ${recipe.scale} --missing ${recipe.missing}`,
    ...reading(recipe),
    `--out ${fileWord(`${stem}-anomalies.csv`)} --model ${fileWord(`${stem}-anomalies.nigh`)}`,
  ].join(' \\\n  ')
}
