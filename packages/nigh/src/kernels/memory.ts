/**
 * The one memory that kernels work in: a WebAssembly memory where there is WebAssembly, else a plain buffer.
 * Space is handed out from the bottom up and given back all at once.
 */
export class Memory {
  /** The WebAssembly memory, or null where this environment has none. */
  readonly wasm: WebAssembly.Memory | null
  /** True where other threads can work in this memory too. */
  readonly shared: boolean
  #plain: ArrayBuffer
  #top: number
  #views: Views | null = null

  private constructor(wasm: WebAssembly.Memory | null, shared: boolean, top: number) {
    this.wasm = wasm
    this.shared = shared
    this.#plain = new ArrayBuffer(wasm === null ? PAGE : 0)
    this.#top = top
  }

  /** A fresh memory; shared where `shared` is asked for and possible. */
  static create(shared: boolean): Memory {
    if (typeof WebAssembly === 'undefined') return new Memory(null, false, START)
    if (shared) {
      return new Memory(
        new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM_PAGES, shared: true }),
        true,
        START,
      )
    }
    return new Memory(new WebAssembly.Memory({ initial: 1, maximum: MAXIMUM_PAGES }), false, START)
  }

  /** The memory as another thread sees it: what was handed out there stays out of reach of {@link allocate} here. */
  static joined(wasm: WebAssembly.Memory, top: number): Memory {
    return new Memory(wasm, true, top)
  }

  /** All of the memory, as it is now: it moves when the memory grows. */
  get buffer(): ArrayBufferLike {
    return this.wasm === null ? this.#plain : this.wasm.buffer
  }

  /** The first byte that is not handed out. */
  get top(): number {
    return this.#top
  }

  /**
   * Hands out zeroed space (zeroed the first time it is handed out; later it holds what was left there).
   *
   * @returns its address, a multiple of 64
   * @throws {RangeError} where the memory cannot grow that far (4 GiB in all)
   */
  allocate(bytes: number): number {
    const address = this.#top
    const end = Math.ceil((address + bytes) / 64) * 64
    if (end > MAXIMUM_PAGES * PAGE)
      throw new RangeError(`out of kernel memory: ${end} bytes asked for, at most 4 GiB`)
    this.reserve(end)
    this.#top = end
    return address
  }

  /** Makes sure that the memory reaches `end`, without handing anything out. */
  reserve(end: number): void {
    const missing = end - this.buffer.byteLength
    if (missing <= 0) return
    if (this.wasm === null) {
      const larger = new ArrayBuffer(Math.ceil(Math.max(end, this.#plain.byteLength * 1.5) / PAGE) * PAGE)
      new Uint8Array(larger).set(new Uint8Array(this.#plain))
      this.#plain = larger
    } else {
      this.wasm.grow(Math.ceil(missing / PAGE))
    }
    this.#views = null
  }

  /** Takes back everything handed out since the top was at `top`. */
  release(top: number = START): void {
    this.#top = top
  }

  /** The whole memory as typed arrays: fetch anew after anything that may allocate. */
  get views(): Views {
    const buffer = this.buffer
    if (this.#views === null || this.#views.u8.byteLength !== buffer.byteLength) {
      this.#views = {
        f64: new Float64Array(buffer),
        f32: new Float32Array(buffer),
        i32: new Int32Array(buffer),
        u32: new Uint32Array(buffer),
        u8: new Uint8Array(buffer),
      }
    }
    return this.#views
  }

  f64(address: number, length: number): Float64Array<ArrayBufferLike> {
    return new Float64Array(this.buffer, address, length)
  }

  f32(address: number, length: number): Float32Array<ArrayBufferLike> {
    return new Float32Array(this.buffer, address, length)
  }

  i32(address: number, length: number): Int32Array<ArrayBufferLike> {
    return new Int32Array(this.buffer, address, length)
  }

  u32(address: number, length: number): Uint32Array<ArrayBufferLike> {
    return new Uint32Array(this.buffer, address, length)
  }

  u16(address: number, length: number): Uint16Array<ArrayBufferLike> {
    return new Uint16Array(this.buffer, address, length)
  }

  u8(address: number, length: number): Uint8Array<ArrayBufferLike> {
    return new Uint8Array(this.buffer, address, length)
  }
}

/** Typed arrays over all of a memory; element i of `f64` is the eight bytes from address 8·i. */
export interface Views {
  readonly f64: Float64Array<ArrayBufferLike>
  readonly f32: Float32Array<ArrayBufferLike>
  readonly i32: Int32Array<ArrayBufferLike>
  readonly u32: Uint32Array<ArrayBufferLike>
  readonly u8: Uint8Array<ArrayBufferLike>
}

const PAGE = 65536
const MAXIMUM_PAGES = 65536
/** Address 0 means "not there", so nothing is handed out below this. */
const START = 1024
