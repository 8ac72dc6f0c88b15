import type { Kernels, KernelSetName } from './contract.ts'
import type { Memory } from './memory.ts'
import { scalarKernels } from './scalar.ts'
import { alphabet, relaxedMemoryFlag, relaxedPatch, simdMemoryFlag, simdModule } from './wasm.bytes.ts'

/** The kernel sets that this environment can run, fastest first; 'scalar' is always the last. */
export function availableKernels(): readonly KernelSetName[] {
  if (available === null) {
    const found: KernelSetName[] = []
    if (compiled('relaxed', false) !== null) found.push('relaxed')
    if (compiled('simd', false) !== null) found.push('simd')
    found.push('scalar')
    available = found
  }
  return available
}

/** Binds a kernel set to a memory. The set must be one of {@link availableKernels}. */
export function bindKernels(set: KernelSetName, memory: Memory): Kernels {
  if (set === 'scalar' || memory.wasm === null) return scalarKernels(memory)
  const module = compiled(set, memory.shared)
  if (module === null) return scalarKernels(memory)
  const { exports } = new WebAssembly.Instance(module, { env: { memory: memory.wasm, abort: refuse } })
  return {
    set,
    get buffer() {
      return memory.buffer
    },
    ...kernelExports(exports),
  }
}

let available: readonly KernelSetName[] | null = null
const modules = new Map<string, WebAssembly.Module | null>()

/** The compiled module, made once, or null where this environment refuses it (no WebAssembly, no SIMD, a policy). */
function compiled(set: 'simd' | 'relaxed', shared: boolean): WebAssembly.Module | null {
  const key = `${set}${shared ? ' shared' : ''}`
  const known = modules.get(key)
  if (known !== undefined) return known
  let module: WebAssembly.Module | null = null
  try {
    const base = decode(simdModule)
    const bytes = set === 'simd' ? base : patched(base, decode(relaxedPatch))
    // The module asks for a shared memory (bit 1 of the flag); where memory is not shared the bit is cleared.
    if (!shared) bytes[set === 'simd' ? simdMemoryFlag : relaxedMemoryFlag] = 1
    module = new WebAssembly.Module(bytes)
  } catch {
    module = null
  }
  modules.set(key, module)
  return module
}

/**
 * Makes one module of another and a patch: numbers of base 128, low digits first, say how many bytes follow as they
 * are, then from where in the other how many are copied; and so on to the end.
 */
function patched(base: Uint8Array<ArrayBuffer>, patch: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const parts: number[] = []
  let at = 0
  const number = (): number => {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const digit = patch[at++]
      value |= (digit & 127) << shift
      if (digit < 128) return value
    }
  }
  while (at < patch.length) {
    for (let literal = number(); literal > 0; literal--) parts.push(patch[at++])
    if (at >= patch.length) break
    const from = number()
    for (let i = 0, length = number(); i < length; i++) parts.push(base[from + i])
  }
  return Uint8Array.from(parts)
}

/** The bytes of a text of one character a byte. */
function decode(text: string): Uint8Array<ArrayBuffer> {
  const byteOf = new Uint8Array(1024)
  for (let byte = 0; byte < 256; byte++) byteOf[alphabet.charCodeAt(byte)] = byte
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = byteOf[text.charCodeAt(i)]
  return bytes
}

function refuse(): never {
  throw new Error('a kernel aborted: this is a defect of nigh')
}

type KernelExports = Omit<Kernels, 'set' | 'buffer'>

function kernelExports(exports: WebAssembly.Exports): KernelExports {
  const kernel = (name: keyof KernelExports): Kernels[keyof KernelExports] => {
    const found = exports[name]
    if (typeof found !== 'function')
      throw new Error(`the module has no kernel ${name}: this is a defect of nigh`)
    return (record, from, to, thread) => {
      found(record, from, to, thread)
    }
  }
  return {
    ranges: kernel('ranges'),
    centre: kernel('centre'),
    narrow: kernel('narrow'),
    assign: kernel('assign'),
    residuals: kernel('residuals'),
    distances: kernel('distances'),
    hash: kernel('hash'),
    seed: kernel('seed'),
    flatPack: kernel('flatPack'),
    flatQueries: kernel('flatQueries'),
    flatSearch: kernel('flatSearch'),
    flatMerge: kernel('flatMerge'),
    treeLoad: kernel('treeLoad'),
    treeHalve: kernel('treeHalve'),
    treeFinish: kernel('treeFinish'),
    treeTop: kernel('treeTop'),
    treeSearch: kernel('treeSearch'),
  }
}
