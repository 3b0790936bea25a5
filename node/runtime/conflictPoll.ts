/**
 * Watches for proposers that contradicted themselves in the settlement chain's mempool, by a long poll. One pair a
 * proposer is all there is to know, so the question names those whose pair has come, and nothing else is remembered.
 */
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { SettlementPair } from '../../settlement/chain/doubleSettlementWatch.ts';
import { RETRY_MIN_MS, retryPause } from './retryPause.ts';

/** A pair, and who signed both. */
export interface Conflict extends SettlementPair {
  readonly proposer: ValidatorIndex;
}

/** Asks once for the pairs of others than those known. @param signal - Ends the question. @throws when nobody could be asked. */
export type AskConflicts = (
  known: readonly ValidatorIndex[],
  signal: AbortSignal,
) => Promise<readonly Conflict[]>;

export class ConflictPoll {
  readonly #ask: AskConflicts;
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(ask: AskConflicts) {
    this.#ask = ask;
  }

  /** Delivers every pair, those of long ago too, each once. Call it once. */
  start(deliver: (pair: SettlementPair) => Promise<void>): void {
    this.#running = this.#run(deliver, this.#abort.signal);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(deliver: (pair: SettlementPair) => Promise<void>, signal: AbortSignal): Promise<void> {
    const known = new Set<ValidatorIndex>();
    let failures = 0;
    const aborted = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    while (!signal.aborted) {
      const askedMs = performance.now();
      const conflicts = await Promise.race([this.#ask([...known], signal).catch(() => undefined), aborted]);
      const fresh = conflicts?.filter(({ proposer }) => !known.has(proposer));
      // Who has nothing new and does not wait is about to stop, or does not know how to: it is asked less often.
      const isHasty = fresh?.length === 0 && performance.now() - askedMs < RETRY_MIN_MS;
      if (fresh === undefined || isHasty) {
        await retryPause(failures, signal);
        failures += 1;
        continue;
      }
      failures = 0;
      for (const { proposer, first, second } of fresh) {
        if (signal.aborted) return;
        await deliver({ first, second });
        known.add(proposer);
      }
    }
  }
}
