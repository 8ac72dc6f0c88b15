import { Matrix } from '../data/matrix.ts'

/**
 * The points as they were given, for as long as a model lives. They may come from a caller who will change them; where
 * an index copies them anyway, into a memory of its own, no second copy is made until somebody asks for one.
 */
export class KeptPoints {
  #given: Matrix | undefined
  #own: Matrix | undefined
  #copy: (() => Matrix) | undefined

  /** @param lent the matrix is the caller's, who may change it once the call has returned */
  constructor(given: Matrix, lent: boolean) {
    this.#given = given
    this.#own = lent ? undefined : given
  }

  /** The points, perhaps still the caller's: to be read before the call returns. */
  now(): Matrix {
    return this.#given ?? this.own()
  }

  /** Says that a copy has been taken, and how to get at it. */
  copied(copy: () => Matrix): void {
    this.#given = undefined
    this.#copy = copy
  }

  /** The points, nobody else's: copied when this is first asked for, before the call returns or where a copy was taken. */
  own(): Matrix {
    if (this.#own === undefined) {
      const given = this.#given
      if (this.#copy !== undefined) this.#own = this.#copy()
      else if (given !== undefined) this.#own = Matrix.trusted(given.values.slice(), given.columns)
      else throw new Error('points that nobody kept: this is a defect of nigh')
    }
    this.#given = undefined
    return this.#own
  }
}
