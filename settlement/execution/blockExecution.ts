/**
 * Executes one block on a state: what the settlement chain did, evidence, transactions, then the window.
 *
 * A pure function of parent state, header facts, settlement blocks and body. The leader builds a block with it,
 * transaction by transaction; a validator replays the body with it; both finish with the same roots.
 */
import { accept, type Refusal, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import {
  type Address,
  accountOfKey,
  type Hash,
  type Height,
  type TimeMs,
  type ValidatorIndex,
  ZERO_HASH,
} from '../../consensus/primitives/flavor.ts';
import { executeAtomicBatch } from '../atomic/batch.ts';
import { applyChannelOperation } from '../atomic/channel.ts';
import type { ChannelOperation } from '../atomic/channelTypes.ts';
import { applyEscrowOperation } from '../atomic/escrow.ts';
import {
  advanceFeeProposals,
  applyFeeProposalOperation,
  type Electorate,
  type FeeGovernanceContext,
  feeGovernanceOf,
} from '../atomic/feeProposals.ts';
import { flushFees } from '../atomic/fees.ts';
import { createProofTrust } from '../atomic/proofs/proofTrust.ts';
import { ProofVerdicts } from '../atomic/proofs/proofVerdicts.ts';
import { applyTreasuryOperation, settleWithdrawals, type TreasuryContext } from '../atomic/treasury.ts';
import type { AtomicBatchOperation, AtomicFact, AtomicRules, SettlementContext } from '../atomic/types.ts';
import { deriveCrossChain } from '../bridge/derive.ts';
import { takeActions } from '../bridge/queue.ts';
import { sendCrossChain } from '../bridge/send.ts';
import type { CrossChainFact } from '../bridge/types.ts';
import { creditAccount, creditTreasury, takeNonce } from '../ledger/accounts.ts';
import { applyLedgerOperation } from '../ledger/ledger.ts';
import { confirmPoolFlows, sealPoolFlows } from '../ledger/pools.ts';
import type { LedgerOperation } from '../ledger/types.ts';
import { deriveSettlement } from '../net/derive.ts';
import { isEligible } from '../net/duties.ts';
import { standingOf, standings } from '../net/netState.ts';
import type { SettlementBlock } from '../net/settlement.ts';
import { slashEquivocation, unjail } from '../net/slashing.ts';
import type { BlockFlows, NetFact, NetOutcome } from '../net/types.ts';
import { accumulateFlows, closeWindow, setBatchSize } from '../net/window.ts';
import { type State, stateRootAfter } from '../state.ts';
import { AssetSums, hasFlows } from './blockFlows.ts';
import { type BlockRoots, computedRoots } from './blockRoots.ts';
import { executionCodes } from './codes.ts';
import { transactionGas } from './gas.ts';
import type { Genesis } from './genesis.ts';
import type { InputParts } from './inputAuth.ts';
import { InputBook, type InputFact, type InputRefusal } from './inputBook.ts';
import { verifyInputTransaction } from './inputTransaction.ts';
import { POSTED_PER_BLOCK_MAX, type PostedFact, PostedQueue } from './postedInputs.ts';
import type { ExecutionResult, Receipt } from './result.ts';
import { decodeTransaction, type Transaction } from './transaction.ts';
import type { TransactionBody } from './transactionBody.ts';

/** Everything about the block but its transactions. */
export interface BlockContext {
  readonly height: Height;
  readonly timestampMs: TimeMs;
  readonly parentStateRoot: Hash;
  /** The settlement-chain blocks after the parent's origin up to this block's, ascending. */
  readonly settlementBlocks: readonly SettlementBlock[];
  /** The block's own origin; quotes and base fees come from it. */
  readonly origin: SettlementBlock;
}

/** A transaction that cannot stand in this block; `later` says that it may in a later one. */
export type InclusionCode =
  | 'TRANSACTION_EXPIRED'
  | 'TRANSACTION_TOO_EARLY'
  | InputRefusal
  | 'LEDGER_NONCE_USED'
  | 'LEDGER_NONCE_AHEAD'
  | 'BLOCK_GAS_FULL';

/** What is done or undone by the journal of the state. */
type UndoneBody = Exclude<TransactionBody, AtomicBatchOperation | LedgerOperation>;

export class BlockExecution {
  readonly #genesis: Genesis;
  readonly #state: State;
  readonly #context: BlockContext;
  readonly #roots: BlockRoots;
  /** Those of genesis, with the network fee that is in force in this block. */
  readonly #atomicRules: AtomicRules;
  readonly #verdicts: ProofVerdicts;
  readonly #facts: NetFact[] = [];
  readonly #atomicFacts: AtomicFact[] = [];
  readonly #crossChainFacts: CrossChainFact[] = [];
  readonly #inputs: InputBook;
  readonly #postedFacts: PostedFact[] = [];
  readonly #receipts: Receipt[] = [];
  readonly #transactionIds: Hash[] = [];
  readonly #evidenceIds: Hash[] = [];
  readonly #borrowed = new AssetSums();
  readonly #repaid = new AssetSums();
  readonly #fees = new AssetSums();
  #liquidations = 0;
  #gasUsed = 0;
  #sealForced = false;

  /**
   * @param state - A state whose top layer is empty: it receives the block's writes.
   * @param roots - What works out the roots over transactions, or remembers them.
   * @param verdicts - What judges proofs, or remembers what was judged before; left out: a memory of this block alone.
   */
  constructor(
    genesis: Genesis,
    state: State,
    context: BlockContext,
    roots: BlockRoots = computedRoots,
    verdicts = new ProofVerdicts(createProofTrust(genesis.atomic.proofs.trust)),
  ) {
    this.#genesis = genesis;
    this.#verdicts = verdicts;
    this.#state = state;
    this.#context = context;
    this.#roots = roots;
    this.#inputs = new InputBook(genesis, state, context);
    const { height, settlementBlocks } = context;
    this.#book(deriveSettlement(state, genesis.net, { height, blocks: settlementBlocks }));
    this.#atomicFacts.push(...advanceFeeProposals(state, this.#feeGovernance()));
    const { networkFeeBps } = feeGovernanceOf(state);
    this.#atomicRules = networkFeeBps === undefined ? genesis.atomic : { ...genesis.atomic, networkFeeBps };
    this.#deriveCrossChain();
    this.#executePosted();
  }

  /** Gas that the transactions so far took of `atomic_batches.gas_max`. */
  get gasUsed(): number {
    return this.#gasUsed;
  }

  /** Slashes a proven equivocation; the caller has verified the evidence. */
  addEvidence(id: Hash, validator: ValidatorIndex): void {
    this.#evidenceIds.push(id);
    this.#book(slashEquivocation(this.#state, this.#genesis.net, validator));
  }

  /**
   * Executes one transaction whose signature was verified.
   * @returns The receipt's result (`ok` or the code with which it failed), or a refusal when the transaction
   *   cannot stand in this block at all; nothing changed then.
   */
  addTransaction(transaction: Transaction, id: Hash): Verdict<string, InclusionCode | string> {
    const { height } = this.#context;
    const { expiresAtHeight, onlyAtHeight, from, body } = transaction;
    if (
      (expiresAtHeight !== 0 && height > expiresAtHeight) ||
      (onlyAtHeight !== 0 && height > onlyAtHeight)
    ) {
      return refuse('TRANSACTION_EXPIRED', `its last height was ${onlyAtHeight || expiresAtHeight}`);
    }
    if (onlyAtHeight !== 0 && height < onlyAtHeight) {
      return refuse('TRANSACTION_TOO_EARLY', `it may stand at height ${onlyAtHeight} only`);
    }
    const full = this.#findGasProblem(transaction);
    if (full !== undefined) return full;
    const executed =
      transaction.auth.type === 'input'
        ? this.#executeInput({ ...transaction, auth: transaction.auth }, id, 'transaction')
        : this.#executeNext(transaction);
    if (!executed.ok) return executed;
    this.#receipts.push({ transactionId: id, type: body.type, from, result: executed.value });
    this.#transactionIds.push(id);
    return executed;
  }

  /**
   * Executes an input that somebody posted on the settlement chain: bytes from anybody, which nobody has looked at. It leaves the
   * same mark and receipt as one in a transaction, and stands in no body. Gas is taken before signatures are looked at, so
   * what is refused is paid for as well. To be called before `addTransaction`.
   * @returns What became of it; or why it is not executed, whereby nothing changed but the gas left. Never throws.
   */
  addPostedInput(bytes: Uint8Array): Verdict<{ readonly transactionId: Hash; readonly result: string }> {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) return decoded;
    const { id: transactionId, transaction } = decoded.value;
    const full = this.#findGasProblem(transaction);
    if (full !== undefined) return full;
    const gasBefore = this.#gasUsed;
    const input = verifyInputTransaction(decoded.value, this.#genesis);
    const executed = input.ok ? this.#executeInput(input.value, transactionId, 'posted') : input;
    this.#gasUsed = gasBefore + transactionGas(transaction);
    if (!executed.ok) return executed;
    const result = executed.value;
    const { from, body } = transaction;
    this.#receipts.push({ transactionId, type: body.type, from, result });
    return accept({ transactionId, result });
  }

  #findGasProblem(transaction: Pick<Transaction, 'auth' | 'body'>): Refusal<'BLOCK_GAS_FULL'> | undefined {
    const gas = transactionGas(transaction);
    const left = this.#genesis.atomic.gasMax - this.#gasUsed;
    return gas > left
      ? refuse('BLOCK_GAS_FULL', `${gas} gas for a batch, ${left} left in the block`)
      : undefined;
  }

  #executeNext(transaction: Transaction): Verdict<string, InclusionCode | string> {
    const { from, nonce } = transaction;
    const taken = takeNonce(this.#state, this.#genesis.ledger, from, nonce);
    return taken.ok ? accept(this.#execute(transaction)) : taken;
  }

  /** Failed or not, it is marked, and never executed again. */
  #executeInput(
    input: InputParts,
    transactionId: Hash,
    route: InputFact['route'],
  ): Verdict<string, InclusionCode> {
    const { from } = input;
    const admitted = this.#inputs.admit(input);
    if (!admitted.ok) return admitted;
    const result = this.#execute(input);
    this.#inputs.enter({ requestId: admitted.value, transactionId, from, result, route });
    return accept(result);
  }

  #execute(transaction: Pick<Transaction, 'from' | 'auth' | 'body'>): string {
    this.#gasUsed += transactionGas(transaction);
    const { from, body } = transaction;
    switch (body.type) {
      case 'atomic_batch':
        return this.#settle(from, body);
      case 'transfer':
      case 'deposit':
      case 'withdraw':
      case 'borrow':
      case 'repay':
      case 'liquidate':
      case 'price':
        return this.#applyToLedger(from, body);
      default:
        return this.#applyOrUndo(from, body);
    }
  }

  /** Closes the window if it ends here and gives roots and facts. Call once, last. */
  finish(): ExecutionResult {
    const { height, timestampMs, origin, parentStateRoot } = this.#context;
    this.#atomicFacts.push(...flushFees(this.#state, this.#genesis.atomic, height));
    const flows = this.#flows();
    if (hasFlows(flows)) accumulateFlows(this.#state, flows, height);
    const closing = closeWindow(
      this.#state,
      this.#genesis.net,
      { height, timestampMs, origin },
      { forced: this.#sealForced, crossChain: () => takeActions(this.#state) },
    );
    this.#book(closing);
    let batchCommitment = ZERO_HASH;
    for (const fact of closing.facts) {
      if (fact.type !== 'batch_sealed') continue;
      batchCommitment = fact.batch.commitment;
      sealPoolFlows(this.#state, this.#genesis.ledger, fact.batch.net);
    }
    this.#atomicFacts.push(...settleWithdrawals(this.#state, this.#treasury()));
    const inputFacts = this.#inputs.close();
    const layer = this.#state.freeze();
    const transactionsRoot = this.#roots.transactionsRoot(this.#transactionIds.concat(this.#evidenceIds));
    return {
      layer,
      stateRoot: stateRootAfter(parentStateRoot, layer),
      receiptsRoot: this.#roots.receiptsRoot(this.#receipts),
      transactionsRoot,
      batchCommitment,
      receipts: this.#receipts,
      facts: this.#facts,
      atomicFacts: this.#atomicFacts,
      crossChainFacts: this.#crossChainFacts,
      inputFacts,
      postedFacts: this.#postedFacts,
      flows,
    };
  }

  #deriveCrossChain(): void {
    const { height, settlementBlocks: blocks } = this.#context;
    const context = { ledger: this.#genesis.ledger, rates: this.#atomicRules, height, blocks };
    for (const fact of deriveCrossChain(this.#state, context)) {
      this.#crossChainFacts.push(fact);
      if (fact.type === 'cross_chain_decided' && fact.fee > 0n) this.#fees.add(fact.asset, fact.fee);
    }
  }

  /** What anybody posted on the settlement chain has its turn before the transactions of the block, and none of it fails the block. */
  #executePosted(): void {
    const queue = new PostedQueue(this.#state);
    this.#postedFacts.push(...queue.addBlocks(this.#context.settlementBlocks));
    for (let count = 0; count < POSTED_PER_BLOCK_MAX; count += 1) {
      const next = queue.peek();
      if (next === undefined) break;
      const { transactionHash, index, bytes } = next;
      const outcome = this.addPostedInput(bytes);
      // What needs more gas than is left has the first turn in the next block.
      if (!outcome.ok && outcome.code === 'BLOCK_GAS_FULL' && this.#gasUsed > 0) break;
      queue.shift();
      this.#postedFacts.push(
        outcome.ok
          ? { type: 'posted_input_executed', transactionHash, index, ...outcome.value }
          : { type: 'posted_input_refused', transactionHash, index, code: outcome.code },
      );
    }
    queue.keep();
  }

  /** A batch undoes itself when it fails, and its record stays. */
  #settle(from: Address, operation: AtomicBatchOperation): string {
    const proving = { chainId: this.#genesis.chainId, verdicts: this.#verdicts };
    const context = { ...this.#settlementContext(), ...proving };
    const { result, facts, fees } = executeAtomicBatch(this.#state, context, from, operation);
    this.#atomicFacts.push(...facts);
    for (const { asset, amount } of fees) this.#fees.add(asset, amount);
    return result;
  }

  #settlementContext(): SettlementContext {
    const { ledger } = this.#genesis;
    const { height, timestampMs } = this.#context;
    return { ledger, rules: this.#atomicRules, height, timestampMs };
  }

  /** What the ledger refuses has changed nothing, so there is nothing to undo. */
  #applyToLedger(from: Address, operation: LedgerOperation): string {
    const outcome = applyLedgerOperation(this.#state, this.#genesis.ledger, from, operation);
    if (!outcome.ok) return outcome.code;
    const { borrowed, repaid, liquidations } = outcome.value;
    if (borrowed !== undefined) this.#borrowed.add(borrowed.asset, borrowed.amount);
    if (repaid !== undefined) this.#repaid.add(repaid.asset, repaid.amount);
    this.#liquidations += liquidations;
    return 'ok';
  }

  #applyOrUndo(from: Address, body: UndoneBody): string {
    const mark = this.#state.checkpoint();
    const outcome = this.#apply(from, body);
    if (outcome.ok) return 'ok';
    this.#state.rollback(mark);
    return outcome.code;
  }

  #apply(from: Address, body: UndoneBody): Verdict<unknown> {
    const isOperator = this.#genesis.operators.includes(from);
    switch (body.type) {
      case 'unjail': {
        const own = this.#asValidator(body.validator, from, 'UNJAIL_NOT_OWN');
        if (!own.ok) return own;
        const outcome = unjail(this.#state, this.#genesis.net, body.validator, this.#context.height);
        if (outcome.ok) this.#book(outcome.value);
        return outcome;
      }
      case 'settle_now':
        if (!isOperator) return refuse('OPERATOR_ONLY', 'the sender is no operator');
        this.#sealForced = true;
        return { ok: true, value: undefined };
      case 'set_batch_size':
        if (!isOperator) return refuse('OPERATOR_ONLY', 'the sender is no operator');
        return setBatchSize(this.#state, body.batchSize);
      case 'escrow_open':
      case 'escrow_refund': {
        const { ledger } = this.#genesis;
        const outcome = applyEscrowOperation(this.#state, ledger, this.#context.height, from, body);
        if (outcome.ok) this.#atomicFacts.push(outcome.value);
        return outcome;
      }
      case 'channel_open':
      case 'channel_close':
      case 'channel_unilateral_close':
      case 'channel_dispute':
      case 'channel_settle':
        return this.#applyToChannel(from, body);
      case 'treasury_propose':
      case 'treasury_approve': {
        const outcome = applyTreasuryOperation(this.#state, this.#treasury(), from, body);
        if (outcome.ok) this.#atomicFacts.push(...outcome.value);
        return outcome;
      }
      case 'fee_propose':
      case 'fee_vote': {
        const own = this.#asValidator(body.validator, from, 'FEE_PROPOSAL_NOT_OWN');
        if (!own.ok) return own;
        const outcome = applyFeeProposalOperation(this.#state, this.#feeGovernance(), body);
        if (outcome.ok) this.#atomicFacts.push(outcome.value);
        return outcome;
      }
      case 'cross_chain_send': {
        const { height, origin } = this.#context;
        const { ledger } = this.#genesis;
        const context = { ledger, rates: this.#atomicRules, height, originHeight: origin.height };
        const outcome = sendCrossChain(this.#state, context, from, body);
        if (outcome.ok) this.#crossChainFacts.push(outcome.value);
        return outcome;
      }
    }
  }

  #applyToChannel(from: Address, operation: ChannelOperation): Verdict<unknown> {
    const outcome = applyChannelOperation(this.#state, this.#settlementContext(), from, operation);
    if (!outcome.ok) return outcome;
    this.#atomicFacts.push(outcome.value.fact);
    for (const { asset, amount } of outcome.value.fees) this.#fees.add(asset, amount);
    return outcome;
  }

  /** @returns A refusal with `code` where somebody else than the validator sent it. */
  #asValidator(
    index: ValidatorIndex,
    from: Address,
    code: 'UNJAIL_NOT_OWN' | 'FEE_PROPOSAL_NOT_OWN',
  ): Verdict<ValidatorIndex> {
    const { validators } = this.#genesis;
    if (!validators.has(index)) return refuse('VALIDATOR_UNKNOWN', `no validator ${index}`);
    if (accountOfKey(validators.at(index).publicKey) === from) return accept(index);
    return refuse(code, executionCodes[code]);
  }

  #treasury(): TreasuryContext {
    const { ledger, atomic } = this.#genesis;
    return { ledger, treasury: atomic.treasury, height: this.#context.height };
  }

  #feeGovernance(): FeeGovernanceContext {
    const { height, timestampMs } = this.#context;
    const electorate: Electorate = {
      stakeOf: (index) => {
        const standing = standingOf(this.#state, index);
        return isEligible(standing) ? standing.stake : 0n;
      },
      stakes: () =>
        new Map(
          standings(this.#state)
            .filter(isEligible)
            .map(({ index, stake }) => [index, stake]),
        ),
    };
    return { rules: this.#genesis.atomic.feeGovernance, height, timestampMs, electorate };
  }

  /** Takes over facts and books on the ledger what net law pays and confirms. */
  #book(outcome: NetOutcome): void {
    const { ledger, validators } = this.#genesis;
    for (const fact of outcome.facts) {
      this.#facts.push(fact);
      if (fact.type === 'batch_confirmed') confirmPoolFlows(this.#state, fact.batch.net);
    }
    for (const { to, amount } of outcome.payments) {
      if (to === 'treasury') creditTreasury(this.#state, ledger.stakeAsset, amount);
      else
        creditAccount(
          this.#state,
          ledger,
          accountOfKey(validators.at(to).publicKey),
          ledger.stakeAsset,
          amount,
        );
    }
  }

  #flows(): BlockFlows {
    return {
      borrowed: this.#borrowed.amounts,
      repaid: this.#repaid.amounts,
      fees: this.#fees.amounts,
      liquidations: this.#liquidations,
    };
  }
}
