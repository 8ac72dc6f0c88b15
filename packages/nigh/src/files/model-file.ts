// The `.nigh` model file: docs/model-file.md has the byte table.
//
//   8 bytes   N, the length of the header, little-endian
//   N bytes   the header: JSON, then spaces up to a multiple of 8
//   …         the tensors, the widest type first, so that each stands at a multiple of its own size
//   32 bytes  the last tensor, `sha256`: the digest of every byte before it
//
// This is the safetensors layout, so Python reads it; that last tensor and the fixed first bytes of the header are
// what nigh adds. There is one way to write a given model, and reading accepts nothing else: the header must equal,
// byte for byte, the one that would be written for what it says.

import { InputError, show } from '../check.ts'
import { Fields } from '../data/fields.ts'
import { sha256 } from './sha256.ts'
import { TENSOR_SIZES, tensorType, tensorValues, turnRound, type Tensor, type TensorType } from './tensor.ts'

/** What a model file holds. */
export interface ModelContent {
  /** Which model it is: lower-case words with hyphens, as in `knn-classifier`. */
  readonly kind: string
  /** Options and whatever else is not a tensor: plain JSON, its numbers finite (−0 is written as 0). */
  readonly meta: unknown
  /** The tensors by name: letters, digits and dots, beginning with a small letter. */
  readonly tensors: Readonly<Record<string, Tensor>>
}

/** What a model file held, checked to be unharmed. */
export interface ModelFile {
  readonly kind: string
  /** Plain JSON of unknown shape: read it with {@link Fields}. */
  readonly meta: unknown
  /** The tensors by name; their arrays are copies, and belong to the caller. */
  readonly tensors: ReadonlyMap<string, Tensor>
}

/** The version of the format that this code writes, and the only one that it reads. */
const VERSION = 1
/** Every model file's header begins with this, in every version: it tells a model file from any other. */
const MAGIC = '{"__metadata__":{"format":"nigh","version":"'
const DIGEST = 'sha256'
const DIGEST_BYTES = 32
/** safetensors reads no longer header. */
const LONGEST_HEADER = 100_000_000
const MOST_AXES = 8
/** How deeply options may be nested: more is a mistake, or a ring. */
const DEEPEST = 64
const TYPES = ['F64', 'F32', 'I32', 'U32', 'I16', 'U16', 'I8', 'U8'] as const

/** Where one tensor stands. */
interface Place {
  readonly name: string
  readonly type: TensorType
  readonly shape: readonly number[]
  /** In bytes from the end of the header. */
  readonly from: number
  readonly to: number
}

/**
 * Writes a model file. Equal content gives equal bytes, whatever the order of its tensors.
 *
 * Cost: one copy and one SHA-256 pass over the tensors.
 *
 * @throws {InputError} E_PARAM or E_TYPE for a name, number or type that a file cannot hold; E_SHAPE for a tensor whose
 * shape is not its length; E_SIZE for a header over 100 MB
 */
export function writeModel(content: ModelContent): Uint8Array<ArrayBuffer> {
  const call = 'writeModel'
  if (!isKind(content.kind)) {
    throw new InputError(
      'E_PARAM',
      'kind',
      `${call}: kind must be lower-case words with hyphens, got ${show(content.kind)}`,
    )
  }
  checkPlain(call, 'meta', content.meta)
  const tensors = Object.entries(content.tensors).map(([name, tensor]) => ({
    name,
    ...checkTensor(call, name, tensor),
  }))
  // By size, then by name: one order for one content.
  tensors.sort((a, b) => TENSOR_SIZES[b.type] - TENSOR_SIZES[a.type] || (a.name < b.name ? -1 : 1))
  let at = 0
  const places: Place[] = []
  for (const { name, type, shape, values } of tensors) {
    places.push({ name, type, shape, from: at, to: at + values.byteLength })
    at += values.byteLength
  }
  const header = new TextEncoder().encode(headerOf(content.kind, JSON.stringify(content.meta), places, at))
  if (header.length > LONGEST_HEADER) {
    throw new InputError(
      'E_SIZE',
      'meta',
      `${call}: the header must have at most ${LONGEST_HEADER} bytes, got ${header.length}`,
    )
  }
  const start = 8 + header.length
  const bytes = new Uint8Array(start + at + DIGEST_BYTES)
  new DataView(bytes.buffer).setUint32(0, header.length, true)
  bytes.set(header, 8)
  for (let t = 0; t < tensors.length; t++) {
    const { values, type } = tensors[t]
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start + places[t].from)
    turnRound(bytes.subarray(start + places[t].from, start + places[t].to), TENSOR_SIZES[type])
  }
  bytes.set(sha256(bytes.subarray(0, start + at)), start + at)
  return bytes
}

