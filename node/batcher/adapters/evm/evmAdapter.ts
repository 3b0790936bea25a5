/**
 * The target `evm`: inputs are posted as calldata to an EVM chain, where anybody can read them with their signatures.
 *
 * Nothing of this sidechain reads that chain, so nobody can wait for an input to be processed. A batch has one nonce for good:
 * sending it again is always safe, and it is given up only when its nonce is used by something else.
 */
import type { Verdict } from '../../../../consensus/primitives/codedError.ts';
import type { Amount } from '../../../../consensus/primitives/flavor.ts';
import { pause } from '../../../backOff.ts';
import { type PlainCommand, parsePlainInput } from '../../input/plainInput.ts';
import type { BatcherInput } from '../../input/types.ts';
import {
  AdapterError,
  type BatchBuildingResult,
  type BatcherAdapter,
  type OpenBatch,
  type QueuedInput,
  type Standing,
  type Submission,
  type TransactionReceipt,
  type WaitOptions,
} from '../adapter.ts';
import { buildBatch } from './batchBuilder.ts';
import { type BatchFate, findFate, hasReceipt } from './batchFate.ts';
import { BatchSender } from './batchSender.ts';
import { checkEvmOptions, type EvmAdapterOptions, type EvmTargetSettings } from './evmAdapterOptions.ts';
import type { EvmNode } from './evmNode.ts';
import { EvmNodes } from './evmNodes.ts';
import { inboxHeadBytes, POSTED_OVERHEAD_BYTES_MAX } from './inboxCalldata.ts';
import { findLandedElsewhere } from './overtaker.ts';
import { type PreparedBatch, readPreparedBatch, writePreparedBatch } from './preparedBatch.ts';
import { type EvmSigner, openSigner } from './viemSigner.ts';

export interface EvmAdapterDependencies {
  /** Of a clock that only goes forward, in ms. */
  readonly nowMs: () => number;
  readonly wait: (waitMs: number, signal: AbortSignal) => Promise<void>;
}

const realTime: EvmAdapterDependencies = { nowMs: () => performance.now(), wait: pause };

/** @throws {CodedError} `BATCHER_OPTION_INVALID`, `EVM_DRIVER_MISSING`, `EVM_KEY_UNREADABLE`. */
export async function openEvmAdapter(
  options: EvmAdapterOptions,
  dependencies: EvmAdapterDependencies = realTime,
): Promise<EvmAdapter> {
  const settings = checkEvmOptions(options);
  return new EvmAdapter(settings, await openSigner(settings.secretKeyFile), dependencies);
}

export class EvmAdapter implements BatcherAdapter<PlainCommand> {
  readonly inputBytesMax: number;
  /** One nonce after the other: with two under way one that is stuck would hold up the other. */
  readonly openBatchesMax = 1;
  readonly isProcessedHere = false;
  readonly #settings: EvmTargetSettings;
  readonly #signer: EvmSigner;
  readonly #sender: BatchSender;
  readonly #nodes: EvmNodes;
  readonly #dependencies: EvmAdapterDependencies;
  readonly #stopping = new AbortController();
  /** The transaction that was last seen in a pool, and since when. */
  #pooled: { readonly transactionHash: string; readonly sinceMs: number } | undefined;

  constructor(settings: EvmTargetSettings, signer: EvmSigner, dependencies: EvmAdapterDependencies) {
    const { urls, chainId, requestTimeoutMs, namespace, batchBytesMax } = settings;
    this.inputBytesMax = batchBytesMax - inboxHeadBytes(namespace) - POSTED_OVERHEAD_BYTES_MAX;
    this.#settings = settings;
    this.#signer = signer;
    this.#sender = new BatchSender(signer, settings);
    this.#nodes = new EvmNodes(urls, { chainId, requestTimeoutMs, signal: this.#stopping.signal });
    this.#dependencies = dependencies;
  }

  /** Of the account that pays: what an operator funds. */
  get account(): string {
    return this.#signer.address;
  }

