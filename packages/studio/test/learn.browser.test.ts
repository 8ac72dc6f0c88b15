import { KMeans, KNNClassifier, Matrix } from 'nigh'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { host, launch, open, type Host, type Watched } from './browser.ts'
import { measured } from './trace.ts'

let browser: Browser
let site: Host

beforeAll(async () => {
  browser = await launch()
  site = await host({ isolated: true })
})

afterAll(async () => {
  await browser.close()
  await site.close()
})

interface Lesson {
  readonly points: readonly {
    readonly x: number
    readonly y: number
    readonly label: number
    readonly value: number
  }[]
  readonly query: { readonly x: number; readonly y: number }
  readonly clusters: number
  readonly neighbors: number
  readonly seed: number
  readonly init: 'random' | 'k-means++'
  readonly sample: string
}

/** K-Means runs in a worker: waits until its picture is that of the lesson. */
const settled = ({ page }: Watched): Promise<unknown> => page.waitForSelector('[data-run=now]')

/** The lesson as the page keeps it. */
async function lessonOf({ page }: Watched): Promise<Lesson> {
  await page.waitForSelector('[data-sample]')
  return JSON.parse((await page.evaluate(() => localStorage.getItem('nigh:lesson'))) ?? 'null') as Lesson
}

const rowsOf = ({ points }: Lesson): Matrix =>
  Matrix.of(Float64Array.from(points.flatMap(({ x, y }) => [x, y])), 2)

