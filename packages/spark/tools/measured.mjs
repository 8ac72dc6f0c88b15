// Writes what test/measure.mjs measured (measurements.json) into docs/spark.md, between its marks. A run whose answers
// differ from those of one machine is refused.
//
//   node packages/spark/tools/measured.mjs [FILE]
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** What a core costs for an hour, in dollars: about what clouds ask. */
const dollarsPerCoreHour = 0.05
const billion = 1e9

const page = fileURLToPath(new URL('../../../docs/spark.md', import.meta.url))
const figures = fileURLToPath(new URL('../measurements.json', import.meta.url))

/** The page's text with these measurements in it. */
export function withMeasured(text, measured) {
  prove(measured)
  return replaced(replaced(text, 'measured', measuredOf(measured)), 'capacity', capacityOf(measured))
}

function replaced(text, name, content) {
  const [from, to] = [`<!-- ${name}: from measurements.json -->\n`, `<!-- ${name}: end -->`]
  const begin = text.indexOf(from)
  const end = text.indexOf(to)
  if (begin < 0 || end < begin) throw new Error(`docs/spark.md has no marks of ${name}`)
  return `${text.slice(0, begin + from.length)}\n${content.join('\n')}\n\n${text.slice(end)}`
}

/** Throws where an answer was not that of one machine. */
function prove(measured) {
  for (const lap of measured.laps) {
    if (lap.bits !== undefined && lap.bits !== 'equal') throw new Error(`${lap.name}: bits differ`)
    if (lap.labelsEqual !== undefined && lap.labelsEqual !== lap.rows) throw new Error('labels differ')
    if (lap.equal !== undefined && lap.equal !== lap.neighbors)
      throw new Error(`${lap.name}: neighbours differ`)
  }
  const sums = new Set(measured.laps.filter(({ sum }) => sum !== undefined).map(({ sum }) => sum))
  if (sums.size > 1) throw new Error('predictions differ')
}

function lapsOf(measured, name, wanted = () => true) {
  const found = measured.laps.filter((lap) => lap.name === name && wanted(lap))
  if (found.length === 0) throw new Error(`nothing was measured of ${name}`)
  return found.toSorted((a, b) => a.seconds - b.seconds)
}

/** The quickest of some laps, with the least processor time of all of them, and the middle time. */
function summary(measured, name, wanted) {
  const laps = lapsOf(measured, name, wanted)
  const busy = laps.map(({ processors: { driver, executors, client } }) => driver + executors + client)
  return { ...laps[0], middle: laps[laps.length >> 1].seconds, busy: Math.min(...busy), runs: laps.length }
}

const whole = (n) => Math.round(n).toLocaleString('en-GB')
const seconds = (s) => `${s < 10 ? s.toFixed(2) : s.toFixed(1)} s`
const bytes = (n) =>
  n < 1e6
    ? `${(n / 1e3).toPrecision(3)} kB`
    : n < 1e9
      ? `${(n / 1e6).toPrecision(3)} MB`
      : `${(n / 1e9).toPrecision(3)} GB`
const percent = (share) => `${(100 * share).toFixed(2)} %`

function asWritten({ partitions }) {
  return partitions === undefined || partitions === 'as written'
}

