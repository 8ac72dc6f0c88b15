package nigh;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The passes of a fit over one block, each added to the answer so far. */
final class Passes {
  private static final int BUCKETS = 4096;

  private Passes() {}

  static byte[] run(Request request, Block block, byte[] answer) {
    if (block.n > 0 && block.d != request.d) {
      throw new IllegalArgumentException("nigh: a block of " + block.d + " columns, a request of " + request.d);
    }
    switch (request.operation) {
      case Request.RANGES:
        return ranges(block, answer);
      case Request.ASSIGN:
        return assign(request, block, answer);
      case Request.INERTIA:
        return inertia(request, block, answer);
      case Request.FARTHEST:
        return farthest(request, block, answer);
      case Request.RELOCATE:
        return relocate(request, block, answer);
      case Request.SEED:
        return seed(request, block, answer);
      case Request.BUCKETS:
        return buckets(request, block, answer);
      default:
        return weights(request, block, answer);
    }
  }

  static byte[] merge(int operation, int d, int count, byte[] ours, byte[] theirs) {
    switch (operation) {
      case Request.RANGES:
        return mergeRanges(ours, theirs);
      case Request.FARTHEST:
        return far(d, count, ours, theirs);
      case Request.BUCKETS:
        return union(d, ours, theirs);
      default:
        for (int at = 0; at < ours.length; at += 8) add(ours, at, Bytes.getDouble(theirs, at));
        return ours;
    }
  }

  private static void add(byte[] sums, int at, double value) {
    Bytes.putDouble(sums, at, Bytes.getDouble(sums, at) + value);
  }

  // --- ranges: d minima, d maxima, summed weights rounded up, largest weight, rows ---------------------------------

  private static byte[] ranges(Block block, byte[] answer) {
    int d = block.d;
    double[] minima = new double[d];
    double[] maxima = new double[d];
    Arrays.fill(minima, Double.POSITIVE_INFINITY);
    Arrays.fill(maxima, Double.NEGATIVE_INFINITY);
    double[] rows = block.rows();
    double[] weights = block.weights();
    double weight = 0;
    double largest = 0;
    for (int i = 0; i < block.n; i++) {
      double w = weights == null ? 1 : weights[i];
      if (w == 0) continue;
      weight += Math.ceil(w);
      if (w > largest) largest = w;
      int at = i * d;
      for (int j = 0; j < d; j++) {
        double x = rows[at + j];
        if (x < minima[j]) minima[j] = x;
        if (x > maxima[j]) maxima[j] = x;
      }
    }
    byte[] found = new byte[(2 * d + 3) * 8];
    Bytes.putDoubles(found, 0, minima, 0, d);
    Bytes.putDoubles(found, d * 8, maxima, 0, d);
    Bytes.putDouble(found, 2 * d * 8, weight);
    Bytes.putDouble(found, (2 * d + 1) * 8, largest);
    Bytes.putDouble(found, (2 * d + 2) * 8, block.n);
    return answer == null ? found : mergeRanges(answer, found);
  }

  private static byte[] mergeRanges(byte[] ours, byte[] theirs) {
    int d = (ours.length / 8 - 3) / 2;
    for (int j = 0; j < 2 * d; j++) {
      double a = Bytes.getDouble(ours, j * 8);
      double b = Bytes.getDouble(theirs, j * 8);
      if (j < d ? b < a : b > a) Bytes.putDouble(ours, j * 8, b);
    }
    add(ours, 2 * d * 8, Bytes.getDouble(theirs, 2 * d * 8));
    int at = (2 * d + 1) * 8;
    if (Bytes.getDouble(theirs, at) > Bytes.getDouble(ours, at)) Bytes.putDouble(ours, at, Bytes.getDouble(theirs, at));
    add(ours, (2 * d + 2) * 8, Bytes.getDouble(theirs, (2 * d + 2) * 8));
    return ours;
  }

  // --- assignment: changed, k × d coarse, k × d fine, k weights coarse, k weights fine -----------------------------

