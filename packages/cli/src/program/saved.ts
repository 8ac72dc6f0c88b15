import { Option } from '@commander-js/extra-typings'
import type { CommandUnknownOpts } from '@commander-js/extra-typings'
import { evaluateModel } from '../commands/evaluate.ts'
import { explainsHere } from '../commands/explain.ts'
import { inspect } from '../commands/inspect.ts'
import { predict } from '../commands/predict.ts'
import { names } from '../options.ts'
import type { Start } from '../run.ts'
import { outputOptions, readingOptions } from './groups.ts'
import { explain, rowId, spark, sparkToken } from './singles.ts'

/** `nigh predict MODEL DATA`: its options. */
export function addPredict(program: CommandUnknownOpts, start: Start): void {
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
      const work = flags.spark === undefined ? predict : (await import('../spark/predict.ts')).predictOnSpark
      await work(model, data, flags, start('predict', flags, flags.out === '-'))
    })
}

/** `nigh evaluate MODEL DATA`: its options. */
export function addEvaluate(program: CommandUnknownOpts, start: Start): void {
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
        new Option('--columns <a,b>', 'for models of plain numbers: the columns they take').argParser(names),
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
    .action((model, data, flags) => evaluateModel(model, data, flags, start('evaluate', flags, false)))
}

/** `nigh inspect FILE`: its options. */
export function addInspect(program: CommandUnknownOpts, start: Start): void {
  readingOptions(
    program
      .command('inspect')
      .summary('what a data or model file holds')
      .description('Says what a file of rows holds, column by column, or what a model file (.nigh) holds.')
      .argument('<file>', 'the file'),
  ).action((file, flags) => inspect(file, flags, start('inspect', flags, false)))
}
