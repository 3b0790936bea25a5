/**
 * The settlement contract: settles net batches of one sidechain, each once and in order, after checks in a fixed order
 * (docs/protocol.md, settlement contract). It knows no duties: any registered validator may settle.
 *
 * The first check, the proposer's signature, is the chain's at the door (`checkAuthor`): a transaction that nobody
 * signed has nobody to charge and is never included. Everything after costs gas and, failing, reverts with a code.
 */
import { headerHash } from '../../consensus/block.ts';
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type {
  Amount,
  Hash,
  Height,
  SettlementHeight,
  ValidatorIndex,
} from '../../consensus/primitives/flavor.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import { verifyCertificate } from '../../consensus/vote.ts';
import { netBatchCommitment } from '../net/commitment.ts';
import type { CrossChainDeposit, CrossChainEvent } from '../net/crossChain.ts';
import type { NetAmount, RevertCode, SettlementAction, SettlementTransaction } from '../net/settlement.ts';
import type { FeeRates } from '../networkFee.ts';
import { carryOutCrossChain, takeDeposit } from './bridgeVault.ts';
import { payloadGas, proofGas, settlementGas } from './feeMarket.ts';
import type { SettlementKey } from './mempool.ts';
import { addAmounts, executeActions, type Holdings } from './swapPools.ts';
import { settlementSigningBytes } from './transactionCodec.ts';

export interface ContractOptions {
  /** The sidechain whose headers and certificates count. */
  readonly chainId: Hash;
  readonly validators: ValidatorSet;
  readonly baseAsset: string;
  /** Gas of one block: no transaction can use more. */
  readonly gasLimit: number;
  readonly holdings: Holdings;
  /** What the contract keeps of transfers between the chains. */
  readonly bridgeFees: FeeRates;
}

/** How an included transaction ended, with the gas it is charged. */
export type ContractOutcome =
  | {
      readonly type: 'settled';
      /** What became of the cross-chain actions. */
      readonly crossChain: readonly CrossChainEvent[];
      readonly amountsIn: readonly (Amount | undefined)[];
      readonly gasUsed: number;
    }
  | { readonly type: 'reverted'; readonly code: RevertCode; readonly gasUsed: number }
  | { readonly type: 'already_settled'; readonly gasUsed: number };

/** Everything the contract remembers. */
export interface ContractSnapshot {
  readonly holdings: Holdings;
  readonly lastSettledSeq: number;
  readonly lastToHeight: Height;
  readonly usedAttempts: ReadonlyMap<ValidatorIndex, number>;
}

const noEvents: readonly CrossChainEvent[] = Object.freeze([]);

type ProofCode = 'BAD_RANGE' | 'BAD_CERTIFICATE' | 'BAD_COMMITMENT';

export class SettlementContract {
  readonly #options: ContractOptions;
  readonly #verifier: Verifier;
  #holdings: Holdings;
  #lastSettledSeq = 0;
  #lastToHeight: Height = 0;
  /** Highest attempt of each proposer that was included for the next batch and reverted. */
  #usedAttempts = new Map<ValidatorIndex, number>();

  constructor(options: ContractOptions, dependencies: { readonly verifier: Verifier }) {
    this.#options = options;
    this.#verifier = dependencies.verifier;
    this.#holdings = options.holdings;
  }

  get lastSettledSeq(): number {
    return this.#lastSettledSeq;
  }

  get holdings(): Holdings {
    return this.#holdings;
  }

  /** What others do to the pools, between settlements. */
  trade(change: (holdings: Holdings) => Holdings): void {
    this.#holdings = change(this.#holdings);
  }

