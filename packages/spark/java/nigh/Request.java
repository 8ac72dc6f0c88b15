package nigh;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

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
  /** Rows whose margin is below this are asked for; and which count margins are counted from. */
  double margin;
  double firstBin;
  private Steps steps;
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
        margin = next(1)[0];
        firstBin = next(1)[0];
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
        buckets();
        break;
      case BUCKETS:
        buckets();
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

  private void buckets() {
    wanted = new boolean[Seeding.BUCKETS];
    for (double bucket : next(count)) wanted[(int) bucket] = true;
  }

  /** How far the centroids moved since the pass before; null where there are others. */
  Steps steps() {
    if (steps == null && previousK == k) steps = new Steps(previous, centroids, d);
    return steps;
  }

  void addOnThree(double[] sums, int at, double value, double whole, double part) {
    double a = value + big1 - big1;
    double b = value - a + big2 - big2;
    sums[at] += whole * a;
    sums[at + 1] += whole * b;
    sums[at + 2] += whole * (value - a - b + big3 - big3);
    if (part != 0) {
      double product = value * part;
      a = product + big1 - big1;
      b = product - a + big2 - big2;
      sums[at] += a;
      sums[at + 1] += b;
      sums[at + 2] += product - a - b + big3 - big3;
    }
  }

  /** A quarter of the squared distance from each row taken so far to another, rounded down. */
  double[] gapsTo(double[] rows, int count) {
    double[] gaps = new double[previousK * count];
    for (int t = 0; t < previousK; t++) {
      for (int c = 0; c < count; c++) {
        double sq = Block.distanceSq(taken, t * d, rows, c * d, d);
        gaps[t * count + c] = sq < 1e-280 ? 0 : sq * 0.25 * (1 - 4 * Steps.slack(d));
      }
    }
    return gaps;
  }

  private final Map<Integer, double[]> takenGaps = new HashMap<>();

  /** The same, to a row taken later. */
  double[] gapsToTaken(int t) {
    return takenGaps.computeIfAbsent(t, at -> gapsTo(Arrays.copyOfRange(taken, at * d, (at + 1) * d), 1));
  }

  private void gaps() {
    quarterGaps = gapsTo(candidates, k);
  }
}
