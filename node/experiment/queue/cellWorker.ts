/**
 * A process that takes cells of queued sweeps. It knows nothing but what the queue holds: each experiment's package comes
 * from there, once. Cells run elsewhere (in threads), so that whoever renews their locks is never busy.
 */
import type { CellJob, CellQueue, CellWork, QueueTimings } from './cellQueue.ts';
import { type ExperimentNotice, partIdOf, readNotice } from './notice.ts';
import { Bell } from './pace.ts';

/** Packages kept. */
const PACKAGES_MAX = 4;
/** Experiments of other builds that are spoken of, each once. */
const STRANGERS_MAX = 1000;
/** Experiments that are looked at, at a time. */
const NOTICES_MAX = 100;

/** A cell with what it takes to run it. */
export interface PackedCell {
  readonly experiment: string;
  readonly plan: string;
  /** Shared by all threads. */
  readonly package: Uint8Array<SharedArrayBuffer>;
  readonly index: number;
}

export interface CellWorkerOptions {
  readonly queue: CellQueue;
  readonly build: string;
  readonly concurrency: number;
  readonly lockMs: number;
  readonly timings: QueueTimings;
  /** Runs a cell and gives its text. */
  readonly run: (cell: PackedCell, signal: AbortSignal) => Promise<CellWork>;
  /** Aborted when it is to end. */
  readonly signal: AbortSignal;
  /** An experiment of another build is in the queue: said once of each. */
  readonly refused: (notice: ExperimentNotice) => void;
}

/** What a worker has done. */
export interface CellWorkerTotals {
  readonly finished: number;
  readonly returned: number;
}

/**
 * Takes cells until it is told to end; then gives back those it works on.
 * @throws {CodedError} `QUEUE_LOST`.
 */
export async function serveCells(options: CellWorkerOptions): Promise<CellWorkerTotals> {
  const worker = new CellWorker(options);
  const bell = new Bell();
  const ring = (): void => bell.ring();
  options.signal.addEventListener('abort', ring);
  try {
    const stop = await options.queue.cells.take({
      concurrency: options.concurrency,
      lockMs: options.lockMs,
      work: (job, signal) => worker.work(job, signal),
    });
    try {
      while (!options.signal.aborted) {
        await worker.lookAround();
        if (!options.signal.aborted) await bell.wait(options.timings.lookMs);
      }
    } finally {
      await stop();
    }
  } finally {
    options.signal.removeEventListener('abort', ring);
  }
  return worker.totals;
}

class CellWorker {
  readonly #options: CellWorkerOptions;
  readonly #packages = new Map<string, Promise<Omit<PackedCell, 'index'> | undefined>>();
  readonly #strangers = new Set<string>();
  #finished = 0;
  #returned = 0;

  constructor(options: CellWorkerOptions) {
    this.#options = options;
  }

  get totals(): CellWorkerTotals {
    return { finished: this.#finished, returned: this.#returned };
  }

  async work({ experiment, index }: CellJob, signal: AbortSignal): Promise<CellWork> {
    const packed = await this.#packageOf(experiment);
    if (packed === undefined) return { type: 'unwanted' };
    const end = await this.#options.run({ ...packed, index }, signal);
    if (end.type === 'abandoned') this.#returned += 1;
    if (end.type !== 'done') return end;
    this.#finished += 1;
    return (await this.#options.queue.experiments.has(experiment)) ? end : { type: 'unwanted' };
  }

  /** Finds experiments that this build must not touch. Asks the server, and so notices when there is none any more. */
  async lookAround(): Promise<void> {
    const { queue, build, refused } = this.#options;
    for (const text of await queue.experiments.list(NOTICES_MAX)) {
      const notice = readNotice(text);
      if (notice === undefined || notice.build === build || this.#strangers.has(notice.id)) continue;
      if (this.#strangers.size < STRANGERS_MAX) {
        this.#strangers.add(notice.id);
        refused(notice);
      }
    }
  }

  #packageOf(experiment: string): Promise<Omit<PackedCell, 'index'> | undefined> {
    const known = this.#packages.get(experiment);
    if (known !== undefined) return known;
    const fetched = this.#fetch(experiment);
    this.#packages.set(experiment, fetched);
    const forget = (): void => {
      if (this.#packages.get(experiment) === fetched) this.#packages.delete(experiment);
    };
    // What is not there now may come again.
    fetched.then((found) => found ?? forget(), forget);
    for (const oldest of this.#packages.keys()) {
      if (this.#packages.size <= PACKAGES_MAX) break;
      this.#packages.delete(oldest);
    }
    return fetched;
  }

  async #fetch(experiment: string): Promise<Omit<PackedCell, 'index'> | undefined> {
    const { experiments, parts } = this.#options.queue;
    const text = await experiments.get(experiment);
    const notice = text === undefined ? undefined : readNotice(text);
    if (notice === undefined) return undefined;
    const pieces: Buffer[] = [];
    for (let index = 0; index < notice.parts; index += 1) {
      const part = await parts.get(partIdOf(experiment, index));
      if (part === undefined) return undefined;
      pieces.push(Buffer.from(part, 'base64'));
    }
    const bytes = Buffer.concat(pieces);
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length));
    shared.set(bytes);
    return { experiment, plan: notice.plan, package: shared };
  }
}
