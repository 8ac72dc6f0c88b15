package nigh;

import java.util.ArrayList;
import java.util.List;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.api.java.UDF3;

/** The rows of a block within a radius of each query: an array of structs of query (its place), id and squared distance. */
public final class Within implements UDF3<byte[], byte[], byte[], List<Row>> {
  private static final long serialVersionUID = 1L;
  private static final byte[] NOTHING = new byte[0];

  @Override
  public List<Row> call(byte[] header, byte[] queries, byte[] bytes) {
    Search search = Search.of(header, queries, NOTHING);
    Block block = new Block(bytes);
    if (block.d != search.d) {
      throw new IllegalArgumentException("nigh: queries of " + search.d + " columns, rows of " + block.d);
    }
    double radius = search.radius;
    // The smallest squared distance whose root may be above the radius lies beyond this.
    double limit = radius * radius * (1 + 0x1p-50) + Double.MIN_VALUE;
    int d = search.d;
    double[] radii = null;
    if (block.cell() >= 0) {
      radii = block.radii();
      search.measure(block.centre());
    }
    List<Row> found = new ArrayList<>();
    double[] rows = null;
    long[] ids = block.ids();
    double[] sq = search.sq;
    for (int from = 0; from < block.n; from += Block.TILE) {
      int to = Math.min(block.n, from + Block.TILE);
      boolean filled = false;
      for (int q = 0; q < search.m; q++) {
        if (radii != null && search.excludes(q, radii[from], radii[to - 1], limit)) continue;
        if (!filled) {
          if (rows == null) rows = block.rows();
          Block.fill(rows, d, from, to, search.tile);
          filled = true;
        }
        Block.distancesSq(search.tile, to - from, d, search.queries, q * d, sq);
        for (int p = 0; p < to - from; p++) {
          // Decided by the distance that is given out: one equal to the radius is within, always.
          if (sq[p] > limit || !(Math.sqrt(sq[p]) <= radius)) continue;
          long id = ids[from + p];
          if (search.excludeOwn && id == search.queryIds[q]) continue;
          found.add(RowFactory.create(q, id, sq[p]));
        }
      }
    }
    return found;
  }
}
