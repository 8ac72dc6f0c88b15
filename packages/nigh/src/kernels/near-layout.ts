/**
 * The order of the float64 fields in the record of a neighbour search. Read by TypeScript and by AssemblyScript alike,
 * so it holds plain whole numbers and nothing else. An address is a byte offset into the kernels' memory, 16-byte
 * aligned.
 */

// --- the points ---------------------------------------------------------------------------------------------------

/** n, the number of points. */
export const ROWS = 0
/** d, the number of columns. */
export const COLUMNS = 1
/** Address of the points as given: n × d. */
export const POINTS = 2
/** 1 where the points are float64, 0 where they are float32. */
export const DOUBLE = 3
/** Address of the working copy's origin: float64, d. */
export const ORIGIN = 4
/** Power of two between the points' unit and the working copy's. */
export const SCALE = 5
/** Address of each thread's largest residual (distance between a point and its working copy): float64, threads × 8. */
export const RESIDUALS = 6
/** The largest residual of all points, rounded up, in the working unit. */
export const RESIDUAL = 7
/** Address of each thread's counters: float64, threads × 8: see the STAT_ constants. */
export const STATS = 8
/** Address of each thread's scratch space, and its size in bytes. */
export const SCRATCH = 9
export const SCRATCH_BYTES = 10

// --- the search ---------------------------------------------------------------------------------------------------

/** Address of the queries: float64, m × d. */
export const QUERIES = 11
/** m, the number of queries. */
export const QUERY_COUNT = 12
/** k, the number of neighbours wanted. */
export const NEIGHBORS = 13
/** The row that query 0 is; query i is row SELF + i, which is left out. −1: queries are not rows. */
export const SELF = 14
/** What to do with what is near: see the MODE_ constants. */
export const MODE = 15
/** The largest squared distance that counts as within. */
export const LIMIT_SQ = 16
/** Address of the rows found: uint32, m × k (for each slice), or as OFFSETS say. */
export const INDICES = 17
/** Address of their squared distances: float64, likewise. */
export const DISTANCES_SQ = 18
/** Address of the number of rows within, for each query: float64, m. */
export const COUNTS = 19
/** Address of the place where each query's rows within begin: float64, m. */
export const OFFSETS = 20

// --- flat ---------------------------------------------------------------------------------------------------------

/** Address of the packed points: int16, panels × pairs of columns × 8 points × 2. */
export const PANELS = 21
/** Address of half the squared norms of the packed points, NO_HALF where there is none: int32, panels × 8. */
export const HALVES = 22
/** Address and number of the rows that have no place in the panels: uint32. */
export const FAR = 23
export const FAR_COUNT = 24
/** Address of the packed queries: int16, m × pairs of columns × 2. */
export const QUERY_WORK = 25
/** Address of squared norm (−1: not packed) and residual of each packed query: float64, m × 2. */
export const QUERY_NORMS = 26
/** Queries that one item handles together. */
export const BLOCK = 27
/** Number of runs of panels that the points are split into; item i is slice i mod SLICES of block ⌊i ÷ SLICES⌋. */
export const SLICES = 28
/** Candidates that a query's list holds. */
export const CAPACITY = 29
/** Address of the merged result of all slices: uint32 and float64, m × k. */
export const MERGED_INDICES = 30
export const MERGED_DISTANCES_SQ = 31

/** 1 where the working copy may be made in float32: points, origin and scale are; for the tree, where it is the rows. */
export const SINGLE = 46
/**
 * Address of half the squared norms over the first columns only, up to each of the three places where a score may be
 * given up: int32, 3 × panels × 8; 0 where there are too few columns for that.
 */
export const CUT_HALVES = 48
/** Address of each query's squared norm beyond those places: float64, m × 4, the first unused. */
export const QUERY_RESTS = 49
/** Address of a threshold for each query that holds for all slices: int32, m. */
export const THRESHOLDS = 47

// --- kd-tree ------------------------------------------------------------------------------------------------------

