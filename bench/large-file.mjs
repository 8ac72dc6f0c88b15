// Makes a Parquet file of any size, to see files larger than memory clustered:
//
//   node bench/large-file.mjs big.parquet --rows 80000000 --columns 16     # 5.1 GB
//   /usr/bin/time -v npx nigh kmeans big.parquet --k 20 --stream --out big-clustered.parquet
//
// Rows lie around 20 centres, float32. Everything comes from hashes of the row and column number, so the same
// version of DuckDB makes the same numbers. It works in some hundred MB of memory and at the pace of the disk.
import { rmSync, statSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { DuckDBInstance } from '@duckdb/node-api'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { rows: { type: 'string', default: '8000000' }, columns: { type: 'string', default: '16' } },
})
const [file] = positionals
const rows = Number(values.rows)
const columns = Number(values.columns)
if (file === undefined || !(rows >= 1) || !(columns >= 1)) {
  process.stderr.write('usage: node bench/large-file.mjs FILE.parquet [--rows N] [--columns N]\n')
  process.exit(2)
}

const centres = 20

/** A number from 0 to 1, of the hash of some SQL. @param {string} sql */
const unit = (sql) => `(hash(${sql}) & 16777215) / 16777216.0`
const cells = Array.from({ length: columns }, (_, j) => {
  // Three uniform numbers make a hill.
  const noise = `(${unit(`i * 3 + ${j} * 7919`)} + ${unit(`i * 5 + ${j} * 104729`)} + ${unit(`i * 11 + ${j} * 1299709`)})`
  return `(${unit(`(hash(i) % ${centres}) * 100 + ${j} + 17`)} * 20 + ${noise} * ${1 + (j % 4)})::FLOAT AS x${j}`
})
const instance = await DuckDBInstance.create(':memory:', { memory_limit: '1GB' })
const connection = await instance.connect()
rmSync(file, { force: true })
await connection.run(
  `COPY (SELECT ${cells.join(', ')} FROM range(${rows}) AS numbers(i)) TO '${file.replaceAll("'", "''")}' (FORMAT parquet, COMPRESSION snappy)`,
)
connection.closeSync()
instance.closeSync()
process.stdout.write(
  `${file}: ${rows.toLocaleString('en')} rows × ${columns} columns, ${(statSync(file).size / 1e9).toFixed(2)} GB\n`,
)