  /** What the rows that changed their label take from the sums of the old label and bring to those of the new. */
  private static byte[] assign(Request request, Block block, byte[] answer) {
    int d = request.d;
    int k = request.k;
    int n = block.n;
    byte[] sums = answer == null ? new byte[(1 + 2 * k * d + 2 * k) * 8] : answer;
    double[] rows = block.rows();
    double[] weights = block.weights();
    State state = State.of(request.fit, block.bytes);
    synchronized (state) {
      int[] before = null;
      state.distancesSq = null;
      state.nearest = null;
      state.hashes = null;
      boolean follows = request.previousVersion != 0 && state.version == request.previousVersion && request.steps != null;
      if (request.previousVersion != 0) before = follows ? state.labels : labels(request, rows, n);
      int[] after = new int[n];
      if (follows) {
        relocated(request, rows, n, before, state);
      } else {
        state.upper = new double[n];
        state.lower = new double[n];
      }
      Search search = new Search(request, rows, after, state);
      for (int i = 0; i < n; i++) {
        if (follows) {
          int label = before[i];
          // Widened outward, so that a bound never promises what the definition might not keep.
          double upper = (state.upper[i] + request.steps[label]) * (1 + 0x1p-51);
          double step = label == request.longestOf ? request.secondStep : request.longestStep;
          double lower = state.lower[i] - step;
          lower -= Math.abs(lower) * 0x1p-51 + step * 0x1p-51;
          state.lower[i] = lower;
          state.upper[i] = upper;
          after[i] = label;
          double limit = lower * (1 - 4 * request.slack());
          if (lower > 1e-140 && upper < limit) continue;
          if (lower > 1e-140) {
            upper = Math.sqrt(Block.distanceSq(rows, i * d, request.centroids, label * d, d)) * (1 + request.slack());
            state.upper[i] = upper;
            if (upper < limit) continue;
          }
        }
        search.add(i);
      }
      search.finish();
      double changed = 0;
      for (int i = 0; i < n; i++) {
        if (before != null && before[i] == after[i]) continue;
        double weight = weights == null ? 1 : weights[i];
        if (weight == 0) continue;
        changed++;
        if (before != null) move(request, rows, i * d, weight, before[i], -1, sums);
        move(request, rows, i * d, weight, after[i], 1, sums);
      }
      add(sums, 0, changed);
      state.labels = after;
      state.version = request.version;
    }
    return sums;
  }

  /** Rows looked at against all centroids, some at a time. */
  private static final class Search {
    final Request request;
    final double[] rows;
    final int[] labels;
    final State bounds;
    final double[] tile;
    final int[] members = new int[Block.TILE];
    final double[] sq = new double[Block.TILE];
    final double[] best = new double[Block.TILE];
    final double[] second = new double[Block.TILE];
    final int[] winner = new int[Block.TILE];
    int count;

    Search(Request request, double[] rows, int[] labels, State bounds) {
      this.request = request;
      this.rows = rows;
      this.labels = labels;
      this.bounds = bounds;
      tile = new double[request.d * Block.TILE];
    }

    void add(int row) {
      int d = request.d;
      int at = row * d;
      for (int j = 0; j < d; j++) tile[j * Block.TILE + count] = rows[at + j];
      members[count++] = row;
      if (count == Block.TILE) finish();
    }

    void finish() {
      if (count == 0) return;
      nearest(tile, count, request.d, request.centroids, request.k, sq, best, second, winner);
      double slack = request.slack();
      for (int p = 0; p < count; p++) {
        int row = members[p];
        labels[row] = winner[p];
        bounds.upper[row] = Math.sqrt(best[p]) * (1 + slack) + 1e-150;
        bounds.lower[row] = Math.sqrt(second[p]) * (1 - slack);
      }
      count = 0;
    }
  }

  /** The nearest of k centroids to each row of a tile, and the squared distances to it and to the next. */
  private static void nearest(
      double[] tile, int count, int d, double[] centroids, int k, double[] sq, double[] best, double[] second, int[] winner) {
    Arrays.fill(best, 0, count, Double.POSITIVE_INFINITY);
    Arrays.fill(second, 0, count, Double.POSITIVE_INFINITY);
    Arrays.fill(winner, 0, count, 0);
    for (int c = 0; c < k; c++) {
      Block.distancesSq(tile, count, d, centroids, c * d, sq);
      for (int p = 0; p < count; p++) {
        double s = sq[p];
        if (s < second[p]) {
          // Strict <: on a tie the smaller index wins, as everywhere.
          if (s < best[p]) {
            second[p] = best[p];
            best[p] = s;
            winner[p] = c;
          } else {
            second[p] = s;
          }
        }
      }
    }
  }

