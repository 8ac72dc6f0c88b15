// Measures one case: load, warm up, then rounds in which the peers take turns.

import { mkdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { isNigh, Referee } from './check.mjs'
import { make, makeInit } from './data.mjs'
import { Peer } from './peers.mjs'
import { stored } from './peers/serve.mjs'
import { quantile, summarise } from './statistics.mjs'

/**
 * @typedef {import('./types.d.ts').Case} Case
 * @typedef {import('./types.d.ts').CaseResult} CaseResult
 * @typedef {import('./types.d.ts').Loaded} Loaded
 * @typedef {import('./types.d.ts').Run} Run
 * @typedef {import('./check.mjs').Judged} Judged
 * @typedef {{ peer: Peer, runs: Run[], woken: Run[], judged: Judged[] }} Entrant
 */

const scratch = fileURLToPath(new URL('.cache/answers', import.meta.url))
/** Threads of some libraries spin a while after their work: they must not steal from the next peer. */
const settleMs = 500
/**
 * A call shorter than this is made twice a turn, and the second counts. In the first one the library's threads wake from
 * their sleep, and kernels that would rather keep idle cores asleep put them on one core for tens of milliseconds: that
 * is theirs, not the library's, and would decide short cases. What the first took is kept beside it.
 */
const wakeSeconds = 0.5
/** Where the slowest peer needs less than this, there are three times as many rounds. */
const shortSeconds = 0.1
/** Warm up for so long, or three runs. */
const warmSeconds = 1

/**
 * @param {Case} measured
 * @param {{ threads: number, rounds: number, quick: boolean, pool: Map<string, Peer>, flags?: readonly string[] }} options
 * `pool` holds the peers' processes, kept between cases
 * @returns {Promise<CaseResult>}
 */
export async function measure(measured, { threads, rounds: wanted, quick, pool, flags = [] }) {
  mkdirSync(scratch, { recursive: true })
  const points = make(measured.data)
  const values = stored(points)
  const queries =
    measured.queries === undefined ? undefined : make(measured.data, 'queries', measured.queries)
  const referee = new Referee(measured, values, queries === undefined ? undefined : stored(queries))
  const loaded = loadedOf(measured, points, values, queries)

  /** @type {Entrant[]} */
  const entrants = []
  /** @type {string[]} */
  const faults = []
  // faiss comes last: it must be told how many iterations the others needed.
  const names = measured.peers.toSorted((a, b) => Number(a === 'faiss') - Number(b === 'faiss'))
  for (const name of names) {
    if (measured.fresh === true) await drop(pool, name)
    try {
      const peer = pool.get(name) ?? new Peer(name, threads, isNigh(name) ? flags : [])
      pool.set(name, peer)
      const iterations = entrants.map(({ runs }) => runs[0].answer.iterations ?? 1)
      await warmUp(
        peer,
        { ...loaded, ...(iterations.length > 0 ? { iterations: quantile(iterations, 0.5) } : {}) },
        entrants,
        referee,
        quick,
      )
    } catch (error) {
      faults.push(error instanceof Error ? error.message.split('\n')[0] : String(error))
      await drop(pool, name)
    }
  }
  const longest = Math.max(0, ...entrants.map(({ runs }) => whole(runs[0])))
  const rounds = quick ? 1 : (measured.rounds ?? wanted) * (longest < shortSeconds ? 3 : 1)
  const brief = new Set(entrants.filter(({ runs }) => whole(runs[0]) < wakeSeconds))
  for (const entrant of entrants) entrant.runs = []
  for (const entrant of entrants) entrant.judged = []
  for (let round = 0; round < rounds; round++) {
    for (let turn = 0; turn < entrants.length; turn++) {
      // Another one begins each round, so that nobody always follows the same peer.
      const entrant = entrants[(round + turn) % entrants.length]
      if (!quick) await sleep(settleMs)
      if (!quick && brief.has(entrant)) entrant.woken.push(await entrant.peer.run(round))
      const run = await entrant.peer.run(round)
      entrant.runs.push(run)
      entrant.judged.push(referee.judge(run.answer, isNigh(entrant.peer.name)))
    }
  }
  const compared = referee.compare(new Map(entrants.map(({ peer, judged }) => [peer.name, judged])))
  return resultOf(measured, points.sha256, rounds, entrants, compared, faults)
}

/** @param {Run} run */
const whole = (run) => Object.values(run.seconds).reduce((sum, part) => sum + part, 0)

/**
 * @param {Case} measured @param {ReturnType<typeof make>} points @param {Float32Array} values
 * @param {ReturnType<typeof make> | undefined} queries @returns {Omit<Loaded, 'threads'>}
 */
function loadedOf(measured, points, values, queries) {
  const { task, k, radius, index, asRows, maxIterations, data } = measured
  return {
    task,
    k,
    points,
    scratch,
    ...(task === 'kmeans' ? { init: makeInit(data, points, values, k) } : {}),
    ...(queries === undefined ? {} : { queries }),
    ...(radius === undefined ? {} : { radius }),
    ...(index === undefined ? {} : { index }),
    ...(asRows === undefined ? {} : { asRows }),
    ...(maxIterations === undefined ? {} : { maxIterations }),
  }
}

/**
 * Loads a case and runs it a few times, uncounted; adds the peer to the entrants.
 *
 * @param {Peer} peer @param {Omit<Loaded, 'threads'>} loaded @param {Entrant[]} entrants @param {Referee} referee
 * @param {boolean} quick
 */
async function warmUp(peer, loaded, entrants, referee, quick) {
  await peer.load(loaded)
  let run = await peer.run(0)
  // Rounding may cost faiss a few iterations more than the others needed; it is given those that it takes to agree.
  for (let more = 1; peer.name === 'faiss' && loaded.task === 'kmeans' && more <= 4; more++) {
    const judged = [...entrants.map((one) => one.judged[0]), referee.judge(run.answer, false)]
    const named = new Map(judged.map((one, i) => [String(i), [one]]))
    const last = judged.length - 1
    if (judged[last].verdict.ok && !referee.compare(named).has(String(last))) break
    await peer.load({ ...loaded, iterations: Math.ceil((loaded.iterations ?? 1) * (1 + 0.25 * more)) })
    run = await peer.run(0)
  }
  /** @type {Entrant} */
  const entrant = { peer, runs: [run], woken: [], judged: [referee.judge(run.answer, isNigh(peer.name))] }
  let spent = whole(run)
  for (let again = 1; again < 3 && spent < warmSeconds && !quick; again++) spent += whole(await peer.run(0))
  entrants.push(entrant)
}

/** @param {Map<string, Peer>} pool @param {string} name */
async function drop(pool, name) {
  await pool.get(name)?.close()
  pool.delete(name)
}

/**
 * @param {Case} measured @param {string} sha256 @param {number} rounds @param {readonly Entrant[]} entrants
 * @param {ReadonlyMap<string, readonly string[]>} compared @param {string[]} faults @returns {CaseResult}
 */
function resultOf(measured, sha256, rounds, entrants, compared, faults) {
  const own = entrants.find(({ peer }) => peer.name === 'nigh')?.runs.map(whole)
  /** @type {Record<string, import('./types.d.ts').PeerResult>} */
  const peers = {}
  for (const name of measured.peers.concat(entrants.map(({ peer }) => peer.name))) {
    const entrant = entrants.find(({ peer }) => peer.name === name)
    if (entrant === undefined || peers[name] !== undefined) continue
    const seconds = entrant.runs.map(whole)
    const summary = summarise(seconds)
    const parts = Object.fromEntries(
      Object.keys(entrant.runs[0].seconds).map((part) => [
        part,
        quantile(
          entrant.runs.map((run) => run.seconds[part]),
          0.5,
        ),
      ]),
    )
    const found = [
      ...new Set([...entrant.judged.flatMap(({ verdict }) => verdict.faults), ...(compared.get(name) ?? [])]),
    ]
    faults.push(...found.map((fault) => `${name}: ${fault}`))
    const last = entrant.judged[entrant.judged.length - 1].verdict
    const paired =
      own === undefined || name === 'nigh' ? undefined : summarise(seconds.map((value, i) => value / own[i]))
    peers[name] = {
      seconds,
      parts,
      summary,
      ...(entrant.woken.length > 0 ? { woken: summarise(entrant.woken.map(whole)) } : {}),
      ...(paired === undefined || own === undefined
        ? {}
        : { ratio: { median: summary.median / summarise(own).median, q1: paired.q1, q3: paired.q3 } }),
      verdict: { ...last, ok: found.length === 0, faults: found },
    }
  }
  const { name, task, data, k, queries } = measured
  return { name, task, data, sha256, k, ...(queries === undefined ? {} : { queries }), rounds, faults, peers }
}