function measuredOf(measured) {
  const { machine, rows, columns, k, queries } = measured
  const engines = [
    ['nigh on this machine, without Spark', 'local'],
    ['exact engine, until nothing changes', 'exact'],
    ['exact engine, stopped by MLlib’s rule', 'exact, stopped as MLlib'],
    ['MLlib through nigh', 'mllib'],
    ['MLlib through PySpark', 'pyspark'],
  ].map(([title, name]) => ({ title, ...summary(measured, name, asWritten) }))
  const byName = Object.fromEntries(engines.map((one) => [one.name, one]))
  const partitions = lapsOf(measured, 'predict').map((lap) => lap.partitions)
  const exact = byName.exact
  const passes = Object.entries(exact.phases)
  const nearest = summary(measured, 'nearest')
  const index = summary(measured, 'index')
  const localNearest = summary(measured, 'local nearest')
  const jar = summary(measured, 'jar nearest')
  const sql = summary(measured, 'sql nearest')
  const best = summary(measured, 'best sql nearest')
  const [alike, theirs] = [byName['exact, stopped as MLlib'], byName.mllib]
  const share = alike.seconds / theirs.seconds
  const scale = (nearest.queries * nearest.rows) / (sql.queries * sql.rows)
  return [
    `${measured.date}, commit ${measured.commit}: ${whole(rows)} rows × ${columns} in Parquet, k = ${k}, on one machine (${machine.cpu}, ${machine.cores} cores, ${machine.memoryGiB} GiB, Node ${machine.node}): Spark ${measured.spark} with ${measured.executors} and a driver of ${measured.driverMemory.replace('g', ' GB')}, and the client beside them; load ${measured.load.join(', after it ')}. Engines in turns, ${runs(exact.runs)}; processors are those of driver, executors and client together.`,
    '',
    '| K-Means | least | middle | processors | iterations | inertia |',
    '| --- | --- | --- | --- | --- | --- |',
    ...engines.map(
      (one) =>
        `| ${one.title} | ${seconds(one.seconds)} | ${seconds(one.middle)} | ${seconds(one.busy)} | ${one.iterations} | ${one.inertia} |`,
    ),
    '',
    `The exact engine gave the bits of one machine with the rows ${list([...new Set(partitions)])}: inertia, iterations, every number of the centroids, and all ${whole(rows)} labels. Stopped by the same rule it took ${share <= 1 ? `${percentLess(share)} less time than` : `${percentLess(1 / share, share)} longer than`} MLlib; to the end it made ${(exact.iterations / theirs.iterations).toFixed(0)} times the iterations in ${(exact.seconds / theirs.seconds).toFixed(1)} times the time.`,
    '',
    '| exact engine | time | passes | processors of tasks | shuffled | shuffled a pass |',
    '| --- | --- | --- | --- | --- | --- |',
    ...passes.map(
      ([name, one]) =>
        `| ${name} | ${seconds(one.seconds)} | ${one.queries} | ${seconds(one.taskProcessorSeconds)} | ${bytes(one.shuffledBytes)} | ${bytes(one.shuffledBytes / Math.max(1, one.queries))} |`,
    ),
    '',
    `| Exact join, k = 10 | least | middle | processors | pairs pruned | equal to the local index |`,
    '| --- | --- | --- | --- | --- | --- |',
    ...[
      [`nigh on this machine, ${whole(queries)} × ${whole(localNearest.rows)}`, localNearest, '', ''],
      [
        `cluster, ${whole(nearest.queries)} × ${whole(nearest.rows)} × ${columns}`,
        nearest,
        percent(nearest.pruned),
        `${whole(nearest.equal)} of ${whole(nearest.neighbors)}`,
      ],
      [
        `cluster, ${whole(jar.queries)} × ${whole(jar.rows)} × ${columns}`,
        jar,
        '',
        `${whole(jar.equal)} of ${whole(jar.neighbors)}`,
      ],
      [
        `without the jar, ${whole(sql.queries)} × ${whole(sql.rows)} × ${columns}`,
        sql,
        '',
        `${whole(sql.equal)} of ${whole(sql.neighbors)}`,
      ],
      [
        `plain SQL in float32, ${whole(best.queries)} × ${whole(best.rows)} × ${columns}`,
        best,
        '',
        'to float32',
      ],
    ].map(
      ([title, one, pruned, equal]) =>
        `| ${title} | ${seconds(one.seconds)} | ${seconds(one.middle)} | ${seconds(one.busy)} | ${pruned} | ${equal} |`,
    ),
    '',
    `The index for the join, ${index.cells} cells, took ${seconds(index.seconds)} once. Plain SQL (the quickest found: distances to a sample bound each query’s k-th, then a join keeps the pairs within) takes ${(best.seconds / jar.seconds).toFixed(1)} times the time of the jar, in float32 only; without the jar, nigh’s SQL finishes in float64 and takes ${(sql.seconds / jar.seconds).toFixed(1)} times. The join above has ${whole(scale)} times as many pairs, and plain SQL compares them all: about ${whole((best.seconds * scale) / 60)} minutes.`,
  ]
}

