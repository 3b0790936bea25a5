/**
 * Turns a scenario's transactions into signed bytes with the right nonces: block by block, as late as possible, so a
 * long run never holds more than it needs. Order within a block: timeline events in file order, then trace or workload.
 */
import { utf8 } from '../../consensus/primitives/bytes.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import { ed25519 } from '../../consensus/primitives/ed25519.ts';
import type { Address, Height, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Crypto, Signer } from '../../consensus/primitives/signature.ts';
import { signedTextOfInput } from '../../settlement/execution/inputAuth.ts';
import { createInputTransaction } from '../../settlement/execution/inputTransaction.ts';
import { encodePost } from '../../settlement/execution/postedInputs.ts';
import { type EncodedTransaction, signAndEncodeTransaction } from '../../settlement/execution/transaction.ts';
import { cosignersOf, type TransactionBody } from '../../settlement/execution/transactionBody.ts';
import type { InputBody } from '../../settlement/input/types.ts';
import type { CrossChainDeposit } from '../../settlement/net/crossChain.ts';
import {
  atomicBatchOf,
  escrowOpeningOf,
  type ScenarioSetting,
  scenarioIdOf,
  withdrawalOf,
} from './atomicBatch.ts';
import { channelOperationOf } from './channels.ts';
import type { GenesisParts, KeyHolder } from './genesis.ts';
import { ModelWorkload } from './model/modelWorkload.ts';
import type { SignedBlock, SignedTransactions } from './signedTransactions.ts';
import { DEFAULT_ACCOUNT, ORACLE_ACCOUNT } from './transactions.ts';
import type {
  Scenario,
  ScenarioPost,
  ScenarioTransaction,
  TimelineEvent,
  WorkloadTransaction,
} from './types.ts';
import { UniformWorkload } from './workload.ts';

/** A transaction before it is signed. */
export interface PreparedTransaction {
  readonly sender: KeyHolder;
  /** Who signs beside the sender, in the order of the body. */
  readonly cosigners: readonly KeyHolder[];
  readonly nonce: number;
  readonly body: TransactionBody;
}

const noHolders: readonly KeyHolder[] = [];

export interface TransactionFeedOptions {
  /** Takes each transaction as its bytes decode, so that nodes of this process need not decode it. */
  readonly onSigned?: (signed: EncodedTransaction) => void;
  /** What earlier feeds signed: the same transaction is not signed again. */
  readonly signed?: SignedTransactions | undefined;
}

export class TransactionFeed {
  readonly #parts: GenesisParts;
  readonly #crypto: Crypto;
  readonly #options: TransactionFeedOptions;
  /** Transactions of the timeline anchored to blocks not asked for yet. */
  readonly #events = new Map<Height, ScenarioTransaction[]>();
  readonly #rows: readonly WorkloadTransaction[];
  readonly #uniform: UniformWorkload | undefined;
  readonly #model: ModelWorkload | undefined;
  readonly #blockTransactionsMax: number;
  readonly #signers = new Map<Address, Signer>();
  readonly #nonces = new Map<Address, number>();
  /** Names all that decides what is sent, where it is a uniform workload alone; undefined where events send too. */
  readonly #soleWorkload: string | undefined;
  #nextRow = 0;
  #lastHeight: Height = 0;

  constructor(scenario: Scenario, parts: GenesisParts, crypto: Crypto, options: TransactionFeedOptions = {}) {
    this.#parts = parts;
    this.#crypto = crypto;
    this.#options = options;
    for (const { at, transactions } of scenario.timeline) {
      if (!('block' in at) || transactions.length === 0) continue;
      const others = this.#events.get(at.block);
      if (others === undefined) this.#events.set(at.block, [...transactions]);
      else others.push(...transactions);
    }
    const { workload, seed, config } = scenario;
    this.#rows = workload.type === 'explicit' ? workload.transactions : [];
    this.#uniform =
      workload.type === 'uniform'
        ? new UniformWorkload({ transactionsPerBlock: workload.transactionsPerBlock, seed, config })
        : undefined;
    const isSole = scenario.timeline.every(({ transactions }) => transactions.length === 0);
    if (isSole && workload.type === 'uniform') {
      const symbols = config.ledger.assets.map(({ symbol }) => symbol);
      const addresses = [...parts.accounts.values()].map(({ address }) => address);
      const { transactionsPerBlock } = workload;
      const { chainId } = parts.genesis;
      this.#soleWorkload = JSON.stringify([seed, transactionsPerBlock, symbols, chainId, addresses]);
    }
    const { blockTimeMs, blockTransactionsMax } = config.chain;
    this.#blockTransactionsMax = blockTransactionsMax;
    this.#model =
      workload.type === 'model' ? new ModelWorkload({ model: workload.model, blockTimeMs, seed }) : undefined;
  }

