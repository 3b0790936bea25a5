/**
 * The `sidechain` target: each input becomes one ledger transaction of its account, authorised by the very signature that
 * the user made, and handed to the node at hand. Its id depends only on what was signed, and the ledger executes each
 * signed input once, so every node makes the same transaction of it and sending it again changes nothing.
 *
 * A batch here is only what is handed over together. Inputs do not share a fate: the ledger judges each alone, and so does
 * this adapter. What happened to them is read from the finalised state; it looks there when a block becomes final.
 */

import { assert, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Amount, Hash, Height, TimeMs } from '../../../consensus/primitives/flavor.ts';
import { merkleRoot } from '../../../consensus/primitives/merkle.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import { decodeTransaction } from '../../../settlement/execution/transaction.ts';
import { findBatchTiming } from '../../core/batchDoor.ts';
import { inputTermsOf } from '../../core/inputTerms.ts';
import type { SidechainCommand } from '../input/jsonTransaction.ts';
import { ledgerTransactionOf } from '../input/ledgerInput.ts';
import { SidechainGrammar } from '../input/sidechainGrammar.ts';
import type { BatcherInput } from '../input/types.ts';
import {
  AdapterError,
  type BatchBuildingResult,
  type BatcherAdapter,
  type LandedInput,
  type OpenBatch,
  type QueuedInput,
  type Standing,
  type Submission,
  type TransactionReceipt,
  type WaitOptions,
} from './adapter.ts';
import type { SidechainPort } from './sidechainPort.ts';

/**
 * Inputs of a batch at most: what it stores of each beside the transaction, its request id, is then below 300 KB of the
 * 4 MiB that a stored batch may take.
 */
const BATCH_INPUTS_MAX = 4096;
/** Of the transactions of a batch as they are stored, in characters: with the ids, below what a stored batch may take. */
const BATCH_DATA_LENGTH_MAX = 3 * 1024 * 1024;
/** Bytes of a transaction that are not said by the text of its input, and of a block around it: at most a few hundred. */
const TRANSACTION_OVERHEAD_BYTES = 1024;
/** Batches under way at once: one to be answered by the next block, and others that gather while it is being made. */
const OPEN_BATCHES_MAX = 8;
/** Handed over at once: enough to keep the node busy, few of the places that its queue has for users (inputQueue.ts). */
const SUBMISSIONS_MAX = 64;
/**
 * Final blocks for which the rest of a batch is waited for once a part has landed, so that an input that no block has
 * room for holds nobody up. It goes on waiting, for its place in the pool and in another batch.
 */
const PATIENCE_BLOCKS = 4;

/** Verdicts of the node that are none on the transaction: it takes nothing at all now. */
const outages: readonly (string | undefined)[] = ['MEMPOOL_FULL', 'NODE_OVERLOADED', 'NODE_STOPPED'];
/** The node takes this one later, and others now. */
const delays: readonly (string | undefined)[] = ['INPUT_TOO_EARLY', 'MEMPOOL_SENDER_FULL'];
/** It waits for a block, or what became of it is in the state. */
const arrivals: readonly (string | undefined)[] = [
  undefined,
  'INPUT_ALREADY_EXECUTED',
  'INPUT_EXPIRED',
  'MEMPOOL_DUPLICATE',
];
/** All other codes are refusals for good. */
const notRefusals: readonly (string | undefined)[] = [...outages, ...delays, ...arrivals];
/** Between the transactions of a batch, as it is stored; no base64 has it. */
const SEPARATOR = ',';

/** One input on its way. */
interface Errand {
  readonly requestId: Hash;
  readonly id: Hash;
  readonly bytes: Uint8Array;
  /** Timestamp of the last block that may hold it. */
  readonly lastMs: TimeMs;
  /** Code with which the node refused it for good. */
  refusedFor: string | undefined;
  /** The node does not take it now. */
  isDelayed: boolean;
}

/** What is known of a batch while it is open here. */
interface Work {
  readonly hash: Hash;
  readonly errands: ReadonlyMap<string, Errand>;
}

/** Where the inputs of a batch are. */
interface Survey {
  readonly landed: readonly LandedInput[];
  /** Height of the newest block in which one of them landed; 0: none did. */
  readonly height: Height;
  /** Those that may land yet. */
  readonly open: readonly Errand[];
}

export interface SidechainAdapterDependencies {
  readonly port: SidechainPort;
  /** Resolves after so many ms, or as soon as the signal is aborted. */
  readonly wait: (waitMs: number, signal: AbortSignal) => Promise<void>;
}

export class SidechainAdapter implements BatcherAdapter<SidechainCommand> {
  readonly inputBytesMax: number;
  readonly openBatchesMax = OPEN_BATCHES_MAX;
  /** The ledger processes inputs by executing their transactions; a receipt tells in which block. */
  readonly isProcessedHere = true;
  readonly #genesis: Genesis;
  readonly #grammar: SidechainGrammar;
  readonly #dependencies: SidechainAdapterDependencies;
  readonly #works = new Map<string, Work>();

