// The library in Chromium, from a static page that imports the built modules as they are: with and without isolation,
// under strict content security policies, with each kernel set. Every golden fit must have the bits that Node gives.
// Installs Chromium (Debian's) where it is missing and this may be done.
// Usage: npm run test:browser
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { extname, join, normalize } from 'node:path'
import { chromium } from 'playwright-core'
import { contradictions, differences } from './golden/compare.mjs'
import { hashOf } from './golden/fits.mjs'
import { Report, root, run } from './report.mjs'

const report = new Report()
const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.csv': 'text/csv; charset=utf-8',
}
const page =
  '<!doctype html><meta charset="utf-8"><title>nigh</title><script type="module" src="/tools/browser/page.js"></script>'

/** Serves the checkout on the loopback interface: the page at /, and the few folders that it asks for. */
function serve(headers) {
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname))
    const file = join(root, path)
    const open = /^\/(packages\/nigh\/dist|tools\/(browser|golden)|examples\/data)\//.test(path)
    if (path !== '/' && !(open && existsSync(file))) {
      response.writeHead(path === '/favicon.ico' ? 204 : 404).end()
      return
    }
    response.writeHead(200, {
      'content-type': types[path === '/' ? '.html' : extname(path)] ?? 'application/octet-stream',
      ...headers,
    })
    response.end(path === '/' ? page : readFileSync(file))
  })
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve(server))
  })
}

async function findChromium() {
  const known = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((path) =>
    existsSync(path),
  )
  if (known !== undefined) return known
  if (process.platform !== 'linux' || process.getuid?.() !== 0) {
    throw new Error(
      'Chromium is missing: install it (Debian: apt-get install chromium), or run this as root, which does so itself',
    )
  }
  console.log('      Chromium is missing: installing Debian’s')
  await run('apt-get', ['update', '-qq'])
  await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'chromium'], {
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
  return '/usr/bin/chromium'
}

const isolated = {
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
}
const strict =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'"
const noWasm = "default-src 'none'; script-src 'self'; worker-src 'self'; connect-src 'self'"
const noWorker =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'none'; connect-src 'self'"

const visits = [
  {
    name: 'isolated',
    headers: isolated,
    ways: [{}, { kernels: 'scalar' }, { kernels: 'simd', threads: 3 }, { kernels: 'relaxed', threads: 8 }],
  },
  { name: 'not isolated', headers: {}, ways: [{}, { threads: 1 }] },
  {
    name: 'isolated, strict policy',
    headers: { ...isolated, 'content-security-policy': strict },
    ways: [{}],
  },
  {
    name: 'policy without WebAssembly',
    headers: { ...isolated, 'content-security-policy': noWasm },
    ways: [{}],
  },
  {
    name: 'policy without workers',
    headers: { ...isolated, 'content-security-policy': noWorker },
    ways: [{}],
  },
]

const folder = mkdtempSync(join(tmpdir(), 'nigh-browser-'))
let browser = null
try {
  let executablePath = ''
  await report.check('Chromium', async () => {
    executablePath = await findChromium()
    browser = await chromium.launch({
      executablePath,
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    return browser.version()
  })
  if (browser === null) throw new Error('no browser: nothing was run, which counts as failed')

  const out = join(folder, 'node.json')
  await run(process.execPath, [join(root, 'tools/golden/run.mjs'), out, '1/auto'], { seconds: 600 })
  const wanted = JSON.parse(readFileSync(out, 'utf8')).ways['1/auto']

  for (const { name, headers, ways } of visits) {
    const server = await serve(headers)
    const context = await browser.newContext()
    const tab = await context.newPage()
    const said = []
    tab.on('console', (message) => message.type() === 'error' && said.push(message.text()))
    tab.on('pageerror', (error) => said.push(error.message))
    try {
      await tab.goto(`http://127.0.0.1:${server.address().port}/`)
      await tab.waitForFunction('globalThis.ready === true', undefined, { timeout: 30_000 })
      const state = await tab.evaluate('globalThis.crossOriginIsolated')
      await report.check(
        `${name}: the page is ${'cross-origin-opener-policy' in headers ? '' : 'not '}isolated`,
        () => {
          if (state !== 'cross-origin-opener-policy' in headers)
            throw new Error(`crossOriginIsolated is ${state}`)
        },
      )
      await report.check(`${name}: what the page may do is what its headers say`, async () => {
        const policy = headers['content-security-policy'] ?? ''
        const found = JSON.stringify(await tab.evaluate('globalThis.allowed()'))
        const wanted = JSON.stringify({
          wasm: policy !== noWasm,
          workers: policy !== noWorker,
          shared: 'cross-origin-opener-policy' in headers,
        })
        if (found !== wanted) throw new Error(`${found}, wanted ${wanted}`)
        return found
      })
      for (const how of ways) {
        const way = `${how.threads ?? 'all'} threads, ${how.kernels ?? 'fastest'} kernels`
        await report.check(`${name}, ${way}: the bits of Node`, async () => {
          const text = await Promise.race([
            tab.evaluate(`globalThis.golden(${JSON.stringify(how)})`),
            new Promise((_, reject) =>
              setTimeout(reject, 180_000, new Error('not done after three minutes')),
            ),
          ])
          const fits = JSON.parse(text)
          for (const { parts } of Object.values(fits)) {
            for (const part of Object.values(parts))
              part.hash = hashOf(Uint8Array.from(Buffer.from(part.bytes, 'base64')))
          }
          const wrong = [...differences(wanted, fits), ...contradictions(fits)]
          if (wrong.length > 0) throw new Error(wrong.join('\n'))
          return `${Object.keys(fits).length} fits`
        })
      }
      if (!/workers|WebAssembly/.test(name)) {
        await report.check(`${name}: an abort is heard`, async () => {
          const message = await tab.evaluate('globalThis.aborted()')
          if (message !== 'enough') throw new Error(message)
        })
        await report.check(`${name}: a fit on workers leaves the page free`, async () => {
          const longest = await tab.evaluate('globalThis.smooth()')
          if (longest > 400) throw new Error(`held up for ${longest.toFixed(0)} ms`)
          return `held up for ${longest.toFixed(0)} ms at most`
        })
      }
      const strange = said.filter(
        (text) => !/Content Security Policy|Content-Security-Policy|CSP/i.test(text),
      )
      await report.check(`${name}: no errors on the console`, () => {
        if (strange.length > 0) throw new Error(strange.join('\n'))
      })
    } catch (error) {
      report.fail(name, `${error.message}\n${said.join('\n')}`)
    } finally {
      await context.close()
      server.close()
      server.closeAllConnections()
    }
  }
} catch (error) {
  report.fail('the browser', error instanceof Error ? error.message : error)
} finally {
  await browser?.close()
  rmSync(folder, { recursive: true, force: true })
}
report.close()
