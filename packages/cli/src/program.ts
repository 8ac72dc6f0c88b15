import { Argument, Command } from '@commander-js/extra-typings'
import { completionScript, shells } from './completion.ts'
import { saveConfig, withConfig } from './config.ts'
import { addAnomalies } from './program/anomalies.ts'
import { addChooseK, addKMeans } from './program/kmeans.ts'
import { addKNN, addNeighbors } from './program/knn.ts'
import { addEvaluate, addInspect, addPredict } from './program/saved.ts'
import { Run } from './run.ts'
import type { Start } from './run.ts'
import { checkClashes } from './write/clash.ts'

/** Runs the command that the arguments name. Throws commander's errors and whatever the command throws. */
export async function runProgram(
  args: readonly string[],
  version: string,
  signal: AbortSignal,
): Promise<void> {
  const start: Start = (command, flags, rowsOnStdout) =>
    new Run(command, signal, flags, rowsOnStdout, { args, version })
  const program = new Command()
    .name('nigh')
    .description(
      'K-Means and K-nearest neighbours on CSV, JSON, Parquet, Arrow and npy files: exact, and the same answer every time.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) =>
        write(
          text
            .replace(/^error: /, 'nigh: ')
            .replace("'-k, --k <n>' not specified", '$&; --k auto takes the number that choose-k recommends'),
        ),
    })
    .showSuggestionAfterError()
    .addHelpText(
      'after',
      `
Examples:
  nigh inspect customers.csv
  nigh kmeans customers.csv --k 4 --ignore customer_id --out clustered.csv
  nigh knn flowers.csv --target species --cv loo
  nigh knn flowers.csv --target species --predict new.csv --out labelled.csv
  nigh kmeans customers.csv --k 4 --model customers.nigh
  nigh predict customers.nigh new.csv --out -

DATA is a file (or - for standard input): .csv .tsv (also .gz), .json, .ndjson, .parquet, .arrow, .npy.
nigh opens the files that you name and nothing else, and the network only for --spark.
Exit code: 0, 2 for bad usage or input, 130 when interrupted, 1 for a defect of nigh.
nigh COMMAND --help says more.`,
    )

  addKMeans(program, start)
  addChooseK(program, start)
  addKNN(program, start)
  addPredict(program, start)
  addNeighbors(program, start)
  addAnomalies(program, start)
  addEvaluate(program, start)
  addInspect(program, start)

  program
    .command('completion')
    .summary('a script that completes commands and options in a shell')
    .description('Prints a completion script. bash: source <(nigh completion bash); zsh and fish likewise.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action((shell) => void process.stdout.write(completionScript(shell, program)))

  program.hook('preAction', async (_, action) => {
    const { saveConfig: file, ...options }: Record<string, unknown> = action.opts()
    const named = (...names: string[]): { by: string; file: unknown }[] =>
      names.map((name) => ({ by: `--${name}`, file: options[name] }))
    checkClashes(
      [
        ...action.args.map((arg, at) => ({
          by: (action.registeredArguments[at]?.name() ?? 'DATA').toUpperCase(),
          file: arg,
        })),
        ...named('predict', 'query'),
      ],
      [...named('out', 'model', 'report', 'plot'), { by: '--save-config', file }],
    )
    if (typeof file === 'string') await saveConfig(file, action.name(), options)
  })
  await program.parseAsync(withConfig(args, program.commands), { from: 'user' })
}
