import { InputError, type InputErrorCode, show } from '../check.ts'

/**
 * Reads a JSON object of known shape, one field after the other, and refuses everything else: a field of another
 * type, a field that is not there, and (by {@link Fields.done}) a field that nobody asked for.
 */
export class Fields {
  readonly #call: string
  readonly #path: string
  readonly #code: InputErrorCode
  readonly #fields: ReadonlyMap<string, unknown>
  readonly #read = new Set<string>()

  /**
   * @param path names the object in errors, as in `encoder.columns[3]`
   * @throws {InputError} of this code, where the value is not an object
   */
  constructor(call: string, path: string, value: unknown, code: InputErrorCode = 'E_JSON') {
    if (value === null || typeof value !== 'object' || Array.isArray(value)) {
      throw new InputError(code, path, `${call}: ${path} must be an object, got ${show(value)}`)
    }
    this.#call = call
    this.#path = path
    this.#code = code
    this.#fields = new Map(Object.entries(value))
  }

  /** The names of the fields, in order. */
  names(): string[] {
    return [...this.#fields.keys()]
  }

  /** Whether the object has this field. */
  has(name: string): boolean {
    return this.#fields.has(name)
  }

  /** A field of any type. */
  value(name: string): unknown {
    this.#read.add(name)
    return this.#fields.get(name)
  }

  /** Text. */
  text(name: string): string {
    const value = this.value(name)
    return typeof value === 'string' ? value : this.refuse(name, 'text', value)
  }

  /** True or false. */
  boolean(name: string): boolean {
    const value = this.value(name)
    return typeof value === 'boolean' ? value : this.refuse(name, 'true or false', value)
  }

  /** One of a few words. */
  choice<const T extends string>(name: string, choices: readonly T[]): T {
    const value = this.value(name)
    const found = choices.find((choice) => choice === value)
    return found ?? this.refuse(name, `one of ${choices.map((choice) => `'${choice}'`).join(', ')}`, value)
  }

  /** A finite number. */
  number(name: string): number {
    const value = this.value(name)
    return typeof value === 'number' && Number.isFinite(value)
      ? value
      : this.refuse(name, 'a finite number', value)
  }

  /** A whole number in a range. */
  integer(name: string, from: number, to: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.value(name)
    const good = typeof value === 'number' && Number.isSafeInteger(value) && value >= from && value <= to
    return good ? value : this.refuse(name, `an integer from ${from} to ${to}`, value)
  }

  /** A list of anything. */
  list(name: string): readonly unknown[] {
    const value = this.value(name)
    return Array.isArray(value) ? value : this.refuse(name, 'an array', value)
  }

  /** A list of text. */
  texts(name: string): string[] {
    const texts: string[] = []
    for (const value of this.list(name)) {
      if (typeof value !== 'string') return this.refuse(name, 'an array of text', value)
      texts.push(value)
    }
    return texts
  }

  /** Whether the field is null. */
  isNull(name: string): boolean {
    const value = this.value(name)
    if (value === undefined) this.refuse(name, 'there', value)
    return value === null
  }

  /** Says that the value of a field is wrong. */
  refuse(name: string, rule: string, value: unknown): never {
    const field = `${this.#path}.${name}`
    throw new InputError(this.#code, field, `${this.#call}: ${field} must be ${rule}, got ${show(value)}`)
  }

  /** Refuses the fields that were not read. */
  done(): void {
    for (const name of this.#fields.keys()) {
      if (this.#read.has(name)) continue
      throw new InputError(
        this.#code,
        this.#path,
        `${this.#call}: ${this.#path} must have no field ${show(name)}, which is unknown`,
      )
    }
  }
}
