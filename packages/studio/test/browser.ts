// A static host and a real Chromium for the tests.

import { createReadStream, existsSync, statSync } from 'node:fs'
import { createServer } from 'node:http'
import { extname, join, normalize } from 'node:path'
import type { AddressInfo } from 'node:net'
import { chromium } from 'playwright-core'
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.csv': 'text/csv',
  '.webmanifest': 'application/manifest+json',
}

export const dist: string = join(import.meta.dirname, '..', 'dist')

export interface Host {
  readonly url: string
  /** Paths that were asked for, by the page and by its workers. */
  readonly asked: string[]
  close(): Promise<void>
}

/** Serves the built site, as a static host would. */
export async function host(options: {
  readonly isolated: boolean
  readonly without?: (path: string) => boolean
  readonly headers?: Readonly<Record<string, string>>
  /** What is served in place of a file, where it is not null. */
  readonly instead?: (path: string) => string | null
}): Promise<Host> {
  const asked: string[] = []
  const server = createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname)
    asked.push(path)
    const file = join(dist, normalize(path === '/' ? '/index.html' : path))
    if (options.without?.(path) || !file.startsWith(dist) || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404).end()
      return
    }
    const instead = options.instead?.(path) ?? null
    response.writeHead(200, {
      'Content-Type': types[extname(file)] ?? 'application/octet-stream',
      'Content-Length': instead === null ? statSync(file).size : Buffer.byteLength(instead),
      'Cache-Control': 'no-cache',
      ...(options.isolated
        ? { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }
        : {}),
      ...options.headers,
    })
    if (instead === null) createReadStream(file).pipe(response)
    else response.end(instead)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}

export async function launch(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
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
}

/** A page that keeps what went wrong on it. */
export interface Watched {
  readonly page: Page
  readonly context: BrowserContext
  /** Errors, and reports of the content security policy. */
  readonly faults: string[]
}

export async function open(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<Watched> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  const faults: string[] = []
  page.on('pageerror', (error) => faults.push(`error: ${error.message}`))
  page.on('console', (message) => {
    if (message.type() === 'error' || /Content Security Policy/i.test(message.text()))
      faults.push(message.text())
  })
  await page.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) =>
      console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`),
    )
  })
  await page.goto(url)
  return { page, context, faults }
}
