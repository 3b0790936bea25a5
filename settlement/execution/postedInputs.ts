/**
 * Inputs that came by way of the settlement chain, on their way to execution: a queue in replicated state that a header's
 * settlement blocks fill and each block empties from its front. It holds rows only while more came at once than one block
 * executes, such as after the sidechain stood still. What a post means is said here; how an input is judged is not.
 */
import { DecodeError, decode, encode } from '../../consensus/primitives/codec.ts';
import { assert, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, SettlementHeight } from '../../consensus/primitives/flavor.ts';
import { POSTED_INPUT_BYTES_MAX } from '../net/postedInput.ts';
import type { SettlementBlock } from '../net/settlement.ts';
import type { State, Table } from '../state.ts';

/** Transactions in one post. With 16 posts a settlement block this is 256 in 5 s, and blocks of 2 s execute 320. */
export const POSTED_TRANSACTIONS_MAX = 16;
/**
 * Posted transactions that one block executes beside its own. Each costs what one of a block does, 89 us at most
 * (docs/performance.md), and the gas of batches comes out of the block's own: 11 ms more for the dearest legal block.
 */
export const POSTED_PER_BLOCK_MAX = 128;
/** Posts that may wait: those of 32 full settlement blocks. What a block derives at once is encoded and hashed in it. */
export const POSTED_WAITING_MAX = 512;
/** Bytes that may wait, for the same reason. */
export const POSTED_WAITING_BYTES_MAX = 2 * 1024 * 1024;

/** Codes of posts and their meaning, for docs/errors.md. */
export const postedCodes = {
  POSTED_INPUT_INVALID: 'a post on the settlement chain is no list of inputs',
  POSTED_INPUT_QUEUE_FULL: 'as many posts wait for execution as may; this one is dropped',
} as const;

export type PostedCode = keyof typeof postedCodes;

/** What became of posts in a block. */
export type PostedFact =
  /** The block is the first to name a settlement block that holds this post. */
  | {
      readonly type: 'input_posted';
      readonly transactionHash: Hash;
      readonly settlementHeight: SettlementHeight;
      /** Inputs in it; 0: it is refused as a whole. */
      readonly inputCount: number;
    }
  /** Executed, with its receipt's result: `ok` or the code with which the ledger refused it. */
  | {
      readonly type: 'posted_input_executed';
      readonly transactionHash: Hash;
      readonly index: number;
      readonly transactionId: Hash;
      readonly result: string;
    }
  /** Skipped, and it stays so. */
  | {
      readonly type: 'posted_input_refused';
      readonly transactionHash: Hash;
      /** Of the input in its post; undefined: all of it. */
      readonly index: number | undefined;
      readonly code: string;
    };

/** One input of a post. */
export interface PostedTransaction {
  /** Of the post. */
  readonly transactionHash: Hash;
  readonly index: number;
  readonly bytes: Uint8Array;
}

/** A post that waits. Its row is written once, whole: inputs that had their turn are counted beside the queue. */
interface WaitingPost {
  readonly transactionHash: Hash;
  readonly bytes: Uint8Array;
}

/** One row, under `POSTED_COUNTERS_KEY`: what stands in the queue, its positions from `first` to below `next`. */
interface PostedCounters {
  readonly first: number;
  readonly next: number;
  /** Inputs of the first that had their turn. */
  readonly endedCount: number;
  /** Of all of it. */
  readonly byteCount: number;
}

const POSTED_COUNTERS_KEY = '';
const noCounters: PostedCounters = { first: 0, next: 0, endedCount: 0, byteCount: 0 };

/** Key: position, padded. */
const queueTable: Table<WaitingPost> = {
  id: 48,
  name: 'posted_inputs',
  write: (writer, { transactionHash, bytes }) =>
    writer.hash(transactionHash).bytes(bytes, POSTED_INPUT_BYTES_MAX),
  read: (reader) => ({ transactionHash: reader.hash(), bytes: reader.bytes(POSTED_INPUT_BYTES_MAX) }),
};

const countersTable: Table<PostedCounters> = {
  id: 49,
  name: 'posted_inputs_counters',
  write: (writer, { first, next, endedCount, byteCount }) =>
    writer.u64(first).u64(next).u8(endedCount).u32(byteCount),
  read: (reader) => ({
    first: reader.u64(),
    next: reader.u64(),
    endedCount: reader.u8(),
    byteCount: reader.u32(),
  }),
};

/** All of the above, for whoever stores and restores rows without knowing what they mean. */
export const postedTables = [queueTable, countersTable] as const;

/**
 * What is posted for the sidechain.
 * @param inputs - Bytes of transactions, 1 to `POSTED_TRANSACTIONS_MAX`.
 * @param salt - 32 bits that mean nothing: posts of the same inputs with others are other posts.
 */
export function encodePost(inputs: readonly Uint8Array[], salt = 0): Uint8Array {
  assert(inputs.length > 0, 'a post of no inputs');
  return encode((writer) =>
    writer
      .u32(salt)
      .list(inputs, POSTED_TRANSACTIONS_MAX, (w, bytes) => w.bytes(bytes, POSTED_INPUT_BYTES_MAX)),
  );
}

