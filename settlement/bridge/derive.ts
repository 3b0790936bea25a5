/**
 * Decides transfers between the chains from what settlement-chain blocks say, each once: a lock that is derived by its
 * deadline completes, all else is refunded. A pure function of state, header and blocks, so every node decides alike. What
 * was decided is done here at once; the settlement chain follows by an action in a later batch, and by nothing else.
 */
import type { Hash, Height } from '../../consensus/primitives/flavor.ts';
import { gatherFees } from '../atomic/fees.ts';
import { creditAccount } from '../ledger/accounts.ts';
import { ASSET_SUPPLY_MAX, assetIndexOf } from '../ledger/assets.ts';
import type { LedgerRules } from '../ledger/types.ts';
import { type CrossChainEvent, isInboundTransferId } from '../net/crossChain.ts';
import type { SettlementBlock } from '../net/settlement.ts';
import { isCrossChain } from '../net/settlementBlock.ts';
import { type FeeRates, networkFee } from '../networkFee.ts';
import type { State } from '../state.ts';
import type { CrossChainCode } from './codes.ts';
import {
  bridgedOf,
  countBridged,
  countOpen,
  crossChainCounters,
  dequeue,
  enqueue,
  transferOf,
} from './queue.ts';
import { deadlineKey, deadlinesTable, transfersTable } from './tables.ts';
import type { CrossChainFact, CrossChainOutcome, CrossChainState, CrossChainTransfer } from './types.ts';

export interface CrossChainContext {
  readonly ledger: LedgerRules;
  readonly rates: FeeRates;
  readonly height: Height;
  /** The settlement-chain blocks in (parent's origin, origin], ascending; often none. */
  readonly blocks: readonly SettlementBlock[];
}

type Deposited = Extract<CrossChainEvent, { type: 'cross_chain_deposited' }>;

const noFacts: readonly CrossChainFact[] = Object.freeze([]);

/** Applies what a header's settlement blocks say of transfers. Call it once for each executed header, before its transactions. */
export function deriveCrossChain(state: State, context: CrossChainContext): readonly CrossChainFact[] {
  if (context.blocks.length === 0) return noFacts;
  return new CrossChainDerivation(state, context).derive();
}

class CrossChainDerivation {
  readonly #state: State;
  readonly #context: CrossChainContext;
  readonly #facts: CrossChainFact[] = [];

  constructor(state: State, context: CrossChainContext) {
    this.#state = state;
    this.#context = context;
  }

