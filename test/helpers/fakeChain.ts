/**
 * A chain that batches land on, and an adapter for it that does, call by call, what a test says. The chain is honest: it tells truly
 * what landed, and executes whatever it is sent, also what it has executed before.
 */
import { createHash } from 'node:crypto';
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import {
  AdapterError,
  type BatchBuildingResult,
  type BatcherAdapter,
  type LandedInput,
  type Landing,
  type OpenBatch,
  type QueuedInput,
  type Standing,
  type Submission,
  type TransactionReceipt,
  type WaitOptions,
} from '../../node/batcher/adapters/adapter.ts';
import { type PlainCommand, parsePlainInput } from '../../node/batcher/input/plainInput.ts';
import type { BatcherInput } from '../../node/batcher/input/types.ts';

export class FakeChain {
  height = 0;
  /** Inputs that no batch may hold, or it is undone. */
  readonly poisoned = new Set<string>();
  /** Inputs that land and are refused, and why. */
  readonly refused = new Map<string, string>();
  /** What was executed, each time. */
  readonly executed: string[] = [];
  /** Transactions that were sent after they had landed. */
  readonly resent: string[] = [];
  readonly #pending = new Map<string, readonly string[]>();
  readonly #receipts = new Map<string, TransactionReceipt>();
  readonly #reverted = new Set<string>();

  /** Takes a transaction; the same one again, while it is known, is the same. */
  send(hash: string, requestIds: readonly string[]): void {
    if (this.#receipts.has(hash) || this.#reverted.has(hash)) {
      this.resent.push(hash);
      return;
    }
    this.#pending.set(hash, requestIds);
  }

  /** A block with everything that waits. */
  mine(): void {
    this.height += 1;
    for (const [hash, requestIds] of this.#pending) this.#execute(hash, requestIds);
    this.#pending.clear();
  }

  receipt(hash: string): TransactionReceipt | undefined {
    return this.#receipts.get(hash);
  }

  isPending(hash: string): boolean {
    return this.#pending.has(hash);
  }

  isReverted(hash: string): boolean {
    return this.#reverted.has(hash);
  }

  /** How often an input was executed. */
  count(requestId: string): number {
    return this.executed.filter((id) => id === requestId).length;
  }

  #execute(hash: string, requestIds: readonly string[]): void {
    if (requestIds.some((id) => this.poisoned.has(id))) {
      this.#reverted.add(hash);
      return;
    }
    const landed = requestIds.map((requestId): LandedInput => {
      const code = this.refused.get(requestId);
      if (code !== undefined) return { requestId, transactionHash: hash, ok: false, code };
      this.executed.push(requestId);
      return { requestId, transactionHash: hash, ok: true };
    });
    this.#receipts.set(hash, { transactionHash: hash, blockNumber: this.height, landed });
  }
}

export type AdapterStep = 'build' | 'estimate' | 'submit' | 'wait' | 'find' | 'process';

/**
 * What goes wrong with one call. `unreachable` and `silent`: before anything is done; `lost_answer` and `silent_after`: when all is
 * done; `noted`: of a submission, between the note and the bytes; `timeout`: of a wait, it has not landed in time.
 */
export type AdapterFault =
  | 'unreachable'
  | 'silent'
  | 'lost_answer'
  | 'silent_after'
  | 'noted'
  | 'timeout'
  | 'throws';

export interface FakeAdapterOptions {
  readonly openBatchesMax?: number;
  readonly batchBytesMax?: number;
  readonly isProcessedHere?: boolean;
  /** Names the poisoned inputs of a batch it refuses. */
  readonly isNaming?: boolean;
  /** Where poison shows. */
  readonly poisonAt?: 'estimate' | 'submit' | 'wait';
  /** Blocks come by themselves as soon as somebody waits for one. */
  readonly isMining?: boolean;
  /** Asked at each call. */
  readonly fault?: (step: AdapterStep) => AdapterFault | undefined;
}

export class FakeAdapter implements BatcherAdapter<PlainCommand> {
  readonly inputBytesMax = 1000;
  readonly openBatchesMax: number;
  readonly isProcessedHere: boolean;
  /** Every call, in order. */
  readonly calls: AdapterStep[] = [];
  /** Batches as they were submitted. */
  readonly submitted: { readonly batchId: string; readonly requestIds: readonly string[] }[] = [];
  /** Heights at which this chain processed the inputs of a transaction; asked for until it is there. */
  readonly processedAt = new Map<string, number>();
  isStarted = false;
  isStopped = false;
  fault: (step: AdapterStep) => AdapterFault | undefined;
  readonly chain: FakeChain;
  readonly #options: FakeAdapterOptions;

  constructor(chain: FakeChain, options: FakeAdapterOptions = {}) {
    this.chain = chain;
    this.#options = options;
    this.openBatchesMax = options.openBatchesMax ?? 1;
    this.isProcessedHere = options.isProcessedHere ?? false;
    this.fault = options.fault ?? (() => undefined);
  }

