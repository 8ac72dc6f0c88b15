// TypeScript that gives exactly what is on the page: it reads the file, makes the table, and fits.

import type { Column } from 'nigh'
import type { NeighborSettings } from '../compute/tasks.ts'
import { missingMarks } from '../read/csv.ts'
import type { AnomalyRecipe, Recipe } from './reproduce.ts'

type ColumnType = Column['type']

/** Text as a TypeScript literal in single quotes. */
export function literal(text: string): string {
  return `'${JSON.stringify(text).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`
}

/** A name as a key of an object; `__proto__` without brackets would be the object's prototype. */
function key(name: string): string {
  if (name === '__proto__') return "['__proto__']"
  return /^[a-z_$][\w$]*$/i.test(name) ? name : literal(name)
}

function list(names: readonly string[]): string {
  return `[${names.map(literal).join(', ')}]`
}

const parse = `
/** RFC 4180: cells in quotation marks may hold anything. */
function parse(text: string, delimiter: string): string[][] {
  const records: string[][] = []
  let record: string[] = []
  for (let at = 0; at < text.length; ) {
    let cell = ''
    if (text[at] === '"') {
      let from = at + 1
      for (at = text.indexOf('"', from); text[at + 1] === '"'; at = text.indexOf('"', from)) {
        cell += text.slice(from, at + 1)
        from = at + 2
      }
      cell += text.slice(from, at++)
    } else {
      const from = at
      while (at < text.length && text[at] !== delimiter && text[at] !== '\\n' && text[at] !== '\\r') at++
      cell = text.slice(from, at)
    }
    record.push(cell)
    if (text[at] === delimiter && at + 1 < text.length) {
      at++
      continue
    }
    if (text[at] === delimiter) record.push('')
    at += text[at] === '\\r' && text[at + 1] === '\\n' ? 2 : 1
    if (record.length > 1 || cell !== '') records.push(record)
    record = []
  }
  return records
}
`

interface Reader {
  readonly imports: readonly string[]
  /** Lines that make \`records\`, and \`cell(record, name)\`. */
  readonly lines: readonly string[]
  readonly after: string
}

function readerOf({ file, names, how, choices }: Recipe): Reader {
  const packed = /\.gz$/i.test(file)
  const bytes = packed ? `gunzipSync(readFileSync(${literal(file)}))` : `readFileSync(${literal(file)})`
  const imports = [
    "import { readFileSync } from 'node:fs'",
    ...(packed ? ["import { gunzipSync } from 'node:zlib'"] : []),
  ]
  const text = `new TextDecoder(${literal(how.encoding)}).decode(${bytes})`
  switch (how.format) {
    case 'csv':
    case 'tsv':
      return {
        imports,
        lines: [
          `const records = parse(${text}, ${literal(how.delimiter ?? ',')})`,
          choices.header
            ? `const names = records.shift() ?? []`
            : `const names = ${list(names)} // there is no line of names`,
          `const missing = new Set(${list(['', ...(choices.missingMarks ?? missingMarks)])})`,
          `const cell = (record: string[], name: string) => {`,
          `  const text = record[names.indexOf(name)]`,
          `  return missing.has(text) ? null : text`,
          `}`,
        ],
        after: parse,
      }
    case 'json':
    case 'ndjson':
      return {
        imports,
        lines: [
          how.format === 'json'
            ? `const records: Record<string, unknown>[] = JSON.parse(${text})`
            : `const records: Record<string, unknown>[] = ${text}.split('\\n').filter((line) => line.trim() !== '').map((line) => JSON.parse(line))`,
          plainCell,
        ],
        after: '',
      }
    case 'parquet':
      return {
        imports: [
          "import { asyncBufferFromFile, parquetReadObjects } from 'hyparquet'",
          "import { compressors } from 'hyparquet-compressors'",
        ],
        lines: [
          `const records = await parquetReadObjects({ file: await asyncBufferFromFile(${literal(file)}), compressors })`,
          plainCell,
        ],
        after: '',
      }
    case 'arrow':
      return {
        imports: [...imports, "import { tableFromIPC } from '@uwdata/flechette'"],
        lines: [
          `const records: Record<string, unknown>[] = tableFromIPC(${bytes}, { useDate: true }).toArray()`,
          plainCell,
        ],
        after: '',
      }
  }
}

const plainCell = `const cell = (record: Record<string, unknown>, name: string) => record[name] ?? null`

/** What makes a cell a value of its column. */
const converters: Readonly<Record<ColumnType, string>> = {
  number: 'number',
  boolean: 'boolean',
  text: 'text',
  date: 'instant',
}

