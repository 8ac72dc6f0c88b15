import { InputError, show, withArticle } from '../check.ts'

/** The arrays that a model file holds. */
export type TensorValues =
  | Float64Array
  | Float32Array
  | Int32Array
  | Uint32Array
  | Int16Array
  | Uint16Array
  | Int8Array
  | Uint8Array

/** Numbers of one type in rows and columns, as deep as the shape is long. */
export interface Tensor {
  readonly shape: readonly number[]
  /** The numbers, the last axis fastest: as many as the product of the shape. */
  readonly values: TensorValues
}

/** The names that safetensors has for the types. */
export type TensorType = 'F64' | 'F32' | 'I32' | 'U32' | 'I16' | 'U16' | 'I8' | 'U8'

/** How many bytes a number of each type takes. */
export const TENSOR_SIZES: Readonly<Record<TensorType, number>> = Object.freeze({
  F64: 8,
  F32: 4,
  I32: 4,
  U32: 4,
  I16: 2,
  U16: 2,
  I8: 1,
  U8: 1,
})

/** The name of an array's type; null where a model file cannot hold it. */
export function tensorType(values: unknown): TensorType | null {
  if (values instanceof Float64Array) return 'F64'
  if (values instanceof Float32Array) return 'F32'
  if (values instanceof Int32Array) return 'I32'
  if (values instanceof Uint32Array) return 'U32'
  if (values instanceof Int16Array) return 'I16'
  if (values instanceof Uint16Array) return 'U16'
  if (values instanceof Int8Array) return 'I8'
  return values instanceof Uint8Array ? 'U8' : null
}

/** An array over bytes that hold it in little-endian order; the bytes are its own, and may be turned round. */
export function tensorValues(type: TensorType, bytes: Uint8Array<ArrayBuffer>): TensorValues {
  turnRound(bytes, TENSOR_SIZES[type])
  const { buffer } = bytes
  switch (type) {
    case 'F64':
      return new Float64Array(buffer)
    case 'F32':
      return new Float32Array(buffer)
    case 'I32':
      return new Int32Array(buffer)
    case 'U32':
      return new Uint32Array(buffer)
    case 'I16':
      return new Int16Array(buffer)
    case 'U16':
      return new Uint16Array(buffer)
    case 'I8':
      return new Int8Array(buffer)
    case 'U8':
      return bytes
  }
}

/** Turns bytes between the platform's order and little-endian, in place: nothing to do but on big-endian platforms. */
export function turnRound(bytes: Uint8Array, size: number): void {
  if (LITTLE_ENDIAN || size === 1) return
  for (let at = 0; at < bytes.length; at += size) bytes.subarray(at, at + size).reverse()
}

const LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1

/**
 * One tensor of a file that was read, its type and shape checked.
 *
 * @param type the array's class, as in `Float64Array`
 * @param shape the shape it must have; −1 where any length will do
 * @throws {InputError} E_KIND where there is none, or it is of another type or shape
 */
export function tensorOf<T extends TensorValues>(
  call: string,
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  type: { new (length: number): T; readonly name: string },
  shape: readonly number[],
): T {
  const tensor = tensors.get(name)
  const sizes = shape.map((length) => (length < 0 ? 'any' : length)).join(' × ')
  const refuse = (got: string): InputError =>
    new InputError(
      'E_KIND',
      name,
      `${call}: tensor ${show(name)} must be ${withArticle(type.name)} of ${sizes}, got ${got}`,
    )
  if (tensor === undefined) throw refuse('none')
  const fits =
    tensor.shape.length === shape.length &&
    shape.every((length, axis) => length < 0 || length === tensor.shape[axis])
  const { values } = tensor
  if (!fits || !(values instanceof type))
    throw refuse(`${withArticle(values.constructor.name)} of ${tensor.shape.join(' × ')}`)
  return values
}
