// Points from a seed, the same bits on every machine: whole-number arithmetic and one rounding to float32.
// Written once to bench/.cache; every peer reads the same file.

import { createHash } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { gunzipSync } from 'node:zlib'

/**
 * @typedef {import('./types.d.ts').Data} Data
 * @typedef {import('./types.d.ts').Stored} Stored
 */

const cache = new URL('.cache/', import.meta.url)

/** Where scikit-learn keeps its 1,797 images of digits, once the peers are installed. */
const digitsFile = new URL('.venv/digits.csv.gz', import.meta.url)

/** sfc32 (Chris Doty-Humphrey, public domain): 32 random bits a call. @param {number} seed @param {number} stream */
function bitsOf(seed, stream) {
  let a = seed >>> 0
  let b = stream >>> 0
  let c = 0x9e3779b9
  let count = 1
  const next = () => {
    const out = (a + b + count) >>> 0
    count = (count + 1) >>> 0
    a = (b ^ (b >>> 9)) >>> 0
    b = (c + (c << 3)) >>> 0
    c = ((c << 21) | (c >>> 11)) >>> 0
    c = (c + out) >>> 0
    return out
  }
  for (let i = 0; i < 16; i++) next()
  return next
}

/**
 * A nearly normal number, mean 0 and deviation 1: the sum of eight 16-bit numbers. No logarithm, whose last bit
 * differs between machines.
 *
 * @param {() => number} bits
 */
function normalFrom(bits) {
  let sum = 0
  for (let i = 0; i < 4; i++) {
    const drawn = bits()
    sum += (drawn & 0xffff) + (drawn >>> 16)
  }
  // Mean 8 · 32767.5; deviation √(8 · (2³² − 1) / 12).
  return (sum - 262140) / 53509.97
}

/** @param {() => number} bits */
const unitFrom = (bits) => bits() / 4294967296

/**
 * A function that fills the next rows.
 *
 * @param {Data} data @param {number} stream 1 for points, 2 for queries @returns {(into: Float32Array) => void}
 */
function source(data, stream) {
  const bits = bitsOf(data.seed, stream)
  const d = data.columns
  if (data.kind === 'uniform') {
    return (into) => {
      for (let at = 0; at < into.length; at++) into[at] = unitFrom(bits)
    }
  }
  if (data.kind === 'digits') {
    const images = gunzipSync(readFileSync(digitsFile))
      .toString('utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(',').slice(0, 64).map(Number))
    return (into) => {
      for (let at = 0; at < into.length; at += d) {
        const image = images[bits() % images.length]
        for (let j = 0; j < d; j++) into[at + j] = image[j] + unitFrom(bits) - 0.5
      }
    }
  }
  const { centers = 1, spread = 1 } = data
  const middle = bitsOf(data.seed, 0)
  const means = Float64Array.from({ length: centers * d }, () => 20 * unitFrom(middle) - 10)
  return (into) => {
    for (let at = 0; at < into.length; at += d) {
      const mean = (bits() % centers) * d
      for (let j = 0; j < d; j++) into[at + j] = means[mean + j] + spread * normalFrom(bits)
    }
  }
}

/** Whether the data can be made here (digits come with scikit-learn). @param {Data} data */
export function canMake(data) {
  return data.kind !== 'digits' || existsSync(digitsFile)
}

/** @param {Data} data */
function nameOf(data) {
  const shape = data.kind === 'blobs' ? `-${data.centers}x${data.spread}` : ''
  return `${data.kind}${shape}-${data.rows}x${data.columns}-s${data.seed}`
}

/**
 * Makes the points (or queries) unless they are there already.
 *
 * @param {Data} data @param {'points' | 'queries'} [what] @param {number} [rows] @returns {Stored & { sha256: string }}
 */
export function make(data, what = 'points', rows = data.rows) {
  const d = data.columns
  const name = what === 'points' ? nameOf(data) : `${nameOf({ ...data, rows })}-queries`
  const file = new URL(`${name}.f32`, cache)
  const about = new URL(`${name}.json`, cache)
  const stored = { path: file.pathname, rows, columns: d }
  if (existsSync(about)) return { ...stored, sha256: JSON.parse(readFileSync(about, 'utf8')).sha256 }
  mkdirSync(cache, { recursive: true })
  const fill = source(data, what === 'points' ? 1 : 2)
  const hash = createHash('sha256')
  const part = new URL(`${name}.part`, cache)
  const handle = openSync(part, 'w')
  const block = 65536
  for (let from = 0; from < rows; from += block) {
    const values = new Float32Array(Math.min(block, rows - from) * d)
    fill(values)
    const bytes = new Uint8Array(values.buffer)
    hash.update(bytes)
    writeSync(handle, bytes)
  }
  closeSync(handle)
  renameSync(part, file)
  const sha256 = hash.digest('hex')
  writeFileSync(about, JSON.stringify({ ...data, rows, sha256 }))
  return { ...stored, sha256 }
}

/**
 * Initial centroids: k different rows, drawn by the data's seed.
 *
 * @param {Data} data @param {Stored} points @param {Float32Array} values @param {number} k @returns {Stored}
 */
export function makeInit(data, points, values, k) {
  const d = points.columns
  const bits = bitsOf(data.seed, 3)
  /** @type {Set<number>} */
  const rows = new Set()
  while (rows.size < k) rows.add(bits() % points.rows)
  const centroids = new Float32Array(k * d)
  let at = 0
  for (const row of rows) {
    centroids.set(values.subarray(row * d, (row + 1) * d), at)
    at += d
  }
  const path = new URL(`${nameOf(data)}-init${k}.f32`, cache).pathname
  writeFileSync(path, centroids)
  return { path, rows: k, columns: d }
}
