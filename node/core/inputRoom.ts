/**
 * Waiting transactions that a signed input authorises. They have no nonce, so nothing orders them and none waits for
 * another: each may stand in any block while its signature is fresh. They have a room of their own beside the pool's
 * places, so that whoever signs inputs by the thousand takes no place from the others, nor they from him.
 */
import { refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address } from '../../consensus/primitives/flavor.ts';
import type { EncodedTransaction } from '../../settlement/execution/transaction.ts';
import type { InputTerms } from './inputTerms.ts';

/**
 * Ten full blocks by default, in transactions, and sixteen in bytes: what lies ready for longer than that is kept by the
 * batcher on disk, and comes when there is room.
 */
export const MEMPOOL_INPUTS_MAX = 10_000;
export const MEMPOOL_INPUT_BYTES_MAX = 16 * 1024 * 1024;
/** A tenth for one account, a full block by default; an eighth of the bytes, so that its largest inputs still fit. */
export const MEMPOOL_ACCOUNT_INPUTS_MAX = MEMPOOL_INPUTS_MAX / 10;
export const MEMPOOL_ACCOUNT_INPUT_BYTES_MAX = MEMPOOL_INPUT_BYTES_MAX / 8;

interface Share {
  count: number;
  byteCount: number;
}

export class InputRoom {
  readonly #terms = new Map<EncodedTransaction, InputTerms>();
  readonly #shares = new Map<Address, Share>();
  #byteCount = 0;

  get size(): number {
    return this.#terms.size;
  }

  /** Finds room for one more: nobody gives way, since all of them are ready. */
  add(prepared: EncodedTransaction, terms: InputTerms): Verdict<undefined> {
    const { bytes, transaction } = prepared;
    const share = this.#shares.get(transaction.from) ?? { count: 0, byteCount: 0 };
    if (share.count >= MEMPOOL_ACCOUNT_INPUTS_MAX) {
      return refuse('MEMPOOL_SENDER_FULL', `${share.count} inputs of this account wait already`);
    }
    if (share.byteCount + bytes.length > MEMPOOL_ACCOUNT_INPUT_BYTES_MAX) {
      const message = `${share.byteCount} bytes of inputs of this account wait already`;
      return refuse('MEMPOOL_SENDER_FULL', message);
    }
    if (this.size >= MEMPOOL_INPUTS_MAX || this.#byteCount + bytes.length > MEMPOOL_INPUT_BYTES_MAX) {
      return refuse('MEMPOOL_FULL', `${this.size} inputs wait already`);
    }
    this.#terms.set(prepared, terms);
    share.count += 1;
    share.byteCount += bytes.length;
    this.#shares.set(transaction.from, share);
    this.#byteCount += bytes.length;
    return { ok: true, value: undefined };
  }

  remove(prepared: EncodedTransaction): void {
    if (!this.#terms.delete(prepared)) return;
    const { bytes, transaction } = prepared;
    this.#byteCount -= bytes.length;
    const share = this.#shares.get(transaction.from);
    if (share === undefined) return;
    share.count -= 1;
    share.byteCount -= bytes.length;
    if (share.count === 0) this.#shares.delete(transaction.from);
  }

  /** All of them, in order of arrival; the one at hand may be removed meanwhile. */
  entries(): Iterable<readonly [EncodedTransaction, InputTerms]> {
    return this.#terms;
  }
}
