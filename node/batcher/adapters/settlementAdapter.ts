/**
 * The `settlement` target: inputs are posted on the settlement chain, whose blocks the headers of this chain have to name,
 * and are executed as the block that first does so begins (settlement/execution/postedInputs.ts). No leader can keep them out.
 *
 * A batch is one post, named by its bytes before they leave, so posting it again changes nothing; and the ledger executes
 * each signed input once, whatever way it comes. Callers that wait for a receipt are told once a settlement block holds the
 * post; as that block may still be taken back, what became of its inputs is read from the final state of this chain, and
 * no sooner has any of them ended.
 */
import { assert, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Amount, Hash, TimeMs } from '../../../consensus/primitives/flavor.ts';
import { findBatchProblem } from '../../../settlement/atomic/limits.ts';
import { payloadGas } from '../../../settlement/chain/feeMarket.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import { verifyInputTransaction } from '../../../settlement/execution/inputTransaction.ts';
import {
  decodePost,
  encodePost,
  isPostQueued,
  POSTED_TRANSACTIONS_MAX,
} from '../../../settlement/execution/postedInputs.ts';
import { decodeTransaction } from '../../../settlement/execution/transaction.ts';
import { POSTED_INPUT_BYTES_MAX, postedInputHash } from '../../../settlement/net/postedInput.ts';
import { findBatchTiming } from '../../core/batchDoor.ts';
import { inputTermsOf } from '../../core/inputTerms.ts';
import type { PostAnswer, PostedAnswer } from '../../runtime/settlementPort.ts';
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
import type { SettlementTargetPort } from './settlementTargetPort.ts';

/** Salt and list of a post around its inputs, and the length of each, in bytes. */
const POST_OVERHEAD_BYTES = 8;
const INPUT_OVERHEAD_BYTES = 4;
/** Bytes of a transaction that are not said by the text of its input: at most a few hundred. */
const TRANSACTION_OVERHEAD_BYTES = 1024;
/** Posts under way at once: as many as one settlement block takes, so that those of four nodes wait for a few blocks at most. */
const OPEN_BATCHES_MAX = 16;
/** How often the settlement chain is asked while a post waits for it, in ms: blocks come every few seconds. */
const POLL_MS = 500;

/** Codes with which the settlement chain refuses a post for what it is. With any other it may take it later. */
const refusals: readonly string[] = [
  'POSTED_INPUT_EMPTY',
  'POSTED_INPUT_TOO_LARGE',
  'SETTLEMENT_GAS_ABOVE_LIMIT',
];

export interface SettlementAdapterOptions {
  /** Of a block of the settlement chain: a post has to fit one. */
  readonly gasLimit: number;
  /** Per unit of gas, in the settlement chain's smallest fee unit; above it nothing is posted. */
  readonly feeCap: Amount;
}

export interface SettlementAdapterDependencies {
  readonly port: SettlementTargetPort;
  /** Resolves after so many ms, or as soon as the signal is aborted. */
  readonly wait: (waitMs: number, signal: AbortSignal) => Promise<void>;
  /** Draws from 0 to below 1: what makes a post of the same inputs another one. */
  readonly random: () => number;
}

/** One input of a post. */
interface Errand {
  readonly requestId: Hash;
  readonly id: Hash;
  /** Timestamp of the last block that may hold it. */
  readonly lastMs: TimeMs;
}

/** A post, and what is in it. */
interface Work {
  readonly bytes: Uint8Array;
  readonly hash: Hash;
  readonly errands: ReadonlyMap<string, Errand>;
}

/** Where the inputs of a batch are. */
interface Survey {
  readonly landed: readonly LandedInput[];
  /** Inputs that may land yet. */
  readonly openCount: number;
}

/** Where a batch is. `passed`: its post had its turn, and some of its inputs were dropped or came too early. */
type Place =
  | { readonly kind: 'ended' | 'passed'; readonly receipt: TransactionReceipt }
  | { readonly kind: 'included' | 'waiting' }
  | { readonly kind: 'unknown'; readonly nextBaseFee: Amount };

type Posted = Extract<PostedAnswer, { readonly type: 'posted' }>;

