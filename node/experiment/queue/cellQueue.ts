/**
 * A job queue as a sweep and its workers see it, whatever server is behind it. Delivery is at least once: who takes a
 * cell may die, or finish it after somebody else did; a cell is a function of its task, and counted by its id.
 */

/** What a job says: which cell of which experiment. Everything else stands in the experiment's package. */
export interface CellJob {
  readonly experiment: string;
  readonly index: number;
}

/** How a job ended: with the text of a cell, or for good without one. */
export type CellEnd =
  | { readonly type: 'done'; readonly text: string }
  | { readonly type: 'failed'; readonly reason: string };

/** What whoever takes a job makes of it. `abandoned`: it goes back at once. `unwanted`: its experiment is gone, and so is it. */
export type CellWork =
  | CellEnd
  | { readonly type: 'lost'; readonly reason: string }
  | { readonly type: 'abandoned' }
  | { readonly type: 'unwanted' };

export interface TakeOptions {
  /** Jobs at a time. */
  readonly concurrency: number;
  /** How long a job is nobody else's after the last sign of life of whoever took it, in ms. */
  readonly lockMs: number;
  /** @param signal - Aborted when the job is to go back. */
  readonly work: (job: CellJob, signal: AbortSignal) => Promise<CellWork>;
}

/** Small texts under names, for as long as a sweep needs them. */
export interface Shelf {
  /** Does nothing where the name is there. */
  put(id: string, text: string): Promise<void>;
  get(id: string): Promise<string | undefined>;
  has(id: string): Promise<boolean>;
  /** Texts of the first `countMax` names. */
  list(countMax: number): Promise<readonly string[]>;
  remove(id: string): Promise<void>;
}

/** The jobs of one build of the program: no other ever sees them. */
export interface CellJobs {
  /** Adds jobs; one whose id is there already is left as it is. */
  add(jobs: readonly { readonly id: string; readonly job: CellJob }[]): Promise<void>;
  /** How a job ended; `open` while it waits or is worked on, `missing` where there is no such job. */
  look(id: string): Promise<CellEnd | 'open' | 'missing'>;
  /** Removes a job that nobody works on. */
  remove(id: string): Promise<void>;
  /** Processes that take jobs. */
  countWorkers(): Promise<number>;
  /** Calls back when a job ended: some news are old, and some are missed. `look` knows for certain. @returns Stops listening. */
  listen(ended: (id: string, end: CellEnd) => void): Promise<() => Promise<void>>;
  /** Takes jobs. @returns Gives back what is being worked on, and takes no more. */
  take(options: TakeOptions): Promise<() => Promise<void>>;
}

export interface CellQueue {
  /** Where it is, for people. */
  readonly shown: string;
  /** Experiments whose cells are in the queue, of every build. */
  readonly experiments: Shelf;
  /** Their packages, in parts. */
  readonly parts: Shelf;
  readonly cells: CellJobs;
  /** Removes what sweeps that never came back have left. */
  expire(): Promise<void>;
  close(): Promise<void>;
}

/** How patient the two sides are, in ms. */
export interface QueueTimings {
  /** For a first answer. */
  readonly connectMs: number;
  /** For an answer of a server that was there; then the connection counts as lost. */
  readonly lostMs: number;
  /** Between two tries. */
  readonly retryMs: number;
  /** Between two looks at what ought to be in the queue. */
  readonly lookMs: number;
  /** For the last words to a server, when everything is over. */
  readonly farewellMs: number;
}

export const queueTimings: QueueTimings = {
  connectMs: 5_000,
  lostMs: 30_000,
  retryMs: 500,
  lookMs: 5_000,
  farewellMs: 3_000,
};

/** How long a lost worker's cells stay with it, in ms, unless `--lost-after` says otherwise. */
export const LOCK_MS_DEFAULT = 10_000;