  /**
   * Everything anchored to the block at `height`, signed for that height alone.
   * @param height - Ascends by one from call to call, from 1: nonces advance with it.
   */
  forBlock(height: Height): readonly Uint8Array[] {
    const { signed, onSigned } = this.#options;
    const workload = this.#soleWorkload;
    if (signed === undefined || workload === undefined) return this.#signBlock(height).bytes;
    const known = signed.block(workload, height);
    if (known !== undefined) {
      if (onSigned !== undefined) known.transactions.forEach(onSigned);
      return known.bytes;
    }
    // What lies below was known: nonces and draws go on from there.
    while (this.#lastHeight < height - 1) this.prepareBlock(this.#lastHeight + 1);
    const block = this.#signBlock(height);
    signed.keepBlock(workload, height, block);
    return block.bytes;
  }

  #signBlock(height: Height): SignedBlock {
    const transactions = this.#take(height).map((transaction) => this.#sign(transaction, height, height));
    return { transactions, bytes: transactions.map(({ bytes }) => bytes) };
  }

  /**
   * The same, unsigned, for who sends it in real time: with nonces, for any height.
   * @param height - Ascends by one from call to call, from 1.
   */
  prepareBlock(height: Height): PreparedTransaction[] {
    return this.#take(height).map((transaction) => this.#prepare(transaction, height));
  }

