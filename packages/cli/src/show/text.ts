/**
 * Text from a file, safe to print: control characters, line ends, escape sequences and marks that reorder or hide text
 * appear as \u escapes, so that data can neither move the cursor nor pretend to be something else.
 */
export function visible(text: string): string {
  return text.replace(
    // biome-ignore format: one class, one line
    // oxlint-disable-next-line no-control-regex
    /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|\p{Surrogate}/gu,
    (mark) => escapes[mark] ?? `\\u${(mark.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  )
}

const escapes: Record<string, string> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** Text in quotation marks, safe to print, cut to 60 characters. */
export function show(text: string): string {
  return `"${shorten(visible(text), 60)}"`
}

/** Cuts text to a width in characters, the last of them then being an ellipsis. */
export function shorten(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  let cut = ''
  let used = 0
  for (const mark of text) {
    const wide = widthOf(mark)
    if (used + wide > width - 1) break
    cut += mark
    used += wide
  }
  return `${cut}…`
}

/** Columns of a terminal that the text takes: East Asian wide characters and emoji take two, combining marks none. */
export function widthOf(text: string): number {
  let width = 0
  for (const mark of text) {
    const code = mark.codePointAt(0) ?? 0
    if (code < 0x300) width++
    else if (/\p{Mark}/u.test(mark)) continue
    else width += isWide(code) ? 2 : 1
  }
  return width
}

function isWide(code: number): boolean {
  return (
    (code >= 0x1100 && code <= 0x115f) ||
    (code >= 0x2e80 && code <= 0xa4cf) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1faff) ||
    (code >= 0x20000 && code <= 0x3fffd)
  )
}
