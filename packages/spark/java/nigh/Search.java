package nigh;

/**
 * A search for near rows, read once a task: what is asked, the queries, and what is known of each from before.
 *
 * <pre>
 * int magic, k, mode, cells, flags, 0; double radius; cells·d doubles centres; cells doubles rows in each cell
 * </pre>
 */
final class Search {
  static final int MAGIC = 0x314e474e; // "NGN1"
  /** All blocks. */
  static final int ALL = 0;
  /** Only the cells around each query that hold enough rows to answer it. */
  static final int HOME = 1;
  /** All but those, with what they gave as the bound. */
  static final int REST = 2;
  /** A row with a query's own id is no neighbour of it. */
  static final int EXCLUDE_OWN = 1;

  final byte[] header;
  final byte[] queryBytes;
  final byte[] previous;
  final int k;
  final int mode;
  final double radius;
  final boolean excludeOwn;
  final int m;
  final int d;
  final double[] queries;
  final long[] queryIds;
  /** Squared distances of the k-th neighbours known before: no farther row matters. */
  final double[] limits;
  private final double[] centres;
  private final double[] counts;
  private final int cells;
  /** Whether a cell is home to a query: m × cells bits. */
  private final long[] home;
  /** Distances of the queries to the centre of the block's cell. */
  final double[] toCentre;
  final double[] tile;
  final double[] sq = new double[Block.TILE];

  private static final ThreadLocal<Search> LAST = new ThreadLocal<>();

  static Search of(byte[] header, byte[] queries, byte[] previous) {
    Search last = LAST.get();
    if (last == null || last.header != header || last.queryBytes != queries || last.previous != previous) {
      last = new Search(header, queries, previous);
      LAST.set(last);
    }
    return last;
  }

  private Search(byte[] header, byte[] queryBytes, byte[] previous) {
    if (header.length < 32 || Bytes.getInt(header, 0) != MAGIC) throw new IllegalArgumentException("nigh: not a search");
    this.header = header;
    this.queryBytes = queryBytes;
    this.previous = previous;
    k = Bytes.getInt(header, 4);
    mode = Bytes.getInt(header, 8);
    cells = Bytes.getInt(header, 12);
    excludeOwn = (Bytes.getInt(header, 16) & EXCLUDE_OWN) != 0;
    radius = Bytes.getDouble(header, 24);
    Block block = new Block(queryBytes);
    m = block.n;
    d = block.d;
    queries = block.rows();
    queryIds = block.ids();
    centres = Bytes.getDoubles(header, 32, cells * d);
    counts = Bytes.getDoubles(header, 32 + cells * d * 8, cells);
    toCentre = new double[m];
    tile = new double[d * Block.TILE];
    limits = new double[m];
    java.util.Arrays.fill(limits, Double.POSITIVE_INFINITY);
    if (previous != null && previous.length > 0) {
      for (int q = 0; q < m; q++) limits[q] = Bytes.getDouble(previous, (q * k + k - 1) * 8);
    }
    home = mode == ALL ? null : new long[(int) (((long) m * cells + 63) >>> 6)];
    if (home != null) findHomes();
  }

  /** The nearest cells of each query, as many as hold k rows and one more for its own. */
  private void findHomes() {
    double[] near = new double[cells];
    for (int q = 0; q < m; q++) {
      for (int c = 0; c < cells; c++) near[c] = Block.distanceSq(queries, q * d, centres, c * d, d);
      double found = 0;
      while (found < k + 1) {
        int best = -1;
        for (int c = 0; c < cells; c++) if (near[c] >= 0 && (best < 0 || near[c] < near[best])) best = c;
        if (best < 0) break;
        near[best] = -1;
        found += counts[best];
        long bit = (long) q * cells + best;
        home[(int) (bit >>> 6)] |= 1L << bit;
      }
    }
  }

  /** Whether this pass looks at a block of this cell for this query. */
  boolean looks(int query, int cell) {
    if (home == null || cell < 0) return mode != HOME || cell >= 0;
    long bit = (long) query * cells + cell;
    boolean is = (home[(int) (bit >>> 6)] & 1L << bit) != 0;
    return is == (mode == HOME);
  }

  /** The distance of each query to the centre of a block. */
  void measure(double[] centre) {
    for (int q = 0; q < m; q++) toCentre[q] = Math.sqrt(Block.distanceSq(queries, q * d, centre, 0, d));
  }

  /**
   * Whether rows whose distance to the centre lies from `nearest` to `farthest` are all farther from a query than a
   * limit. By the triangle inequality, widened by more than what rounding can be off, so that a row which the
   * definition would find is never left out.
   */
  boolean excludes(int query, double nearest, double farthest, double limitSq) {
    double slack = (d + 16) * 0x1p-51;
    double to = toCentre[query];
    double gap = Math.max(to * (1 - slack) - farthest * (1 + slack), nearest * (1 - slack) - to * (1 + slack));
    // Squares below vanish: there nothing is certain.
    return gap > 1e-140 && gap * (1 - slack) > Math.sqrt(limitSq) * (1 + slack);
  }
}
