import { Encoder, InputError, KMeans, Table, profileClusters } from 'nigh'
import { afterAll, describe, expect, it } from 'vitest'
import { encodeFrame } from './encode.ts'
import type { Frame } from './frame.ts'
import { connect } from './spark.ts'

/** What rows of a cluster may hold, and what is said of it: with nigh's functions, and in pure SQL. */
const [spark, plain] = await Promise.all(
  (['java', 'sql'] as const).map((functions) =>
    connect(process.env.NIGH_SPARK_URL ?? '', { token: process.env.NIGH_SPARK_TOKEN ?? '', functions }),
  ),
)
afterAll(() => Promise.all([spark.close(), plain.close()]))

for (const [title, there] of [
  ['with nigh’s functions', spark],
  ['in pure SQL', plain],
] as const) {
  /** Thirty rows in three partitions; `y` of row 7 is something else. */
  const rows = (y: string): Frame =>
    there.sql(
      `select id as row, cast(id as double) as x, if(id = 7, ${y}, id * 0.5D) as y from range(0, 30, 1, 3)`,
    )
  const refusal = { code: 'E_NONFINITE', param: 'columns' }

  describe(`rows that are none, ${title}`, () => {
    for (const [name, y, shown] of [
      ['nothing', 'null', 'a missing value'],
      ['no number', "double('NaN')", 'NaN'],
      ['an infinite number', "double('-Infinity')", '-Infinity'],
    ] as const) {
      // One check finds all three in pure SQL, which is slow.
      if (there === plain && name === 'no number') continue
      it(`are refused by every call: ${name}`, async () => {
        const columns = ['x', 'y']
        const bad = rows(y)
        const good = bad.sql('select * from input where row <> 7')
        const model = await there.kmeans(good, { columns, k: 3 })
        const asked: readonly (() => Promise<unknown>)[] = [
          () => there.kmeans(bad, { columns, k: 3 }),
          () => there.predict(model, bad).collect(),
          () => there.predict(model, bad).sql('select max(distance) from input').collect(),
          () => there.profile(model, bad),
          () => there.anomalies(model, bad),
          () => there.nearest([[1, 2]], bad, { columns, k: 2 }),
          () => there.nearest(bad, good, { columns, k: 2 }),
          () => there.within([[1, 2]], bad, { columns, radius: 1 }),
          () => there.chooseK(bad, { columns, from: 2, to: 3, fits: false }),
        ]
        for (const ask of asked) {
          const error = await ask().catch((caught: unknown) => caught)
          expect(error, String(ask)).toBeInstanceOf(InputError)
          expect(error, String(ask)).toMatchObject(refusal)
          expect(String(error), String(ask)).toContain(`"y" holds ${shown}`)
        }
      })
    }

    it('are refused where their weight or their id is missing, in whatever place', async () => {
      for (const row of [0, 10, 29]) {
        const table = rows('0D').sql(
          `select x, y, if(row = ${row}, null, 1) as w, if(row = ${row}, null, row) as id from input`,
        )
        await expect(
          there.kmeans(table, { columns: ['x', 'y'], k: 2, weightColumn: 'w' }),
        ).rejects.toMatchObject({ code: 'E_WEIGHTS', param: 'weightColumn' })
        await expect(
          there.nearest([[1, 2]], table, { columns: ['x', 'y'], id: 'id', k: 1 }),
        ).rejects.toMatchObject({ code: 'E_MISSING', param: 'id' })
      }
    })

    it('are refused with weights of zero only, and where there are fewer than k', async () => {
      const table = rows('0D').sql('select x, 0 as w from input')
      await expect(there.kmeans(table, { columns: ['x'], k: 2, weightColumn: 'w' })).rejects.toMatchObject({
        code: 'E_WEIGHTS',
      })
      await expect(there.kmeans(table, { columns: ['x'], k: 31 })).rejects.toMatchObject({ code: 'E_K' })
      const none = table.sql('select * from input where false')
      await expect(there.kmeans(none, { columns: ['x'], k: 2 })).rejects.toMatchObject({ code: 'E_EMPTY' })
    })

    it('are refused where their squares overflow or lose bits', async () => {
      const scaled = (by: string): Frame => rows('0D').sql(`select row, x * ${by} as x from input`)
      for (const by of ['1e154D', '1e-160D', '1e-200D']) {
        await expect(there.nearest([[0]], scaled(by), { k: 1 })).rejects.toMatchObject({ code: 'E_RANGE' })
        await expect(there.within([[0]], scaled(by), { radius: 1 })).rejects.toMatchObject({
          code: 'E_RANGE',
        })
      }
      await expect(there.nearest([[1e155]], scaled('1D'), { k: 1 })).rejects.toMatchObject({
        code: 'E_RANGE',
        param: 'queries',
      })
      const model = await there.kmeans(scaled('1D'), { k: 2 })
      await expect(there.predict(model, scaled('1e154D')).collect()).rejects.toMatchObject({
        code: 'E_RANGE',
      })
    })

    it('are refused where one id names several and each row is asked about the others', async () => {
      const twice = rows('0D').sql('select row % 20 as row, x from input')
      await expect(there.nearest(undefined, twice, { k: 1 })).rejects.toThrow(
        'id must tell rows apart; 0 names 2 of them',
      )
      await expect(there.within(undefined, twice, { radius: 1 })).rejects.toMatchObject({ param: 'id' })
    })
  })

  describe(`columns, ${title}`, () => {
    it('may have any name', async () => {
      const odd = there.sql(
        'select id as row, id * 1.5D as `a.b`, id % 7 as `c d`, id as `e``f`, id % 5 = 0 as `g"h`, float(id) as `😀`, id as `it\'s` from range(60)',
      )
      const columns = ['a.b', 'c d', 'e`f', 'g"h', '😀', "it's"]
      const model = await there.kmeans(odd, { columns, k: 3 })
      const found = await there.predict(model, odd).sql('select cluster from input order by row').collect()
      const own = await odd.sql('select * from input order by row').collect()
      const here = model.predictSync(own.map((row) => columns.map((name) => Number(row[name]))))
      expect(found.map(({ cluster }) => cluster)).toEqual(Array.from(here))
      expect((await there.profile(model, odd))[0].contrasts.map(({ name }) => name).sort()).toEqual(
        [...columns].sort(),
      )
      const near = await there.nearest([[3, 2, 2, 0, 2, 2]], odd, { columns, k: 1 })
      expect(Array.from(near.ids)).toEqual([2n])
    })

    it('hold arrays, also of one number, and after rows without', async () => {
      const table = rows('0D').sql('select row, array(x, x * 2) as v from input')
      const model = await there.kmeans(table, { columns: ['v'], k: 2 })
      const found = await there.predict(model, table).sql('select cluster from input order by row').collect()
      const points = Array.from({ length: 30 }, (_, i) => [i, i * 2])
      expect(found.map(({ cluster }) => cluster)).toEqual(Array.from(model.predictSync(points)))
      const single = rows('0D').sql('select row, array(x) as v from input')
      const line = await there.kmeans(single, { columns: ['v'], k: 2 })
      expect(await there.predict(line, single).sql('select max(distance) from input').count()).toBe(1)
      const late = rows('0D').sql('select row, if(row < 10, null, array(x, y)) as v from input')
      await expect(there.kmeans(late, { columns: ['v'], k: 2 })).rejects.toMatchObject(refusal)
    })

    it('hold vectors', async () => {
      const table = rows('0D')
        .sql('select row, array(x, x * 2) as a from input')
        .with('v', 'array_to_vector', 'a')
      expect((await table.columns()).at(-1)).toMatchObject({ name: 'v', type: 'vector' })
      const model = await there.kmeans(table, { columns: ['v'], k: 2 })
      const labelled = there.predict(model, table)
      expect((await labelled.columns()).map(({ name }) => name)).toEqual([
        'row',
        'a',
        'v',
        'cluster',
        'distance',
      ])
      const found = await labelled.sql('select cluster from input order by row').collect()
      const points = Array.from({ length: 30 }, (_, i) => [i, i * 2])
      expect(found.map(({ cluster }) => cluster)).toEqual(Array.from(model.predictSync(points)))
      const near = await there.nearest([[3, 6]], table, { columns: ['v'], k: 2 })
      expect(Array.from(near.ids)).toEqual([3n, 2n])
    })

    it('that share a name are not guessed between', async () => {
      const table = there.sql('select id as row, id as v, id * 2 as v from range(9)')
      await expect(there.kmeans(table, { columns: ['v'], k: 2 })).rejects.toThrow('2 columns are named "v"')
      await expect(table.collect()).rejects.toThrow('two columns are named "v"')
    })

    it('of rows that were labelled before can be labelled and profiled again', async () => {
      const table = rows('0D')
      const model = await there.kmeans(table, { columns: ['x'], k: 3 })
      const labelled = there.predict(model, table)
      expect(await there.profile(model, labelled)).toEqual(await there.profile(model, table))
      const again = there.predict(model, labelled)
      await expect(again.collect()).rejects.toThrow('two columns are named "cluster"')
      const names = { cluster: 'c', distance: 'd e' }
      const both = await there.predict(model, labelled, { names }).collect()
      expect(both.every((row) => row.c === row.cluster && row['d e'] === row.distance)).toBe(true)
      const { rows: scored } = await there.anomalies(model, labelled, { names })
      expect((await scored.columns()).map(({ name }) => name)).toEqual([
        'row',
        'x',
        'y',
        'cluster',
        'distance',
        'c',
        'd e',
        'score',
        'anomaly',
      ])
      expect(() => there.predict(model, table, { names: { cluster: 'a', distance: 'A' } })).toThrow(
        'names must be different texts, got "A" for distance',
      )
    })

    it('do not take the number of an uploaded row for a feature', async () => {
      const points = [
        [1, 1],
        [5, 5],
        [1, 2],
        [5, 6],
      ]
      const model = await there.kmeans(await there.upload(points), { k: 2 })
      expect(model.centroids.columns).toBe(2)
      const weighted = await there.upload(
        points.map((row) => [...row, 1]),
        { columns: ['x', 'y', 'w'] },
      )
      expect((await there.kmeans(weighted, { k: 2, weightColumn: 'w' })).centroids.columns).toBe(2)
      expect((await there.chooseK(await there.upload(points), { to: 2, fits: false })).table).toHaveLength(2)
    })

    it('of queries go by their names', async () => {
      const table = rows('9D').sql('select row, x, y from input')
      const turned = rows('9D').sql('select y, x, row, 5 as other from input')
      const found = await there.nearest(turned, table, { k: 1 })
      expect(Array.from(found.ids)).toEqual(Array.from(found.queries))
    })
  })

  describe(`a model with an encoder, ${title}`, () => {
    const n = 240
    const at = (f: (i: number) => number): Float64Array => Float64Array.from({ length: n }, (_, i) => f(i))
    const size = at((i) => (i % 9 === 0 ? Number.NaN : Math.sin(i) * 50 + (i % 3) * 400))
    const spent = at((i) => Math.exp((i % 40) / 3) - 1)
    const kinds = ["a'b", 'c\\d', 'e"f', 'ü\n😀']
    const kind = Array.from({ length: n }, (_, i) => (i % 13 === 0 ? null : kinds[i % 4]))
    const open = Array.from({ length: n }, (_, i) => (i % 17 === 0 ? null : i % 3 === 0))
    const day = at((i) => (i % 19 === 0 ? Number.NaN : Date.UTC(2020, 0, 1) + i * 40_000_000))
    const table = Table.of([
      { name: 'si.ze', type: 'number', values: size },
      { name: 'spent', type: 'number', values: spent },
      {
        name: 'kind',
        type: 'text',
        values: Int32Array.from(kind, (text) => (text === null ? -1 : kinds.indexOf(text))),
        categories: kinds,
      },
      {
        name: 'open',
        type: 'boolean',
        values: Uint8Array.from(open, (yes) => (yes === null ? 255 : yes ? 1 : 0)),
      },
      { name: 'day', type: 'date', values: day },
    ])
    const uploaded = async (): Promise<Frame> =>
      (
        await there.uploadColumns(
          [
            { name: 'si.ze', type: 'double', values: size },
            { name: 'spent', type: 'double', values: spent },
            { name: 'kind', type: 'text', values: kind },
            { name: 'open', type: 'boolean', values: open },
            { name: 'ms', type: 'double', values: day },
            { name: 'row', type: 'long', values: BigInt64Array.from({ length: n }, (_, i) => BigInt(i)) },
          ],
          n,
        )
      ).sql(
        'select * except (ms), if(isnan(ms), null, timestamp_micros(cast(ms * 1000 as bigint))) as day from input',
      )

    for (const missing of ['impute', 'mark', 'drop'] as const) {
      it(`that was fitted here encodes there: ${missing}`, async () => {
        const encoder = Encoder.fit(table, { missing, scale: 'robust' })
        const encoded = await there.encode(encoder, await uploaded())
        const found = await encoded.sql('select features from input order by row').collect()
        expect(found.map(({ features }) => features)).toEqual(encoder.encode(table).matrix.toArrays())
      })
    }

    it('takes logarithms, to within rounding, and none of a negative number', async () => {
      const encoder = Encoder.fit(table, { missing: 'impute', log: ['spent'], columns: ['spent', 'si.ze'] })
      const encoded = await there.encode(encoder, await uploaded())
      const found = await encoded.sql('select features from input order by row').collect()
      const expected = encoder.encode(table, { extra: 'ignore' }).matrix
      found.forEach(({ features }, i) => {
        if (!Array.isArray(features)) throw new Error('features are a list')
        expect(Number(features[0])).toBeCloseTo(expected.row(i)[0], 12)
        expect(features[1]).toBe(expected.row(i)[1])
      })
      const below = (await uploaded()).sql('select -spent - 1 as spent, `si.ze` from input')
      await expect((await there.encode(encoder, below)).collect()).rejects.toMatchObject({ code: 'E_RANGE' })
    })

    it('predicts, profiles and scores there without being told the columns, saved and loaded', async () => {
      const fitted = await KMeans.fit(table, { k: 4, encoder: { missing: 'impute' } })
      const model = KMeans.fromBytes(fitted.toBytes())
      if (!(model instanceof KMeans)) throw new Error('a model of K-Means')
      const frame = await uploaded()
      const labelled = there.predict(model, frame)
      expect((await labelled.columns()).map(({ name }) => name)).toEqual([
        'si.ze',
        'spent',
        'kind',
        'open',
        'row',
        'day',
        'cluster',
        'distance',
      ])
      const found = await labelled.sql('select cluster from input order by row').collect()
      expect(found.map(({ cluster }) => cluster)).toEqual(Array.from(fitted.labels))
      const here = profileClusters(table, fitted.labels, { encoder: fitted.encoder })
      const profiles = await there.profile(model, frame)
      expect(profiles.map(({ description }) => description)).toEqual(
        here.clusters.map(({ description }) => description),
      )
      const { rows: scored } = await there.anomalies(model, frame, { contamination: 0.05 })
      expect((await scored.columns()).map(({ name }) => name)).not.toContain('nigh_features')
      expect(await scored.sql('select 1 from input where anomaly').count()).toBe(12)
    })

    it('refuses an empty cell, another type and an unknown text in a sentence', async () => {
      const frame = await uploaded()
      const strict = Encoder.fit(table.select(['spent']))
      const hole = frame.sql('select if(row = 5, null, spent) as spent from input')
      await expect((await encodeFrame(hole, strict, 'f')).collect()).rejects.toMatchObject({
        code: 'E_MISSING',
      })
      const model = await KMeans.fit(table, { k: 2, encoder: { missing: 'impute' } })
      const asked = (changes: string): Promise<unknown> =>
        there.predict(model, frame.sql(`select * except (spent, kind), ${changes} from input`)).collect()
      await expect(asked('string(spent) as spent, kind')).rejects.toThrow('"spent" is string and was number')
      await expect(asked("spent, 'new' as kind")).rejects.toThrow(
        'got "new" (unseen: \'zero\' allows others)',
      )
      await expect(asked('spent')).rejects.toMatchObject({ errorClass: 'UNRESOLVED_COLUMN.WITH_SUGGESTION' })
    })
  })

  describe(`arguments, ${title}`, () => {
    it('are refused where they are none', async () => {
      const table = rows('0D')
      // What a program in JavaScript may pass.
      const unknown = { columns: ['x'], K: 2 }
      const target = { columns: ['x'], target: 'y', weight: 'distance' }
      await expect(there.nearest([[1]], table, unknown)).rejects.toThrow('there is no option "K"')
      await expect(there.classify([[1]], table, target)).rejects.toThrow('there is no option "weight"')
      await expect(there.regress([[1]], table, target)).rejects.toThrow('there is no option "weight"')
      await expect(there.evaluate(table, target)).rejects.toThrow('there is no option "weight"')
      const points = [[1], [2]] as unknown as Frame
      await expect(there.kmeans(points, { k: 1 })).rejects.toThrow('table must be a frame')
      await expect(there.index(points)).rejects.toThrow('table must be a frame')
      await expect(there.encoder(points)).rejects.toThrow('table must be a frame')
      const model = await KMeans.fit([[1], [2]], { k: 1 })
      expect(() => there.predict(model, points)).toThrow('table must be a frame')
      const { encoder } = model
      expect(encoder).toBeUndefined()
      await expect(there.encode(encoder as unknown as Encoder, table)).rejects.toThrow('must be an Encoder')
    })

    it('leave rows to ask, and answers in all of them', async () => {
      const table = rows('null')
      const options = { columns: ['x'], target: 'y', k: 1 } as const
      await expect(there.evaluate(rows('0D'), { ...options, holdout: 1e-9 })).rejects.toMatchObject({
        param: 'holdout',
      })
      for (const task of there === plain ? (['regress'] as const) : (['classify', 'regress'] as const)) {
        await expect(there.evaluate(table, { ...options, task, holdout: 0.5 })).rejects.toMatchObject({
          code: 'E_TYPE',
          param: 'target',
        })
      }
    })
  })
}
