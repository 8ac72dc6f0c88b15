import fc from 'fast-check'
import { KMeans, Matrix } from 'nigh'
import { describe, expect, it } from 'vitest'
import { cellsOf } from './cells.ts'
import { runOf } from './kmeans-run.ts'
import { HEIGHT, lessonFrom, nearestSpot, placesOf, spotAt, WIDTH, type Lesson } from './lesson.ts'
import { fromAddress, toAddress } from './share.ts'

const spot = fc
  .tuple(fc.integer({ min: 0, max: WIDTH * 10 }), fc.integer({ min: 0, max: HEIGHT * 10 }))
  .map(([x, y]) => ({ x: x / 10, y: y / 10 }))
const dot = fc
  .tuple(spot, fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 1000 }))
  .map(([place, label, value]) => ({ ...place, label, value: value / 10 }))
const lesson: fc.Arbitrary<Lesson> = fc.record({
  sample: fc.constantFrom('blobs', 'own', 'iris'),
  points: fc.array(dot, { maxLength: 40 }),
  query: spot,
  clusters: fc.integer({ min: 1, max: 10 }),
  init: fc.constantFrom('k-means++', 'random', 'placed'),
  seed: fc.integer({ min: 0, max: 2 ** 31 }),
  placed: fc.array(spot, { maxLength: 10 }),
  neighbors: fc.integer({ min: 1, max: 25 }),
  weights: fc.constantFrom('uniform', 'distance'),
  task: fc.constantFrom('classify', 'regress'),
})

describe('lessons', () => {
  it('come back from an address and from storage as they were', () => {
    fc.assert(
      fc.property(lesson, (given) => {
        expect(fromAddress(toAddress(given))).toEqual(given)
        expect(lessonFrom(JSON.parse(JSON.stringify(given)))).toEqual(given)
      }),
    )
  })

  it('are not made of anything else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const found = fromAddress(text)
        if (found !== null) expect(toAddress(found).length).toBeGreaterThan(0)
      }),
    )
    expect(lessonFrom({ points: [{ x: 'a', y: 1 }], placed: [], query: { x: 1, y: 1 } })).toBeNull()
    expect(lessonFrom({ points: [{ x: 1, y: 1, label: 9 }], placed: [], query: { x: 1, y: 1 } })).toBeNull()
    expect(lessonFrom(null)).toBeNull()
  })

  it('run as the library runs: the last picture is its model', () => {
    fc.assert(
      fc.property(lesson, (given) => {
        const run = runOf(given)
        const k = Math.min(
          given.init === 'placed' ? given.placed.length : given.clusters,
          given.points.length,
        )
        if (k === 0) {
          expect(run.frames).toEqual([])
          return
        }
        const rows = Matrix.of(placesOf(given.points), 2)
        const first = given.placed.slice(0, given.points.length).map(({ x, y }) => [x, y])
        const model = KMeans.fitSync(rows, {
          k,
          init: given.init === 'placed' ? first : given.init,
          seed: given.seed,
          nInit: 1,
        })
        const last = run.frames[run.frames.length - 1]
        expect(run.inertia).toBe(model.inertia)
        expect(last.inertia).toBe(model.inertia)
        expect([...placesOf(last.centroids)]).toEqual([...model.centroids.values])
        expect([...last.labels]).toEqual([...model.labels])
      }),
      { numRuns: 60 },
    )
  })
})

describe('cellsOf', () => {
  it('cuts the board into what is nearest to each centroid', () => {
    fc.assert(
      fc.property(fc.array(spot, { minLength: 1, maxLength: 10 }), spot, (centroids, place) => {
        const cells = cellsOf(centroids)
        const { index } = nearestSpot(centroids, place)
        const polygon = cells[index]
        // Inside a convex polygon: on one side of every edge, up to rounding.
        let lowest = Number.POSITIVE_INFINITY
        for (const [i, a] of polygon.entries()) {
          const b = polygon[(i + 1) % polygon.length]
          lowest = Math.min(lowest, (b.x - a.x) * (place.y - a.y) - (b.y - a.y) * (place.x - a.x))
        }
        expect(lowest).toBeGreaterThan(-1e-6)
      }),
    )
  })

  it('snaps places to the board', () => {
    expect(spotAt(-3, 99)).toEqual({ x: 0, y: HEIGHT })
    expect(spotAt(1.26, 2.24)).toEqual({ x: 1.3, y: 2.2 })
  })
})
