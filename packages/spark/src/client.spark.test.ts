import { once } from 'node:events'
import { createServer as createWebServer } from 'node:http'
import { type Server, createServer } from 'node:net'
import { afterAll, describe, expect, it } from 'vitest'
import { SparkError } from './errors.ts'
import { Frame } from './frame.ts'
import { query } from './plan.ts'
import { Session } from './session.ts'
import { type Spark, connect } from './spark.ts'
import { parseUrl } from './url.ts'

const url = process.env.NIGH_SPARK_URL ?? ''
const token = process.env.NIGH_SPARK_TOKEN ?? ''
const spark: Spark = await connect(url, { token })
afterAll(() => spark.close())

describe('session', () => {
  it('knows the server', () => {
    expect(spark.version).toMatch(/^4\.\d+\.\d+/)
  })

  it('refuses a wrong token', async () => {
    const error = await connect(url, { token: 'wrong' }).catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SparkError)
    expect(error).toMatchObject({ grpcCode: 16 })
    expect(String(error)).toContain('the server does not take this token')
  })

  it('says what may be wrong with an address', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1')
    const web = createWebServer((_, response) => response.end('hello')).listen(0, '127.0.0.1')
    const portOf = (server: Server): number => {
      const address = server.address()
      return address !== null && typeof address === 'object' ? address.port : 0
    }
    await Promise.all([once(silent, 'listening'), once(web, 'listening')])
    const { port } = new URL(url.replace('sc:', 'http:'))
    const options = { retryMs: 100, silenceMs: 1000 }
    try {
      for (const [address, told] of [
        [`sc://127.0.0.1:${portOf(silent)}`, 'something is there and says nothing'],
        [`sc://127.0.0.1:${portOf(web)}`, 'does it speak without TLS (else: use_ssl=true)?'],
        [`sc://127.0.0.1:${port}/;use_ssl=true`, 'TLS is not spoken there'],
        ['sc://127.0.0.1:1', 'is a Spark Connect server there'],
      ] as const) {
        const error = await connect(address, options).catch((caught: unknown) => caught)
        expect(error).toBeInstanceOf(SparkError)
        expect(error).toMatchObject({ errorClass: '' })
        expect(String(error)).toContain(`connect: 127.0.0.1:`)
        expect(String(error)).toContain(told)
      }
    } finally {
      silent.close()
      web.close()
    }
  })

  it("carries Spark's error class, state and parameters", async () => {
    const error = await spark
      .table('no_such_table')
      .count()
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SparkError)
    expect(error).toMatchObject({
      errorClass: 'TABLE_OR_VIEW_NOT_FOUND',
      sqlState: '42P01',
      messageParameters: { relationName: '`no_such_table`' },
    })
  })
})

