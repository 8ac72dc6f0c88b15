// Everything that can be checked without running the library: types, lint, format, committed bytes, unused files,
// the shape of the packages, their size, their licences and their lockfile. The walk of imports is a test of its own
// (tools/layers.test.ts).
// Usage: npm run check, or node tools/check.mjs --only TEXT
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { rolldown } from 'rolldown'
import { licencesPage, shipped } from './licences.mjs'
import { Report, root, run, tool } from './report.mjs'

/** Largest sizes of what a page loads, bundled, minified and gzipped: kilobytes of 1000 bytes. */
const SIZE_LIMITS = { KMeans: 60, 'KNNClassifier, KNNRegressor, NearestNeighbors': 60, '*': 140 }
/** Licences that packages which ship with ours may have. */
const LICENCES =
  /^(MIT|ISC|BSD-2-Clause|BSD-3-Clause|Apache-2\.0|0BSD|MPL-2\.0|CC0-1\.0|BlueOak-1\.0\.0|Unlicense)$/
/** Packages with licences said in another way, or with a reason to be taken. */
const KNOWN_LICENCES = {
  // Apache-2.0 AND (BSD-3-Clause for the code of Google's that it includes).
  '@bufbuild/protobuf': '(Apache-2.0 AND BSD-3-Clause)',
}

const packages = readdirSync(join(root, 'packages')).filter((name) =>
  existsSync(join(root, 'packages', name, 'package.json')),
)
const readJson = (...path) => JSON.parse(readFileSync(join(root, ...path), 'utf8'))
/** Usage: --only TEXT runs the checks with that text in their names. */
const at = process.argv.indexOf('--only')
const report = new Report(at < 0 ? '' : process.argv[at + 1])

await report.check('types: all packages', () => tool('tsc', ['-b']).then(() => ''))
await report.check('types: tests, fixtures and tools', () =>
  tool('tsc', ['-p', 'tsconfig.tests.json']).then(() => ''),
)
await report.check('lint', () => tool('oxlint', ['--type-aware']).then(() => ''))
await report.check('format', () => tool('biome', ['format', '.']).then(() => ''))
await report.check('kernels: the committed WebAssembly is what its sources compile to', () =>
  run(process.execPath, ['tools/build-kernels.mjs', '--check']).then((out) =>
    out.trim().replaceAll('\n', ', '),
  ),
)
await report.check('unused files, exports and dependencies', () =>
  tool('knip', [
    '--include',
    'files,dependencies,unlisted,unresolved,binaries,exports',
    '--no-config-hints',
  ]).then(() => ''),
)

for (const name of packages) {
  const manifest = readJson('packages', name, 'package.json')
  if (manifest.private === true) continue
  await report.check(`publint: ${manifest.name}`, () =>
    tool('publint', ['run', '--strict', `packages/${name}`]).then(() => ''),
  )
}
for (const name of ['nigh', 'spark']) {
  await report.check(`are the types right: ${name}`, () =>
    tool('attw', [
      '--pack',
      `packages/${name}`,
      '--profile',
      'esm-only',
      '--no-emoji',
      '--format',
      'ascii',
    ]).then(() => ''),
  )
}

for (const [names, limit] of Object.entries(SIZE_LIMITS)) {
  await report.check(
    `size of ${names === '*' ? 'the whole core' : names}: below ${limit} kB gzipped`,
    async () => {
      const from = JSON.stringify(join(root, 'packages/nigh/dist/index.js'))
      const page = names === '*' ? `export * from ${from}` : `export { ${names} } from ${from}`
      const bundle = await rolldown({
        input: 'page',
        platform: 'browser',
        logLevel: 'silent',
        plugins: [
          {
            name: 'page',
            resolveId: (id) => (id === 'page' ? id : null),
            load: (id) => (id === 'page' ? page : null),
          },
        ],
      })
      const { output } = await bundle.generate({ format: 'es', minify: true })
      await bundle.close()
      const bytes = output.reduce((sum, chunk) => sum + gzipSync(chunk.code ?? '', { level: 9 }).length, 0)
      const size = `${(bytes / 1000).toFixed(1)} kB`
      if (bytes > limit * 1000) throw new Error(size)
      return size
    },
  )
}

