package nigh;

import java.util.Arrays;

/** The passes of a fit over one block, each added to the answer so far. */
final class Passes {
  private Passes() {}

  static byte[] run(Request request, Block block, byte[] answer) {
    if (block.n > 0 && block.d != request.d) {
      throw new IllegalArgumentException("nigh: a block of " + block.d + " columns, a request of " + request.d);
    }
    switch (request.operation) {
      case Request.RANGES:
        return ranges(block, answer);
      case Request.ASSIGN:
        return Lloyd.assign(request, block, answer);
      case Request.INERTIA:
        return Lloyd.inertia(request, block, answer);
      case Request.FARTHEST:
        return Lloyd.farthest(request, block, answer);
      case Request.RELOCATE:
        return Lloyd.relocate(request, block, answer);
      case Request.SEED:
        return Seeding.tryRows(request, block, answer);
      case Request.BUCKETS:
        return Seeding.buckets(request, block, answer);
      default:
        return Seeding.weights(request, block, answer);
    }
  }

  /** Merges two answers; of the request only its head is there. */
  static byte[] merge(byte[] head, byte[] ours, byte[] theirs) {
    int d = Bytes.getInt(head, 8);
    int k = Bytes.getInt(head, 12);
    switch (Bytes.getInt(head, 4)) {
      case Request.RANGES:
        return mergeRanges(ours, theirs);
      case Request.FARTHEST:
        return Lloyd.farther(d, Bytes.getInt(head, 28), ours, theirs);
      case Request.BUCKETS:
        return Seeding.listed(d, 0, ours, theirs, 0);
      case Request.SEED:
        int listsAt = Seeding.sumsBytes(k);
        add(ours, theirs, listsAt);
        return Seeding.listed(d, listsAt, ours, theirs, listsAt);
      case Request.ASSIGN:
        int rowsAt = Lloyd.sumsBytes(k, d);
        add(ours, theirs, rowsAt);
        return theirs.length == rowsAt ? ours : Tail.joined(ours, ours.length, theirs, rowsAt, theirs.length);
      default:
        add(ours, theirs, ours.length);
        return ours;
    }
  }

  private static void add(byte[] ours, byte[] theirs, int length) {
    for (int at = 0; at < length; at += 8) Bytes.addDouble(ours, at, Bytes.getDouble(theirs, at));
  }

  // --- ranges: d minima, d maxima, summed weights rounded up, largest weight, rows ---------------------------------

  private static byte[] ranges(Block block, byte[] answer) {
    int d = block.d;
    double[] minima = new double[d];
    double[] maxima = new double[d];
    Arrays.fill(minima, Double.POSITIVE_INFINITY);
    Arrays.fill(maxima, Double.NEGATIVE_INFINITY);
    double[] weights = block.weights();
    double weight = 0;
    double largest = 0;
    for (int i = 0; i < block.n; i++) {
      double w = weights == null ? 1 : weights[i];
      if (w == 0) continue;
      weight += Math.ceil(w);
      if (w > largest) largest = w;
      for (int j = 0; j < d; j++) {
        double x = block.get(i, j);
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
    Bytes.addDouble(ours, 2 * d * 8, Bytes.getDouble(theirs, 2 * d * 8));
    int at = (2 * d + 1) * 8;
    if (Bytes.getDouble(theirs, at) > Bytes.getDouble(ours, at)) Bytes.putDouble(ours, at, Bytes.getDouble(theirs, at));
    Bytes.addDouble(ours, (2 * d + 2) * 8, Bytes.getDouble(theirs, (2 * d + 2) * 8));
    return ours;
  }
}
