import { kneeOf } from './knee.ts'
import type { ChooseKRow } from './choose-k.ts'

/** Whether there are clusters to speak of. */
export type Verdict = 'clear' | 'weak' | 'no clear clusters'

/** What one criterion would choose. */
export interface Criterion {
  readonly name: 'knee' | 'silhouette' | 'calinskiHarabasz' | 'daviesBouldin' | 'gap' | 'stability'
  /** The k chosen, or null where the criterion cannot tell. */
  readonly k: number | null
}

/** What is known beside the table. */
export interface Circumstances {
  readonly hopkins: number
  /** How many different rows there are, where fewer than were to be looked at; else null. */
  readonly distinct: number | null
  /** The smallest k asked for. The table also has k = 1. */
  readonly from: number
}

/** What the criteria come to. */
export interface Judgement {
  readonly k: number
  readonly verdict: Verdict
  readonly reasons: readonly string[]
  readonly criteria: readonly Criterion[]
}

/** Every cluster must come out of other rows at least this well (Tibshirani and Walther: 0.8 to 0.9). */
const STRONG = 0.8
/** The least mean adjusted Rand index between halves for a split to be the rows' own and not that of their draw. */
const AGREED = 0.8
/** Between halves that agree so well, one cluster may come out a little worse. */
const WELL_AGREED = 0.9
const NEARLY_STRONG = 0.7
/** Kaufman and Rousseeuw 1990 call a silhouette from here on a weak, a reasonable and a strong structure. */
const WEAK = 0.25
const REASONABLE = 0.5
const GREAT = 0.7
/** By how many of its standard deviations the silhouette must beat that of data without clusters. */
const BEYOND = 3
/** And by how much at least: long or bent rows split a little more neatly than a box, wherever they are cut. */
const MARGIN = 0.06
/** A finer split of stable clusters is taken where they stand nearly as far apart. */
const NEARLY = 0.1

/**
 * Weighs the criteria: each has one vote, the k with most votes is recommended, and how far they agree is the verdict.
 *
 * A finer split is preferred where all of its clusters come out of other rows, stand nearly as far apart, and the gap
 * statistic rises: small clusters beside a large one hardly move the averages that most criteria go by.
 *
 * There are clusters to speak of where the recommended split has a silhouette well above that of data without
 * clusters, and halves of the rows agree on it. Where not, or where every criterion prefers another k, the verdict is
 * 'no clear clusters'.
 */
export function judge(table: readonly ChooseKRow[], circumstances: Circumstances): Judgement {
  const { distinct, from } = circumstances
  const asked = table.filter((row) => row.k >= from)
  const criteria = criteriaOf(table, asked)
  if (distinct === 1) {
    return { k: 1, verdict: 'no clear clusters', reasons: ['All rows are equal.'], criteria }
  }
  const most = mostVotes(criteria, Math.max(2, from))
  const k = finer(asked, most.k)
  const votes = criteria.filter((criterion) => criterion.k === k).length
  const row = table.find((candidate) => candidate.k === k)
  const chosen = (name: Criterion['name']): number | null =>
    criteria.find((criterion) => criterion.name === name)?.k ?? null
  const against: string[] = []
  const beyond = row !== undefined && standsOut(row)
  if (!beyond) {
    against.push('Data without clusters, spread evenly over the same box, split as neatly as these rows do.')
  }
  if (chosen('gap') === 1) against.push('The gap statistic finds no number of clusters better than one.')
  if (chosen('stability') === 1) against.push('No split comes out of both halves of the rows.')
  else if (row !== undefined && row.stability < AGREED) {
    against.push(
      `Halves of the rows do not agree on k = ${k} (adjusted Rand index ${row.stability.toFixed(2)}): the cuts follow the draw.`,
    )
  }
  const alone = votes < 2 && k === most.k
  if (alone) against.push('Every criterion prefers another k.')
  const nothing = row === undefined || !beyond || alone || row.stability < AGREED
  if (nothing) {
    against.push(hopkinsReason(circumstances.hopkins))
    if (row !== undefined) {
      against.push(`Asked for a split all the same, ${voters(criteria, k)} would take k = ${k}.`)
    }
    return { k: from === 1 ? 1 : k, verdict: 'no clear clusters', reasons: against, criteria }
  }
  const counted = criteria.filter((criterion) => criterion.k !== null).length
  const edge = k === table[table.length - 1].k && distinct === null
  const clear =
    votes >= Math.ceil((2 * counted) / 3) &&
    row.predictionStrength >= STRONG &&
    (row.silhouette ?? 0) >= WEAK &&
    chosen('gap') !== 1 &&
    !edge
  return {
    k,
    verdict: clear ? 'clear' : 'weak',
    reasons: [...forIt(row, votes, counted, criteria), ...refined(k, most.k), ...boundary(k, edge, distinct)],
    criteria,
  }
}

