package nigh;

import java.lang.ref.SoftReference;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF2;
import scala.collection.Iterator;
import scala.collection.Seq;

/** The nearest of some centroids to a row: {@code nearest(centroids, array)}, a struct of its number and distance. */
public final class Nearest implements UDF2<byte[], Seq<Object>, Row> {
  private static final long serialVersionUID = 1L;

  /** The centroids of the last call, unpacked: the bytes are one literal for all rows of a task. */
  private static final class Centroids {
    byte[] from;
    int k;
    int d;
    double[] columns; // d × k, so that the loop over centroids runs along memory
  }

  private static final ThreadLocal<SoftReference<Centroids>> LAST = new ThreadLocal<>();

  @Override
  public Row call(byte[] request, Seq<Object> numbers) {
    SoftReference<Centroids> held = LAST.get();
    Centroids centroids = held == null ? null : held.get();
    if (centroids == null || centroids.from != request) {
      centroids = new Centroids();
      Block block = new Block(request);
      double[] rows = block.rows();
      centroids.from = request;
      centroids.k = block.n;
      centroids.d = block.d;
      centroids.columns = new double[block.n * block.d];
      for (int c = 0; c < block.n; c++) {
        for (int j = 0; j < block.d; j++) centroids.columns[j * block.n + c] = rows[c * block.d + j];
      }
      LAST.set(new SoftReference<>(centroids));
    }
    int k = centroids.k;
    if (numbers == null) throw new IllegalArgumentException("nigh: column 0 holds a missing value");
    if (numbers.length() != centroids.d) {
      throw new IllegalArgumentException("nigh: a row of " + numbers.length() + " numbers, centroids of " + centroids.d);
    }
    double[] sums = new double[k];
    int j = 0;
    for (Iterator<Object> values = numbers.iterator(); values.hasNext(); j++) {
      Object value = values.next();
      if (value == null) throw new IllegalArgumentException("nigh: column " + j + " holds a missing value");
      double x = (Double) value;
      // Its square may overflow, and every centroid would be as far.
      if (!(Math.abs(x) <= 1e150)) throw new IllegalArgumentException("nigh: column " + j + " holds " + x);
      double[] columns = centroids.columns;
      int base = j * k;
      for (int c = 0; c < k; c++) {
        double t = x - columns[base + c];
        sums[c] = sums[c] + t * t;
      }
    }
    int best = 0;
    for (int c = 1; c < k; c++) if (sums[c] < sums[best]) best = c;
    return RowFactory.create(best, Math.sqrt(sums[best]));
  }
}
