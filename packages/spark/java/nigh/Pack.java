package nigh;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.api.java.UDF3;
import scala.collection.Iterator;
import scala.collection.Seq;

/**
 * Packs rows into a block: {@code pack(centres, cell, collect_list(struct(id, weight, array)))}.
 *
 * <p>Empty {@code centres} make a plain block. Otherwise they are a block themselves, and the rows are sorted by their
 * distance to its row number {@code cell}. An id of null in the first row makes a block without ids, and likewise a
 * weight.
 */
public final class Pack implements UDF3<byte[], Integer, Seq<Row>, byte[]> {
  private static final long serialVersionUID = 1L;

  @Override
  public byte[] call(byte[] centres, Integer cell, Seq<Row> list) {
    int n = list.length();
    if (n == 0) throw new IllegalArgumentException("nigh: a block without rows");
    long[] ids = null;
    double[] weights = null;
    double[] rows = null;
    int d = 0;
    int i = 0;
    for (Iterator<Row> iterator = list.iterator(); iterator.hasNext(); i++) {
      Row row = iterator.next();
      if (row.isNullAt(2)) throw missing(0);
      Seq<?> numbers = row.getSeq(2);
      if (rows == null) {
        d = numbers.length();
        if (d == 0) throw new IllegalArgumentException("nigh: a row without numbers");
        rows = new double[Math.multiplyExact(n, d)];
        if (!row.isNullAt(0)) ids = new long[n];
        if (!row.isNullAt(1)) weights = new double[n];
      }
      if (numbers.length() != d) {
        throw new IllegalArgumentException("nigh: rows of " + d + " and of " + numbers.length() + " numbers");
      }
      if (ids != null) {
        if (row.isNullAt(0)) throw new IllegalArgumentException("nigh: a row has no id");
        ids[i] = row.getLong(0);
      }
      if (weights != null) {
        if (row.isNullAt(1)) throw new IllegalArgumentException("nigh: a row has no weight");
        weights[i] = row.getDouble(1);
        if (!(weights[i] >= 0 && weights[i] < Double.POSITIVE_INFINITY)) {
          throw new IllegalArgumentException("nigh: weights must be finite numbers from 0 up, got " + weights[i]);
        }
      }
      int at = i * d;
      int j = 0;
      for (Iterator<?> values = numbers.iterator(); values.hasNext(); j++) {
        Object value = values.next();
        if (value == null) throw missing(j);
        double x = (Double) value;
        if (!(Math.abs(x) <= 1e150)) throw new IllegalArgumentException("nigh: column " + j + " holds " + x);
        rows[at + j] = x;
      }
    }
    if (centres.length == 0) return Block.pack(n, d, ids, weights, -1, null, null, rows);
    double[] centre = new Block(centres).row(cell);
    if (centre.length != d) throw new IllegalArgumentException("nigh: a centre of " + centre.length + " numbers");
    return sorted(cell, centre, n, d, ids, weights, rows);
  }

  private static byte[] sorted(int cell, double[] centre, int n, int d, long[] ids, double[] weights, double[] rows) {
    double[] radii = new double[n];
    Integer[] order = new Integer[n];
    for (int i = 0; i < n; i++) {
      radii[i] = Math.sqrt(Block.distanceSq(rows, i * d, centre, 0, d));
      order[i] = i;
    }
    long[] by = ids;
    java.util.Arrays.sort(order, (a, b) -> {
      int first = Double.compare(radii[a], radii[b]);
      return first != 0 || by == null ? first : Long.compare(by[a], by[b]);
    });
    long[] newIds = ids == null ? null : new long[n];
    double[] newWeights = weights == null ? null : new double[n];
    double[] newRadii = new double[n];
    double[] newRows = new double[n * d];
    for (int to = 0; to < n; to++) {
      int from = order[to];
      if (ids != null) newIds[to] = ids[from];
      if (weights != null) newWeights[to] = weights[from];
      newRadii[to] = radii[from];
      System.arraycopy(rows, from * d, newRows, to * d, d);
    }
    return Block.pack(n, d, newIds, newWeights, cell, centre, newRadii, newRows);
  }

  private static IllegalArgumentException missing(int column) {
    return new IllegalArgumentException("nigh: column " + column + " holds a missing value");
  }
}
