/**
 * The order of the float64 fields in the record of a fit. Read by TypeScript and by AssemblyScript alike, so it holds
 * plain whole numbers and nothing else. An address is a byte offset into the kernels' memory, 16-byte aligned; 0 means
 * that the array is not there.
 */

/** n, the number of rows. */
export const ROWS = 0
/** d, the number of columns. */
export const COLUMNS = 1
/** k, the number of centroids. */
export const CLUSTERS = 2
/** Address of the rows as given (after an exact scaling by a power of two where their squares need it): n × d. */
export const POINTS = 3
/** 1 where the rows are float64, 0 where they are float32. */
export const DOUBLE = 4
/** Address of the working copy: float32, n × d, `(x − origin) · scale`. May be the rows themselves. */
export const WORK = 5
/** Address of the squared norms of the working copy's rows: float32, n. */
export const NORMS_SQ = 6
/** Address of the working copy's origin: float64, d. */
export const ORIGIN = 7
/** Power of two between the rows' unit and the working copy's. */
export const SCALE = 8
/** Address of the weights: float64, n; 0 where every weight is 1. */
export const WEIGHTS = 9
/** Address of the labels: uint32, n. */
export const LABELS = 10
/** 1 on the first assignment: labels, bounds and sums hold nothing yet. */
export const FIRST = 11
/** Address of the upper bounds on the distance to the own centroid, less its path so far: float32, n; 0: keep none. */
export const UPPER = 12
/** Address of the lower bounds on the distance to any other centroid, plus the others' path so far: float32, n. */
export const LOWER = 13
/**
 * Address of the lower bounds by group, plus the group's longest path so far, in steps of BOUND_UNIT: uint16, round by
 * round (of ROUND rows), within a round group by group, within a group row by row; 0 for one group.
 */
export const GROUP_LOWER = 14
/** Number of groups of centroids. */
export const GROUPS = 15
/** Address of the first panel of each group, and the number of panels: int32, groups + 1. */
export const GROUP_PANELS = 16
/** Address of the packed centroids: float32, panels × d × 8. */
export const PANELS = 17
/** Address of half the squared norms of the packed centroids, +∞ where a place is empty: float32, panels × 8. */
export const HALVES = 18
/** Address of the centroid at each packed place: int32, panels × 8, −1 where a place is empty. */
export const PLACES = 19
/** Address of the group of each centroid: int32, k. */
export const GROUP_OF = 20
/** Address of the centroids in the rows' unit: float64, k × d. */
export const CENTROIDS = 21
/** Address of the centroids in the working unit: float32, k × d. */
export const WORK_CENTROIDS = 22
/** Largest norm of a centroid in the working unit, rounded up. */
export const NORM_MAX = 23
/** Address of the path length of each centroid so far, rounded up: float64, k. */
export const PATHS = 24
/** Address of the path of each group so far, the sum of its longest moves, in steps of BOUND_UNIT rounded up: uint16, groups. */
export const GROUP_STEPS_UP = 25
/** Address of the sum of the longest step of any other centroid, for each centroid: float64, k. */
export const OTHER_PATHS = 26
/** Address of half the distance from each centroid to its nearest other, rounded down: float32, k; 0: not known. */
export const HALF_GAPS = 27
/** Address of the origins of the sums: float64, d. */
export const SUM_ORIGIN = 28
/** Address of the constants that round to the coarse grid of each column: float64, d. */
export const COARSE = 29
/** Address of the constants that round to the fine grid of each column: float64, d. */
export const FINE = 30
/** Constants that round weights to their coarse and fine grid. */
export const WEIGHT_COARSE = 31
export const WEIGHT_FINE = 32
/** Address of each thread's sums: float64, threads × k × 2d (coarse, then fine); 0: keep none. */
export const SUMS = 33
/** Address of each thread's summed weights: float64, threads × k × 2 (coarse, fine). */
export const COUNTS = 34
/** Address of each thread's marks on the centroids whose sums it changed: uint8, threads × k. */
export const TOUCHED = 35
/** Address of each thread's counters: float64, threads × 8: see the STAT_ constants. */
export const STATS = 36
/** Address of each thread's scratch space, and its size in bytes. */
export const SCRATCH = 37
export const SCRATCH_BYTES = 38
/** Constants that round squared distances to the three grids of their sum. */
export const SQ_GRID_1 = 39
export const SQ_GRID_2 = 40
export const SQ_GRID_3 = 41
/** Address of each thread's exact sum of squared distances: float64, threads × 4 (three grids, spare). */
export const SQ_SUMS = 42
/** Address of squared distances out: float64, n, or n × k; 0: keep none. */
export const DISTANCES_SQ = 43
/** Address of each thread's column ranges: float64, threads × 2d (minima, maxima). */
export const RANGES = 44
/** Address of the rows' hashes: uint32, n. */
export const HASHES = 45
/** Address of the index, among the chosen rows, of the one that is nearest: uint32, n. */
export const NEAREST = 46
/** Number of candidates that are tried at once, at most 8. */
export const CANDIDATES = 47
/** Address of the candidates in the working unit, packed as one panel: float32, d × 8. */
export const CANDIDATE_PANEL = 48
/**
 * Address of what the products with the candidates start from, less half their squared norms: 8 × float32 in the
 * working unit, or 8 × int32 in units of a narrow product (assembly/seed-tile.ts).
 */
