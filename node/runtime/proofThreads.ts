/**
 * Judges proofs on worker threads, ahead of the block that holds them. Verdicts are the same here, on a thread and in the
 * block, so threads only ever save time: what they lose is judged in line, and without any everything is.
 */
import type { Worker } from 'node:worker_threads';
import { proofGas } from '../../settlement/atomic/proofs/proofGas.ts';
import type { ProofVerdicts } from '../../settlement/atomic/proofs/proofVerdicts.ts';
import type { ProofTask, ProofTrust, ProofVerdict } from '../../settlement/atomic/proofs/types.ts';
import { judgeProof } from '../../settlement/atomic/proofs/verifyProof.ts';
import { moduleBeside, startThread } from '../startThread.ts';
import { type BatchMessage, cutBatches, decodeVerdicts, encodeTasks } from './proofBatch.ts';

/**
 * Below this much gas proofs are judged in line, in gas: to hand them to threads would take longer than they do
 * (docs/performance.md, proofs of settlements).
 */
export const PARALLEL_GAS_MIN = 1200;
/** Batches that a thread holds: one it works on, and the next, so that it never waits for this thread. */
const BATCHES_PER_THREAD = 2;
/** Threads that may die before no more are started: a machine that has no room for them. */
const LOST_THREADS_MAX = 4;

/** A batch under way, and who waits for it. */
interface Job {
  readonly id: number;
  readonly tasks: readonly ProofTask[];
  readonly done: (verdicts: readonly ProofVerdict[]) => void;
  readonly failed: (error: unknown) => void;
}

interface Thread {
  readonly worker: Worker;
  /** By id, oldest first. */
  readonly jobs: Map<number, Job>;
}

export interface ProofThreadsOptions {
  readonly trust: ProofTrust;
  /** 0: everything in line. */
  readonly threadCount: number;
  readonly parallelGasMin?: number;
  /** Module of a thread; for tests. */
  readonly module?: URL;
}

export class ProofThreads {
  readonly #trust: ProofTrust;
  readonly #threadCount: number;
  readonly #parallelGasMin: number;
  readonly #module: URL;
  readonly #threads = new Set<Thread>();
  readonly #waiting: Job[] = [];
  #lastId = 0;
  #lostCount = 0;
  #isClosed = false;

  constructor(options: ProofThreadsOptions) {
    this.#trust = options.trust;
    this.#threadCount = options.threadCount;
    this.#parallelGasMin = options.parallelGasMin ?? PARALLEL_GAS_MIN;
    this.#module = options.module ?? moduleBeside(import.meta.url, 'proofWorker');
  }

  /** Threads that run now: they are started with the first work that is worth it. */
  get threadCount(): number {
    return this.#threads.size;
  }

  /** @returns The verdicts, in the order of the tasks. */
  async judge(tasks: readonly ProofTask[]): Promise<readonly ProofVerdict[]> {
    const gas = tasks.reduce((sum, { proof }) => sum + proofGas(proof), 0);
    if (gas < this.#parallelGasMin) return this.#judgeInLine(tasks);
    const batches = cutBatches(tasks, Math.max(1, this.#threadCount));
    return (await Promise.all(batches.map((batch) => this.#send(batch)))).flat();
  }

  /** Judges what `verdicts` does not know yet, and puts it there: what a block asks for later is then known. */
  async fill(verdicts: ProofVerdicts, tasks: readonly ProofTask[]): Promise<void> {
    const unknown = tasks.filter((task) => !verdicts.has(task));
    const made = await this.judge(unknown);
    unknown.forEach((task, index) => {
      verdicts.set(task, made[index] as ProofVerdict);
    });
  }

  /** Ends the threads. What is under way is judged in line, and so is whatever comes later. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#threads].map((thread) => this.#end(thread)));
    this.#assign();
  }

  #send(tasks: readonly ProofTask[]): Promise<readonly ProofVerdict[]> {
    return new Promise((done, failed) => {
      this.#lastId += 1;
      this.#waiting.push({ id: this.#lastId, tasks, done, failed });
      this.#assign();
    });
  }

  /** Hands out what waits, to the thread that has least to do. */
  #assign(): void {
    while (this.#waiting.length > 0) {
      if (this.#mayStart()) this.#start();
      const thread = this.#leastBusy();
      if (thread === undefined) {
        this.#workOff();
        return;
      }
      if (thread.jobs.size >= BATCHES_PER_THREAD) return;
      const job = this.#waiting.shift() as Job;
      thread.jobs.set(job.id, job);
      // With work a thread keeps the process alive, idle it does not.
      thread.worker.ref();
      const bytes = encodeTasks(job.tasks);
      thread.worker.postMessage({ id: job.id, bytes } satisfies BatchMessage, [bytes.buffer]);
    }
  }

  #mayStart(): boolean {
    const isBusy = [...this.#threads].every(({ jobs }) => jobs.size > 0);
    return (
      isBusy &&
      !this.#isClosed &&
      this.#lostCount < LOST_THREADS_MAX &&
      this.#threads.size < this.#threadCount
    );
  }

  #leastBusy(): Thread | undefined {
    let least: Thread | undefined;
    for (const thread of this.#threads) {
      if (least === undefined || thread.jobs.size < least.jobs.size) least = thread;
    }
    return least;
  }

  #start(): void {
    const thread: Thread = {
      worker: startThread(this.#module, { workerData: this.#trust.source }),
      jobs: new Map(),
    };
    this.#threads.add(thread);
    thread.worker.on('message', ({ id, bytes }: BatchMessage) => {
      const job = thread.jobs.get(id);
      thread.jobs.delete(id);
      if (thread.jobs.size === 0) thread.worker.unref();
      job?.done(decodeVerdicts(bytes));
      this.#assign();
    });
    const lost = (): void => {
      if (!this.#threads.has(thread)) return;
      this.#lostCount += 1;
      void this.#end(thread);
      this.#assign();
    };
    thread.worker.on('error', lost);
    thread.worker.on('exit', lost);
  }

  /** Ends a thread; its jobs are judged in line, before anything that waits. */
  async #end(thread: Thread): Promise<void> {
    this.#threads.delete(thread);
    const jobs = [...thread.jobs.values()];
    thread.jobs.clear();
    for (const job of jobs) this.#runInLine(job);
    await thread.worker.terminate();
  }

  /** Without threads: all that waits, one batch a turn of the event loop. */
  #workOff(): void {
    for (const job of this.#waiting.splice(0)) this.#runInLine(job);
  }

  #runInLine({ tasks, done, failed }: Job): void {
    setImmediate(() => {
      try {
        done(this.#judgeInLine(tasks));
      } catch (error) {
        failed(error);
      }
    });
  }

  #judgeInLine(tasks: readonly ProofTask[]): readonly ProofVerdict[] {
    return tasks.map(({ proof, statement }) => judgeProof(proof, statement, this.#trust));
  }
}
