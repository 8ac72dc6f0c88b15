import { InputError } from 'nigh'
import type { MetricName } from 'nigh'
import { checkMetric } from './metric.ts'
import type { KMeansFlags } from './kmeans-fit.ts'

/** What `nigh kmeans --method` takes: K-Means itself, then its relatives. */
export const methods = [
  'kmeans',
  'bisecting',
  'spherical',
  'minibatch',
  'medians',
  'medoids',
  '1d',
  'bounded',
  'prototypes',
  'geo',
] as const

export type Method = (typeof methods)[number]

/** Options of `nigh kmeans`, those of relatives among them. */
export interface FamilyFlags extends KMeansFlags {
  readonly method: Method
  readonly split?: 'inertia' | 'size' | undefined
  readonly batchSize?: number | undefined
  readonly minSize?: number | undefined
  readonly maxSize?: number | undefined
  readonly metric: MetricName
  readonly p?: number | undefined
  readonly sphereRadius?: number | undefined
  readonly categorical?: string[] | undefined
  readonly gamma?: number | undefined
  readonly spark?: string | undefined
}

/** How each method is called in print. */
export const methodNames: Readonly<Record<Method, string>> = {
  kmeans: 'K-Means',
  bisecting: 'Bisecting K-Means',
  spherical: 'Spherical K-Means',
  minibatch: 'Mini-batch K-Means',
  medians: 'K-Medians',
  medoids: 'K-Medoids',
  '1d': 'K-Means in one dimension',
  bounded: 'K-Means of bounded sizes',
  prototypes: 'K-Prototypes',
  geo: 'K-Means of places',
}

const starts = ['bisecting', 'spherical', 'minibatch', 'medians', 'medoids', 'bounded', 'prototypes', 'geo']
const numbers = ['kmeans', 'bisecting', 'spherical', 'minibatch', 'medians', 'medoids', 'bounded']
const seeded = ['kmeans', ...starts]

/** Options that not all methods honour: whether one is set, and which methods do. */
const rules: readonly (readonly [
  option: string,
  isSet: (flags: FamilyFlags) => boolean,
  honoured: readonly string[],
])[] = [
  ['--k auto', ({ k }) => k === 'auto', ['kmeans']],
  ['--stream', ({ stream }) => stream === true, ['kmeans', 'minibatch']],
  ['--spark', ({ spark }) => spark !== undefined, ['kmeans']],
  ['--tolerance', ({ tolerance }) => tolerance !== 0, ['kmeans']],
  ['--init', ({ init }) => init !== 'k-means++', seeded.filter((method) => method !== 'bisecting')],
  ['--n-init', ({ nInit }) => nInit !== undefined, seeded],
  ['--max-iterations', ({ maxIterations }) => maxIterations !== undefined, seeded],
  ['--seed', ({ seed }) => seed !== 0, seeded],
  [
    '--weights-column',
    ({ weightsColumn }) => weightsColumn !== undefined,
    methods.filter((method) => method !== 'bounded'),
  ],
  ['--log', ({ log }) => log !== undefined, numbers],
  ['--scale', ({ scale }) => scale === 'minmax' || scale === 'robust', numbers],
  [
    '--missing impute',
    ({ missing }) => missing === 'impute',
    methods.filter((method) => method !== 'prototypes' && method !== '1d'),
  ],
  ['--chart', ({ chart }) => chart === true, methods.filter((method) => method !== 'prototypes')],
  ['--split', ({ split }) => split !== undefined, ['bisecting']],
  ['--batch-size', ({ batchSize }) => batchSize !== undefined, ['minibatch']],
  ['--min-size', ({ minSize }) => minSize !== undefined, ['bounded']],
  ['--max-size', ({ maxSize }) => maxSize !== undefined, ['bounded']],
  ['--metric', ({ metric }) => metric !== 'euclidean', ['medoids']],
  ['--p', ({ p }) => p !== undefined, ['medoids']],
  ['--sphere-radius', ({ sphereRadius }) => sphereRadius !== undefined, ['medoids', 'geo']],
  ['--categorical', ({ categorical }) => categorical !== undefined, ['prototypes']],
  ['--gamma', ({ gamma }) => gamma !== undefined, ['prototypes']],
]

/** Refuses options that the method cannot honour. */
export function checkMethod(flags: FamilyFlags): void {
  const { method } = flags
  for (const [option, isSet, honoured] of rules) {
    if (!isSet(flags) || honoured.includes(method)) continue
    throw new InputError(
      'E_PARAM',
      option.replace(/^--([a-z-]+).*$/, '$1'),
      `${option} does not go with --method ${method}, but with ${listed(honoured)}`,
    )
  }
  if (method === 'medoids') checkMetric(flags)
  if (method === 'geo' && flags.scale !== 'none') {
    throw new InputError(
      'E_PARAM',
      'scale',
      '--method geo takes latitude and longitude in degrees, as they are; set --scale none',
    )
  }
  if (method === 'geo' && flags.columns?.length !== 2) {
    throw new InputError(
      'E_PARAM',
      'columns',
      '--method geo takes two columns, the latitude first: name them with --columns latitude,longitude',
    )
  }
}

function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`
}
