import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { defineConfig } from 'vite'
import type { Plugin } from 'vite'

/**
 * What the page may do: run its own scripts and WebAssembly, and load its own files. Nothing inline, nobody else's,
 * and no address to send anything to.
 */
const policy =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'"

/** Shared memory, and so several threads on one table, needs an isolated page. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
}

export default defineConfig({
  base: './',
  root: import.meta.dirname,
  // The only data in the bundle's folder are the examples, which stay where they are.
  server: { headers, fs: { allow: ['../..'] } },
  preview: { headers },
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    reportCompressedSize: false,
  },
  plugins: [strictPage(), learnAtOnce(), offline()],
})

/** Puts the policy into the built page. (While developing, Vite's own client needs more.) */
function strictPage(): Plugin {
  return {
    name: 'nigh-policy',
    apply: 'build',
    transformIndexHtml: (html) => ({
      html,
      tags: [
        {
          tag: 'meta',
          attrs: { 'http-equiv': 'Content-Security-Policy', content: policy },
          injectTo: 'head-prepend',
        },
      ],
    }),
  }
}

/**
 * Most visits begin with the learning page: its scripts are asked for together with the first one, rather than after it.
 */
function learnAtOnce(): Plugin {
  return {
    name: 'nigh-learn-at-once',
    apply: 'build',
    transformIndexHtml: {
      order: 'post',
      handler: (html, { bundle = {}, chunk }) => {
        const wanted = new Set<string>()
        const add = (file: string): void => {
          const part = bundle[file]
          if (wanted.has(file) || part?.type !== 'chunk' || part.isEntry) return
          wanted.add(file)
          for (const other of part.imports) add(other)
        }
        for (const file of chunk?.dynamicImports ?? []) if (/learn-page/.test(file)) add(file)
        return {
          html,
          tags: [...wanted].map((file) => ({
            tag: 'link',
            attrs: { rel: 'modulepreload', href: `./${file}`, crossorigin: '' },
            injectTo: 'head' as const,
          })),
        }
      },
    },
  }
}

/** Hosts read `_headers` and may not serve it. */
const notKept = new Set(['service-worker.js', '_headers'])

/** Writes the service worker: the list of files to keep for offline, named by their contents. */
function offline(): Plugin {
  return {
    name: 'nigh-offline',
    apply: 'build',
    writeBundle() {
      const dist = join(import.meta.dirname, 'dist')
      const files = readdirSync(dist, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && !notKept.has(entry.name))
        .map((entry) => relative(dist, join(entry.parentPath, entry.name)).replaceAll('\\', '/'))
        .sort()
      const hash = createHash('sha256')
      for (const file of files) hash.update(file).update(readFileSync(join(dist, file)))
      // Netlify, Cloudflare Pages and others send what this file says.
      const sent = { ...headers, 'Content-Security-Policy': policy, 'X-Content-Type-Options': 'nosniff' }
      const lines = Object.entries(sent).map(([name, value]) => `  ${name}: ${value}`)
      writeFileSync(join(dist, '_headers'), `/*\n${lines.join('\n')}\n`)
      const source = readFileSync(join(import.meta.dirname, 'service-worker.js'), 'utf8')
      writeFileSync(
        join(dist, 'service-worker.js'),
        source
          .replace("'@version'", JSON.stringify(hash.digest('hex').slice(0, 16)))
          .replace("'@policy'", JSON.stringify(policy))
          .replace("['@files']", JSON.stringify(files)),
      )
    },
  }
}