function forIt(row: ChooseKRow, votes: number, counted: number, criteria: readonly Criterion[]): string[] {
  const { k, predictionStrength } = row
  const strength = predictionStrength.toFixed(2)
  const reasons = [
    `${votes} of ${counted} criteria choose k = ${k}${votes === 0 ? '' : `: ${voters(criteria, k)}`}.`,
  ]
  const others = criteria
    .filter((criterion) => criterion.k !== null && criterion.k !== k)
    .map((criterion) => `${spoken[criterion.name]} prefers ${criterion.k}`)
  if (others.length > 0) reasons.push(`${capital(list(others))}.`)
  reasons.push(silhouetteReason(row.silhouette ?? 0, row.silhouetteReference ?? 0))
  reasons.push(
    predictionStrength >= STRONG
      ? `Each cluster comes out of either half of the rows (prediction strength ${strength}).`
      : `Not every cluster comes out of either half of the rows (prediction strength ${strength}, below ${STRONG}).`,
  )
  return reasons
}

function boundary(k: number, edge: boolean, distinct: number | null): string[] {
  if (edge) return [`k = ${k} is the largest looked at: look further, with a larger to.`]
  return distinct === null
    ? []
    : [`The rows hold only ${distinct} different values, so no larger k was looked at.`]
}

function standsOut(row: ChooseKRow): boolean {
  const { silhouette, silhouetteReference, silhouetteSpread } = row
  // As many clusters as rows: there is nothing to compare.
  if (silhouette === null || silhouetteReference === null || silhouetteSpread === null) return false
  return silhouette > silhouetteReference + Math.max(MARGIN, BEYOND * silhouetteSpread)
}

function criteriaOf(table: readonly ChooseKRow[], asked: readonly ChooseKRow[]): Criterion[] {
  const knee = kneeOf(
    asked.map((row) => row.k),
    asked.map((row) => row.inertia),
  )
  return [
    { name: 'knee', k: knee === null ? null : asked[knee.at].k },
    { name: 'silhouette', k: bestBy(asked, (row) => row.silhouette) },
    { name: 'calinskiHarabasz', k: bestBy(asked, (row) => row.calinskiHarabasz) },
    {
      name: 'daviesBouldin',
      k: bestBy(asked, (row) => (row.daviesBouldin === null ? null : -row.daviesBouldin)),
    },
    { name: 'gap', k: gapChoice(table) },
    { name: 'stability', k: stableChoice(table) },
  ]
}

/** The k with the highest score; the smaller k on a tie. */
function bestBy(table: readonly ChooseKRow[], score: (row: ChooseKRow) => number | null): number | null {
  let best: number | null = null
  let found: number | null = null
  for (const row of table) {
    const value = score(row)
    if (value !== null && (best === null || value > best)) {
      best = value
      found = row.k
    }
  }
  return found
}

/**
 * The smallest k whose gap is not beaten by the next one's less its standard error (Tibshirani 2001).
 *
 * Where that stops at the first k, though a later gap stands more than two standard errors above, clusters that only
 * show when several are told apart were passed by: then the smallest k within one standard error of the highest gap.
 */
function gapChoice(table: readonly ChooseKRow[]): number | null {
  if (table.length < 2) return null
  let highest = table[0]
  for (const row of table) if (row.gap > highest.gap) highest = row
  const stops = table.find(
    (row, i) => i + 1 === table.length || row.gap >= table[i + 1].gap - table[i + 1].gapError,
  )
  const chosen = stops ?? highest
  if (chosen !== table[0] || highest.gap - 2 * highest.gapError <= chosen.gap) return chosen.k
  return table.find((row) => row.gap >= highest.gap - highest.gapError)?.k ?? highest.k
}