  constructor(genesis: Genesis, dependencies: SidechainAdapterDependencies) {
    this.#genesis = genesis;
    this.#grammar = new SidechainGrammar(genesis);
    this.#dependencies = dependencies;
    this.inputBytesMax = Math.max(1, genesis.blockBytesMax - TRANSACTION_OVERHEAD_BYTES);
  }

  validateInput({ input, address }: BatcherInput): Verdict<SidechainCommand> {
    const parsed = this.#grammar.parse(input, address.toLowerCase());
    if (!parsed.ok || parsed.value.body.type !== 'atomic_batch') return parsed;
    // Its last height is judged here too: a batch that is refused now is in no pool, and cannot be executed after all.
    const { finalizedHeight } = this.#dependencies.port.reader().status();
    return findBatchTiming(parsed.value.body.batch, finalizedHeight, this.#genesis.atomic) ?? parsed;
  }

  /** As many as one block may hold, so that a batch can land whole; what a block has no room for comes next. */
  buildBatchData(inputs: readonly QueuedInput<SidechainCommand>[]): Promise<BatchBuildingResult> {
    const { blockBytesMax, blockTransactionsMax, chainId } = this.#genesis;
    const countMax = Math.min(BATCH_INPUTS_MAX, blockTransactionsMax);
    const selectedInputs: QueuedInput[] = [];
    const parts: string[] = [];
    let byteCount = 0;
    let length = 0;
    for (const input of inputs) {
      const { bytes } = ledgerTransactionOf(input.data, input.command, chainId);
      const part = Buffer.from(bytes).toString('base64');
      byteCount += bytes.length;
      length += part.length + SEPARATOR.length;
      const isFull =
        selectedInputs.length >= countMax || byteCount > blockBytesMax || length > BATCH_DATA_LENGTH_MAX;
      if (isFull && selectedInputs.length > 0) break;
      selectedInputs.push(input);
      parts.push(part);
    }
    return Promise.resolve({ selectedInputs, data: parts.join(SEPARATOR) });
  }

  /** Nothing: the ledger takes no fee for a transaction, and what it takes of an atomic batch comes out of its amounts. */
  estimateBatchFee(): Promise<Amount> {
    return Promise.resolve(0n);
  }

  /**
   * Hands over every transaction of the batch; one that the node refuses for good is a verdict on its input alone.
   * @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`: the node takes nothing now, and no input of the batch has a verdict
   *   that its callers would be kept from.
   */
  async submitBatch({ batch, note, signal }: Submission): Promise<string> {
    const work = this.#workOf(batch);
    await note(work.hash);
    const { open } = this.#survey(batch, work);
    const outage = await this.#handOver(open, signal);
    const isDecided = this.#survey(batch, work).landed.length > 0;
    if (outage !== undefined && !isDecided)
      throw unreachable(`the node takes nothing now: ${outage}`, outage);
    if (signal.aborted) throw unreachable('the batcher is stopping', 'BATCHER_STOPPING');
    return work.hash;
  }

  /**
   * Waits until each input has landed, or can land no more; of those that land late the rest is given back (`PATIENCE_BLOCKS`).
   * @throws {AdapterError} `BATCHER_RECEIPT_TIMEOUT`: none has, or no block became final.
   */
  async waitForTransactionReceipt(
    batch: OpenBatch,
    transactionHash: string,
    { timeoutMs, signal }: WaitOptions,
  ): Promise<TransactionReceipt> {
    const { port, wait } = this.#dependencies;
    const work = this.#workOf(batch);
    const over = new AbortController();
    let isOver = false;
    let patienceMax = Number.POSITIVE_INFINITY;
    let finalCount = 0;
    let wake = (): void => undefined;
    const unsubscribe = port.onFinalized(() => {
      finalCount += 1;
      wake();
    });
    void wait(timeoutMs, AbortSignal.any([signal, over.signal])).then(() => {
      isOver = true;
      wake();
    });
    try {
      for (;;) {
        const survey = this.#survey(batch, work);
        const seen = finalCount;
        if (survey.landed.length > 0) patienceMax = Math.min(patienceMax, seen + PATIENCE_BLOCKS);
        if (survey.open.length === 0 || seen >= patienceMax) {
          return this.#conclude(batch, transactionHash, survey);
        }
        if (isOver) throw timedOut(timeoutMs, survey);
        // Each block makes room for some of them.
        if (seen > 0)
          await this.#handOver(
            survey.open.filter(({ isDelayed }) => isDelayed),
            signal,
          );
        if (seen === finalCount && !isOver) {
          await new Promise<void>((resolve) => {
            wake = resolve;
          });
        }
      }
    } finally {
      unsubscribe();
      over.abort();
    }
  }

