import { Option } from '@commander-js/extra-typings'
import { real } from '../options.ts'

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

export function explain(): Option<'--explain'> {
  return new Option('--explain', 'say which neighbours made each answer, and which columns made them near')
}

export function unseen(): Option<'--unseen <how>', undefined, 'refuse', undefined, false, 'refuse' | 'zero'> {
  return new Option(
    '--unseen <how>',
    'a text that the rows learnt from do not have: an error, or none of the categories (zero)',
  )
    .choices(['refuse', 'zero'] as const)
    .default('refuse' as const)
}

export function report(): Option<'--report <file>'> {
  return new Option('--report <file>', 'write a page that shows it all (.html)')
}

export function plot(): Option<'--plot <file>'> {
  return new Option('--plot <file>', 'write one chart (.svg or .png)')
}

export function plotOf(charts: string): Option<'--plot-of <chart>'> {
  return new Option('--plot-of <chart>', `which one: ${charts} (default: the first that there is)`)
}

export function spark(): Option<'--spark <url>'> {
  return new Option(
    '--spark <url>',
    'work on a Spark cluster, sc://host:15002; DATA is then Parquet at an address that it sees (s3a://…, file:///…), table:NAME, or a file from here, which is uploaded',
  )
}

export function sparkToken(): Option<'--spark-token <token>'> {
  return new Option(
    '--spark-token <token>',
    'its token, sent only over TLS or to this machine (default: the variable SPARK_CONNECT_AUTHENTICATE_TOKEN)',
  )
}

export function rowId(): Option<'--id <column>'> {
  return new Option(
    '--id <column>',
    'with --spark: the column of whole numbers that tells rows apart (default: row)',
  )
}

export function metric(
  what = 'how distance is measured',
): Option<'--metric <name>', undefined, 'euclidean', undefined, false, (typeof metrics)[number]> {
  return new Option('--metric <name>', what).choices(metrics).default('euclidean' as const)
}

export function sphere(
  what = 'with haversine: distances in the unit of this radius, 6371.0088 for kilometres (default: 1, so in radians)',
): Option<'--sphere-radius <x>', undefined, undefined, number> {
  return new Option('--sphere-radius <x>', what).argParser(
    real(Number.MIN_VALUE, Number.MAX_VALUE, 'above 0'),
  )
}

export function power(
  what = 'the power of the minkowski metric',
): Option<'--p <x>', undefined, undefined, number> {
  return new Option('--p <x>', what).argParser(real(1, Number.MAX_VALUE, 'from 1 up'))
}

/** For rows that may be told apart by categories too. */
export function mixedMetric(): Option<
  '--metric <name>',
  undefined,
  'euclidean',
  undefined,
  false,
  (typeof metrics)[number] | 'gower'
> {
  return new Option('--metric <name>', 'how distance is measured (gower: numbers and categories alike)')
    .choices([...metrics, 'gower'] as const)
    .default('euclidean' as const)
}
