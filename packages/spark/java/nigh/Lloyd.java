package nigh;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** The passes of Lloyd's iterations over one block. */
final class Lloyd {
  /** Counts of rows by their margin, four for each power of two: see {@link #bin}. */
  private static final int BINS = 128;

  private Lloyd() {}

  /** Bytes of an assignment's numbers: changed, k × d coarse, k × d fine, k weights coarse, k weights fine, margins. */
  static int sumsBytes(int k, int d) {
    return (1 + 2 * k * d + 2 * k + BINS) * 8;
  }

  /**
   * What the rows that changed their label take from the sums of the old label and bring to those of the new; how many
   * rows have which margin; then, if asked, the rows whose margin is below one: weight and numbers each.
   */
  static byte[] assign(Request request, Block block, byte[] answer) {
    int d = request.d;
    int k = request.k;
    int n = block.n;
    byte[] sums = answer == null ? new byte[sumsBytes(k, d)] : answer;
    double[] weights = block.weights();
    Tail near = new Tail();
    State state = State.of(request.fit, block);
    synchronized (state) {
      state.forgetSeeding();
      int[] before = null;
      if (request.previousVersion != 0) {
        Labels.recall(request, block, state);
        before = state.labels.clone();
      }
      boolean[] fresh = Labels.advance(block, state, request.centroids, before == null ? null : request.steps());
      state.version = request.version;
      if (request.margin > 0) Labels.tighten(block, state, request.margin, fresh);
      double changed = 0;
      int binsAt = 1 + 2 * k * d + 2 * k;
      int[] bins = new int[BINS];
      for (int i = 0; i < n; i++) {
        double weight = weights == null ? 1 : weights[i];
        if (weight == 0) continue;
        double margin = Labels.margin(state, i, d);
        bins[bin(margin, request.firstBin)]++;
        if (margin < request.margin) near.add(weight, block, i);
        int label = state.labels[i];
        if (before != null && before[i] == label) continue;
        changed++;
        if (before != null) move(request, block, i, weight, before[i], -1, sums);
        move(request, block, i, weight, label, 1, sums);
      }
      Bytes.addDouble(sums, 0, changed);
      for (int b = 0; b < BINS; b++) if (bins[b] != 0) Bytes.addDouble(sums, (binsAt + b) * 8, bins[b]);
    }
    return near.after(sums);
  }

  /** Which count a margin belongs to: the top bits of its float64, from those of the request's first bin on. */
  private static int bin(double margin, double first) {
    if (!(margin > 0)) return 0;
    long at = (Double.doubleToRawLongBits(margin) >>> 50) - (long) first;
    return (int) Math.max(0, Math.min(BINS - 1, at));
  }

  /** Adds a row to (sign 1) or takes it from (sign −1) a centroid's sums. */
  private static void move(Request request, Block block, int row, double weight, int cluster, int sign, byte[] sums) {
    int d = request.d;
    int k = request.k;
    int coarseAt = (1 + cluster * d) * 8;
    int fineAt = coarseAt + k * d * 8;
    int weightAt = (1 + 2 * k * d + cluster) * 8;
    double a = weight + request.weightCoarse - request.weightCoarse;
    Bytes.addDouble(sums, weightAt, sign * a);
    Bytes.addDouble(sums, weightAt + k * 8, sign * (weight - a + request.weightFine - request.weightFine));
    double whole = Math.floor(weight);
    double part = weight - whole;
    for (int j = 0; j < d; j++) {
      double big = request.coarse[j];
      double small = request.fine[j];
      double t = block.get(row, j) - request.origin[j];
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
      Bytes.addDouble(sums, coarseAt + j * 8, x);
      Bytes.addDouble(sums, fineAt + j * 8, y);
    }
  }

  /** Moves the rows equal to one to a cluster; the answer is that of an assignment. */
  static byte[] relocate(Request request, Block block, byte[] answer) {
    byte[] sums = answer == null ? new byte[sumsBytes(request.k, request.d)] : answer;
    double[] weights = block.weights();
    int[] labels = null;
    for (int i = 0; i < block.n; i++) {
      if (!block.equals(i, request.centroids, 0)) continue;
      if (labels == null) labels = labels(request, block);
      if (labels[i] == request.count) continue;
      double weight = weights == null ? 1 : weights[i];
      if (weight == 0) continue;
      move(request, block, i, weight, labels[i], -1, sums);
      move(request, block, i, weight, request.count, 1, sums);
      Bytes.addDouble(sums, 0, 1);
    }
    return sums;
  }

  /** The labels of the assignment before, with what was moved by hand since. */
  private static int[] labels(Request request, Block block) {
    State state = State.of(request.fit, block);
    synchronized (state) {
      state.forgetSeeding();
      Labels.recall(request, block, state);
      return state.labels.clone();
    }
  }

  /** The summed squared distances to the own centroids: three sums. */
  static byte[] inertia(Request request, Block block, byte[] answer) {
    byte[] sums = answer == null ? new byte[24] : answer;
    double[] weights = block.weights();
    int[] labels = labels(request, block);
    double[] three = new double[3];
    for (int i = 0; i < block.n; i++) {
      double weight = weights == null ? 1 : weights[i];
      if (weight == 0) continue;
      double sq = block.distanceSq(i, request.centroids, labels[i] * request.d);
      double whole = Math.floor(weight);
      request.addOnThree(three, 0, sq, whole, weight - whole);
    }
    for (int g = 0; g < 3; g++) Bytes.addDouble(sums, g * 8, three[g]);
    return sums;
  }

  /** The different rows farthest from their own centroids: at most count × (squared distance, row). */
  static byte[] farthest(Request request, Block block, byte[] answer) {
    double[] weights = block.weights();
    int[] labels = labels(request, block);
    int d = request.d;
    byte[] found = answer == null ? new byte[0] : answer;
    double least = leastOf(found, request);
    for (int i = 0; i < block.n; i++) {
      if (weights != null && weights[i] == 0) continue;
      double sq = block.distanceSq(i, request.centroids, labels[i] * d);
      if (sq == 0 || sq < least) continue;
      byte[] one = new byte[(d + 1) * 8];
      Bytes.putDouble(one, 0, sq);
      block.toBytes(i, one, 8);
      found = farther(d, request.count, found, one);
      least = leastOf(found, request);
    }
    return found;
  }

  /** What a row must reach to be among the farthest. */
  private static double leastOf(byte[] found, Request request) {
    int size = (request.d + 1) * 8;
    return found.length == request.count * size ? Bytes.getDouble(found, found.length - size) : 0;
  }

  /** The farthest different rows of two lists, farthest first, ties to the row that is smaller column by column. */
  static byte[] farther(int d, int count, byte[] ours, byte[] theirs) {
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
}
