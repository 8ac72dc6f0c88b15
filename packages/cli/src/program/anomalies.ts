import { Option } from '@commander-js/extra-typings'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { anomalies } from '../commands/anomalies.ts'
import { integer, names, real } from '../options.ts'
import type { Start } from '../run.ts'
import { dataOptions, outputOptions, readingOptions } from './groups.ts'
import { metric, plot, plotOf, power, report, rowId, spark, sparkToken, sphere, unseen } from './singles.ts'

/** `nigh anomalies DATA`: its options. */
export function addAnomalies(program: CommandUnknownOpts, start: Start): void {
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
            ).argParser(real(Number.MIN_VALUE, 0.5, 'above 0 and up to 0.5')),
          )
          .addOption(
            new Option('--threshold <x>', 'rows that score above it are anomalies').argParser(
              real(0, Number.MAX_VALUE, 'from 0 up'),
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
          .addOption(spark())
          .addOption(sparkToken())
          .addOption(rowId())
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
    .action(async (data, flags) => {
      const work =
        flags.spark === undefined ? anomalies : (await import('../spark/anomalies.ts')).anomaliesOnSpark
      await work(data, flags, start('anomalies', flags, flags.out === '-'))
    })
}