export class SettlementAdapter implements BatcherAdapter<SidechainCommand> {
  readonly inputBytesMax: number;
  readonly openBatchesMax = OPEN_BATCHES_MAX;
  /** Derivation brings inputs to this chain; a receipt tells in which block. */
  readonly isProcessedHere = true;
  readonly #genesis: Genesis;
  readonly #feeCap: Amount;
  readonly #grammar: SidechainGrammar;
  readonly #dependencies: SettlementAdapterDependencies;
  readonly #postBytesMax: number;

  constructor(
    genesis: Genesis,
    { gasLimit, feeCap }: SettlementAdapterOptions,
    dependencies: SettlementAdapterDependencies,
  ) {
    this.#genesis = genesis;
    this.#feeCap = feeCap;
    this.#grammar = new SidechainGrammar(genesis);
    this.#dependencies = dependencies;
    this.#postBytesMax = postBytesMaxOf(gasLimit);
    this.inputBytesMax = Math.max(
      1,
      this.#postBytesMax - POST_OVERHEAD_BYTES - INPUT_OVERHEAD_BYTES - TRANSACTION_OVERHEAD_BYTES,
    );
  }

  /** What the ledger would skip without a trace is refused here: nobody could tell why it never came. */
  validateInput(data: BatcherInput): Verdict<SidechainCommand> {
    const from = data.address.toLowerCase();
    const parsed = this.#grammar.parse(data.input, from);
    if (!parsed.ok || parsed.value.body.type !== 'atomic_batch') return parsed;
    const { body } = parsed.value;
    const { atomic, ledger, chainId } = this.#genesis;
    const { finalizedHeight } = this.#dependencies.port.reader().status();
    const problem =
      findBatchTiming(body.batch, finalizedHeight, atomic) ?? findBatchProblem(body, from, atomic, ledger);
    if (problem !== undefined) return problem;
    const decoded = decodeTransaction(ledgerTransactionOf(data, parsed.value, chainId).bytes);
    const verified = decoded.ok ? verifyInputTransaction(decoded.value, this.#genesis) : decoded;
    return verified.ok ? parsed : verified;
  }

  buildBatchData(inputs: readonly QueuedInput<SidechainCommand>[]): Promise<BatchBuildingResult> {
    const selectedInputs: QueuedInput[] = [];
    const transactions: Uint8Array[] = [];
    let byteCount = POST_OVERHEAD_BYTES;
    for (const input of inputs) {
      const { bytes } = ledgerTransactionOf(input.data, input.command, this.#genesis.chainId);
      byteCount += INPUT_OVERHEAD_BYTES + bytes.length;
      const isFull = selectedInputs.length >= POSTED_TRANSACTIONS_MAX || byteCount > this.#postBytesMax;
      if (isFull && selectedInputs.length > 0) break;
      selectedInputs.push(input);
      transactions.push(bytes);
    }
    const salt = Math.floor(this.#dependencies.random() * 2 ** 32);
    const data = Buffer.from(encodePost(transactions, salt)).toString('base64');
    return Promise.resolve({ selectedInputs, data });
  }

  /**
   * What the post costs in the next settlement block.
   * @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`.
   */
  async estimateBatchFee(data: string): Promise<Amount> {
    const { bytes, hash } = this.#workOf({ data });
    const { nextBaseFee } = await this.#askPosted(hash);
    return nextBaseFee * BigInt(payloadGas(bytes.length));
  }

  /** @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`, `BATCHER_INPUT_REFUSED`. */
  async submitBatch({ batch, note, signal }: Submission): Promise<string> {
    const work = this.#workOf(batch);
    const place = await this.#find(batch, work);
    if (place.kind === 'unknown' && place.nextBaseFee > this.#feeCap) {
      throw unreachable(`the base fee is ${place.nextBaseFee}, above the cap of ${this.#feeCap}`);
    }
    await note(work.hash);
    if (place.kind !== 'unknown') return work.hash;
    if (signal.aborted) throw unreachable('the batcher is stopping', 'BATCHER_STOPPING');
    const problem = findPostProblem(await this.#dependencies.port.chain.post(work.bytes));
    if (problem !== undefined) throw problem;
    return work.hash;
  }

  /**
   * Waits until every input of the post has had its turn in a final block of this chain. A post that the settlement chain has
   * lost is posted again. While the settlement chain does not answer, what this chain knows is waited for.
   * @throws {AdapterError} `BATCHER_RECEIPT_TIMEOUT`; `BATCHER_TARGET_UNREACHABLE`: none of its inputs was executed in its turn.
   */
  async waitForTransactionReceipt(
    batch: OpenBatch,
    _transactionHash: string,
    { timeoutMs, signal, onIncluded }: WaitOptions,
  ): Promise<TransactionReceipt> {
    const { port, wait } = this.#dependencies;
    const work = this.#workOf(batch);
    const over = new AbortController();
    let isOver = false;
    let wake = new AbortController();
    const unsubscribe = port.onFinalized(() => wake.abort());
    void wait(timeoutMs, AbortSignal.any([signal, over.signal])).then(() => {
      isOver = true;
      wake.abort();
    });
    try {
      for (;;) {
        wake = new AbortController();
        const place = await this.#find(batch, work).catch(unlessUnreachable);
        if (place?.kind === 'ended') return place.receipt;
        if (place?.kind === 'passed') return receiptOfPassed(place.receipt);
        if (place?.kind === 'included') onIncluded?.(work.hash);
        if (isOver) throw timedOut(timeoutMs);
        if (place?.kind === 'unknown' && place.nextBaseFee <= this.#feeCap) await port.chain.post(work.bytes);
        if (!isOver) await wait(POLL_MS, wake.signal);
      }
    } finally {
      unsubscribe();
      over.abort();
    }
  }

  /** By the marks of its inputs in the final state, and by its hash on the settlement chain. */
  async findLandedTransaction(batch: OpenBatch): Promise<Standing> {
    const place = await this.#find(batch, this.#workOf(batch));
    switch (place.kind) {
      case 'ended':
        return { state: 'landed', receipt: place.receipt };
      case 'passed': {
        const { receipt } = place;
        return receipt.landed.length === 0 ? { state: 'lost' } : { state: 'landed', receipt };
      }
      case 'unknown':
        return { state: 'absent' };
      default:
        return { state: 'waiting' };
    }
  }

  /** @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`, unless this chain alone can tell. */
  async #find(batch: OpenBatch, work: Work): Promise<Place> {
    const posted = await this.#askPosted(work.hash).catch((cause: unknown) => {
      if (!(cause instanceof AdapterError) || this.#survey(batch, work).openCount > 0) throw cause;
      return undefined;
    });
    const settlementHeight = posted?.settlementHeight;
    const survey = this.#survey(batch, work);
    const receipt = receiptOf(work, survey, settlementHeight);
    if (survey.openCount === 0) return { kind: 'ended', receipt };
    if (posted?.standing === 'unknown') return { kind: 'unknown', nextBaseFee: posted.nextBaseFee };
    if (settlementHeight === undefined) return { kind: 'waiting' };
    return this.#hadItsTurn(work, settlementHeight) ? { kind: 'passed', receipt } : { kind: 'included' };
  }

  /** Whether a final header names the post's settlement block, and none of its inputs waits for a later block. */
  #hadItsTurn({ hash }: Work, settlementHeight: number): boolean {
    const reader = this.#dependencies.port.reader();
    const newest = reader.block(reader.status().finalizedHeight);
    if (newest === undefined || newest.block.header.origin.height < settlementHeight) return false;
    return !isPostQueued(reader.finalizedState(), hash);
  }

  #survey(batch: OpenBatch, { hash, errands }: Work): Survey {
    const landed: LandedInput[] = [];
    let openCount = 0;
    for (const { requestId } of batch.inputs) {
      const errand = errands.get(requestId);
      if (errand === undefined) assert(false, `the post holds no transaction of input ${requestId}`);
      const outcome = this.#outcomeOf(errand, hash);
      if (outcome === undefined) openCount += 1;
      else landed.push(outcome);
    }
    return { landed, openCount };
  }

  /** The final state tells, whatever way the input came. @returns Undefined while it may land yet. */
  #outcomeOf({ requestId, id, lastMs }: Errand, transactionHash: Hash): LandedInput | undefined {
    const reader = this.#dependencies.port.reader();
    const landedAs = ({
      result,
      height,
    }: {
      readonly result: string;
      readonly height: number;
    }): LandedInput =>
      result === 'ok'
        ? { requestId, transactionHash, ok: true, sidechainHeight: height }
        : { requestId, transactionHash, ok: false, code: result };
    const mark = reader.inputOutcome(requestId);
    if (mark !== undefined) return landedAs(mark);
    if (lastMs > reader.finalizedTimestampMs()) return undefined;
    // Marks are let go of some time after the last block that may hold the input.
    const standing = reader.transaction(id);
    return landedAs(standing?.status === 'ended' ? standing.outcome : { result: 'INPUT_EXPIRED', height: 0 });
  }