  /** @throws {CodedError} `EVM_CHAIN_MISMATCH`. @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`: no node answers. */
  start(): Promise<void> {
    return this.#nodes.start();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
  }

  validateInput(input: BatcherInput): Verdict<PlainCommand> {
    return parsePlainInput(input.input);
  }

  buildBatchData(inputs: readonly QueuedInput[]): Promise<BatchBuildingResult> {
    const { chainId, inboxAddress } = this.#settings;
    const account = this.#signer.address;
    const to = inboxAddress.toLowerCase();
    return this.#nodes.use(async (node) => {
      // Behind whatever else of this account waits, since that may land too.
      const nonce = await node.transactionCount(account, 'pending');
      const { count, calldata, gas, refusal } = await buildBatch(
        node,
        { from: account, to },
        inputs,
        this.#settings,
      );
      const data = writePreparedBatch({ chainId, account, nonce, to, calldata, gas, refusal });
      return { selectedInputs: inputs.slice(0, count), data };
    });
  }

  /** @throws {AdapterError} `BATCHER_BATCH_REVERTED`: its chain would undo it, which was seen when it was built. */
  async estimateBatchFee(data: string): Promise<Amount> {
    const gas = gasOf(readPreparedBatch(data));
    return this.#nodes.use(async (node) => BigInt(gas) * (await this.#sender.quote(node)).feePerGas);
  }

  async submitBatch({ batch, note, signal }: Submission): Promise<string> {
    const prepared = readPreparedBatch(batch.data);
    gasOf(prepared);
    if (!this.#isOwn(prepared)) throw foreign(prepared);
    const hashes = [...batch.transactionHashes];
    const noteAndKeep = async (transactionHash: string): Promise<void> => {
      await note(transactionHash);
      hashes.push(transactionHash);
    };
    const sending = { hashes, earlier: hashes.length, note: noteAndKeep, signal };
    const transactionHash = await this.#nodes.use((node) => this.#sender.submit(node, prepared, sending));
    this.#pooled = { transactionHash, sinceMs: this.#dependencies.nowMs() };
    return transactionHash;
  }

  /**
   * Whichever of the batch's transactions lands counts.
   * @throws {AdapterError} `BATCHER_BATCH_REVERTED`; `BATCHER_RECEIPT_TIMEOUT`, at once where only another submission helps;
   *   `BATCHER_TARGET_UNREACHABLE`: no node answered at the end.
   */
  async waitForTransactionReceipt(
    batch: OpenBatch,
    transactionHash: string,
    { timeoutMs, signal }: WaitOptions,
  ): Promise<TransactionReceipt> {
    const { nowMs, wait } = this.#dependencies;
    const endMs = nowMs() + timeoutMs;
    const hashes = batch.transactionHashes.includes(transactionHash)
      ? batch.transactionHashes
      : [...batch.transactionHashes, transactionHash];
    for (;;) {
      const standing = await this.#look({ ...batch, transactionHashes: hashes }).catch((cause: unknown) => {
        if (nowMs() >= endMs || signal.aborted) throw cause;
      });
      if (standing?.state === 'landed') return standing.receipt;
      if (standing?.state === 'reverted') throw reverted(standing.transactionHash);
      if (standing?.state === 'lost')
        throw unseen(transactionHash, 'its nonce is used by another transaction');
      if (standing?.state === 'absent')
        throw unseen(transactionHash, 'it has to be sent again, or with higher fees');
      if (nowMs() >= endMs || signal.aborted) throw unseen(transactionHash, 'it is waited for no longer');
      await wait(this.#settings.pollIntervalMs, signal);
    }
  }

  findLandedTransaction(batch: OpenBatch): Promise<Standing> {
    return this.#look(batch);
  }

  async #look(batch: OpenBatch): Promise<Standing> {
    const prepared = readPreparedBatch(batch.data);
    if (!this.#isOwn(prepared)) {
      // Nothing of it left this process before another account or chain was set.
      if (batch.transactionHashes.length === 0) return { state: 'lost' };
      if (prepared.chainId !== this.#settings.chainId) throw foreign(prepared);
    }
    const { fate, standing } = await this.#nodes.use(async (node) => {
      const fate = await findFate(node, prepared, batch, this.#settings.confirmations);
      return { fate, standing: await this.#judge(node, prepared, batch, fate) };
    });
    if (fate.state !== 'pooled') this.#pooled = undefined;
    if (standing.state === 'absent' && !this.#isOwn(prepared)) throw foreign(prepared);
    if (standing.state !== 'lost') return standing;
    // Inputs of a lost batch are sent again: every node must agree that none of its transactions landed.
    const landed = await this.#nodes.some((node) => hasReceipt(node, batch.transactionHashes));
    return landed ? { state: 'waiting' } : standing;
  }

  async #judge(node: EvmNode, prepared: PreparedBatch, batch: OpenBatch, fate: BatchFate): Promise<Standing> {
    switch (fate.state) {
      case 'executed': {
        const { transactionHash, blockNumber } = fate;
        if (!fate.isSuccess) return { state: 'reverted', transactionHash };
        const landed = batch.inputs.map(
          ({ requestId }) => ({ requestId, transactionHash, ok: true }) as const,
        );
        return { state: 'landed', receipt: { transactionHash, blockNumber, landed } };
      }
      case 'included':
        return { state: 'waiting' };
      case 'overtaken': {
        const receipt = await findLandedElsewhere(node, prepared, batch, fate.deepest);
        return receipt === undefined ? { state: 'lost' } : { state: 'landed', receipt };
      }
      case 'pooled': {
        const isStuck =
          this.#isOverdue(fate.transactionHash) &&
          ((await this.#sender.canRaise(node, fate.transaction)) ||
            (await this.#sender.hasHole(node, prepared)));
        return { state: isStuck ? 'absent' : 'waiting' };
      }
      case 'nowhere': {
        const last = batch.transactionHashes.at(-1);
        if (last === undefined || (await this.#sender.hasHole(node, prepared))) return { state: 'absent' };
        return { state: (await this.#sender.sendAgain(node, last)) ? 'waiting' : 'absent' };
      }
    }
  }

  #isOverdue(transactionHash: string): boolean {
    const nowMs = this.#dependencies.nowMs();
    if (this.#pooled?.transactionHash !== transactionHash) this.#pooled = { transactionHash, sinceMs: nowMs };
    return nowMs - this.#pooled.sinceMs >= this.#settings.bumpAfterMs;
  }

  #isOwn({ account, chainId }: PreparedBatch): boolean {
    return account === this.#signer.address && chainId === this.#settings.chainId;
  }
}

/** @throws {AdapterError} `BATCHER_BATCH_REVERTED`. */
function gasOf({ gas, refusal }: PreparedBatch): number {
  if (gas !== undefined) return gas;
  const message = `the chain would undo the batch, which was not sent: ${refusal}`;
  throw new AdapterError('BATCHER_BATCH_REVERTED', message, { blame: 'input' });
}

function reverted(transactionHash: string): AdapterError {
  const message = `the chain undid ${transactionHash}`;
  return new AdapterError('BATCHER_BATCH_REVERTED', message, {
    blame: 'input',
    details: { transactionHash },
  });
}

function unseen(transactionHash: string, reason: string): AdapterError {
  const message = `${transactionHash} is in no block that counts: ${reason}`;
  return new AdapterError('BATCHER_RECEIPT_TIMEOUT', message, {
    blame: 'infrastructure',
    details: { transactionHash },
  });
}

function foreign({ account, chainId }: PreparedBatch): AdapterError {
  const message = `a batch under way was sent by ${account} on chain ${chainId}: set these again until it has landed`;
  return new AdapterError('BATCHER_TARGET_UNREACHABLE', message, { blame: 'infrastructure' });
}
