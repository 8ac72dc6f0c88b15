// The TypeScript and the command line that give exactly what is on the page.

import type { NeighborSettings, Roles } from '../compute/tasks.ts'
import { usualChoices, type ReadChoices } from '../read/read.ts'

/** What is to be said again elsewhere. */
export interface Recipe {
  readonly file: string
  readonly columns: readonly string[]
  readonly scale: Roles['scale']
  readonly missing: Roles['missing']
  readonly choices: ReadChoices
}

/** Text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) && !text.startsWith('-') ? text : `'${text.replaceAll("'", "'\\''")}'`
}

/** Text as a TypeScript literal in single quotes. */
export function literal(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** Names with commas cannot be listed for the command. */
export function commandCan(recipe: Recipe): boolean {
  return recipe.columns.every((name) => !name.includes(',') && name.trim() === name)
}

function reading({ choices }: Recipe): string[] {
  const words: string[] = []
  if (choices.delimiter !== null)
    words.push(`--delimiter ${choices.delimiter === '\t' ? 'tab' : shellWord(choices.delimiter)}`)
  if (choices.decimal !== null) words.push(`--decimal ${shellWord(choices.decimal)}`)
  if (!choices.header) words.push('--no-header')
  if (choices.encoding !== usualChoices.encoding) words.push('--encoding latin1')
  if (choices.text.length > 0) words.push(`--text ${shellWord(choices.text.join(','))}`)
  return words
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

export function kmeansCode(recipe: Recipe, k: number, seed: number): string {
  const { columns, scale, missing } = recipe
  return `import { Encoder, KMeans } from 'nigh'

// table: a Table of ${literal(recipe.file)}, such as Table.fromRows(rows)
const encoder = Encoder.fit(table, {
  columns: [${columns.map(literal).join(', ')}],
  scale: '${scale}',
  missing: '${missing}',
})
const clusters = await KMeans.fit(table, { k: ${k}, seed: ${seed}, encoder })
clusters.labels // the cluster of each row
encoder.decode(clusters.centroids) // centres in the data's own units`
}

export function knnCommand(
  recipe: Recipe,
  target: string,
  { k, weights, task }: NeighborSettings,
  folds: number,
  seed: number,
): string {
  return [
    `nigh knn ${fileWord(recipe.file)} --target ${shellWord(target)} --task ${task}`,
    `--columns ${shellWord(recipe.columns.filter((name) => name !== target).join(','))}`,
    `--scale ${recipe.scale} --missing ${recipe.missing} --k ${k} --weights ${weights}`,
    `--cv ${folds} --seed ${seed}`,
    ...reading(recipe),
  ].join(' \\\n  ')
}

export function knnCode(recipe: Recipe, target: string, { k, weights, task }: NeighborSettings): string {
  const { columns, scale, missing } = recipe
  const learner = task === 'classify' ? 'KNNClassifier' : 'KNNRegressor'
  return `import { Encoder, ${learner} } from 'nigh'

// table: a Table of ${literal(recipe.file)}; targets: its column ${literal(target)}, one a row
const encoder = Encoder.fit(table, {
  columns: [${columns
    .filter((name) => name !== target)
    .map(literal)
    .join(', ')}],
  scale: '${scale}',
  missing: '${missing}',
})
const model = await ${learner}.fit(table, targets, { k: ${k}, weights: '${weights}', encoder })
await model.predict(newTable)
await model.explain(newTable) // the neighbours behind each answer`
}
