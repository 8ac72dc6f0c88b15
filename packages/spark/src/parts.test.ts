import { createHash } from 'node:crypto'
import { readFileSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { create } from '@bufbuild/protobuf'
import { Code, ConnectError } from '@connectrpc/connect'
import { InputError } from 'nigh'
import { describe, expect, it } from 'vitest'
import { arrowTables, encodeRows, idsOf, numbersOf, rowsOf } from './arrow.ts'
import { blockRows, packBlock, tasksFor, unpackBlock } from './blocks.ts'
import { cellsFor } from './cells.ts'
import { SparkError, sparkError } from './errors.ts'
import { ErrorInfoSchema } from './gen/google/rpc/error_details_pb.ts'
import { type ExecutePlanResponse, ExecutePlanResponseSchema } from './gen/spark/connect/base_pb.ts'
import { jarBase64, jarSha256, jarSource } from './jar.bytes.ts'
import { literal, query, quoted, sqlNumber } from './plan.ts'
import { refused } from './refusals.ts'
import { Retries, isRetryable } from './retry.ts'

describe('the jar', () => {
  it('was made from the Java source that lies beside it', () => {
    const folder = fileURLToPath(new URL('../java/nigh/', import.meta.url))
    const hash = createHash('sha256')
    for (const name of readdirSync(folder)
      .filter((file) => file.endsWith('.java'))
      .sort()) {
      hash.update(`${name}\n`).update(readFileSync(`${folder}${name}`))
    }
    expect(jarSource).toBe(hash.digest('hex'))
  })

  it('has its hash', () => {
    expect(createHash('sha256').update(Buffer.from(jarBase64, 'base64')).digest('hex')).toBe(jarSha256)
  })
})

describe('blocks', () => {
  it('come back as they went', () => {
    const values = Float64Array.of(1, -0, 1e300, Number.MIN_VALUE, 2, 3)
    const block = unpackBlock(packBlock(values, 2, 0, 3, BigInt64Array.of(-1n, 2n ** 62n, 0n)))
    expect(block.columns).toBe(2)
    expect(Array.from(block.rows)).toEqual(Array.from(values))
    expect(block.ids).toEqual(BigInt64Array.of(-1n, 2n ** 62n, 0n))
    expect(unpackBlock(packBlock(values, 3, 1, 2)).rows).toEqual(Float64Array.of(Number.MIN_VALUE, 2, 3))
  })

  it('are refused when they are torn', () => {
    const bytes = packBlock(Float64Array.of(1, 2), 2, 0, 1)
    expect(() => unpackBlock(bytes.subarray(0, bytes.length - 1))).toThrow('torn')
    expect(() => unpackBlock(new Uint8Array(40))).toThrow('not a block')
  })

  it('are of a size that is worth a task', () => {
    expect(blockRows(16)).toBe(1820)
    expect(blockRows(1)).toBe(10_922)
    expect(blockRows(100_000)).toBe(64)
    // 3,000 rows are one task, whatever a server cuts them into; 10⁹ are as many as there are.
    expect(tasksFor('pass', 3000, 2)).toBe(1)
    expect(tasksFor('pass', 2_000_000, 16)).toBe(18)
    expect(tasksFor('search', 1_000_000, 16)).toBe(35)
    expect(tasksFor('pass', 1e9, 16)).toBeGreaterThan(8000)
    expect(cellsFor(1000)).toBe(0)
    expect(cellsFor(1_000_000)).toBe(250)
    expect(cellsFor(1e9)).toBe(2048)
  })
})

describe('arrow', () => {
  const bytes = encodeRows(
    [
      { name: 'x', type: 'double', values: Float64Array.of(0.5, -0, 3) },
      { name: 'id', type: 'long', values: BigInt64Array.of(1n, 2n ** 60n, -5n) },
      { name: 's', type: 'text', values: ['a', null, 'c'] },
    ],
    0,
    3,
  )

  function batch(
    part: Uint8Array,
    more: Partial<{ rows: number; start: number; index: number; chunks: number }> = {},
  ): ExecutePlanResponse {
    const { rows = 3, start = 0, index = 0, chunks = 1 } = more
    return create(ExecutePlanResponseSchema, {
      responseType: {
        case: 'arrowBatch',
        value: {
          data: part,
          rowCount: BigInt(rows),
          startOffset: BigInt(start),
          chunkIndex: BigInt(index),
          numChunksInBatch: BigInt(chunks),
        },
      },
    })
  }

  async function* messages(...list: ExecutePlanResponse[]): AsyncGenerator<ExecutePlanResponse> {
    yield* list
  }

  it('is put together from chunks, to the bit', async () => {
    const halves = [
      batch(bytes.slice(0, 100), { chunks: 2 }),
      batch(bytes.slice(100), { index: 1, chunks: 2 }),
    ]
    for await (const table of arrowTables('test', messages(...halves))) {
      expect(numbersOf('test', table, 'x')).toEqual(Float64Array.of(0.5, -0, 3))
      expect(idsOf('test', table, 'id')).toEqual([1n, 2n ** 60n, -5n])
      expect(rowsOf('test', table)).toEqual([
        { x: 0.5, id: 1, s: 'a' },
        { x: -0, id: 2n ** 60n, s: null },
        { x: 3, id: -5, s: 'c' },
      ])
      expect(() => numbersOf('test', table, 'missing')).toThrow('no whole column')
    }
  })

  for (const [fault, list] of [
    ['a missing chunk', [batch(bytes.slice(0, 100), { chunks: 2 })]],
    ['a chunk out of order', [batch(bytes.slice(100), { index: 1, chunks: 2 })]],
    ['a missing batch', [batch(bytes), batch(bytes, { start: 6 })]],
    ['a batch twice', [batch(bytes), batch(bytes)]],
    ['a wrong count', [batch(bytes, { rows: 4 })]],
    ['bytes that are no Arrow', [batch(new Uint8Array(64).fill(7))]],
  ] as const) {
    it(`refuses ${fault}`, async () => {
      const read = async (): Promise<void> => {
        for await (const _ of arrowTables('test', messages(...list))) {
          // Read to the end.
        }
      }
      await expect(read()).rejects.toThrow(SparkError)
    })
  }
})

describe('failures', () => {
  const info = (errorClass: string): ConnectError =>
    new ConnectError('[X] it failed', Code.Internal, undefined, [
      {
        desc: ErrorInfoSchema,
        value: { metadata: { errorClass, sqlState: '42P01', messageParameters: '{"relationName":"`t`"}' } },
      },
    ])

  it('of the way are tried again, answers of the server are not', () => {
    expect(isRetryable(new ConnectError('gone', Code.Unavailable))).toBe(true)
    expect(isRetryable(new ConnectError('http/2 stream closed with error code CANCEL', Code.Canceled))).toBe(
      true,
    )
    expect(isRetryable(new ConnectError('read ECONNRESET', Code.Internal))).toBe(true)
    expect(
      isRetryable(new ConnectError('Stream closed with error code NGHTTP2_REFUSED_STREAM', Code.Internal)),
    ).toBe(true)
    expect(isRetryable(new ConnectError('no', Code.Unauthenticated))).toBe(false)
    expect(isRetryable(new ConnectError('too large', Code.ResourceExhausted))).toBe(false)
    expect(isRetryable(info('TABLE_OR_VIEW_NOT_FOUND'))).toBe(false)
    expect(isRetryable(info('INVALID_CURSOR.DISCONNECTED'))).toBe(true)
    expect(isRetryable(new Error('ours'))).toBe(false)
  })

  it('end when the time is up, or at once when the caller aborts', async () => {
    const gone = new ConnectError('gone', Code.Unavailable)
    await expect(new Retries({ firstMs: 50, totalMs: 0 }).failed(gone)).rejects.toBe(gone)
    await new Retries({ firstMs: 1, totalMs: 1000 }).failed(gone)
    const stop = new AbortController()
    stop.abort(new Error('enough'))
    await expect(new Retries({ firstMs: 50, totalMs: 1000 }, stop.signal).failed(gone)).rejects.toThrow(
      'enough',
    )
  })

  it('carry what Spark says', () => {
    expect(sparkError('call', info('TABLE_OR_VIEW_NOT_FOUND'))).toMatchObject({
      errorClass: 'TABLE_OR_VIEW_NOT_FOUND',
      sqlState: '42P01',
      messageParameters: { relationName: '`t`' },
      message: 'call: [X] it failed',
    })
  })

  it('of rows are told as one machine tells them', () => {
    const told = (text: string, facts = {}): unknown =>
      refused('Spark.kmeans', [['a', 'b']], new SparkError(text, facts))
    expect(String(told('x nigh: column 1 holds NaN. y'))).toBe(
      'InputError: Spark.kmeans: columns must hold finite numbers; "b" holds NaN',
    )
    expect(told('nigh: column 0 holds -1.5E200')).toMatchObject({ code: 'E_RANGE', param: 'columns' })
    expect(String(told('nigh: weights must be finite numbers from 0 up, got -1.0. SQLSTATE'))).toMatch(
      /got -1\.0$/,
    )
    expect(told('nigh: a row has no id')).toBeInstanceOf(InputError)
    expect(told('something else')).toBeInstanceOf(SparkError)
    // A query that Spark cannot read is shown with its text, in which all refusals stand.
    expect(told("a plan with 'nigh: a row has no id'", { sqlState: '42703' })).toBeInstanceOf(SparkError)
    // Rows that several steps looked into, and rows in one column.
    const nan = new SparkError('nigh: column 1 holds NaN')
    expect(String(refused('collect', [['a', 'b'], ['v']], nan))).toContain('"b" or "v" holds NaN')
  })

  it('of queries that Spark cannot read leave out its plans', () => {
    const error = sparkError(
      'collect',
      new ConnectError(
        "[UNRESOLVED_COLUMN] no column SQLSTATE: 42703; line 1 pos 7;\n'Project ['x]\n+- Range",
        Code.Internal,
      ),
    )
    expect(error.message).toBe('collect: [UNRESOLVED_COLUMN] no column SQLSTATE: 42703; line 1 pos 7')
    const failed =
      'Job aborted: java.io.IOException: no room\n\tat a.B.c(B.java:1)\n\tat d.E\n\nDriver stacktrace:'
    expect(sparkError('collect', new ConnectError(failed, Code.Internal)).message).toBe(
      'collect: Job aborted: java.io.IOException: no room',
    )
  })
})

describe('plans', () => {
  it('quote names and numbers so that SQL reads them as they are', () => {
    expect(quoted('a`b')).toBe('`a``b`')
    expect(sqlNumber(-1)).toBe('(-1e+0D)')
    expect(sqlNumber(0.1)).toBe('(1e-1D)')
    expect(sqlNumber(-0)).toBe('(-0.0D)')
    for (const x of [Math.PI, 1e-320, 1.7976931348623157e308, 2 ** 53 + 2]) {
      expect(Number(sqlNumber(x).slice(1, -2))).toBe(x)
    }
  })

  it('name other relations in a query', () => {
    const inner = query('select 1')
    const plan = query('select * from input where x > :least', { input: inner }, { least: 3 })
    expect(plan.relType?.case).toBe('withRelations')
    expect(literal(3n)).toEqual({
      exprType: { case: 'literal', value: { literalType: { case: 'long', value: 3n } } },
    })
  })
})