  /** The labels of the pass before, computed anew. */
  private static int[] labels(Request request, double[] rows, int n) {
    int d = request.d;
    int[] labels = new int[n];
    double[] tile = new double[d * Block.TILE];
    double[] sq = new double[Block.TILE];
    double[] best = new double[Block.TILE];
    double[] second = new double[Block.TILE];
    int[] winner = new int[Block.TILE];
    for (int from = 0; from < n; from += Block.TILE) {
      int count = Math.min(Block.TILE, n - from);
      Block.fill(rows, d, from, from + count, tile);
      nearest(tile, count, d, request.previous, request.previousK, sq, best, second, winner);
      System.arraycopy(winner, 0, labels, from, count);
    }
    relocated(request, rows, n, labels, null);
    return labels;
  }

  /** Applies what was moved by hand after the pass before. */
  private static void relocated(Request request, double[] rows, int n, int[] labels, State state) {
    int d = request.d;
    for (int r = 0; r < request.relocationCount; r++) {
      int from = r * (d + 1);
      int cluster = (int) request.relocations[from + d];
      for (int i = 0; i < n; i++) {
        if (!equal(rows, i * d, request.relocations, from, d)) continue;
        labels[i] = cluster;
        if (state != null) {
          state.upper[i] = Double.POSITIVE_INFINITY;
          state.lower[i] = Double.NEGATIVE_INFINITY;
        }
      }
    }
  }

  private static boolean equal(double[] a, int i, double[] b, int k, int d) {
    for (int j = 0; j < d; j++) if (a[i + j] != b[k + j]) return false;
    return true;
  }

  /** Adds a row to (sign 1) or takes it from (sign −1) a centroid's sums. */
  private static void move(Request request, double[] rows, int at, double weight, int cluster, int sign, byte[] sums) {
    int d = request.d;
    int k = request.k;
    int coarseAt = (1 + cluster * d) * 8;
    int fineAt = coarseAt + k * d * 8;
    int weightAt = (1 + 2 * k * d + cluster) * 8;
    double a = weight + request.weightCoarse - request.weightCoarse;
    add(sums, weightAt, sign * a);
    add(sums, weightAt + k * 8, sign * (weight - a + request.weightFine - request.weightFine));
    double whole = Math.floor(weight);
    double part = weight - whole;
    for (int j = 0; j < d; j++) {
      double big = request.coarse[j];
      double small = request.fine[j];
      double t = rows[at + j] - request.origin[j];
      double x = t + big - big;
      double y = t - x + small - small;
      x *= whole * sign;
      y *= whole * sign;
      if (part != 0) {
        double product = t * part;
        double rounded = product + big - big;
        x += rounded * sign;
        y += (product - rounded + small - small) * sign;
      }
      add(sums, coarseAt + j * 8, x);
      add(sums, fineAt + j * 8, y);
    }
  }

  private static byte[] relocate(Request request, Block block, byte[] answer) {
    int d = request.d;
    int k = request.k;
    byte[] sums = answer == null ? new byte[(1 + 2 * k * d + 2 * k) * 8] : answer;
    double[] rows = block.rows();
    double[] weights = block.weights();
    int[] labels = null;
    for (int i = 0; i < block.n; i++) {
      if (!equal(rows, i * d, request.centroids, 0, d)) continue;
      if (labels == null) labels = currentLabels(request, block, rows);
      if (labels[i] == request.count) continue;
      double weight = weights == null ? 1 : weights[i];
      if (weight == 0) continue;
      move(request, rows, i * d, weight, labels[i], -1, sums);
      move(request, rows, i * d, weight, request.count, 1, sums);
      add(sums, 0, 1);
    }
    return sums;
  }

