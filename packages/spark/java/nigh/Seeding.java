package nigh;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/** The passes of seeding over one block. */
final class Seeding {
  static final int BUCKETS = 4096;

  private Seeding() {}

  /** Bytes of what a pass over some candidates adds up: for each three gains, then two sums for each bucket. */
  static int sumsBytes(int candidates) {
    return candidates * (3 + 2 * BUCKETS) * 8;
  }

  /**
   * For each candidate by how much the summed squared distance would fall, and what would change in each bucket; then
   * the different rows of buckets, if asked.
   */
  static byte[] tryRows(Request request, Block block, byte[] answer) {
    int d = request.d;
    int n = block.n;
    int candidates = request.k;
    int stride = 3 + 2 * BUCKETS;
    byte[] sums = answer == null ? new byte[sumsBytes(candidates)] : answer;
    double[] weights = block.weights();
    State state = State.of(request.fit, block);
    synchronized (state) {
      take(request, block, state);
      int[] hashes = hashes(block, state);
      double[] gains = new double[3 * candidates];
      boolean first = request.previousK == 0;
      for (int i = 0; i < n; i++) {
        double weight = weights == null ? 1 : weights[i];
        double old = state.distancesSq[i];
        if (weight == 0 || old == 0) continue;
        int gapsAt = state.nearest[i] * candidates;
        double whole = Math.floor(weight);
        double part = weight - whole;
        for (int c = 0; c < candidates; c++) {
          double sq;
          if (first) {
            sq = block.distanceSq(i, request.candidates, c * d);
          } else {
            // Triangle inequality: a candidate twice as far from the nearest taken row as this row is cannot be nearer.
            if (request.quarterGaps[gapsAt + c] > old) continue;
            sq = block.below(i, request.candidates, c * d, old);
            if (!(sq < old)) continue;
          }
          int at = (c * stride + 3) * 8 + (hashes[i] >>> 20) * 16;
          if (!first) {
            request.addOnThree(gains, c * 3, old - sq, whole, part);
            addOnTwo(sums, at, old, -whole, -part, request.big1, request.big2);
          }
          addOnTwo(sums, at, sq, whole, part, request.big1, request.big2);
        }
      }
      for (int c = 0; c < candidates; c++) {
        for (int g = 0; g < 3; g++) Bytes.addDouble(sums, (c * stride + g) * 8, gains[c * 3 + g]);
      }
      if (request.count == 0) return sums;
      return listed(d, sumsBytes(candidates), sums, rowsOf(request, block, weights, hashes), 0);
    }
  }

  /** Brings the squared distances to the nearest taken row up to date. */
  private static void take(Request request, Block block, State state) {
    int d = request.d;
    int n = block.n;
    int taken = request.previousK;
    if (state.distancesSq == null || state.taken > taken) {
      state.labels = null;
      state.taken = 0;
      state.nearest = new int[n];
      state.distancesSq = new double[n];
      Arrays.fill(state.distancesSq, Double.POSITIVE_INFINITY);
    }
    double[] distancesSq = state.distancesSq;
    int[] nearest = state.nearest;
    for (int t = state.taken; t < taken; t++) {
      double[] gaps = t == 0 ? null : request.gapsToTaken(t);
      for (int i = 0; i < n; i++) {
        double old = distancesSq[i];
        if (gaps != null && (old == 0 || gaps[nearest[i]] > old)) continue;
        double sq = gaps == null ? block.distanceSq(i, request.taken, 0) : block.below(i, request.taken, t * d, old);
        if (sq < old) {
          distancesSq[i] = sq;
          nearest[i] = t;
        }
      }
      state.taken = t + 1;
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
    Bytes.addDouble(sums, at, x);
    Bytes.addDouble(sums, at + 8, y);
  }

  /** Hashes of the rows' content: MurmurHash3's steps (A. Appleby, public domain) over the halves of each float64. */
  private static int[] hashes(Block block, State state) {
    if (state.hashes != null) return state.hashes;
    int n = block.n;
    int d = block.d;
    int[] hashes = new int[n];
    for (int i = 0; i < n; i++) {
      int h = 0;
      for (int j = 0; j < d; j++) {
        long bits = Double.doubleToRawLongBits(block.get(i, j) + 0.0); // −0 is 0
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
    state.hashes = hashes;
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

  private static int[] hashesOf(Request request, Block block) {
    State state = State.of(request.fit, block);
    synchronized (state) {
      return hashes(block, state);
    }
  }

  /** Summed weights of each bucket, on two grids. */
  static byte[] weights(Request request, Block block, byte[] answer) {
    byte[] sums = answer == null ? new byte[BUCKETS * 16] : answer;
    double[] weights = block.weights();
    int[] hashes = hashesOf(request, block);
    for (int i = 0; i < block.n; i++) {
      double weight = weights == null ? 1 : weights[i];
      if (weight != 0) addOnTwo(sums, (hashes[i] >>> 20) * 16, weight, 1, 0, request.weightCoarse, request.weightFine);
    }
    return sums;
  }

  /** The rows of buckets: count × (times, weight, row). Those that are equal may be there several times. */
  static byte[] buckets(Request request, Block block, byte[] answer) {
    byte[] rows = rowsOf(request, block, block.weights(), hashesOf(request, block));
    return answer == null ? rows : listed(request.d, 0, answer, rows, 0);
  }

  private static byte[] rowsOf(Request request, Block block, double[] weights, int[] hashes) {
    int d = request.d;
    Map<Entry, Entry> found = new HashMap<>();
    for (int i = 0; i < block.n; i++) {
      if (!request.wanted[hashes[i] >>> 20]) continue;
      double weight = weights == null ? 1 : weights[i];
      if (weight == 0) continue;
      double[] entry = new double[d + 2];
      entry[0] = 1;
      entry[1] = weight;
      for (int j = 0; j < d; j++) entry[j + 2] = block.get(i, j) + 0.0;
      put(found, new Entry(entry));
    }
    return bytesOf(found, d, new byte[0], 0);
  }

  private static final int COMPACT = 4 << 20;

  /**
   * Adds a list of rows to what stands from a place on. Equal rows are counted together each time the list has doubled,
   * so that many copies of few rows stay a short list.
   *
   * @param from where the other list begins
   */
  static byte[] listed(int d, int listAt, byte[] ours, byte[] theirs, int from) {
    if (theirs.length == from) return ours;
    byte[] out = Tail.joined(ours, ours.length, theirs, from, theirs.length);
    int before = (ours.length - listAt) / COMPACT;
    int after = (out.length - listAt) / COMPACT;
    if (Integer.highestOneBit(after) == Integer.highestOneBit(before)) return out;
    Map<Entry, Entry> all = new HashMap<>();
    for (int at = listAt; at < out.length; at += (d + 2) * 8) put(all, new Entry(Bytes.getDoubles(out, at, d + 2)));
    return bytesOf(all, d, out, listAt);
  }

  private static void put(Map<Entry, Entry> all, Entry entry) {
    Entry known = all.putIfAbsent(entry, entry);
    if (known != null) known.numbers[0] += entry.numbers[0];
  }

  private static byte[] bytesOf(Map<Entry, Entry> all, int d, byte[] head, int length) {
    byte[] out = Arrays.copyOf(head, Math.addExact(length, Math.multiplyExact(all.size(), (d + 2) * 8)));
    int at = length;
    for (Entry entry : all.values()) {
      Bytes.putDoubles(out, at, entry.numbers, 0, d + 2);
      at += (d + 2) * 8;
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