function percentLess(share, over = 0) {
  return over > 0 ? `${Math.round((over - 1) * 100)} %` : `${Math.round((1 - share) * 100)} %`
}

function runs(count) {
  return count === 1 ? 'one round' : `${count} rounds`
}

function list(names) {
  return names.length < 2 ? names.join('') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function capacityOf(measured) {
  const { rows, columns: d, k } = measured
  const exact = summary(measured, 'exact', asWritten)
  const mllib = summary(measured, 'mllib')
  const local = summary(measured, 'local')
  const { packing, seeding, iterating } = exact.phases
  const nearest = summary(measured, 'nearest')
  const hours = (processorSeconds) => (processorSeconds * billion) / rows / 3600
  const two = (n) => (n < 100 ? Number(n.toPrecision(2)).toString() : whole(n))
  const cost = (title, processorSeconds) =>
    `| ${title} | ${two(hours(processorSeconds))} | ${(hours(processorSeconds) * dollarsPerCoreHour).toFixed(2)} |`
  const onCluster = exact.spark.taskProcessorSeconds
  const heap = Math.max(...measured.laps.map(({ spark }) => spark.driverHeapBytes))
  const ratio = (exact.processors.driver + exact.processors.executors) / local.processors.client
  const fixed = (exact.seconds - onCluster / 2) / exact.spark.queries
  return [
    `Measured with ${whole(rows)} rows × ${d}, k = ${k} (above):`,
    '',
    `- **Shuffled**: packing ${bytes(packing.shuffledBytes)}, which is ${Math.round(packing.shuffledBytes / rows)} bytes a row; a seeding pass ${bytes(seeding.shuffledBytes / seeding.queries)}; a pass of iterations ${bytes(iterating.shuffledBytes / iterating.queries)} on average, rows brought here among them. Packing is the only step that moves all rows.`,
    `- **Driver**: ${measured.driverMemory.replace('g', ' GB')} was enough for everything above; the most heap that its samples saw in use was ${bytes(heap)}, garbage included, and ${bytes(exact.spark.driverHeapBytes)} during the exact fit. Tasks sent it ${bytes(exact.spark.bytesToDriver)} in ${exact.spark.queries} passes.`,
    `- **A pass** costs about ${Math.max(1, Math.round(fixed * 1000))} ms here beyond the work of its tasks, whatever the number of rows.`,
    '',
    `By arithmetic, for 10⁹ such rows (tasks' processor time grows with the rows; ${dollarsPerCoreHour} dollars a core hour):`,
    '',
    '| 10⁹ rows | core hours | dollars |',
    '| --- | --- | --- |',
    cost('exact engine: packing', packing.taskProcessorSeconds),
    cost(`exact engine: seeding ${k} centroids`, seeding.taskProcessorSeconds),
    cost(`exact engine: ${exact.iterations} iterations`, iterating.taskProcessorSeconds),
    cost(`MLlib: ${mllib.iterations} iterations`, mllib.spark.taskProcessorSeconds),
    cost(
      `one machine of ${whole(((12 * d + 16) * billion) / 1e9)} GB: ${local.iterations} iterations`,
      local.processors.client,
    ),
    cost(
      `join of ${whole(nearest.queries)} queries, the same share of pairs pruned`,
      (nearest.spark.taskProcessorSeconds * rows) / nearest.rows,
    ),
    '',
    `- **One machine instead**: the fit took ${seconds(exact.processors.driver + exact.processors.executors)} of processors on the cluster and ${seconds(local.processors.client)} on one machine, ${ratio.toFixed(1)} times as much. So a cluster needs about ${ratio.toFixed(0)} times the cores of a machine to be as quick, and a machine is cheaper for as long as it holds the rows: ${12 * d + 16} bytes a row, ${whole(((12 * d + 16) * 1e8) / 1e9)} GB for 10⁸. Beyond its memory, or where the rows are on the cluster already and must not leave it, the cluster earns its cost.`,
  ]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const measured = JSON.parse(readFileSync(process.argv[2] ?? figures, 'utf8'))
  writeFileSync(page, withMeasured(readFileSync(page, 'utf8'), measured))
  console.log(`docs/spark.md tells of ${measured.rows} rows, measured on ${measured.date}`)
}
