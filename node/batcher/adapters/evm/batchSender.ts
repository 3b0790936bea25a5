/**
 * Gets a transaction of a prepared batch into a pool: signs it, has its hash noted, sends it, and pays more where a pool asks
 * for it. What was sent is remembered, so that the same bytes can be sent again; after a restart it is signed anew.
 */
import { assert } from '../../../../consensus/primitives/codedError.ts';
import { AdapterError } from '../adapter.ts';
import type { EvmTargetSettings } from './evmAdapterOptions.ts';
import { type EvmFees, quoteFees, raiseFees } from './evmFees.ts';
import { type EvmNode, NodeRefusal } from './evmNode.ts';
import type { PreparedBatch } from './preparedBatch.ts';
import { readSendRefusal, type SendRefusal } from './sendRefusal.ts';
import type { EvmSigner, SignedTransaction } from './viemSigner.ts';

/** Of transactions that were sent; a batch has a handful, and one is under way. */
const REMEMBERED_MAX = 64;
/** An eighth each: enough to come from any fee to a hundred times as much. */
const RAISES_MAX = 40;
/** Nonces before a batch's that may be filled; a hole is one or two wide. */
const HOLE_MAX = 16;
/** EIP-2028: of a transaction that does nothing. */
const EMPTY_GAS = 21_000n;

export interface Sending {
  /** Those that were noted, the newest last; it grows when more are. */
  readonly hashes: readonly string[];
  /** How many of them an earlier submission noted: its transactions are outbid, those of this one are not. */
  readonly earlier: number;
  /** Resolves when it is on disk. */
  readonly note: (transactionHash: string) => Promise<void>;
  readonly signal: AbortSignal;
}

export class BatchSender {
  readonly #signer: EvmSigner;
  readonly #settings: EvmTargetSettings;
  /** By hash, the oldest first. */
  readonly #sent = new Map<string, SignedTransaction>();

  constructor(signer: EvmSigner, settings: EvmTargetSettings) {
    this.#signer = signer;
    this.#settings = settings;
  }

