import { readFileSync } from 'node:fs'
import { InputError } from 'nigh'
import { quotedName } from './options.ts'
import { likest } from './show/likest.ts'
import { show } from './show/text.ts'
import { replaceFile } from './write/replace.ts'

/** What a configuration file needs to know of an option. */
interface KnownOption {
  readonly long?: string | undefined
  readonly short?: string | undefined
  readonly negate: boolean
  attributeName(): string
}

/** What a configuration file needs to know of a command. */
export interface KnownCommand {
  name(): string
  readonly options: readonly KnownOption[]
}

/** Options of the configuration itself: not part of a run. */
const own = new Set(['config', 'saveConfig'])

/**
 * Puts the options of a configuration file (`--config FILE`) before those of the command line, which win: an option
 * that is given on the command line is not taken from the file.
 *
 * @throws {InputError} E_FILE, E_JSON, E_PARAM naming the file and the key
 */
export function withConfig(args: readonly string[], commands: readonly KnownCommand[]): string[] {
  const at = args.findIndex((arg) => arg === '--config' || arg.startsWith('--config='))
  const command = commands.find((one) => one.name() === args.find((arg) => !arg.startsWith('-')))
  if (at < 0 || command === undefined) return [...args]
  const file = args[at] === '--config' ? args[at + 1] : args[at].slice('--config='.length)
  // A missing name is refused by the parser, in its own words.
  if (file === undefined || file === '') return [...args]
  const given = new Set<string>()
  for (const { long, short, ...option } of command.options.map((one) => ({
    long: one.long,
    short: one.short,
    name: one.attributeName(),
  }))) {
    const isGiven = args.some(
      (arg) =>
        (long !== undefined && (arg === long || arg.startsWith(`${long}=`))) ||
        (short !== undefined && arg.startsWith(short) && !arg.startsWith('--')),
    )
    if (isGiven) given.add(option.name)
  }
  const added: string[] = []
  for (const [key, value] of Object.entries(readConfig(file, command.name()))) {
    const options = command.options.filter((option) => option.attributeName() === camel(key))
    if (options.length === 0 || own.has(camel(key))) throw unknownKey(file, key, command)
    if (given.has(camel(key)) || value === null) continue
    added.push(...asArguments(file, key, value, options))
  }
  const place = args.indexOf(command.name()) + 1
  return [...args.slice(0, place), ...added, ...args.slice(place)]
}

function unknownKey(file: string, key: string, command: KnownCommand): InputError {
  const names = command.options.map((option) => option.attributeName()).filter((name) => !own.has(name))
  const alike = likest(key, [...new Set(names)])
  return new InputError(
    'E_PARAM',
    'config',
    `${file}: nigh ${command.name()} has no option ${show(key)}${alike === undefined ? '' : `; did you mean ${show(alike)}?`}`,
  )
}

/** An option as it would be typed. */
function asArguments(file: string, key: string, value: unknown, options: readonly KnownOption[]): string[] {
  const plain = options.find((option) => !option.negate)
  const negated = options.find((option) => option.negate)
  if (value === true && plain?.long !== undefined) return [plain.long]
  if (value === true && negated !== undefined) return []
  if (value === false) return negated?.long === undefined ? [] : [negated.long]
  const text = Array.isArray(value) ? value.map((one) => quotedName(String(one))).join(',') : value
  if ((typeof text === 'string' || typeof text === 'number') && plain?.long !== undefined) {
    return [`${plain.long}=${text}`]
  }
  throw new InputError(
    'E_PARAM',
    'config',
    `${file}: ${show(key)} must be a text, a number, true, false or a list, got ${show(JSON.stringify(value))}`,
  )
}

function readConfig(file: string, command: string): Record<string, unknown> {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = code === 'ENOENT' ? 'there is no such file' : `the file cannot be read (${code})`
    throw new InputError('E_FILE', 'config', `--config ${file}: ${reason}`)
  }
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    throw new InputError(
      'E_JSON',
      'config',
      `--config ${file}: this is not JSON: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
  const fields = entriesOf(parsed)
  const options = entriesOf(fields?.get('options'))
  const wrong = [...(fields?.keys() ?? [])].find((key) => key !== 'command' && key !== 'options')
  if (fields === null || options === null || wrong !== undefined) {
    throw new InputError(
      'E_JSON',
      'config',
      `--config ${file}: the file must hold { "command": ${show(command)}, "options": { … } }${wrong === undefined ? '' : `, and not ${show(wrong)}`}; --save-config writes one`,
    )
  }
  const meant = fields.get('command')
  if (meant !== undefined && meant !== command) {
    throw new InputError(
      'E_PARAM',
      'config',
      `--config ${file}: the file is for nigh ${String(meant)}, not for nigh ${command}`,
    )
  }
  return Object.fromEntries(options)
}

function entriesOf(value: unknown): Map<string, unknown> | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? new Map(Object.entries(value))
    : null
}

/** Writes every option of a run, defaults too, for --config to read. */
export async function saveConfig(
  file: string,
  command: string,
  options: Readonly<Record<string, unknown>>,
): Promise<void> {
  const kept = Object.entries(options).filter(([name, value]) => !own.has(name) && value !== undefined)
  const text = JSON.stringify({ command, options: Object.fromEntries(kept) }, null, 2)
  await replaceFile(file, (draft) => draft.write(Buffer.from(`${text}\n`)))
}

/** max-memory → maxMemory */
function camel(name: string): string {
  return name.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())
}
