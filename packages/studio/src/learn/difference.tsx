import type { JSX } from 'preact'
import { lit } from './state.ts'

/** Whether the lit row was pressed: it then stays lit while its parts are looked at. */
let pinned = false

function press(part: string): void {
  pinned = !(pinned && lit.peek() === part)
  lit.value = pinned ? part : ''
  if (!pinned) return
  // What is lit may lie above the window.
  requestAnimationFrame(() => {
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    document.querySelector('.pair')?.scrollIntoView({ block: 'start', behavior: still ? 'auto' : 'smooth' })
  })
}

function point(part: string): void {
  if (!pinned) lit.value = part
}

const rows: readonly {
  readonly part: string
  readonly what: string
  readonly kmeans: string
  readonly knn: string
}[] = [
  {
    part: 'learning',
    what: 'Kind of learning',
    kmeans: 'Unsupervised: there are no labels, only places. All points look alike.',
    knn: 'Supervised: every point has a label (or a value), shown by colour and shape.',
  },
  {
    part: 'use',
    what: 'Use',
    kmeans: 'Finding groups: customer segments, kinds of pages, colours of a picture.',
    knn: 'Predicting: the class or the number of something new, from what is known.',
  },
  {
    part: 'k',
    what: 'K is',
    kmeans: 'how many clusters: K centroids are looked for.',
    knn: 'how many neighbours: K observations are asked for each answer.',
  },
  {
    part: 'training',
    what: 'Training',
    kmeans: 'Assign and update in turn, until the means stop moving.',
    knn: 'None: the observations are kept, and that is all.',
  },
  {
    part: 'prediction',
    what: 'A new point gets',
    kmeans: 'the number of its nearest centroid.',
    knn: 'what its K nearest observations vote for, or their mean.',
  },
]

/** The two methods, row by row. A row lights what it speaks of in both panels. */
export function Difference(): JSX.Element {
  return (
    <section class="card" aria-labelledby="difference-title">
      <h2 id="difference-title">The difference, row by row</h2>
      <p class="small quiet">
        Point at a row: both panels show the part that it speaks of. Press it, and it stays.
      </p>
      <table class="difference">
        <thead>
          <tr>
            <th scope="col">
              <span class="hidden-text">Aspect</span>
            </th>
            <th scope="col">K-Means</th>
            <th scope="col">KNN</th>
          </tr>
        </thead>
        <tbody onPointerLeave={() => point('')}>
          {rows.map(({ part, what, kmeans, knn }) => (
            <tr
              key={part}
              data-on={lit.value === part}
              onPointerEnter={(event) => event.pointerType === 'mouse' && point(part)}
            >
              <th scope="row">
                <button
                  type="button"
                  aria-pressed={lit.value === part}
                  onFocus={() => point(part)}
                  onBlur={() => {
                    pinned = false
                    lit.value = ''
                  }}
                  onClick={() => press(part)}
                >
                  {what}
                </button>
              </th>
              <td>{kmeans}</td>
              <td>{knn}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  )
}