  /**
   * Called for a batch that was never sent, that pools lost, or that waits in one for too long: then it pays more.
   * @returns Hash of the transaction that is in the pool now.
   * @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`.
   */
  async submit(
    node: EvmNode,
    prepared: PreparedBatch,
    { hashes, earlier, note, signal }: Sending,
  ): Promise<string> {
    const known = await this.#findKnown(node, hashes);
    if (known?.isInBlock === true) return known.transactionHash;
    // A node before this one took it, and did not say so.
    if (known?.isPooled === true && hashes.indexOf(known.transactionHash) >= earlier)
      return known.transactionHash;
    await this.#closeHole(node, prepared);
    let next = await this.#next(node, prepared, known);
    if (next === undefined) return (known as KnownTransaction).transactionHash;
    for (let raises = 0; raises <= RAISES_MAX; raises += 1) {
      if (signal.aborted) throw unable('the batcher stops');
      if (!hashes.includes(next.hash)) await note(next.hash);
      this.#remember(next);
      const refusal = await send(node, next);
      if (refusal === undefined || refusal.meaning === 'known') return next.hash;
      const fees = raiseFees(next, next, this.#settings.feePerGasMax);
      if (refusal.meaning !== 'underpriced' || fees === undefined) throw unable(refusal.message);
      next = await this.#signer.sign({ ...next, ...fees });
    }
    throw unable(`pools ask for more after ${RAISES_MAX} raises`);
  }

  /**
   * Sends the same bytes again, such as when a block that held them is gone.
   * @returns Whether they are in the pool now: false where this process never sent them, or the node does not take them any more.
   */
  async sendAgain(node: EvmNode, transactionHash: string): Promise<boolean> {
    const sent = this.#sent.get(transactionHash);
    if (sent === undefined) return false;
    const refusal = await send(node, sent);
    return refusal === undefined || refusal.meaning === 'known';
  }

  /** Whether a nonce before the batch's is unused, so that pools keep the batch and no block takes it. */
  async hasHole(node: EvmNode, { account, nonce }: PreparedBatch): Promise<boolean> {
    return (await node.transactionCount(account, 'pending')) < nonce;
  }

  /** Whether there are fees that would replace this one. */
  async canRaise(node: EvmNode, previous: EvmFees): Promise<boolean> {
    const quote = await this.#quote(node);
    return quote !== undefined && raiseFees(previous, quote, this.#settings.feePerGasMax) !== undefined;
  }

  /** @throws {AdapterError} `BATCHER_TARGET_UNREACHABLE`: the chain asks for more than may be paid. */
  async quote(node: EvmNode): Promise<EvmFees> {
    const quote = await this.#quote(node);
    if (quote !== undefined) return quote;
    const { feePerGasMax } = this.#settings;
    throw unable(`a unit of gas costs more than the ${feePerGasMax} wei that may be paid`);
  }

  async #quote(node: EvmNode): Promise<EvmFees | undefined> {
    return quoteFees(await node.market(), this.#settings.feePerGasMax);
  }

  /** The newest of its transactions that the node knows, else that this process remembers. */
  async #findKnown(node: EvmNode, hashes: readonly string[]): Promise<KnownTransaction | undefined> {
    const newestFirst = hashes.toReversed();
    for (const transactionHash of newestFirst) {
      const found = await node.transaction(transactionHash);
      if (found === undefined) continue;
      return { transactionHash, fees: found, isInBlock: found.blockNumber !== undefined, isPooled: true };
    }
    const remembered = newestFirst.flatMap((hash) => this.#sent.get(hash) ?? [])[0];
    if (remembered === undefined) return undefined;
    return { transactionHash: remembered.hash, fees: remembered, isInBlock: false, isPooled: false };
  }

  /** @returns Undefined: it is in the pool, and more may not be paid. */
  async #next(
    node: EvmNode,
    prepared: PreparedBatch,
    known: KnownTransaction | undefined,
  ): Promise<SignedTransaction | undefined> {
    if (known?.isPooled === true) {
      const quote = await this.#quote(node);
      const fees = quote && raiseFees(known.fees, quote, this.#settings.feePerGasMax);
      return fees && this.#sign(prepared, fees);
    }
    const { baseFee } = await node.market();
    const remembered = known && this.#sent.get(known.transactionHash);
    if (remembered !== undefined && remembered.feePerGas >= baseFee + remembered.tipPerGas) return remembered;
    return this.#sign(prepared, await this.quote(node));
  }

  #sign(prepared: PreparedBatch, fees: EvmFees): Promise<SignedTransaction> {
    const { chainId, nonce, to, calldata, gas } = prepared;
    assert(gas !== undefined, 'a batch that its chain would undo is never signed');
    return this.#signer.sign({ chainId, nonce, to, calldata, gas: BigInt(gas), ...fees });
  }

  /**
   * A transaction before the batch may have vanished with a block: nothing lands until its nonce is used. What this process
   * sent with it is sent again, and where it knows nothing of it, an empty transaction to itself.
   */
  async #closeHole(node: EvmNode, { chainId, account, nonce }: PreparedBatch): Promise<void> {
    const first = await node.transactionCount(account, 'pending');
    if (nonce - first > HOLE_MAX)
      throw unable(`nonces ${first} to ${nonce - 1} of ${account} are unused: is it another chain?`);
    for (let missing = first; missing < nonce; missing += 1) {
      const sent = [...this.#sent.values()].findLast((transaction) => transaction.nonce === missing);
      const empty = { chainId, nonce: missing, to: account, gas: EMPTY_GAS, calldata: '0x' };
      const refusal = await send(
        node,
        sent ?? (await this.#signer.sign({ ...empty, ...(await this.quote(node)) })),
      );
      if (refusal?.meaning === 'other') throw unable(refusal.message);
    }
  }

  #remember(transaction: SignedTransaction): void {
    this.#sent.set(transaction.hash, transaction);
    const [oldest] = this.#sent.keys();
    if (this.#sent.size > REMEMBERED_MAX && oldest !== undefined) this.#sent.delete(oldest);
  }
}

interface KnownTransaction {
  readonly transactionHash: string;
  readonly fees: EvmFees;
  readonly isInBlock: boolean;
  readonly isPooled: boolean;
}

/** @returns Undefined: taken. */
async function send(
  node: EvmNode,
  { raw }: SignedTransaction,
): Promise<{ readonly meaning: SendRefusal; readonly message: string } | undefined> {
  try {
    await node.send(raw);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof NodeRefusal)) throw cause;
    return { meaning: readSendRefusal(cause), message: cause.message };
  }
}

function unable(reason: string): AdapterError {
  return new AdapterError('BATCHER_TARGET_UNREACHABLE', `the evm target takes nothing now: ${reason}`, {
    blame: 'infrastructure',
  });
}
