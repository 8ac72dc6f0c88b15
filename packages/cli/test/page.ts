import { expect } from 'vitest'

/** The text of a page as a reader sees it. */
export function textOf(html: string): string {
  return html
    .replace(/<style>[\s\S]*?<\/style>/g, '')
    .replace(/<[^>]+>/g, ' ')
    .replace(/&#160;/g, ' ')
    .replace(/&lt;/g, '<')
    .replace(/&gt;/g, '>')
    .replace(/&quot;/g, '"')
    .replace(/&#39;/g, "'")
    .replace(/&amp;/g, '&')
    .replace(/\s+/g, ' ')
}

/** Refuses what an XML parser would: tags that do not match, bare marks, attributes without quotes or twice. */
export function expectWellFormed(xml: string): void {
  const open: string[] = []
  const body = xml.replace(/^<!DOCTYPE html>\n/, '')
  let end = 0
  for (const tag of body.matchAll(/<(\/?)([a-zA-Z][\w:-]*)((?:\s+[\w:-]+="[^"<]*")*)\s*(\/?)>/g)) {
    const between = body.slice(end, tag.index)
    expect(between).not.toMatch(/[<>](?![^<]*\})/)
    expect(between.replace(/&(?:amp|lt|gt|quot|#\d+);/g, '')).not.toContain('&')
    end = tag.index + tag[0].length
    const [, closing, name, attributes, alone] = tag
    const names = [...attributes.matchAll(/\s([\w:-]+)=/g)].map((found) => found[1])
    expect(new Set(names).size).toBe(names.length)
    expect(attributes.replace(/&(?:amp|lt|gt|quot|#\d+);/g, '')).not.toContain('&')
    if (closing === '/') expect(open.pop()).toBe(name)
    else if (alone === '') open.push(name)
  }
  expect(open).toEqual([])
  expect(body.slice(end).trim()).toBe('')
}

/** The page stands alone: nothing is fetched, nothing runs. */
export function expectAlone(html: string): void {
  const addresses = [...html.matchAll(/[a-z]+:\/\/[^"'\s<)]+/g)].map((found) => found[0])
  expect(addresses.filter((one) => !one.startsWith('http://www.w3.org/'))).toEqual([])
  const tags = (html.match(/<[^>]+>/g) ?? []).join('\n')
  expect(tags).not.toMatch(/<(?:script|img|link|iframe|object|base)\b|\s(?:src|srcset|on\w+)=/i)
  expect(html).not.toMatch(/@import|url\(/i)
  for (const [, target] of html.matchAll(/href="([^"]*)"/g)) expect(target).toMatch(/^#/)
}

/** Every chart has a title, a description, a sentence and a table. */
export function expectAccessible(html: string): void {
  const figures = html.match(/<figure>[\s\S]*?<\/figure>/g) ?? []
  expect(figures.length).toBeGreaterThan(0)
  for (const figure of figures) {
    expect(figure).toMatch(/<figcaption>[^<]{30,}/)
    expect(figure).toMatch(/<svg[^>]*>(<svg[^>]*>)?<title [^>]*>[^<]+<\/title><desc [^>]*>[^<]+<\/desc>/)
    expect(figure).toMatch(/<details><summary>[^<]+<\/summary><div class="table[\s\S]*<tbody><tr>/)
  }
  const ids = [...html.matchAll(/ id="([^"]*)"/g)].map((found) => found[1])
  expect(new Set(ids).size).toBe(ids.length)
}

/** Three groups in the plane, far apart, with their names; one row of b stands among the a. */
export function groups(): string {
  let text = 'x,y,group\n'
  for (let i = 0; i < 90; i++) {
    const group = i % 3
    text += `${group * 100 + (i % 7)},${(group === 1 ? 50 : 0) + (i % 5)},${'abc'[group]}\n`
  }
  return `${text}3,2,b\n`
}
