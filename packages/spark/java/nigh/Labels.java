package nigh;

import java.util.Arrays;

/**
 * Labels of a block's rows, and bounds: an upper one on the distance to the own centroid, a lower one on that to any
 * other (Hamerly 2010). Rows whose bounds settle them are not read at all.
 */
final class Labels {
  private Labels() {}

  /**
   * Brings a block's labels to what the pass before left them at: those nearest to its centroids, then what was moved by
   * hand. What is remembered of other centroids shortens the way there; without it all rows are looked at.
   */
  static void recall(Request request, Block block, State state) {
    if (state.labels == null || state.version != request.previousVersion) {
      boolean alike = state.labels != null && state.centroids.length == request.previous.length;
      advance(block, state, request.previous, alike ? new Steps(state.centroids, request.previous, request.d) : null);
      state.version = request.previousVersion;
    }
    relocate(request, block, state);
  }

  /** Applies what was moved by hand after the pass before. */
  private static void relocate(Request request, Block block, State state) {
    int d = request.d;
    for (int r = 0; r < request.relocationCount; r++) {
      int from = r * (d + 1);
      int cluster = (int) request.relocations[from + d];
      for (int i = 0; i < block.n; i++) {
        if (!block.equals(i, request.relocations, from)) continue;
        state.labels[i] = cluster;
        state.upper[i] = Double.POSITIVE_INFINITY;
        state.lower[i] = Double.NEGATIVE_INFINITY;
      }
    }
  }

  /**
   * Labels the rows with the nearest of some centroids.
   *
   * @param steps how far these moved since the labels were made; null where there are no labels
   * @return which rows were looked at against all centroids
   */
  static boolean[] advance(Block block, State state, double[] centroids, Steps steps) {
    int n = block.n;
    int d = block.d;
    int[] labels = steps == null ? new int[n] : state.labels;
    double[] upper = steps == null ? new double[n] : state.upper;
    double[] lower = steps == null ? new double[n] : state.lower;
    // Whatever ends this half-way leaves nothing that could be taken for labels.
    state.labels = null;
    boolean[] fresh = new boolean[n];
    double slack = Steps.slack(d);
    Scan scan = new Scan(block, centroids, labels, upper, lower);
    for (int i = 0; i < n; i++) {
      if (steps != null) {
        int label = labels[i];
        // Widened outward, so that a bound never promises what the definition might not keep.
        double most = (upper[i] + steps.of(label)) * (1 + 0x1p-51);
        double step = steps.besides(label);
        double least = lower[i] - step;
        least -= Math.abs(least) * 0x1p-51 + step * 0x1p-51;
        lower[i] = least;
        upper[i] = most;
        if (least > 1e-140) {
          double limit = least * (1 - 4 * slack);
          if (most < limit) continue;
          most = Math.sqrt(block.distanceSq(i, centroids, label * d)) * (1 + slack) + 1e-150;
          upper[i] = most;
          if (most < limit) continue;
        }
      }
      fresh[i] = true;
      scan.add(i);
    }
    scan.finish();
    state.labels = labels;
    state.upper = upper;
    state.lower = lower;
    state.centroids = centroids;
    return fresh;
  }

  /**
   * How much nearer a row's own centroid is than any other, rounded down: while no two centroids together move as far,
   * the row keeps its label.
   */
  static double margin(State state, int i, int d) {
    return state.lower[i] * (1 - 4 * Steps.slack(d)) - state.upper[i];
  }

  /** Makes the bounds of rows as tight as they can be, where they promise less than a margin. */
  static void tighten(Block block, State state, double margin, boolean[] fresh) {
    Scan scan = new Scan(block, state.centroids, state.labels, state.upper, state.lower);
    for (int i = 0; i < block.n; i++) if (!fresh[i] && margin(state, i, block.d) < margin) scan.add(i);
    scan.finish();
  }

  /** Rows looked at against all centroids, some at a time. */
  private static final class Scan {
    final Block block;
    final double[] centroids;
    final int[] labels;
    final double[] upper;
    final double[] lower;
    final double[] tile;
    final int[] members = new int[Block.TILE];
    final double[] sq = new double[Block.TILE];
    final double[] best = new double[Block.TILE];
    final double[] second = new double[Block.TILE];
    final int[] winner = new int[Block.TILE];
    int count;

    Scan(Block block, double[] centroids, int[] labels, double[] upper, double[] lower) {
      this.block = block;
      this.centroids = centroids;
      this.labels = labels;
      this.upper = upper;
      this.lower = lower;
      tile = new double[block.d * Block.TILE];
    }

    void add(int row) {
      block.toTile(row, tile, count);
      members[count++] = row;
      if (count == Block.TILE) finish();
    }

    void finish() {
      if (count == 0) return;
      nearest();
      double slack = Steps.slack(block.d);
      for (int p = 0; p < count; p++) {
        int row = members[p];
        labels[row] = winner[p];
        upper[row] = Math.sqrt(best[p]) * (1 + slack) + 1e-150;
        lower[row] = Math.sqrt(second[p]) * (1 - slack);
      }
      count = 0;
    }

    /** The nearest centroid to each row of the tile, and the squared distances to it and to the next. */
    private void nearest() {
      int d = block.d;
      Arrays.fill(best, 0, count, Double.POSITIVE_INFINITY);
      Arrays.fill(second, 0, count, Double.POSITIVE_INFINITY);
      Arrays.fill(winner, 0, count, 0);
      for (int c = 0; c * d < centroids.length; c++) {
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
  }
}
