/** Codes of {@link InputError}: stable across versions, so that callers may switch on them. */
export type InputErrorCode =
  | 'E_PARAM'
  | 'E_K'
  | 'E_TYPE'
  | 'E_SHAPE'
  | 'E_EMPTY'
  | 'E_NONFINITE'
  | 'E_RANGE'
  | 'E_INIT'
  | 'E_WEIGHTS'
  | 'E_ZERO_VECTOR'
  | 'E_MISSING'
  | 'E_FEATURES'
  | 'E_SIZE'
  | 'E_MEMORY'
  | 'E_MUTATED'
  | 'E_MAGIC'
  | 'E_CHECKSUM'
  | 'E_VERSION'
  | 'E_KIND'
  | 'E_NO_NEIGHBORS'
  | 'E_DISTINCT'
  | 'E_FILE'
  | 'E_NOT_FILE'
  | 'E_NO_NET'
  | 'E_CSV'
  | 'E_JSON'
  | 'E_PARQUET'
  | 'E_ARROW'
  | 'E_NPY'

/**
 * Refused input: nothing was computed, nothing was changed.
 * The message names the call, the argument, the rule and the value.
 */
export class InputError extends Error {
  override readonly name = 'InputError'
  /** Stable code: switch on this, not on the message. */
  readonly code: InputErrorCode
  /** The argument or option at fault, or '' where it is the input as a whole. */
  readonly param: string

  constructor(code: InputErrorCode, param: string, message: string) {
    super(message)
    this.code = code
    this.param = param
  }
}

/** Shows a value in an error message: short, quoted where it is text, never throwing. */
export function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 60 ? `${value.slice(0, 57)}…` : value)
  if (typeof value === 'bigint') return `${value}n`
  if (value === null || value === undefined || typeof value === 'number' || typeof value === 'boolean') {
    return Object.is(value, -0) ? '-0' : String(value)
  }
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'symbol') return 'a symbol'
  if (Array.isArray(value)) return `an array of ${value.length}`
  if (ArrayBuffer.isView(value)) return withArticle(value.constructor.name)
  const name = Object.getPrototypeOf(value)?.constructor?.name
  return typeof name === 'string' && name !== 'Object' ? withArticle(name) : 'an object'
}

/** "a Table", "an Int32Array": of names of classes, whose first U is that of Uint32Array. */
export function withArticle(name: string): string {
  return /^[AEIO]/i.test(name) ? `an ${name}` : `a ${name}`
}

/** "1 column", "3 columns". */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** What to say of a fit that found fewer different rows than clusters were asked for. */
export function fewerDistinct(call: string, k: number, found: number): string {
  const rows = `there ${found === 1 ? 'is' : 'are'} only ${counted(found, 'different row')}`
  return `${call}: k is ${k}, but ${rows}, and so ${counted(found, 'cluster')}`
}

/**
 * Refuses `new` in code that the compiler did not look at: models are made by `fit`, and have no half-built form.
 *
 * @param given what the constructor got; `member` is a name that what nigh passes always has
 */
export function checkMade(
  name: string,
  given: unknown,
  member: string,
  maker = 'fit(points, options)',
): void {
  if (typeof given === 'object' && given !== null && member in given) return
  throw new InputError('E_TYPE', '', `new ${name}: there is no such way to make one; call ${name}.${maker}`)
}

/**
 * Checks that a value is a whole number in a range.
 *
 * @param bound says where the upper end comes from, for the message: "the number of rows"
 */
export function checkInteger(
  call: string,
  param: string,
  value: unknown,
  from: number,
  to: number,
  bound = '',
  code: InputErrorCode = 'E_PARAM',
): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= from && value <= to) return value
  const range =
    to === Number.POSITIVE_INFINITY || to >= Number.MAX_SAFE_INTEGER
      ? `from ${from} up`
      : `from ${from} to ${to}`
  throw new InputError(
    code,
    param,
    `${call}: ${param} must be an integer ${range}${bound === '' ? '' : ` (${bound})`}, got ${show(value)}`,
  )
}

/** Most bytes that one answer may take. */
const LARGEST_ANSWER = 3 * 2 ** 30

/**
 * Refuses answers that would take more memory than a call may, before any of it is taken.
 *
 * @param what what the answer holds, as the subject of a sentence in the plural
 * @throws {InputError} E_MEMORY
 */
export function checkAnswer(call: string, param: string, bytes: number, what: string): void {
  if (bytes <= LARGEST_ANSWER) return
  throw new InputError(
    'E_MEMORY',
    param,
    `${call}: ${what} need ${Math.ceil(bytes / 1e6)} MB, more than the ${Math.floor(LARGEST_ANSWER / 1e6)} MB that one answer may take; ask in parts`,
  )
}

/** Checks that a value is a finite number from `from` (inclusive) to `to` (inclusive). */
export function checkNumber(call: string, param: string, value: unknown, from: number, to: number): number {
  if (typeof value === 'number' && value >= from && value <= to) return value
  const range = to === Number.POSITIVE_INFINITY ? `from ${from} up` : `from ${from} to ${to}`
  throw new InputError('E_PARAM', param, `${call}: ${param} must be a number ${range}, got ${show(value)}`)
}

/** Checks that a value is one of a few words. */
export function checkChoice<const T extends string>(
  call: string,
  param: string,
  value: unknown,
  choices: readonly T[],
): T {
  const found = choices.find((choice) => choice === value)
  if (found !== undefined) return found
  const words = choices.map((choice) => `'${choice}'`).join(', ')
  throw new InputError('E_PARAM', param, `${call}: ${param} must be one of ${words}, got ${show(value)}`)
}

/** An option or its default. `??` would give the default for null too, which no rule then sees. */
export function orDefault<T>(value: T | undefined, otherwise: T): T {
  return value === undefined ? otherwise : value
}

/** Checks that a value is true or false: anything else, `'false'` and 0 too, would be one of them by accident. */
export function checkBoolean(call: string, param: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value
  throw new InputError('E_TYPE', param, `${call}: ${param} must be true or false, got ${show(value)}`)
}

/**
 * Checks that an options object holds no name that the call does not know: a misspelt option must not pass in silence.
 * `threads`, `signal` and `onProgress` mean the same everywhere, and are checked here.
 */
export function checkOptions(call: string, options: unknown, known: readonly string[]): void {
  if (options === null || typeof options !== 'object' || Array.isArray(options)) {
    throw new InputError('E_TYPE', 'options', `${call}: options must be an object, got ${show(options)}`)
  }
  for (const [name, value] of Object.entries(options)) {
    if (!known.includes(name)) {
      throw new InputError(
        'E_PARAM',
        name,
        `${call}: there is no option ${show(name)}; the options are ${known.join(', ')}`,
      )
    }
    if (name === 'threads' && value !== undefined) checkInteger(call, name, value, 1, 256)
    if (name === 'signal' && value !== undefined && !(value instanceof AbortSignal)) {
      throw new InputError('E_TYPE', name, `${call}: signal must be an AbortSignal, got ${show(value)}`)
    }
    if (name === 'onProgress' && value !== undefined && typeof value !== 'function') {
      throw new InputError('E_TYPE', name, `${call}: onProgress must be a function, got ${show(value)}`)
    }
  }
}
