/**
 * Settlement transactions waiting for a block. One for each (proposer, seq, attempt); a replacement must pay more.
 * Bounded by how many one proposer may have waiting; the chain bounds how far ahead a batch may lie.
 */
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Amount, Hash, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { SettlementTransaction } from '../net/settlement.ts';
import { effectiveTip } from './feeMarket.ts';

/** Transactions one proposer may have waiting: four attempts on each batch that its own submitter keeps in flight. */
export const MEMPOOL_PER_PROPOSER_MAX = 256;
/** How far a batch may lie ahead of the next one: with one batch per 2 s block, a stall of half an hour. */
export const MEMPOOL_SEQ_AHEAD_MAX = 1024;
/** A replacement pays at least 11/10 of both fees of the transaction it replaces, so replacing is never free. */
export const REPLACEMENT_NUMERATOR = 11n;
export const REPLACEMENT_DENOMINATOR = 10n;

/** What names a transaction here: replacements have the same. */
export type SettlementKey = Pick<SettlementTransaction, 'proposer' | 'seq' | 'attempt'>;

export interface WaitingTransaction {
  readonly transaction: SettlementTransaction;
  readonly hash: Hash;
  readonly byteCount: number;
  readonly arrivedMs: TimeMs;
  /** Counts arrivals, for those with equal tips. */
  readonly arrival: number;
}

/** The fee a replacement must offer at least. */
export function replacementFeeMin(fee: Amount): Amount {
  return (fee * REPLACEMENT_NUMERATOR + REPLACEMENT_DENOMINATOR - 1n) / REPLACEMENT_DENOMINATOR;
}

export class Mempool {
  readonly #waiting = new Map<string, WaitingTransaction>();
  readonly #countByProposer = new Map<ValidatorIndex, number>();

  get count(): number {
    return this.#waiting.size;
  }

  /**
   * Takes in a transaction, or replaces one of the same key. The very same transaction again is accepted and
   * changes nothing, its place in the order included.
   */
  add(
    arrived: WaitingTransaction,
  ): Verdict<{ readonly hash: Hash }, 'SETTLEMENT_REPLACEMENT_UNDERPRICED' | 'SETTLEMENT_MEMPOOL_FULL'> {
    const { transaction, hash } = arrived;
    const key = keyOf(transaction);
    const before = this.#waiting.get(key);
    if (before?.hash === hash) return accept({ hash });
    if (before === undefined) {
      const count = this.#countByProposer.get(transaction.proposer) ?? 0;
      if (count >= MEMPOOL_PER_PROPOSER_MAX) {
        return refuse('SETTLEMENT_MEMPOOL_FULL', `${count} transactions of this proposer are waiting`);
      }
      this.#countByProposer.set(transaction.proposer, count + 1);
    } else if (
      transaction.feeCap < replacementFeeMin(before.transaction.feeCap) ||
      transaction.tip < replacementFeeMin(before.transaction.tip)
    ) {
      return refuse('SETTLEMENT_REPLACEMENT_UNDERPRICED', 'both fees must be 1.1 times those waiting');
    }
    this.#waiting.set(key, arrived);
    return accept({ hash });
  }

  remove(waiting: WaitingTransaction): void {
    const { proposer } = waiting.transaction;
    if (!this.#waiting.delete(keyOf(waiting.transaction))) return;
    const count = (this.#countByProposer.get(proposer) ?? 1) - 1;
    if (count === 0) this.#countByProposer.delete(proposer);
    else this.#countByProposer.set(proposer, count);
  }

  /** Removes every transaction for which `isDead` holds. */
  removeWhere(isDead: (transaction: SettlementTransaction) => boolean): void {
    for (const waiting of this.#waiting.values()) if (isDead(waiting.transaction)) this.remove(waiting);
  }

  /** True while this very transaction waits. */
  has(transaction: SettlementKey, hash: Hash): boolean {
    return this.#waiting.get(keyOf(transaction))?.hash === hash;
  }

  snapshot(): readonly WaitingTransaction[] {
    return [...this.#waiting.values()];
  }

  /**
   * Goes back to what waited once; what arrived since then stays, and replaces what it would have replaced.
   * @param arrival - Arrivals up to this one are those of the snapshot or gone.
   */
  restore(snapshot: readonly WaitingTransaction[], arrival: number): void {
    const since = this.snapshot().filter((waiting) => waiting.arrival > arrival);
    this.#waiting.clear();
    this.#countByProposer.clear();
    for (const waiting of [...snapshot, ...since]) this.add(waiting);
  }

  /** The highest effective tip at this base fee, then the earliest arrival, among those that `isEligible`. */
  best(
    baseFee: Amount,
    isEligible: (waiting: WaitingTransaction) => boolean,
  ): WaitingTransaction | undefined {
    let best: WaitingTransaction | undefined;
    let bestTip = -1n;
    for (const waiting of this.#waiting.values()) {
      const tip = effectiveTip(waiting.transaction, baseFee);
      if (tip === undefined || tip < bestTip || !isEligible(waiting)) continue;
      if (tip > bestTip || (best !== undefined && waiting.arrival < best.arrival)) {
        best = waiting;
        bestTip = tip;
      }
    }
    return best;
  }
}

function keyOf({ proposer, seq, attempt }: SettlementKey): string {
  return `${proposer}/${seq}/${attempt}`;
}