  async start(): Promise<void> {
    this.isStarted = true;
  }

  async stop(): Promise<void> {
    this.isStopped = true;
  }

  verifySignature({ signature }: BatcherInput): boolean {
    return signature !== '0xbad';
  }

  validateInput({ input }: BatcherInput): Verdict<PlainCommand> {
    if (input === 'never') return refuse('INPUT_COMMAND_UNKNOWN', 'never');
    return accept(
      parsePlainInput(input).ok ? { type: 'parts', parts: input.split('|') } : { type: 'json', value: 0 },
    );
  }

  buildBatchData(inputs: readonly QueuedInput<PlainCommand>[]): Promise<BatchBuildingResult> {
    return this.#step('build', async () => {
      let bytes = 0;
      const end = inputs.findIndex(({ data }, index) => {
        bytes += data.input.length;
        return index > 0 && bytes > (this.#options.batchBytesMax ?? Number.POSITIVE_INFINITY);
      });
      const selectedInputs = end === -1 ? inputs : inputs.slice(0, end);
      return { selectedInputs, data: JSON.stringify(selectedInputs.map(({ requestId }) => requestId)) };
    });
  }

  estimateBatchFee(data: string): Promise<bigint> {
    return this.#step('estimate', async () => {
      if (this.#options.poisonAt === 'estimate') this.#refusePoison(idsOf(data));
      return BigInt(data.length);
    });
  }

  async submitBatch({ batch, note }: Submission): Promise<string> {
    const requestIds = idsOf(batch.data);
    const hash = `0x${createHash('sha256').update(batch.batchId).digest('hex')}`;
    return this.#step('submit', async (fault) => {
      if (this.#options.poisonAt === 'submit') this.#refusePoison(requestIds);
      await note(hash);
      if (fault === 'noted') throw unreachable();
      this.submitted.push({ batchId: batch.batchId, requestIds });
      this.chain.send(hash, requestIds);
      return hash;
    });
  }

  waitForTransactionReceipt(
    batch: OpenBatch,
    hash: string,
    { signal }: WaitOptions,
  ): Promise<TransactionReceipt> {
    return this.#step('wait', async (fault) => {
      if (fault === 'timeout') throw timedOut();
      if (this.#options.isMining ?? true) this.chain.mine();
      if (this.chain.isReverted(hash)) this.#refusePoison(idsOf(batch.data));
      const receipt = this.chain.receipt(hash);
      if (receipt === undefined && !signal.aborted) throw timedOut();
      return receipt as TransactionReceipt;
    });
  }

  findLandedTransaction({ transactionHashes }: OpenBatch): Promise<Standing> {
    return this.#step('find', async () => {
      for (const hash of transactionHashes) {
        const receipt = this.chain.receipt(hash);
        if (receipt !== undefined) return { state: 'landed', receipt };
        if (this.chain.isPending(hash)) return { state: 'waiting' };
        if (this.chain.isReverted(hash)) return { state: 'lost' };
      }
      return { state: 'absent' };
    });
  }

  waitForProcessing({ landed }: Landing): Promise<ReadonlyMap<string, number>> {
    return this.#step('process', async () => {
      const heights = landed.map(({ requestId, transactionHash }) => {
        const height = this.processedAt.get(transactionHash);
        if (height === undefined) throw timedOut();
        return [requestId, height] as const;
      });
      return new Map(heights);
    });
  }

  #refusePoison(requestIds: readonly string[]): void {
    const poisoned = requestIds.filter((id) => this.chain.poisoned.has(id));
    if (poisoned.length === 0) return;
    throw new AdapterError('BATCHER_BATCH_REVERTED', 'the chain undid it', {
      blame: 'input',
      requestIds: this.#options.isNaming === true ? poisoned : [],
    });
  }

  async #step<Value>(
    step: AdapterStep,
    work: (fault: AdapterFault | undefined) => Promise<Value>,
  ): Promise<Value> {
    this.calls.push(step);
    const fault = this.fault(step);
    if (fault === 'unreachable') throw unreachable();
    if (fault === 'throws') throw new TypeError('a custom adapter fails');
    if (fault === 'silent') return never();
    const value = await work(fault);
    if (fault === 'lost_answer') throw unreachable();
    return fault === 'silent_after' ? never() : value;
  }
}

function idsOf(data: string): readonly string[] {
  return JSON.parse(data) as readonly string[];
}

function never<Value>(): Promise<Value> {
  return new Promise(() => undefined);
}

function unreachable(): AdapterError {
  return new AdapterError('BATCHER_TARGET_UNREACHABLE', 'no answer', { blame: 'infrastructure' });
}

function timedOut(): AdapterError {
  return new AdapterError('BATCHER_RECEIPT_TIMEOUT', 'not in a block', { blame: 'infrastructure' });
}
