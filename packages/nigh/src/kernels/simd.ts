import type { Kernel, Kernels, KernelSetName, KernelTable } from './contract.ts'
import type { KernelKit, KernelModule } from './kit.ts'
import type { Memory } from './memory.ts'

/** The kernel sets that this environment can run, fastest first; 'scalar' is always the last. */
export function availableKernels(): readonly KernelSetName[] {
  if (available === null) {
    const found: KernelSetName[] = []
    if (compiles(RELAXED)) found.push('relaxed')
    if (compiles(SIMD)) found.push('simd')
    found.push('scalar')
    available = found
  }
  return available
}

/** Whether this environment compiles a module: it may know no WebAssembly, not these instructions, or forbid it. */
function compiles(code: readonly number[]): boolean {
  const body = [0, ...code, 0x1a, 0x0b]
  const bytes = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 10, body.length + 2, 1]
  try {
    return new WebAssembly.Module(Uint8Array.of(...bytes, body.length, ...body)) instanceof WebAssembly.Module
  } catch {
    return false
  }
}

/** Code of functions that leave a vector: a zero in all lanes; and two of them through a relaxed swizzle. */
const SIMD = [0x41, 0, 0xfd, 0x0f]
const RELAXED = [...SIMD, ...SIMD, 0xfd, 0x80, 2]

/** Binds a kernel set, of the kits that will be used, to a memory. The set must be one of {@link availableKernels}. */
export function bindKernels(set: KernelSetName, memory: Memory, kits: readonly KernelKit[]): Kernels {
  const { wasm } = memory
  const modules =
    set === 'scalar' || wasm === null ? [] : kits.map((kit) => compiled(kit, set, memory.shared))
  const scalar = wasm === null || modules.length === 0 || modules.includes(null)
  let table: KernelTable = unbound
  for (const [at, kit] of kits.entries()) {
    const module = modules[at] ?? null
    if (scalar || module === null || wasm === null) {
      table = { ...table, ...kit.scalar(memory) }
      continue
    }
    const { exports } = new WebAssembly.Instance(module, { env: { memory: wasm, abort: refuse } })
    table = { ...table, ...exported(kit, exports) }
  }
  return {
    ...table,
    set: scalar ? 'scalar' : set,
    get buffer() {
      return memory.buffer
    },
  }
}

let available: readonly KernelSetName[] | null = null
const compiledBefore = new Map<KernelKit, Map<string, WebAssembly.Module | null>>()

/** The compiled module, made once, or null where this environment refuses it (no WebAssembly, no SIMD, a policy). */
function compiled(kit: KernelKit, set: 'simd' | 'relaxed', shared: boolean): WebAssembly.Module | null {
  const modules = compiledBefore.get(kit) ?? new Map<string, WebAssembly.Module | null>()
  compiledBefore.set(kit, modules)
  const key = `${set}${shared ? ' shared' : ''}`
  const known = modules.get(key)
  if (known !== undefined) return known
  let module: WebAssembly.Module | null = null
  try {
    module = new WebAssembly.Module(bytesOf(kit.module, set, shared))
  } catch {
    module = null
  }
  modules.set(key, module)
  return module
}

function bytesOf(
  { alphabet, simd, relaxedPatch, simdMemoryFlag, relaxedMemoryFlag }: KernelModule,
  set: 'simd' | 'relaxed',
  shared: boolean,
): Uint8Array<ArrayBuffer> {
  const base = decode(alphabet, simd)
  const bytes = set === 'simd' ? base : patched(base, decode(alphabet, relaxedPatch))
  // The module asks for a shared memory (bit 1 of the flag); where memory is not shared the bit is cleared.
  if (!shared) bytes[set === 'simd' ? simdMemoryFlag : relaxedMemoryFlag] = 1
  return bytes
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
function decode(alphabet: string, text: string): Uint8Array<ArrayBuffer> {
  const byteOf = new Uint8Array(1024)
  for (let byte = 0; byte < 256; byte++) byteOf[alphabet.charCodeAt(byte)] = byte
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = byteOf[text.charCodeAt(i)]
  return bytes
}

function refuse(): never {
  throw new Error('a kernel aborted: this is a defect of nigh')
}

/** A kit's kernels, of an instance of its module. */
function exported(kit: KernelKit, exports: WebAssembly.Exports): Partial<KernelTable> {
  const table: { -readonly [name in keyof KernelTable]?: Kernel } = {}
  for (const name of kit.names) {
    const found = exports[name]
    if (typeof found !== 'function')
      throw new Error(`the module has no kernel ${name}: this is a defect of nigh`)
    table[name] = (record, from, to, thread) => {
      found(record, from, to, thread)
    }
  }
  return table
}

function absent(): never {
  throw new Error('a kernel of a kit that was not bound: this is a defect of nigh')
}

/** What kits that were not bound answer. */
const unbound: KernelTable = {
  assign: absent,
  centre: absent,
  distances: absent,
  flatMerge: absent,
  flatPack: absent,
  flatPivots: absent,
  flatCells: absent,
  flatQueries: absent,
  flatSearch: absent,
  hash: absent,
  narrow: absent,
  ranges: absent,
  residuals: absent,
  seed: absent,
  treeFinish: absent,
  treeHalve: absent,
  treeLoad: absent,
  treeSearch: absent,
  treeTop: absent,
}