await report.check('the core has no runtime dependency and no install script', () => {
  const manifest = readJson('packages', 'nigh', 'package.json')
  for (const field of ['dependencies', 'peerDependencies', 'optionalDependencies']) {
    if (manifest[field] !== undefined) throw new Error(`packages/nigh/package.json has ${field}`)
  }
  const scripts = Object.keys(manifest.scripts ?? {}).filter((name) =>
    /^(pre|post)?(install|prepare)$/.test(name),
  )
  if (scripts.length > 0) throw new Error(`packages/nigh/package.json has ${scripts}`)
})

await report.check('versions are exact, in every manifest', () => {
  const wrong = []
  for (const path of ['package.json', ...packages.map((name) => `packages/${name}/package.json`)]) {
    const manifest = readJson(path)
    for (const field of ['dependencies', 'devDependencies', 'optionalDependencies']) {
      for (const [name, version] of Object.entries(manifest[field] ?? {})) {
        if (!/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) wrong.push(`${path}: ${name} ${version}`)
      }
    }
  }
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
})

await report.check('what ships: licences, and no install scripts', () => {
  const wrong = []
  const packages = shipped()
  for (const { name, licence, entry } of packages) {
    if (entry.hasInstallScript === true) wrong.push(`${name}: has an install script`)
    if (!LICENCES.test(licence) && KNOWN_LICENCES[name] !== licence) wrong.push(`${name}: licence ${licence}`)
  }
  if (readFileSync(join(root, 'docs/licences.md'), 'utf8') !== licencesPage())
    wrong.push('docs/licences.md is not the list: node tools/licences.mjs')
  if (wrong.length > 0) throw new Error(wrong.join('\n'))
  return `${packages.length} packages`
})

await report.check('the lockfile is what the manifests ask for, with a digest of every package', async () => {
  const { packages: locked } = readJson('package-lock.json')
  const bare = Object.entries(locked).filter(
    ([path, entry]) => path.includes('node_modules/') && entry.link !== true && entry.integrity === undefined,
  )
  if (bare.length > 0) throw new Error(`no digest: ${bare.map(([path]) => path)}`)
  for (const path of ['', ...packages.map((name) => `packages/${name}`)]) {
    const manifest = readJson(...path.split('/'), 'package.json')
    for (const field of ['dependencies', 'devDependencies', 'optionalDependencies', 'peerDependencies']) {
      const [asked, kept] = [manifest, locked[path] ?? {}].map((one) =>
        Object.entries(one[field] ?? {}).toSorted(),
      )
      if (asked.join() !== kept.join()) throw new Error(`${path || '.'}: ${field} differ from the lockfile's`)
      for (const [name, version] of asked) {
        const found = locked[`${path}/node_modules/${name}`] ?? locked[`node_modules/${name}`]
        if (found === undefined || (found.link !== true && found.version !== version))
          throw new Error(`${path || '.'}: ${name} ${version} is locked as ${found?.version}`)
      }
    }
  }
  return `${Object.keys(locked).length} entries`
})

await report.check('no path, host or name of the machine it was made on', async () => {
  const files = (await run('git', ['ls-files', '-z']))
    .split('\0')
    .filter((name) => /\.(ts|tsx|mjs|js|json|md|ya?ml|html|css|py|java)$/.test(name))
  const found = files.filter((name) => {
    if (name === 'package-lock.json' || name === 'tools/check.mjs' || !existsSync(join(root, name)))
      return false
    return /\/work\/(main|shared)|\.\.\/shared\/|\/root\/|\/tmp\/h\b/.test(
      readFileSync(join(root, name), 'utf8'),
    )
  })
  if (found.length > 0) throw new Error(found.join('\n'))
  return `${files.length} files`
})

report.close()
