/**
 * Follows a settlement chain by asking for what comes next, again and again: a long poll. It remembers the newest blocks it
 * handed on, so that after a reorganisation the other side can tell where its branch begins.
 */
import type { SettlementHeight } from '../../consensus/primitives/flavor.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { RETRY_MIN_MS, retryPause } from './retryPause.ts';
import type { Known } from './settlementHost.ts';

/** Blocks remembered: a reorganisation that goes deeper begins again where following began. */
const KNOWN_MAX = 64;

/** Asks once. @param signal - Ends the question. @throws when nobody could be asked. */
export type AskBlocks = (
  known: readonly Known[],
  fromHeight: SettlementHeight,
  signal: AbortSignal,
) => Promise<readonly SettlementBlock[]>;

export class SettlementPoll {
  readonly #ask: AskBlocks;
  #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();

  constructor(ask: AskBlocks) {
    this.#ask = ask;
  }

  /** Begins anew at a height; what an earlier call began ends first. */
  follow(fromHeight: SettlementHeight, deliver: (block: SettlementBlock) => Promise<void>): void {
    this.#abort.abort();
    const abort = new AbortController();
    this.#abort = abort;
    const earlier = this.#running;
    this.#running = this.#run(fromHeight, deliver, abort.signal);
    // Kept, so that `stop` waits for both.
    this.#running = Promise.all([earlier, this.#running]).then(() => undefined);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(
    fromHeight: SettlementHeight,
    deliver: (block: SettlementBlock) => Promise<void>,
    signal: AbortSignal,
  ): Promise<void> {
    let known: Known[] = [];
    let failures = 0;
    const aborted = new Promise<undefined>((resolve) => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
    while (!signal.aborted) {
      const askedMs = performance.now();
      const blocks = await Promise.race([
        this.#ask(known, fromHeight, signal).catch(() => undefined),
        aborted,
      ]);
      // Who has nothing and does not wait is about to stop, or does not know how to: it is asked less often.
      const isHasty = blocks?.length === 0 && performance.now() - askedMs < RETRY_MIN_MS;
      if (blocks === undefined || isHasty) {
        await retryPause(failures, signal);
        failures += 1;
        continue;
      }
      failures = 0;
      for (const block of blocks) {
        if (signal.aborted) return;
        await deliver(block);
        known = [block, ...known.filter(({ height }) => height < block.height)].slice(0, KNOWN_MAX);
      }
    }
  }
}
