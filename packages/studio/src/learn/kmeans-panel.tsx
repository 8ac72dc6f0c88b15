import type { JSX } from 'preact'
import { useEffect, useMemo } from 'preact/hooks'
import { fillOf, markPath, shapeOf } from '../marks.ts'
import { brief, percent, plural } from '../numbers.ts'
import { Count, Segments } from '../parts.tsx'
import { Board, Query } from './board.tsx'
import { cellsOf } from './cells.ts'
import { Dots } from './dots.tsx'
import type { Frame } from './kmeans-run.ts'
import { MOST_CLUSTERS, nearestSpot } from './lesson.ts'
import { at, change, fresh, lesson, lit, playing, run, runPoints, tool, tries } from './state.ts'

/** Clusters take the palette from its other end, so that they do not look like the labels beside them. */
export function clusterMark(cluster: number): number {
  return cluster + 4
}

function onLit(...parts: readonly string[]): string {
  return parts.includes(lit.value) ? 'lit' : ''
}

export function KMeansPanel(): JSX.Element {
  const { points, clusters, init, query, seed } = lesson.value
  const { frames } = run.value
  const place = Math.min(at.value, Math.max(0, frames.length - 1))
  const frame = frames[place]
  const centroids = frame?.centroids ?? []
  const groups = useMemo(() => {
    if (frame === undefined || frame.labels.length === 0) return null
    if (points === runPoints.value) return Array.from(frame.labels, clusterMark)
    // While points are drawn or erased, the others stay what they were.
    const marks = new Map(runPoints.value.map((dot, i) => [dot, clusterMark(frame.labels[i])]))
    return points.map((dot) => marks.get(dot) ?? -1)
  }, [frame, points])
  const cells = useMemo(() => cellsOf(centroids), [frame])
  const own = nearestSpot(centroids, query)
  const last = place >= frames.length - 1
  useEffect(() => {
    if (!playing.value) return
    const timer = setInterval(() => {
      if (at.peek() >= run.peek().frames.length - 1) playing.value = false
      else at.value = at.peek() + 1
    }, 600)
    return () => clearInterval(timer)
  }, [playing.value])
  const step = (by: number): void => {
    playing.value = false
    at.value = Math.min(frames.length - 1, Math.max(0, place + by))
  }
  return (
    <section class="card panel" aria-labelledby="kmeans-title" data-run={fresh.value ? 'now' : 'before'}>
      <header>
        <h2 id="kmeans-title">K-Means</h2>
        <span class={`small quiet ${onLit('learning')}`}>no labels; K is the number of clusters</span>
      </header>
      <Board
        name="kmeans"
        label={`K-Means board: ${plural(points.length, 'point')}, ${plural(centroids.length, 'centroid')}`}
        under={
          frame !== undefined && frame.phase !== 'seed'
            ? cells.map((cell, c) => (
                <polygon
                  key={c}
                  class={`cell ${onLit('prediction', 'use')}`}
                  points={cell.map(({ x, y }) => `${x},${y}`).join(' ')}
                  style={{ fill: fillOf(clusterMark(c)) }}
                />
              ))
            : null
        }
        dots={<Dots points={points} groups={groups} lit={lit.value === 'learning'} />}
      >
        <g aria-hidden="true" class={playing.value || !last ? 'moving' : ''}>
          {centroids.map((_, c) => (
            <polyline
              key={c}
              class="trail"
              points={trailOf(frames, place, c)}
              style={{ stroke: fillOf(clusterMark(c)) }}
            />
          ))}
          {own.index >= 0 ? (
            <line
              class={`ray ${onLit('prediction')}`}
              x1={query.x}
              y1={query.y}
              x2={centroids[own.index].x}
              y2={centroids[own.index].y}
              stroke-width="0.5"
            />
          ) : null}
          {centroids.map(({ x, y }, c) => (
            <g
              key={c}
              class={`centroid ${onLit('k', 'training')}`}
              style={{ transform: `translate(${x}px, ${y}px)` }}
              data-centroid={c}
            >
              <path d={markPath(shapeOf(clusterMark(c)), 2.7)} style={{ fill: fillOf(clusterMark(c)) }} />
              <text dy={shapeOf(clusterMark(c)) === 'triangle' ? 0.3 : 0}>{c + 1}</text>
            </g>
          ))}
          <Query spot={query} />
        </g>
      </Board>
      <div class={`row steps ${onLit('training')}`} role="group" aria-label="Steps">
        <button
          type="button"
          onClick={() => step(-frames.length)}
          disabled={place === 0}
          title="To the beginning"
        >
          <span aria-hidden="true">|◂</span>
          <span class="hidden-text">To the beginning</span>
        </button>
        <button type="button" onClick={() => step(-1)} disabled={place === 0}>
          ◂ Back
        </button>
        <button type="button" class="primary" onClick={() => step(1)} disabled={last}>
          Step ▸
        </button>
        <button
          type="button"
          disabled={frames.length === 0}
          onClick={() => {
            if (last) at.value = 0
            playing.value = !playing.peek()
          }}
        >
          {playing.value ? 'Pause' : '▶ Play'}
        </button>
        <button type="button" onClick={() => step(frames.length)} disabled={last} title="To the end">
          <span aria-hidden="true">▸|</span>
          <span class="hidden-text">To the end</span>
        </button>
        <span class="small quiet push" data-step>
          {frames.length === 0 ? '' : `${place + 1} of ${frames.length}`}
        </span>
      </div>
      <p class={`readout small ${onLit('use')}`} role="status" data-kmeans>
        {sayFrame(frame, last, points.length)}
      </p>
      <div class={`row wide ${onLit('k')}`}>
        <Count
          label="K"
          name="clusters"
          value={clusters}
          from={1}
          to={MOST_CLUSTERS}
          onPick={(value) =>
            change(
              { clusters: value, ...(init === 'placed' ? { init: 'random', placed: [] } : {}) },
              'clusters',
            )
          }
        />
      </div>
      <div class="row wide">
        <Segments
          label="First centroids"
          value={init}
          onPick={(value) => {
            if (value === 'placed') {
              tool.value = 'centre'
              change({ init: value, placed: centroids.map(({ x, y }) => ({ x, y })).slice(0, clusters) })
            } else change({ init: value })
          }}
          options={[
            { value: 'random', text: 'arbitrary', title: 'First centroids: K points, drawn arbitrarily' },
            {
              value: 'k-means++',
              text: 'k-means++',
              title: 'First centroids: points that lie far from each other',
            },
            {
              value: 'placed',
              text: 'placed',
              title: 'First centroids: where you put them, with the tool Centroid',
            },
          ]}
        />
        <button
          type="button"
          onClick={() => change({ seed: seed + 1, ...(init === 'placed' ? { init: 'random' } : {}) })}
        >
          Other start
        </button>
      </div>
      <Falling frames={frames} place={place} />
      <Tries />
      <p class={`readout small ${onLit('prediction')}`} data-kmeans-query>
        {own.index < 0 ? (
          'Nothing to compare the new point with.'
        ) : (
          <>
            The new point ◇ is nearest to centroid <b>{own.index + 1}</b> ({brief(own.distance)} away), so it
            gets <b>cluster {own.index + 1}</b>.
          </>
        )}
      </p>
    </section>
  )
}

