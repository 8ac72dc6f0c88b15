// The list of everything that ships with the packages beside the core, and under which licence: docs/licences.md.
// Usage: node tools/licences.mjs      writes it; tools/check.mjs looks whether it is the lockfile's
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { root } from './report.mjs'

/** Packages of the lockfile that ship: name, version, licence, and the entry itself. */
export function shipped() {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'))
  const found = []
  for (const [path, entry] of Object.entries(packages)) {
    const ours = !path.includes('node_modules/') || entry.link === true
    if (ours || entry.dev === true || entry.devOptional === true) continue
    const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)
    found.push({ name, version: entry.version, licence: entry.license ?? 'none said', entry })
  }
  return found.toSorted((a, b) => (`${a.name} ${a.version}` < `${b.name} ${b.version}` ? -1 : 1))
}

export function licencesPage() {
  const rows = shipped().map(({ name, version, licence }) => `| ${name} | ${version} | ${licence} |`)
  return `# Licences

nigh itself is MIT, and the core (\`nigh\`) has no dependency. These packages are installed with the command, the studio's sources and \`@nigh/spark\`; the list is made from the lockfile by \`node tools/licences.mjs\`, and \`npm run check\` fails where it is not the lockfile's.

| package | version | licence |
| ------- | ------- | ------- |
${[...new Set(rows)].join('\n')}
`
}

if (process.argv[1] === fileURLToPath(import.meta.url))
  writeFileSync(join(root, 'docs/licences.md'), licencesPage())