export const CANDIDATE_STARTS = 49
/** Address of the candidates in the rows' unit: float64, 8 × d. */
export const CANDIDATE_ROWS = 50
/** Address of a quarter of the squared distance from each chosen row to its nearest candidate, rounded down: float32, k. */
export const CANDIDATE_GAPS = 51
/** Address of each thread's exact gains of each candidate: float64, threads × 8 × 4. */
export const GAINS = 52
/** Candidate that is taken: its place in the panel; −1 while they are only tried. */
export const TAKEN = 53
/** Index, among the chosen rows, that the taken candidate gets. */
export const TAKEN_AS = 54
/** Address of each thread's bucket sums: float64, threads × buckets × 2 (two grids). */
export const BUCKETS = 55
/**
 * Address of the rows' floors: n × float32, or n × int32 in units of a narrow product. A candidate is not nearer unless
 * its product less half its squared norm reaches the float32 floor, or is above the int32 one.
 */
export const FLOORS = 56
/** The same as PATHS and OTHER_PATHS, rounded up to float32: float32, k each. */
export const PATHS_32 = 57
export const OTHER_PATHS_32 = 58
/** Address of the narrow copy of the rows: int16, n × d (d rounded up to even), in steps of NARROW_STEP; 0: none. */
export const NARROW = 59
/** What a step of the narrow copy is in the working unit. */
export const NARROW_STEP = 60
/** Largest norm of what narrowing cut off a row, rounded up. */
export const NARROW_ROW_ERROR = 61
/**
 * Address of the packed centroids as int16: panels × d (rounded up to even) × 8; where NARROW_HALVES is set, blocks of
 * 4 centroids (the last ones 2 and 1), within a block pair of columns by pair.
 */
export const NARROW_PANELS = 62
/** What a product of narrow numbers is worth in the working unit. */
export const NARROW_UNIT = 63
/** Largest norm of what narrowing cut off a centroid, rounded up. */
export const NARROW_ERROR = 64
/** The same as GROUP_STEPS_UP, rounded down: uint16, groups. */
export const GROUP_STEPS_DOWN = 65
/** Address of the candidates as one narrow panel: int16, d (rounded up to even) × 8. */
export const CANDIDATE_NARROW = 66
/** Address of one bit a candidate for each row: whether the row may be nearer to it: uint8, n rounded up to ROUND. */
export const GAINED = 67
/** A hash's bucket is what is left of it when so many bits are dropped. */
export const BUCKET_SHIFT = 68
/** Address of the centroids as int16, one after the other: k × d (rounded up to even). */
export const NARROW_CENTROIDS = 69
/** Address of half the squared norm of each centroid in the working unit: float32, k. */
export const HALVES_OF = 70
/**
 * Address of each thread's bounds on half of what each candidate gains, in the working unit: float64, 8 × (lower,
 * upper).
 */
export const GAIN_BOUNDS = 71
/** Candidates whose gains are to be decided by the definition, a bit each; 0: candidates are tried (or taken). */
export const DECIDE = 72
/** What a product of narrow rows and candidates is worth in the working unit; 0: seeding goes by the float32 copies. */
export const CANDIDATE_UNIT = 73
/** What a step of the bounds by group is in the working unit: a power of two. */
export const BOUND_UNIT = 74
/** The sum of PATHS and OTHER_PATHS, rounded up to float32: float32, k. */
export const DUE_PATHS_32 = 75
/**
 * Address of half the squared norm of each centroid in units of a narrow product: int32, k. 0: the narrow panels are
 * for groups of centroids.
 */
export const NARROW_HALVES = 76
/** Number of fields. */
export const FIELDS = 77

/** Rows that changed their label. */
export const STAT_CHANGED = 0
/** Distances computed, fast or exact. */
export const STAT_DISTANCES = 1
/** Rows that were decided by exact distances. */
export const STAT_EXACT = 2

/** Rows that narrow scores left open. */
export const STAT_AGAIN = 3
/** Largest squared norm of what narrowing cut off a row. */
export const STAT_CUT_SQ = 4

/** Rows that one inner round of the assignment handles. */
export const ROUND = 256
/** Label of a row that has none yet. */
export const NO_LABEL = 0xffffffff