  /** Hands transactions over in their order, some at a time. @returns Why the node takes nothing at all, if it does not. */
  async #handOver(errands: readonly Errand[], signal: AbortSignal): Promise<string | undefined> {
    let next = 0;
    let outage: string | undefined;
    const carry = async (): Promise<void> => {
      for (let errand = errands[next]; errand !== undefined; errand = errands[next]) {
        if (outage !== undefined || signal.aborted) return;
        next += 1;
        const { code } = await this.#dependencies.port.submit(errand.bytes);
        const isRefused = !notRefusals.includes(code);
        errand.refusedFor = isRefused ? code : undefined;
        errand.isDelayed = !isRefused && !arrivals.includes(code);
        if (outages.includes(code)) outage = code;
      }
    };
    await Promise.all(Array.from({ length: Math.min(SUBMISSIONS_MAX, errands.length) }, carry));
    if (outage !== undefined) for (const errand of errands.slice(next)) errand.isDelayed = true;
    return outage;
  }

  /** Asked of the finalised state and of the pool of this node: what is in neither goes out again, as the same transactions. */
  findLandedTransaction(batch: OpenBatch): Promise<Standing> {
    const work = this.#workOf(batch);
    const survey = this.#survey(batch, work);
    if (survey.open.length === 0) {
      return Promise.resolve({ state: 'landed', receipt: this.#conclude(batch, work.hash, survey) });
    }
    const reader = this.#dependencies.port.reader();
    const isHere = survey.open.every(({ id }) => reader.transaction(id) !== undefined);
    return Promise.resolve({ state: isHere ? 'waiting' : 'absent' });
  }

  #conclude(batch: OpenBatch, transactionHash: string, { landed, height }: Survey): TransactionReceipt {
    this.#works.delete(batch.batchId);
    return { transactionHash, blockNumber: height, landed };
  }

  /** Looks for every input of the batch that has no verdict yet. */
  #survey(batch: OpenBatch, { errands }: Work): Survey {
    const reader = this.#dependencies.port.reader();
    const landed: LandedInput[] = [];
    const open: Errand[] = [];
    let height = 0;
    for (const { requestId } of batch.inputs) {
      const errand = errands.get(requestId);
      if (errand === undefined) assert(false, `the batch holds no transaction of input ${requestId}`);
      const outcome = outcomeOf(errand, reader);
      if (outcome === undefined) open.push(errand);
      else {
        landed.push(outcome.landed);
        height = Math.max(height, outcome.height);
      }
    }
    return { landed, height, open };
  }

  #workOf({ batchId, data }: OpenBatch): Work {
    const known = this.#works.get(batchId);
    if (known !== undefined) return known;
    const errands = new Map<string, Errand>();
    for (const part of data.split(SEPARATOR)) {
      const errand = this.#errandOf(new Uint8Array(Buffer.from(part, 'base64')));
      errands.set(errand.requestId, errand);
    }
    const work = { hash: merkleRoot([...errands.values()].map(({ id }) => id)), errands };
    this.#works.set(batchId, work);
    // One that was concluded without being waited for, such as by an operator, is forgotten in time.
    for (const oldest of this.#works.keys()) {
      if (this.#works.size <= 2 * OPEN_BATCHES_MAX) break;
      this.#works.delete(oldest);
    }
    return work;
  }

  #errandOf(bytes: Uint8Array): Errand {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) assert(false, `a stored batch holds no transaction: ${decoded.message}`);
    const { id, transaction } = decoded.value;
    const terms = inputTermsOf(transaction, this.#genesis);
    assert(terms !== undefined, `transaction ${id} of a stored batch is no input`);
    const { requestId, lastMs } = terms;
    return { requestId, lastMs, id, bytes, refusedFor: undefined, isDelayed: false };
  }
}

/** @returns Undefined while the input may land yet. */
function outcomeOf(
  { requestId, id, lastMs, refusedFor }: Errand,
  reader: ReturnType<SidechainPort['reader']>,
): { readonly landed: LandedInput; readonly height: Height } | undefined {
  const mark = reader.inputOutcome(requestId);
  if (mark !== undefined) return landedAs(requestId, mark.transactionId, mark.result, mark.height);
  if (refusedFor !== undefined) return landedAs(requestId, id, refusedFor, 0);
  if (lastMs > reader.finalizedTimestampMs()) return undefined;
  // Marks are let go of some time after the last block that may hold the input.
  const standing = reader.transaction(id);
  if (standing?.status !== 'ended') return landedAs(requestId, id, 'INPUT_EXPIRED', 0);
  return landedAs(requestId, id, standing.outcome.result, standing.outcome.height);
}

function landedAs(requestId: Hash, transactionHash: Hash, result: string, height: Height) {
  const landed: LandedInput =
    result === 'ok'
      ? { requestId, transactionHash, ok: true, sidechainHeight: height }
      : { requestId, transactionHash, ok: false, code: result };
  return { landed, height };
}

function unreachable(message: string, code: string): AdapterError {
  return new AdapterError('BATCHER_TARGET_UNREACHABLE', message, {
    blame: 'infrastructure',
    details: { code },
  });
}

function timedOut(timeoutMs: number, { landed, open }: Survey): AdapterError {
  const message = `${landed.length} inputs landed and ${open.length} did not in ${timeoutMs} ms`;
  return new AdapterError('BATCHER_RECEIPT_TIMEOUT', message, { blame: 'infrastructure' });
}
