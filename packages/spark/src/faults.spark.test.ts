import { once } from 'node:events'
import { type Server, type Socket, connect as dial, createServer } from 'node:net'
import { KMeans, Matrix } from 'nigh'
import { afterAll, afterEach, describe, expect, it } from 'vitest'
import { executorsOf, install, startServer } from '../test/cluster.mjs'
import { SparkError } from './errors.ts'
import { type Spark, connect } from './spark.ts'
import { broughtHere } from './brought-here.ts'

const url = process.env.NIGH_SPARK_URL ?? ''
const token = process.env.NIGH_SPARK_TOKEN ?? ''
// Iterations run on the cluster, where the faults are.
broughtHere.rows = 0
const workers = (process.env.NIGH_SPARK_WORKERS ?? '').split(',').filter(Boolean).map(Number)

const open: { close(): unknown }[] = []
afterEach(async () => {
  for (const thing of open.splice(0)) await thing.close()
})

/** A way to the server that counts bytes and can be cut. */
class Proxy {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  port = 0
  /** Bytes that went to the server, and that came from it. */
  up = 0
  down = 0
  cuts = 0
  /** Cut all connections whenever this many more bytes came from the server. */
  cutEvery = Number.POSITIVE_INFINITY
  #nextCut = Number.POSITIVE_INFINITY

  private constructor(target: number) {
    this.#server = createServer((client) => {
      const server = dial(target, '127.0.0.1')
      for (const socket of [client, server]) {
        this.#sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => {
          this.#sockets.delete(socket)
          client.destroy()
          server.destroy()
        })
      }
      client.on('data', (data) => {
        this.up += data.length
        server.write(data)
      })
      server.on('data', (data) => {
        this.down += data.length
        if (this.down >= this.#nextCut) {
          this.#nextCut = this.down + this.cutEvery
          this.cut()
        } else {
          client.write(data)
        }
      })
    })
  }

  static async to(target: number): Promise<Proxy> {
    const proxy = new Proxy(target)
    proxy.#server.listen(0, '127.0.0.1')
    await once(proxy.#server, 'listening')
    const address = proxy.#server.address()
    if (address !== null && typeof address === 'object') proxy.port = address.port
    open.push(proxy)
    return proxy
  }

  cutAfter(bytes: number): void {
    this.cutEvery = bytes
    this.#nextCut = this.down + bytes
  }

  cut(): void {
    this.cuts++
    for (const socket of this.#sockets) socket.destroy()
  }

  close(): void {
    this.cutEvery = Number.POSITIVE_INFINITY
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }
}

async function opened(address: string, options: Parameters<typeof connect>[1] = {}): Promise<Spark> {
  const spark = await connect(address, { token, ...options })
  open.unshift(spark)
  return spark
}

function rows(n: number, d: number): Matrix {
  let state = 7
  const values = Float64Array.from({ length: n * d }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 32
  })
  return Matrix.of(values, d)
}

describe('a network that drops connections', () => {
  it('delivers every row once', async () => {
    const proxy = await Proxy.to(Number(new URL(url.replace('sc:', 'http:')).port))
    const spark = await opened(`sc://127.0.0.1:${proxy.port}`)
    proxy.cutAfter(3_000_000)
    let count = 0
    let sum = 0
    const seen = new Uint8Array(2_000_000)
    for await (const batch of spark.sql('select id, id * 2 as twice from range(2000000)').stream()) {
      for (const row of batch) {
        const id = Number(row.id)
        seen[id]++
        count++
        sum += Number(row.twice)
      }
    }
    proxy.cutAfter(Number.POSITIVE_INFINITY)
    expect(proxy.cuts).toBeGreaterThan(3)
    expect(count).toBe(2_000_000)
    expect(seen.every((times) => times === 1)).toBe(true)
    expect(sum).toBe(2_000_000 * 1_999_999)
  })

  it('fits the same bits', async () => {
    const proxy = await Proxy.to(Number(new URL(url.replace('sc:', 'http:')).port))
    const spark = await opened(`sc://127.0.0.1:${proxy.port}`)
    const points = rows(4000, 3)
    const table = await spark.upload(points)
    const local = await KMeans.fit(points, { k: 5, nInit: 1, maxIterations: 12 })
    proxy.cutAfter(400_000)
    const model = await spark.kmeans(table, {
      columns: ['x0', 'x1', 'x2'],
      k: 5,
      nInit: 1,
      maxIterations: 12,
    })
    proxy.cutAfter(Number.POSITIVE_INFINITY)
    expect(proxy.cuts).toBeGreaterThan(1)
    expect(Array.from(model.centroids.values)).toEqual(Array.from(local.centroids.values))
    expect(model.inertia).toBe(local.inertia)
  })

  it('gives up after a while, and says so', async () => {
    const proxy = await Proxy.to(Number(new URL(url.replace('sc:', 'http:')).port))
    const spark = await opened(`sc://127.0.0.1:${proxy.port}`, { retryMs: 1500 })
    proxy.close()
    const error = await spark
      .sql('select 1')
      .collect()
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(SparkError)
    expect(error).toMatchObject({ errorClass: '' })
  })
})

