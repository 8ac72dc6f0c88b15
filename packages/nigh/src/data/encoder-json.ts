import { InputError, show } from '../check.ts'
import { byCodeUnits, fills, type FittedColumn, type FittedNumber } from './encoder-columns.ts'
import type { EncoderSettings, EncoderState } from './encoder.ts'
import { Fields } from './fields.ts'
import { checkNames } from './names.ts'

/** An encoder as JSON: {@link EncoderState} and the version of this form. */
export interface EncoderJSON {
  readonly encoder: 1
  readonly settings: EncoderSettings
  readonly columns: readonly FittedColumn[]
  readonly rows: number
  readonly dropped: number
}

const TYPES = ['number', 'boolean', 'text', 'date'] as const
const REASONS = [
  'ignored',
  'not-chosen',
  'empty',
  'constant',
  'id',
  'all-different',
  'free-text',
  'many-categories',
] as const

/** Writes down what an encoder has learnt. JSON keeps every finite number to the last bit; −0 does not occur here. */
export function encoderToJSON({ settings, columns, rows, dropped }: EncoderState): EncoderJSON {
  return { encoder: 1, settings, columns, rows, dropped }
}

/** Reads what {@link encoderToJSON} wrote, and nothing else. */
export function encoderFromJSON(call: string, json: unknown): EncoderState {
  const fields = new Fields(call, 'encoder', json)
  const version = fields.integer('encoder', 1)
  if (version !== 1) {
    throw new InputError(
      'E_VERSION',
      'encoder',
      `${call}: the encoder must be of version 1, got ${version}: it was made by a newer nigh`,
    )
  }
  const settings = readSettings(call, fields.value('settings'))
  const columns = fields
    .list('columns')
    .map((column, j) => readColumn(call, `encoder.columns[${j}]`, column, settings))
  const rows = fields.integer('rows', 1, 0xffffffff)
  const dropped = fields.integer('dropped', 0, settings.missing === 'drop' ? rows - 1 : 0)
  fields.done()
  checkColumns(call, settings, columns)
  return { settings, columns: Object.freeze(columns), rows, dropped }
}

function readSettings(call: string, json: unknown): EncoderSettings {
  const fields = new Fields(call, 'encoder.settings', json)
  const columns = fields.isNull('columns') ? null : Object.freeze(fields.texts('columns'))
  const settings: EncoderSettings = {
    columns,
    ignore: Object.freeze(fields.texts('ignore')),
    scale: fields.choice('scale', ['standard', 'minmax', 'robust', 'none']),
    missing: fields.choice('missing', ['refuse', 'drop', 'impute', 'mark']),
    maxCategories: fields.integer('maxCategories', 1, 65536),
    unseen: fields.choice('unseen', ['refuse', 'zero']),
    ...(fields.has('log') ? { log: Object.freeze(fields.texts('log')) } : {}),
  }
  fields.done()
  return Object.freeze(settings)
}

function readColumn(call: string, path: string, json: unknown, settings: EncoderSettings): FittedColumn {
  const fields = new Fields(call, path, json)
  const use = fields.choice('use', ['number', 'boolean', 'one-hot', 'none'])
  const name = fields.text('name')
  const column = readUse(fields, use, name, settings)
  fields.done()
  return Object.freeze(column)
}

