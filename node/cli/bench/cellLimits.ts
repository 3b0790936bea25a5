/** What a cell may cost before it counts as lost. */

/** Silence after which a thread counts as stuck, in ms: it says that it is alive every second or so. */
export const SILENCE_MS_MAX = 300_000;
/** Threads that one cell may cost. */
export const CELL_ATTEMPTS_MAX = 3;
