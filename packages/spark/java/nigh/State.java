package nigh;

import java.lang.ref.SoftReference;
import java.util.Iterator;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * What an executor remembers of a block between the passes of a fit: labels and bounds, or squared distances while
 * seeding. Only ever a saving: a block that is not remembered (another executor, memory that was needed) is computed
 * anew from what the request says, with the same bits.
 */
final class State {
  /** Which assignment the labels are of; 0: none. */
  int version;
  int[] labels;
  /** Upper bound on the distance to the own centroid, lower bound on that to any other. */
  double[] upper;
  double[] lower;
  /** The centroids that labels and bounds are about. */
  double[] centroids;
  /** How many rows were taken when these were made; squared distance to the nearest of them, and which it is. */
  int taken;
  double[] distancesSq;
  int[] nearest;
  int[] hashes;

  private static final Map<Long, Map<Long, SoftReference<State>>> FITS = new ConcurrentHashMap<>();
  private static final int FITS_KEPT = 4;

  void forgetSeeding() {
    distancesSq = null;
    nearest = null;
    hashes = null;
  }

  static State of(long fit, Block block) {
    Map<Long, SoftReference<State>> blocks = FITS.get(fit);
    if (blocks == null) {
      // A fit that is over tells nobody: the oldest are forgotten when new ones come.
      while (FITS.size() >= FITS_KEPT) {
        Iterator<Long> ids = FITS.keySet().iterator();
        long oldest = Long.MAX_VALUE;
        while (ids.hasNext()) oldest = Math.min(oldest, ids.next());
        if (oldest >= fit || FITS.remove(oldest) == null) break;
      }
      blocks = FITS.computeIfAbsent(fit, id -> new ConcurrentHashMap<>());
    }
    long key = block.key();
    SoftReference<State> held = blocks.get(key);
    State state = held == null ? null : held.get();
    if (state == null) {
      state = new State();
      blocks.put(key, new SoftReference<>(state));
    }
    return state;
  }

  static void forget(long fit) {
    FITS.remove(fit);
  }
}
