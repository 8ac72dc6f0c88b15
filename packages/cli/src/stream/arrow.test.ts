import { createHash } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Table } from 'nigh'
import type { Column } from 'nigh'
import { afterAll, describe, expect, it } from 'vitest'
import { messagesOf } from '../read/arrow-frame.ts'
import { readTable } from '../read/read.ts'
import { openSource } from '../read/source.ts'
import { blocksOf } from '../write/blocks.ts'
import { writeRows } from '../write/write.ts'
import { streamArrow } from './arrow.ts'
import { SpooledColumns, SpooledTable } from './spool.ts'

const folder = mkdtempSync(join(tmpdir(), 'nigh-arrow-'))
afterAll(() => rmSync(folder, { recursive: true }))

const n = 200_000
const cells = { length: n }
/** Three batches and a part; words and marks only in the second. */
const table = Table.of([
  { name: 'n', type: 'number', values: Float64Array.from(cells, (_, i) => (i % 9 ? i / 7 : Number.NaN)) },
  { name: 'single', type: 'number', values: Float32Array.from(cells, (_, i) => i / 3) },
  {
    name: 'single late',
    type: 'number',
    values: Float32Array.from(cells, (_, i) => (i < 1e5 ? Number.NaN : i)),
  },
  {
    name: 'word',
    type: 'text',
    values: Int32Array.from(cells, (_, i) => (i < 70_000 || i > 130_000 ? -1 : ((i - 70_000) >> 3) % 3)),
    categories: ['ü', '', 'late'],
  },
  {
    name: 'flag',
    type: 'boolean',
    values: Uint8Array.from(cells, (_, i) => (i < 70_000 || i > 130_000 ? 255 : i & 1)),
  },
  {
    name: 'day',
    type: 'date',
    values: Float64Array.from(cells, (_, i) => (i < 7e4 ? Number.NaN : i * 864e5)),
  },
  { name: 'never', type: 'date', values: new Float64Array(n).fill(Number.NaN) },
])

async function written(name: string): Promise<string> {
  const path = join(folder, name)
  await writeRows(blocksOf(table), { name: path, format: 'arrow' }, { formulas: false })
  return path
}

async function streamed(path: string): Promise<Table> {
  const source = openSource(path)
  const store = new SpooledColumns(path)
  try {
    await streamArrow(source, store, {}, 1)
    return new SpooledTable(store.columns).slice(0, n)
  } finally {
    store.close()
    source.close()
  }
}

/** The cells as a hash: comparing each would take seconds. */
function bytesOf(columns: readonly Column[]): object[] {
  return columns.map(({ values, ...rest }) => ({
    ...rest,
    of: values.constructor.name,
    values: createHash('sha256').update(values).digest('hex'),
  }))
}

describe('an Arrow file in parts is what it is as a whole', () => {
  it('with a footer', async () => {
    const path = await written('file.arrow')
    const found = await streamed(path)
    expect(bytesOf(found.columns)).toEqual(bytesOf((await readTable(path, {})).table.columns))
    expect(bytesOf(found.columns)).toEqual(bytesOf(table.columns))
  })

  it('as a stream', async () => {
    const bytes = readFileSync(await written('whole.arrow')).subarray(8)
    let end = 0
    for (const { to } of messagesOf(bytes)) end = to
    const path = join(folder, 'stream.arrow')
    writeFileSync(path, bytes.subarray(0, end))
    expect(bytesOf((await streamed(path)).columns)).toEqual(bytesOf(table.columns))
  })

  it('and is refused when it is cut, or its rows do not belong to it', async () => {
    const bytes = readFileSync(await written('sound.arrow'))
    const path = join(folder, 'damaged.arrow')
    for (const length of [4, 9, 200, bytes.length >> 1, bytes.length - 11, bytes.length - 1]) {
      writeFileSync(path, bytes.subarray(0, length))
      await expect(streamed(path)).rejects.toMatchObject({ code: 'E_ARROW' })
      writeFileSync(path, bytes.subarray(8, 8 + length))
      await expect(streamed(path)).rejects.toMatchObject({ code: 'E_ARROW' })
    }
  })
})
