/**
 * Posts that wait for a block of the settlement chain, and where those are that had one. They leave in the order in which
 * they came. A post is its bytes: the same ones are taken once, while they wait and for long after.
 */
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, SettlementHeight, TimeMs } from '../../consensus/primitives/flavor.ts';
import {
  type InputPosted,
  POSTED_BYTES_PER_BLOCK_MAX,
  POSTED_INPUT_BYTES_MAX,
  POSTED_INPUTS_PER_BLOCK_MAX,
  postedInputHash,
} from '../net/postedInput.ts';
import type { SettlementBlock, SettlementEvent } from '../net/settlement.ts';
import { payloadGas } from './feeMarket.ts';

/** Posts that may wait at a time: 16 blocks full of the smallest, and at most 16 MiB. */
export const POSTED_INPUTS_WAITING_MAX = 256;
/** Posts whose block is remembered: 85 minutes of full blocks. Later the marks of the sidechain alone know one again. */
const POSTED_INPUTS_REMEMBERED_MAX = 16_384;

export type PostCode =
  | 'POSTED_INPUT_EMPTY'
  | 'POSTED_INPUT_TOO_LARGE'
  | 'POSTED_INPUTS_FULL'
  | 'SETTLEMENT_GAS_ABOVE_LIMIT';

/** Where a post is. */
export type PostStanding =
  | { readonly standing: 'included'; readonly settlementHeight: SettlementHeight }
  | { readonly standing: 'waiting' | 'unknown' };

interface WaitingPost {
  readonly event: InputPosted;
  readonly arrivedMs: TimeMs;
}

export class PostedInputs {
  readonly #gasLimit: number;
  #waiting: WaitingPost[] = [];
  readonly #waitingHashes = new Set<Hash>();
  /** The oldest first. */
  readonly #included = new Map<Hash, SettlementHeight>();

  constructor(gasLimit: number) {
    this.#gasLimit = gasLimit;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  standingOf(hash: Hash): PostStanding {
    const settlementHeight = this.#included.get(hash);
    if (settlementHeight !== undefined) return { standing: 'included', settlementHeight };
    return { standing: this.#waitingHashes.has(hash) ? 'waiting' : 'unknown' };
  }

  /** @param bytes - Must not change afterwards. */
  add(bytes: Uint8Array, arrivedMs: TimeMs): Verdict<{ readonly hash: Hash }, PostCode> {
    if (bytes.length === 0) return refuse('POSTED_INPUT_EMPTY', 'nothing was posted');
    if (bytes.length > POSTED_INPUT_BYTES_MAX) {
      return refuse('POSTED_INPUT_TOO_LARGE', `${bytes.length} bytes, at most ${POSTED_INPUT_BYTES_MAX}`);
    }
    if (payloadGas(bytes.length) > this.#gasLimit) {
      return refuse('SETTLEMENT_GAS_ABOVE_LIMIT', `${bytes.length} bytes do not fit a block`);
    }
    const hash = postedInputHash(bytes);
    if (this.standingOf(hash).standing !== 'unknown') return accept({ hash });
    if (this.#waiting.length >= POSTED_INPUTS_WAITING_MAX) {
      return refuse('POSTED_INPUTS_FULL', `${this.#waiting.length} posts wait for a block`);
    }
    this.#waiting.push({ event: { type: 'input_posted', transactionHash: hash, bytes }, arrivedMs });
    this.#waitingHashes.add(hash);
    return accept({ hash });
  }

  /**
   * Takes what arrived strictly before the block's instant, the oldest first, until one does not fit.
   * @returns The gas of what was taken, whose events were added.
   */
  take(
    events: SettlementEvent[],
    block: { readonly height: SettlementHeight; readonly timestampMs: TimeMs; readonly gasLeft: number },
  ): number {
    let gasUsed = 0;
    let byteCount = 0;
    let count = 0;
    for (const { event, arrivedMs } of this.#waiting) {
      const gas = payloadGas(event.bytes.length);
      byteCount += event.bytes.length;
      if (count === POSTED_INPUTS_PER_BLOCK_MAX || arrivedMs >= block.timestampMs) break;
      if (byteCount > POSTED_BYTES_PER_BLOCK_MAX || gasUsed + gas > block.gasLeft) break;
      gasUsed += gas;
      count += 1;
      events.push(event);
      this.#waitingHashes.delete(event.transactionHash);
      this.#remember(event.transactionHash, block.height);
    }
    if (count > 0) this.#waiting = this.#waiting.slice(count);
    return gasUsed;
  }

  /** The newest block is gone: what it held waits again, ahead of all that waits. @param parentMs - When its parent was made. */
  giveBack({ events }: Pick<SettlementBlock, 'events'>, parentMs: TimeMs): void {
    const posts = events.filter((event) => event.type === 'input_posted');
    if (posts.length === 0) return;
    for (const { transactionHash } of posts) {
      this.#included.delete(transactionHash);
      this.#waitingHashes.add(transactionHash);
    }
    this.#waiting = [...posts.map((event) => ({ event, arrivedMs: parentMs })), ...this.#waiting];
  }

  #remember(hash: Hash, height: SettlementHeight): void {
    this.#included.set(hash, height);
    if (this.#included.size <= POSTED_INPUTS_REMEMBERED_MAX) return;
    const [oldest] = this.#included.keys();
    if (oldest !== undefined) this.#included.delete(oldest);
  }
}
