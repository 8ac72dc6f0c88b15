package nigh;

import org.apache.spark.sql.Row;
import org.apache.spark.sql.expressions.MutableAggregationBuffer;
import org.apache.spark.sql.expressions.UserDefinedAggregateFunction;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructType;

/**
 * The k nearest rows of each of m queries: {@code near(search, queries, previous, block)}.
 *
 * <p>The answer: m·k doubles, squared distances, ascending, +∞ where there is none; m·k longs, the rows' ids; one
 * double, how many distances were computed. Equal distances in the order of the ids.
 */
@SuppressWarnings("deprecation") // the only kind of aggregate that a Connect client can register
public final class Near extends UserDefinedAggregateFunction {
  private static final long serialVersionUID = 1L;

  /** The lists of the last buffer, unpacked. */
  private static final class Lists {
    byte[] packed;
    double[] distances;
    long[] ids;
    double pairs;
  }

  private static final ThreadLocal<Lists> LAST = new ThreadLocal<>();

  @Override
  public StructType inputSchema() {
    return new StructType()
        .add("search", DataTypes.BinaryType)
        .add("queries", DataTypes.BinaryType)
        .add("previous", DataTypes.BinaryType)
        .add("block", DataTypes.BinaryType);
  }

  @Override
  public StructType bufferSchema() {
    return new StructType().add("k", DataTypes.IntegerType).add("lists", DataTypes.BinaryType);
  }

  @Override
  public DataType dataType() {
    return DataTypes.BinaryType;
  }

  @Override
  public boolean deterministic() {
    return true;
  }

  @Override
  public void initialize(MutableAggregationBuffer buffer) {
    buffer.update(0, 0);
    buffer.update(1, null);
  }

  @Override
  public void update(MutableAggregationBuffer buffer, Row input) {
    Search search = Search.of((byte[]) input.get(0), (byte[]) input.get(1), (byte[]) input.get(2));
    Block block = new Block((byte[]) input.get(3));
    if (block.d != search.d) {
      throw new IllegalArgumentException("nigh: queries of " + search.d + " columns, rows of " + block.d);
    }
    Lists lists = unpack((byte[]) buffer.get(1), search.m * search.k);
    look(search, block, lists);
    buffer.update(0, search.k);
    buffer.update(1, pack(lists));
  }

  private static void look(Search search, Block block, Lists lists) {
    int k = search.k;
    int d = search.d;
    int cell = block.cell();
    double[] radii = null;
    if (cell >= 0) {
      radii = block.radii();
      search.measure(block.centre());
    }
    // The queries for which this block may hold a neighbour.
    int[] active = new int[search.m];
    int count = 0;
    for (int q = 0; q < search.m; q++) {
      if (!search.looks(q, cell)) continue;
      double limit = Math.min(search.limits[q], lists.distances[q * k + k - 1]);
      if (radii != null && search.excludes(q, radii[0], radii[block.n - 1], limit)) continue;
      active[count++] = q;
    }
    if (count == 0) return;
    double[] rows = block.rows();
    long[] ids = block.ids();
    double[] sq = search.sq;
    for (int from = 0; from < block.n; from += Block.TILE) {
      int to = Math.min(block.n, from + Block.TILE);
      int size = to - from;
      boolean filled = false;
      for (int a = 0; a < count; a++) {
        int q = active[a];
        double limit = Math.min(search.limits[q], lists.distances[q * k + k - 1]);
        if (radii != null && search.excludes(q, radii[from], radii[to - 1], limit)) continue;
        if (!filled) {
          Block.fill(rows, d, from, to, search.tile);
          filled = true;
        }
        Block.distancesSq(search.tile, size, d, search.queries, q * d, sq);
        lists.pairs += size;
        long own = search.queryIds[q];
        for (int p = 0; p < size; p++) {
          if (sq[p] > limit) continue;
          long id = ids[from + p];
          if (search.excludeOwn && id == own) continue;
          insert(lists, q * k, k, sq[p], id);
          limit = Math.min(search.limits[q], lists.distances[q * k + k - 1]);
        }
      }
    }
  }

  /** Puts a row in its place among the k nearest; the farthest falls out. */
  private static void insert(Lists lists, int start, int k, double sq, long id) {
    double[] distances = lists.distances;
    long[] ids = lists.ids;
    int at = start + k - 1;
    if (!before(sq, id, distances[at], ids[at])) return;
    for (; at > start && before(sq, id, distances[at - 1], ids[at - 1]); at--) {
      distances[at] = distances[at - 1];
      ids[at] = ids[at - 1];
    }
    distances[at] = sq;
    ids[at] = id;
  }

  /** Nearer, or as near with a smaller id. */
  private static boolean before(double sq, long id, double otherSq, long otherId) {
    return sq < otherSq || (sq == otherSq && id < otherId);
  }

  private static Lists unpack(byte[] packed, int size) {
    Lists lists = LAST.get();
    if (packed != null && lists != null && lists.packed == packed) return lists;
    lists = new Lists();
    LAST.set(lists);
    lists.packed = packed;
    if (packed == null) {
      lists.distances = new double[size];
      lists.ids = new long[size];
      java.util.Arrays.fill(lists.distances, Double.POSITIVE_INFINITY);
      java.util.Arrays.fill(lists.ids, Long.MAX_VALUE);
    } else {
      lists.distances = Bytes.getDoubles(packed, 0, size);
      lists.ids = Bytes.getLongs(packed, size * 8, size);
      lists.pairs = Bytes.getDouble(packed, size * 16);
    }
    return lists;
  }

  private static byte[] pack(Lists lists) {
    int size = lists.ids.length;
    byte[] packed = lists.packed == null ? new byte[size * 16 + 8] : lists.packed;
    Bytes.putDoubles(packed, 0, lists.distances, 0, size);
    Bytes.putLongs(packed, size * 8, lists.ids, 0, size);
    Bytes.putDouble(packed, size * 16, lists.pairs);
    lists.packed = packed;
    return packed;
  }

  @Override
  public void merge(MutableAggregationBuffer buffer, Row other) {
    byte[] theirs = (byte[]) other.get(1);
    if (theirs == null) return;
    byte[] ours = (byte[]) buffer.get(1);
    int k = other.getInt(0);
    buffer.update(0, k);
    buffer.update(1, ours == null ? theirs.clone() : merged(k, ours, theirs));
  }

  static byte[] merged(int k, byte[] ours, byte[] theirs) {
    int size = (ours.length - 8) / 16;
    Lists a = new Lists();
    a.distances = Bytes.getDoubles(ours, 0, size);
    a.ids = Bytes.getLongs(ours, size * 8, size);
    a.pairs = Bytes.getDouble(ours, size * 16) + Bytes.getDouble(theirs, size * 16);
    for (int at = 0; at < size; at++) {
      double sq = Bytes.getDouble(theirs, at * 8);
      if (sq == Double.POSITIVE_INFINITY) continue;
      insert(a, at - at % k, k, sq, Bytes.getLong(theirs, (size + at) * 8));
    }
    return pack(a);
  }

  @Override
  public Object evaluate(Row buffer) {
    return buffer.get(1);
  }
}