function sayFrame(frame: Frame | undefined, last: boolean, points: number): JSX.Element | string {
  if (points === 0) return 'No points yet: choose the tool Points and draw some, or a sample.'
  if (frame === undefined) return 'Place first centroids on the board with the tool Centroid.'
  const { phase, iteration, changed, inertia } = frame
  if (phase === 'seed')
    return `${plural(changed, 'first centroid')} picked. Next step: each point goes to its nearest centroid.`
  const sum = (
    <>
      {' '}
      Inertia <b title={String(inertia)}>{brief(inertia, 4)}</b>.
    </>
  )
  if (phase === 'assign') {
    return (
      <>
        Iteration {iteration}, assign:{' '}
        {changed === 0
          ? 'no point changes its cluster'
          : `${plural(changed, 'point')} ${changed === 1 ? 'goes' : 'go'} to another centroid`}
        .{sum}
        {last ? ' Nothing moves any more: done.' : ''}
      </>
    )
  }
  return (
    <>
      Iteration {iteration}, update: each centroid moves to the mean of its points.{sum}
      {last ? ' Nothing moves any more: done.' : ''}
    </>
  )
}

function trailOf(frames: readonly Frame[], place: number, centroid: number): string {
  const spots: string[] = []
  for (let i = 0; i <= place; i++) {
    const spot = frames[i].centroids[centroid]
    if (spot !== undefined) spots.push(`${spot.x},${spot.y}`)
  }
  return spots.join(' ')
}

