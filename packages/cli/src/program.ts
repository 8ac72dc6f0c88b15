import { Argument, Command, Option } from '@commander-js/extra-typings'
import { anomalies } from './commands/anomalies.ts'
import { chooseKFor } from './commands/choose-k.ts'
import { evaluateModel } from './commands/evaluate.ts'
import { explainsHere } from './commands/explain.ts'
import { relatives } from './commands/family.ts'
import { checkMethod, methods } from './commands/family-methods.ts'
import { inspect } from './commands/inspect.ts'
import { kmeans } from './commands/kmeans.ts'
import { knn } from './commands/knn.ts'
import { neighbors } from './commands/neighbors.ts'
import { predict } from './commands/predict.ts'
import { saveConfig, withConfig } from './config.ts'
import { completionScript, shells } from './completion.ts'
import { bytes, character, clusters, folds, integer, marks, names, oneMark, real } from './options.ts'
import { formats, missingMarks } from './read/options.ts'
import { Run } from './run.ts'

const metrics = [
  'euclidean',
  'sqeuclidean',
  'manhattan',
  'chebyshev',
  'minkowski',
  'cosine',
  'hamming',
  'haversine',
] as const

/** Runs the command that the arguments name. Throws commander's errors and whatever the command throws. */
export async function runProgram(
  args: readonly string[],
  version: string,
  signal: AbortSignal,
): Promise<void> {
  const invocation = { args, version }
  const program = new Command()
    .name('nigh')
    .description(
      'K-Means and K-nearest neighbours on CSV, JSON, Parquet, Arrow and npy files: exact, and the same answer every time.',
    )
    .version(version)
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(text.replace(/^error: /, 'nigh: ')),
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

  readingOptions(
    outputOptions(
      dataOptions(
        program
          .command('kmeans')
          .summary('cluster rows')
          .description(
            'Clusters rows by K-Means: every row goes to the nearest of k centres, each the mean of its rows.',
          )
          .argument('<data>', 'the file of rows')
          .addOption(
            new Option('-k, --k <n>', 'number of clusters, or auto')
              .argParser(clusters)
              .makeOptionMandatory(),
          )
          .addOption(
            new Option('--method <how>', 'K-Means, or a relative of it')
              .choices(methods)
              .default('kmeans' as const),
          )
          .addOption(
            new Option('--init <how>', 'how the first centres are picked')
              .choices(['k-means++', 'random'] as const)
              .default('k-means++' as const),
          )
          .addOption(
            new Option(
              '--n-init <n>',
              'starts, the best of which is kept (default: 10 for small data, else 1)',
            ).argParser(integer(1)),
          )
          .addOption(
            new Option(
              '--max-iterations <n>',
              'most iterations (default: 10000; of most relatives 1000)',
            ).argParser(integer(1)),
          )
          .addOption(
            new Option('--tolerance <x>', 'stop when no centre moves farther')
              .argParser(real(0, Number.MAX_VALUE))
              .default(0),
          )
          .addOption(new Option('--weights-column <column>', 'a column that says how much each row counts'))
          .addOption(
            new Option(
              '--stream',
              'work through temporary files, in little memory (default: where the table is larger than --max-memory)',
            ),
          )
          .addOption(
            new Option(
              '--out <file>',
              'write the rows with cluster and distance: .csv .tsv .json .ndjson .parquet .arrow .npy, or -',
            ),
          )
          .addOption(new Option('--model <file>', 'save the model (.nigh)'))
          .addOption(spark())
          .addOption(sparkToken())
          .addOption(rowId())
          .addOption(unseen())
          .addOption(report())
          .addOption(plot())
          .addOption(
            plotOf('scatter, columns-scatter, profile, columns, silhouette; with --k auto elbow, criterion'),
          )
          .addOption(
            new Option(
              '--chart',
              'draw the rows in the terminal (default: on a terminal of 100 columns or more)',
            ),
          )
          .addOption(new Option('--no-chart', 'never draw in the terminal'))
          .optionsGroup('Of one --method alone:')
          .addOption(
            new Option(
              '--split <which>',
              'bisecting: the cluster split next, of most inertia or most rows',
            ).choices(['inertia', 'size'] as const),
          )
          .addOption(
            new Option('--batch-size <n>', 'minibatch: rows of a step (default: 1024)').argParser(integer(1)),
          )
          .addOption(new Option('--min-size <n>', 'bounded: fewest rows of a cluster').argParser(integer(1)))
          .addOption(new Option('--max-size <n>', 'bounded: most rows of a cluster').argParser(integer(1)))
          .addOption(metric('medoids: how distance is measured'))
          .addOption(power('medoids: the power of the minkowski metric'))
          .addOption(
            sphere(
              'geo, and medoids with haversine: distances in the unit of this radius (default: 6371.0088, kilometres; medoids 1)',
            ),
          )
          .addOption(
            new Option('--categorical <a,b>', 'prototypes: columns of numbers that are categories').argParser(
              names,
            ),
          )
          .addOption(
            new Option(
              '--gamma <x>',
              'prototypes: what a differing category counts (default: by the spread of the numbers)',
            ).argParser(real(0, 1e100)),
          ),
      ),
    ),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  nigh kmeans iris.csv --k 3 --ignore species\n  nigh kmeans big.parquet --k 20 --columns x,y,z --out clustered.parquet --model big.nigh',
    )
    .action(async (data, flags) => {
      checkMethod(flags)
      const here = flags.method === 'kmeans' ? kmeans : relatives
      const work = flags.spark === undefined ? here : (await import('./spark/kmeans.ts')).kmeansOnSpark
      await work(data, flags, new Run('kmeans', signal, flags, flags.out === '-', invocation))
    })

  readingOptions(
    dataOptions(
      program
        .command('choose-k')
        .summary('how many clusters there are, and whether there are any')
        .description(
          'Compares numbers of clusters by six criteria and recommends one, with reasons; or says that there are no clear clusters.',
        )
        .argument('<data>', 'the file of rows')
        .addOption(new Option('--from <n>', 'smallest number looked at (default: 1)').argParser(integer(1)))
        .addOption(new Option('--to <n>', 'largest number looked at (default: 10)').argParser(integer(1)))
        .addOption(report())
        .addOption(plot())
        .addOption(plotOf('elbow, criterion')),
    ),
  )
    .addHelpText('after', '\nExample:\n  nigh choose-k wine.csv --ignore cultivar --to 8')
    .action((data, flags) => chooseKFor(data, flags, new Run('choose-k', signal, flags, false, invocation)))

  readingOptions(
    outputOptions(
      dataOptions(
        program
          .command('knn')
          .summary('learn from labelled rows: evaluate, predict')
          .description(
            'Learns a column from the others by the k nearest rows: tries itself out on rows held back, and predicts new ones.',
          )
          .argument('<data>', 'the file of labelled rows')
          .requiredOption('--target <column>', 'the column to learn')
          .addOption(new Option('-k, --k <n>', 'neighbours asked').argParser(integer(1)).default(5))
          .addOption(
            new Option('--weights <how>', 'how much each neighbour counts')
              .choices(['uniform', 'distance'] as const)
              .default('uniform' as const),
          )
          .addOption(metric())
          .addOption(power())
          .addOption(sphere())
          .addOption(
            new Option(
              '--task <task>',
              'classify (default for text and true/false) or regress (default for numbers)',
            ).choices(['classify', 'regress'] as const),
          )
          .addOption(
            new Option('--holdout <share>', 'share of the rows to be tried on (default: 0.25)')
              .argParser(real(Number.MIN_VALUE, 1 - 2 ** -53))
              .conflicts('cv'),
          )
          .addOption(
            new Option(
              '--cv <folds>',
              'cross-validate with so many folds, or loo for leave-one-out',
            ).argParser(folds),
          )
          .addOption(new Option('--predict <file>', 'rows to predict'))
          .addOption(explain())
          .addOption(spark())
          .addOption(sparkToken())
          .addOption(rowId())
          .addOption(unseen())
          .addOption(
            new Option(
              '--out <file>',
              'write the rows of --predict with prediction, confidence and neighbors: by the ending, or -',
            ),
          )
          .addOption(new Option('--model <file>', 'save the model, learnt from all rows (.nigh)'))
          .addOption(report())
          .addOption(plot())
          .addOption(plotOf('confusion, scatter, k; for numbers predicted, errors, scatter, k')),
      ),
    ),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  nigh knn iris.csv --target species --k 5 --cv loo\n  nigh knn diamonds.parquet --target price --weights distance\n  nigh knn digits.csv --target digit --task classify --scale none --model digits.nigh',
    )
    .action(async (data, flags) => {
      explainsHere(flags)
      const work = flags.spark === undefined ? knn : (await import('./spark/knn.ts')).knnOnSpark
      await work(data, flags, new Run('knn', signal, flags, flags.out === '-', invocation))
    })

  readingOptions(
    outputOptions(
      program
        .command('predict')
        .summary('apply a saved model')
        .description(
          'Applies a model of nigh kmeans, knn or anomalies to rows: cluster and distance; prediction, confidence and neighbors; or score and anomaly.',
        )
        .argument('<model>', 'the model file')
        .argument('<data>', 'the file of rows')
        .addOption(new Option('--out <file>', 'write the rows with the answers: by the ending, or -'))
        .addOption(
          new Option('--columns <a,b>', 'for models of plain numbers: the columns they take').argParser(
            names,
          ),
        )
        .addOption(explain())
        .addOption(spark())
        .addOption(sparkToken())
        .addOption(rowId()),
    ),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  nigh predict customers.nigh new.csv --out clustered.csv\n  cat new.csv | nigh predict flowers.nigh - --out - > labelled.csv',
    )
    .action(async (model, data, flags) => {
      explainsHere(flags)
      const work = flags.spark === undefined ? predict : (await import('./spark/predict.ts')).predictOnSpark
      await work(model, data, flags, new Run('predict', signal, flags, flags.out === '-', invocation))
    })

  readingOptions(
    outputOptions(
      dataOptions(
        program
          .command('neighbors')
          .summary('the nearest rows of each row')
          .description(
            'Finds the k nearest rows of each row, or of each row of another file. Rows are numbered from 0.',
          )
          .argument('<data>', 'the file of rows')
          .addOption(
            new Option(
              '--query <file>',
              'rows whose neighbours are wanted (default: each row of DATA among the others)',
            ),
          )
          .addOption(new Option('-k, --k <n>', 'neighbours of each row').argParser(integer(1)).default(5))
          .addOption(metric())
          .addOption(power())
          .addOption(sphere())
          .addOption(
            new Option(
              '--out <file>',
              'write row, rank, neighbor and distance, a line each: by the ending, or -',
            ),
          )
          .addOption(unseen())
          .addOption(spark())
          .addOption(sparkToken())
          .addOption(rowId())
          .addOption(new Option('--model <file>', 'save the index (.nigh)'))
          .addOption(explain()),
      ),
    ),
  )
    .addHelpText(
      'after',
      '\nExample:\n  nigh neighbors airports.csv --columns latitude,longitude --metric haversine --sphere-radius 6371.0088 --scale none --k 3',
    )
    .action(async (data, flags) => {
      explainsHere(flags)
      const work =
        flags.spark === undefined ? neighbors : (await import('./spark/neighbors.ts')).neighborsOnSpark
      await work(data, flags, new Run('neighbors', signal, flags, flags.out === '-', invocation))
    })

  readingOptions(
    outputOptions(
      dataOptions(
        program
          .command('anomalies')
          .summary('the rows that stand out, and why')
          .description(
            'Scores each row by how far it stands from the others, and says which columns make it strange. Rows are numbered from 0.',
          )
          .argument('<data>', 'the file of rows')
          .addOption(
            new Option(
              '--method <how>',
              'neighbor: distance to the k-th neighbour; centroid: distance to the nearest centre; lof: local outlier factor',
            )
              .choices(['neighbor', 'centroid', 'lof'] as const)
              .default('neighbor' as const),
          )
          .addOption(
            new Option(
              '-k, --k <n>',
              'neighbours, or clusters of --method centroid (default: neighbor 5, lof 20, centroid 8)',
            ).argParser(integer(1)),
          )
          .addOption(
            new Option(
              '--contamination <share>',
              'share of the rows to be taken for anomalies, up to 0.5 (default: 0.1; with lof: what scores above 1.5)',
            ).argParser(real(Number.MIN_VALUE, 0.5)),
          )
          .addOption(
            new Option('--threshold <x>', 'rows that score above it are anomalies').argParser(
              real(0, Number.MAX_VALUE),
            ),
          )
          .addOption(metric())
          .addOption(power())
          .addOption(sphere())
          .addOption(
            new Option(
              '--label <column>',
              'a column that says which rows are anomalies: only to check the scores',
            ),
          )
          .addOption(
            new Option(
              '--anomalous <a,b>',
              'the values of --label that mean an anomaly (default: true, or 1)',
            ).argParser(names),
          )
          .addOption(
            new Option('--top <n>', 'rows shown, the strangest first').argParser(integer(1)).default(20),
          )
          .addOption(
            new Option(
              '--out <file>',
              'write the rows with score and anomaly: .csv .tsv .json .ndjson .parquet .arrow .npy, or -',
            ),
          )
          .addOption(new Option('--model <file>', 'save the model (.nigh)'))
          .addOption(unseen())
          .addOption(report())
          .addOption(plot())
          .addOption(plotOf('scores, scatter; with --label ranking')),
      ),
    ),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  nigh anomalies payments.csv --ignore id --contamination 0.01 --out flagged.csv\n  nigh anomalies breast-cancer.csv --label diagnosis --anomalous malignant --method lof',
    )
    .action((data, flags) =>
      anomalies(data, flags, new Run('anomalies', signal, flags, flags.out === '-', invocation)),
    )

  readingOptions(
    program
      .command('evaluate')
      .summary('how good a saved model is on other rows')
      .description(
        'Applies a model to rows and says how good its answers are: against a column, or for clusters by themselves.',
      )
      .argument('<model>', 'the model file')
      .argument('<data>', 'the file of rows')
      .addOption(
        new Option(
          '--target <column>',
          'the column of true answers (for clusters optional: classes to compare with)',
        ),
      )
      .addOption(
        new Option(
          '--anomalous <a,b>',
          'for models of anomalies: the values of --target that mean one (default: true, or 1)',
        ).argParser(names),
      ),
  )
    .addHelpText(
      'after',
      '\nExamples:\n  nigh evaluate flowers.nigh new.csv --target species\n  nigh evaluate customers.nigh new.csv',
    )
    .action((model, data, flags) =>
      evaluateModel(model, data, flags, new Run('evaluate', signal, flags, false, invocation)),
    )

  readingOptions(
    program
      .command('inspect')
      .summary('what a data or model file holds')
      .description('Says what a file of rows holds, column by column, or what a model file (.nigh) holds.')
      .argument('<file>', 'the file'),
  ).action((file, flags) => inspect(file, flags, new Run('inspect', signal, flags, false, invocation)))

  program
    .command('completion')
    .summary('a script that completes commands and options in a shell')
    .description('Prints a completion script. bash: source <(nigh completion bash); zsh and fish likewise.')
    .addArgument(new Argument('<shell>', 'the shell').choices(shells))
    .action((shell) => void process.stdout.write(completionScript(shell, program)))

  program.hook('preAction', async (_, action) => {
    const { saveConfig: file, ...options }: Values = action.opts()
    if (typeof file === 'string') await saveConfig(file, action.name(), options)
  })
  await program.parseAsync(withConfig(args, program.commands), { from: 'user' })
}