/** Levels of nodes, four children each; 4^LEVELS leaves. */
export const LEVELS = 32
/** The halving at work: 2^HALVING parts. */
export const HALVING = 33
/** Address of the rows in tree order, twice, to move between: float32, n × width (d, rounded up to 4). */
export const ROWS_A = 34
export const ROWS_B = 35
/** Address of the numbers of those rows, twice: uint32, n. */
export const NUMBERS_A = 36
export const NUMBERS_B = 37
/** Address of sorting keys: int64, n. */
export const KEYS = 38
/** Address of the nodes: float32, nodes × d × (4 lows, 4 highs). */
export const NODES = 39
/** Groups of 4 points in a leaf. */
export const GROUPS = 40
/** Address of the leaves: float32, leaves × groups × d × 4. */
export const LEAVES = 41
/** Address of the row numbers in the leaves: uint32, leaves × groups × 4. */
export const LEAF_ROWS = 42
/** Address of the order in which to visit the queries: uint32, m; 0: as they come. */
export const ORDER = 43

/** 1 where the leaves hold the points' own numbers: no origin, no scale, no residual. */
export const FAITHFUL = 44

/** Address of the smallest row number below each node and in each leaf: uint32, nodes + leaves. */
export const FIRST_ROWS = 45

// --- flat, by cells ---------------------------------------------------------------------------------------------------

/** Panels of packed points. */
export const PANEL_COUNT = 50
/** Address of the row at each place of the panels, NO_ROW where there is none: uint32, panels × 8; 0: rows in order. */
export const PLACE_ROWS = 51
/** Number of cells; 0 where rows are in order. Before pivots are chosen: how many there may be. */
export const CELLS = 52
/** Share of the rows that cells would leave to look at, as the sample has it. */
export const CELL_SHARE = 53
/** Address of the pivots, packed as points are, and of half their squared norms: int32, cells in eights. */
export const PIVOTS = 54
export const PIVOT_HALVES = 55
/** Address of the first run of each cell, and the end: uint32, cells + 1. */
export const CELL_RUNS = 56
/** Address of the runs, RUN_BYTES each: see the RUN_ constants. */
export const RUNS = 57
/** Address of rows that stand in for all, and how many: uint32. */
export const SAMPLE_ROWS = 58
export const SAMPLE_COUNT = 59
/** Address of working space for choosing pivots. */
export const CELL_WORK = 60
/** Address of each row's cell, NO_CELL where it is not packed: uint32, n; and its distance from the pivot: float32, n. */
export const ROW_CELLS = 61
export const ROW_REACHES = 62
/** Address of each query's distances to the pivots: float32, m × cells in eights; and the nearest: uint32, m. */
export const QUERY_CELLS = 63
export const QUERY_NEAREST = 64
/** Address of the order in which queries are taken: uint32, m; 0: as they come. */
export const QUERY_ORDER = 65

/** Number of fields. */
export const FIELDS = 66

/** Bytes of a run: its first panel, how many panels (uint32), the range of their distances from the pivot (float32). */
export const RUN_BYTES = 16
export const RUN_PANEL = 0
export const RUN_PANELS = 4
export const RUN_LOW = 8
export const RUN_HIGH = 12
/** The cell of a row that has none. */
export const NO_CELL = 0x7fffffff

/** Find the k nearest. */
export const MODE_NEAREST = 0
/** Count the rows within the limit. */
export const MODE_COUNT = 1
/** List the rows within the limit. */
export const MODE_LIST = 2

/** Distances computed in the working copy. */
export const STAT_WORK = 0
/** Distances computed by the definition. */
export const STAT_EXACT = 1

/** The half norm of a place without a point: above every threshold. */
export const NO_HALF = 0x7fffffff
/** Largest squared norm of a packed point. Its square root times that of a query's, plus half of it, fits in an int32. */
export const NORM_SQ_LIMIT = 0x20000000
/** Largest squared norm of a packed query: 2^32.5. */
export const QUERY_NORM_SQ_LIMIT = 6074000999
/** So many columns at least for a score to be given up on the way. */
export const CUT_COLUMNS = 48
/** Largest number of a packed point or query. */
export const NUMBER_LIMIT = 32767
/** Where there is no neighbour. */
export const NO_ROW = 0xffffffff
