// Draws points, in a worker: a million of them take some tens of milliseconds, and the page does not feel them.

/** What part of the plane is shown. */
export interface Frame {
  readonly left: number
  readonly right: number
  readonly bottom: number
  readonly top: number
}

export type ToPainter =
  | { readonly type: 'points'; readonly x: Float32Array; readonly y: Float32Array }
  | {
      readonly type: 'groups'
      readonly groups: Int16Array | null
      readonly count: number
      /** A group that is drawn over the others, always with its shape; −1 for none. */
      readonly raised: number
    }
  | { readonly type: 'where'; readonly id: number; readonly points: Uint32Array }
  | {
      readonly type: 'paint'
      readonly id: number
      readonly frame: Frame
      readonly width: number
      readonly height: number
      readonly scale: number
      readonly colors: readonly (readonly [number, number, number])[]
      readonly paper: string
    }
  | { readonly type: 'loop'; readonly id: number; readonly corners: readonly (readonly [number, number])[] }
  | {
      readonly type: 'near'
      readonly id: number
      readonly x: number
      readonly y: number
      readonly reachX: number
      readonly reachY: number
    }

export type FromPainter =
  | { readonly type: 'extent'; readonly extent: Frame; readonly bulk: Frame; readonly outside: number }
  | { readonly type: 'hubs'; readonly hubs: readonly (readonly [number, number])[] }
  | { readonly type: 'painted'; readonly id: number; readonly frame: Frame; readonly bitmap: ImageBitmap }
  | { readonly type: 'inside'; readonly id: number; readonly points: Uint32Array }
  | { readonly type: 'nearest'; readonly id: number; readonly point: number }
  | { readonly type: 'places'; readonly id: number; readonly places: readonly (readonly [number, number])[] }

let x: Float32Array = new Float32Array(0)
let y: Float32Array = new Float32Array(0)
let groups: Int16Array | null = null
let groupCount = 0
let raised = -1

/** Up to so many points are drawn with their shapes; more become pixels whose density shows. */
const SHAPED = 12_000

function post(message: FromPainter, transfer: Transferable[] = []): void {
  globalThis.postMessage(message, { transfer })
}

globalThis.addEventListener('message', ({ data }: MessageEvent<ToPainter>) => {
  switch (data.type) {
    case 'points':
      x = data.x
      y = data.y
      groups = null
      post(extents())
      return
    case 'groups':
      groups = data.groups
      groupCount = data.count
      raised = data.raised
      post({ type: 'hubs', hubs: hubs() })
      return
    case 'paint':
      paint(data)
      return
    case 'loop':
      post({ type: 'inside', id: data.id, points: inside(data.corners) })
      return
    case 'where':
      post({
        type: 'places',
        id: data.id,
        places: Array.from(data.points, (point) => [x[point], y[point]] as const),
      })
      return
    case 'near':
      post({ type: 'nearest', id: data.id, point: nearest(data.x, data.y, data.reachX, data.reachY) })
  }
})

function extentOf(): Frame {
  let left = Number.POSITIVE_INFINITY
  let right = Number.NEGATIVE_INFINITY
  let bottom = Number.POSITIVE_INFINITY
  let top = Number.NEGATIVE_INFINITY
  for (let i = 0; i < x.length; i++) {
    if (Number.isNaN(x[i]) || Number.isNaN(y[i])) continue
    if (x[i] < left) left = x[i]
    if (x[i] > right) right = x[i]
    if (y[i] < bottom) bottom = y[i]
    if (y[i] > top) top = y[i]
  }
  if (left > right) return { left: 0, right: 1, bottom: 0, top: 1 }
  const wide = right - left || Math.abs(left) || 1
  const high = top - bottom || Math.abs(bottom) || 1
  return {
    left: left - wide * 0.04,
    right: right + wide * 0.04,
    bottom: bottom - high * 0.04,
    top: top + high * 0.04,
  }
}

/** What holds all points, and what holds nearly all: a few far ones would press the others into a corner. */
function extents(): FromPainter & { readonly type: 'extent' } {
  const extent = extentOf()
  const [left, right] = bulkOf(x, extent.left, extent.right)
  const [bottom, top] = bulkOf(y, extent.bottom, extent.top)
  const bulk = { left, right, bottom, top }
  let outside = 0
  for (let i = 0; i < x.length; i++) {
    if (x[i] < left || x[i] > right || y[i] < bottom || y[i] > top) outside++
  }
  return { type: 'extent', extent, bulk, outside }
}

