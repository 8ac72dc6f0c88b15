import { InputError } from 'nigh'
import type { Encoder, Table } from 'nigh'
import { show } from '../show/text.ts'
import { likest } from '../show/likest.ts'
import { emptyCells } from '../run.ts'

/** Rows that a model is to answer. */
interface Asked {
  /** The file's name. */
  readonly name: string
  readonly table: Table
}

/**
 * Gives rows to a fitted model, and says of rows that do not fit it which file they are from and what can be done now:
 * what the library advises is settled when the model is fitted.
 *
 * @param encoder the model's; undefined where it takes plain numbers
 * @param saved whether the model was fitted by an earlier command
 */
export async function answering<T>(
  { name, table }: Asked,
  encoder: Encoder | undefined,
  saved: boolean,
  work: () => T | Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (!(error instanceof InputError && (error.param === 'table' || error.param === 'points'))) throw error
    const used = (encoder?.uses ?? []).filter((use) => use.used)
    const again = saved ? 'fit the model again with' : 'set'
    if (error.code === 'E_MISSING' && used.length > 0) {
      const { total, listed } = emptyCells(table, new Set(used.map((use) => use.name)))
      throw new InputError(
        'E_MISSING',
        'missing',
        `${name}: ${total}, and ${saved ? 'the model was fitted without' : '--missing refuse allows none'} (${listed}); ` +
          `fill them or leave out their rows, or ${again} --missing drop or --missing impute`,
      )
    }
    if (error.code !== 'E_FEATURES') throw error
    const lacking = used.find((use) => !table.has(use.name))
    const alike = lacking === undefined ? undefined : likest(lacking.name, table.names)
    const meant =
      lacking === undefined || alike === undefined || used.some((use) => use.name === alike)
        ? ''
        : `; is ${show(alike)} the ${show(lacking.name)} that is meant?`
    const message = error.message
      .replace(/^(?:[A-Z]\w*\.)?[a-z]\w*(?:\.\w+)?: /, '')
      .replace(/^row (\d+), /, 'row $1 (from 0), ')
      .replace(" (unseen: 'zero' allows others)", `; to let others pass, ${again} --unseen zero`)
    throw new InputError(error.code, 'table', `${name}: ${message}${meant}`)
  }
}