/**
 * Reads a model file. One changed, missing or further bit is an error, never another model.
 *
 * Cost: one SHA-256 pass and one copy; nothing is allocated on the word of bytes that were not checked.
 *
 * @param call names the call in errors, as in `KMeans.fromBytes`
 * @param kinds the kinds of model that the call takes; any when empty
 * @throws {InputError} E_TYPE unless given bytes; E_MAGIC for what is no model file; E_CHECKSUM for a damaged one;
 * E_VERSION for one of a newer nigh; E_KIND for another kind of model
 */
export function readModel(bytes: Uint8Array, call: string, kinds: readonly string[] = []): ModelFile {
  if (!(bytes instanceof Uint8Array)) {
    throw new InputError('E_TYPE', 'bytes', `${call}: bytes must be a Uint8Array, got ${show(bytes)}`)
  }
  const headerBytes = magicHeader(call, bytes)
  const digestAt = bytes.length - DIGEST_BYTES
  const digest = sha256(bytes.subarray(0, digestAt))
  for (let i = 0; i < DIGEST_BYTES; i++) {
    if (digest[i] === bytes[digestAt + i]) continue
    throw new InputError(
      'E_CHECKSUM',
      'bytes',
      `${call}: bytes must be an unharmed model file, got one that was changed or cut`,
    )
  }
  // From here on the bytes are as somebody wrote them; that somebody need not have been nigh.
  const text = decodeHeader(call, headerBytes)
  const version = /^\d{1,9}(?=")/.exec(text.slice(MAGIC.length))?.[0]
  if (version !== String(VERSION)) {
    throw new InputError(
      'E_VERSION',
      'bytes',
      `${call}: the model file must be of version ${VERSION}, got ${show(version ?? 'none')}: it was made by another version of nigh`,
    )
  }
  const { kind, meta, places } = readHeader(call, text, digestAt - 8 - headerBytes.length)
  if (kinds.length > 0 && !kinds.includes(kind)) {
    const wanted = kinds.map((one) => `'${one}'`).join(' or ')
    throw new InputError(
      'E_KIND',
      'bytes',
      `${call}: the model file must hold a ${wanted} model, got ${show(kind)}`,
    )
  }
  const start = 8 + headerBytes.length
  const tensors = new Map<string, Tensor>()
  for (const { name, type, shape, from, to } of places) {
    // A copy, so that the model does not change when the caller writes to the bytes.
    const own = new Uint8Array(to - from)
    own.set(bytes.subarray(start + from, start + to))
    tensors.set(name, { shape, values: tensorValues(type, own) })
  }
  return { kind, meta, tensors }
}

/** The header of a content: the one way to write it. */
function headerOf(kind: string, meta: string, places: readonly Place[], dataBytes: number): string {
  const metadata = `${MAGIC}${VERSION}","kind":${JSON.stringify(kind)},"meta":${JSON.stringify(meta)}}`
  const all: readonly Place[] = [
    ...places,
    { name: DIGEST, type: 'U8', shape: [DIGEST_BYTES], from: dataBytes, to: dataBytes + DIGEST_BYTES },
  ]
  const entries = all.map(
    ({ name, type, shape, from, to }) =>
      `,"${name}":{"dtype":"${type}","shape":[${shape.join(',')}],"data_offsets":[${from},${to}]}`,
  )
  const json = `${metadata}${entries.join('')}}`
  const length = new TextEncoder().encode(json).length
  return json + ' '.repeat((8 - (length % 8)) % 8)
}

/** The header's bytes, if these bytes could be a model file at all. */
function magicHeader(call: string, bytes: Uint8Array): Uint8Array {
  const magic = new TextEncoder().encode(MAGIC)
  let good = bytes.length >= 8 + magic.length + DIGEST_BYTES
  for (let i = 0; i < magic.length && good; i++) good = bytes[8 + i] === magic[i]
  if (good) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8)
    const length = view.getUint32(0, true)
    const room = Math.min(bytes.length - 8 - DIGEST_BYTES, LONGEST_HEADER)
    if (view.getUint32(4, true) === 0 && length % 8 === 0 && length >= magic.length && length <= room) {
      return bytes.subarray(8, 8 + length)
    }
    // The file begins like one of ours: its length is what is wrong.
    throw new InputError(
      'E_CHECKSUM',
      'bytes',
      `${call}: bytes must be an unharmed model file, got one that was changed or cut`,
    )
  }
  throw new InputError(
    'E_MAGIC',
    'bytes',
    `${call}: bytes must be a nigh model file, got ${bytes.length} bytes of something else`,
  )
}