  /** The labels of the assignment before, with what was moved by hand since. */
  private static int[] currentLabels(Request request, Block block, double[] rows) {
    State state = State.of(request.fit, block.bytes);
    synchronized (state) {
      if (state.version == request.previousVersion && state.labels != null) {
        int[] labels = state.labels.clone();
        relocated(request, rows, block.n, labels, null);
        return labels;
      }
    }
    return labels(request, rows, block.n);
  }

  // --- inertia: three sums; farthest: count × (squared distance, row) ----------------------------------------------

  private static byte[] inertia(Request request, Block block, byte[] answer) {
    byte[] sums = answer == null ? new byte[24] : answer;
    double[] rows = block.rows();
    double[] weights = block.weights();
    int[] labels = currentLabels(request, block, rows);
    int d = request.d;
    double[] three = new double[3];
    for (int i = 0; i < block.n; i++) {
      double weight = weights == null ? 1 : weights[i];
      if (weight == 0) continue;
      double sq = Block.distanceSq(rows, i * d, request.centroids, labels[i] * d, d);
      double whole = Math.floor(weight);
      addOnThree(three, 0, sq, whole, weight - whole, request);
    }
    for (int g = 0; g < 3; g++) add(sums, g * 8, three[g]);
    return sums;
  }

  private static void addOnThree(double[] sums, int at, double value, double whole, double part, Request request) {
    double a = value + request.big1 - request.big1;
    double b = value - a + request.big2 - request.big2;
    sums[at] += whole * a;
    sums[at + 1] += whole * b;
    sums[at + 2] += whole * (value - a - b + request.big3 - request.big3);
    if (part != 0) {
      double product = value * part;
      a = product + request.big1 - request.big1;
      b = product - a + request.big2 - request.big2;
      sums[at] += a;
      sums[at + 1] += b;
      sums[at + 2] += product - a - b + request.big3 - request.big3;
    }
  }

  private static byte[] farthest(Request request, Block block, byte[] answer) {
    double[] rows = block.rows();
    double[] weights = block.weights();
    int[] labels = currentLabels(request, block, rows);
    int d = request.d;
    byte[] found = answer == null ? new byte[0] : answer;
    double least = found.length == request.count * (d + 1) * 8 ? Bytes.getDouble(found, found.length - (d + 1) * 8) : 0;
    for (int i = 0; i < block.n; i++) {
      if (weights != null && weights[i] == 0) continue;
      double sq = Block.distanceSq(rows, i * d, request.centroids, labels[i] * d, d);
      if (sq == 0 || sq < least) continue;
      byte[] one = new byte[(d + 1) * 8];
      Bytes.putDouble(one, 0, sq);
      Bytes.putDoubles(one, 8, rows, i * d, d);
      found = far(d, request.count, found, one);
      if (found.length == request.count * (d + 1) * 8) least = Bytes.getDouble(found, found.length - (d + 1) * 8);
    }
    return found;
  }

  /** The farthest different rows of two lists, farthest first, ties to the row that is smaller column by column. */
  private static byte[] far(int d, int count, byte[] ours, byte[] theirs) {
    List<double[]> all = new ArrayList<>();
    for (byte[] list : new byte[][] {ours, theirs}) {
      for (int at = 0; at < list.length; at += (d + 1) * 8) all.add(Bytes.getDoubles(list, at, d + 1));
    }
    all.sort((a, b) -> {
      if (a[0] != b[0]) return a[0] > b[0] ? -1 : 1;
      return compare(a, b);
    });
    byte[] out = new byte[Math.min(count, all.size()) * (d + 1) * 8];
    int at = 0;
    for (int i = 0; i < all.size() && at < out.length; i++) {
      if (i > 0 && compare(all.get(i - 1), all.get(i)) == 0) continue;
      Bytes.putDoubles(out, at, all.get(i), 0, d + 1);
      at += (d + 1) * 8;
    }
    return at == out.length ? out : Arrays.copyOf(out, at);
  }

  private static int compare(double[] a, double[] b) {
    for (int j = 1; j < a.length; j++) if (a[j] != b[j]) return a[j] < b[j] ? -1 : 1;
    return 0;
  }

