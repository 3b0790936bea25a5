/**
 * Worker threads that take tasks one at a time. A thread that dies or falls silent costs its task, never the run: the
 * task is reported as lost with what is known, and a fresh thread takes the next.
 */
import type { Worker } from 'node:worker_threads';
import { startThread } from '../startThread.ts';
import { tuneForThreads } from './collector.ts';

/** What a worker sends: that it still works on its task, or the outcome. */
export type WorkerMessage<Outcome> =
  | { readonly type: 'alive' }
  | { readonly type: 'done'; readonly outcome: Outcome };

export interface WorkerPoolOptions<Task, Outcome> {
  /** Module of the worker, as an address of this checkout or of the build. */
  readonly module: URL;
  readonly workerCount: number;
  /** Gives the next task of a lane, numbered from 0; undefined ends it. */
  readonly next: (lane: number) => Task | undefined;
  readonly done: (outcome: Outcome) => void;
  /** A thread died or was ended over this task. */
  readonly lost: (task: Task, reason: string) => void;
  /** Longest silence of a thread before it counts as stuck, in ms of the host. */
  readonly silenceMsMax: number;
  /** Aborted when the run is wanted no more: threads are ended, and their tasks count neither as done nor as lost. */
  readonly signal?: AbortSignal | undefined;
}

/** How the work on a task ended. `abandoned`: it was wanted no more. */
export type TaskEnd<Outcome> =
  | { readonly type: 'done'; readonly outcome: Outcome }
  | { readonly type: 'lost'; readonly reason: string }
  | { readonly type: 'abandoned' };

/** Runs until there are no more tasks. */
export async function runWorkerPool<Task, Outcome>(options: WorkerPoolOptions<Task, Outcome>): Promise<void> {
  await Promise.all(Array.from({ length: options.workerCount }, (_, lane) => runLane(options, lane)));
}

/** One thread after the other, each as long as it lives. */
async function runLane<Task, Outcome>(
  options: WorkerPoolOptions<Task, Outcome>,
  lane: number,
): Promise<void> {
  const { next, done, lost, signal } = options;
  const thread = new TaskThread<Task, Outcome>(options);
  for (let task = next(lane); task !== undefined; task = next(lane)) {
    const end = await thread.run(task, signal);
    if (end.type === 'done') done(end.outcome);
    else if (end.type === 'lost') lost(task, end.reason);
  }
  await thread.close();
}

/** A thread that does one task after the other. One that is gone is replaced when the next task comes. */
export class TaskThread<Task, Outcome> {
  readonly #module: URL;
  readonly #silenceMsMax: number;
  #worker: Worker | undefined;

  constructor({ module, silenceMsMax }: Pick<WorkerPoolOptions<Task, Outcome>, 'module' | 'silenceMsMax'>) {
    this.#module = module;
    this.#silenceMsMax = silenceMsMax;
  }

  /**
   * Does a task; only one at a time.
   * @param signal - Aborted when the task is wanted no more: the thread is ended over it.
   */
  run(task: Task, signal?: AbortSignal): Promise<TaskEnd<Outcome>> {
    if (signal?.aborted === true) return Promise.resolve({ type: 'abandoned' });
    const worker = this.#worker ?? this.#start();
    return new Promise((resolve) => {
      let watchdog = setTimeout(() => undefined, 0);
      const finish = (end: TaskEnd<Outcome>): void => {
        clearTimeout(watchdog);
        signal?.removeEventListener('abort', abandon);
        worker.off('message', listen).off('error', fail).off('exit', leave);
        if (end.type === 'done') resolve(end);
        else void this.close().then(() => resolve(end));
      };
      const wait = (): void => {
        clearTimeout(watchdog);
        const reason = `no sign of life for ${Math.round(this.#silenceMsMax / 1000)} s`;
        watchdog = setTimeout(() => finish({ type: 'lost', reason }), this.#silenceMsMax);
      };
      const abandon = (): void => finish({ type: 'abandoned' });
      const listen = (message: WorkerMessage<Outcome>): void => {
        if (message.type === 'alive') wait();
        else finish(message);
      };
      const fail = (cause: unknown): void =>
        finish({
          type: 'lost',
          reason: cause instanceof Error ? (cause.stack ?? cause.message) : String(cause),
        });
      const leave = (code: number): void =>
        finish({ type: 'lost', reason: `the thread ended with code ${code}` });
      signal?.addEventListener('abort', abandon);
      worker.on('message', listen).on('error', fail).on('exit', leave);
      worker.postMessage(task);
      wait();
    });
  }

  #start(): Worker {
    tuneForThreads();
    const worker = startThread(this.#module, {
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    // What a thread says between two tasks, or when it is being ended, concerns nobody; one that is gone is missed.
    worker.on('error', () => undefined);
    worker.on('exit', () => {
      if (this.#worker === worker) this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }

  /** Ends the thread. */
  async close(): Promise<void> {
    const worker = this.#worker;
    this.#worker = undefined;
    await worker?.terminate();
  }
}

/**
 * Room for young objects in a thread, in MB: three semi-spaces of 32, twice V8's own. What a simulation keeps for two
 * virtual minutes is copied about half as often then (docs/performance.md).
 */
const YOUNG_GENERATION_MB = 96;
