import { visible } from '../show/text.ts'

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

/**
 * Text from anywhere, safe between tags and in quoted attributes: marks of HTML as entities, control characters and
 * marks that reorder text as \u escapes.
 */
export function escaped(text: string): string {
  return visible(text).replace(/[&<>"']/g, (mark) => entities[mark])
}