describe('frames', () => {
  it('reads a query', async () => {
    const frame = spark.sql('select id, id * :by as y, string(id) as s, id > 1 as big from range(3)', {
      by: 2.5,
    })
    expect(await frame.columns()).toEqual([
      { name: 'id', type: 'bigint', nullable: false },
      { name: 'y', type: 'double', nullable: expect.any(Boolean) },
      { name: 's', type: 'string', nullable: false },
      { name: 'big', type: 'boolean', nullable: false },
    ])
    expect(await frame.collect()).toEqual([
      { id: 0, y: 0, s: '0', big: false },
      { id: 1, y: 2.5, s: '1', big: false },
      { id: 2, y: 5, s: '2', big: true },
    ])
  })

  it('uploads rows and gives the same bits back', async () => {
    const frame = await spark.upload([
      [0.1, -0, 1e300],
      [Number.MIN_VALUE, 2 ** 53 + 2, -1 / 3],
    ])
    const rows = await frame.sql('select * from input order by row').collect()
    expect(rows).toEqual([
      { x0: 0.1, x1: -0, x2: 1e300, row: 0 },
      { x0: Number.MIN_VALUE, x1: 2 ** 53 + 2, x2: -1 / 3, row: 1 },
    ])
  })

  it('keeps in memory what it is told to, whatever is asked of it', async () => {
    const view = await spark.sql('select id, id * 3 as x from range(1000)').createView('kept_rows')
    await view.persist()
    const plan = async (): Promise<string> =>
      String((await spark.sql('explain select * from kept_rows').collect())[0].plan)
    for (let i = 0; i < 3; i++) {
      expect(await view.count()).toBe(1000)
      expect(await plan()).toContain('InMemoryTableScan')
    }
    await view.unpersist()
    expect(await plan()).not.toContain('InMemoryTableScan')
  })

  it('reads what is kept of rows that queries over queries made', async () => {
    const limits = {
      firstMs: 50,
      totalMs: 60_000,
      messageBytes: 2 ** 27,
      resultBytes: 2 ** 30,
      silenceMs: 60_000,
    }
    const session = new Session(parseUrl(url, token), limits, {})
    const rows = new Frame(session, query('select id, id * 3 as x from range(1000)'))
    const view = await rows
      .sql('select id div 10 as part, x from input')
      .sql('select collect_list(x) as b from input group by part')
      .createView('kept_blocks')
    await view.persist()
    const asked = view.sql('select max(size(b)) as n from input')
    for (let i = 0; i < 2; i++) {
      expect(await asked.collect()).toEqual([{ n: 10 }])
      const plan = await session.analyze({
        case: 'explain',
        value: { plan: { opType: { case: 'root', value: asked.relation } }, explainMode: 1 },
      })
      expect(plan.case === 'explain' && plan.value.explainString).toContain('InMemoryTableScan')
    }
    await session.close()
  })

  it('leaves no views behind', async () => {
    const views = async (): Promise<number> => (await spark.sql('show views').collect()).length
    const before = await views()
    const table = spark.sql('select id as row, sin(id) as x from range(90)')
    await spark.kmeans(table, { k: 2, nInit: 1 })
    await spark.nearest([[0.5]], table, { k: 2 })
    const bad = table.sql('select row, if(row = 5, null, x) as x from input')
    await expect(spark.nearest([[0.5]], bad, { k: 2 })).rejects.toMatchObject({ code: 'E_NONFINITE' })
    expect(await views()).toBe(before)
  })

  it('refuses options and names that it would not heed', async () => {
    const frame = spark.sql('select 1 as a')
    // What a program in JavaScript may pass.
    const unknown = { max: 1, maxBytes: 100 }
    await expect(frame.collect(unknown)).rejects.toThrow('there is no option "max"')
    await expect(frame.count(unknown)).rejects.toThrow('there is no option "max"')
    await expect(frame.writeParquet('/tmp/never', unknown)).rejects.toThrow('there is no option "max"')
    expect(() => frame.join('select * from input', { input: frame })).toThrow('must not be called input')
  })

  it('asks many things at once, each of its own rows', async () => {
    const asked = Array.from({ length: 24 }, async (_, i) => {
      const frame = spark.sql(`select ${i} as x from range(0, 100, 1, 2)`).sql('select x * 2 as x from input')
      const found = await frame
        .sql('select min(x) as low, max(x) as high, count(*) as n from input -- all')
        .collect()
      return [found, [{ low: 2 * i, high: 2 * i, n: 100 }]] as const
    })
    for (const [found, expected] of await Promise.all(asked)) expect(found).toEqual(expected)
  })

  it('keeps names, hints and orders inside a query', async () => {
    const frame = spark
      .sql('select id from range(0, 10, 1, 3)')
      .sql(
        'with odd as (select /*+ REPARTITION(2) */ id from input where id % 2 = 1) select a.id from odd a join input b on a.id = b.id order by a.id desc limit 3',
      )
    expect(await frame.collect()).toEqual([{ id: 9 }, { id: 7 }, { id: 5 }])
  })

  it('uploads in chunks', async () => {
    const values = Float64Array.from({ length: 1_200_000 * 2 }, (_, i) => Math.sin(i))
    const { Matrix } = await import('nigh')
    const frame = await spark.upload(Matrix.of(values, 2))
    const [row] = await frame
      .sql('select count(*) as n, sum(row) as s, count(distinct row) as d from input')
      .collect()
    expect(row).toEqual({ n: 1_200_000, s: (1_200_000 * 1_199_999) / 2, d: 1_200_000 })
  })
})