function decodeHeader(call: string, bytes: Uint8Array): string {
  try {
    // A copy, since a view on shared memory cannot be decoded.
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes.slice())
  } catch {
    throw forged(call, 'its header is not UTF-8')
  }
}

function readHeader(
  call: string,
  text: string,
  dataBytes: number,
): { readonly kind: string; readonly meta: unknown; readonly places: readonly Place[] } {
  const header = new Fields(call, 'header', parse(call, text), 'E_MAGIC')
  const metadata = new Fields(call, 'header.__metadata__', header.value('__metadata__'), 'E_MAGIC')
  metadata.text('format')
  metadata.text('version')
  const kind = metadata.text('kind')
  const metaText = metadata.text('meta')
  metadata.done()
  if (!isKind(kind)) throw forged(call, 'its kind is not a word')
  const meta = parse(call, metaText)
  const places: Place[] = []
  let at = 0
  for (const name of header.names()) {
    if (name === '__metadata__') continue
    const place = readPlace(call, name, header.value(name))
    if (place.from !== at) throw forged(call, `tensor ${show(name)} does not follow the one before it`)
    at = place.to
    places.push(place)
  }
  if (at !== dataBytes + DIGEST_BYTES) throw forged(call, 'its tensors do not fill it')
  const last = places.pop()
  if (last === undefined || last.name !== DIGEST) throw forged(call, 'its last tensor is not its digest')
  for (let t = 1; t < places.length; t++) {
    const before = places[t - 1]
    const size = TENSOR_SIZES[places[t].type]
    const after =
      TENSOR_SIZES[before.type] > size || (TENSOR_SIZES[before.type] === size && before.name < places[t].name)
    if (!after) throw forged(call, 'its tensors are not in order')
  }
  // Whatever else is odd (a name twice, 1.0 for 1, a further space) does not come back the same.
  if (headerOf(kind, metaText, places, dataBytes) !== text || stringify(meta) !== metaText) {
    throw forged(call, 'its header is not the one that nigh would write')
  }
  return { kind, meta, places }
}