  // --- seeding: for each candidate three gains, then what it would change in each bucket, two grids ----------------

  private static byte[] seed(Request request, Block block, byte[] answer) {
    int d = request.d;
    int n = block.n;
    int candidates = request.k;
    int stride = 3 + 2 * BUCKETS;
    byte[] sums = answer == null ? new byte[candidates * stride * 8] : answer;
    double[] rows = block.rows();
    double[] weights = block.weights();
    State state = State.of(request.fit, block.bytes);
    synchronized (state) {
      take(request, rows, n, state);
      if (state.hashes == null) state.hashes = hashes(rows, n, d);
      double[] three = new double[3];
      for (int c = 0; c < candidates; c++) {
        Arrays.fill(three, 0);
        int base = (c * stride + 3) * 8;
        for (int i = 0; i < n; i++) {
          double weight = weights == null ? 1 : weights[i];
          if (weight == 0) continue;
          double old = state.distancesSq[i];
          double sq;
          if (request.previousK == 0) {
            sq = Block.distanceSq(rows, i * d, request.candidates, c * d, d);
          } else {
            // Triangle inequality: a candidate twice as far from the nearest taken row as this row is cannot be nearer.
            if (old == 0 || request.quarterGaps[state.nearest[i] * candidates + c] > old) continue;
            sq = below(rows, i * d, request.candidates, c * d, d, old);
            if (!(sq < old)) continue;
          }
          double whole = Math.floor(weight);
          double part = weight - whole;
          int at = base + (state.hashes[i] >>> 20) * 16;
          if (request.previousK > 0) {
            addOnThree(three, 0, old - sq, whole, part, request);
            addOnTwo(sums, at, old, -whole, -part, request.big1, request.big2);
          }
          addOnTwo(sums, at, sq, whole, part, request.big1, request.big2);
        }
        for (int g = 0; g < 3; g++) add(sums, (c * stride + g) * 8, three[g]);
      }
    }
    return sums;
  }

  /** The squared distance, or +∞ once it cannot be below a limit: sums of squares only grow. */
  private static double below(double[] a, int i, double[] b, int k, int d, double limit) {
    double sum = 0;
    for (int j = 0; j < d; j++) {
      double t = a[i + j] - b[k + j];
      sum = sum + t * t;
      if (sum >= limit) return Double.POSITIVE_INFINITY;
    }
    return sum;
  }

  /** Brings the squared distances to the nearest taken row up to date. */
  private static void take(Request request, double[] rows, int n, State state) {
    int d = request.d;
    int taken = request.previousK;
    if (state.distancesSq == null || state.taken > taken || state.version != -1) {
      state.version = -1;
      state.taken = 0;
      state.labels = null;
      state.upper = null;
      state.lower = null;
      state.distancesSq = new double[n];
      state.nearest = new int[n];
      Arrays.fill(state.distancesSq, Double.POSITIVE_INFINITY);
    }
    for (; state.taken < taken; state.taken++) {
      int t = state.taken;
      for (int i = 0; i < n; i++) {
        double old = state.distancesSq[i];
        if (t > 0 && request.takenGap(state.nearest[i], t) > old) continue;
        double sq = t == 0 ? Block.distanceSq(rows, i * d, request.taken, 0, d) : below(rows, i * d, request.taken, t * d, d, old);
        if (sq < old) {
          state.distancesSq[i] = sq;
          state.nearest[i] = t;
        }
      }
    }
  }

  private static void addOnTwo(byte[] sums, int at, double value, double whole, double part, double coarse, double fine) {
    double a = value + coarse - coarse;
    double x = whole * a;
    double y = whole * (value - a + fine - fine);
    if (part != 0) {
      double product = value * part;
      double b = product + coarse - coarse;
      x += b;
      y += product - b + fine - fine;
    }
    add(sums, at, x);
    add(sums, at + 8, y);
  }

