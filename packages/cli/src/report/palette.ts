/** How one group of rows looks in every chart: a colour and a shape, so that neither has to be told apart alone. */
export interface Look {
  readonly color: string
  readonly symbol: 'circle' | 'square' | 'triangle' | 'diamond' | 'cross' | 'star' | 'wye'
}

/** Names that charts are drawn with, and what they are on white and on near-black. */
export const inks: readonly { readonly name: string; readonly light: string; readonly dark: string }[] = [
  // After Okabe and Ito 2008: distinct for every common kind of colour blindness. Darkened or lightened for contrast.
  { name: '--c0', light: '#0072b2', dark: '#4da6e0' },
  { name: '--c1', light: '#d55e00', dark: '#ff8a4c' },
  { name: '--c2', light: '#009e73', dark: '#35c79b' },
  { name: '--c3', light: '#b5488a', dark: '#e58bc0' },
  { name: '--c4', light: '#c28a00', dark: '#f0b93a' },
  { name: '--c5', light: '#3fa9e0', dark: '#a8ddff' },
  { name: '--c6', light: '#6a51a3', dark: '#a995e0' },
  { name: '--c7', light: '#6b6b6b', dark: '#b0b0b0' },
  { name: '--ink', light: '#1b1f24', dark: '#e6e8eb' },
  { name: '--muted', light: '#5b6470', dark: '#a3acb8' },
  { name: '--line', light: '#d9dee4', dark: '#39414b' },
  { name: '--paper', light: '#ffffff', dark: '#14181d' },
]

const symbols = ['circle', 'square', 'triangle', 'diamond', 'cross', 'star', 'wye'] as const
const colors = 8

/** The look of the group at this place: 56 different ones, then they come again. */
export function lookOf(group: number): Look {
  return { color: `var(--c${group % colors})`, symbol: symbols[group % symbols.length] }
}

/** More than others, and less. */
export const high = 'var(--c1)'
export const low = 'var(--c0)'

/** A chart's text with the light palette's colours in place of names: for files, which have no style sheet. */
export function inLight(svg: string): string {
  return inks.reduce((text, { name, light }) => text.replaceAll(`var(${name})`, light), svg)
}
