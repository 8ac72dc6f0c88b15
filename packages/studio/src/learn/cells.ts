import { HEIGHT, WIDTH, type Spot } from './lesson.ts'

/**
 * The Voronoi cells of centroids on the board: for each, the polygon of all places that are nearer to it than to any
 * other. The board, cut by the perpendicular bisector with each other centroid; k² cuts are nothing for k up to 10.
 */
export function cellsOf(centroids: readonly Spot[]): Spot[][] {
  return centroids.map((own, c) => {
    let polygon: Spot[] = [
      { x: 0, y: 0 },
      { x: WIDTH, y: 0 },
      { x: WIDTH, y: HEIGHT },
      { x: 0, y: HEIGHT },
    ]
    for (const [o, other] of centroids.entries()) {
      if (o === c || (other.x === own.x && other.y === own.y)) continue
      polygon = cut(polygon, own, other)
    }
    return polygon
  })
}

/** What is left of a polygon on the own side of the bisector. */
function cut(polygon: readonly Spot[], own: Spot, other: Spot): Spot[] {
  const nx = other.x - own.x
  const ny = other.y - own.y
  const middle = (nx * (own.x + other.x) + ny * (own.y + other.y)) / 2
  const side = ({ x, y }: Spot): number => nx * x + ny * y - middle
  const kept: Spot[] = []
  for (const [i, a] of polygon.entries()) {
    const b = polygon[(i + 1) % polygon.length]
    const [sa, sb] = [side(a), side(b)]
    if (sa <= 0) kept.push(a)
    if (sa < 0 !== sb < 0 && sa !== sb) {
      const t = sa / (sa - sb)
      kept.push({ x: a.x + t * (b.x - a.x), y: a.y + t * (b.y - a.y) })
    }
  }
  return kept
}
