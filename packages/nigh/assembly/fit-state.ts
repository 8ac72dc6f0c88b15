// What the kernels of the assignment know of the fit and the round they are at.
//
// Every thread has a module instance of its own, so these are the thread's own.

import {
  BOUND_UNIT,
  CENTROIDS,
  CLUSTERS,
  COARSE,
  COLUMNS,
  COUNTS,
  DOUBLE,
  FINE,
  FIRST,
  GROUPS,
  GROUP_LOWER,
  GROUP_OF,
  GROUP_PANELS,
  GROUP_STEPS_DOWN,
  GROUP_STEPS_UP,
  HALF_GAPS,
  HALVES,
  HALVES_OF,
  LABELS,
  LOWER,
  NARROW,
  NARROW_CENTROIDS,
  NARROW_ERROR,
  NARROW_HALVES,
  NARROW_PANELS,
  NARROW_ROW_ERROR,
  NARROW_UNIT,
  NORMS_SQ,
  NORM_MAX,
  OTHER_PATHS,
  OTHER_PATHS_32,
  DUE_PATHS_32,
  PANELS,
  PATHS,
  PATHS_32,
  PLACES,
  POINTS,
  ROUND,
  SCALE,
  SCRATCH,
  SCRATCH_BYTES,
  STATS,
  STAT_AGAIN,
  STAT_CHANGED,
  STAT_DISTANCES,
  STAT_EXACT,
  SUMS,
  SUM_ORIGIN,
  TOUCHED,
  UPPER,
  WEIGHTS,
  WEIGHT_COARSE,
  WEIGHT_FINE,
  WORK,
  WORK_CENTROIDS,
} from '../src/kernels/layout'
import { address, integer, number } from './record'

/** The unit roundoff of float32. */
export const U24: f64 = 5.9604644775390625e-8

/** Panels times columns up to which the dense kernel costs no more than a look at own distances would spare. */
const DIRECT_WORK: i32 = 1250

// The record's fields, read once a call.
export let columns: i32 = 0
export let rowBytes: usize = 0
export let points: usize = 0
export let double: bool = false
export let work: usize = 0
export let norms: usize = 0
export let labels: usize = 0
export let weights: usize = 0
export let first: bool = false
/** Whether open rows go to the dense kernel at once. */
export let direct: bool = false
export let upper: usize = 0
export let lower: usize = 0
export let groupLower: usize = 0
export let groups: i32 = 0
export let groupPanels: usize = 0
export let panels: usize = 0
export let halves: usize = 0
export let places: usize = 0
export let groupOf: usize = 0
export let centroids: usize = 0
export let workCentroids: usize = 0
export let paths: usize = 0
export let otherPaths: usize = 0
export let paths32: usize = 0
export let otherPaths32: usize = 0
export let duePaths32: usize = 0
export let halfGaps: usize = 0
export let scale: f64 = 1
export let definition: f64 = 0
export let nearError: f64 = 0
export let normMax: f64 = 0
export let narrowRows: usize = 0
export let narrowPanels: usize = 0
export let narrowWidth: usize = 0
export let narrowCentroids: usize = 0
export let halvesOf: usize = 0
export let narrowUnit: f32 = 0
export let narrowHalves: usize = 0
export let clusters: i32 = 0
/** The lowest bits of a key, which hold a centroid's number (lanes.ts). */
export let keyBits: i32 = 0
export let narrowRowError: f64 = 0
export let narrowError: f64 = 0
export let sums: usize = 0
export let counts: usize = 0
export let touched: usize = 0
export let sumOrigin: usize = 0
export let coarse: usize = 0
export let fine: usize = 0
export let weightCoarse: f64 = 0
export let weightFine: f64 = 0
export let scratch: usize = 0
export let boundUnit: f64 = 1
export let stepsUp: usize = 0
export let stepsDown: usize = 0

// What was done, for STATS.
let changed: f64 = 0
let computed: f64 = 0
let decided: f64 = 0
let retried: f64 = 0

// What an active row of the round carries, by its place in the round: arrays in the scratch space.
export const OWN_UP: usize = 0 // f32, upper and lower bound on the distance to the own centroid
export const OWN_LOW: usize = 4 * ROUND
export const ACTIVE: usize = 8 * ROUND // i32, the active rows
export const LIST: usize = 12 * ROUND + 16 // i32, those that are looked at now, and three more
export const AGAIN: usize = 16 * ROUND + 32 // i32, the rows that narrow scores left open, and three more
export const OUT: usize = 20 * ROUND + 48 // what the dense kernel writes: 48 bytes, then bounds
export const GROUPED: usize = 20 * ROUND + 48 + 128 // what only many groups need (groups.ts)
export const TURNED: usize = GROUPED // eight rows that lie lane by lane (lanes.ts): what only one group needs

