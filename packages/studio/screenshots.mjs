// Takes the pictures of docs/studio: `npm run build -w @nigh/studio && node packages/studio/screenshots.mjs`.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { preview } from 'vite'

const root = join(import.meta.dirname, '../..')
const out = process.argv[2] ?? join(root, 'docs/studio')
const data = (name) => join(root, 'examples/data', name)
const server = await preview({
  root: import.meta.dirname,
  configFile: join(import.meta.dirname, 'vite.config.ts'),
  logLevel: 'error',
  preview: { port: 0, host: '127.0.0.1' },
})
const url = `http://127.0.0.1:${server.httpServer.address().port}/`
const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--hide-scrollbars'],
})

/** A PNG as WebP, which takes a quarter of the bytes. */
async function small(png) {
  const context = await browser.newContext()
  const page = await context.newPage()
  const text = await page.evaluate(async (bytes) => {
    const image = new Image()
    image.src = `data:image/png;base64,${bytes}`
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = image.width
    canvas.height = image.height
    canvas.getContext('2d').drawImage(image, 0, 0)
    return canvas.toDataURL('image/webp', 0.82).split(',')[1]
  }, png.toString('base64'))
  await context.close()
  return Buffer.from(text, 'base64')
}

/** One view at one size: opens the page, does what shows the view, and takes the picture. */
async function shot(name, { width, height, dark = false }, act) {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: dark ? 'dark' : 'light',
    deviceScaleFactor: width < 500 ? 2 : 1,
    serviceWorkers: 'block',
    reducedMotion: 'reduce',
  })
  const page = await context.newPage()
  page.on('pageerror', (error) => console.error(name, error.message))
  await page.goto(url)
  await act(page)
  await page.evaluate(() => {
    document.activeElement?.blur()
    scrollTo(0, 0)
  })
  await page.mouse.move(0, 0)
  await page.waitForTimeout(900)
  const wide = await page.evaluate(() => document.documentElement.scrollWidth)
  if (wide > width) console.error(`${name}: ${wide - width} pixels too wide`)
  const picture = await page.screenshot({ fullPage: true })
  writeFileSync(join(out, `${name}.webp`), await small(picture))
  console.log(name)
  await context.close()
}

const desktop = { width: 1440, height: 900 }
const phone = { width: 390, height: 844 }

async function learn(page, sample, steps) {
  await page.selectOption('[data-sample]', sample)
  await page.waitForTimeout(300)
  for (let i = 0; i < steps; i++) {
    const step = page.getByRole('button', { name: 'Step ▸' })
    if (await step.isEnabled()) await step.click()
  }
}

async function work(page, file, k) {
  await page.goto(`${url}#work`)
  await page.setInputFiles('input[aria-label="Open a file"]', data(file))
  await page.waitForSelector('[data-clustered=now]', { timeout: 60_000 })
  if (k === undefined) return
  await page.getByLabel('k, as a number').fill(String(k))
  await page.getByLabel('k, as a number').blur()
  await page.waitForFunction((want) => document.querySelectorAll('.group').length === want, k, {
    timeout: 60_000,
  })
  await page.waitForSelector('[data-clustered=now]')
}

async function predict(page, file, target) {
  await work(page, file)
  await page.getByRole('button', { name: 'Predict', exact: true }).click()
  await page.selectOption('[data-target]', target)
  await page.locator('[data-choose-neighbors]').click()
  await page.waitForSelector('[data-evaluated]', { timeout: 120_000 })
}

async function why(page) {
  await page.locator('[data-confusion] button').nth(1).click()
  await page.locator('[data-row]').first().click()
  await page.waitForSelector('[data-inspected]')
}

async function strange(page) {
  await work(page, 'cdnow-customers.csv')
  await page.getByRole('button', { name: 'Anomalies', exact: true }).click()
  await page.locator('[data-anomalies]').click()
  await page.waitForSelector('[data-oddities]', { timeout: 60_000 })
}

async function chosen(page, file) {
  await work(page, file)
  await page.locator('[data-choose]').click()
  await page.waitForSelector('[data-verdict]', { timeout: 90_000 })
  await page.waitForSelector('[data-busy]', { state: 'detached', timeout: 60_000 })
  await page.waitForSelector('[data-clustered=now]')
}

const shots = {
  learn: [
    desktop,
    async (page) => {
      await learn(page, 'iris', 5)
      await page.locator('[data-board=knn]').focus()
      for (const key of ['Shift+ArrowRight', 'Shift+ArrowRight', 'Shift+ArrowUp', 'ArrowUp'])
        await page.keyboard.press(key)
      await page.locator('#neighbors').fill('7')
    },
  ],
  'learn-moons-dark': [{ ...desktop, dark: true }, (page) => learn(page, 'moons', 30)],
  'learn-phone': [phone, (page) => learn(page, 'blobs', 4)],
  open: [desktop, async (page) => page.goto(`${url}#work`)],
  'cluster-penguins': [desktop, (page) => chosen(page, 'penguins.csv')],
  'cluster-customers-dark': [{ ...desktop, dark: true }, (page) => work(page, 'cdnow-customers.csv', 5)],
  'cluster-phone': [phone, (page) => work(page, 'wine.csv', 3)],
  predict: [
    desktop,
    async (page) => {
      await predict(page, 'penguins.csv', 'species')
      await why(page)
    },
  ],
  'predict-numbers': [desktop, (page) => predict(page, 'penguins.csv', 'body_mass_g')],
  'predict-phone': [phone, (page) => predict(page, 'iris.csv', 'species')],
  anomalies: [desktop, strange],
  'anomalies-phone': [phone, strange],
}

const wanted = process.argv.slice(3)
for (const [name, [size, act]] of Object.entries(shots)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  try {
    await shot(name, size, act)
  } catch (error) {
    console.error(name, error.message.split('\n')[0])
  }
}
await browser.close()
await server.close()
