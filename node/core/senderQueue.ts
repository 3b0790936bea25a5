/**
 * The waiting transactions of one sender, by nonce, and which of them are ready: the run without a gap from its next
 * nonce on. What lies behind a gap waits for a transaction that may never come.
 */
import type { EncodedTransaction } from '../../settlement/execution/transaction.ts';

/** Is told which transactions wait behind a gap. */
export interface GapListener {
  /** @param gap - How far its nonce lies above the sender's next one. */
  waits(prepared: EncodedTransaction, gap: number): void;
  /** It waits no more: it is ready, or gone. */
  left(prepared: EncodedTransaction): void;
}

export class SenderQueue {
  readonly #byNonce = new Map<number, EncodedTransaction>();
  readonly #listener: GapListener;
  #nextNonce: number;
  #readyCount = 0;
  #byteCount = 0;
  /** Nonces that are there and yet end the run: anchored to a block far off. */
  readonly #far = new Set<number>();

  /** @param nextNonce - Of the sender, in the finalised state. */
  constructor(nextNonce: number, listener: GapListener) {
    this.#nextNonce = nextNonce;
    this.#listener = listener;
  }

  get size(): number {
    return this.#byNonce.size;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  get waitingCount(): number {
    return this.#byNonce.size - this.#readyCount;
  }

  /** The nonce with which the run would go on. */
  get openNonce(): number {
    return this.#nextNonce + this.#readyCount;
  }

  get(nonce: number): EncodedTransaction | undefined {
    return this.#byNonce.get(nonce);
  }

  /** @param isFar - Whether it waits for a block far off, even when its turn has come. */
  add(prepared: EncodedTransaction, isFar: boolean): void {
    const { nonce } = prepared.transaction;
    const isNext = nonce === this.openNonce && !isFar;
    this.#byNonce.set(nonce, prepared);
    this.#byteCount += prepared.bytes.length;
    if (isFar) this.#far.add(nonce);
    if (isNext) {
      this.#readyCount += 1;
      this.#extend();
    } else this.#listener.waits(prepared, nonce - this.#nextNonce);
  }

  /** A transaction of the sender with this nonce is final, whether it waited here or not. @returns The one that did. */
  finalized(nonce: number): EncodedTransaction | undefined {
    const used = this.#byNonce.get(nonce);
    if (used !== undefined) this.#take(used);
    if (nonce < this.#nextNonce) return used;
    this.#readyCount = Math.max(0, this.openNonce - (nonce + 1));
    this.#nextNonce = nonce + 1;
    this.#extend();
    return used;
  }

  /** It will never be in a block: what came behind it in the run waits now. */
  remove(prepared: EncodedTransaction): void {
    const { nonce } = prepared.transaction;
    const end = this.openNonce;
    this.#take(prepared);
    if (nonce >= end) return;
    this.#readyCount = nonce - this.#nextNonce;
    for (let above = nonce + 1; above < end; above += 1) {
      const behind = this.#byNonce.get(above);
      if (behind !== undefined) this.#listener.waits(behind, above - this.#nextNonce);
    }
  }

  #take(prepared: EncodedTransaction): void {
    const { nonce } = prepared.transaction;
    this.#byNonce.delete(nonce);
    this.#byteCount -= prepared.bytes.length;
    this.#far.delete(nonce);
    if (nonce >= this.openNonce) this.#listener.left(prepared);
  }

  #extend(): void {
    while (this.waitingCount > 0) {
      const next = this.#byNonce.get(this.openNonce);
      if (next === undefined || this.#far.has(this.openNonce)) return;
      this.#readyCount += 1;
      this.#listener.left(next);
    }
  }
}