/** Reads the record of a fit. */
export function readFit(record: usize, thread: i32): void {
  columns = integer(record, COLUMNS)
  rowBytes = (<usize>columns) << 2
  points = address(record, POINTS)
  double = integer(record, DOUBLE) != 0
  work = address(record, WORK)
  norms = address(record, NORMS_SQ)
  labels = address(record, LABELS)
  weights = address(record, WEIGHTS)
  first = integer(record, FIRST) != 0
  upper = address(record, UPPER)
  lower = address(record, LOWER)
  groupLower = address(record, GROUP_LOWER)
  groups = integer(record, GROUPS)
  groupPanels = address(record, GROUP_PANELS)
  panels = address(record, PANELS)
  direct = groups == 1 && load<i32>(groupPanels, 4) * columns <= DIRECT_WORK
  halves = address(record, HALVES)
  places = address(record, PLACES)
  groupOf = address(record, GROUP_OF)
  centroids = address(record, CENTROIDS)
  workCentroids = address(record, WORK_CENTROIDS)
  paths = address(record, PATHS)
  otherPaths = address(record, OTHER_PATHS)
  paths32 = address(record, PATHS_32)
  otherPaths32 = address(record, OTHER_PATHS_32)
  duePaths32 = address(record, DUE_PATHS_32)
  stepsUp = address(record, GROUP_STEPS_UP)
  stepsDown = address(record, GROUP_STEPS_DOWN)
  boundUnit = number(record, BOUND_UNIT)
  halfGaps = address(record, HALF_GAPS)
  scale = number(record, SCALE)
  normMax = number(record, NORM_MAX)
  definition = <f64>(columns + 4) * 2.3e-16
  nearError = <f64>(columns + 8) * U24 * 1.02 + definition
  narrowRows = address(record, NARROW)
  narrowPanels = address(record, NARROW_PANELS)
  narrowCentroids = address(record, NARROW_CENTROIDS)
  halvesOf = address(record, HALVES_OF)
  narrowWidth = (<usize>((columns + 1) & ~1)) << 1
  narrowUnit = <f32>number(record, NARROW_UNIT)
  narrowHalves = address(record, NARROW_HALVES)
  narrowRowError = number(record, NARROW_ROW_ERROR)
  narrowError = number(record, NARROW_ERROR)
  clusters = integer(record, CLUSTERS)
  keyBits = clusters > 1 ? (1 << (32 - clz(clusters - 1))) - 1 : 0
  sums = address(record, SUMS)
  if (sums) {
    sums += <usize>thread * <usize>clusters * ((<usize>columns) << 4)
    counts = address(record, COUNTS) + ((<usize>thread * <usize>clusters) << 4)
    touched = address(record, TOUCHED) + <usize>thread * <usize>clusters
    sumOrigin = address(record, SUM_ORIGIN)
    coarse = address(record, COARSE)
    fine = address(record, FINE)
    weightCoarse = number(record, WEIGHT_COARSE)
    weightFine = number(record, WEIGHT_FINE)
  }
  scratch = address(record, SCRATCH) + <usize>thread * <usize>integer(record, SCRATCH_BYTES)
  changed = 0
  computed = 0
  decided = 0
  retried = 0
}

/** Adds what was done since readFit() to the thread's counters. */
export function writeStats(record: usize, thread: i32): void {
  const stats = address(record, STATS) + ((<usize>thread) << 6)
  addTo(stats + (STAT_CHANGED << 3), changed)
  addTo(stats + (STAT_DISTANCES << 3), computed)
  addTo(stats + (STAT_EXACT << 3), decided)
  addTo(stats + (STAT_AGAIN << 3), retried)
}

function addTo(at: usize, count: f64): void {
  store<f64>(at, load<f64>(at) + count)
}

/** Counts a row that changed its label. */
export function countChanged(): void {
  changed += 1
}

/** Counts distances. */
export function countDistances(count: i32): void {
  computed += count
}

/** Counts a row that is decided by the definition. */
export function countDecided(): void {
  decided += 1
}

/** Counts rows that narrow scores left open. */
export function countAgain(count: i32): void {
  retried += count
}
