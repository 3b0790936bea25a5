/** Threads that run the cells of queued sweeps for this process. */
import type { CellWork } from '../experiment/queue/cellQueue.ts';
import type { PackedCell } from '../experiment/queue/cellWorker.ts';
import { TaskThread } from './workerPool.ts';

export class CellThreads {
  readonly #silenceMsMax: number;
  readonly #idle: TaskThread<PackedCell, CellWork>[] = [];

  /** @param silenceMsMax - Silence after which a thread counts as stuck, in ms. */
  constructor(silenceMsMax: number) {
    this.#silenceMsMax = silenceMsMax;
  }

  /** Runs a cell on a thread that has nothing to do, or on a new one: as many as there are cells at a time. */
  async run(cell: PackedCell, signal: AbortSignal): Promise<CellWork> {
    const thread = this.#idle.pop() ?? this.#start();
    const end = await thread.run(cell, signal);
    this.#idle.push(thread);
    return end.type === 'done' ? end.outcome : end;
  }

  async close(): Promise<void> {
    await Promise.all(this.#idle.splice(0).map((thread) => thread.close()));
  }

  #start(): TaskThread<PackedCell, CellWork> {
    const file = `../experiment/queue/packedWorker.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`;
    return new TaskThread({ module: new URL(file, import.meta.url), silenceMsMax: this.#silenceMsMax });
  }
}