  snapshot(): ContractSnapshot {
    return {
      holdings: this.#holdings,
      lastSettledSeq: this.#lastSettledSeq,
      lastToHeight: this.#lastToHeight,
      usedAttempts: new Map(this.#usedAttempts),
    };
  }

  restore(snapshot: ContractSnapshot): void {
    this.#holdings = snapshot.holdings;
    this.#lastSettledSeq = snapshot.lastSettledSeq;
    this.#lastToHeight = snapshot.lastToHeight;
    this.#usedAttempts = new Map(snapshot.usedAttempts);
  }

  /** Checks that a registered validator made this transaction for this sidechain; done before it is taken in. @param signingBytes - What its proposer signs, where it is known. */
  checkAuthor(
    transaction: SettlementTransaction,
    signingBytes = settlementSigningBytes(transaction),
  ): Verdict<
    SettlementTransaction,
    'SETTLEMENT_CHAIN_MISMATCH' | 'SETTLEMENT_PROPOSER_UNKNOWN' | 'SETTLEMENT_SIGNATURE_INVALID'
  > {
    const { chainId, validators } = this.#options;
    if (transaction.chainId !== chainId) {
      return refuse('SETTLEMENT_CHAIN_MISMATCH', `settles ${transaction.chainId}, not ${chainId}`);
    }
    if (!validators.has(transaction.proposer)) {
      return refuse('SETTLEMENT_PROPOSER_UNKNOWN', `no validator ${transaction.proposer}`);
    }
    const { publicKey } = validators.at(transaction.proposer);
    if (!this.#verifier.verify(publicKey, signingBytes, transaction.signature)) {
      return refuse('SETTLEMENT_SIGNATURE_INVALID', 'the signature of the settlement does not verify');
    }
    return accept(transaction);
  }

  /**
   * True when this (proposer, seq, attempt) can no longer be included: the attempt, or a later one of the same
   * proposer for this batch, reverted. It stands for the account nonce that this chain lacks.
   */
  isAttemptUsed(transaction: SettlementKey): boolean {
    return (
      transaction.seq === this.#lastSettledSeq + 1 &&
      transaction.attempt <= (this.#usedAttempts.get(transaction.proposer) ?? -1)
    );
  }

  /**
   * Executes one included transaction.
   *
   * A batch that is settled already (`NET_BATCH_ALREADY_SETTLED`) is a clean no-op: no event, no state, but the
   * base and payload gas are used and paid, for the contract looks at `seq` first and returns. A failed check is
   * charged up to and with the certificate, a failed action the whole formula, `OUT_OF_GAS` a whole block.
   * @param transaction - Passed `checkAuthor`; its `seq` is at most the next one.
   * @param byteCount - Encoded size.
   * @param transferTimeout - While true every transfer times out.
   */
  execute(transaction: SettlementTransaction, byteCount: number, transferTimeout: boolean): ContractOutcome {
    const { gasLimit, baseAsset } = this.#options;
    if (transaction.seq <= this.#lastSettledSeq) {
      return { type: 'already_settled', gasUsed: payloadGas(byteCount) };
    }
    const proof = this.#checkProof(transaction);
    if (!proof.ok) return this.#revert(transaction, proof.code, proofGas(transaction, byteCount));
    const gasUsed = settlementGas(transaction, byteCount);
    if (gasUsed > gasLimit) return this.#revert(transaction, 'OUT_OF_GAS', gasLimit);
    const done = executeActions(this.#holdings, transaction.actions, { baseAsset, transferTimeout });
    if (!done.ok) return this.#revert(transaction, done.code, gasUsed);
    this.#holdings = done.value.holdings;
    const crossChain = this.#carryOut(transaction);
    this.#lastSettledSeq = transaction.seq;
    this.#lastToHeight = transaction.toHeight;
    this.#usedAttempts.clear();
    return { type: 'settled', crossChain, amountsIn: done.value.amountsIn, gasUsed };
  }

  /** Somebody locks value for an account of the sidechain. */
  deposit(
    deposit: CrossChainDeposit,
    height: SettlementHeight,
  ): Verdict<CrossChainEvent, 'CROSS_CHAIN_DEPOSITS_FULL'> {
    const { bridge } = this.#holdings;
    const taken = takeDeposit(bridge, deposit, this.#options.bridgeFees, height);
    if (!taken.ok) return taken;
    this.#holdings = { ...this.#holdings, bridge: taken.value.vault };
    return accept(taken.value.event);
  }

  #carryOut({ crossChain }: SettlementTransaction): readonly CrossChainEvent[] {
    if (crossChain === undefined) return noEvents;
    const { bridge, treasury } = this.#holdings;
    const { vault, fees, events } = carryOutCrossChain(bridge, crossChain, this.#options.bridgeFees);
    this.#holdings = { ...this.#holdings, bridge: vault, treasury: addAmounts(treasury, fees) };
    return events;
  }

  #revert(transaction: SettlementTransaction, code: RevertCode, gasUsed: number): ContractOutcome {
    this.#usedAttempts.set(transaction.proposer, transaction.attempt);
    return { type: 'reverted', code, gasUsed };
  }

  #checkProof(transaction: SettlementTransaction): Verdict<undefined, ProofCode> {
    const { seq, fromHeight, toHeight } = transaction;
    if (seq !== this.#lastSettledSeq + 1) return refuse('BAD_RANGE', `batch ${seq} is not next`);
    if (fromHeight !== this.#lastToHeight + 1 || toHeight < fromHeight) {
      return refuse('BAD_RANGE', `heights ${fromHeight} to ${toHeight} do not follow ${this.#lastToHeight}`);
    }
    const finality = this.#checkFinality(transaction);
    if (!finality.ok) return finality;
    if (transaction.headers[0]?.batchCommitment !== netBatchCommitment(transaction)) {
      return refuse('BAD_COMMITMENT', 'the header commits to another batch');
    }
    if (!carriesOutNet(transaction.actions, transaction.net, this.#options.baseAsset)) {
      return refuse('BAD_COMMITMENT', 'the actions do not carry out the net');
    }
    return accept(undefined);
  }

  /** Headers from `toHeight` on, linked by parent hash, the last finalised by the certificate. */
  #checkFinality(transaction: SettlementTransaction): Verdict<undefined, 'BAD_CERTIFICATE'> {
    const { headers, certificate, toHeight } = transaction;
    const { chainId } = this.#options;
    let parentHash: Hash | undefined;
    let height = toHeight;
    for (const header of headers) {
      if (header.chainId !== chainId || header.height !== height) {
        return refuse('BAD_CERTIFICATE', `header ${height - toHeight} is not of height ${height}`);
      }
      if (parentHash !== undefined && header.parentHash !== parentHash) {
        return refuse('BAD_CERTIFICATE', `header ${height - toHeight} does not name its parent`);
      }
      parentHash = headerHash(header);
      height += 1;
    }
    if (
      certificate.kind !== 'finalize' ||
      certificate.blockHash !== parentHash ||
      certificate.view !== headers.at(-1)?.view
    ) {
      return refuse('BAD_CERTIFICATE', 'the certificate does not finalise the last header');
    }
    const verdict = verifyCertificate(certificate, this.#options, this.#verifier);
    return verdict.ok ? accept(undefined) : refuse('BAD_CERTIFICATE', verdict.message);
  }
}

/** True when the actions are exactly what the net asks for, in its order (docs/protocol.md, actions). */
function carriesOutNet(
  actions: readonly SettlementAction[],
  net: readonly NetAmount[],
  baseAsset: string,
): boolean {
  if (actions.length !== net.length) return false;
  return actions.every((action, index) => {
    const flow = net[index];
    return (
      flow !== undefined &&
      action.asset === flow.asset &&
      action.type === actionTypeOf(flow, baseAsset) &&
      action.amount === (flow.amount < 0n ? -flow.amount : flow.amount)
    );
  });
}

function actionTypeOf(flow: NetAmount, baseAsset: string): SettlementAction['type'] {
  if (flow.amount < 0n) return 'ibc_transfer';
  return flow.asset === baseAsset ? 'draw' : 'swap';
}