  #take(height: Height): ScenarioTransaction[] {
    assert(height === this.#lastHeight + 1, `feed asked for height ${height} after ${this.#lastHeight}`);
    this.#lastHeight = height;
    const taken = [...(this.#events.get(height) ?? [])];
    this.#events.delete(height);
    for (
      let row = this.#rows[this.#nextRow];
      row !== undefined && row.block <= height;
      row = this.#rows[this.#nextRow]
    ) {
      assert(row.block === height, `workload row for block ${row.block} comes after block ${height}`);
      taken.push(row.transaction);
      this.#nextRow += 1;
    }
    if (this.#uniform !== undefined) taken.push(...this.#uniform.transactionsFor(height));
    if (this.#model !== undefined) {
      const room = this.#blockTransactionsMax - taken.length;
      for (const transaction of this.#model.transactionsFor(height, room)) taken.push(transaction);
    }
    return taken;
  }

  /**
   * The transactions of an event that is not anchored to a block, signed as it comes to pass, for any height.
   * @param height - The newest final one.
   * @param nowMs - When users sign what they send as inputs, in ms after genesis.
   */
  forEvent(event: TimelineEvent, height: Height, nowMs: TimeMs): Uint8Array[] {
    assert(!('block' in event.at), 'events anchored to blocks come with their block');
    if (event.inputsTo !== undefined) {
      // A ms apart: what is asked for twice in one event is two inputs.
      return event.transactions.map((transaction, index) => this.#signInput(transaction, nowMs + index));
    }
    return event.transactions.map((transaction) => this.#sign(transaction, 0, height).bytes);
  }

  /** What an event has somebody deposit on the settlement chain. */
  depositsOf({ deposits = [] }: TimelineEvent): readonly CrossChainDeposit[] {
    return deposits.map(({ account, to, ...rest }) => ({
      ...rest,
      from: this.#holder(account).address,
      to: this.#holder(to).address,
    }));
  }

  /**
   * What an event has users post on the settlement chain: the post, and the inputs in it.
   * @param nowMs - After genesis: when users sign.
   */
  postOf(
    { transactions }: ScenarioPost,
    nowMs: TimeMs,
  ): { readonly bytes: Uint8Array; readonly inputs: readonly Uint8Array[] } {
    const inputs = transactions.map((transaction, index) => this.#signInput(transaction, nowMs + index));
    return { bytes: encodePost(inputs), inputs };
  }

  #sign(transaction: ScenarioTransaction, onlyAtHeight: Height, baseHeight: Height): EncodedTransaction {
    const { sender, cosigners, nonce, body } = this.#prepare(transaction, baseHeight);
    const { chainId } = this.#parts.genesis;
    const unsigned = { chainId, from: sender.address, nonce, expiresAtHeight: 0, onlyAtHeight, body };
    const signers = [this.#signerOf(sender), cosigners.map((holder) => this.#signerOf(holder))] as const;
    const { onSigned, signed: earlier } = this.#options;
    const signed = earlier?.sign(unsigned, ...signers) ?? signAndEncodeTransaction(unsigned, ...signers);
    onSigned?.(signed);
    return signed;
  }

  /** As a wallet would: really, under every crypto policy. */
  #signInput(transaction: ScenarioTransaction, atMs: TimeMs): Uint8Array {
    const { genesis } = this.#parts;
    const sender = this.#senderOf(transaction);
    const signed = {
      from: sender.address,
      timestamp: Math.floor(genesis.atomic.proofs.genesisMs + atMs),
      target: undefined,
      form: 'json',
      body: this.#bodyOf(transaction, sender, 0) as InputBody,
      cosignatures: [],
    } as const;
    const text = signedTextOfInput(signed, genesis.inputs.namespace);
    const encoded = createInputTransaction(
      genesis.chainId,
      signed,
      ed25519.sign(sender.secretKey, utf8(text)),
    );
    this.#options.onSigned?.(encoded);
    return encoded.bytes;
  }

  #signerOf({ address, secretKey }: KeyHolder): Signer {
    let signer = this.#signers.get(address);
    if (signer === undefined) {
      signer = this.#crypto.createSigner(secretKey);
      this.#signers.set(address, signer);
    }
    return signer;
  }

  /** @param baseHeight - From which the blocks count that a transaction may wait. */
  #prepare(transaction: ScenarioTransaction, baseHeight: Height): PreparedTransaction {
    const sender = this.#senderOf(transaction);
    const nonce = this.#nonces.get(sender.address) ?? 0;
    this.#nonces.set(sender.address, nonce + 1);
    const body = this.#bodyOf(transaction, sender, baseHeight);
    return { sender, cosigners: this.#cosignersOf(body), nonce, body };
  }

  #cosignersOf(body: TransactionBody): readonly KeyHolder[] {
    const addresses = cosignersOf(body);
    if (addresses.length === 0) return noHolders;
    const byAddress = new Map([...this.#parts.accounts.values()].map((holder) => [holder.address, holder]));
    return addresses.map((address) => {
      const holder = byAddress.get(address);
      assert(holder !== undefined, `no key for ${address}`);
      return holder;
    });
  }

  #senderOf({ account, operation }: ScenarioTransaction): KeyHolder {
    switch (operation.type) {
      case 'unjail':
      case 'fee_propose':
      case 'fee_vote': {
        const validator = this.#parts.validators.find(({ name }) => name === operation.validator);
        assert(validator !== undefined, `no validator ${operation.validator}`);
        return validator;
      }
      case 'settle_now':
      case 'set_batch_size': {
        const { operator } = this.#parts;
        assert(operator !== undefined, 'no operator key is known');
        return operator;
      }
      case 'price':
        return this.#holder(ORACLE_ACCOUNT);
      case 'liquidate':
        return this.#holder(
          operation.collateralAmount === undefined ? (account ?? DEFAULT_ACCOUNT) : ORACLE_ACCOUNT,
        );
      default:
        return this.#holder(account ?? DEFAULT_ACCOUNT);
    }
  }

  #bodyOf({ operation }: ScenarioTransaction, sender: KeyHolder, baseHeight: Height): TransactionBody {
    switch (operation.type) {
      case 'transfer':
        return { ...operation, to: this.#holder(operation.to).address };
      case 'liquidate': {
        const { borrower, debtAsset, amount, collateralAsset, collateralAmount } = operation;
        return {
          type: 'liquidate',
          borrower: this.#holder(borrower).address,
          debtAsset,
          amount,
          collateralAsset,
          exactCollateral: collateralAmount,
        };
      }
      case 'unjail':
        return { type: 'unjail', validator: this.#validatorIndex(operation.validator) };
      case 'atomic_batch':
        return atomicBatchOf(operation, this.#settingOf(sender, baseHeight));
      case 'escrow_open':
        return escrowOpeningOf(operation, this.#settingOf(sender, baseHeight));
      case 'escrow_refund':
        return { type: 'escrow_refund', escrowId: scenarioIdOf('escrow', operation.id) };
      case 'channel_open':
      case 'channel_close':
      case 'channel_unilateral_close':
      case 'channel_dispute':
      case 'channel_settle':
        return channelOperationOf(operation, this.#settingOf(sender, baseHeight));
      case 'treasury_propose':
        return withdrawalOf(operation, this.#settingOf(sender, baseHeight));
      case 'treasury_approve': {
        const { type, id, asset, amount, to } = operation;
        const withdrawalId = scenarioIdOf('withdrawal', id);
        return { type, withdrawalId, asset, amount, to: this.#holder(to).address };
      }
      case 'fee_propose':
      case 'fee_vote': {
        const { id, validator, ...rest } = operation;
        const proposalId = scenarioIdOf('fee_proposal', id);
        return { ...rest, proposalId, validator: this.#validatorIndex(validator) };
      }
      case 'cross_chain_send': {
        const { id, to, ...rest } = operation;
        return { ...rest, transferId: scenarioIdOf('transfer', id), to: this.#holder(to).address };
      }
      default:
        return operation;
    }
  }

  #settingOf(sender: KeyHolder, baseHeight: Height): ScenarioSetting {
    return {
      sender: sender.address,
      baseHeight,
      timeoutBlocks: this.#parts.genesis.atomic.timeoutBlocks,
      addressOf: (label) => this.#holder(label).address,
      chainId: this.#parts.genesis.chainId,
      secretKeyOf: (label) => this.#holder(label).secretKey,
    };
  }

  #validatorIndex(name: string): ValidatorIndex {
    return this.#parts.validators.findIndex((validator) => validator.name === name);
  }

  #holder(label: string): KeyHolder {
    const known = this.#parts.accounts.get(label);
    assert(known !== undefined, `no key for account ${label}`);
    return known;
  }
}