type Args = unknown[]
type Values = Record<string, unknown>

/** Options of commands that turn tables into numbers. */
function dataOptions<A extends Args, O extends Values, G extends Values>(command: Command<A, O, G>) {
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
        'what becomes of empty cells: an error, their rows left out, or filled in',
      )
        .choices(['refuse', 'drop', 'impute'] as const)
        .default('refuse' as const),
    )
    .addOption(new Option('--seed <n>', 'seed of the random numbers').argParser(integer(0)).default(0))
}

/** Options of commands that write rows. */
function outputOptions<A extends Args, O extends Values, G extends Values>(command: Command<A, O, G>) {
  return command.addOption(
    new Option('--formulas', 'write text such as =1+1 as it is, though a spreadsheet would run it'),
  )
}

/** Options of every command: how DATA is read, and how the answer is shown. */
function readingOptions<A extends Args, O extends Values, G extends Values>(command: Command<A, O, G>) {
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

function explain() {
  return new Option('--explain', 'say which neighbours made each answer, and which columns made them near')
}

function unseen() {
  return new Option(
    '--unseen <how>',
    'a text that the rows learnt from do not have: an error, or none of the categories (zero)',
  )
    .choices(['refuse', 'zero'] as const)
    .default('refuse' as const)
}

function report() {
  return new Option('--report <file>', 'write a page that shows it all (.html)')
}

function plot() {
  return new Option('--plot <file>', 'write one chart (.svg or .png)')
}

function plotOf(charts: string) {
  return new Option('--plot-of <chart>', `which one: ${charts} (default: the first that there is)`)
}

function spark() {
  return new Option(
    '--spark <url>',
    'work on a Spark cluster, sc://host:15002; DATA is then Parquet at an address that it sees (s3a://…, file:///…), table:NAME, or a file from here, which is uploaded',
  )
}

function sparkToken() {
  return new Option(
    '--spark-token <token>',
    'its token, sent only over TLS or to this machine (default: the variable SPARK_CONNECT_AUTHENTICATE_TOKEN)',
  )
}

function rowId() {
  return new Option(
    '--id <column>',
    'with --spark: the column of whole numbers that tells rows apart (default: row)',
  )
}

function metric(what = 'how distance is measured') {
  return new Option('--metric <name>', what).choices(metrics).default('euclidean' as const)
}

function sphere(
  what = 'with haversine: distances in the unit of this radius, 6371.0088 for kilometres (default: 1, so in radians)',
) {
  return new Option('--sphere-radius <x>', what).argParser(real(Number.MIN_VALUE, Number.MAX_VALUE))
}

function power(what = 'the power of the minkowski metric') {
  return new Option('--p <x>', what).argParser(real(1, Number.MAX_VALUE))
}