function readUse(
  fields: Fields,
  use: FittedColumn['use'],
  name: string,
  settings: EncoderSettings,
): FittedColumn {
  switch (use) {
    case 'number':
      return readNumber(fields, name, settings)
    case 'boolean':
      return {
        use,
        name,
        type: fields.choice('type', ['boolean']),
        fill: readFill(fields, settings, 2),
        filled: readFilled(fields, settings),
      }
    case 'one-hot': {
      const categories = fields.texts('categories')
      if (categories.length === 0 || categories.length > settings.maxCategories) {
        fields.refuse('categories', `1 to ${settings.maxCategories} texts`, categories)
      }
      for (let c = 1; c < categories.length; c++) {
        if (byCodeUnits(categories[c - 1], categories[c]) >= 0)
          fields.refuse('categories', 'sorted', categories[c])
      }
      return {
        use,
        name,
        type: fields.choice('type', ['text']),
        categories: Object.freeze(categories),
        fill: readFill(fields, settings, categories.length),
        filled: readFilled(fields, settings),
      }
    }
    case 'none':
      return {
        use,
        name,
        type: fields.choice('type', TYPES),
        reason: fields.choice('reason', REASONS),
        distinct: fields.integer('distinct', 0),
      }
  }
}

function readNumber(fields: Fields, name: string, settings: EncoderSettings): FittedNumber {
  const type = fields.choice('type', ['number', 'date'])
  const log = settings.log?.includes(name) === true
  if (log || fields.has('log')) {
    if (fields.boolean('log') !== log) fields.refuse('log', `${log}, as the settings say`, !log)
  }
  const centre = fields.number('centre')
  const scale = fields.number('scale')
  if (scale <= 0) fields.refuse('scale', 'above 0', scale)
  if (settings.scale === 'none' && (centre !== 0 || scale !== 1)) fields.refuse('scale', '1 about 0', scale)
  const flat = fields.boolean('flat')
  if (flat && scale !== 1) fields.refuse('scale', '1 where flat', scale)
  const spread = fields.number('spread')
  if (spread < 0) fields.refuse('spread', 'from 0 up', spread)
  let fill: number | null = null
  if (fills(settings)) fill = fields.number('fill')
  else if (!fields.isNull('fill')) fields.refuse('fill', 'null', fields.value('fill'))
  return {
    use: 'number',
    name,
    type,
    centre,
    scale,
    flat,
    spread,
    fill,
    filled: readFilled(fields, settings),
    ...(log ? { log } : {}),
  }
}

function readFill(fields: Fields, settings: EncoderSettings, choices: number): number | null {
  if (fills(settings)) return fields.integer('fill', 0, choices - 1)
  return fields.isNull('fill') ? null : fields.refuse('fill', 'null', fields.value('fill'))
}

function readFilled(fields: Fields, settings: EncoderSettings): number {
  return fields.integer('filled', 0, fills(settings) ? 0xffffffff : 0)
}

/** What must hold between the columns and the settings. */
function checkColumns(call: string, settings: EncoderSettings, columns: readonly FittedColumn[]): void {
  const names = columns.map((column) => column.name)
  checkNames(call, 'encoder.columns', names)
  const used = columns.filter((column) => column.use !== 'none')
  const refuse = (rule: string, value: unknown): never => {
    throw new InputError('E_JSON', 'encoder', `${call}: ${rule}, got ${show(value)}`)
  }
  if (used.length === 0) refuse('encoder.columns must hold a column that is used', columns)
  const chosen = settings.columns
  if (chosen !== null) {
    const same = chosen.length === used.length && chosen.every((name, j) => name === used[j].name)
    if (!same) refuse('encoder.settings.columns must name the columns that are used', chosen)
  }
  const unlogged = (settings.log ?? []).find(
    (name) => !used.some((column) => column.name === name && column.use === 'number' && column.log === true),
  )
  if (
    unlogged !== undefined ||
    settings.log?.length === 0 ||
    new Set(settings.log).size !== (settings.log ?? []).length
  ) {
    refuse('encoder.settings.log must name columns of numbers that are used', settings.log)
  }
  const ignored = columns.filter((column) => column.use === 'none' && column.reason === 'ignored')
  const listed = new Set(settings.ignore)
  const agree = listed.size === settings.ignore.length && listed.size === ignored.length
  if (!agree || !ignored.every((column) => listed.has(column.name))) {
    refuse('encoder.settings.ignore must name the columns that are ignored', settings.ignore)
  }
}
