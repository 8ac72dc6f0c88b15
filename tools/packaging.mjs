// Packs the core as npm would publish it, installs the tarball in an empty folder without network, and uses it there:
// from plain JavaScript, and from TypeScript under each way of finding modules. Looks at what is in the tarball, and
// that two builds from nothing are the same bytes.
// Usage: node tools/packaging.mjs
import { createHash } from 'node:crypto'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Report, root, run, tool } from './report.mjs'

const report = new Report()
const folder = mkdtempSync(join(tmpdir(), 'nigh-packaging-'))
const core = join(root, 'packages', 'nigh')

const program = `
import { InputError, KMeans, KNNClassifier, KNNRegressor, load, Matrix, NearestNeighbors, Table } from 'nigh'

const points = [[1, 1], [1, 2], [8, 8], [8, 9]]
const clusters = await KMeans.fit(points, { k: 2 })
const knn = await KNNClassifier.fit(points, ['near', 'near', 'far', 'far'], { k: 1 })
const numbers = await KNNRegressor.fit(points, [1, 2, 3, 4], { k: 1 })
const { indices } = await NearestNeighbors.fitSync(points).nearest([[8, 8.4]], { k: 1 })
const big = Matrix.of(Float64Array.from({ length: 60000 }, (_, i) => Math.imul(i, 2654435761) >>> 8), 3)
const threaded = await KMeans.fit(big, { k: 40, nInit: 1, threads: 2 })
const alone = KMeans.fitSync(big, { k: 40, nInit: 1 })
let code = ''
try {
  KMeans.fitSync(points, { k: 5 })
} catch (error) {
  if (error instanceof InputError) code = error.code
}
console.log(
  JSON.stringify({
    inertia: clusters.inertia,
    one: clusters.labels[0] === clusters.labels[1] && clusters.labels[2] === clusters.labels[3],
    species: await knn.predict([[8, 7]]),
    number: Array.from(await numbers.predict([[1, 2]])),
    row: indices[0],
    threads: threaded.inertia === alone.inertia && threaded.iterations === alone.iterations,
    loaded: load(clusters.toBytes()) instanceof KMeans,
    table: Table.fromRows([{ a: 1 }]).rows,
    code,
  }),
)
`
const wanted = {
  inertia: 1,
  one: true,
  species: ['far'],
  number: [2],
  row: 2,
  threads: true,
  loaded: true,
  table: 1,
  code: 'E_K',
}

/** Hash of every file below a folder, by its name. */
function hashes(at, below = '') {
  const found = {}
  for (const entry of readdirSync(join(at, below), { withFileTypes: true })) {
    const name = join(below, entry.name)
    if (entry.isDirectory()) Object.assign(found, hashes(at, name))
    else
      found[name] = createHash('sha256')
        .update(readFileSync(join(at, name)))
        .digest('hex')
  }
  return found
}

/** Builds the core from its sources in a folder of its own. */
async function build(name) {
  const at = join(folder, name)
  mkdirSync(join(at, 'packages', 'nigh'), { recursive: true })
  cpSync(join(core, 'src'), join(at, 'packages/nigh/src'), { recursive: true })
  for (const file of ['package.json', 'tsconfig.json'])
    cpSync(join(core, file), join(at, 'packages/nigh', file))
  cpSync(join(root, 'tsconfig.base.json'), join(at, 'tsconfig.base.json'))
  symlinkSync(join(root, 'node_modules'), join(at, 'node_modules'))
  await tool('tsc', ['-p', 'packages/nigh'], { cwd: at })
  return hashes(join(at, 'packages/nigh/dist'))
}

