// The sound files that are damaged: a few of every format, small, with every kind of cell.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DuckDBInstance } from '@duckdb/node-api'
import { dictionary, float32, float64, int32, tableFromArrays, tableToIPC, utf8 } from '@uwdata/flechette'
import { Table } from 'nigh'

const cli = new URL('../../packages/cli/dist/', import.meta.url)
const { outlook, writeRows } = await import(new URL('write/write.js', cli).href)
const { blocksOf } = await import(new URL('write/blocks.js', cli).href)

const rows = 40
const at = (make) => Array.from({ length: rows }, (_, i) => make(i))
const columns = [
  { name: 'x', type: 'number', values: Float64Array.from(at((i) => (i === 7 ? Number.NaN : i * 1.25 - 3))) },
  { name: 'small', type: 'number', values: Float32Array.from(at((i) => Math.fround(i / 3))) },
  { name: 'flag', type: 'boolean', values: Uint8Array.from(at((i) => (i % 9 === 8 ? 255 : i % 2))) },
  {
    name: 'name ä',
    type: 'text',
    values: Int32Array.from(at((i) => (i % 11 === 10 ? -1 : i % 4))),
    categories: ['red', 'a, b', 'say "no"', 'grün'],
  },
  { name: 'day', type: 'date', values: Float64Array.from(at((i) => Date.UTC(2024, 0, 1 + i))) },
]
const table = Table.of(columns)
const numbers = table.select(['x', 'small', 'flag'])

/** Writes the sound files into a folder, and returns their bytes by format. */
export async function soundFiles(folder) {
  mkdirSync(folder, { recursive: true })
  const path = (name) => join(folder, name)
  const written = async (name, one) => {
    await writeRows(blocksOf(one), outlook(path(name)), { formulas: true })
    return Uint8Array.from(readFileSync(path(name)))
  }
  const csv = Buffer.from(await written('a.csv', table)).toString()
  const plain = at((i) => `${i};${(i / 4).toString().replace('.', ',')};w${i % 5}`)
  const text = (content) => Uint8Array.from(Buffer.from(content))
  const npy = await written('a.npy', numbers)
  const arrow = await written('a.arrow', table)
  return {
    csv: [
      text(csv),
      text(csv.replaceAll('\n', '\r\n')),
      text(`id;value;word\n${plain.join('\n')}\n`),
      text(`a\tb\n${at((i) => `${i}\t${i * i}`).join('\n')}`),
    ],
    json: [await written('a.json', table), await written('b.json', numbers)],
    ndjson: [await written('a.ndjson', table), await written('b.ndjson', numbers)],
    npy: [
      npy,
      npyOf('<f4', rows, 2, Float32Array.from(at((i) => i / 2)).buffer),
      npyOf('>i2', 20, 2, new ArrayBuffer(80)),
    ],
    arrow: [
      arrow,
      tableToIPC(
        tableFromArrays(
          {
            f: at((i) => (i % 6 === 5 ? null : i / 7)),
            g: at((i) => i),
            h: at((i) => i * 3),
            t: at((i) => (i % 8 === 7 ? null : `word ${i}`)),
            u: at((i) => `k${i % 3}`),
          },
          { types: { f: float64(), g: float32(), h: int32(), t: utf8(), u: dictionary(utf8()) } },
        ),
        { format: 'stream' },
      ),
    ],
    parquet: [await written('a.parquet', table), ...(await duckFiles(path))],
  }
}

function npyOf(descr, rowCount, width, body) {
  const header = `{'descr': '${descr}', 'fortran_order': ${descr === '<f4' ? 'True' : 'False'}, 'shape': (${rowCount}, ${width}), }`
  const padded = `${header.padEnd(118 - 1)}\n`
  const start = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1')
  start.writeUInt16LE(padded.length, 8)
  const cells = new Uint8Array(rowCount * width * Number(descr[2]))
  cells.set(new Uint8Array(body).subarray(0, cells.length))
  return Uint8Array.from(Buffer.concat([start, Buffer.from(padded), cells]))
}

async function duckFiles(path) {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  const files = []
  const query = `SELECT CASE WHEN i % 7 = 6 THEN NULL ELSE i / 3 END::DOUBLE d, i::INTEGER i, (i * 1000003)::BIGINT big,
    i::DECIMAL(9, 2) / 4 price, 'w' || (i % 4) word, i % 3 = 0 flag, TIMESTAMP '2024-01-01' + INTERVAL (i) HOUR t
    FROM range(60) r(i)`
  for (const compression of ['uncompressed', 'zstd', 'snappy']) {
    const file = path(`${compression}.parquet`)
    await connection.run(
      `COPY (${query}) TO '${file}' (FORMAT parquet, COMPRESSION ${compression}, ROW_GROUP_SIZE 2048)`,
    )
    files.push(Uint8Array.from(readFileSync(file)))
  }
  connection.closeSync()
  instance.closeSync()
  return files
}

/** Puts the bytes of a case where the reader finds them. */
export function put(file, bytes) {
  writeFileSync(file, bytes)
}
