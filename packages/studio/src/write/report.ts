import type { Clustered, FileMade } from '../compute/tasks.ts'
import { markPath, shapeOf } from '../marks.ts'
import { dateText } from './csv.ts'
import { brief, count, percent, plural, typeset } from '../numbers.ts'

/** Text for a page: nothing in it is markup. */
export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** The clusters as one page that opens anywhere: what they are, what sets them apart, and how to make them again. */
export function clusterReport(
  file: string,
  found: Clustered,
  names: readonly string[],
  /** What makes them again; null where the command cannot say it. */
  command: string | null,
  /** The colour of each cluster in the picture. */
  colors: readonly string[],
  picture: { readonly address: string; readonly caption: string } | null,
): FileMade {
  const rows = found.profiles.clusters.map(
    ({ label, size, share, description }, c) =>
      `<tr><td>${mark(c, colors)} ${escaped(names[c] ?? String(label))}</td><td>${count(size)}</td><td>${percent(share)}</td><td class="text">${escaped(typeset(description))}</td></tr>`,
  )
  const heads = found.features.map((name) => `<th>${escaped(name)}</th>`).join('')
  const centres = found.centroids.map(
    (centre, c) =>
      `<tr><td>${mark(c, colors)} ${escaped(names[c])}</td>${centre.map((value, j) => `<td title="${value}">${found.dates.includes(found.features[j]) ? dateText(value, true) : brief(value)}</td>`).join('')}</tr>`,
  )
  const notes = [...found.notes, ...found.warnings, ...found.profiles.warnings.map(({ message }) => message)]
  const html = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Clusters of ${escaped(file)}</title>
<style>
body{font:15px/1.5 system-ui,sans-serif;font-variant-numeric:tabular-nums;max-width:960px;margin:32px auto;padding:0 16px;color:#1b1a26}
h1{font-size:22px}h2{font-size:16px;margin-top:32px}table{border-collapse:collapse;width:100%}
td,th{text-align:right;padding:6px 8px;border-top:1px solid #dcdce5;vertical-align:top}th{color:#55546a;font-size:13px}
td:first-child,th:first-child,.text{text-align:left}td:first-child{white-space:nowrap}figure{margin:24px 0}img{max-width:100%;border:1px solid #dcdce5}figcaption{color:#55546a;font-size:13px}
pre{background:#eeeef3;padding:12px;overflow:auto;font-size:13px}.scroll{overflow:auto}
</style>
<h1>${plural(found.k, 'cluster')} of ${escaped(file)}</h1>
<p>${plural(found.rows, 'row')}; ${percent(found.explained)} of the spread explained; ${found.converged ? 'converged' : 'stopped'} after ${plural(found.iterations, 'iteration')}, inertia ${brief(found.inertia, 6)} in scaled units.</p>
${picture === null ? '' : `<figure><img src="${escaped(picture.address)}" alt="Scatter of the clusters"><figcaption>${escaped(picture.caption)}</figcaption></figure>`}
<h2>What sets them apart</h2>
<table><tr><th>Cluster</th><th>Rows</th><th>Share</th><th class="text">In words</th></tr>${rows.join('')}</table>
<h2>Centres, in the data's own units</h2>
<div class="scroll"><table><tr><th>Cluster</th>${heads}</tr>${centres.join('')}</table></div>
${notes.length === 0 ? '' : `<h2>Worth knowing</h2><ul>${notes.map((note) => `<li>${escaped(note)}</li>`).join('')}</ul>`}
${command === null ? '' : `<h2>The same again</h2>\n<pre>${escaped(command)}</pre>`}
</html>
`
  return {
    name: `${file.replace(/\.[a-z]+(\.gz)?$/i, '')}-clusters.html`,
    blob: new Blob([html], { type: 'text/html' }),
  }
}

/** A cluster's mark, as the picture has it. */
function mark(cluster: number, colors: readonly string[]): string {
  return `<svg width="12" height="12" viewBox="-6 -6 12 12" aria-hidden="true"><path d="${markPath(shapeOf(cluster), 4.6)}" fill="${escaped(colors[cluster])}"/></svg>`
}
