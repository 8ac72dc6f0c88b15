import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, normalize, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'

// Dependencies point one way: this walks the imports of the sources. A change here is a change of architecture.

const packages = fileURLToPath(new URL('../packages', import.meta.url))

/** What each folder of the core may import, besides itself. A file's name stands for that file alone. */
const allowed: Readonly<Record<string, readonly string[]>> = {
  'check.ts': [],
  'random.ts': [],
  kernels: [],
  data: ['check.ts', 'metrics/elementary.ts'],
  metrics: ['check.ts', 'data'],
  engine: ['check.ts', 'random.ts', 'data', 'kernels', 'kmeans/grids.ts', 'kmeans/passes.ts'],
  workers: ['check.ts', 'data', 'kernels', 'engine', 'kmeans/job.ts', 'kmeans/passes.ts'],
  indexes: ['check.ts', 'random.ts', 'data', 'metrics', 'kernels', 'engine', 'workers'],
  'files/model-file.ts': ['check.ts', 'data'],
  kmeans: ['check.ts', 'random.ts', 'data', 'kernels', 'engine', 'workers', 'files'],
  knn: ['check.ts', 'random.ts', 'data', 'metrics', 'indexes', 'files', 'workers'],
  evaluate: ['check.ts', 'random.ts', 'data', 'indexes'],
  anomaly: ['check.ts', 'data', 'files', 'indexes', 'kmeans', 'knn'],
  family: ['check.ts', 'random.ts', 'data', 'files', 'metrics', 'indexes', 'kmeans'],
  profile: ['check.ts', 'data', 'evaluate'],
  select: ['check.ts', 'random.ts', 'data', 'evaluate', 'indexes', 'kmeans', 'knn'],
  choose: ['check.ts', 'random.ts', 'data', 'evaluate', 'indexes', 'kmeans', 'knn', 'select'],
}

/** Folders of models: nobody below knows them. `files/load.ts` reads them all. */
const above = ['index.ts', 'internals.ts', 'files/load.ts']

interface Import {
  readonly from: string
  readonly to: string
  readonly type: boolean
}

function sources(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|tsx)$/.test(name) && !/\.(test|contract|d)\.ts$/.test(name))
    .map((name) => name.replaceAll('\\', '/'))
    .sort()
}

/** The text without comments, so that words in them do not count. */
function codeOf(path: string): string {
  return readFileSync(path, 'utf8')
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/(^|\s)\/\/.*$/gm, '$1')
}