/** The largest k whose clusters all come out of other rows. */
function stableChoice(table: readonly ChooseKRow[]): number | null {
  let found: number | null = null
  for (const row of table) if (isStable(row)) found = row.k
  return found
}

/**
 * Whether every cluster comes out of other rows, and the clusterings agree: a cluster of one far row has no pairs that
 * could be parted, and prediction strength alone says nothing of it.
 */
function isStable({ predictionStrength, stability }: ChooseKRow): boolean {
  return (
    (predictionStrength >= STRONG && stability >= AGREED) ||
    (predictionStrength >= NEARLY_STRONG && stability >= WELL_AGREED)
  )
}

/** The largest k above the one chosen that parts stable clusters further, and hardly less neatly; else that one. */
function finer(table: readonly ChooseKRow[], chosen: number): number {
  const from = table.find((row) => row.k === chosen)
  if (from === undefined) return chosen
  let found = from
  for (const row of table) {
    if (row.k <= chosen || !isStable(row) || row.predictionStrength < STRONG || !standsOut(row)) continue
    const neat = (row.silhouette ?? 0) >= (from.silhouette ?? 0) - NEARLY
    if (neat && row.gap > from.gap + 2 * row.gapError) found = row
  }
  return found.k
}

function refined(k: number, coarser: number): string[] {
  if (k === coarser) return []
  return [
    `Most criteria would stop at k = ${coarser}; the clusters of k = ${k} stand nearly as far apart, and all come out of either half.`,
  ]
}

/**
 * The k from `least` up with most votes. On a tie, the one with most votes for a k next to it (from 4 up, where one
 * more or less is a detail), then that of stability, then of the gap statistic, then the smallest.
 */
function mostVotes(criteria: readonly Criterion[], least: number): { k: number; votes: number } {
  const chosen = criteria.map((criterion) => criterion.k).filter((k): k is number => k !== null && k >= least)
  if (chosen.length === 0) return { k: 1, votes: 0 }
  const votesFor = (k: number): number => chosen.filter((other) => other === k).length
  const near = (k: number): number => (k < 4 ? 0 : chosen.filter((other) => Math.abs(other - k) === 1).length)
  const by = (name: Criterion['name'], k: number): number =>
    criteria.some((criterion) => criterion.name === name && criterion.k === k) ? 1 : 0
  const [k] = chosen.sort(
    (a, b) =>
      votesFor(b) - votesFor(a) ||
      near(b) - near(a) ||
      by('stability', b) - by('stability', a) ||
      by('gap', b) - by('gap', a) ||
      a - b,
  )
  return { k, votes: votesFor(k) }
}

const spoken: Readonly<Record<Criterion['name'], string>> = {
  knee: 'the knee of the inertia',
  silhouette: 'the silhouette',
  calinskiHarabasz: 'Calinski–Harabasz',
  daviesBouldin: 'Davies–Bouldin',
  gap: 'the gap statistic',
  stability: 'stability under resampling',
}

function voters(criteria: readonly Criterion[], k: number): string {
  return list(criteria.filter((criterion) => criterion.k === k).map((criterion) => spoken[criterion.name]))
}

function list(items: readonly string[]): string {
  if (items.length < 2) return items.join('')
  return `${items.slice(0, -1).join(', ')} and ${items[items.length - 1]}`
}

function capital(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1)
}

function silhouetteReason(silhouette: number, chance: number): string {
  const values = `silhouette ${silhouette.toFixed(2)}; data without clusters reach ${chance.toFixed(2)}`
  if (silhouette >= GREAT) return `The clusters stand well apart (${values}).`
  if (silhouette >= REASONABLE) return `The clusters stand apart (${values}).`
  if (silhouette >= WEAK) return `The clusters touch (${values}).`
  return `The clusters overlap (${values}).`
}

function hopkinsReason(statistic: number): string {
  const value = statistic.toFixed(2)
  if (statistic < 0.6) return `The rows are spread about as evenly as by chance (Hopkins ${value}).`
  return `The rows stand closer in some places than in others (Hopkins ${value}), but that alone does not part them.`
}
