package nigh;

/** How far each centroid moved between two assignments, rounded up, and the longest of these steps. */
final class Steps {
  private final double[] steps;
  private final double longest;
  private final double second;
  private final int longestOf;

  Steps(double[] from, double[] to, int d) {
    int k = to.length / d;
    steps = new double[k];
    for (int c = 0; c < k; c++) {
      double sq = Block.distanceSq(to, c * d, from, c * d, d);
      // The smallest summand covers squares that vanish.
      steps[c] = sq == 0 && same(from, to, c * d, d) ? 0 : Math.sqrt(sq) * (1 + slack(d)) + 1e-150;
    }
    int most = 0;
    for (int c = 1; c < k; c++) if (steps[c] > steps[most]) most = c;
    longestOf = most;
    longest = steps[most];
    double next = 0;
    for (int c = 0; c < k; c++) if (c != most && steps[c] > next) next = steps[c];
    second = next;
  }

  /** Relative error of a computed distance, with room to spare. */
  static double slack(int d) {
    return (d + 16) * 0x1p-51;
  }

  double of(int c) {
    return steps[c];
  }

  /** The longest step of any other centroid. */
  double besides(int c) {
    return c == longestOf ? second : longest;
  }

  private static boolean same(double[] a, double[] b, int at, int d) {
    for (int j = at; j < at + d; j++) if (a[j] != b[j]) return false;
    return true;
  }
}
