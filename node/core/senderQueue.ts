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

/** Up to this many a list of its own size is made anew: most senders have one or two, and a list that grows has room for 17. */
const SHORT_LENGTH_MAX = 4;
/** Nobody adds to it. */
const nobody: EncodedTransaction[] = [];

export class SenderQueue {
  /** Ascending by nonce. */
  #waiting: EncodedTransaction[] = nobody;
  readonly #listener: GapListener;
  #nextNonce: number;
  #readyCount = 0;
  #byteCount = 0;
  /** Nonces that are there and yet end the run: anchored to a block far off. Hardly any sender has one. */
  #far: Set<number> | undefined;

  /** @param nextNonce - Of the sender, in the finalised state. */
  constructor(nextNonce: number, listener: GapListener) {
    this.#nextNonce = nextNonce;
    this.#listener = listener;
  }

  get size(): number {
    return this.#waiting.length;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  get waitingCount(): number {
    return this.#waiting.length - this.#readyCount;
  }

  /** The nonce with which the run would go on. */
  get openNonce(): number {
    return this.#nextNonce + this.#readyCount;
  }

  get(nonce: number): EncodedTransaction | undefined {
    const waiting = this.#waiting[this.#placeOf(nonce)];
    return waiting?.transaction.nonce === nonce ? waiting : undefined;
  }

  /** @param isFar - Whether it waits for a block far off, even when its turn has come. */
  add(prepared: EncodedTransaction, isFar: boolean): void {
    const { nonce } = prepared.transaction;
    const isNext = nonce === this.openNonce && !isFar;
    this.#insert(prepared);
    this.#byteCount += prepared.bytes.length;
    if (isFar) this.#far = (this.#far ?? new Set()).add(nonce);
    if (isNext) {
      this.#readyCount += 1;
      this.#extend();
    } else this.#listener.waits(prepared, nonce - this.#nextNonce);
  }

  /** A transaction of the sender with this nonce is final, whether it waited here or not. @returns The one that did. */
  finalized(nonce: number): EncodedTransaction | undefined {
    const used = this.get(nonce);
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
      const behind = this.get(above);
      if (behind !== undefined) this.#listener.waits(behind, above - this.#nextNonce);
    }
  }

  #insert(prepared: EncodedTransaction): void {
    const waiting = this.#waiting;
    const place = this.#placeOf(prepared.transaction.nonce);
    if (waiting.length < SHORT_LENGTH_MAX) this.#waiting = waiting.toSpliced(place, 0, prepared);
    else waiting.splice(place, 0, prepared);
  }

  /** How many lie below this nonce: where it stands, or would stand. */
  #placeOf(nonce: number): number {
    let low = 0;
    let high = this.#waiting.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#nonceAt(middle) < nonce) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #nonceAt(place: number): number {
    return (this.#waiting[place] as EncodedTransaction).transaction.nonce;
  }

  #take(prepared: EncodedTransaction): void {
    const { nonce } = prepared.transaction;
    const place = this.#placeOf(nonce);
    if (this.#waiting.length === 1) this.#waiting = nobody;
    else if (place === 0) this.#waiting.shift();
    else this.#waiting.splice(place, 1);
    this.#byteCount -= prepared.bytes.length;
    this.#far?.delete(nonce);
    if (nonce >= this.openNonce) this.#listener.left(prepared);
  }

  #extend(): void {
    while (this.waitingCount > 0) {
      const next = this.get(this.openNonce);
      if (next === undefined || this.#far?.has(this.openNonce) === true) return;
      this.#readyCount += 1;
      this.#listener.left(next);
    }
  }
}
