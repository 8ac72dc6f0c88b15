// Faults planted by hand, one at a time, in a copy of the core: each is a mistake that somebody could make.
// `file` is where the fault lies, below packages/nigh; `from` must occur in it (the first occurrence is changed; blanks
// and line ends may differ). Code that moved to another file is found there, as long as it occurs only once.
// `tests` are those that could see it, the quickest first: the first that fails ends the search.

const src = 'packages/nigh/src'
const kmeans = [
  [`${src}/kernels`, `${src}/engine/working-copy.test.ts`],
  [`${src}/kmeans/kmeans.test.ts`, `${src}/kmeans/options.test.ts`],
  [`${src}/kmeans`, `${src}/engine`, 'packages/nigh/fixtures/kmeans.golden.test.ts'],
]
const near = [
  [`${src}/engine/near.test.ts`, `${src}/indexes`],
  [`${src}/knn`, `${src}/metrics`],
]
const votes = [[`${src}/knn`]]
const data = [
  [`${src}/data`, 'packages/nigh/test/weights.test.ts'],
  [`${src}/kmeans`, `${src}/knn`],
]
const files = [
  [`${src}/files`, 'packages/nigh/test/model-files.test.ts'],
  [`${src}/kmeans`, `${src}/knn`],
]
const family = [[`${src}/family`]]
const anomaly = [[`${src}/anomaly`]]
const scores = [[`${src}/evaluate`]]
const command = [['packages/cli/src/config.test.ts', 'packages/cli/src/commands/commands.test.ts']]

/** A fifth entry says why no test can notice: such faults are planted too, and count as missed. */
const plant = (tests, file, list) =>
  list.map(([about, from, to, why = null]) => ({ tests, file, about, from, to, why }))