/** The range of 99 in 100 values with room around it, where that is much less than the whole; else the whole. */
function bulkOf(values: Float32Array, from: number, to: number): readonly [number, number] {
  const step = Math.max(1, Math.floor(values.length / 20_000))
  const sample = Float32Array.from({ length: Math.floor(values.length / step) }, (_, i) => values[i * step])
    .filter((value) => !Number.isNaN(value))
    .sort()
  if (sample.length < 100) return [from, to]
  const low = sample[Math.floor(sample.length * 0.005)]
  const high = sample[Math.floor(sample.length * 0.995)]
  const room = (high - low) * 0.15
  return high > low && (high - low + 2 * room) * 1.6 < to - from
    ? [Math.max(from, low - room), Math.min(to, high + room)]
    : [from, to]
}

/** The middle of each group: the mean of its places. */
function hubs(): (readonly [number, number])[] {
  if (groups === null) return []
  const sums = new Float64Array(groupCount * 3)
  for (let i = 0; i < x.length; i++) {
    const group = groups[i]
    if (group < 0 || Number.isNaN(x[i]) || Number.isNaN(y[i])) continue
    sums[group * 3] += x[i]
    sums[group * 3 + 1] += y[i]
    sums[group * 3 + 2]++
  }
  return Array.from(
    { length: groupCount },
    (_, g) => [sums[g * 3] / sums[g * 3 + 2], sums[g * 3 + 1] / sums[g * 3 + 2]] as const,
  )
}

function paint(ask: ToPainter & { readonly type: 'paint' }): void {
  const { frame, colors, scale } = ask
  const width = Math.max(1, Math.round(ask.width * scale))
  const height = Math.max(1, Math.round(ask.height * scale))
  const canvas = new OffscreenCanvas(width, height)
  const pen = canvas.getContext('2d')
  if (pen === null) return
  const toX = width / (frame.right - frame.left)
  const toY = height / (frame.top - frame.bottom)
  let visible = 0
  for (let i = 0; i < x.length; i++) {
    const px = (x[i] - frame.left) * toX
    const py = (frame.top - y[i]) * toY
    if (px >= 0 && px < width && py >= 0 && py < height) visible++
  }
  if (visible <= SHAPED) shapes(pen, frame, toX, toY, width, height, colors, scale, visible, ask.paper)
  else {
    density(pen, frame, toX, toY, width, height, colors)
    if (raised >= 0) raise(pen, frame, toX, toY, width, height, colors, scale, ask.paper)
  }
  const bitmap = canvas.transferToImageBitmap()
  post({ type: 'painted', id: ask.id, frame, bitmap }, [bitmap])
}

function colorAt(
  colors: readonly (readonly [number, number, number])[],
  group: number,
): readonly [number, number, number] {
  return group < 0 ? colors[colors.length - 1] : colors[group % (colors.length - 1)]
}

/** Points with their own shapes, small ones first made paler by a thin line of paper around each. */
function shapes(
  pen: OffscreenCanvasRenderingContext2D,
  frame: Frame,
  toX: number,
  toY: number,
  width: number,
  height: number,
  colors: readonly (readonly [number, number, number])[],
  scale: number,
  visible: number,
  paper: string,
): void {
  const radius = scale * (visible < 600 ? 4 : visible < 3000 ? 3 : 2.2)
  const kinds = groups === null ? 1 : groupCount + 1
  const stamps = Array.from({ length: kinds }, (_, kind) =>
    stampOf(colorAt(colors, kind - 1), kind - 1, radius, scale, paper),
  )
  const half = stamps[0].width / 2
  for (let i = 0; i < x.length; i++) {
    if (raised >= 0 && groups?.[i] === raised) continue
    const px = (x[i] - frame.left) * toX
    const py = (frame.top - y[i]) * toY
    if (!(px >= -half && px < width + half && py >= -half && py < height + half)) continue
    pen.drawImage(stamps[groups === null ? 0 : groups[i] + 1], px - half, py - half)
  }
  if (raised >= 0) raise(pen, frame, toX, toY, width, height, colors, scale, paper)
}