function readPlace(call: string, name: string, json: unknown): Place {
  const fields = new Fields(call, `header.${name}`, json, 'E_MAGIC')
  const type = fields.choice('dtype', TYPES)
  const shape = fields.list('shape').map((length) => offset(call, name, length))
  const offsets = fields.list('data_offsets').map((at) => offset(call, name, at))
  fields.done()
  if (!isTensorName(name) || shape.length > MOST_AXES || offsets.length !== 2) {
    throw forged(call, `tensor ${show(name)} is not described as nigh would`)
  }
  const [from, to] = offsets
  const count = countOf(shape)
  if (count === null || to - from !== count * TENSOR_SIZES[type])
    throw forged(call, `tensor ${show(name)} is not as long as its shape`)
  return { name, type, shape: Object.freeze(shape), from, to }
}

function offset(call: string, name: string, value: unknown): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value
  throw forged(call, `tensor ${show(name)} has a length or offset that is not a whole number`)
}

function parse(call: string, text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    throw forged(call, 'its header is not JSON')
  }
}

/** JSON as text; text that no JSON equals where it is nested too deeply to say. */
function stringify(value: unknown): string {
  try {
    return JSON.stringify(value)
  } catch {
    return ''
  }
}

function forged(call: string, why: string): InputError {
  return new InputError(
    'E_MAGIC',
    'bytes',
    `${call}: bytes must be a model file as nigh writes it, got one of which ${why}`,
  )
}

function checkTensor(
  call: string,
  name: string,
  tensor: Tensor,
): { readonly type: TensorType; readonly shape: readonly number[]; readonly values: Tensor['values'] } {
  if (!isTensorName(name) || name === DIGEST) {
    throw new InputError(
      'E_PARAM',
      'tensors',
      `${call}: a tensor's name must be letters, digits and dots, got ${show(name)}`,
    )
  }
  const { values, shape } = tensor
  const type = tensorType(values)
  if (type === null) {
    throw new InputError(
      'E_TYPE',
      name,
      `${call}: tensor ${show(name)} must be of a type that a file can hold, got ${show(values)}`,
    )
  }
  if (countOf(shape) !== values.length || shape.length > MOST_AXES) {
    throw new InputError(
      'E_SHAPE',
      name,
      `${call}: tensor ${show(name)} must have as many numbers as its shape says, got ${values.length} for ${shape.join(' × ')}`,
    )
  }
  return { type, shape, values }
}

/** How many numbers a shape holds; null for what is no shape, or one too large to count even where it comes to 0. */
function countOf(shape: readonly number[]): number | null {
  let count = 1
  let product = 1
  for (const axis of shape) {
    if (!Number.isSafeInteger(axis) || axis < 0) return null
    count *= axis
    product *= Math.max(1, axis)
    if (product > Number.MAX_SAFE_INTEGER) return null
  }
  return count
}

/** Checks that JSON gives back what it was given: JSON.stringify would write NaN as null, and leave out a function. */
function checkPlain(call: string, path: string, value: unknown, depth = 0): void {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return
  if (typeof value === 'number' && Number.isFinite(value)) return
  if (depth > DEEPEST) {
    throw new InputError('E_TYPE', 'meta', `${call}: meta must be at most ${DEEPEST} levels deep, got more`)
  }
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) checkPlain(call, `${path}[${i}]`, value[i], depth + 1)
    return
  }
  if (typeof value === 'object') {
    const prototype: unknown = Object.getPrototypeOf(value)
    if (prototype === null || prototype === Object.prototype) {
      for (const [name, field] of Object.entries(value)) checkPlain(call, `${path}.${name}`, field, depth + 1)
      return
    }
  }
  throw new InputError('E_TYPE', path, `${call}: ${path} must be plain JSON, got ${show(value)}`)
}

function isKind(kind: unknown): boolean {
  return typeof kind === 'string' && /^[a-z0-9]+(?:-[a-z0-9]+)*$/.test(kind) && kind.length <= 40
}

/** No digit first: an object lists such names before all others, and the order would be lost. */
function isTensorName(name: string): boolean {
  return /^[a-z][A-Za-z0-9.]*$/.test(name) && name.length <= 80
}
