/**
 * What a node keeps only so that people can ask: what became of transactions, and batches that are settled. Bounded, on
 * disk with the block that brought it about, and never read by the protocol; a simulation does without.
 */
import { decode, encode, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import { assert, CodedError } from '../../consensus/primitives/codedError.ts';
import type {
  Amount,
  Hash,
  Height,
  SettlementHeight,
  TimeMs,
  ValidatorIndex,
} from '../../consensus/primitives/flavor.ts';
import type { InputFact } from '../../settlement/execution/inputBook.ts';
import { type BatchRow, batchTable } from '../../settlement/net/tables.ts';
import type { NetFact } from '../../settlement/net/types.ts';
import type { EndedTransaction } from './mempool.ts';
import { archiveKey } from './store.ts';
import type { RecoveredRow, Write } from './types.ts';

export interface ArchiveLimits {
  /** Outcomes kept at least for the newest final block and at most this many in all; the oldest blocks' go first. */
  readonly outcomesMax: number;
  /** Settled batches kept; the oldest go first. */
  readonly batchesMax: number;
}

/** What a node of a real network keeps: outcomes of hours under load in about 30 MB, batches of days. */
export const archiveLimits: ArchiveLimits = { outcomesMax: 100_000, batchesMax: 10_000 };

/** How a transaction ended, in the final block of that height or because of it. */
export interface TransactionOutcome {
  readonly id: Hash;
  readonly height: Height;
  /** `ok`, or the code with which it failed. */
  readonly result: string;
  /** False: it is in no block and never will be. An input may have been executed all the same, from the settlement chain. */
  readonly isIncluded: boolean;
}

/** A batch as the block that confirmed it left it. */
export interface SettledBatch {
  readonly batch: BatchRow;
  readonly sealedAtMs: TimeMs;
  readonly confirmedAtHeight: Height;
  readonly confirmedAtMs: TimeMs;
  readonly settlementHeight: SettlementHeight;
  readonly includedAtMs: TimeMs;
  readonly settler: ValidatorIndex;
  readonly transactionHash: Hash;
  /** What each swap really cost, in action order; undefined for other actions. */
  readonly amountsIn: readonly (Amount | undefined)[];
  readonly gasUsed: number;
  readonly fee: Amount;
}

/** What a final block gives the archive. */
export interface ArchivedBlock {
  readonly height: Height;
  readonly timestampMs: TimeMs;
  readonly receipts: readonly { readonly transactionId: Hash; readonly result: string }[];
  /** Inputs that it executed; those that came by way of the settlement chain have no receipt. */
  readonly inputFacts: readonly InputFact[];
  /** Users' transactions that no longer wait. */
  readonly ended: readonly EndedTransaction[];
  readonly facts: readonly NetFact[];
  /** Timestamp of a final block that is still kept. */
  readonly timestampAt: (height: Height) => TimeMs | undefined;
}

/** Most outcomes in one row: more than any block can hold or end. */
const OUTCOMES_PER_BLOCK_MAX = 1_000_000;
const CODE_BYTES_MAX = 64;
const ACTIONS_MAX = 65_536;
const OUTCOMES_KIND = 'outcomes';
const BATCH_KIND = 'batch';

export class Archive {
  readonly #limits: ArchiveLimits;
  readonly #outcomes = new Map<Hash, TransactionOutcome>();
  /** Ascending by height. */
  readonly #byHeight = new Map<Height, readonly TransactionOutcome[]>();
  /** Ascending by number. */
  readonly #batches = new Map<number, SettledBatch>();
  #outcomeCount = 0;

  constructor(limits: ArchiveLimits) {
    this.#limits = limits;
  }

  outcomeOf(id: Hash): TransactionOutcome | undefined {
    return this.#outcomes.get(id);
  }

  /** Outcomes of a final block's own transactions, in block order. */
  outcomesAt(height: Height): readonly TransactionOutcome[] {
    return (this.#byHeight.get(height) ?? []).filter(({ isIncluded }) => isIncluded);
  }

  settledBatch(seq: number): SettledBatch | undefined {
    return this.#batches.get(seq);
  }

  /** Takes a final block in. @returns The rows to write and to delete in the block's own write batch. */
  add(block: ArchivedBlock): Write[] {
    const writes: Write[] = [];
    const outcomes = outcomesOf(block);
    if (outcomes.length > 0) {
      this.#keepOutcomes(block.height, outcomes);
      writes.push({
        key: archiveKey(OUTCOMES_KIND, block.height),
        value: encodeOutcomes(block.height, outcomes),
      });
      this.#dropOutcomes(writes);
    }
    for (const fact of block.facts) {
      if (fact.type !== 'batch_confirmed') continue;
      const settled = settledOf(fact, block);
      this.#batches.set(fact.batch.seq, settled);
      writes.push({ key: archiveKey(BATCH_KIND, fact.batch.seq), value: encodeBatch(settled) });
      this.#dropBatches(writes);
    }
    return writes;
  }

  /** @throws {CodedError} `STORE_CORRUPT`: a row does not decode. */
  recover(rows: readonly RecoveredRow[]): void {
    for (const { key, value } of rows) {
      const [, kind] = key.split('/');
      if (kind === OUTCOMES_KIND) {
        const { height, outcomes } = readArchived(key, value, readOutcomes);
        this.#keepOutcomes(height, outcomes);
      } else if (kind === BATCH_KIND) {
        const settled = readArchived(key, value, readBatch);
        this.#batches.set(settled.batch.seq, settled);
      } else throw corrupt(key, 'no such kind of row');
    }
  }

  #keepOutcomes(height: Height, outcomes: readonly TransactionOutcome[]): void {
    this.#byHeight.set(height, outcomes);
    this.#outcomeCount += outcomes.length;
    for (const outcome of outcomes) this.#outcomes.set(outcome.id, outcome);
  }

  #dropOutcomes(writes: Write[]): void {
    for (const [height, outcomes] of this.#byHeight) {
      if (this.#outcomeCount <= this.#limits.outcomesMax || this.#byHeight.size === 1) return;
      this.#byHeight.delete(height);
      this.#outcomeCount -= outcomes.length;
      for (const outcome of outcomes) {
        if (this.#outcomes.get(outcome.id) === outcome) this.#outcomes.delete(outcome.id);
      }
      writes.push({ key: archiveKey(OUTCOMES_KIND, height), value: undefined });
    }
  }

  #dropBatches(writes: Write[]): void {
    for (const seq of this.#batches.keys()) {
      if (this.#batches.size <= this.#limits.batchesMax) return;
      this.#batches.delete(seq);
      writes.push({ key: archiveKey(BATCH_KIND, seq), value: undefined });
    }
  }
}

function outcomesOf({ height, receipts, inputFacts, ended }: ArchivedBlock): TransactionOutcome[] {
  const outcomes: TransactionOutcome[] = receipts.map(({ transactionId: id, result }) => ({
    id,
    height,
    result,
    isIncluded: true,
  }));
  for (const { route, transactionId: id, result } of inputFacts) {
    if (route === 'posted') outcomes.push({ id, height, result, isIncluded: false });
  }
  for (const { id, code } of ended) {
    if (code !== undefined) outcomes.push({ id, height, result: code, isIncluded: false });
  }
  return outcomes;
}

function settledOf(
  fact: Extract<NetFact, { readonly type: 'batch_confirmed' }>,
  { height, timestampMs, timestampAt }: ArchivedBlock,
): SettledBatch {
  const { batch, settlementHeight, includedAtMs, settler, transactionHash, amountsIn, gasUsed, fee } = fact;
  const sealedAtMs = timestampAt(batch.toHeight);
  assert(
    sealedAtMs !== undefined,
    `the block that sealed batch ${batch.seq} is gone before its confirmation`,
  );
  return {
    // The duty is over, and with it what duty law counted.
    batch: { ...batch, dutyReverts: 0 },
    sealedAtMs,
    confirmedAtHeight: height,
    confirmedAtMs: timestampMs,
    settlementHeight,
    includedAtMs,
    settler,
    transactionHash,
    amountsIn,
    gasUsed,
    fee,
  };
}

function encodeOutcomes(height: Height, outcomes: readonly TransactionOutcome[]): Uint8Array {
  return encode((writer) => {
    writer.u64(height).list(outcomes, OUTCOMES_PER_BLOCK_MAX, (to, { id, result, isIncluded }) => {
      to.hash(id).string(result, CODE_BYTES_MAX).boolean(isIncluded);
    });
  });
}

function readOutcomes(reader: Reader): {
  readonly height: Height;
  readonly outcomes: readonly TransactionOutcome[];
} {
  const height = reader.u64();
  const outcomes = reader.list(OUTCOMES_PER_BLOCK_MAX, (from) => ({
    id: from.hash(),
    height,
    result: from.string(CODE_BYTES_MAX),
    isIncluded: from.boolean(),
  }));
  return { height, outcomes };
}

function encodeBatch(settled: SettledBatch): Uint8Array {
  return encode((writer) => {
    batchTable.write(writer, settled.batch);
    writer.i64(settled.sealedAtMs).u64(settled.confirmedAtHeight).i64(settled.confirmedAtMs);
    writer.u64(settled.settlementHeight).i64(settled.includedAtMs).u16(settled.settler);
    writer.hash(settled.transactionHash).list(settled.amountsIn, ACTIONS_MAX, writeOptionalAmount);
    writer.u64(settled.gasUsed).amount(settled.fee);
  });
}

function readBatch(reader: Reader): SettledBatch {
  return {
    batch: batchTable.read(reader),
    sealedAtMs: reader.i64(),
    confirmedAtHeight: reader.u64(),
    confirmedAtMs: reader.i64(),
    settlementHeight: reader.u64(),
    includedAtMs: reader.i64(),
    settler: reader.u16(),
    transactionHash: reader.hash(),
    amountsIn: reader.list(ACTIONS_MAX, (from) => (from.boolean() ? from.amount() : undefined)),
    gasUsed: reader.u64(),
    fee: reader.amount(),
  };
}

function writeOptionalAmount(writer: Writer, amount: Amount | undefined): void {
  writer.boolean(amount !== undefined);
  if (amount !== undefined) writer.amount(amount);
}

function readArchived<Value>(key: string, value: Uint8Array, read: (reader: Reader) => Value): Value {
  const verdict = decode(value, read);
  if (!verdict.ok) throw corrupt(key, verdict.message);
  return verdict.value;
}

function corrupt(key: string, reason: string): CodedError {
  return new CodedError('STORE_CORRUPT', `the stored row ${key} cannot be used: ${reason}`, { key, reason });
}
