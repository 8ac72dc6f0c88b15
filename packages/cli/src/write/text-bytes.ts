/** Text under way to a file: UTF-8 bytes in a buffer that is handed on when it is full. */
export class TextBytes {
  #bytes: Uint8Array = new Uint8Array(1 << 20)
  #at = 0
  readonly #write: (bytes: Uint8Array) => void

  constructor(write: (bytes: Uint8Array) => void) {
    this.#write = write
  }

  /** Hands on what is there. */
  flush(): void {
    this.#write(this.#bytes.subarray(0, this.#at))
    this.#at = 0
  }

  /** One ASCII character. */
  mark(code: number): void {
    if (this.#at === this.#bytes.length) this.flush()
    this.#bytes[this.#at++] = code
  }

  bytes(bytes: Uint8Array): void {
    if (this.#at + bytes.length > this.#bytes.length) this.flush()
    if (bytes.length > this.#bytes.length) this.#write(bytes)
    else {
      this.#bytes.set(bytes, this.#at)
      this.#at += bytes.length
    }
  }

  /** ASCII text, such as a number. */
  ascii(text: string): void {
    if (this.#at + text.length > this.#bytes.length) this.flush()
    for (let i = 0; i < text.length; i++) this.#bytes[this.#at + i] = text.charCodeAt(i)
    this.#at += text.length
  }

  /**
   * A finite number in as few digits as bring it back: what String says, or for a float32 what brings back the float32.
   *
   * Most numbers have few decimals. For those m / 10^p with whole m is the number itself, correctly rounded, so m's
   * digits and a point are its text; the smallest such p is looked for, and String does the rest.
   */
  number(value: number, single: boolean): void {
    const size = Math.abs(value)
    // What has more decimals than nine (five where the number is large) has them at the last of these too.
    const most = size < 1e6 ? 1e9 : 1e5
    if (size < 2 ** 31 && size >= 1e-6 && (single || Math.round(size * most) / most === size)) {
      let power = 1
      for (let p = 0; p <= 9; p++, power *= 10) {
        const whole = Math.round(size * power)
        if (whole >= 1e15 || (single && whole >= 1e9)) break
        const back = whole / power
        if (single ? Math.fround(back) !== size : back !== size) continue
        this.#decimal(value < 0, whole, p)
        return
      }
    }
    this.ascii(single ? shortSingle(value) : String(value))
  }

  #decimal(negative: boolean, whole: number, p: number): void {
    if (this.#at + 32 > this.#bytes.length) this.flush()
    const bytes = this.#bytes
    // From the last digit: 24 places are room for sign, digits and point.
    let end = this.#at + 24
    const last = end
    let left = whole
    for (let digits = 0; digits <= p || left > 0; digits++) {
      if (digits === p && p > 0) bytes[--end] = 46
      const tenth = Math.floor(left / 10)
      bytes[--end] = 48 + (left - tenth * 10)
      left = tenth
    }
    if (negative) bytes[--end] = 45
    bytes.copyWithin(this.#at, end, last)
    this.#at += last - end
  }
}

/** A float32 in as few digits as bring it back, not as the float64 beside it. */
export function shortSingle(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits))
    if (Math.fround(short) === value) return String(short)
  }
  return String(Number(value.toPrecision(9)))
}
