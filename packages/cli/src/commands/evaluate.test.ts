import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { KNNImputer, NearestCentroid, NearestNeighbors, RadiusClassifier, RadiusRegressor } from 'nigh'
import { describe, expect, test, vi } from 'vitest'
import { Command, type Ended } from '../../test/command.ts'
import { groups } from '../../test/page.ts'

// Every test starts processes, and the machine may be busy.
vi.setConfig({ testTimeout: 60_000 })

const command = new Command()
const { folder } = command
const nigh = (args: readonly string[]): Promise<Ended> => command.start(args)

// Answers are looked at field by field.
// oxlint-disable-next-line no-explicit-any
async function json(args: readonly string[]): Promise<any> {
  const { code, out, err } = await nigh([...args, '--json'])
  expect({ code, err }).toEqual({ code: 0, err: '' })
  return JSON.parse(out)
}

function put(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return name
}

put('groups.csv', groups())

describe('evaluate', () => {
  test('clusters by themselves and against a column', async () => {
    await nigh(['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group', '--model', 'groups.nigh', '--quiet'])
    const alone = await json(['evaluate', 'groups.nigh', 'groups.csv'])
    expect(alone).toMatchObject({ kind: 'kmeans', rows: 91, clusters: 3 })
    expect(alone.silhouette).toBeGreaterThan(0.9)
    const compared = await json(['evaluate', 'groups.nigh', 'groups.csv', '--target', 'group'])
    expect(compared.silhouette).toBe(alone.silhouette)
    expect(compared.adjustedRand).toBeGreaterThan(0.95)
    expect(compared.adjustedRand).toBeLessThan(1)
  })

  test('classes and numbers against their column', async () => {
    await nigh(['knn', 'groups.csv', '--target', 'group', '--k', '3', '--model', 'classes.nigh', '--quiet'])
    const classes = await json(['evaluate', 'classes.nigh', 'groups.csv', '--target', 'group'])
    // All but the row that stands among the others.
    expect(classes.accuracy).toBeCloseTo(90 / 91, 12)
    expect(classes.confusion.matrix).toEqual([
      [30, 0, 0],
      [1, 30, 0],
      [0, 0, 30],
    ])
    put('line.csv', 'a,y\n0,0\n1,10\n2,20\n3,30\n')
    await nigh([
      'knn',
      'line.csv',
      '--target',
      'y',
      '--k',
      '1',
      '--cv',
      'loo',
      '--model',
      'line.nigh',
      '--quiet',
    ])
    put('line-new.csv', 'a,y\n0,3\n1,10\n2,\n3,30\n')
    const { out } = await nigh(['evaluate', 'line.nigh', 'line-new.csv', '--target', 'y', '--json'])
    expect(JSON.parse(out)).toMatchObject({ kind: 'knn-regressor', rows: 3, mae: 1 })
  })

  test('a missing target is refused', async () => {
    await nigh(['knn', 'groups.csv', '--target', 'group', '--model', 'refused.nigh', '--quiet'])
    expect((await nigh(['evaluate', 'refused.nigh', 'groups.csv'])).code).toBe(2)
    const wrong = await nigh(['evaluate', 'refused.nigh', 'groups.csv', '--target', 'Group'])
    expect(wrong.code).toBe(2)
    expect(wrong.err).toContain('did you mean "group"')
    expect((await nigh(['evaluate', 'groups.csv', 'groups.csv'])).code).toBe(2)
  })
})

