import { Option } from '@commander-js/extra-typings'
import type { Command, CommandUnknownOpts } from '@commander-js/extra-typings'
import type { DataFlags } from '../commands/shared.ts'
import { bytes, character, integer, marks, names, oneMark } from '../options.ts'
import type { ReadFlags } from '../options.ts'
import { formats, missingMarks } from '../read/options.ts'

type Args = unknown[]
type Values = Record<string, unknown>
type DataValues = Pick<
  DataFlags,
  'columns' | 'ignore' | 'scale' | 'log' | 'missing' | 'maxCategories' | 'seed'
>
type ReadingValues = ReadFlags & Pick<DataFlags, 'json' | 'quiet'>

/** Options of commands that turn tables into numbers. */
export function dataOptions<A extends Args, O extends Values, G extends Values>(
  command: Command<A, O, G>,
): Command<A, O & DataValues, G>
export function dataOptions(command: CommandUnknownOpts): unknown {
  return command
    .optionsGroup('Columns:')
    .addOption(
      new Option('--columns <a,b>', 'the columns to use (default: all that can tell rows apart)').argParser(
        names,
      ),
    )
    .addOption(new Option('--ignore <a,b>', 'columns to leave out').argParser(names))
    .addOption(
      new Option('--scale <how>', 'how numbers are brought to one scale')
        .choices(['standard', 'minmax', 'robust', 'none'] as const)
        .default('standard' as const),
    )
    .addOption(
      new Option(
        '--log <a,b>',
        'columns of amounts, from 0 up, to take the logarithm of, ln(1 + x), before they are scaled',
      ).argParser(names),
    )
    .addOption(
      new Option(
        '--missing <how>',
        'what becomes of empty cells: an error, their rows left out, filled in, or (with --metric gower) passed over',
      )
        .choices(['refuse', 'drop', 'impute', 'mark'] as const)
        .default('refuse' as const),
    )
    .addOption(
      new Option(
        '--max-categories <n>',
        'how many different texts a column may have to become as many columns (default: 64)',
      ).argParser(integer(1)),
    )
    .addOption(new Option('--seed <n>', 'seed of the random numbers').argParser(integer(0)).default(0))
}

/** Options of commands that write rows. */
export function outputOptions<A extends Args, O extends Values, G extends Values>(
  command: Command<A, O, G>,
): Command<A, O & { readonly formulas?: boolean | undefined }, G>
export function outputOptions(command: CommandUnknownOpts): unknown {
  return command.addOption(
    new Option('--formulas', 'write text such as =1+1 as it is, though a spreadsheet would run it'),
  )
}

/** Options of every command: how DATA is read, and how the answer is shown. */
export function readingOptions<A extends Args, O extends Values, G extends Values>(
  command: Command<A, O, G>,
): Command<A, O & ReadingValues, G>
export function readingOptions(command: CommandUnknownOpts): unknown {
  return command
    .optionsGroup('Answer:')
    .addOption(new Option('--json', 'print one JSON object instead of text'))
    .addOption(new Option('--quiet', 'print nothing but errors (and what --json and --out - ask for)'))
    .addOption(new Option('--threads <n>', 'threads to work on (default: all)').argParser(integer(1)))
    .addOption(
      new Option('--config <file>', 'take options from a file (.json); those given here count instead'),
    )
    .addOption(new Option('--save-config <file>', 'write all options of this run, for --config'))
    .optionsGroup('Reading DATA:')
    .addOption(
      new Option('--format <format>', 'format of DATA where its ending does not say').choices(formats),
    )
    .addOption(
      new Option('--delimiter <mark>', 'what separates the cells of a CSV file (default: found)').argParser(
        character,
      ),
    )
    .addOption(
      new Option('--decimal <mark>', 'the decimal mark of a CSV file (default: found)').choices([
        '.',
        ',',
      ] as const),
    )
    .addOption(
      new Option('--thousands <mark>', 'the mark between thousands (default: none)').argParser(oneMark),
    )
    .addOption(
      new Option(
        '--units <a,b>',
        'marks before or after numbers to leave out, such as $,€,%,kg (default: none)',
      ).argParser(marks),
    )
    .addOption(
      new Option(
        '--dates <order>',
        'how dates are written besides 2021-03-07: dmy for 7.3.2021, mdy for 3/7/2021, ymd for 2021/3/7',
      ).choices(['dmy', 'mdy', 'ymd'] as const),
    )
    .addOption(new Option('--no-header', 'the first line of a CSV file is data'))
    .addOption(
      new Option(
        '--encoding <name>',
        'how a text file is encoded (default: utf-8, or utf-16 by its mark)',
      ).choices(['utf-8', 'utf-16', 'latin1'] as const),
    )
    .addOption(
      new Option(
        '--missing-marks <a,b>',
        `cells that mean a missing value, besides the empty one (default: ${missingMarks.join(',')})`,
      ).argParser(marks),
    )
    .addOption(new Option('--text <a,b>', 'columns of a CSV file to read as text').argParser(names))
    .addOption(
      new Option(
        '--max-memory <size>',
        'largest table to hold in memory, such as 2GB (default: a third of the memory)',
      ).argParser(bytes),
    )
}