function importsOf(root: string, name: string): Import[] {
  const code = codeOf(join(root, name))
  const found = Array.from(
    code.matchAll(/^\s*(?:import|export)(\s+type)?\b(?:[^'"]*?\bfrom)?\s*['"]([^'"]+)['"]/gm),
    ([, type, to]) => ({ from: name, to, type: type !== undefined }),
  )
  const later = Array.from(code.matchAll(/\bimport\(\s*['"]([^'"]+)['"]/g), ([, to]) => ({
    from: name,
    to,
    type: false,
  }))
  return [...found, ...later].map((one) =>
    one.to.startsWith('.')
      ? { ...one, to: relative(root, normalize(join(root, dirname(name), one.to))).replaceAll('\\', '/') }
      : one,
  )
}

const core = join(packages, 'nigh', 'src')
const names = sources(core)
const imports = names.flatMap((name) => importsOf(core, name))
const folderOf = (name: string): string => name.split('/')[0]

describe('the core', () => {
  test('has sources, and the folders are those that are known here', () => {
    expect(names.length).toBeGreaterThan(80)
    const known = new Set(Object.keys(allowed).map(folderOf))
    for (const name of names) if (!above.includes(name)) expect(known).toContain(folderOf(name))
  })

  test('imports no package and no module of Node', () => {
    const foreign = imports.filter(({ to, from }) => !names.includes(to) && from !== 'workers/spawn.ts')
    expect(foreign).toEqual([])
  })

  test('imports point one way', () => {
    const wrong = imports.filter(({ from, to }) => {
      if (above.includes(from) || !names.includes(to)) return false
      const own = folderOf(from)
      const may = allowed[from] ?? allowed[own] ?? allowed[`${own}/model-file.ts`] ?? []
      return folderOf(to) !== own && !may.includes(folderOf(to)) && !may.includes(to)
    })
    expect(wrong.map(({ from, to }) => `${from} → ${to}`)).toEqual([])
  })

  test('nobody but the top imports what stands at the top', () => {
    expect(imports.filter(({ to, from }) => above.includes(to) && from !== 'index.ts')).toEqual([])
  })

  test('has no circle of imports', () => {
    const next = new Map<string, string[]>()
    for (const { from, to, type } of imports) if (!type) next.set(from, [...(next.get(from) ?? []), to])
    const done = new Set<string>()
    const walk = (name: string, path: readonly string[]): void => {
      if (path.includes(name))
        throw new Error(`a circle: ${[...path.slice(path.indexOf(name)), name].join(' → ')}`)
      if (done.has(name)) return
      for (const to of next.get(name) ?? []) walk(to, [...path, name])
      done.add(name)
    }
    for (const name of names) walk(name, [])
  })

  /** Files whose code (strings and types too) has a word. */
  const having = (word: RegExp): string[] => names.filter((name) => word.test(codeOf(join(core, name))))

  test('only the kernels, and what hands their memory to a thread, know WebAssembly', () => {
    expect(having(/\bWebAssembly\b/).filter((name) => !name.startsWith('kernels/'))).toEqual([
      'workers/message.ts',
      'workers/serve.ts',
      'workers/spawn.ts',
    ])
    expect(having(/new WebAssembly\.(Module|Instance)\b/)).toEqual(['kernels/simd.ts'])
    expect(having(/new WebAssembly\.Memory\b/)).toEqual(['kernels/memory.ts'])
  })

  test('only workers/spawn.ts knows a platform', () => {
    const platform =
      /\b(process\.|globalThis\.|navigator\b|new Worker\b|MessageChannel|setTimeout|setImmediate|setInterval|queueMicrotask|document\.|window\.|require\(|Buffer\.)|'node:/
    expect(having(platform)).toEqual(['workers/spawn.ts'])
  })

  test('nothing reads a clock, chance, a file or the network', () => {
    expect(
      having(
        /\bDate\.now\b|new Date\(\)|\bperformance\b|Math\.random|\bfetch\(|XMLHttpRequest|WebSocket|localStorage|indexedDB/,
      ),
    ).toEqual([])
  })

  test('nothing is run from text', () => {
    expect(having(/\beval\(|new Function\(/)).toEqual([])
  })

  test('what differs from engine to engine in its last bits is not used where answers are made', () => {
    // Math.log, exp, pow and the trigonometric functions may differ; + − × ÷ and the root may not.
    const inexact = having(
      /Math\.(log|log2|log10|log1p|exp|expm1|pow|sin|cos|tan|asin|acos|atan|atan2|hypot|cbrt)\b/,
    )
    expect(inexact.filter((name) => /^(kernels|engine|workers|indexes)\//.test(name))).toEqual([
      // Powers of two for working copies and numbers of buckets, which no answer depends on.
      'engine/candidates.ts',
      'engine/near-unit.ts',
      'engine/working-copy.ts',
    ])
  })
})

describe('the other packages', () => {
  test('reach the core by its names only', () => {
    const wrong: string[] = []
    for (const other of readdirSync(packages)) {
      if (other === 'nigh') continue
      const root = join(packages, other, 'src')
      for (const name of sources(root)) {
        for (const { to } of importsOf(root, name)) {
          if (/(^|\/)packages\/nigh|\.\.\/nigh\//.test(to)) wrong.push(`${other}/${name} → ${to}`)
          if (to.startsWith('nigh/') && to !== 'nigh/internals') wrong.push(`${other}/${name} → ${to}`)
        }
      }
    }
    expect(wrong).toEqual([])
  })
})