  /** Hashes of the rows' content: MurmurHash3's steps (A. Appleby, public domain) over the halves of each float64. */
  private static int[] hashes(double[] rows, int n, int d) {
    int[] hashes = new int[n];
    for (int i = 0; i < n; i++) {
      int h = 0;
      for (int j = 0; j < d; j++) {
        long bits = Double.doubleToRawLongBits(rows[i * d + j] + 0.0); // −0 is 0
        h = stir(h, (int) bits);
        h = stir(h, (int) (bits >>> 32));
      }
      h ^= h >>> 16;
      h *= 0x85ebca6b;
      h ^= h >>> 13;
      h *= 0xc2b2ae35;
      h ^= h >>> 16;
      hashes[i] = h;
    }
    return hashes;
  }

  private static int stir(int hash, int word) {
    word *= 0xcc9e2d51;
    word = Integer.rotateLeft(word, 15);
    word *= 0x1b873593;
    hash ^= word;
    hash = Integer.rotateLeft(hash, 13);
    return hash * 5 + 0xe6546b64;
  }

  private static int[] hashesOf(Request request, Block block, double[] rows) {
    State state = State.of(request.fit, block.bytes);
    synchronized (state) {
      if (state.hashes == null) state.hashes = hashes(rows, block.n, block.d);
      return state.hashes;
    }
  }

  // --- draws: summed weights of each bucket, two grids; the different rows of buckets ------------------------------

  private static byte[] weights(Request request, Block block, byte[] answer) {
    byte[] sums = answer == null ? new byte[BUCKETS * 16] : answer;
    double[] weights = block.weights();
    int[] hashes = hashesOf(request, block, block.rows());
    for (int i = 0; i < block.n; i++) {
      double weight = weights == null ? 1 : weights[i];
      if (weight != 0) addOnTwo(sums, (hashes[i] >>> 20) * 16, weight, 1, 0, request.weightCoarse, request.weightFine);
    }
    return sums;
  }

  /** Different rows (with their weight) and how often each occurs: count × (times, weight, row). */
  private static byte[] buckets(Request request, Block block, byte[] answer) {
    double[] rows = block.rows();
    double[] weights = block.weights();
    int[] hashes = hashesOf(request, block, rows);
    int d = request.d;
    List<double[]> found = new ArrayList<>();
    for (int i = 0; i < block.n; i++) {
      if (!request.wanted[hashes[i] >>> 20]) continue;
      double weight = weights == null ? 1 : weights[i];
      if (weight == 0) continue;
      double[] entry = new double[d + 2];
      entry[0] = 1;
      entry[1] = weight;
      for (int j = 0; j < d; j++) entry[j + 2] = rows[i * d + j] + 0.0;
      found.add(entry);
    }
    byte[] list = new byte[found.size() * (d + 2) * 8];
    for (int i = 0; i < found.size(); i++) Bytes.putDoubles(list, i * (d + 2) * 8, found.get(i), 0, d + 2);
    return union(d, answer == null ? new byte[0] : answer, list);
  }

  private static byte[] union(int d, byte[] ours, byte[] theirs) {
    if (theirs.length == 0) return ours;
    int size = (d + 2) * 8;
    Map<Entry, Entry> all = new HashMap<>();
    for (byte[] list : new byte[][] {ours, theirs}) {
      for (int at = 0; at < list.length; at += size) {
        Entry entry = new Entry(Bytes.getDoubles(list, at, d + 2));
        Entry known = all.putIfAbsent(entry, entry);
        if (known != null) known.numbers[0] += entry.numbers[0];
      }
    }
    byte[] out = new byte[Math.multiplyExact(all.size(), size)];
    int at = 0;
    for (Entry entry : all.values()) {
      Bytes.putDoubles(out, at, entry.numbers, 0, d + 2);
      at += size;
    }
    return out;
  }

  private static final class Entry {
    final double[] numbers;
    private final int hash;

    Entry(double[] numbers) {
      this.numbers = numbers;
      int h = 1;
      for (int j = 1; j < numbers.length; j++) h = 31 * h + Double.hashCode(numbers[j]);
      hash = h;
    }

    @Override
    public int hashCode() {
      return hash;
    }

    @Override
    public boolean equals(Object other) {
      if (!(other instanceof Entry)) return false;
      double[] theirs = ((Entry) other).numbers;
      for (int j = 1; j < numbers.length; j++) if (numbers[j] != theirs[j]) return false;
      return true;
    }
  }
}