/** The inertia, step by step. */
function Falling(props: { readonly frames: readonly Frame[]; readonly place: number }): JSX.Element | null {
  const known = props.frames
    .map(({ inertia }, i) => ({ inertia, i }))
    .filter(({ inertia }) => !Number.isNaN(inertia))
  if (known.length < 2) return null
  const most = known[0].inertia
  const first = known[0].i
  const width = 400
  const x = (i: number): number =>
    8 + ((i - first) / Math.max(1, props.frames.length - 1 - first)) * (width - 16)
  const y = (inertia: number): number => 56 - (most === 0 ? 0 : (inertia / most) * 48)
  const now = known.find(({ i }) => i === props.place)
  return (
    <figure style={{ margin: 0 }}>
      <svg
        class="curve"
        viewBox={`0 0 ${width} 64`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Inertia falls from ${brief(most, 4)} to ${brief(known[known.length - 1].inertia, 4)}`}
      >
        <line class="axis" x1="0" x2={width} y1="56" y2="56" />
        <polyline
          class="line"
          vector-effect="non-scaling-stroke"
          points={known.map(({ inertia, i }) => `${x(i)},${y(inertia)}`).join(' ')}
        />
        {now === undefined ? null : (
          <>
            <line
              class="ref"
              vector-effect="non-scaling-stroke"
              x1={x(now.i)}
              x2={x(now.i)}
              y1={y(now.inertia)}
              y2="56"
            />
            {/* A round end of no length: a circle would be stretched with the curve. */}
            <path class="now" vector-effect="non-scaling-stroke" d={`M${x(now.i)},${y(now.inertia)}h0`} />
          </>
        )}
      </svg>
      <figcaption class="tiny quiet">
        Inertia, the summed squared distance to the centroids, falls with every step: from {brief(most, 4)} to{' '}
        {brief(known[known.length - 1].inertia, 4)}.
      </figcaption>
    </figure>
  )
}

/** How other starts ended. */
function Tries(): JSX.Element | null {
  const all = tries.value
  if (all.length === 0) return null
  const best = Math.min(...all.map(({ inertia }) => inertia))
  const most = Math.max(...all.map(({ inertia }) => inertia))
  const now = all[all.length - 1]
  const worse = best === 0 ? 0 : now.inertia / best - 1
  return (
    <p class="small quiet" data-tries>
      {all.length === 1
        ? 'Try another start: it may end elsewhere.'
        : worse > 1e-9
          ? `This start ended ${worse < 0.01 ? 'a little' : percent(worse)} above the best of ${all.length} starts: a local optimum.`
          : most / Math.max(best, Number.MIN_VALUE) - 1 <= 1e-9
            ? `All ${all.length} starts ended alike, at inertia ${brief(best, 4)}.`
            : `The best of ${all.length} starts: inertia ${brief(best, 4)}; the others ended at up to ${brief(most, 4)}.`}
    </p>
  )
}
