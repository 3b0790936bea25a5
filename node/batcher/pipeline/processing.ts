/** Watches batches that landed until this chain has processed their inputs, notes where, and tells who waits for that. */

import { backOffMs, loopBackOff } from '../../backOff.ts';
import type { Landing } from '../adapters/adapter.ts';
import { callAdapter, failureOf, Stopped } from './adapterCall.ts';
import { StorageLost } from './storedQueue.ts';
import type { TargetContext } from './targetContext.ts';

/** Beyond the time that an adapter is given: until it is taken to have forgotten to answer, in ms. */
const GRACE_MS = 10_000;

export class Processing {
  readonly #context: TargetContext;
  readonly #watches = new Set<Promise<void>>();
  readonly #watched = new Set<string>();

  constructor(context: TargetContext) {
    this.#context = context;
  }

  /** Resolves when nothing is watched; soon, once the batcher stops. */
  async idle(): Promise<void> {
    await Promise.all(this.#watches);
  }

  /** Begins, where there is something to wait for and room: an input that is not watched can be asked for again. */
  watch(landing: Landing): void {
    const { adapter, settings, target, surroundings } = this.#context;
    this.#tellKnown(landing);
    const landed = landing.landed.filter(
      (input) => input.ok && input.sidechainHeight === undefined && !this.#watched.has(input.requestId),
    );
    if (adapter.waitForProcessing === undefined || landed.length === 0) return;
    if (this.#watches.size >= settings.limits.processingBatchesMax) return;
    const requestIds = landed.map(({ requestId }) => requestId);
    for (const requestId of requestIds) this.#watched.add(requestId);
    const watch = this.#follow({ ...landing, landed })
      .catch((cause: unknown) => {
        if (cause instanceof Stopped) return;
        const { reason } = failureOf(cause);
        surroundings.emit({ type: 'adapter:failed', target, step: 'waitForProcessing', reason });
      })
      .finally(() => {
        this.#watches.delete(watch);
        for (const requestId of requestIds) this.#watched.delete(requestId);
      });
    this.#watches.add(watch);
  }

  /** Heights that a receipt knew are stored with it. */
  #tellKnown({ transactionHash, landed }: Landing): void {
    const heights = new Map<string, number>();
    for (const input of landed)
      if (input.ok && input.sidechainHeight !== undefined)
        heights.set(input.requestId, input.sidechainHeight);
    this.#tell(transactionHash, heights);
  }

  /** @throws Once its time is over. */
  async #follow(landing: Landing): Promise<void> {
    const { adapter, settings, surroundings, signal, queue, callers } = this.#context;
    const { processingTimeoutMs } = settings.limits;
    const endMs = surroundings.now() + processingTimeoutMs;
    const hashes = new Map(landing.landed.map((input) => [input.requestId, input.transactionHash]));
    for (let failures = 0; ; failures += 1) {
      const timeoutMs = Math.max(1, endMs - surroundings.now());
      try {
        const heights = await callAdapter(
          () => adapter.waitForProcessing?.(landing, { timeoutMs, signal }) ?? new Map<string, number>(),
          { step: 'waitForProcessing', timeoutMs: timeoutMs + GRACE_MS, signal },
          surroundings.wait,
        );
        const own = [...heights].filter(([requestId]) => hashes.has(requestId));
        for (const [requestId, height] of own) await queue.noteHeight(requestId, height);
        for (const [requestId, height] of own)
          callers.tellConfirmed(requestId, hashes.get(requestId) ?? landing.transactionHash, height);
        this.#tell(landing.transactionHash, new Map(own));
        return;
      } catch (cause) {
        if (signal.aborted) throw new Stopped('the batcher stops');
        if (cause instanceof StorageLost) await queue.rested();
        else if (surroundings.now() >= endMs) throw cause;
        else await surroundings.wait(backOffMs(failures, loopBackOff, surroundings.random), signal);
      }
    }
  }

  #tell(transactionHash: string, heights: ReadonlyMap<string, number>): void {
    const { target, surroundings } = this.#context;
    for (const rollup of new Set(heights.values())) {
      const requestIds = [...heights].filter(([, height]) => height === rollup).map(([id]) => id);
      surroundings.emit({
        ...{ type: 'batch:effectstream-processed', target },
        ...{ transactionHash, rollup, requestIds },
      });
    }
  }
}
