// Runs in the page that tools/browser.mjs serves: the golden fits, from the built modules as they are, without a bundler.
import * as nigh from '/packages/nigh/dist/index.js'
import { goldenFits } from '/tools/golden/fits.mjs'

const textOf = async (name) => (await fetch(`/examples/data/${name}.csv`)).text()

function told(array) {
  const bytes = new Uint8Array(array.buffer.slice(array.byteOffset, array.byteOffset + array.byteLength))
  let text = ''
  for (let at = 0; at < bytes.length; at += 8192)
    text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return { type: array.constructor.name, length: array.length, bytes: btoa(text) }
}

globalThis.golden = async (how) => {
  const fits = {}
  await goldenFits(nigh, textOf, how, (name, parts, sameAs = null) => {
    fits[name] = {
      sameAs,
      parts: Object.fromEntries(Object.entries(parts).map(([part, array]) => [part, told(array)])),
    }
  })
  return JSON.stringify(fits)
}

globalThis.aborted = async () => {
  const points = nigh.Matrix.of(
    Float64Array.from({ length: 320000 }, (_, i) => Math.imul(i, 2654435761) >>> 8),
    8,
  )
  const controller = new AbortController()
  setTimeout(() => controller.abort(new Error('enough')), 200)
  try {
    await nigh.KMeans.fit(points, { k: 100, nInit: 20, signal: controller.signal })
    return 'it ended by itself'
  } catch (error) {
    return error.message
  }
}

/** What this page may do: a policy that is not in force would prove nothing. */
globalThis.allowed = async () => {
  let wasm = true
  try {
    new WebAssembly.Module(Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0))
  } catch {
    wasm = false
  }
  const workers = await new Promise((resolve) => {
    try {
      const worker = new Worker('/tools/browser/worker.js')
      worker.onmessage = () => resolve(true)
      worker.onerror = () => resolve(false)
    } catch {
      resolve(false)
    }
  })
  return { wasm, workers, shared: typeof SharedArrayBuffer === 'function' }
}

/** How long the page's own thread was held up while a fit ran on workers, in milliseconds. */
globalThis.smooth = async () => {
  const points = nigh.Matrix.of(
    Float64Array.from({ length: 800000 }, (_, i) => Math.imul(i, 2654435761) >>> 8),
    8,
  )
  let longest = 0
  let before = performance.now()
  let running = true
  const beat = () => {
    const now = performance.now()
    longest = Math.max(longest, now - before)
    before = now
    if (running) setTimeout(beat, 0)
  }
  const fit = nigh.KMeans.fit(points, { k: 60, nInit: 1, maxIterations: 30 })
  before = performance.now()
  beat()
  await fit
  running = false
  return longest
}

globalThis.ready = true
