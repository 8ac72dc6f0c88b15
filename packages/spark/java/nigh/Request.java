package nigh;

import java.util.Arrays;

/**
 * What a pass asks for, read once a task: the bytes are one literal for all its rows.
 *
 * <pre>
 * int magic, operation, d, k, version, previous version, previous k, count; long fit; then doubles, by operation
 * </pre>
 */
final class Request {
  static final int MAGIC = 0x3152474e; // "NGR1"
  static final int RANGES = 1;
  static final int ASSIGN = 2;
  static final int INERTIA = 3;
  static final int FARTHEST = 4;
  static final int RELOCATE = 5;
  static final int SEED = 6;
  static final int BUCKETS = 7;
  static final int WEIGHTS = 8;

  final byte[] from;
  final int operation;
  final int d;
  final int k;
  final int version;
  final int previousVersion;
  final int previousK;
  final int count;
  final long fit;
  private int at = 40;

  // Grids of the centroids' sums.
  double[] origin;
  double[] coarse;
  double[] fine;
  double weightCoarse;
  double weightFine;
  /** The centroids of this pass, of the one before, and rows that were then moved by hand (d numbers and a cluster each). */
  double[] centroids;
  double[] previous;
  double[] relocations;
  int relocationCount;
  /** Widened steps of each centroid since the pass before, and the longest. */
  double[] steps;
  double longestStep;
  double secondStep;
  int longestOf;
  /** Grids of squared distances. */
  double big1;
  double big2;
  double big3;
  /** Rows taken so far and candidates. */
  double[] taken;
  double[] candidates;
  double[] quarterGaps;
  boolean[] wanted;

  private static final ThreadLocal<Request> LAST = new ThreadLocal<>();

  static Request of(byte[] bytes) {
    Request last = LAST.get();
    if (last == null || last.from != bytes) {
      last = new Request(bytes);
      LAST.set(last);
    }
    return last;
  }

  private Request(byte[] bytes) {
    if (bytes.length < 40 || Bytes.getInt(bytes, 0) != MAGIC) throw new IllegalArgumentException("nigh: not a request");
    from = bytes;
    operation = Bytes.getInt(bytes, 4);
    d = Bytes.getInt(bytes, 8);
    k = Bytes.getInt(bytes, 12);
    version = Bytes.getInt(bytes, 16);
    previousVersion = Bytes.getInt(bytes, 20);
    previousK = Bytes.getInt(bytes, 24);
    count = Bytes.getInt(bytes, 28);
    fit = Bytes.getLong(bytes, 32);
    switch (operation) {
      case RANGES:
        break;
      case ASSIGN:
        grids();
        centroids = next(k * d);
        labels();
        steps();
        break;
      case RELOCATE:
        grids();
        labels();
        centroids = next(d); // the row
        break;
      case INERTIA:
      case FARTHEST:
        squares();
        labels();
        centroids = next(k * d);
        break;
      case SEED:
        squares();
        taken = next(previousK * d);
        candidates = next(k * d);
        gaps();
        break;
      case BUCKETS:
        wanted = new boolean[4096];
        for (double bucket : next(count)) wanted[(int) bucket] = true;
        break;
      case WEIGHTS:
        weightCoarse = next(1)[0];
        weightFine = next(1)[0];
        break;
      default:
        throw new IllegalArgumentException("nigh: an unknown operation " + operation);
    }
  }

  private double[] next(int numbers) {
    double[] values = Bytes.getDoubles(from, at, numbers);
    at += numbers * 8;
    return values;
  }

  private void grids() {
    origin = next(d);
    coarse = next(d);
    fine = next(d);
    weightCoarse = next(1)[0];
    weightFine = next(1)[0];
  }

  private void labels() {
    previous = next(previousK * d);
    relocationCount = (int) next(1)[0];
    relocations = next(relocationCount * (d + 1));
  }

  private void squares() {
    big1 = next(1)[0];
    big2 = next(1)[0];
    big3 = next(1)[0];
  }

  /** Relative error of a computed distance, with room to spare. */
  double slack() {
    return (d + 16) * 0x1p-51;
  }

  private void steps() {
    if (previousK != k) return;
    steps = new double[k];
    for (int c = 0; c < k; c++) {
      double sq = Block.distanceSq(centroids, c * d, previous, c * d, d);
      // The smallest summand covers squares that vanish.
      steps[c] = sq == 0 && same(c) ? 0 : Math.sqrt(sq) * (1 + slack()) + 1e-150;
    }
    longestOf = 0;
    for (int c = 1; c < k; c++) if (steps[c] > steps[longestOf]) longestOf = c;
    longestStep = steps[longestOf];
    for (int c = 0; c < k; c++) if (c != longestOf && steps[c] > secondStep) secondStep = steps[c];
  }

  private double[] takenGaps;

  /** A quarter of the squared distance between two taken rows, rounded down. */
  double takenGap(int a, int b) {
    if (takenGaps == null) {
      takenGaps = new double[previousK * previousK];
      Arrays.fill(takenGaps, -1);
    }
    int at = a * previousK + b;
    if (takenGaps[at] < 0) {
      double sq = Block.distanceSq(taken, a * d, taken, b * d, d);
      takenGaps[at] = sq < 1e-280 ? 0 : sq * 0.25 * (1 - 4 * slack());
    }
    return takenGaps[at];
  }

  private boolean same(int c) {
    for (int j = c * d; j < (c + 1) * d; j++) if (centroids[j] != previous[j]) return false;
    return true;
  }

  /** A quarter of the squared distance from each taken row to each candidate, rounded down. */
  private void gaps() {
    quarterGaps = new double[previousK * k];
    for (int t = 0; t < previousK; t++) {
      for (int c = 0; c < k; c++) {
        double sq = Block.distanceSq(taken, t * d, candidates, c * d, d);
        quarterGaps[t * k + c] = sq < 1e-280 ? 0 : sq * 0.25 * (1 - 4 * slack());
      }
    }
  }
}
