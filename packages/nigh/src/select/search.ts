import { checkInteger, checkOptions, InputError, show, orDefault } from '../check.ts'
import type { RunOptions } from '../indexes/steps.ts'
import { Random } from '../random.ts'

/** For each option, the values to try. */
export type SearchSpace = Readonly<Record<string, readonly unknown[]>>

/** One value for each option of a space. */
export type Combination<S extends SearchSpace> = { readonly [Name in keyof S]: S[Name][number] }

/** Scores a combination: higher is better. NaN leaves it out. */
export type Scorer<S extends SearchSpace> = (
  options: Combination<S>,
  signal?: AbortSignal,
) => number | Promise<number>

/** One combination tried. */
export interface Trial<S extends SearchSpace> {
  readonly options: Combination<S>
  /** NaN where it could not be scored. */
  readonly score: number
  /** Why it could not. */
  readonly error?: string
}

/** What a search finds. */
export interface SearchResult<S extends SearchSpace> {
  /** The combination with the highest score; the one tried first, on a tie. */
  readonly best: Trial<S>
  /** Every combination tried, in the order of the space. */
  readonly trials: readonly Trial<S>[]
}

/** Options of {@link gridSearch}. */
export interface SearchRunOptions extends Omit<RunOptions, 'threads'> {
  /** How many combinations are tried at a time: worth it where the scorer waits for workers. Default: 1. */
  readonly parallel?: number
}

/** Options of {@link randomSearch}. */
export interface RandomSearchOptions extends SearchRunOptions {
  /** How many different combinations to try. Default: 10, or all where there are fewer. */
  readonly draws?: number
  /** Of the draw. Default: 0. */
  readonly seed?: number
}

/**
 * Tries every combination of options.
 *
 * A combination that the scorer refuses with an InputError (k above the number of rows, say) scores NaN and keeps its
 * reason; any other error ends the search.
 *
 * @throws {InputError} E_EMPTY for a space without options or values; E_SIZE for more than a million combinations;
 * E_PARAM where no combination could be scored
 * @example
 * const { best } = await gridSearch(
 *   { k: [1, 3, 5, 9], weights: ['uniform', 'distance'] },
 *   async (options) => (await validateClassifier(table, species, options)).mean,
 * )
 */
export async function gridSearch<const S extends SearchSpace>(
  space: S,
  scorer: Scorer<S>,
  options: SearchRunOptions = {},
): Promise<SearchResult<S>> {
  const call = 'gridSearch'
  checkOptions(call, options, ['signal', 'onProgress', 'parallel'])
  const size = sizeOf(call, space)
  const places = Array.from({ length: size }, (_, place) => place)
  return tried(call, space, scorer, places, options)
}

/**
 * Tries some combinations of options, drawn without repetition.
 *
 * @throws {InputError} as {@link gridSearch}
 * Source: Bergstra and Bengio 2012.
 */
export async function randomSearch<const S extends SearchSpace>(
  space: S,
  scorer: Scorer<S>,
  options: RandomSearchOptions = {},
): Promise<SearchResult<S>> {
  const call = 'randomSearch'
  checkOptions(call, options, ['signal', 'onProgress', 'parallel', 'draws', 'seed'])
  const size = sizeOf(call, space)
  const draws = checkInteger(
    call,
    'draws',
    orDefault(options.draws, Math.min(10, size)),
    1,
    size,
    'the number of combinations',
  )
  const seed = checkInteger(call, 'seed', orDefault(options.seed, 0), 0, Number.MAX_SAFE_INTEGER)
  const places = Array.from(new Random(seed).permutation(size).slice(0, draws)).sort((a, b) => a - b)
  return tried(call, space, scorer, places, options)
}

async function tried<S extends SearchSpace>(
  call: string,
  space: S,
  scorer: Scorer<S>,
  places: readonly number[],
  options: SearchRunOptions,
): Promise<SearchResult<S>> {
  const { signal, onProgress } = options
  const parallel = checkInteger(call, 'parallel', orDefault(options.parallel, 1), 1, 1000)
  const trials: Trial<S>[] = []
  let next = 0
  let done = 0
  let failed = false
  const work = async (): Promise<void> => {
    while (next < places.length && !failed) {
      signal?.throwIfAborted()
      const at = next++
      try {
        trials[at] = await trial(space, scorer, places[at], signal)
        signal?.throwIfAborted()
        onProgress?.({ done: ++done, total: places.length })
      } catch (error) {
        failed = true // the others stop after what they are at
        throw error
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(parallel, places.length) }, work))
  let best: Trial<S> | null = null
  for (const one of trials) {
    if (!Number.isNaN(one.score) && (best === null || one.score > best.score)) best = one
  }
  if (best === null) {
    throw new InputError(
      'E_PARAM',
      'space',
      `${call}: space must hold a combination that can be scored; the first of ${trials.length} says: ${trials[0].error ?? 'the score is NaN'}`,
    )
  }
  return { best, trials }
}

async function trial<S extends SearchSpace>(
  space: S,
  scorer: Scorer<S>,
  place: number,
  signal: AbortSignal | undefined,
): Promise<Trial<S>> {
  const options = combination(space, place)
  try {
    const score: unknown = await scorer(options, signal)
    if (typeof score !== 'number') {
      throw new TypeError(`the scorer must return a number, got ${show(score)}`)
    }
    return { options, score }
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    return { options, score: Number.NaN, error: error.message }
  }
}

/** The combination at a place, the last option changing fastest. */
function combination<S extends SearchSpace>(space: S, place: number): Combination<S> {
  let rest = place
  const found = Object.entries(space)
    .reverse()
    .map(([name, values]) => {
      const value = values[rest % values.length]
      rest = Math.floor(rest / values.length)
      return [name, value] as const
    })
    .reverse()
  const options: unknown = Object.freeze(Object.fromEntries(found))
  if (!isCombination(options, space))
    throw new Error('a combination must have a value for each option: a defect of nigh')
  return options
}

function isCombination<S extends SearchSpace>(options: unknown, space: S): options is Combination<S> {
  if (typeof options !== 'object' || options === null) return false
  const values = new Map<string, unknown>(Object.entries(options))
  return Object.entries(space).every(
    ([name, choices]) => values.has(name) && choices.includes(values.get(name)),
  )
}

function sizeOf(call: string, space: SearchSpace): number {
  const entries = typeof space === 'object' && space !== null ? Object.entries(space) : []
  if (entries.length === 0)
    throw new InputError('E_EMPTY', 'space', `${call}: space must name an option to try`)
  let size = 1
  for (const [name, values] of entries) {
    if (!Array.isArray(values) || values.length === 0) {
      throw new InputError(
        'E_EMPTY',
        name,
        `${call}: ${name} must be a list of values to try, got ${show(values)}`,
      )
    }
    size *= values.length
  }
  if (size > 1e6) {
    throw new InputError(
      'E_SIZE',
      'space',
      `${call}: space must hold at most 1000000 combinations, got ${size}`,
    )
  }
  return size
}