describe('every kind of model', () => {
  test('relatives of K-Means: by the space that they cluster in, and against a column', async () => {
    const plain = await json(['kmeans', 'groups.csv', '--k', '3', '--ignore', 'group', '--model', 'p.nigh'])
    const base = await json(['evaluate', 'p.nigh', 'groups.csv', '--target', 'group'])
    expect(base.inertia).toBeCloseTo(plain.inertia, 9)
    for (const method of ['bisecting', 'medians', 'medoids', 'prototypes']) {
      const ignore = method === 'prototypes' ? 'none' : 'group'
      const args = ['kmeans', 'groups.csv', '--k', '3', '--ignore', ignore, '--method', method]
      const fitted = await json([
        ...(ignore === 'none' ? args.filter((one) => one !== '--ignore' && one !== 'none') : args),
        '--model',
        `${method}.nigh`,
      ])
      const judged = await json(['evaluate', `${method}.nigh`, 'groups.csv', '--target', 'group'])
      expect(judged.counts, method).toEqual(fitted.counts)
      expect(judged.rows).toBe(91)
      expect(judged.inertia, method).toBeCloseTo(fitted.inertia, 6)
      expect(judged.adjustedRand, method).toBeGreaterThan(0.9)
      expect(judged.silhouette, method).toBeGreaterThan(0.8)
      // Clusters, space and criteria of these are those of K-Means itself.
      if (method === 'bisecting')
        expect(judged).toMatchObject({ kind: 'bisecting-kmeans', silhouette: base.silhouette })
    }
  })

  test('prototypes: rows with empty cells have no answer, and are not judged', async () => {
    put('holes.csv', `${groups()}1,,a\n`)
    await nigh([
      'kmeans',
      'groups.csv',
      '--k',
      '3',
      '--method',
      'prototypes',
      '--model',
      'words.nigh',
      '--quiet',
    ])
    const { out, err, code } = await nigh(['evaluate', 'words.nigh', 'holes.csv', '--json'])
    expect(code).toBe(0)
    expect(err).toContain('1 row with empty cells have no answer')
    expect(JSON.parse(out)).toMatchObject({ kind: 'kprototypes', rows: 91 })
  })

  test('places and single numbers', async () => {
    put('places.csv', 'lat,lon,land\n-17,179,f\n-17,-179,f\n48.2,16.4,a\n47.1,15.4,a\n')
    await nigh([
      ...['kmeans', 'places.csv', '--k', '2', '--columns', 'lat,lon', '--scale', 'none', '--method', 'geo'],
      ...['--model', 'geo.nigh', '--quiet'],
    ])
    const places = await json(['evaluate', 'geo.nigh', 'places.csv', '--target', 'land'])
    // By latitude and longitude as plain numbers, the first two would stand far apart.
    expect(places).toMatchObject({ kind: 'geo-kmeans', adjustedRand: 1, counts: [2, 2] })
    expect(places.silhouette).toBeGreaterThan(0.9)
    await nigh([
      'kmeans',
      'groups.csv',
      '--k',
      '2',
      '--columns',
      'y',
      '--method',
      '1d',
      '--model',
      'one.nigh',
      '--quiet',
    ])
    const wide = await nigh(['evaluate', 'one.nigh', 'groups.csv'])
    expect(wide.code).toBe(2)
    expect(wide.err).toContain('name those to use with --columns')
    const line = await json(['evaluate', 'one.nigh', 'groups.csv', '--columns', 'y', '--target', 'group'])
    expect(line).toMatchObject({ kind: 'kmeans-1d', clusters: 2, counts: [61, 30] })
  })

  test('models that the library saved: by radius, nearest centroid; indexes and imputers have nothing to judge', async () => {
    const points = Array.from({ length: 90 }, (_, i) => [
      (i % 3) * 100 + (i % 7),
      (i % 3 === 1 ? 50 : 0) + (i % 5),
    ])
    const names = points.map((_, i) => 'abc'[i % 3])
    const models = {
      'radius-classifier': await RadiusClassifier.fit(points, names, { radius: 20 }),
      'nearest-centroid': NearestCentroid.fitSync(points, names),
      'radius-regressor': await RadiusRegressor.fit(
        points,
        points.map(([x]) => 2 * x),
        { radius: 5, outlierValue: NaN },
      ),
      neighbors: await NearestNeighbors.fit(points),
      imputer: KNNImputer.fit(points),
    }
    for (const [name, model] of Object.entries(models))
      writeFileSync(join(folder, `${name}.nigh`), model.toBytes())
    for (const kind of ['radius-classifier', 'nearest-centroid']) {
      const judged = await json(['evaluate', `${kind}.nigh`, 'groups.csv', '--target', 'group'])
      expect(judged, kind).toMatchObject({ kind, rows: 91 })
      expect(judged.accuracy).toBeCloseTo(90 / 91, 12)
      const predicted = await json(['predict', `${kind}.nigh`, 'groups.csv', '--columns', 'x,y'])
      expect(predicted.answers.prediction.slice(0, 3)).toEqual(['a', 'b', 'c'])
    }
    put('twice.csv', 'x,y,z\n3,2,6\n103,51,206\n900,900,5\n')
    const { out, err } = await nigh([
      'evaluate',
      'radius-regressor.nigh',
      'twice.csv',
      '--target',
      'z',
      '--json',
    ])
    expect(err).toContain('1 row without a target or an answer is left out')
    expect(JSON.parse(out)).toMatchObject({ kind: 'radius-regressor', rows: 2 })
    for (const name of ['neighbors', 'imputer']) {
      const refused = await nigh(['evaluate', `${name}.nigh`, 'groups.csv'])
      expect(refused.code).toBe(2)
      expect(refused.err).toContain('there is nothing to judge it by; nigh evaluate takes models of')
    }
  })
})

describe('--unseen', () => {
  test('is saved with the model of every command', async () => {
    put('colors.csv', 'x,color\n1,red\n2,red\n3,blue\n90,blue\n91,red\n92,blue\n')
    put('colors-new.csv', 'x,color\n1,green\n')
    const commands = [
      ['kmeans', '--k', '2'],
      ['knn', '--target', 'x', '--k', '1'],
      ['anomalies', '--k', '2'],
    ]
    await Promise.all(
      commands.map(async ([name, ...more]) => {
        const args = [name, 'colors.csv', ...more, '--model', `colors-${name}.nigh`, '--quiet']
        const apply = ['predict', `colors-${name}.nigh`, 'colors-new.csv', '--quiet']
        await nigh(args)
        expect((await nigh(apply)).code).toBe(2)
        await nigh([...args, '--unseen', 'zero'])
        expect((await nigh(apply)).code).toBe(0)
      }),
    )
  })
})
