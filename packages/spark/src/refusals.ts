import { InputError, type InputErrorCode } from 'nigh'
import { show } from 'nigh/internals'
import { SparkError } from './errors.ts'

const refusals: readonly (readonly [RegExp, InputErrorCode, string])[] = [
  [/nigh: column (\d+) holds (a missing value|NaN|-?Infinity)/, 'E_NONFINITE', 'columns'],
  [/nigh: (weights must be finite numbers from 0 up, got \S+)/, 'E_WEIGHTS', 'weightColumn'],
  [/nigh: (a row has no weight)/, 'E_WEIGHTS', 'weightColumn'],
  [/nigh: (a row has no id)/, 'E_MISSING', 'id'],
  [/nigh: (rows of \d+ and of \d+ numbers)/, 'E_SHAPE', 'columns'],
  [/nigh: (a row of \d+ numbers, centroids of \d+)/, 'E_SHAPE', 'columns'],
  [/nigh: (a row without numbers)/, 'E_EMPTY', 'columns'],
]

/**
 * Does work whose rows are only looked at on the cluster, and turns what its functions refuse into the errors that the
 * same rows give on one machine.
 *
 * @param names of the columns, for the message
 */
export async function refusing<T>(
  call: string,
  names: readonly string[],
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work()
  } catch (error) {
    throw error instanceof SparkError ? refused(call, names, error) : error
  }
}

function refused(call: string, names: readonly string[], error: SparkError): Error {
  for (const text of [error.message, ...error.causes]) {
    for (const [pattern, code, param] of refusals) {
      const found = pattern.exec(text)
      if (found === null) continue
      const rule =
        found[2] === undefined
          ? found[1]
          : `columns must hold finite numbers; ${show(names[Number(found[1])] ?? names[0])} holds ${found[2]}`
      return new InputError(code, param, `${call}: ${rule}`)
    }
  }
  return error
}
