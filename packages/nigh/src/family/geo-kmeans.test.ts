import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rowsOf } from '../../fixtures/golden.ts'
import { Table } from '../data/table.ts'
import { haversineOf } from '../metrics/haversine.ts'
import { clustersContract } from './clusters.contract.ts'
import { GeoKMeans } from './geo-kmeans.ts'

clustersContract('GeoKMeans', GeoKMeans)

/** Great-circle distance by another formula, in km. */
function apart([a, b]: readonly number[], [c, d]: readonly number[]): number {
  const prepared = new Float64Array(6)
  const metric = haversineOf(6371.0088)
  metric.prepare({ call: 'test', param: 'points' }, Float64Array.of(a, b, c, d), 2, 0, 2, prepared)
  const out = new Float64Array(1)
  metric.ranks(prepared, 0, prepared, 1, 2, 3, out)
  return metric.distance(out[0])
}

describe('GeoKMeans', () => {
  test('clusters lie across the 180th meridian, at the poles and in a street', () => {
    const centroid = (...points: number[][]): number[] =>
      Array.from(GeoKMeans.fitSync(points, { k: 1 }).centroids.row(0))
    expect(centroid([0, 179], [0, -179])).toEqual([0, 180])
    const [latitude, longitude] = centroid([10, 179], [10, -179])
    expect(latitude).toBeCloseTo(10.0015, 3)
    expect(longitude).toBe(180)
    expect(centroid([0, 10], [0, 20])[1]).toBeCloseTo(15, 12)
    expect(centroid([0, 350], [0, 10])[1]).toBeCloseTo(0, 12)
    expect(centroid([80, 0], [80, 90], [80, 180], [80, -90])[0]).toBeCloseTo(90, 6)
    expect(centroid([-10, 5], [20, 5])).toEqual([expect.closeTo(5, 12), expect.closeTo(5, 12)])
    expect(centroid([48.2, 16.3], [48.2000001, 16.3000001])[0]).toBeCloseTo(48.20000005, 11)
    expect(
      GeoKMeans.fitSync(
        [
          [90, 10],
          [90, -70],
          [0, 180],
          [0, -180],
        ],
        { k: 2 },
      ).inertia,
    ).toBeCloseTo(0, 9)
  })

  test('turning the globe changes no cost, and places mirrored have mirrored centroids', () => {
    const place = fc.tuple(fc.integer({ min: -80, max: 80 }), fc.integer({ min: -180, max: 180 }))
    fc.assert(
      fc.property(
        fc.array(place, { minLength: 2, maxLength: 20 }),
        fc.integer({ min: -180, max: 180 }),
        (points, turn) => {
          const here = GeoKMeans.fitSync(points, { k: 1 })
          const turned = GeoKMeans.fitSync(
            points.map(([lat, lon]) => [lat, lon + turn]),
            { k: 1 },
          )
          expect(Math.abs(turned.inertia - here.inertia)).toBeLessThan(1e-9 * (1 + here.inertia))
          const south = GeoKMeans.fitSync(
            points.map(([lat, lon]) => [-lat, lon]),
            { k: 1 },
          )
          expect(Math.abs(south.inertia - here.inertia)).toBeLessThan(1e-9 * (1 + here.inertia))
        },
      ),
      { numRuns: 40 },
    )
  })

  test('a centroid is where its rows cost least: a step in any direction costs more', () => {
    const points = rowsOf({ csv: 'airports.csv', columns: ['latitude', 'longitude'], every: 40 })
    const cost = (init: number[][]): number =>
      -GeoKMeans.fromBytes(GeoKMeans.fitSync(init, { k: 1 }).toBytes()).scoreSync(points)
    const best = GeoKMeans.fitSync(points, { k: 1 })
    const [latitude, longitude] = best.centroids.row(0)
    expect(cost([[latitude, longitude]])).toBeCloseTo(best.inertia, 3)
    for (const [up, right] of [
      [0.01, 0],
      [-0.01, 0],
      [0, 0.01],
      [0, -0.01],
    ]) {
      expect(cost([[latitude + up, longitude + right]])).toBeGreaterThan(best.inertia)
    }
  })

  test('a table of coordinates is taken in degrees', () => {
    const table = Table.fromRows([
      { latitude: 10, longitude: 179 },
      { latitude: 10, longitude: -179 },
      { latitude: 48, longitude: 16 },
    ])
    const model = GeoKMeans.fitSync(table, { k: 2 })
    expect(model.labels[0]).toBe(model.labels[1])
    expect(model.predictSync(table)).toEqual(model.labels)
    expect(GeoKMeans.fromBytes(model.toBytes()).predictSync(table)).toEqual(model.labels)
  })

  test('airports: distances are great circles; the best of some starts', () => {
    const points = rowsOf({ csv: 'airports.csv', columns: ['latitude', 'longitude'], every: 10 })
    const model = GeoKMeans.fitSync(points, { k: 6, nInit: 3 })
    expect(model.predictSync(points)).toEqual(model.labels)
    const distances = model.transformSync(points)
    for (let i = 0; i < points.length; i += 17) {
      for (let c = 0; c < 6; c++) {
        const known = apart(points[i], Array.from(model.centroids.row(c)))
        expect(Math.abs(distances.values[i * 6 + c] - known)).toBeLessThan(1e-6)
      }
    }
    const miles = GeoKMeans.fitSync(points, { k: 6, nInit: 3, sphereRadius: 3958.7613 })
    expect(miles.labels).toEqual(model.labels)
  })

  test('refuses', () => {
    const fit = GeoKMeans.fitSync
    const refusal = (code: string): unknown => expect.objectContaining({ code })
    expect(() => fit([[91, 0]], { k: 1 })).toThrow(refusal('E_RANGE'))
    expect(() => fit([[0, 361]], { k: 1 })).toThrow(refusal('E_RANGE'))
    expect(() => fit([[0, 1, 2]], { k: 1 })).toThrow(refusal('E_SHAPE'))
    expect(() => fit([[0, 1]], { k: 1, sphereRadius: 0 })).toThrow(refusal('E_PARAM'))
  })
})
