import { InputError, isMissing, load } from 'nigh'
import type { Model } from 'nigh'
import { readOptionsOf } from '../options.ts'
import type { ReadFlags } from '../options.ts'
import { openSource, readBytes } from '../read/source.ts'
import type { Run } from '../run.ts'
import { inputLines, timeLine } from '../run.ts'
import { grid } from '../show/grid.ts'
import { percent, whole } from '../show/numbers.ts'
import { answerRows, encoderOf, isAnswering } from './answers.ts'
import { chosenColumns, familyAnswers, isFamily } from './family-answers.ts'
import { sayRows } from './knn.ts'
import { explainedJSON, onlyNeighbors, sayExplained } from './explain.ts'
import type { Explained } from './explain.ts'
import { checkEncoded, places, withAnswers } from './shared.ts'
import { answering } from './unfit.ts'

export interface PredictFlags extends ReadFlags {
  readonly out?: string | undefined
  readonly formulas?: boolean | undefined
  readonly json?: boolean | undefined
  readonly quiet?: boolean | undefined
  readonly explain?: boolean | undefined
  readonly columns?: string[] | undefined
}

/** `nigh predict MODEL DATA` */
export async function predict(modelName: string, name: string, flags: PredictFlags, run: Run): Promise<void> {
  const out = places(flags)
  const model = await run.time('load', 'loading the model', () => loadModel(modelName))
  if (!isAnswering(model) && !isFamily(model)) {
    throw new InputError(
      'E_KIND',
      'model',
      `${modelName} is a ${model.constructor.name} model; nigh predict takes those of nigh kmeans, knn and anomalies`,
    )
  }
  const input = await run.read(name, { ...readOptionsOf(flags), dispensable: 'all' })
  const explained: Explained[] | undefined = flags.explain === true ? [] : undefined
  const encoder = encoderOf(model)
  const answers = await run.time('predict', 'predicting', () =>
    answering(input, encoder, true, () => {
      const table = chosenColumns(model, input.table, flags.columns)
      if (encoder !== undefined) checkEncoded(input.name, table.rows, encoder, flags)
      if (!isFamily(model)) return answerRows(model, table, run, explained)
      if (explained !== undefined) throw onlyNeighbors()
      return familyAnswers(model, table, run)
    }),
  )
  const answered = withAnswers(input.table, answers, run)
  if (out !== undefined) {
    await run.time('write', 'writing', () => run.write(answered, out, flags.formulas))
  }
  const [first] = answers
  const counts = new Map<string, number>()
  if (first.type !== 'number' || first.name === 'cluster') {
    for (let row = 0; row < first.values.length; row++) {
      const value = first.values[row]
      const label = isMissing(first, row)
        ? 'no answer'
        : first.type === 'text'
          ? first.categories[value]
          : first.type === 'boolean'
            ? String(value === 1)
            : String(value)
      counts.set(label, (counts.get(label) ?? 0) + 1)
    }
  }
  run.answer({
    command: 'predict',
    model: modelName,
    rows: input.table.rows,
    answers: Object.fromEntries(answers.map((column) => [column.name, cellsOf(column)])),
    ...(explained === undefined ? {} : { explanations: explained.map(explainedJSON) }),
    warnings: input.warnings.map(({ code, message }) => ({ code, message })),
    seconds: run.seconds,
    timings: run.timings,
  })
  if (run.json || run.quiet) return
  run.say(...inputLines(input), '')
  if (counts.size > 0) {
    const sorted = [...counts].sort((a, b) => b[1] - a[1])
    run.say(
      run.paint.bold(first.name === 'cluster' ? 'Rows by cluster' : 'Rows by prediction'),
      ...grid(
        [
          { title: first.name, align: 'left' },
          { title: 'rows', align: 'right' },
          { title: 'share', align: 'right' },
        ],
        sorted.slice(0, 20).map(([label, count]) => [label, whole(count), percent(count / input.table.rows)]),
        run.width,
        run.paint,
      ),
      '',
    )
  }
  if (explained !== undefined) sayExplained(explained, run)
  if (out === undefined) sayRows(answered, answers.length, run)
  else if (flags.out !== '-')
    run.say(`Rows with ${answers.map((column) => column.name).join(', ')}: ${flags.out}`)
  run.say(run.paint.dim(timeLine(run)))
}

function cellsOf(column: Awaited<ReturnType<typeof answerRows>>[number]): unknown[] {
  switch (column.type) {
    case 'text':
      return Array.from(column.values, (code) => (code < 0 ? null : column.categories[code]))
    case 'boolean':
      return Array.from(column.values, (value) => (value === 255 ? null : value === 1))
    default:
      return Array.from(column.values, (value) => (Number.isNaN(value) ? null : value))
  }
}

/**
 * Reads a model file. Its first bytes are looked at before the rest: a disk image or a device costs nothing.
 *
 * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_NOT_FILE
 */
export function loadModel(name: string): Model {
  const source = openSource(name)
  try {
    if (!isModelStart(readBytes(source, 0, 64))) {
      throw new InputError('E_MAGIC', 'model', `${name}: this is not a model file of nigh`)
    }
    if (source.size > 2 ** 32) throw new InputError('E_SIZE', 'model', `${name}: the model file is too large`)
    try {
      return load(readBytes(source, 0, source.size))
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      throw new InputError(error.code, 'model', `${name}: ${error.message.replace(/^[\w.]+: /, '')}`)
    }
  } finally {
    source.close()
  }
}

/** Whether these first bytes are those of a model file. */
export function isModelStart(bytes: Uint8Array): boolean {
  return Buffer.from(bytes.subarray(8, 43)).toString('latin1') === '{"__metadata__":{"format":"nigh","v'
}