function stampOf(
  [r, g, b]: readonly [number, number, number],
  group: number,
  radius: number,
  scale: number,
  paper: string,
): OffscreenCanvas {
  const size = Math.ceil(radius * 3.4 + 2 * scale)
  const stamp = new OffscreenCanvas(size, size)
  const pen = stamp.getContext('2d')
  if (pen === null) return stamp
  pen.translate(size / 2, size / 2)
  pen.beginPath()
  const shape = group < 0 ? 0 : group % 3
  if (shape === 1) {
    const side = radius * 2.6935
    const tall = side * 0.866
    pen.moveTo(0, (-2 * tall) / 3)
    pen.lineTo(side / 2, tall / 3)
    pen.lineTo(-side / 2, tall / 3)
    pen.closePath()
  } else if (shape === 2) pen.rect(-radius * 0.886, -radius * 0.886, radius * 1.772, radius * 1.772)
  else pen.arc(0, 0, radius, 0, 2 * Math.PI)
  pen.fillStyle = `rgb(${r} ${g} ${b} / 82%)`
  pen.fill()
  pen.strokeStyle = paper
  pen.lineWidth = 0.6 * scale
  pen.stroke()
  return stamp
}

/** The group that stands out, over the density of the others. */
function raise(
  pen: OffscreenCanvasRenderingContext2D,
  frame: Frame,
  toX: number,
  toY: number,
  width: number,
  height: number,
  colors: readonly (readonly [number, number, number])[],
  scale: number,
  paper: string,
): void {
  if (groups === null) return
  const stamp = stampOf(colorAt(colors, raised), raised, 3.2 * scale, scale, paper)
  const half = stamp.width / 2
  for (let i = 0; i < x.length; i++) {
    if (groups[i] !== raised) continue
    const px = (x[i] - frame.left) * toX
    const py = (frame.top - y[i]) * toY
    if (px >= -half && px < width + half && py >= -half && py < height + half)
      pen.drawImage(stamp, px - half, py - half)
  }
}

/** Many points: each adds its colour to a few pixels; the more meet, the fuller the pixel. */
function density(
  pen: OffscreenCanvasRenderingContext2D,
  frame: Frame,
  toX: number,
  toY: number,
  width: number,
  height: number,
  colors: readonly (readonly [number, number, number])[],
): void {
  const hits = new Uint32Array(width * height)
  const red = new Uint32Array(width * height)
  const green = new Uint32Array(width * height)
  const blue = new Uint32Array(width * height)
  for (let i = 0; i < x.length; i++) {
    const px = ((x[i] - frame.left) * toX) | 0
    const py = ((frame.top - y[i]) * toY) | 0
    if (
      !(px >= 0 && px < width - 1 && py >= 0 && py < height - 1) ||
      Number.isNaN(x[i]) ||
      Number.isNaN(y[i])
    )
      continue
    const [r, g, b] = colorAt(colors, groups === null ? -1 : groups[i])
    const at = py * width + px
    for (let k = 0; k < 4; k++) {
      const place = at + (k & 1) + (k >> 1) * width
      hits[place]++
      red[place] += r
      green[place] += g
      blue[place] += b
    }
  }
  const image = pen.createImageData(width, height)
  const { data } = image
  for (let at = 0; at < hits.length; at++) {
    const n = hits[at]
    if (n === 0) continue
    data[4 * at] = red[at] / n
    data[4 * at + 1] = green[at] / n
    data[4 * at + 2] = blue[at] / n
    data[4 * at + 3] = 255 * (1 - Math.exp(-0.32 * n))
  }
  pen.putImageData(image, 0, 0)
}

/** Points inside a polygon, by the rule of crossings. */
function inside(corners: readonly (readonly [number, number])[]): Uint32Array {
  const found: number[] = []
  for (let i = 0; i < x.length; i++) {
    let crossings = 0
    for (let a = 0, b = corners.length - 1; a < corners.length; b = a++) {
      const [ax, ay] = corners[a]
      const [bx, by] = corners[b]
      if (ay > y[i] !== by > y[i] && x[i] < ((bx - ax) * (y[i] - ay)) / (by - ay) + ax) crossings++
    }
    if (crossings % 2 === 1) found.push(i)
  }
  return Uint32Array.from(found)
}

/** The nearest point within reach, distances counted in reaches; −1 where there is none. */
function nearest(atX: number, atY: number, reachX: number, reachY: number): number {
  let least = 1
  let best = -1
  for (let i = 0; i < x.length; i++) {
    const sq = ((x[i] - atX) / reachX) ** 2 + ((y[i] - atY) / reachY) ** 2
    if (sq < least) {
      least = sq
      best = i
    }
  }
  return best
}
