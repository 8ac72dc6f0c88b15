import { InputError } from '../check.ts'
import { Encoder } from '../data/encoder.ts'
import { Fields } from '../data/fields.ts'
import { readModel } from '../files/model-file.ts'
import { type Tensor, tensorOf } from '../files/tensor.ts'
import type { Warning } from '../kmeans/kmeans.ts'
import type { Found } from './clusters.ts'

/** What a model file of clusters holds. */
export interface SavedClusters {
  readonly found: Found
  /** The class's own options: to be read to the end, and closed by `done`. */
  readonly settings: Fields
  /** Tensors of the class's own. */
  readonly tensors: ReadonlyMap<string, Tensor>
  /** Numbers of one centre. */
  readonly width: number
}

const SHARED = ['centers', 'counts', 'labels', 'rows']

/**
 * Reads what {@link Clusters.toBytes} wrote.
 *
 * @param own names of the tensors that the class adds
 * @throws {InputError} E_MAGIC, E_CHECKSUM, E_VERSION, E_KIND
 */
export function readClusters(
  call: string,
  kind: string,
  bytes: Uint8Array,
  own: readonly string[] = [],
): SavedClusters {
  const file = readModel(bytes, call, [kind])
  const fields = new Fields(call, 'meta', file.meta, 'E_MAGIC')
  const settings = new Fields(call, 'meta.settings', fields.value('settings'), 'E_MAGIC')
  const warnings = fields.list('warnings').map((entry, i): Warning => {
    const warning = new Fields(call, `meta.warnings[${i}]`, entry, 'E_MAGIC')
    const code = warning.choice('code', ['W_DISTINCT', 'W_NOT_CONVERGED'])
    const message = warning.text('message')
    warning.done()
    return { code, message }
  })
  const inertia = fields.number('inertia')
  const iterations = fields.integer('iterations', 0)
  const converged = fields.boolean('converged')
  const kept = fields.boolean('kept')
  const encoder = fields.isNull('encoder') ? undefined : Encoder.fromJSON(fields.value('encoder'))
  fields.done()
  const centers = tensorOf(call, file.tensors, 'centers', Float64Array, [-1, -1])
  const [k, width] = file.tensors.get('centers')?.shape ?? [0, 0]
  const counts = tensorOf(call, file.tensors, 'counts', Float64Array, [k])
  const labels = tensorOf(call, file.tensors, 'labels', Uint32Array, [-1])
  const rows = tensorOf(call, file.tensors, 'rows', Uint32Array, [-1])
  const refuse = (what: string): never => {
    throw new InputError('E_MAGIC', 'bytes', `${call}: ${what}: no model file of nigh`)
  }
  const names = [...file.tensors.keys()]
  if (
    names.length !== SHARED.length + own.length ||
    names.some((name) => ![...SHARED, ...own].includes(name))
  )
    refuse('the file must hold the tensors of its kind only')
  if (k === 0 || width === 0) refuse('there must be a cluster')
  if (centers.some((x) => x - x !== 0)) refuse('centres must be finite')
  if (labels.some((label) => label >= k)) refuse('every label must be below k')
  if (counts.some((count) => !(count >= 0 && count < Number.POSITIVE_INFINITY)))
    refuse('counts must be finite')
  return {
    found: {
      centers,
      labels,
      counts,
      inertia,
      iterations,
      converged,
      warnings,
      encoder,
      rows: kept ? rows : null,
    },
    settings,
    tensors: file.tensors,
    width,
  }
}

/**
 * Checks that the centres are as wide as the space that they are read into.
 *
 * @param room how many features that space has room for
 */
export function checkWidth(call: string, saved: SavedClusters, width: number, room: number = width): void {
  const features = saved.found.encoder?.features.length
  if (saved.width === width && (features === undefined || features <= room)) return
  throw new InputError(
    'E_MAGIC',
    'bytes',
    `${call}: centres and their space must agree: no model file of nigh`,
  )
}