// Not planted: a distance for rows of weight 0 in seeding. Nothing reads it, so no test can notice.
export const faults = [
  ...plant(kmeans, 'assembly/settle.ts', [
    [
      'ties: the last place, not the smaller index',
      '(sq == bestSq && c < winner)',
      '(sq == bestSq && c > winner)',
    ],
    [
      'ties: the first place, not the smaller index',
      'if (sq < bestSq || (sq == bestSq && c < winner)) {',
      'if (sq < bestSq) {',
    ],
    ['a group is left out too soon', 'if (bound > reach) {', 'if (bound > reach * 0.7) {'],
    [
      'lower bound without the path of the others',
      'down32(other + otherPath, otherPath)',
      'down32(other + 2 * otherPath + 0.01, otherPath)',
    ],
    ['upper bound too low', 'up32(winnerUp - path, path)', 'up32(winnerUp * 0.98 - path, path)'],
    ['sums: the sign is forgotten', 'a *= whole * sign', 'a *= whole'],
    ['sums: the fine part is forgotten', 'b *= whole * sign', 'b *= 0'],
    ['sums: fractions of weights are forgotten', 'if (part != 0) {', 'if (part > 2) {'],
    [
      'rows of weight 0 count as changes',
      'if (!weights || load<f64>(weights + (row << 3)) != 0) countChanged()',
      'countChanged()',
    ],
    ['cluster 0 is never left', 'const taken = from >= 0', 'const taken = from > 0'],
    [
      'the second of the whole is lost',
      'if (sq < secondSq) secondSq = sq',
      'if (sq < secondSq) secondSq = sq * 4',
    ],
    [
      'four rows at a time: upper bounds too low',
      'const kept = f32x4.sub(up, path)',
      'const kept = f32x4.sub(f32x4.mul(up, f32x4.splat(0.97)), path)',
    ],
    [
      'four rows at a time: lower bounds too high',
      'const far = f32x4.add(other,',
      'const far = f32x4.add(f32x4.mul(other, f32x4.splat(1.05)),',
    ],
  ]),
  ...plant(kmeans, 'assembly/lanes.ts', [
    ['the last single centroid is left out', 'if (centroids & 1) {', 'if (centroids & 1 && centroids > 5) {'],
    [
      'the second best of the fourth of a block is lost',
      'second0 = i32x4.min_s(second0, i32x4.max_s(best0, a3))',
      'second0 = i32x4.min_s(second0, second0)',
    ],
    [
      'a turned pair goes astray',
      'v128.shuffle<i64>(t2, t3, 1, 3), 96)',
      'v128.shuffle<i64>(t2, t3, 0, 2), 96)',
    ],
  ]),
  ...plant(kmeans, 'assembly/scores.ts', [
    [
      'keys are taken for exact scores',
      'errorFlat += 2.001 * <f64>(keyBits + 1) * <f64>narrowUnit',
      'errorFlat += 0 * <f64>(keyBits + 1) * <f64>narrowUnit',
    ],
  ]),
  ...plant(kmeans, 'src/engine/working-copy.ts', [
    [
      'narrow scores may overflow',
      'while (step < FARTHEST_STEP && !this.#fits(',
      'while (step < 0 && !this.#fits(',
    ],
  ]),
  ...plant(kmeans, 'assembly/active.ts', [
    [
      'few centroids: rows are due too late',
      'f32x4.sub(v128.load(lower + at), kept), f32x4.splat(1 - 4e-7))',
      'f32x4.sub(v128.load(lower + at), kept), f32x4.splat(1.3))',
    ],
    [
      'few centroids: half gaps too wide',
      'f32x4.lt(u, gathered(halfGaps, o0',
      'f32x4.lt(f32x4.mul(u, f32x4.splat(0.7)), gathered(halfGaps, o0',
    ],
    [
      'upper bounds shrink on the way',
      'f32x4.add(v128.load(upperAt + at), p), wider)',
      'f32x4.add(v128.load(upperAt + at), p), f32x4.splat(0.9))',
    ],
    [
      'lower bounds grow on the way',
      'f32x4.sub(v128.load(lowerAt + at), o), narrower)',
      'f32x4.sub(v128.load(lowerAt + at), o), f32x4.splat(1.2))',
    ],
  ]),
  ...plant(kmeans, 'assembly/groups.ts', [
    [
      'groups are asked within half the reach',
      'i16x8.le_u(bound, reach)',
      'i16x8.le_u(bound, i16x8.shr_u(reach, 1))',
    ],
    [
      'groups: paths count twice',
      'i32x4.min_s(whole, most), came)',
      'i32x4.min_s(whole, most), i32x4.add(came, came))',
    ],
    [
      'groups: the second best of another group is lost',
      'store<f32>(slot, min(min(load<f32>(slot, 4), best), second), 4)',
      'store<f32>(slot, second, 4)',
    ],
    [
      'groups: the own centroid is not among the others once it was left',
      'if (ownLow < groupBound(at, own)) keepGroupBound(at, own, ownLow)',
      '',
    ],
  ]),
  ...plant(kmeans, 'src/engine/packed-centroids.ts', [
    [
      'groups: paths start over, bounds do not',
      'memory.u16(this.#record.get(GROUP_LOWER), bounds).fill(0)',
      '',
    ],
    ['groups: half the path', 'up[g] = Math.ceil(paths[g] / unit)', 'up[g] = Math.ceil(paths[g] / unit / 2)'],
  ]),
  ...plant(kmeans, 'assembly/hash.ts', [
    ['−0 and 0 hash apart', 'a = f64x2.add(a, f64x2.splat(0))', 'a = f64x2.sub(a, f64x2.splat(0))'],
  ]),
  ...plant(kmeans, 'assembly/seed.ts', [
    [
      'fractions put back with the wrong sign',
      '-whole, whole - weight, big1, big2',
      '-whole, weight - whole, big1, big2',
    ],
    [
      'the floor forgets the error of the products',
      '- sq * scaleSq) * 0.5 - halfError',
      '- sq * scaleSq * 0.9) * 0.5',
    ],
    [
      'old distances stay in the buckets',
      'if (!first) addOnTwo(bucket, load<f64>(sqs + (row << 3))',
      'if (first) addOnTwo(bucket, load<f64>(sqs + (row << 3))',
    ],
    [
      'a row that comes nearer is left out',
      'if (!first && sq >= load<f64>(sqs + (row << 3))) continue',
      'if (!first && sq <= load<f64>(sqs + (row << 3))) continue',
    ],
  ]),
  ...plant(kmeans, 'src/kernels/scalar.ts', [
    ['ties: the larger index', 'if (sq < best) {', 'if (sq <= best) {'],
    [
      'inertia: fractions of weights are forgotten',
      'whole,\n      weight - whole,\n      f64[fields + SQ_GRID_1]',
      'whole,\n      0,\n      f64[fields + SQ_GRID_1]',
    ],
    ['ranges take absent rows', 'if (weights > 0 && f64[weights + i] === 0) continue', ''],
    ['sums: the sign is forgotten', 'b *= whole * sign', 'b *= whole'],
    ['absent rows count as changes', 'if (weights === 0 || f64[weights + i] !== 0) changed++', 'changed++'],
  ]),
  ...plant(kmeans, 'src/kmeans/lloyd.ts', [
    ['over although a cluster could be filled', '&& iterations > 1 && !filled', '&& iterations > 1'],
    ['a tie of starts: the later one', 'outcome.inertia < best.inertia', 'outcome.inertia <= best.inertia'],
    ['only the first start', 'if (best.inertia === 0) break', 'if (best.inertia >= 0) break'],
    [
      'labels of the last start',
      'yield* answer(engine.keepLabels())',
      'if (start > 0) continue\n      yield* answer(engine.keepLabels())',
    ],
    ['iterations one too many', 'let iterations = 0', 'let iterations = 1'],
    ['tolerance against the square', 'shift <= options.tolerance', 'shift * shift <= options.tolerance'],
    [
      'the centroid that moved least',
      'if (sq > longest) longest = sq',
      'if (sq < longest || longest === 0) longest = sq',
    ],
    [
      'stale labels at the limit',
      'if (!converged || assigned === null) assigned',
      'if (assigned === null) assigned',
    ],
    [
      'means divide by the coarse weight',
      'const weight = sums.weightCoarse[c] + sums.weightFine[c]\n    if',
      'const weight = Math.round(sums.weightCoarse[c] + sums.weightFine[c])\n    if',
    ],
    ['means without the fine part', '(sums.coarse[at] + sums.fine[at]) / weight', 'sums.coarse[at] / weight'],
    [
      'clusters of no use are kept',
      'if (empty.length > 0 && converged) {',
      'if (empty.length > 99 && converged) {',
    ],
    [
      'a row alone is moved for ever',
      'if (left === undefined) filled++',
      'filled++\n      if (left === undefined) continue',
    ],
  ]),
  ...plant(kmeans, 'src/kmeans/seeding.ts', [
    ['the candidate that gains least', 'gains[t] > gains[best]', 'gains[t] < gains[best]'],
    [
      'taken rows can be drawn again',
      "engine.draw('weight', random.uniform(), taken)",
      "engine.draw('weight', random.uniform(), [])",
    ],
  ]),
  ...plant(kmeans, 'src/kmeans/job.ts', [
    [
      'inertia keeps the scale',
      'inertia: outcome.inertia / factor / factor /',
      'inertia: outcome.inertia / factor /',
    ],
    [
      'counts keep the unit of the weights',
      'counts: outcome.counts.map((x) => x / job.weightScale)',
      'counts: outcome.counts.map((x) => x)',
    ],
    [
      'predict forgets the scale',
      'const centroids = job.centroids.map((x) => x * factor)',
      'const centroids = job.centroids.map((x) => x)',
    ],
    ['absent rows may overflow', 'let largest = largestAbsent(runner, rows)', 'let largest = 0'],
    ['inertia keeps the unit of the weights', '/ factor / job.weightScale', '/ factor'],
  ]),
  ...plant(kmeans, 'src/kmeans/grids.ts', [
    ['grids that overflow', 'Math.min(50, 52 -', 'Math.min(60, 62 -'],
    [
      'a fine grid as coarse as the coarse',
      'fine[j] = roundingConstant(exponent - 2 * bits - 1)',
      'fine[j] = roundingConstant(exponent - bits)',
    ],
    [
      'the origin is the minimum',
      'const middle = ranges.minima[j] + span / 2',
      'const middle = ranges.minima[j] + span / 2 + 1e-9 * span * ranges.weight',
    ],
  ]),
  ...plant(kmeans, 'src/kmeans/options.ts', [
    [
      'nInit beside given centroids passes',
      'if (given !== null && given > 1) {',
      'if (given !== null && given > 1e6) {',
    ],
    [
      'centroids of another width pass',
      'matrix.rows !== k || matrix.columns !== columns',
      'matrix.rows !== k',
    ],
    ['far centroids pass', 'Math.abs(x) > LARGEST', 'x > 1e308'],
    [
      'the caller’s centroids are used',
      'return Float64Array.from(matrix.values)',
      'return matrix.values instanceof Float64Array ? matrix.values : Float64Array.from(matrix.values)',
      'the first step, taken within the call, copies them again',
    ],
  ]),
  ...plant(kmeans, 'src/engine/local-fit.ts', [
    ['far rows: ties to the larger row', 'compareRows(row, best.row) < 0', 'compareRows(row, best.row) > 0'],
    [
      'far rows may be absent',
      'if (sq === 0 || (weight !== null && weight[i] === 0)) continue',
      'if (sq === 0) continue',
    ],
    ['relocated rows keep their bounds', 'upper[i] = Number.POSITIVE_INFINITY', ''],
  ]),
  ...plant(kmeans, 'src/engine/local-seeding.ts', [
    [
      'canonical order by row number',
      'hashes[a] - hashes[b] || byContent(a, b)',
      'hashes[a] - hashes[b]',
      'needs rows of different content whose hashes of 32 bits are equal',
    ],
  ]),
  ...plant(kmeans, 'src/engine/packed-centroids.ts', [
    ['paths too short', '* scale * widening + 1e-300', '* scale * 0.5 + 1e-300'],
    ['the mover’s own path', '(c === mover ? second : longest)', 'second'],
    ['half gaps too long', '0.5 * Math.sqrt(gapsSq[c])', '0.9 * Math.sqrt(gapsSq[c])'],
  ]),
  ...plant(kmeans, 'src/engine/centroid-groups.ts', [
    [
      'a centroid stands in the group before its own',
      'groupOf[order[i]] = g',
      'groupOf[order[i]] = Math.max(0, g - 1)',
    ],
  ]),
  ...plant(near, 'assembly/select.ts', [
    [
      'ties: the larger row',
      'sqA > sqB || (sqA == sqB && rowA > rowB)',
      'sqA > sqB || (sqA == sqB && rowA < rowB)',
    ],
    ['ties: whichever came first', 'sqA > sqB || (sqA == sqB && rowA > rowB)', 'sqA > sqB'],
    [
      'heap: only the left child',
      'if (after(otherSq, otherRow, childSq, childRow)) {',
      'if (otherSq < -1) {',
    ],
  ]),
  ...plant(near, 'assembly/flat.ts', [
    ['radius excluded', 'sq <= number(record, LIMIT_SQ)', 'sq < number(record, LIMIT_SQ)'],
    [
      'slices: a tie ends the slice',
      'found == k && sq > load<f64>(sqs)',
      'found == k && sq >= load<f64>(sqs)',
      'slices come in the order of their rows, so that a later one never wins a tie',
    ],
    [
      'a row is its own neighbour',
      'const own = self < 0 ? -1 : self + load<i32>(slot + Q_QUERY)',
      'const own = -1',
    ],
    [
      'the residual of the first row stands for all',
      'worst = max(worst, packRow(record, i, scratch, row, half))',
      'const cut = packRow(record, i, scratch, row, half)\n        if (worst == 0) worst = cut',
    ],
  ]),
  ...plant(near, 'assembly/kdtree.ts', [
    [
      'rounding of the rows is forgotten',
      'if (residualSq > worst) worst = residualSq',
      'if (residualSq < 0) worst = residualSq',
    ],
    [
      'a row is its own neighbour',
      'const own: u32 = self < 0 ? NO_ROW : <u32>self + i',
      'const own: u32 = NO_ROW',
    ],
    ['boxes are left out too soon', 'near <= threshold &&', 'near <= threshold * 0.9 &&'],
  ]),
  ...plant(near, 'src/indexes/selection.ts', [
    [
      'ties: the larger row is admitted',
      'rank === this.worstRank && row < this.worstRow',
      'rank === this.worstRank && row > this.worstRow',
    ],
    ['ties: the larger row stands first', 'rows[at - 1] > row', 'rows[at - 1] < row'],
    ['heap: ties are not looked at', '(rank === ranks[parent] && row > rows[parent])', 'false'],
    ['heap: the smaller child', 'ranks[right] > ranks[child] ||', 'ranks[right] < ranks[child] ||'],
  ]),
  ...plant(near, 'src/indexes/kdtree.ts', [
    [
      'a tie prunes',
      'if (!best.admits(bounds[depth], smallest[node])) continue',
      'if (bounds[depth] >= best.worstRank) continue',
    ],
    ['a row is its own neighbour', 'const skip = self ? query : -1', 'const skip = -1'],
    ['radius excluded', 'if (rank <= limit && row !== skip', 'if (rank < limit && row !== skip'],
    [
      'boxes leave a row out',
      'if (x > highs[box + j]) highs[box + j] = x',
      'if (x > highs[box + j] && position > start) highs[box + j] = x',
    ],
    [
      'the filter is forgotten',
      'best.admits(rank, row) && (live === undefined || live[row] === 1)',
      'best.admits(rank, row)',
    ],
  ]),
  ...plant(near, 'src/metrics/euclidean.ts', [
    ['one row of four', 's3 += t3 * t3', 's3 += t2 * t3'],
    ['boxes: the far side', 'x > highs[b] ? x - highs[b] : 0', 'x > highs[b] ? x - lows[b] : 0'],
  ]),
  ...plant(votes, 'src/knn/class-votes.ts', [
    [
      'votes: ties to the later class',
      'votes.values[start + c] > votes.values[start + best]',
      'votes.values[start + c] >= votes.values[start + best]',
    ],
    ['votes: weights are forgotten', '+= votes[at - offsets[query]]', '+= 1'],
    ['shares that do not sum to 1', 'values[start + c] /= sum', 'values[start + c] /= sum + 1'],
  ]),
  ...plant(votes, 'src/knn/number-means.ts', [
    ['means divide by the number', 'let mean = sum / total', 'let mean = sum / (end - start)'],
    [
      'means of the wrong output',
      'targets[rows[at] * outputs + j]\n      let mean',
      'targets[rows[at] * outputs]\n      let mean',
    ],
  ]),
  ...plant(votes, 'src/knn/vote-weights.ts', [
    [
      'coincident rows do not stand alone',
      'distance === nearest ? 1 : nearest / distance',
      'distance === nearest ? 1 : (nearest + 1) / (distance + 1)',
    ],
    ['copies count once', 'votes[place] *= copies[at + place]', ''],
  ]),
  ...plant(data, 'src/data/weights.ts', [
    [
      'negative weights pass',
      'weight >= 0 && weight < Number.POSITIVE_INFINITY',
      'weight < Number.POSITIVE_INFINITY',
    ],
    ['only zeros pass', 'if (largest === 0) {', 'if (largest < 0) {'],
    ['weights are not brought to size', 'values[i] /= unit', ''],
  ]),
  ...plant(files, 'src/kmeans/kmeans.ts', [
    ['a label beyond k passes', 'label >= k', 'label > k'],
    ['the seed is not saved', "seed: fields.integer('seed', 0)", "seed: fields.integer('seed', 0) * 0"],
    [
      'the scale is not saved',
      'exponent: this.#exponent,\n        warnings',
      'exponent: 0,\n        warnings',
    ],
  ]),
  ...plant(data, 'src/data/encoder-columns.ts', [
    ['a constant column divides by 0', 'scale: spread === 0 ? 1 : spread', 'scale: spread'],
    ['half of the range between quartiles', 'spread = high - low', 'spread = high - middle'],
    [
      'absent rows vote on what fills a gap',
      'column.values[i] === 255 || weight === 0',
      'column.values[i] === 255',
    ],
    [
      'categories in the order of the file',
      'column.categories[c]).sort(byCodeUnits)',
      'column.categories[c])',
    ],
  ]),
  ...plant(files, 'src/files/model-file.ts', [
    [
      'a bit of each byte of the digest is not looked at',
      'if (digest[i] === bytes[digestAt + i]) continue',
      'if ((digest[i] & 127) === (bytes[digestAt + i] & 127)) continue',
    ],
    [
      'bytes beyond the tensors pass',
      'if (at !== dataBytes + DIGEST_BYTES)',
      'if (at > dataBytes + DIGEST_BYTES)',
      'the header, written again from what was read, is another then, and is refused for that',
    ],
    ['settings in another spelling pass', '|| stringify(meta) !== metaText', ''],
    ['a shape is not held against its bytes', 'to - from !== count * TENSOR_SIZES[type]', 'to - from < 0'],
  ]),
  ...plant(family, 'src/family/partition.ts', [
    [
      'ties: the larger index',
      'if (cost < least) {\n        least = cost\n        best = c',
      'if (cost <= least) {\n        least = cost\n        best = c',
    ],
    [
      'an empty cluster stays empty',
      'if (counts[c] > 0) continue\n    let far',
      'if (counts[c] >= 0) continue\n    let far',
    ],
    ['weights do not count', 'cost += rows.weights[i] * costs[i]', 'cost += costs[i]'],
    ['the candidate that gains least', 'if (sum < least) {', 'if (sum > least || bestRow < 0) {'],
  ]),
  ...plant(family, 'src/family/kmeans-1d.ts', [
    [
      'ties: the later break',
      '// Strict <: the earlier break on a tie.\n        if (cost < least)',
      'if (cost <= least)',
    ],
    [
      'bounds that leave out the best',
      'open.push(j + 1, jTo, at, iTo)',
      'open.push(j + 1, jTo, at + 1, iTo)',
    ],
  ]),
  ...plant(family, 'src/family/bounded-assignment.ts', [
    [
      'the smallest size is not kept',
      'Math.min(this.#maxSize, Math.max(this.#minSize, size))',
      'Math.min(this.#maxSize, size)',
    ],
    [
      'the dearest row goes',
      'difference < 0 || (difference === 0 && x < y)',
      'difference > 0 || (difference === 0 && x < y)',
    ],
  ]),
  ...plant(family, 'src/family/medoid-swaps.ts', [
    [
      'the second nearest is not kept',
      '} else if (d < second[o]) {\n        second[o] = d',
      '} else if (d < 0) {\n        second[o] = d',
    ],
    [
      'a medoid that costs least goes',
      'if (change[c] < change[best]) best = c',
      'if (change[c] > change[best]) best = c',
    ],
  ]),
  ...plant(anomaly, 'src/anomaly/local-outlier-factor.ts', [
    ['distances that reach nowhere', 'Math.max(reaches[indices[at]], distances[at])', 'distances[at]'],
    ['a heap of copies has a density of its own', 'if (reaches[i] === 0) heaped.push(i)', ''],
  ]),
  ...plant(anomaly, 'src/anomaly/threshold.ts', [
    ['a score on the threshold is an anomaly', 'score > threshold ? 1 : 0', 'score >= threshold ? 1 : 0'],
    ['no interpolation', '(at - Math.floor(at))', '0'],
  ]),
  ...plant(kmeans, 'assembly/lanes.ts', [
    ['the last pair of centroids bears one number', 'number = i32x4.splat(c + 1)', 'number = i32x4.splat(c)'],
    [
      'the second four rows are the first',
      'turn(rows, list + 16, width, space + 16)',
      'turn(rows, list, width, space + 16)',
    ],
  ]),
  ...plant(kmeans, 'assembly/rows.ts', [
    [
      'norms without the last columns',
      'for (; at < width; at += 4) {',
      'for (at += 4; at < width; at += 4) {',
    ],
    ['ranges take absent rows', 'if (weights && load<f64>(weights + ((<usize>i) << 3)) == 0) continue', ''],
    [
      'inertia: the second grid is left out',
      'const b = f64x2.sub(f64x2.add(left, grid2), grid2)',
      'const b = f64x2.splat(0)',
    ],
    [
      'half of what rounding cuts off counts',
      'f32x4.add(sums, v128.shuffle<i32>(sums, sums, 1, 0, 3, 2))',
      'sums',
    ],
    ['what fills up an odd row is what lay there', 'if (columns & 1) store<i16>(out, 0)', ''],
  ]),
  ...plant(kmeans, 'assembly/list.ts', [
    ['rows past the last are listed', 'while (next > list && load<i32>(next - 4) >= rows) next -= 4', ''],
    [
      'lists are filled up to four, not to eight',
      'const end = (length + multiple - 1) & -multiple',
      'const end = (length + 3) & -4',
    ],
  ]),
  ...plant(kmeans, 'assembly/tile.ts', [
    [
      'half a panel: the second row keeps its place',
      'at1 = v128.bitselect(placeA, at1, f32x4.lt(a1, best1))\n    best1 = f32x4.pmin(best1, a1)\n    a2',
      'best1 = f32x4.pmin(best1, a1)\n    a2',
    ],
    ['the second best of another lane is lost', 'second = f32x4.pmin(second, f32x4.pmax(best0, best2))', ''],
  ]),
  ...plant(kmeans, 'assembly/settle.ts', [
    [
      'who led before is not the second of his group',
      'groupSq = Math.min(groupSq, bestSq)',
      'groupSq = Math.min(groupSq, Infinity)',
    ],
    ['a group left out does not bound the others', 'if (bound < other) other = bound', ''],
  ]),
  ...plant(kmeans, 'assembly/groups.ts', [
    ['the own centroid is not among the rest', 'rest = Math.min(rest, ownLow)', ''],
    [
      'groups not seen do not bound the others',
      'const bestLow = Math.min(unseen, <f64>load<f32>(bounds))',
      'const bestLow = <f64>load<f32>(bounds)',
    ],
  ]),
  ...plant(kmeans, 'assembly/seed.ts', [
    [
      'rows are out of reach too soon',
      'const factor = scaleSq * (1 + 1e-12)',
      'const factor = scaleSq * 0.8',
    ],
    [
      'the row that stands in for those past the last counts again',
      'if (near - t < 4) bits &= (1 << ((near - t) << 3)) - 1',
      '',
    ],
    [
      'sure gains forget the weights',
      'load<f64>(at) + weight * Math.max(0, half - halfError)',
      'load<f64>(at) + Math.max(0, half - halfError)',
    ],
  ]),
  ...plant(near, 'assembly/flat-search.ts', [
    ['the halved norm was rounded down: forgotten', '2 * <f64>score + 1)', '2 * <f64>score - 1)'],
    ['the error counts once', 'WIDEN + 2 * load<f64>(slot + Q_ERROR)', 'WIDEN + load<f64>(slot + Q_ERROR)'],
    [
      'each slice offers the far rows',
      '(slice == 0 ? integer(record, FAR_COUNT) : 0)',
      'integer(record, FAR_COUNT)',
    ],
    [
      'a cut forgets the columns to come',
      '(load<f64>(rests + ((<usize>l) << 3)) + 1) * 0.5',
      '(load<f64>(rests + ((<usize>l) << 3)) + 1) * 0.25',
    ],
    [
      'slices hear of a threshold that ties may pass over',
      'store<i32>(slot + Q_THRESHOLD, load<i32>(known))',
      '',
    ],
  ]),
  ...plant(near, 'assembly/tree-search.ts', [
    [
      'the error counts once',
      'thresholdOf(<f64>nearest, 1, 2 * error, widen)',
      'thresholdOf(<f64>nearest, 1, error, widen)',
    ],
    [
      'ties with smaller rows are passed over',
      'if (load<u32>(firstRows + ((<usize>node) << 2)) < row) return false',
      '',
    ],
    [
      'keys that drop out are forgotten',
      'if (load<f32>(end - 4) <= threshold) {',
      'if (load<f32>(end - 4) < 0) {',
    ],
  ]),
  ...plant(near, 'assembly/tree-build.ts', [
    ['a place without a point holds one', 'r3 = none', 'r3 = r2'],
    [
      'boxes of boxes are too small',
      'high = max(high, load<f32>(below + other, 16))',
      'high = max(high, load<f32>(below, 16))',
    ],
    [
      'the first row of a leaf is its last',
      'smallest = min(smallest, number)',
      'if (i < count) smallest = number',
    ],
  ]),
  ...plant(kmeans, 'src/engine/chunked-seeding.ts', [
    ['chunks: rows like those taken are drawn again', 'excluded[i] = 1', ''],
    ['chunks: what is left out still weighs, a little', 'totals[bucket + 1] -= sum[1]', ''],
  ]),
  ...plant(kmeans, 'src/engine/row-windows.ts', [
    [
      'chunks: every window has the first weights',
      'this.#weights.subarray(from, from + count)',
      'this.#weights.subarray(0, count)',
    ],
    [
      'chunks: rows are not brought to size',
      'for (let i = 0; i < out.length; i++) out[i] *= this.#factor',
      '',
    ],
  ]),
  ...plant(kmeans, 'src/kmeans/options.ts', [
    [
      'more data count as small',
      "name === 'random' || rows * columns * k <= 1e6",
      "name === 'random' || rows * columns * k <= 1e7",
    ],
    ['the unit of the weights is forgotten', 'weightUnit: given[at] / values[at]', 'weightUnit: 1'],
    [
      'fewer iterations than promised',
      'orDefault(options.maxIterations, 10000)',
      'orDefault(options.maxIterations, 300)',
    ],
  ]),
  ...plant(scores, 'src/evaluate/silhouette.ts', [
    ['a row is its own companion', 'inside[at] / (size - 1)', 'inside[at] / size'],
  ]),
  ...plant(scores, 'src/evaluate/dispersion.ts', [
    ['coincident centroids are infinitely alike', 'if (apart === 0) continue', ''],
  ]),
  ...plant(scores, 'src/evaluate/classification.ts', [
    ['classes that no row has count', 'if (support === 0) continue', ''],
  ]),
  ...plant(scores, 'src/evaluate/split.ts', [
    ['the smallest remainder first', 'remainders[b] - remainders[a]', 'remainders[a] - remainders[b]'],
    ['each class is dealt from the first fold on', 'dealt += rowsOf.length', ''],
  ]),
  ...plant(scores, 'src/evaluate/regression.ts', [
    ['constant targets are always foretold', 'spread === 0 ? (squares === 0 ? 1 : 0)', 'spread === 0 ? 1'],
  ]),
  ...plant(votes, 'src/knn/kernel-weights.ts', [
    ['equal distances do not share a rank', 'k + 1 - (i + 1 + end) / 2', 'k + 1 - (at + 1)'],
    ['an edge at distance 0 divides', 'edge === 0 ? rim : ', ''],
  ]),
  ...plant(votes, 'src/knn/class-factors.ts', [
    [
      'balanced by rows, not by weights',
      'const weight = weights === undefined ? 1 : weights[row]',
      'const weight = 1',
    ],
    ['priors forget the rows', '(share / sum) * (total / counts[c])', 'share / sum'],
  ]),
  ...plant(votes, 'src/knn/class-votes.ts', [
    [
      'a tie with an earlier class only',
      'for (let c = leader + 1; c < votes.columns; c++)',
      'for (let c = leader + 2; c < votes.columns; c++)',
    ],
  ]),
  ...plant(command, '../cli/src/options.ts', [
    ['a whole number from 0 is above its bound', 'value < from', 'value < from - 1'],
    ['kilobytes of 1024', 'k: 1e3', 'k: 1024'],
    ['blank numbers are 0', "text.trim() === '' ? Number.NaN : Number(text)", 'Number(text)'],
  ]),
  ...plant(command, '../cli/src/config.ts', [
    ['a file wins over the command line', 'given.has(camel(key)) || value === null', 'value === null'],
    ['a file for another command passes', 'meant !== undefined && meant !== command', 'meant === false'],
  ]),
].filter(({ to, from }) => to !== from)
