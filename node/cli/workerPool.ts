/**
 * Worker threads that take tasks one at a time. A thread that dies or falls silent costs its task, never the run: the
 * task is reported as lost with what is known, and a fresh thread takes the next.
 */
import { startThread } from '../startThread.ts';

/** What a worker sends: that it still works on its task, or the outcome. */
export type WorkerMessage<Outcome> =
  | { readonly type: 'alive' }
  | { readonly type: 'done'; readonly outcome: Outcome };

export interface WorkerPoolOptions<Task, Outcome> {
  /** Module of the worker, as an address of this checkout or of the build. */
  readonly module: URL;
  readonly workerCount: number;
  /** Gives the next task; undefined ends the run. */
  readonly next: () => Task | undefined;
  readonly done: (outcome: Outcome) => void;
  /** A thread died or was ended over this task. */
  readonly lost: (task: Task, reason: string) => void;
  /** Longest silence of a thread before it counts as stuck, in ms of the host. */
  readonly silenceMsMax: number;
  /** Aborted when the run is wanted no more: threads are ended, and their tasks count neither as done nor as lost. */
  readonly signal?: AbortSignal | undefined;
}

/** Runs until there are no more tasks. */
export async function runWorkerPool<Task, Outcome>(options: WorkerPoolOptions<Task, Outcome>): Promise<void> {
  await Promise.all(Array.from({ length: options.workerCount }, () => new Lane(options).run()));
}

/** One thread after the other, each as long as it lives. */
class Lane<Task, Outcome> {
  readonly #options: WorkerPoolOptions<Task, Outcome>;

  constructor(options: WorkerPoolOptions<Task, Outcome>) {
    this.#options = options;
  }

  async run(): Promise<void> {
    for (let task = this.#options.next(); task !== undefined; task = this.#options.next()) {
      await this.#runThread(task);
    }
  }

  /** Works tasks off from `first` on, until there are none or the thread is gone. */
  #runThread(first: Task): Promise<void> {
    const { next, done, lost, silenceMsMax, signal } = this.#options;
    return new Promise((resolve) => {
      const worker = startThread(this.#options.module, {
        resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
      });
      let task: Task | undefined = first;
      let watchdog = setTimeout(() => undefined, 0);
      const end = (reason: string | undefined): void => {
        clearTimeout(watchdog);
        signal?.removeEventListener('abort', abandon);
        worker.removeAllListeners();
        // What a thread says while it is being ended concerns nobody any more.
        worker.on('error', () => undefined);
        if (task !== undefined && reason !== undefined) lost(task, reason);
        task = undefined;
        void worker.terminate().then(() => resolve());
      };
      const abandon = (): void => end(undefined);
      signal?.addEventListener('abort', abandon);
      const wait = (): void => {
        clearTimeout(watchdog);
        watchdog = setTimeout(
          () => end(`no sign of life for ${Math.round(silenceMsMax / 1000)} s`),
          silenceMsMax,
        );
      };
      const give = (): void => {
        if (task === undefined) end(undefined);
        else {
          worker.postMessage(task);
          wait();
        }
      };
      worker.on('message', (message: WorkerMessage<Outcome>) => {
        if (message.type === 'alive') wait();
        else {
          task = undefined;
          done(message.outcome);
          task = next();
          give();
        }
      });
      worker.on('error', (cause) =>
        end(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)),
      );
      worker.on('exit', (code) => end(`the thread ended with code ${code}`));
      give();
    });
  }
}

/**
 * Room for young objects in a thread, in MB: three semi-spaces of 32, twice V8's own. What a simulation keeps for two
 * virtual minutes is copied about half as often then (docs/performance.md).
 */
const YOUNG_GENERATION_MB = 96;