/** @param bytes - From anybody. */
export function decodePost(bytes: Uint8Array): Verdict<readonly Uint8Array[], 'ENCODING_INVALID'> {
  return decode(bytes, (reader) => {
    reader.u32();
    const inputs = reader.list(POSTED_TRANSACTIONS_MAX, (r) => r.bytes(POSTED_INPUT_BYTES_MAX));
    if (inputs.length === 0) throw new DecodeError('a post of no inputs');
    return inputs;
  });
}

/** Whether inputs of a post wait for their turn in a block after this state's. */
export function isPostQueued(state: State, transactionHash: Hash): boolean {
  const { first, next } = state.get(countersTable, POSTED_COUNTERS_KEY) ?? noCounters;
  for (let position = first; position < next; position += 1) {
    if (state.get(queueTable, positionKey(position))?.transactionHash === transactionHash) return true;
  }
  return false;
}

/** The queue while one block is executed: what waited, then what its settlement blocks bring. */
export class PostedQueue {
  readonly #state: State;
  readonly #before: PostedCounters;
  /** What came with this block, in positions from `#before.next` on. */
  readonly #fresh: WaitingPost[] = [];
  #byteCount: number;
  /** Position of the post at the front, and how many of its inputs had their turn. */
  #position: number;
  #endedCount: number;
  /** Its inputs, once somebody asked. */
  #inputs: readonly Uint8Array[] | undefined;

  constructor(state: State) {
    this.#state = state;
    this.#before = state.get(countersTable, POSTED_COUNTERS_KEY) ?? noCounters;
    this.#position = this.#before.first;
    this.#endedCount = this.#before.endedCount;
    this.#byteCount = this.#before.byteCount;
  }

  /** Takes in what the settlement blocks in (parent's origin, origin] hold. @returns What there is to tell of it. */
  addBlocks(blocks: readonly SettlementBlock[]): PostedFact[] {
    const facts: PostedFact[] = [];
    for (const { height, events } of blocks) {
      for (const event of events) {
        if (event.type === 'input_posted') this.#add(facts, height, event);
      }
    }
    return facts;
  }

  /** The input at the front. */
  peek(): PostedTransaction | undefined {
    const post = this.#front();
    if (post === undefined) return undefined;
    this.#inputs ??= inputsOf(post);
    const bytes = this.#inputs[this.#endedCount];
    assert(bytes !== undefined, 'a post stays in the queue without an input');
    return { transactionHash: post.transactionHash, index: this.#endedCount, bytes };
  }

  /** Takes it away. */
  shift(): void {
    const post = this.#front();
    assert(post !== undefined, 'nothing waits');
    this.#inputs ??= inputsOf(post);
    this.#endedCount += 1;
    if (this.#endedCount < this.#inputs.length) return;
    if (this.#position < this.#before.next)
      this.#state.set(queueTable, positionKey(this.#position), undefined);
    this.#position += 1;
    this.#endedCount = 0;
    this.#byteCount -= post.bytes.length;
    this.#inputs = undefined;
  }

  /** Writes down what is left. Call once, last. */
  keep(): void {
    const { first, next, endedCount } = this.#before;
    const end = next + this.#fresh.length;
    for (let position = Math.max(next, this.#position); position < end; position += 1) {
      const post = this.#fresh[position - next];
      if (post !== undefined) this.#state.set(queueTable, positionKey(position), post);
    }
    const isUntouched = this.#position === first && this.#endedCount === endedCount && end === next;
    // What came and went within the block leaves no trace.
    const isPassedThrough = first === next && this.#position === end;
    if (isUntouched || isPassedThrough) return;
    this.#state.set(countersTable, POSTED_COUNTERS_KEY, {
      first: this.#position,
      next: end,
      endedCount: this.#endedCount,
      byteCount: this.#byteCount,
    });
  }

  #front(): WaitingPost | undefined {
    const { next } = this.#before;
    if (this.#position >= next) return this.#fresh[this.#position - next];
    return this.#state.get(queueTable, positionKey(this.#position));
  }

  #add(
    facts: PostedFact[],
    settlementHeight: SettlementHeight,
    { transactionHash, bytes }: { readonly transactionHash: Hash; readonly bytes: Uint8Array },
  ): void {
    const decoded = decodePost(bytes);
    const inputCount = decoded.ok ? decoded.value.length : 0;
    facts.push({ type: 'input_posted', transactionHash, settlementHeight, inputCount });
    const code = decoded.ok ? this.#findNoRoom(bytes.length) : 'POSTED_INPUT_INVALID';
    if (code !== undefined) {
      facts.push({ type: 'posted_input_refused', transactionHash, index: undefined, code });
      return;
    }
    this.#byteCount += bytes.length;
    this.#fresh.push({ transactionHash, bytes });
  }

  #findNoRoom(byteCount: number): PostedCode | undefined {
    const waitingCount = this.#before.next - this.#position + this.#fresh.length;
    const isFull =
      waitingCount >= POSTED_WAITING_MAX || this.#byteCount + byteCount > POSTED_WAITING_BYTES_MAX;
    return isFull ? 'POSTED_INPUT_QUEUE_FULL' : undefined;
  }
}

/** Posts in the queue were read before. */
function inputsOf({ bytes }: WaitingPost): readonly Uint8Array[] {
  const decoded = decodePost(bytes);
  assert(decoded.ok, 'the queue holds what is no post');
  return decoded.value;
}

/** Wide enough for any safe integer, so keys sort by number. */
function positionKey(position: number): string {
  return String(position).padStart(16, '0');
}
