/**
 * Transactions waiting for a block, in order of arrival, bounded. Anchored ones (`onlyAtHeight`) stand first in
 * their block, up to a share of it. A transaction stays until it, or another with its nonce, is final, or until its last height has passed;
 * one behind a gap in its sender's nonces also until its place is needed, so that nobody can fill the pool with them.
 * Signed inputs, which have no nonce, have places of their own (inputRoom.ts) and their turn like all others.
 */
import { accept, type Refusal, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { EncodedTransaction, Transaction } from '../../settlement/execution/transaction.ts';
import { BatchCarriers } from './batchCarriers.ts';
import { InputRoom } from './inputRoom.ts';
import type { InputTerms } from './inputTerms.ts';
import { SenderQueue } from './senderQueue.ts';
import { WaitingRoom } from './waitingRoom.ts';

/** A decoded transaction with its id and the bytes that carry it. */
export type PreparedTransaction = EncodedTransaction;

/** A kept transaction that no longer waits: it is in the block, or `code` says what made it impossible. */
export interface EndedTransaction {
  readonly id: Hash;
  readonly code: 'INPUT_EXPIRED' | 'LEDGER_NONCE_USED' | 'TRANSACTION_EXPIRED' | undefined;
}

/** What became of a candidate while a block was built. */
export type Inclusion = 'included' | 'later' | 'full';

/** Limits of the pool; beyond them a transaction is refused. Signed inputs have their own (inputRoom.ts). */
export const MEMPOOL_TRANSACTIONS_MAX = 50_000;
export const MEMPOOL_SENDER_TRANSACTIONS_MAX = 10_000;
/** Of those, how many may wait behind a gap: half, so that whose turn has come finds room. */
export const MEMPOOL_WAITING_MAX = MEMPOOL_TRANSACTIONS_MAX / 2;
export const MEMPOOL_SENDER_WAITING_MAX = MEMPOOL_SENDER_TRANSACTIONS_MAX / 2;
/** The same in bytes: batches are as large as a block. Of all of them half may wait behind a gap. */
export const MEMPOOL_BYTES_MAX = 64 * 1024 * 1024;
export const MEMPOOL_WAITING_BYTES_MAX = MEMPOOL_BYTES_MAX / 2;
export const MEMPOOL_SENDER_BYTES_MAX = MEMPOOL_BYTES_MAX / 4;
/**
 * Senders of whom nothing waits and whose queue stays: who sends once sends again, and a queue of its own for each transaction
 * costs more than the transaction. Beyond them a queue goes with its last transaction.
 */
const MEMPOOL_IDLE_SENDERS_MAX = 1024;
/** A transaction that is anchored further ahead waits as if behind a gap, in blocks: nothing of its sender moves on before. */
const ANCHOR_NEAR_BLOCKS = 64;

const nothingEnded: readonly EndedTransaction[] = [];
const added: Verdict<undefined> = accept(undefined);

export class Mempool {
  readonly #byId = new Map<Hash, PreparedTransaction>();
  readonly #bySender = new Map<Address, SenderQueue>();
  /** How many of the queues are empty. */
  #idleCount = 0;
  /** Nearly all leave with their height: a list is smaller than a set, and seldom is one looked for in it. */
  readonly #anchored = new Map<Height, PreparedTransaction[]>();
  readonly #expiring = new Map<Height, Set<PreparedTransaction>>();
  /** Those that `settle` must report when they leave, because a row on disk stands for them. */
  readonly #kept = new Set<Hash>();
  readonly #carriers = new BatchCarriers();
  readonly #waiting = new WaitingRoom(({ id }) => this.#kept.has(id));
  readonly #inputs = new InputRoom();
  /** Of all but the inputs. */
  #byteCount = 0;

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

  /** Those that carry the atomic batch of this id, in order of arrival. */
  carriersOf(batchId: Hash): ReadonlySet<PreparedTransaction> {
    return this.#carriers.of(batchId);
  }

  /** Whether a waiting transaction lies behind no gap in its sender's nonces, so that its turn comes. */
  isReady({ id, transaction: { auth, from, nonce } }: PreparedTransaction): boolean {
    if (auth.type === 'input') return this.#byId.has(id);
    const queue = this.#bySender.get(from);
    return queue !== undefined && nonce < queue.openNonce;
  }

  /** Marks a waiting transaction as kept. @returns False when it does not wait, or is kept already. */
  keep(id: Hash): boolean {
    const prepared = this.#byId.get(id);
    if (prepared === undefined || this.#kept.has(id)) return false;
    this.#kept.add(id);
    this.#waiting.keep(prepared);
    return true;
  }

  /**
   * @param finalized - The last finalised block.
   * @param sender - The sender's account there.
   */
  add(
    prepared: PreparedTransaction,
    { height }: { readonly height: Height },
    sender: { readonly nonce: number },
  ): Verdict<undefined> {
    const { from, nonce, onlyAtHeight } = prepared.transaction;
    if (this.#byId.has(prepared.id)) return refuse('MEMPOOL_DUPLICATE', 'already waiting');
    const lastHeight = lastHeightOf(prepared);
    if (lastHeight !== 0 && lastHeight <= height) {
      return refuse('TRANSACTION_EXPIRED', `its last height was ${lastHeight}, the chain is at ${height}`);
    }
    if (nonce < sender.nonce) {
      return refuse('LEDGER_NONCE_USED', `the sender's next nonce is ${sender.nonce}`);
    }
    if (nonce >= sender.nonce + MEMPOOL_SENDER_TRANSACTIONS_MAX) {
      return refuse('LEDGER_NONCE_AHEAD', `too far above the sender's next nonce ${sender.nonce}`);
    }
    const own = this.#bySender.get(from);
    if ((own?.size ?? 0) >= MEMPOOL_SENDER_TRANSACTIONS_MAX) {
      return refuse('MEMPOOL_SENDER_FULL', `${MEMPOOL_SENDER_TRANSACTIONS_MAX} of this sender wait already`);
    }
    if ((own?.byteCount ?? 0) + prepared.bytes.length > MEMPOOL_SENDER_BYTES_MAX) {
      return refuse('MEMPOOL_SENDER_FULL', `${own?.byteCount ?? 0} bytes of this sender wait already`);
    }
    if (own?.get(nonce) !== undefined) {
      return refuse('MEMPOOL_NONCE_TAKEN', `another transaction with nonce ${nonce} waits already`);
    }
    const isFar = onlyAtHeight > height + ANCHOR_NEAR_BLOCKS;
    const isReady = !isFar && nonce === (own?.openNonce ?? sender.nonce);
    if (!isReady && (own?.waitingCount ?? 0) >= MEMPOOL_SENDER_WAITING_MAX) {
      const message = `${MEMPOOL_SENDER_WAITING_MAX} of this sender wait for nonce ${own?.openNonce}`;
      return refuse('MEMPOOL_SENDER_FULL', message);
    }
    const full = this.#makeRoom(prepared.bytes.length, isReady ? undefined : nonce - sender.nonce);
    if (full !== undefined) return full;
    this.#byId.set(prepared.id, prepared);
    this.#byteCount += prepared.bytes.length;
    this.#queueOf(from, sender.nonce).add(prepared, isFar);
    this.#note(prepared);
    this.#carriers.add(prepared);
    return added;
  }

  /** @param terms - Of the input that authorises it, which has not been executed and is fresh. */
  addInput(prepared: PreparedTransaction, terms: InputTerms): Verdict<undefined> {
    if (this.#byId.has(prepared.id)) return refuse('MEMPOOL_DUPLICATE', 'already waiting');
    const place = this.#inputs.add(prepared, terms);
    if (!place.ok) return place;
    this.#byId.set(prepared.id, prepared);
    this.#carriers.add(prepared);
    return added;
  }

  /**
   * Offers candidates for a block at `height`: anchored ones first, as far as their share goes, then by arrival, then what
   * is left of the anchored ones. Else whoever anchors enough to every block keeps all others out of the chain. One whose
   * turn by nonce has not come is offered again as soon as its predecessor is in.
   * @param isWithinShare - Whether an anchored one fits into what those may take of the block before others.
   */
  offer(
    height: Height,
    include: (prepared: PreparedTransaction) => Inclusion,
    isWithinShare: (prepared: PreparedTransaction) => boolean,
  ): void {
    if (this.#byId.size === 0) return;
    const anchored = this.#anchored.get(height) ?? [];
    const beyondShare: PreparedTransaction[] = [];
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
        const { auth, from, nonce }: Transaction = candidate.transaction;
        if (auth.type === 'input') return true;
        const next: PreparedTransaction | undefined = this.#bySender.get(from)?.get(nonce + 1);
        candidate = next !== undefined && deferred.has(next) ? next : undefined;
      }
      return true;
    };
    for (const prepared of anchored) {
      if (!isWithinShare(prepared)) beyondShare.push(prepared);
      else if (!offerOne(prepared)) return;
    }
    for (const prepared of this.#byId.values()) {
      if (prepared.transaction.onlyAtHeight !== 0 || deferred.has(prepared)) continue;
      if (!offerOne(prepared)) return;
    }
    for (const prepared of beyondShare) if (!offerOne(prepared)) return;
  }

  /**
   * After a block is final: what it holds leaves, and so does what it made impossible.
   * @returns The kept ones among them.
   */
  settle(included: readonly PreparedTransaction[], height: Height): readonly EndedTransaction[] {
    const ended: EndedTransaction[] = [];
    for (const { id, transaction } of included) {
      const { auth, from, nonce } = transaction;
      if (auth.type === 'input') {
        this.#endInput(id, undefined, ended);
        continue;
      }
      const queue = this.#bySender.get(from);
      const used = queue?.finalized(nonce);
      if (queue === undefined || used === undefined) continue;
      this.#byId.delete(used.id);
      this.#byteCount -= used.bytes.length;
      // All that this height held go together, below.
      if (lastHeightOf(used) !== height) this.#forgetHeights(used);
      this.#carriers.remove(used);
      this.#noteIdle(from, queue);
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

  /**
   * After a block is final, and `settle`: inputs leave that were executed without standing in it, such as by way of the
   * settlement chain, and those that no later block may hold.
   * @param executed - Transactions of all inputs that the block executed.
   * @param timestampMs - Of the block.
   * @returns The kept ones among them.
   */
  settleInputs(executed: readonly Hash[], timestampMs: TimeMs): readonly EndedTransaction[] {
    if (this.#inputs.size === 0) return nothingEnded;
    const ended: EndedTransaction[] = [];
    for (const id of executed) this.#endInput(id, undefined, ended);
    for (const [{ id }, { lastMs }] of this.#inputs.entries()) {
      if (lastMs <= timestampMs) this.#endInput(id, 'INPUT_EXPIRED', ended);
    }
    return ended;
  }

  #endInput(id: Hash, code: EndedTransaction['code'], ended: EndedTransaction[]): void {
    const prepared = this.#byId.get(id);
    if (prepared === undefined) return;
    this.#byId.delete(id);
    this.#inputs.remove(prepared);
    this.#carriers.remove(prepared);
    if (this.#kept.delete(id)) ended.push({ id, code });
  }

  /**
   * Finds room for one more. Whose turn has come may take the place of any that waits behind a gap; who waits itself,
   * of one that lies further behind.
   * @param byteCount - What it needs.
   * @param gap - How far its nonce lies above the sender's next one; undefined: its turn has come.
   * @returns Undefined when there is room.
   */
  #makeRoom(byteCount: number, gap: number | undefined): Refusal | undefined {
    while (this.#isFull(byteCount, gap !== undefined)) {
      const victim = this.#waiting.furthest(gap ?? -1);
      if (victim === undefined) return refuse('MEMPOOL_FULL', `${this.#byId.size} transactions wait already`);
      this.#remove(victim);
    }
    return undefined;
  }

  #isFull(byteCount: number, waits: boolean): boolean {
    if (this.#byId.size - this.#inputs.size >= MEMPOOL_TRANSACTIONS_MAX) return true;
    if (this.#byteCount + byteCount > MEMPOOL_BYTES_MAX) return true;
    if (!waits) return false;
    return (
      this.#waiting.size >= MEMPOOL_WAITING_MAX ||
      this.#waiting.byteCount + byteCount > MEMPOOL_WAITING_BYTES_MAX
    );
  }

  #queueOf(from: Address, nextNonce: number): SenderQueue {
    let queue = this.#bySender.get(from);
    if (queue === undefined) {
      queue = new SenderQueue(nextNonce, this.#waiting);
      this.#bySender.set(from, queue);
    } else if (queue.size === 0) this.#idleCount -= 1;
    return queue;
  }

  #remove(prepared: PreparedTransaction): void {
    if (!this.#byId.delete(prepared.id)) return;
    this.#byteCount -= prepared.bytes.length;
    this.#forgetHeights(prepared);
    this.#carriers.remove(prepared);
    const { from } = prepared.transaction;
    const queue = this.#bySender.get(from);
    if (queue === undefined) return;
    queue.remove(prepared);
    this.#noteIdle(from, queue);
  }

  /** A queue has one less: when nobody waits in it any more it may stay, or goes. */
  #noteIdle(from: Address, queue: SenderQueue): void {
    if (queue.size > 0) return;
    if (this.#idleCount < MEMPOOL_IDLE_SENDERS_MAX) this.#idleCount += 1;
    else this.#bySender.delete(from);
  }

  /** Notes the height at which it may stand, or up to which. */
  #note(prepared: PreparedTransaction): void {
    const height = lastHeightOf(prepared);
    if (height === 0) return;
    if (prepared.transaction.onlyAtHeight !== 0) {
      const others = this.#anchored.get(height);
      if (others === undefined) this.#anchored.set(height, [prepared]);
      else others.push(prepared);
      return;
    }
    const others = this.#expiring.get(height);
    if (others === undefined) this.#expiring.set(height, new Set([prepared]));
    else others.add(prepared);
  }

  #forgetHeights(prepared: PreparedTransaction): void {
    const height = lastHeightOf(prepared);
    if (height === 0) return;
    if (prepared.transaction.onlyAtHeight !== 0) {
      const others = this.#anchored.get(height) ?? [];
      const place = others.indexOf(prepared);
      if (place >= 0) others.splice(place, 1);
      if (others.length === 0) this.#anchored.delete(height);
      return;
    }
    const others = this.#expiring.get(height);
    if (others?.delete(prepared) === true && others.size === 0) this.#expiring.delete(height);
  }
}

/** The last height of a block that may hold it; 0: any may. */
function lastHeightOf({ transaction: { onlyAtHeight, expiresAtHeight } }: PreparedTransaction): Height {
  return onlyAtHeight || expiresAtHeight;
}
