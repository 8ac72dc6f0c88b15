import customersUrl from '../../../../examples/data/cdnow-customers.csv?url'
import irisUrl from '../../../../examples/data/iris.csv?url'
import penguinsUrl from '../../../../examples/data/penguins.csv?url'
import { type Dot, HEIGHT, spotAt, tenth, WIDTH } from './lesson.ts'

/** A set of points to start from. */
export interface Sample {
  readonly name: string
  readonly title: string
  /** What the places, labels and values are. */
  readonly about: string
  readonly clusters: number
  readonly make: () => Promise<readonly Dot[]>
}

/** Random numbers from 0 to 1 that are the same each time. Source: mulberry32, Tommy Ettinger (public domain). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A normal number, by the sum of uniform ones: near enough for a picture, and free of platform-made logarithms. */
function bell(random: () => number): number {
  let sum = 0
  for (let i = 0; i < 12; i++) sum += random()
  return sum - 6
}

/** What regression learns on drawn sets: a slope with a hill. */
function heightAt(x: number, y: number, noise: number): number {
  const hill = 40 * Math.exp(-((x - 62) ** 2 + (y - 30) ** 2) / 500)
  return tenth(20 + 0.35 * x + hill + noise * 4, 100)
}

function dot(x: number, y: number, label: number, random: () => number): Dot {
  const place = spotAt(x, y)
  return { ...place, label, value: heightAt(place.x, place.y, bell(random)) }
}

function blobs(
  seed: number,
  groups: readonly { x: number; y: number; spread: number; size: number }[],
): Dot[] {
  const random = numbers(seed)
  return groups.flatMap(({ x, y, spread, size }, label) =>
    Array.from({ length: size }, () =>
      dot(x + bell(random) * spread, y + bell(random) * spread, label, random),
    ),
  )
}

function moons(): Dot[] {
  const random = numbers(5)
  return Array.from({ length: 160 }, (_, i) => {
    const angle = Math.PI * random()
    const first = i % 2 === 0
    const x = first ? 40 + 24 * Math.cos(angle) : 62 - 24 * Math.cos(angle)
    const y = first ? 46 - 28 * Math.sin(angle) : 33 + 28 * Math.sin(angle)
    return dot(x + bell(random) * 1.8, y + bell(random) * 1.8, first ? 0 : 1, random)
  })
}

function rings(): Dot[] {
  const random = numbers(9)
  return Array.from({ length: 180 }, (_, i) => {
    const angle = 2 * Math.PI * random()
    const inner = i % 3 === 0
    const radius = (inner ? 9 : 29) + bell(random) * 1.5
    return dot(50 + radius * Math.cos(angle), 37.5 + radius * Math.sin(angle), inner ? 0 : 1, random)
  })
}

/** Reads one of the example files: plain commas, no quotes. */
async function rowsOf(url: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const response = await fetch(url)
  if (!response.ok) throw new Error(`the sample is not there (${response.status})`)
  const [head, ...lines] = (await response.text()).trim().split('\n')
  const names = head.split(',')
  return lines.map((line) => Object.fromEntries(line.split(',').map((cell, j) => [names[j], cell])))
}

/** Puts rows on the board: both columns over its width and height, the second one upwards. */
function placed(rows: readonly { x: number; y: number; label: number; value: number }[]): Dot[] {
  const range = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)]
  const [left, right] = range(rows.map(({ x }) => x))
  const [low, high] = range(rows.map(({ y }) => y))
  const [least, most] = range(rows.map(({ value }) => value))
  return rows.map(({ x, y, label, value }) => ({
    ...spotAt(
      6 + ((x - left) / (right - left)) * (WIDTH - 12),
      HEIGHT - 6 - ((y - low) / (high - low)) * (HEIGHT - 12),
    ),
    label,
    value: tenth(((value - least) / (most - least)) * 100, 100),
  }))
}

export const samples: readonly Sample[] = [
  {
    name: 'blobs',
    title: 'Blobs',
    about: 'Three round groups. Each label is one group: here both methods see the same.',
    clusters: 3,
    make: async () =>
      blobs(3, [
        { x: 24, y: 22, spread: 6.5, size: 45 },
        { x: 70, y: 20, spread: 7, size: 45 },
        { x: 50, y: 55, spread: 6.5, size: 45 },
      ]),
  },
  {
    name: 'moons',
    title: 'Moons',
    about: 'Two bent groups. Nearest centroids cut them straight through; neighbours follow the bend.',
    clusters: 2,
    make: async () => moons(),
  },
  {
    name: 'rings',
    title: 'Rings',
    about: 'A ring around a group. Both have the same centre, so no centroids can part them.',
    clusters: 2,
    make: async () => rings(),
  },
  {
    name: 'densities',
    title: 'Uneven densities',
    about: 'A wide group beside two dense ones. K-Means gives rows of the wide group to the dense ones.',
    clusters: 3,
    make: async () =>
      blobs(11, [
        { x: 34, y: 38, spread: 11, size: 110 },
        { x: 74, y: 22, spread: 2.6, size: 40 },
        { x: 77, y: 54, spread: 3.4, size: 40 },
      ]),
  },
  {
    name: 'iris',
    title: 'Iris flowers',
    about:
      '150 flowers: petal length (→) and petal width (↑). Labels: A setosa, B versicolor, C virginica. Value: sepal length.',
    clusters: 3,
    make: async () => {
      const species = ['setosa', 'versicolor', 'virginica']
      return placed(
        (await rowsOf(irisUrl)).map((row) => ({
          x: Number(row.petal_length),
          y: Number(row.petal_width),
          label: species.indexOf(row.species),
          value: Number(row.sepal_length),
        })),
      )
    },
  },
  {
    name: 'penguins',
    title: 'Penguins',
    about:
      '342 penguins: bill length (→) and bill depth (↑). Labels: A Adelie, B Chinstrap, C Gentoo. Value: body mass.',
    clusters: 3,
    make: async () => {
      const species = ['Adelie', 'Chinstrap', 'Gentoo']
      return placed(
        (await rowsOf(penguinsUrl))
          .filter((row) => row.bill_length_mm !== '')
          .map((row) => ({
            x: Number(row.bill_length_mm),
            y: Number(row.bill_depth_mm),
            label: species.indexOf(row.species),
            value: Number(row.body_mass_g),
          })),
      )
    },
  },
  {
    name: 'customers',
    title: 'Customers',
    about:
      'Every 75th of 23,570 CDNOW customers: days since the last purchase (→) and money spent, in powers of ten (↑). Labels: A bought once, B came back. Value: CDs.',
    clusters: 3,
    make: async () =>
      placed(
        (await rowsOf(customersUrl))
          .filter((_, i) => i % 75 === 0)
          .map((row) => ({
            x: Number(row.recency_days),
            y: Math.log10(1 + Number(row.value)),
            label: Number(row.frequency) > 1 ? 1 : 0,
            value: Math.log10(Number(row.cds) + 1),
          })),
      ),
  },
  { name: 'empty', title: 'Empty board', about: 'Draw your own points.', clusters: 3, make: async () => [] },
]
