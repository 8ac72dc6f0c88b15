import type { Matrix } from 'nigh'
import { columnOf } from '../../show/plane.ts'
import type { Pen } from '../draw.ts'
import type { Figure } from '../figure.ts'
import { scatterFigure } from './scatter.ts'

/**
 * Places as on a map: longitude across, latitude up. The map is cut in the widest stretch without a place, so that
 * clusters on both sides of the 180th meridian stay whole.
 *
 * @param matrix n × 2: latitude, longitude, in degrees
 * @param centres the middle of each group: latitude, longitude
 */
export function placesFigure(
  pen: Pen,
  matrix: Matrix,
  groups: Uint32Array,
  names: readonly string[],
  centres: readonly (readonly number[])[],
  [latitude, longitude]: readonly string[],
  rest: string,
): Figure {
  const y = columnOf(matrix, 0)
  const { x, cut } = unrolled(columnOf(matrix, 1))
  const moved =
    cut === null ? '' : ` The map begins at ${longitudeText(cut)}, behind the widest stretch without a place.`
  return scatterFigure(
    pen,
    {
      x,
      y,
      groups,
      names,
      xTitle: longitude,
      yTitle: latitude,
      xAxis: { text: longitudeText },
      yAxis: { text: latitudeText },
      middles: centres.map(([up, across]) => ({
        x: cut !== null && across < cut ? across + 360 : across,
        y: up,
      })),
    },
    {
      name: 'scatter',
      title: 'Clusters on the map',
      says: `The places, ${longitude} across and ${latitude} up.${moved} ${rest}`,
      centred: true,
      map: true,
    },
  )
}

/** Longitudes that rise from the widest gap on; the cut is null where that is at the 180th meridian, as on most maps. */
function unrolled(longitudes: Float64Array): { readonly x: Float64Array; readonly cut: number | null } {
  const sorted = Float64Array.from(longitudes).sort()
  const last = sorted.length - 1
  let widest = sorted[0] + 360 - sorted[last]
  let cut: number | null = null
  for (let i = 1; i <= last; i++) {
    if (sorted[i] - sorted[i - 1] <= widest) continue
    widest = sorted[i] - sorted[i - 1]
    cut = sorted[i]
  }
  const start = cut
  return {
    x: start === null ? longitudes : longitudes.map((value) => (value < start ? value + 360 : value)),
    cut,
  }
}

/** "47.10° N, 15.40° E" */
export function placeText([latitude, longitude]: readonly number[]): string {
  return `${latitudeText(latitude)}, ${longitudeText(longitude)}`
}

function longitudeText(value: number): string {
  const around = ((((value + 180) % 360) + 360) % 360) - 180
  return degrees(around, Math.abs(around) === 180 ? '' : around < 0 ? ' W' : ' E')
}

function latitudeText(value: number): string {
  return degrees(value, value < 0 ? ' S' : ' N')
}

function degrees(value: number, side: string): string {
  const size = Math.abs(value)
  return `${Number(size.toFixed(2))}°${size === 0 ? '' : side}`
}
