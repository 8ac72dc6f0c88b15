import { Option } from '@commander-js/extra-typings'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { explainsHere } from '../commands/explain.ts'
import { knn } from '../commands/knn.ts'
import { neighbors } from '../commands/neighbors.ts'
import { folds, integer, real } from '../options.ts'
import type { Start } from '../run.ts'
import { dataOptions, outputOptions, readingOptions } from './groups.ts'
import {
  explain,
  mixedMetric,
  plot,
  plotOf,
  power,
  report,
  rowId,
  spark,
  sparkToken,
  sphere,
  unseen,
} from './singles.ts'

/** `nigh knn DATA --target COLUMN`: its options. */
export function addKNN(program: CommandUnknownOpts, start: Start): void {
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
          .addOption(mixedMetric())
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
              .argParser(real(Number.MIN_VALUE, 1 - 2 ** -53, 'above 0 and below 1'))
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
      const work = flags.spark === undefined ? knn : (await import('../spark/knn.ts')).knnOnSpark
      await work(data, flags, start('knn', flags, flags.out === '-'))
    })
}

/** `nigh neighbors DATA`: its options. */
export function addNeighbors(program: CommandUnknownOpts, start: Start): void {
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
          .addOption(mixedMetric())
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
        flags.spark === undefined ? neighbors : (await import('../spark/neighbors.ts')).neighborsOnSpark
      await work(data, flags, start('neighbors', flags, flags.out === '-'))
    })
}
