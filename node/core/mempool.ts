/**
 * Transactions waiting for a block, in order of arrival, bounded. Anchored ones (`onlyAtHeight`) stand first in
 * their block. A transaction stays until it, or another with its nonce, is final, or until its last height has passed.
 */
import { refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height } from '../../consensus/primitives/flavor.ts';
import type { DecodedTransaction, Transaction } from '../../settlement/execution/transaction.ts';

/** A decoded transaction with its id and the bytes that carry it. */
export interface PreparedTransaction extends DecodedTransaction {
  readonly bytes: Uint8Array;
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

  get count(): number {
    return this.#byId.size;
  }

  get(id: Hash): PreparedTransaction | undefined {
    return this.#byId.get(id);
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

  /** After a block is final: what it holds leaves, and so does what it made impossible. */
  settle(included: readonly PreparedTransaction[], height: Height): void {
    for (const { transaction } of included) {
      const own = this.#bySender.get(transaction.from);
      const used = own?.get(transaction.nonce);
      if (used !== undefined) this.#remove(used);
    }
    for (const byHeight of [this.#anchored, this.#expiring]) {
      const ended = byHeight.get(height);
      if (ended === undefined) continue;
      byHeight.delete(height);
      for (const prepared of ended) this.#remove(prepared);
    }
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
