package nigh;

/**
 * Some rows, packed: n rows of d float64 numbers, little-endian, each section after the other.
 *
 * <pre>
 * int magic, n, d, flags
 * flags & 1:  n longs    ids
 * flags & 2:  n doubles  weights
 * flags & 4:  1 double cell, d doubles centre, n doubles radii (distance of each row to the centre, ascending)
 * n·d doubles            the rows
 * flags & 8:  1 long     fingerprint of all before: state that is kept for a block is kept for these very bytes
 * </pre>
 */
final class Block {
  static final int MAGIC = 0x3142474e; // "NGB1"
  static final int IDS = 1;
  static final int WEIGHTS = 2;
  static final int CELL = 4;
  static final int KEY = 8;

  final byte[] bytes;
  final int n;
  final int d;
  private final int flags;
  private final int rowsAt;

  Block(byte[] bytes) {
    if (bytes == null || bytes.length < 16 || Bytes.getInt(bytes, 0) != MAGIC) {
      throw new IllegalArgumentException("nigh: not a block");
    }
    this.bytes = bytes;
    n = Bytes.getInt(bytes, 4);
    d = Bytes.getInt(bytes, 8);
    flags = Bytes.getInt(bytes, 12);
    if (n < 0 || d < 1 || size(n, d, flags) != bytes.length) throw new IllegalArgumentException("nigh: a torn block");
    rowsAt = cellAt() + (has(CELL) ? 8 * (1 + d + n) : 0);
  }

  /** What state is kept under. */
  long key() {
    return has(KEY) ? Bytes.getLong(bytes, bytes.length - 8) : Bytes.fingerprint(bytes, bytes.length);
  }

  static long size(long n, long d, int flags) {
    long numbers = n * d;
    if ((flags & IDS) != 0) numbers += n;
    if ((flags & WEIGHTS) != 0) numbers += n;
    if ((flags & CELL) != 0) numbers += 1 + d + n;
    if ((flags & KEY) != 0) numbers += 1;
    return 16 + 8 * numbers;
  }

  boolean has(int flag) {
    return (flags & flag) != 0;
  }

  private int weightsAt() {
    return 16 + (has(IDS) ? 8 * n : 0);
  }

  private int cellAt() {
    return weightsAt() + (has(WEIGHTS) ? 8 * n : 0);
  }

  /** The ids, or the rows' numbers in the block where it has none. */
  long[] ids() {
    if (has(IDS)) return Bytes.getLongs(bytes, 16, n);
    long[] ids = new long[n];
    for (int i = 0; i < n; i++) ids[i] = i;
    return ids;
  }

  /** The weights, or null where each is 1. */
  double[] weights() {
    return has(WEIGHTS) ? Bytes.getDoubles(bytes, weightsAt(), n) : null;
  }

  int cell() {
    return has(CELL) ? (int) Bytes.getDouble(bytes, cellAt()) : -1;
  }

  double[] centre() {
    return Bytes.getDoubles(bytes, cellAt() + 8, d);
  }

  double[] radii() {
    return Bytes.getDoubles(bytes, cellAt() + 8 + 8 * d, n);
  }

  double[] rows() {
    return Bytes.getDoubles(bytes, rowsAt, n * d);
  }

  double[] row(int i) {
    return Bytes.getDoubles(bytes, rowsAt + i * d * 8, d);
  }

  /** One number. */
  double get(int i, int j) {
    return Bytes.getDouble(bytes, rowsAt + (i * d + j) * 8);
  }

  /** Copies a row into a tile, as its column {@code p}. */
  void toTile(int i, double[] tile, int p) {
    int at = rowsAt + i * d * 8;
    for (int j = 0; j < d; j++) tile[j * TILE + p] = Bytes.getDouble(bytes, at + j * 8);
  }

  /** Copies a row's bytes. */
  void toBytes(int i, byte[] to, int at) {
    System.arraycopy(bytes, rowsAt + i * d * 8, to, at, d * 8);
  }

