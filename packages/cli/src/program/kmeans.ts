import { Option } from '@commander-js/extra-typings'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { chooseKFor } from '../commands/choose-k.ts'
import { relatives } from '../commands/family.ts'
import { checkMethod, methods } from '../commands/family-methods.ts'
import { kmeans } from '../commands/kmeans.ts'
import { clusters, integer, names, real } from '../options.ts'
import type { Start } from '../run.ts'
import { dataOptions, outputOptions, readingOptions } from './groups.ts'
import { metric, plot, plotOf, power, report, rowId, spark, sparkToken, sphere, unseen } from './singles.ts'

/** `nigh kmeans DATA --k N`: its options. */
export function addKMeans(program: CommandUnknownOpts, start: Start): void {
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
              .argParser(real(0, Number.MAX_VALUE, 'from 0 up'))
              .default(0),
          )
          .addOption(new Option('--weights-column <column>', 'a column that says how much each row counts'))
          .addOption(
            new Option(
              '--stream',
              'work through temporary files, in little memory, with --method kmeans or minibatch (default: where the table is larger than --max-memory)',
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
            ).argParser(real(0, 1e100, 'from 0 up')),
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
      const work = flags.spark === undefined ? here : (await import('../spark/kmeans.ts')).kmeansOnSpark
      await work(data, flags, start('kmeans', flags, flags.out === '-'))
    })
}

/** `nigh choose-k DATA`: its options. */
export function addChooseK(program: CommandUnknownOpts, start: Start): void {
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
        .addOption(spark())
        .addOption(sparkToken())
        .addOption(rowId())
        .addOption(report())
        .addOption(plot())
        .addOption(plotOf('elbow, criterion')),
    ),
  )
    .addHelpText('after', '\nExample:\n  nigh choose-k wine.csv --ignore cultivar --to 8')
    .action(async (data, flags) => {
      const work =
        flags.spark === undefined ? chooseKFor : (await import('../spark/choose-k.ts')).chooseKOnSpark
      await work(data, flags, start('choose-k', flags, false))
    })
}