  async #askPosted(hash: Hash): Promise<Posted> {
    const answer = await this.#dependencies.port.chain.askPosted(hash);
    if (answer.type !== 'posted') throw unreachable(`the settlement chain does not answer: ${answer.type}`);
    return answer;
  }

  #workOf({ data }: Pick<OpenBatch, 'data'>): Work {
    const bytes = new Uint8Array(Buffer.from(data, 'base64'));
    const decoded = decodePost(bytes);
    if (!decoded.ok) assert(false, `a stored batch is no post: ${decoded.message}`);
    const errands = new Map(
      decoded.value.map((transaction) => {
        const errand = this.#errandOf(transaction);
        return [errand.requestId as string, errand];
      }),
    );
    return { bytes, hash: postedInputHash(bytes), errands };
  }

  #errandOf(bytes: Uint8Array): Errand {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) assert(false, `a stored batch holds no transaction: ${decoded.message}`);
    const { id, transaction } = decoded.value;
    const terms = inputTermsOf(transaction, this.#genesis);
    assert(terms !== undefined, `transaction ${id} of a stored batch is no input`);
    return { requestId: terms.requestId, lastMs: terms.lastMs, id };
  }
}

/** What no block of the settlement chain has room for is no post. */
function postBytesMaxOf(gasLimit: number): number {
  const gasPerByte = payloadGas(1) - payloadGas(0);
  return Math.min(POSTED_INPUT_BYTES_MAX, Math.floor((gasLimit - payloadGas(0)) / gasPerByte));
}

