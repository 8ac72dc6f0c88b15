import { shorten, visible } from '../show/text.ts'
import { escaped } from './escape.ts'
import type { DataTable, Figure, Report, Section } from './figure.ts'
import { inks } from './palette.ts'

/** Text of sentences: a number stays on the line of its unit. */
function prose(text: string): string {
  return escaped(text)
    .replace(/(\d) %/g, '$1&#160;%')
    .replace(/\bk = (?=\d)/g, 'k&#160;=&#160;')
}

/**
 * A report as one HTML page that needs nothing else: no script, no address. The same report gives the same bytes.
 *
 * Every element is closed, so that the page also reads as XML.
 */
export function pageOf(report: Report): string {
  const { title, summary, facts, notes, sections, command, versions } = report
  const contents = sections.map(
    (section, at) => `<li><a href="#part-${at + 1}">${escaped(section.title)}</a></li>`,
  )
  return `<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" lang="en">
<head>
<meta charset="utf-8"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="color-scheme" content="light dark"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'"/>
<title>${escaped(title)}</title>
<style>${styles()}</style>
</head>
<body>
<a class="skip" href="#content">To the content</a>
<header>
<p class="brand">nigh</p>
<h1>${escaped(title)}</h1>
<p class="summary">${prose(summary)}</p>
<dl class="facts">${facts.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`).join('')}</dl>
${notes.length === 0 ? '' : `<aside aria-label="Notes"><h2>Worth knowing</h2><ul>${notes.map((note) => `<li>${prose(note)}</li>`).join('')}</ul></aside>`}
<nav aria-label="Contents"><ol>${contents.join('')}</ol></nav>
</header>
<main id="content">
${sections.map((section, at) => sectionOf(section, at + 1)).join('\n')}
<section aria-labelledby="made"><h2 id="made">How this page was made</h2>
<pre><code>${escaped(command)}</code></pre>
<p class="says">${escaped(versions)}</p>
</section>
</main>
</body>
</html>
`
}

function sectionOf({ title, text = [], figures = [], tables = [] }: Section, at: number): string {
  return `<section aria-labelledby="part-${at}"><h2 id="part-${at}">${escaped(title)}</h2>
${text.map((paragraph) => `<p class="says">${prose(paragraph)}</p>`).join('\n')}
${figures.map((figure) => figureOf(figure, figures.length > 1)).join('\n')}
${tables.map((table) => `${table.title === undefined ? '' : `<h3>${escaped(table.title)}</h3>`}${tableOf(table, title)}`).join('\n')}
</section>`
}

/** A name of several words may break behind each of them. */
function breakable(html: string): string {
  return html.replace(/[_/.](?=\w)/g, '$&<wbr/>')
}

function figureOf({ title, says, svg, table, tableTitle = 'The numbers' }: Figure, several: boolean): string {
  return `<figure>${several ? `<h3>${escaped(title)}</h3>` : ''}<figcaption>${prose(says)}</figcaption>
<div class="chart">${svg}</div>
<details><summary>${escaped(tableTitle)}</summary>${tableOf(table, title)}</details>
</figure>`
}

function tableOf({ columns, rows, note }: DataTable, caption: string): string {
  const cell = (text: string, j: number): string => {
    const align = columns[j].align === 'right' ? ' class="n"' : ''
    return j === 0
      ? `<th scope="row"${align === '' && text.length > 9 ? ' class="m"' : align}>${breakable(escaped(shorten(visible(text), 80)))}</th>`
      : `<td${text.length > 60 ? ' class="w"' : text.length > 24 && align === '' ? ' class="m"' : align}>${escaped(shorten(visible(text), 400))}</td>`
  }
  const heads = columns.map(
    ({ title, align }) => `<th scope="col"${align === 'right' ? ' class="n"' : ''}>${escaped(title)}</th>`,
  )
  // A long table scrolls in its own window; a short one is seen whole.
  return `<div class="table${rows.length > 40 ? ' tall' : ''}" role="region" tabindex="0" aria-label="${escaped(caption)}"><table><thead><tr>${heads.join('')}</tr></thead>
<tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('\n')}</tbody></table></div>${note === undefined ? '' : `<p class="note">${prose(note)}</p>`}`
}

function styles(): string {
  const light = inks.map(({ name, light: ink }) => `${name}:${ink}`).join(';')
  const dark = inks.map(({ name, dark: ink }) => `${name}:${ink}`).join(';')
  return `
:root{${light};--wash:#f5f7f9;color-scheme:light dark}
@media screen and (prefers-color-scheme:dark){:root{${dark};--wash:#1c2229}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:53rem;padding:2rem 1.25rem 4rem;background:var(--paper);color:var(--ink);font:16px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}
h1{font-size:1.9rem;line-height:1.2;margin:.2rem 0 .6rem;overflow-wrap:anywhere}
h2{font-size:1.3rem;margin:0 0 .4rem}
h3{font-size:1.05rem;margin:1.4rem 0 .2rem}
a{color:var(--c0)}
.brand{margin:0;color:var(--muted);font-weight:600;letter-spacing:.04em}
.summary{font-size:1.1rem;max-width:48rem;margin:0 0 1rem}
.skip{position:absolute;left:-99rem}
.skip:focus{left:1rem;top:1rem;background:var(--paper);padding:.4rem}
.facts{display:flex;flex-wrap:wrap;gap:.6rem 2.2rem;margin:1.2rem 0;padding:.9rem 1.1rem;background:var(--wash);border-radius:.5rem}
.facts dt{font-size:.8rem;color:var(--muted)}
.facts dd{margin:0;font-size:1.15rem;font-weight:600;font-variant-numeric:tabular-nums}
aside{border-left:4px solid var(--c4);padding:.5rem 1rem;margin:1.2rem 0;background:var(--wash);border-radius:0 .5rem .5rem 0}
aside h2{font-size:1rem}
aside ul{margin:0;padding-left:1.1rem}
nav ol{display:flex;flex-wrap:wrap;gap:.2rem 1.4rem;padding:0;margin:1rem 0 0;list-style:none;font-size:.95rem}
section{margin-top:2.6rem;padding-top:1.4rem;border-top:1px solid var(--line)}
.says,figcaption{margin:.2rem 0 .8rem;max-width:48rem}
.note{font-size:.85rem;color:var(--muted);margin:.4rem 0 0}
figure{margin:0 0 1.6rem}
.chart{overflow-x:auto}
.chart svg{display:block;max-width:100%;height:auto;color:var(--ink);font-family:inherit}
.chart text{white-space:pre}
details{margin-top:.4rem;font-size:.92rem}
summary{cursor:pointer;color:var(--muted);padding:.2rem 0}
.table{overflow:auto;margin:.5rem 0}
.tall{max-height:34rem}
table{border-collapse:collapse;font-size:.88rem;font-variant-numeric:tabular-nums;min-width:50%}
th,td{padding:.32rem .7rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
thead th{position:sticky;top:0;background:var(--paper);color:var(--muted);font-weight:600;white-space:nowrap}
tbody th{font-weight:600}
td.w{min-width:18rem}
td.m,th.m{min-width:9rem}
tbody th{overflow-wrap:break-word;max-width:14rem}
.n{text-align:right;white-space:nowrap}
pre{background:var(--wash);padding:.8rem 1rem;border-radius:.5rem;overflow-x:auto;white-space:pre-wrap;overflow-wrap:anywhere;font-size:.88rem}
@media (max-width:40rem){body{padding:1rem .9rem 3rem}h1{font-size:1.5rem}.chart svg{min-width:30rem}td.w{min-width:13rem}}
@media print{body{max-width:none;padding:0;font-size:11pt}nav,.skip,details:not([open]){display:none}figure,tr,aside{break-inside:avoid}h2,h3{break-after:avoid}.table{max-height:none;overflow:visible}.chart{overflow:visible}a{color:inherit}}
`
}