describe('Learn', () => {
  it('steps K-Means to the library’s own end, number for number', async () => {
    const watched = await open(browser, site.url)
    const { page } = watched
    for (const sample of ['iris', 'moons']) {
      await page.selectOption('[data-sample]', sample)
      await page.waitForFunction(
        (name) => (localStorage.getItem('nigh:lesson') ?? '').includes(`"sample":"${name}"`),
        sample,
      )
      await settled(watched)
      const lesson = await lessonOf(watched)
      const model = KMeans.fitSync(rowsOf(lesson), {
        k: lesson.clusters,
        init: lesson.init,
        seed: lesson.seed,
        nInit: 1,
      })
      let steps = 0
      const inertias: number[] = []
      while (await page.getByRole('button', { name: 'Step ▸' }).isEnabled()) {
        await page.getByRole('button', { name: 'Step ▸' }).click()
        const exact = await page.locator('[data-kmeans] b').getAttribute('title')
        inertias.push(Number(exact))
        steps++
      }
      expect(steps).toBeGreaterThan(2)
      expect(inertias.at(-1)).toBe(model.inertia)
      expect(inertias.every((inertia, i) => i === 0 || inertia <= inertias[i - 1])).toBe(true)
      expect(await page.locator('[data-kmeans]').innerText()).toContain('Nothing moves any more')
      const shown = await page
        .locator('[data-centroid]')
        .evaluateAll((marks) =>
          marks.map((mark) => (mark as SVGGElement).style.transform.match(/[\d.]+/g)?.map(Number)),
        )
      expect(shown).toHaveLength(model.k)
      for (const [c, place] of shown.entries()) {
        expect(place?.[0]).toBeCloseTo(model.centroids.values[2 * c], 3)
        expect(place?.[1]).toBeCloseTo(model.centroids.values[2 * c + 1], 3)
      }
    }
    expect(watched.faults).toEqual([])
    await watched.context.close()
  })

  it('moves the query by keys, and shows the neighbours that the library finds', async () => {
    const watched = await open(browser, site.url)
    const { page } = watched
    await page.selectOption('[data-sample]', 'penguins')
    await page.waitForFunction(() =>
      (localStorage.getItem('nigh:lesson') ?? '').includes('"sample":"penguins"'),
    )
    await page.locator('[data-board=knn]').focus()
    for (const key of ['ArrowRight', 'ArrowRight', 'Shift+ArrowDown', 'ArrowLeft', 'Shift+ArrowRight']) {
      await page.keyboard.press(key)
      const lesson = await lessonOf(watched)
      const model = KNNClassifier.fitSync(
        rowsOf(lesson),
        lesson.points.map(({ label }) => label),
        { k: lesson.neighbors },
      )
      const [answer] = model.explainSync([[lesson.query.x, lesson.query.y]])
      const shown = await page
        .locator('[data-neighbor]')
        .evaluateAll((rings) => rings.map((ring) => Number(ring.getAttribute('data-neighbor'))))
      expect(shown).toEqual(answer.neighbors.map(({ index }) => index))
      expect(await page.locator('[data-knn]').innerText()).toContain(`class ${'ABCD'[answer.prediction]}`)
    }
    expect((await lessonOf(watched)).query).toEqual({ x: 64, y: 41 })
    expect(watched.faults).toEqual([])
    await watched.context.close()
  })

  it('draws, labels, erases, takes back, and needs no training', async () => {
    const watched = await open(browser, site.url)
    const { page } = watched
    await page.selectOption('[data-sample]', 'empty')
    await page.getByRole('button', { name: 'Points', exact: true }).click()
    const box = await page.locator('[data-board=knn]').boundingBox()
    if (box === null) throw new Error('no board')
    for (const [x, y] of [
      [0.2, 0.2],
      [0.3, 0.3],
      [0.7, 0.7],
    ])
      await page.mouse.click(box.x + box.width * x, box.y + box.height * y)
    expect((await lessonOf(watched)).points).toHaveLength(3)
    expect(await page.locator('[data-knn]').innerText()).toContain('class A')
    await page.getByRole('button', { name: 'Class B' }).click()
    for (const [x, y] of [
      [0.55, 0.5],
      [0.58, 0.46],
      [0.6, 0.5],
    ])
      await page.mouse.click(box.x + box.width * x, box.y + box.height * y)
    const lesson = await lessonOf(watched)
    expect(lesson.points.map(({ label }) => label)).toEqual([0, 0, 0, 1, 1, 1])
    await page.getByRole('button', { name: 'Erase', exact: true }).click()
    await page.mouse.click(box.x + box.width * 0.2, box.y + box.height * 0.2)
    expect((await lessonOf(watched)).points).toHaveLength(5)
    expect(await page.locator('[data-knn]').innerText()).toContain('class B')
    await page.keyboard.press('Control+z')
    expect((await lessonOf(watched)).points).toHaveLength(6)
    await page.keyboard.press('Control+Shift+z')
    expect((await lessonOf(watched)).points).toHaveLength(5)
    expect(watched.faults).toEqual([])
    await watched.context.close()
  })

  it('goes on after a reload where it was', async () => {
    const watched = await open(browser, site.url)
    const { page } = watched
    await settled(watched)
    for (let i = 0; i < 3; i++) await page.getByRole('button', { name: 'Step ▸' }).click()
    const before = await page.locator('[data-step]').innerText()
    expect(before).toMatch(/^4 of /)
    await page.reload()
    await settled(watched)
    expect(await page.locator('[data-step]').innerText()).toBe(before)
    await page.getByRole('button', { name: 'Other start' }).click()
    await page.waitForFunction(() => document.querySelector('[data-step]')?.textContent?.startsWith('1 of'))
    expect(watched.faults).toEqual([])
    await watched.context.close()
  })

  it('shares a lesson by its address alone', async () => {
    const first = await open(browser, site.url)
    await first.page.selectOption('[data-sample]', 'rings')
    await first.page.waitForFunction(() =>
      (localStorage.getItem('nigh:lesson') ?? '').includes('"sample":"rings"'),
    )
    await first.page.getByRole('button', { name: 'Other start' }).click()
    await first.page.getByRole('button', { name: 'Share' }).click()
    const address = first.page.url()
    const lesson = await lessonOf(first)
    await first.context.close()
    const second = await open(browser, address)
    expect(await lessonOf(second)).toEqual(lesson)
    await second.context.close()
    // What is changed after it was shared comes back after a reload; the address says it no more.
    const third = await open(browser, address)
    await third.page.locator('#neighbors').fill('11')
    expect(new URL(third.page.url()).hash).toBe('#learn')
    await third.page.reload()
    await third.page.waitForSelector('[data-neighbor]')
    expect(await lessonOf(third)).toEqual({ ...lesson, neighbors: 11 })
    await third.context.close()
    const broken = await open(browser, `${site.url}#learn&d=AAAA`)
    expect(await broken.page.getByRole('alert').innerText()).toContain('This address holds no lesson')
    await broken.context.close()
  })

  it('stays smooth while hundreds of points are drawn', async () => {
    const watched = await open(browser, site.url)
    const { page } = watched
    await page.waitForSelector('[data-neighbor]')
    // 560 points, as if drawn before.
    await page.evaluate(() => {
      const lesson = JSON.parse(localStorage.getItem('nigh:lesson') ?? '{}')
      const points = Array.from({ length: 560 }, (_, i) => ({
        x: ((i * 37) % 997) / 10,
        y: ((i * 53) % 743) / 10,
        label: i % 4,
        value: i % 100,
      }))
      localStorage.setItem('nigh:lesson', JSON.stringify({ ...lesson, points, clusters: 10 }))
    })
    await page.reload()
    await page.waitForSelector('.dots[data-dots="560"]')
    await page.getByRole('button', { name: 'Points', exact: true }).click()
    const box = await page.locator('[data-board=kmeans]').boundingBox()
    if (box === null) throw new Error('no board')
    const draw = async (moves: number): Promise<void> => {
      await page.mouse.move(box.x + 20, box.y + 20)
      await page.mouse.down()
      for (let i = 0; i < moves; i++) {
        await page.mouse.move(
          box.x + 20 + ((i * 37) % (box.width - 40)),
          box.y + 20 + ((i * 53) % (box.height - 40)),
        )
      }
      await page.mouse.up()
    }
    const drawing = await measured(browser, page, () => draw(60))
    expect(Number(await page.locator('.dots').first().getAttribute('data-dots'))).toBe(600)
    await settled(watched)
    await page.getByRole('button', { name: 'Erase', exact: true }).click()
    const erasing = await measured(browser, page, () => draw(30))
    await page.getByRole('button', { name: 'New point', exact: true }).click()
    const asking = await measured(browser, page, () => draw(30))
    console.log(
      `600 points: longest task by its processor time, in ms: drawing ${Math.round(drawing)}, erasing ${Math.round(erasing)}, moving the new point ${Math.round(asking)}`,
    )
    expect(Math.max(drawing, erasing, asking)).toBeLessThan(50)
    expect(watched.faults).toEqual([])
    await watched.context.close()
  })

  it('lights the parts of both panels that a row speaks of', async () => {
    const watched = await open(browser, site.url)
    const { page } = watched
    await page.waitForSelector('[data-neighbor]')
    expect(await page.locator('.lit').count()).toBe(0)
    for (const row of ['Kind of learning', 'Use', 'K is', 'Training', 'A new point gets']) {
      await page.getByRole('button', { name: row, exact: true }).focus()
      expect(await page.locator('section:has(#kmeans-title) .lit').count(), row).toBeGreaterThan(0)
      expect(await page.locator('section:has(#knn-title) .lit').count(), row).toBeGreaterThan(0)
    }
    await watched.context.close()
  })

  it('shows regions for K from 1 to 25, for classes and numbers', async () => {
    const watched = await open(browser, site.url)
    const { page } = watched
    await page.waitForSelector('[data-neighbor]')
    const painted = (): Promise<number> =>
      page.evaluate(() => {
        const canvas = document.querySelector<HTMLCanvasElement>('canvas:not(.dots)')
        const data = canvas?.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
        let sum = 0
        for (const value of data) sum = (sum * 31 + value) % 1_000_003
        return sum
      })
    const seen = new Set<number>()
    for (const [k, task] of [
      ['1', 'classes'],
      ['25', 'classes'],
      ['25', 'numbers'],
      ['1', 'numbers'],
    ] as const) {
      await page.getByRole('button', { name: task }).click()
      await page.locator('#neighbors').fill(k)
      await page.waitForSelector(`[data-regions="${task === 'classes' ? 'classify' : 'regress'} ${k}"]`)
      seen.add(await painted())
    }
    expect(seen.size).toBe(4)
    expect(watched.faults).toEqual([])
    await watched.context.close()
  })
})