function unlessUnreachable(cause: unknown): undefined {
  if (!(cause instanceof AdapterError)) throw cause;
}

function receiptOf({ hash }: Work, { landed }: Survey, settlementHeight = 0): TransactionReceipt {
  return { transactionHash: hash, blockNumber: settlementHeight, landed };
}

/**
 * What had its turn and was not executed goes into another post: the queue was full, or its time had not come.
 * @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`: that is all of it, and it is better tried a little later.
 */
function receiptOfPassed(receipt: TransactionReceipt): TransactionReceipt {
  if (receipt.landed.length > 0) return receipt;
  throw unreachable('the post had its turn and none of its inputs was executed', 'POSTED_INPUT_QUEUE_FULL');
}

function findPostProblem(answer: PostAnswer): AdapterError | undefined {
  if (answer.type === 'accepted') return undefined;
  if (answer.type !== 'refused') return unreachable(`the settlement chain does not answer: ${answer.type}`);
  const { code } = answer;
  if (!refusals.includes(code)) return unreachable(`the settlement chain takes no post now: ${code}`, code);
  return new AdapterError('BATCHER_INPUT_REFUSED', `the settlement chain takes no such post: ${code}`, {
    blame: 'input',
    details: { code },
  });
}

function unreachable(message: string, code?: string): AdapterError {
  const details = code === undefined ? {} : { details: { code } };
  return new AdapterError('BATCHER_TARGET_UNREACHABLE', message, { blame: 'infrastructure', ...details });
}

function timedOut(timeoutMs: number): AdapterError {
  const message = `not every input of the post had its turn within ${timeoutMs} ms`;
  return new AdapterError('BATCHER_RECEIPT_TIMEOUT', message, { blame: 'infrastructure' });
}
