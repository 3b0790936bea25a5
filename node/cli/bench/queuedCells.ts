/** The cells of a sweep on a job queue: `sidereal worker` on any machine runs them, and threads of this process if they are asked for. */
import type { Plan } from '../../experiment/plan.ts';
import { openBullQueue } from '../../experiment/queue/bullQueue.ts';
import { type CellQueue, LOCK_MS_DEFAULT, queueTimings } from '../../experiment/queue/cellQueue.ts';
import { serveCells } from '../../experiment/queue/cellWorker.ts';
import { buildIdOf } from '../../experiment/queue/experimentPackage.ts';
import type { QueueAddress } from '../../experiment/queue/queueAddress.ts';
import { type QueuedSweepOptions, runQueuedSweep } from '../../experiment/queue/queuedSweep.ts';
import { CellThreads } from '../cellThreads.ts';
import { SILENCE_MS_MAX } from './cellLimits.ts';

export interface QueuedCellsOptions
  extends Pick<QueuedSweepOptions, 'files' | 'indexes' | 'signal' | 'done' | 'heard' | 'rerunOf'> {
  /** Cells at a time that this process runs itself. */
  readonly workerCount: number;
}

/**
 * Connects to the queue of a sweep.
 * @param program - Fingerprint of the program.
 * @throws {CodedError} `QUEUE_DRIVER_MISSING`, `QUEUE_UNREACHABLE`, `QUEUE_REFUSED`.
 */
export async function openQueuedCells(
  address: QueueAddress,
  plan: Plan,
  program: string,
): Promise<QueuedCells> {
  const build = buildIdOf(plan.options.version, program);
  const queue = await openBullQueue({ address, build, timings: queueTimings });
  return new QueuedCells(queue, plan, build);
}

export class QueuedCells {
  readonly #queue: CellQueue;
  readonly #plan: Plan;
  readonly #build: string;
  readonly #threads = new CellThreads(SILENCE_MS_MAX);

  constructor(queue: CellQueue, plan: Plan, build: string) {
    this.#queue = queue;
    this.#plan = plan;
    this.#build = build;
  }

  /** @throws {CodedError} `EXPERIMENT_CELL_LOST`, `EXPERIMENT_TOO_LARGE`, `QUEUE_LOST`. */
  async run(options: QueuedCellsOptions): Promise<void> {
    const over = new AbortController();
    const shared = { queue: this.#queue, build: this.#build, timings: queueTimings };
    const own =
      options.workerCount === 0
        ? Promise.resolve()
        : serveCells({
            ...shared,
            concurrency: options.workerCount,
            lockMs: LOCK_MS_DEFAULT,
            run: (cell, returned) => this.#threads.run(cell, returned),
            signal: AbortSignal.any([options.signal, over.signal]),
            // A process that is nothing but a worker says so; a sweep speaks of itself.
            refused: () => undefined,
          });
    // Heard of below, once the sweep has ended too.
    own.catch(() => undefined);
    try {
      await runQueuedSweep({ ...options, ...shared, plan: this.#plan });
    } finally {
      over.abort();
      await own;
    }
  }

  async close(): Promise<void> {
    await this.#threads.close();
    await this.#queue.close();
  }
}