  /** The squared distance of a row by its definition. */
  double distanceSq(int i, double[] other, int k) {
    int at = rowsAt + i * d * 8;
    double sum = 0;
    for (int j = 0; j < d; j++) {
      double t = Bytes.getDouble(bytes, at + j * 8) - other[k + j];
      sum = sum + t * t;
    }
    return sum;
  }

  /** The squared distance, or +∞ once it cannot be below a limit: sums of squares only grow. */
  double below(int i, double[] other, int k, double limit) {
    int at = rowsAt + i * d * 8;
    double sum = 0;
    for (int j = 0; j < d; j++) {
      double t = Bytes.getDouble(bytes, at + j * 8) - other[k + j];
      sum = sum + t * t;
      if (sum >= limit) return Double.POSITIVE_INFINITY;
    }
    return sum;
  }

  boolean equals(int i, double[] other, int k) {
    for (int j = 0; j < d; j++) if (get(i, j) != other[k + j]) return false;
    return true;
  }

  static byte[] pack(int n, int d, long[] ids, double[] weights, int cell, double[] centre, double[] radii, double[] rows) {
    int flags = KEY | (ids != null ? IDS : 0) | (weights != null ? WEIGHTS : 0) | (centre != null ? CELL : 0);
    long size = size(n, d, flags);
    if (size > Integer.MAX_VALUE - 64) throw new IllegalArgumentException("nigh: a block of " + size + " bytes");
    byte[] bytes = new byte[(int) size];
    Bytes.putInt(bytes, 0, MAGIC);
    Bytes.putInt(bytes, 4, n);
    Bytes.putInt(bytes, 8, d);
    Bytes.putInt(bytes, 12, flags);
    int at = 16;
    if (ids != null) {
      Bytes.putLongs(bytes, at, ids, 0, n);
      at += 8 * n;
    }
    if (weights != null) {
      Bytes.putDoubles(bytes, at, weights, 0, n);
      at += 8 * n;
    }
    if (centre != null) {
      Bytes.putDouble(bytes, at, cell);
      Bytes.putDoubles(bytes, at + 8, centre, 0, d);
      Bytes.putDoubles(bytes, at + 8 + 8 * d, radii, 0, n);
      at += 8 * (1 + d + n);
    }
    Bytes.putDoubles(bytes, at, rows, 0, n * d);
    Bytes.putLong(bytes, bytes.length - 8, Bytes.fingerprint(bytes, bytes.length - 8));
    return bytes;
  }

  /**
   * Squared distances of up to {@link #TILE} rows to one other row, by the definition: for each column in order, the
   * square of the difference is added. The inner loop runs over rows, which lie beside each other in a tile, so the
   * compiler vectorises it without changing any row's own order.
   */
  static void distancesSq(double[] tile, int rows, int d, double[] other, int at, double[] out) {
    double y = other[at];
    for (int p = 0; p < rows; p++) {
      double t = tile[p] - y;
      out[p] = t * t;
    }
    for (int j = 1; j < d; j++) {
      double z = other[at + j];
      int base = j * TILE;
      for (int p = 0; p < rows; p++) {
        double t = tile[base + p] - z;
        out[p] = out[p] + t * t;
      }
    }
  }

  /** Rows of a tile. */
  static final int TILE = 256;

  /** Copies rows from … to − 1 into a tile: column after column. */
  static void fill(double[] rows, int d, int from, int to, double[] tile) {
    for (int i = from, p = 0; i < to; i++, p++) {
      int at = i * d;
      for (int j = 0; j < d; j++) tile[j * TILE + p] = rows[at + j];
    }
  }

  /** The squared distance by its definition. */
  static double distanceSq(double[] a, int i, double[] b, int k, int d) {
    double sum = 0;
    for (int j = 0; j < d; j++) {
      double t = a[i + j] - b[k + j];
      sum = sum + t * t;
    }
    return sum;
  }
}
