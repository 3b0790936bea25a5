/**
 * Transactions that wait behind a gap in their sender's nonces, over all senders. Whoever lies furthest behind goes
 * first when there is no room, except what a user was promised.
 */
import type { EncodedTransaction } from '../../settlement/execution/transaction.ts';
import type { GapListener } from './senderQueue.ts';

export class WaitingRoom implements GapListener {
  readonly #gaps = new Map<EncodedTransaction, number>();
  /** Those that may be sent away, by gap. */
  readonly #byGap: (Set<EncodedTransaction> | undefined)[] = [];
  #byteCount = 0;
  readonly #isKept: (prepared: EncodedTransaction) => boolean;

  constructor(isKept: (prepared: EncodedTransaction) => boolean) {
    this.#isKept = isKept;
  }

  get size(): number {
    return this.#gaps.size;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  waits(prepared: EncodedTransaction, gap: number): void {
    if (!this.#gaps.has(prepared)) this.#byteCount += prepared.bytes.length;
    this.#gaps.set(prepared, gap);
    if (this.#isKept(prepared)) return;
    const sameGap = this.#byGap[gap];
    if (sameGap === undefined) this.#byGap[gap] = new Set([prepared]);
    else sameGap.add(prepared);
  }

  left(prepared: EncodedTransaction): void {
    this.keep(prepared);
    if (this.#gaps.delete(prepared)) this.#byteCount -= prepared.bytes.length;
  }

  /** It must not be sent away any more. */
  keep(prepared: EncodedTransaction): void {
    const gap = this.#gaps.get(prepared);
    if (gap !== undefined) this.#byGap[gap]?.delete(prepared);
  }

  /** The one that may be sent away and lies furthest behind, if it lies further than `gap`. */
  furthest(gap: number): EncodedTransaction | undefined {
    for (let last = this.#byGap.length - 1; last > gap; last -= 1) {
      for (const prepared of this.#byGap[last] ?? []) return prepared;
      // Nobody is here: the list ends before it.
      this.#byGap.length = last;
    }
    return undefined;
  }
}
