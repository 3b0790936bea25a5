/**
 * What a target is to the pipeline: its grammar, how inputs become a batch, and how a batch gets onto its chain. Methods are
 * called as in the seed document (the batching pipeline); an adapter is any object that has them.
 *
 * The pipeline owns durability, retries and callers. An adapter owns its chain: keys, nonces, fees, what counts as landed.
 */
import type { Verdict } from '../../../consensus/primitives/codedError.ts';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { Address, Amount } from '../../../consensus/primitives/flavor.ts';
import type { BatcherInput } from '../input/types.ts';

/** An input that waits, with what the grammar makes of it. */
export interface QueuedInput<Command = unknown> {
  readonly requestId: string;
  /** Lower case. */
  readonly account: Address;
  readonly data: BatcherInput;
  /** Undefined for an input of an open batch that a grammar changed since then no longer takes: its data are what counts. */
  readonly command: Command;
}

export interface BatchBuildingResult {
  /** Of the inputs that were offered, those in the batch, in their order; never none. */
  readonly selectedInputs: readonly QueuedInput[];
  /** What is submitted, in the adapter's own encoding: it is stored, and handed back after a restart. */
  readonly data: string;
}

/** A batch that is open: stored, and perhaps on its way. */
export interface OpenBatch {
  readonly batchId: string;
  readonly data: string;
  /** In the order of the batch; those without a verdict. */
  readonly inputs: readonly QueuedInput[];
  /** Every transaction that was noted for it, the newest last. */
  readonly transactionHashes: readonly string[];
}

export interface Submission {
  readonly batch: OpenBatch;
  /** As `estimateBatchFee` gave it. */
  readonly fee: Amount;
  /** Resolves when the hash is on disk. Called, and awaited, before the bytes of the transaction leave this process. */
  readonly note: (transactionHash: string) => Promise<void>;
  /** Aborted when the pipeline stops: what is under way may end, nothing new begins. */
  readonly signal: AbortSignal;
}

/** What became of one input on the chain. */
export type LandedInput = { readonly requestId: string; readonly transactionHash: string } & (
  | { readonly ok: true; readonly sidechainHeight?: number | undefined }
  /** It landed and was refused for good, such as by the ledger for want of funds. */
  | { readonly ok: false; readonly code: string }
);

/** A batch that landed: every input of it has a verdict, or is given back to wait for another batch. */
export interface TransactionReceipt {
  readonly transactionHash: string;
  /** Height of the target's chain. */
  readonly blockNumber: number;
  readonly landed: readonly LandedInput[];
}

/** What is known of a receipt also after a restart, when somebody asks what became of one of its inputs. */
export type Landing = Pick<TransactionReceipt, 'transactionHash' | 'landed'>;

export interface WaitOptions {
  /** Throws `BATCHER_RECEIPT_TIMEOUT` beyond it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /**
   * Tells that a block of the target's chain holds the transaction, before what became of its inputs is known: callers that
   * wait for a receipt need wait no longer. May be called again, for those who came since.
   */
  readonly onIncluded?: (transactionHash: string) => void;
}

/** What an adapter says of a batch that may have landed without anybody having seen it. */
export type Standing =
  | { readonly state: 'landed'; readonly receipt: TransactionReceipt }
  /** It may still land: it is waited for, and not sent as another transaction. */
  | { readonly state: 'waiting' }
  /** It is nowhere: the same batch is submitted again, which must be safe if this was wrong. */
  | { readonly state: 'absent' }
  /** It landed and was undone for good: its inputs are charged as for `BATCHER_BATCH_REVERTED`, and wait for other batches. */
  | { readonly state: 'reverted'; readonly transactionHash: string }
  /** It can never land any more: its inputs wait for another batch, uncharged. */
  | { readonly state: 'lost' };

export interface BatcherAdapter<Command = unknown> {
  /** Most bytes of one input that the largest batch has room for. */
  readonly inputBytesMax: number;
  /** Most batches under way at once; 1 where their order matters. */
  readonly openBatchesMax: number;
  /** Left out: the signature by address type (inputSignature.ts). */
  verifySignature?(input: BatcherInput, signedText: string): boolean;
  /** Grammar and whatever else can be judged before the queue; a refusal is told to the user as it is. */
  validateInput(input: BatcherInput): Verdict<Command>;
  /** Trims by the bytes of its chain. @param inputs - As many as the criteria allow, the oldest first; at least one. */
  buildBatchData(inputs: readonly QueuedInput<Command>[]): Promise<BatchBuildingResult>;
  /** In the smallest unit of what its chain is paid in. */
  estimateBatchFee(data: string): Promise<Amount>;
  /** @returns The hash that was noted last. */
  submitBatch(submission: Submission): Promise<string>;
  waitForTransactionReceipt(
    batch: OpenBatch,
    transactionHash: string,
    options: WaitOptions,
  ): Promise<TransactionReceipt>;
  /** Asked before a batch is charged or resent, and after a restart. Left out: `absent`. */
  findLandedTransaction?(batch: OpenBatch): Promise<Standing>;
  /**
   * Sidechain heights that processed the inputs of a receipt, by request id. Left out: a receipt tells it, or nothing of this
   * chain processes them and callers may not wait for it.
   */
  waitForProcessing?(landing: Landing, options: WaitOptions): Promise<ReadonlyMap<string, number>>;
  /** Whether `wait-effectstream-processed` means anything here. */
  readonly isProcessedHere: boolean;
  /** Resolves once the adapter can serve; the port opens after it. */
  start?(): Promise<void>;
  stop?(): Promise<void>;
}

/** Codes of adapters and their meaning (docs/errors.md). */
export const adapterCodes = {
  BATCHER_BATCH_REVERTED: 'the chain of the target executed the batch and undid it',
  BATCHER_INPUT_REFUSED: 'the chain of the target will not take the input as it is',
  BATCHER_RECEIPT_TIMEOUT: 'the batch was submitted and not seen in a block in time; it may still land',
  BATCHER_TARGET_UNREACHABLE: 'the chain of the target cannot be reached, or cannot take anything now',
} as const;

export type AdapterCode = keyof typeof adapterCodes;

/**
 * How an adapter fails. `input`: the batch as it is will never land; `requestIds` names those it is about, where that is
 * known. `infrastructure`: it may work later, and no input is to blame. Anything else an adapter throws counts as that.
 */
export class AdapterError extends CodedError {
  readonly blame: 'input' | 'infrastructure';
  readonly requestIds: readonly string[];

  constructor(
    code: AdapterCode,
    message: string,
    options: {
      readonly blame: 'input' | 'infrastructure';
      readonly requestIds?: readonly string[];
      readonly details?: Readonly<Record<string, unknown>>;
      readonly cause?: unknown;
    },
  ) {
    super(code, message, options.details, { cause: options.cause });
    this.blame = options.blame;
    this.requestIds = options.requestIds ?? [];
  }
}