function converterOf(type: ColumnType, comma: boolean): string {
  switch (type) {
    case 'number':
      return `const number = (cell: unknown) => (cell === null ? null : Number(${comma ? "String(cell).replace(',', '.')" : 'cell'}))`
    case 'boolean':
      return `const boolean = (cell: unknown) => (cell === null ? null : String(cell).trim().toLowerCase() === 'true')`
    case 'text':
      return `const text = (cell: unknown) => (cell === null ? null : String(cell))`
    case 'date':
      // JavaScript takes a time without a zone for local time; tables take it for UTC.
      return `const instant = (cell: unknown) => {
  if (cell === null || cell instanceof Date) return cell
  const text = String(cell).trim().replace(' ', 'T')
  return new Date(text.includes('T') && !/(?:Z|[+-]\\d\\d:?\\d\\d)$/.test(text) ? \`\${text}Z\` : text)
}`
  }
}

/** Everything up to a table of these columns, and what stands below the code. */
function tableCode(
  recipe: Recipe,
  wanted: readonly string[],
  nigh: readonly string[],
  /** What stands between the records and the table, and what the table is made of. */
  between: readonly string[] = [],
  from = 'records',
): { readonly code: string; readonly after: string } {
  const { imports, lines, after } = readerOf(recipe)
  const types = [...new Set(wanted.map((name) => typeOf(recipe, name)))].sort()
  const code = [
    ...imports,
    `import { ${[...nigh].sort().join(', ')} } from 'nigh'`,
    '',
    ...lines,
    ...types.map((type) => converterOf(type, recipe.how.decimal === ',')),
    ...between,
    `const table = Table.fromRows(`,
    `  ${from}.map((record) => ({`,
    ...wanted.map((name) => `    ${key(name)}: ${valueOf(recipe, name)},`),
    `  })),`,
    `)`,
  ]
  return { code: code.join('\n'), after }
}

function typeOf({ names, types }: Recipe, name: string): ColumnType {
  return types[names.indexOf(name)] ?? 'text'
}

function valueOf(recipe: Recipe, name: string): string {
  return `${converters[typeOf(recipe, name)]}(cell(record, ${literal(name)}))`
}

function encoderCode(columns: readonly string[], { scale, missing }: Recipe): string {
  return `const encoder = Encoder.fit(table, {
  columns: ${list(columns)},
  scale: '${scale}',
  missing: '${missing}',
})`
}

export function kmeansCode(recipe: Recipe, k: number, seed: number): string {
  const { code, after } = tableCode(recipe, recipe.columns, ['Encoder', 'KMeans', 'Table'])
  return `${code}
${encoderCode(recipe.columns, recipe)}
const clusters = await KMeans.fit(table, { k: ${k}, seed: ${seed}, encoder })
console.log(clusters.inertia, clusters.counts)
// clusters.labels: the cluster of each row; encoder.decode(clusters.centroids): centres in the data's own units
${after}`
}

export function knnCode(recipe: Recipe, target: string, { k, weights, task }: NeighborSettings): string {
  const columns = recipe.columns.filter((name) => name !== target)
  const learner = task === 'classify' ? 'KNNClassifier' : 'KNNRegressor'
  const needed = recipe.missing === 'drop' ? [...columns, target] : [target]
  const { code, after } = tableCode(
    recipe,
    [...columns, target],
    ['Encoder', learner, 'Table'],
    [
      `// Rows are learnt from that have ${recipe.missing === 'drop' ? 'all cells' : 'a target'}.`,
      `const known = records.filter((record) =>`,
      `  ${list(needed)}.every((name) => cell(record, name) !== null && !Number.isNaN(cell(record, name))),`,
      `)`,
    ],
    'known',
  )
  const value = valueOf(recipe, target)
  return `${code}
${encoderCode(columns, recipe).replace(/\n}\)$/, "\n  unseen: 'zero',\n})")}
const targets = known.map((record) => ${task === 'classify' ? `String(${value})` : `${value} ?? 0`})
const model = await ${learner}.fit(table, targets, { k: ${k}, weights: '${weights}', encoder })
console.log(await model.predict(table.take([0])))
// await model.predict(newTable): an answer a row; await model.explain(newTable): with the neighbours behind it
${after}`
}

export function anomalyCode(recipe: Recipe, { method, k, contamination }: AnomalyRecipe): string {
  const model = {
    neighbors: 'NeighborDistance',
    density: 'LocalOutlierFactor',
    centroids: 'CentroidDistance',
  }[method]
  const { code, after } = tableCode(recipe, recipe.columns, ['Encoder', model, 'Table'])
  return `${code}
${encoderCode(recipe.columns, recipe)}
const model = await ${model}.fit(table, { k: ${k}, contamination: ${contamination}, encoder })
console.log(model.threshold)
// model.scores: how strange each row is; model.outliers: 1 where the score is above the threshold
${after}`
}
