/**
 * The three loops, side by side: one prepares batches and takes up lost ones, one follows those under way, one retries or ends
 * those that failed. They share nothing but the database, and so may any number of engines.
 */
import type { Address } from '../../../consensus/primitives/flavor.ts';
import { type LoopDependencies, loopBackOff, runLoop } from '../../backOff.ts';
import type { Batch } from '../store/batch.ts';
import type { Wanted } from '../store/batchStore.ts';
import type { Retention } from '../store/retention.ts';
import { BatchOrdersWorker, type WorkerDependencies, type WorkerOptions } from './batchOrdersWorker.ts';
import type { AutoBatchEvent } from './events.ts';

export interface JobOptions extends WorkerOptions {
  readonly batchIntervalMs: number;
  /** A Submitted batch that the ledger does not know for so long, in ms, is sent again. */
  readonly silenceMs: number;
  /** What is kept of orders that have ended. */
  readonly retention: Retention;
  /** Batches that a loop works on at once. */
  readonly parallelism: number;
}

export interface JobDependencies extends WorkerDependencies {
  readonly wait: LoopDependencies['wait'];
  /** Draws from 0 to below 1. */
  readonly random: LoopDependencies['random'];
}

/** Steps of pruning in one round: what is too much is gone after some rounds, and nobody waits for it. */
const PRUNING_STEPS_MAX = 4;
/** Parties that are looked up at once. */
const PARTIES_PAGE = 256;

export class BatchOrdersJob {
  readonly #options: JobOptions;
  readonly #parts: JobDependencies;
  readonly #worker: BatchOrdersWorker;
  readonly #stopping = new AbortController();
  #running: Promise<unknown> | undefined;

  constructor(options: JobOptions, parts: JobDependencies) {
    this.#options = options;
    this.#parts = parts;
    this.#worker = new BatchOrdersWorker(options, parts);
  }

  /** Starts the loops. */
  start(): void {
    const { batchIntervalMs, monitorIntervalMs, retryIntervalMs } = this.#options;
    this.#running ??= Promise.all([
      this.#loop('batching', () => this.batchingRound(), batchIntervalMs),
      this.#loop('monitoring', () => this.monitoringRound(), monitorIntervalMs),
      this.#loop('retrying', () => this.retryingRound(), retryIntervalMs),
    ]);
  }

  /** Ends waits at once and takes up nothing more; resolves when what was under way is written down. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** Takes away what is not kept any more and takes up lost batches, then makes and submits one for each party that has none under way. */
  async batchingRound(): Promise<void> {
    await this.#prune();
    const { recoveryIntervalMs, silenceMs } = this.#options;
    const recover = (batch: Batch) => this.#worker.recoverBatch(batch);
    await this.#eachClaimed({ statuses: ['Prepared'], quietMs: 0 }, recover);
    const quietMs = Math.max(silenceMs, recoveryIntervalMs);
    await this.#eachClaimed({ statuses: ['Submitted'], quietMs }, recover);
    let after: Address = '';
    for (;;) {
      const parties = await this.#parts.batches.idleParties(PARTIES_PAGE, after);
      await this.#inParallel(parties, async (party) => {
        if (this.#stopping.signal.aborted) return;
        const batch = await this.#worker.prepareBatch(party);
        if (batch !== undefined) await this.#holding(batch, () => this.#worker.submitBatch(batch));
      });
      const last = parties.at(-1);
      if (parties.length < PARTIES_PAGE || last === undefined || this.#stopping.signal.aborted) return;
      after = last;
    }
  }

  /** Asks for every batch that is under way and was not asked for lately. */
  async monitoringRound(): Promise<void> {
    await this.#eachClaimed({ statuses: ['Submitted', 'Accepted'], quietMs: 0 }, (batch) =>
      this.#worker.monitorBatch(batch),
    );
  }

  /** Retries or ends what failed, one behind the other, with a pause behind each submission. */
  async retryingRound(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const [batch] = await this.#parts.batches.claim({ statuses: ['Failed'], quietMs: 0 }, 1);
      if (batch === undefined) return;
      const isSubmitted = await this.#holding(batch, () => this.#worker.retryBatch(batch));
      if (isSubmitted) await this.#parts.wait(this.#options.recoveryIntervalMs, signal);
    }
  }

  async #prune(): Promise<void> {
    let [orders, batches] = [0, 0];
    for (let step = 0; step < PRUNING_STEPS_MAX && !this.#stopping.signal.aborted; step += 1) {
      const pruned = await this.#parts.batches.prune(this.#options.retention);
      orders += pruned.orders;
      batches += pruned.batches;
      if (pruned.orders + pruned.batches === 0) break;
    }
    if (orders + batches > 0) this.#parts.onEvent({ type: 'auto_batch_pruned', orders, batches });
  }

  async #eachClaimed(wanted: Wanted, work: (batch: Batch) => Promise<void>): Promise<void> {
    const { parallelism } = this.#options;
    while (!this.#stopping.signal.aborted) {
      const claimed = await this.#parts.batches.claim(wanted, parallelism);
      await this.#inParallel(claimed, (batch) => this.#holding(batch, () => work(batch)));
      if (claimed.length < parallelism) return;
    }
  }

  /** Gives a batch back when work on it fails, for somebody to take it up before the claim runs out. */
  async #holding<Value>(batch: Batch, work: () => Promise<Value>): Promise<Value> {
    try {
      return await work();
    } catch (cause) {
      await this.#parts.batches.rest(batch, this.#options.recoveryIntervalMs).catch(() => undefined);
      throw cause;
    }
  }

  /** Some at a time; one that fails ends the round when those begun are done, and what was not begun is left for the next. */
  async #inParallel<Item>(items: readonly Item[], work: (item: Item) => Promise<void>): Promise<void> {
    const waiting = [...items];
    const failures: unknown[] = [];
    const lanes = Array.from({ length: Math.min(this.#options.parallelism, items.length) }, async () => {
      while (failures.length === 0) {
        const item = waiting.shift();
        if (item === undefined) return;
        await work(item).catch((cause: unknown) => failures.push(cause));
      }
    });
    await Promise.all(lanes);
    if (failures.length > 0) throw failures[0];
  }

  #loop(
    loop: Extract<AutoBatchEvent, { readonly type: 'auto_batch_loop_failed' }>['loop'],
    round: () => Promise<void>,
    intervalMs: number,
  ): Promise<void> {
    const { wait, random, onEvent } = this.#parts;
    const onFailure = (cause: unknown, restMs: number): void => {
      const reason = cause instanceof Error ? cause.message : String(cause);
      onEvent({ type: 'auto_batch_loop_failed', loop, reason, restMs });
    };
    const { signal } = this.#stopping;
    return runLoop(round, { intervalMs, times: loopBackOff, signal }, { wait, random, onFailure });
  }
}