  derive(): readonly CrossChainFact[] {
    const { openCount } = crossChainCounters(this.#state);
    const waiting = openCount === 0 ? [] : this.#state.entries(deadlinesTable).map(([, id]) => id);
    for (const block of this.#context.blocks) {
      for (const transferId of waiting) this.#timeOut(transferId, block);
      for (const event of block.events) if (isCrossChain(event)) this.#follow(event);
    }
    return this.#facts;
  }

  #follow(event: CrossChainEvent): void {
    if (event.type === 'cross_chain_deposited') {
      this.#receive(event);
      return;
    }
    const transfer = transferOf(this.#state, event.transferId);
    if (transfer === undefined) return;
    const { state } = transfer;
    switch (event.type) {
      case 'cross_chain_locked':
        if (state === 'open') this.#complete({ ...transfer, settlementFee: event.fee });
        // It timed out meanwhile: what lies locked goes back.
        else if (state === 'refunding') this.#order(transfer, 'refund');
        return;
      case 'cross_chain_refused':
        if (state === 'open') this.#giveBack(transfer, 'CROSS_CHAIN_REFUSED', 'refunded');
        else if (state === 'refunding') this.#close(transfer, 'refund');
        return;
      case 'cross_chain_completed':
        if (state === 'completing') this.#close(transfer, 'complete');
        return;
      case 'cross_chain_refunded':
        if (state === 'refunding') this.#close(transfer, 'refund');
    }
  }

  /** An open transfer whose deadline lies before the block was not locked in time. */
  #timeOut(transferId: Hash, { height }: SettlementBlock): void {
    const transfer = transferOf(this.#state, transferId);
    if (transfer?.state !== 'open' || transfer.deadlineHeight >= height) return;
    // A lock that no batch has taken along yet never happens.
    const hasLeft = transfer.queuePosition === undefined;
    this.#giveBack(transfer, 'CROSS_CHAIN_TIMED_OUT', hasLeft ? 'refunding' : 'refunded');
  }

  /** The amount leaves for good, but for the fee. */
  #complete(transfer: CrossChainTransfer): void {
    const { asset, amount, sidechainFee: fee } = transfer;
    this.#endWaiting(transfer);
    gatherFees(this.#state, asset, fee);
    const bridged = fee - amount;
    countBridged(this.#state, asset, bridged);
    this.#order({ ...transfer, state: 'completing' }, 'complete');
    this.#decided(transfer, { outcome: 'complete', reason: undefined, fee, bridged });
  }

  #giveBack(transfer: CrossChainTransfer, reason: CrossChainCode, next: 'refunding' | 'refunded'): void {
    const { from, asset, amount } = transfer;
    this.#endWaiting(transfer);
    creditAccount(this.#state, this.#context.ledger, from, asset, amount);
    const refunding: CrossChainTransfer = { ...dequeue(this.#state, transfer), state: 'refunding', reason };
    this.#decided(refunding, { outcome: 'refund', reason, fee: 0n, bridged: 0n });
    if (next === 'refunded') this.#close(refunding, 'refund');
    else this.#state.set(transfersTable, transfer.transferId, refunding);
  }

  /** A deposit is decided in the header that derives it. */
  #receive(event: Deposited): void {
    const { transferId, from, to, asset, amount, fee: settlementFee, deadlineHeight } = event;
    if (transferOf(this.#state, transferId) !== undefined) return;
    const net = amount - settlementFee;
    const sidechainFee = networkFee(net, this.#context.rates);
    const reason = this.#refusalOf(event, net, sidechainFee);
    const transfer: CrossChainTransfer = {
      transferId,
      from,
      to,
      asset,
      amount,
      sidechainFee,
      settlementFee,
      deadlineHeight,
      state: reason === undefined ? 'completing' : 'refunding',
      reason,
      queuePosition: undefined,
      openedAtHeight: this.#context.height,
    };
    if (reason === undefined) {
      creditAccount(this.#state, this.#context.ledger, to, asset, net - sidechainFee);
      gatherFees(this.#state, asset, sidechainFee);
      countBridged(this.#state, asset, net);
    }
    const outcome = reason === undefined ? 'complete' : 'refund';
    this.#order(transfer, outcome);
    const moved = reason === undefined ? { fee: sidechainFee, bridged: net } : { fee: 0n, bridged: 0n };
    this.#decided(transfer, { outcome, reason, ...moved });
  }

  #refusalOf({ asset, deadlineHeight }: Deposited, net: bigint, fee: bigint): CrossChainCode | undefined {
    const { ledger, blocks } = this.#context;
    if (assetIndexOf(ledger, asset) < 0) return 'CROSS_CHAIN_ASSET_UNKNOWN';
    if (fee === net) return 'CROSS_CHAIN_AMOUNT_TOO_SMALL';
    if ((blocks.at(-1)?.height ?? 0) > deadlineHeight) return 'CROSS_CHAIN_TIMED_OUT';
    return bridgedOf(this.#state, asset) + net > ASSET_SUPPLY_MAX ? 'CROSS_CHAIN_SUPPLY_EXCEEDED' : undefined;
  }

  /** Tells the settlement chain with a later batch. */
  #order(transfer: CrossChainTransfer, type: CrossChainOutcome): void {
    enqueue(this.#state, dequeue(this.#state, transfer), { type, transferId: transfer.transferId });
  }

  /** Both sides are done. */
  #close(transfer: CrossChainTransfer, outcome: CrossChainOutcome): void {
    const { transferId } = transfer;
    const closed = dequeue(this.#state, transfer);
    const state: CrossChainState = outcome === 'complete' ? 'completed' : 'refunded';
    this.#state.set(transfersTable, transferId, { ...closed, state });
    const isInbound = isInboundTransferId(transferId);
    if (!isInbound) countOpen(this.#state, -1);
    this.#facts.push({ type: 'cross_chain_closed', transferId, direction: directionOf(isInbound), outcome });
  }

  #endWaiting({ deadlineHeight, transferId }: CrossChainTransfer): void {
    this.#state.set(deadlinesTable, deadlineKey(deadlineHeight, transferId), undefined);
  }

  #decided(
    { transferId, asset, amount }: CrossChainTransfer,
    decision: Pick<
      Extract<CrossChainFact, { type: 'cross_chain_decided' }>,
      'outcome' | 'reason' | 'fee' | 'bridged'
    >,
  ): void {
    const direction = directionOf(isInboundTransferId(transferId));
    this.#facts.push({ type: 'cross_chain_decided', transferId, direction, asset, amount, ...decision });
  }
}

function directionOf(isInbound: boolean): 'inbound' | 'outbound' {
  return isInbound ? 'inbound' : 'outbound';
}