describe('large things', () => {
  it('uploads 100 MB, and the same again for nothing', async () => {
    const proxy = await Proxy.to(Number(new URL(url.replace('sc:', 'http:')).port))
    const spark = await opened(`sc://127.0.0.1:${proxy.port}`)
    const points = rows(800_000, 16)
    const table = await spark.upload(points)
    expect(proxy.up).toBeGreaterThan(100e6)
    const before = proxy.up
    await spark.upload(points)
    expect(proxy.up - before).toBeLessThan(1e5)
    const [found] = await table
      .sql('select count(*) as n, count(distinct row) as d, max(x15) as x from input')
      .collect()
    let largest = 0
    for (let i = 0; i < 800_000; i++) largest = Math.max(largest, points.values[i * 16 + 15])
    expect(found).toEqual({ n: 800_000, d: 800_000, x: largest })
  })

  it('streams a result that is larger than the memory it takes', async () => {
    const spark = await opened(url)
    const frame = spark.sql("select id, repeat('0123456789', 100) as text from range(0, 600000, 1, 60)")
    let count = 0
    let bytes = 0
    let peak = 0
    for await (const table of frame.tables({ maxBytes: Number.POSITIVE_INFINITY })) {
      count += table.numRows
      bytes += table.numRows * 1000
      peak = Math.max(peak, process.memoryUsage().arrayBuffers)
    }
    expect(count).toBe(600_000)
    expect(bytes).toBe(600_000_000)
    expect(peak).toBeLessThan(300e6)
  })

  it('refuses a result above the cap', async () => {
    const spark = await opened(url)
    const frame = spark.sql("select id, repeat('0123456789', 100) as text from range(0, 100000, 1, 10)")
    await expect(frame.collect({ maxBytes: 1_000_000 })).rejects.toThrow(
      'larger than the 1000000 bytes allowed',
    )
    expect(await spark.sql('select 1 as one').collect()).toEqual([{ one: 1 }])
  })
})

describe('stopping', () => {
  it('cancels a query', async () => {
    const spark = await opened(url)
    const stop = new AbortController()
    setTimeout(() => stop.abort(new Error('enough')), 1500)
    const slow = spark.sql(
      'select count(*) as n from range(100000) a cross join range(100000) b where a.id * b.id % 7 = 3',
    )
    await expect(slow.collect({ signal: stop.signal })).rejects.toThrow('enough')
    // The cluster is free again: the query would take minutes.
    expect(await spark.sql('select count(*) as n from range(10)').collect()).toEqual([{ n: 10 }])
  })

  it('cancels a fit, and the next one is whole', async () => {
    const spark = await opened(url)
    const points = rows(5000, 3)
    const table = await spark.upload(points)
    const stop = new AbortController()
    const options = { columns: ['x0', 'x1', 'x2'], k: 4, nInit: 1, maxIterations: 5 }
    const steps: string[] = []
    const fitted = spark.kmeans(table, {
      ...options,
      signal: stop.signal,
      onProgress: ({ phase }) => {
        steps.push(phase)
        if (phase === 'assign') stop.abort(new Error('changed my mind'))
      },
    })
    await expect(fitted).rejects.toThrow('changed my mind')
    expect(steps).toContain('seed')
    const local = await KMeans.fit(points, { k: 4, nInit: 1, maxIterations: 5 })
    const model = await spark.kmeans(table, options)
    expect(Array.from(model.centroids.values)).toEqual(Array.from(local.centroids.values))
  })
})

describe('machines that die', () => {
  it.runIf(workers.length > 0)('fits the same bits when an executor is killed', async () => {
    const spark = await opened(url)
    const points = rows(30_000, 4)
    const table = (await spark.upload(points)).sql('select /*+ REPARTITION(6) */ * from input')
    const local = await KMeans.fit(points, { k: 6, nInit: 1, maxIterations: 10 })
    let killed = 0
    const model = await spark.kmeans(table, {
      columns: ['x0', 'x1', 'x2', 'x3'],
      k: 6,
      nInit: 1,
      maxIterations: 10,
      onProgress: ({ iteration }) => {
        if (iteration !== 3 || killed > 0) return
        for (const pid of executorsOf(workers[0])) {
          process.kill(pid, 'SIGKILL')
          killed++
        }
      },
    })
    expect(killed).toBeGreaterThan(0)
    expect(Array.from(model.centroids.values)).toEqual(Array.from(local.centroids.values))
    expect(Array.from(model.counts)).toEqual(Array.from(local.counts))
    expect(model.inertia).toBe(local.inertia)
  })

  describe('the server', () => {
    let server: Awaited<ReturnType<typeof startServer>> | undefined
    afterAll(() => server?.stop())

    it('says that it was restarted, rather than answer from nothing', async () => {
      const spark = install()
      server = await startServer(spark, { token, memory: '1g', brief: true })
      const session = await opened(`sc://127.0.0.1:${server.port}`, { retryMs: 300_000 })
      expect(await session.sql('select 1 as one').collect()).toEqual([{ one: 1 }])
      const { port } = server
      await server.crash()
      const asked = session
        .sql('select 2 as two')
        .collect()
        .catch((caught: unknown) => caught)
      await server.stop()
      server = await startServer(spark, { token, memory: '1g', port, brief: true })
      const error = await asked
      expect(error).toBeInstanceOf(SparkError)
      expect(error).toMatchObject({ errorClass: 'INVALID_HANDLE.SESSION_CHANGED' })
    })
  })
})