try {
  let files = []
  let tarball = ''
  await report.check('npm pack', async () => {
    const [packed] = JSON.parse(
      await run('npm', ['pack', '--json', '--pack-destination', folder], { cwd: core }),
    )
    tarball = join(folder, packed.filename)
    files = packed.files.map(({ path }) => path)
    return `${files.length} files, ${(packed.size / 1000).toFixed(0)} kB packed, ${(packed.unpackedSize / 1000).toFixed(0)} kB unpacked`
  })

  await report.check(
    'holds the built modules, their types, the manifest, README and licence, and nothing else',
    () => {
      const strange = files.filter(
        (path) => !/^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/[\w/.-]+\.(js|d\.ts))$/.test(path),
      )
      const tests = files.filter((path) => /\.(test|contract|bench)\.|fixtures|tsbuildinfo/.test(path))
      const alone = files.filter(
        (path) => path.endsWith('.js') && !files.includes(path.replace(/\.js$/, '.d.ts')),
      )
      if (strange.length + tests.length + alone.length > 0)
        throw new Error([...strange, ...tests, ...alone].join('\n'))
      for (const path of [
        'dist/index.js',
        'dist/index.d.ts',
        'dist/workers/entry.js',
        'package.json',
        'README.md',
        'LICENSE',
      ]) {
        if (!files.includes(path)) throw new Error(`${path} is missing`)
      }
    },
  )

  const there = join(folder, 'there')
  await report.check('installs without network', async () => {
    mkdirSync(there)
    writeFileSync(
      join(there, 'package.json'),
      JSON.stringify({ name: 'there', version: '1.0.0', private: true, type: 'module' }),
    )
    await run('npm', ['install', '--offline', '--no-audit', '--no-fund', tarball], { cwd: there })
    const installed = readdirSync(join(there, 'node_modules')).filter((name) => !name.startsWith('.'))
    if (installed.join() !== 'nigh') throw new Error(`installed ${installed}`)
  })

  await report.check('runs from plain JavaScript, threads too', async () => {
    writeFileSync(join(there, 'program.mjs'), program)
    const found = (await run(process.execPath, ['program.mjs'], { cwd: there })).trim()
    if (found !== JSON.stringify(wanted)) throw new Error(`${found}\nwanted ${JSON.stringify(wanted)}`)
  })

  for (const [resolution, module] of [
    ['node16', 'node16'],
    ['nodenext', 'nodenext'],
    ['bundler', 'esnext'],
  ]) {
    await report.check(
      `type-checks under moduleResolution ${resolution}, strictly, its own types too`,
      async () => {
        writeFileSync(
          join(there, 'program.ts'),
          `${program}\nconst answer: readonly string[] = await knn.predict(points)\nvoid answer\n`,
        )
        const options = [
          '--noEmit',
          '--strict',
          '--exactOptionalPropertyTypes',
          '--skipLibCheck',
          'false',
          '--types',
          '--target',
          'es2022',
          '--lib',
          'es2023,dom',
        ]
        await run(
          process.execPath,
          [
            join(root, 'node_modules/typescript/bin/tsc'),
            ...options.filter((o) => o !== '--types'),
            '--module',
            module,
            '--moduleResolution',
            resolution,
            'program.ts',
          ],
          { cwd: there },
        )
      },
    )
  }

  await report.check('wrong options do not compile', async () => {
    const wrong = join(there, 'wrong.ts')
    writeFileSync(
      wrong,
      `import { KMeans } from 'nigh'\n// @ts-expect-error\nKMeans.fitSync([[1]], { k: 1, ninit: 3 })\n// @ts-expect-error\nKMeans.fitSync([[1]], {})\n// @ts-expect-error\nKMeans.fitSync([['1']], { k: 1 })\n// @ts-expect-error\nKMeans.fitSync([[1]], { k: 1 }).labels = new Uint32Array(1)\n`,
    )
    await run(
      process.execPath,
      [
        join(root, 'node_modules/typescript/bin/tsc'),
        '--noEmit',
        '--strict',
        '--target',
        'es2022',
        '--module',
        'nodenext',
        'wrong.ts',
      ],
      { cwd: there },
    )
  })

  await report.check('two builds from nothing are the same bytes, and those that are packed', async () => {
    const [one, other] = [await build('one'), await build('other')]
    const names = Object.keys(one).filter((name) => /\.(js|d\.ts)$/.test(name))
    for (const name of names) if (one[name] !== other[name]) throw new Error(`${name} differs between builds`)
    const installed = hashes(join(there, 'node_modules/nigh/dist'))
    for (const [name, hash] of Object.entries(installed)) {
      if (one[name] !== hash)
        throw new Error(
          `${name} is packed with other bytes than it builds to, or left over from an older build`,
        )
    }
    return `${names.length} files`
  })
} finally {
  rmSync(folder, { recursive: true, force: true })
}
report.close()
