/**
 * Transactions waiting for a block, in order of arrival, bounded. Anchored ones (`onlyAtHeight`) stand first in
 * their block. A transaction stays until it, or another with its nonce, is final, or until its last height has passed.
 */
import { refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height } from '../../consensus/primitives/flavor.ts';
import type { EncodedTransaction, Transaction } from '../../settlement/execution/transaction.ts';

/** A decoded transaction with its id and the bytes that carry it. */
export type PreparedTransaction = EncodedTransaction;

/** A kept transaction that no longer waits: it is in the block, or `code` says what made it impossible. */
export interface EndedTransaction {
  readonly id: Hash;
  readonly code: 'LEDGER_NONCE_USED' | 'TRANSACTION_EXPIRED' | undefined;
}

/** What became of a candidate while a block was built. */
export type Inclusion = 'included' | 'later' | 'full';

/** Limits of the pool; beyond them a transaction is refused, never silently dropped. */
export const MEMPOOL_TRANSACTIONS_MAX = 50_000;
export const MEMPOOL_SENDER_TRANSACTIONS_MAX = 10_000;

export class Mempool {
  readonly #byId = new Map<Hash, PreparedTransaction>();
  readonly #bySender = new Map<Address, Map<number, PreparedTransaction>>();
  readonly #anchored = new Map<Height, PreparedTransaction[]>();
  readonly #expiring = new Map<Height, PreparedTransaction[]>();
  /** Those that `settle` must report when they leave, because a row on disk stands for them. */
  readonly #kept = new Set<Hash>();

  get count(): number {
    return this.#byId.size;
  }

  get(id: Hash): PreparedTransaction | undefined {
    return this.#byId.get(id);
  }

  /** The one of this sender with this nonce. */
  find(from: Address, nonce: number): PreparedTransaction | undefined {
    return this.#bySender.get(from)?.get(nonce);
  }

  /** Marks a waiting transaction as kept. @returns False when it does not wait, or is kept already. */
  keep(id: Hash): boolean {
    if (!this.#byId.has(id) || this.#kept.has(id)) return false;
    this.#kept.add(id);
    return true;
  }

  /** @param finalized - The last finalised height, and the sender's next nonce there. */
  add(
    prepared: PreparedTransaction,
    finalized: { readonly height: Height; readonly nonce: number },
  ): Verdict<PreparedTransaction> {
    const { height } = finalized;
    const { from, nonce, onlyAtHeight, expiresAtHeight } = prepared.transaction;
    if (this.#byId.has(prepared.id)) return refuse('MEMPOOL_DUPLICATE', 'already waiting');
    const lastHeight = onlyAtHeight || expiresAtHeight;
    if (lastHeight !== 0 && lastHeight <= height) {
      return refuse('TRANSACTION_EXPIRED', `its last height was ${lastHeight}, the chain is at ${height}`);
    }
    if (nonce < finalized.nonce) {
      return refuse('LEDGER_NONCE_USED', `the sender's next nonce is ${finalized.nonce}`);
    }
    if (nonce >= finalized.nonce + MEMPOOL_SENDER_TRANSACTIONS_MAX) {
      return refuse('LEDGER_NONCE_AHEAD', `too far above the sender's next nonce ${finalized.nonce}`);
    }
    const own = this.#bySender.get(from);
    if (this.#byId.size >= MEMPOOL_TRANSACTIONS_MAX) {
      return refuse('MEMPOOL_FULL', `${MEMPOOL_TRANSACTIONS_MAX} transactions wait already`);
    }
    if ((own?.size ?? 0) >= MEMPOOL_SENDER_TRANSACTIONS_MAX) {
      return refuse('MEMPOOL_SENDER_FULL', `${MEMPOOL_SENDER_TRANSACTIONS_MAX} of this sender wait already`);
    }
    if (own?.has(nonce)) {
      return refuse('MEMPOOL_NONCE_TAKEN', `another transaction with nonce ${nonce} waits already`);
    }
    this.#byId.set(prepared.id, prepared);
    if (own === undefined) this.#bySender.set(from, new Map([[nonce, prepared]]));
    else own.set(nonce, prepared);
    if (onlyAtHeight !== 0) push(this.#anchored, onlyAtHeight, prepared);
    else if (expiresAtHeight !== 0) push(this.#expiring, expiresAtHeight, prepared);
    return { ok: true, value: prepared };
  }

  /**
   * Offers candidates for a block at `height`: anchored ones first, then by arrival. One whose turn by nonce has
   * not come is offered again as soon as its predecessor is in.
   */
  offer(height: Height, include: (prepared: PreparedTransaction) => Inclusion): void {
    const anchored = this.#anchored.get(height) ?? [];
    if (this.#byId.size === 0) return;
    const deferred = new Set<PreparedTransaction>();
    const offerOne = (prepared: PreparedTransaction): boolean => {
      let candidate: PreparedTransaction | undefined = prepared;
      while (candidate !== undefined) {
        const inclusion = include(candidate);
        if (inclusion === 'full') return false;
        if (inclusion === 'later') {
          deferred.add(candidate);
          return true;
        }
        deferred.delete(candidate);
        const { from, nonce }: Transaction = candidate.transaction;
        const next: PreparedTransaction | undefined = this.#bySender.get(from)?.get(nonce + 1);
        candidate = next !== undefined && deferred.has(next) ? next : undefined;
      }
      return true;
    };
    for (const prepared of anchored) if (!offerOne(prepared)) return;
    for (const prepared of this.#byId.values()) {
      if (prepared.transaction.onlyAtHeight !== 0 || deferred.has(prepared)) continue;
      if (!offerOne(prepared)) return;
    }
  }

  /**
   * After a block is final: what it holds leaves, and so does what it made impossible.
   * @returns The kept ones among them.
   */
  settle(included: readonly PreparedTransaction[], height: Height): readonly EndedTransaction[] {
    const ended: EndedTransaction[] = [];
    for (const { id, transaction } of included) {
      const used = this.#bySender.get(transaction.from)?.get(transaction.nonce);
      if (used === undefined) continue;
      this.#remove(used);
      if (this.#kept.delete(used.id)) {
        ended.push({ id: used.id, code: used.id === id ? undefined : 'LEDGER_NONCE_USED' });
      }
    }
    for (const byHeight of [this.#anchored, this.#expiring]) {
      const late = byHeight.get(height);
      if (late === undefined) continue;
      byHeight.delete(height);
      for (const prepared of late) {
        this.#remove(prepared);
        if (this.#kept.delete(prepared.id)) ended.push({ id: prepared.id, code: 'TRANSACTION_EXPIRED' });
      }
    }
    return ended;
  }

  #remove(prepared: PreparedTransaction): void {
    if (!this.#byId.delete(prepared.id)) return;
    const { from, nonce } = prepared.transaction;
    const own = this.#bySender.get(from);
    own?.delete(nonce);
    if (own?.size === 0) this.#bySender.delete(from);
  }
}

function push(
  byHeight: Map<Height, PreparedTransaction[]>,
  height: Height,
  prepared: PreparedTransaction,
): void {
  const list = byHeight.get(height);
  if (list === undefined) byHeight.set(height, [prepared]);
  else list.push(prepared);
}
