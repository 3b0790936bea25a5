/**
 * The JSON of events, one shape for every engine (docs/results.md, events.ndjson): fields of the rare events and of
 * facts, and whole lines for one node's live stream. Key order is fixed here.
 */
import type { Height, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { ChannelClosing } from '../../settlement/atomic/channelTypes.ts';
import type { FeeProposalFact, Tally } from '../../settlement/atomic/feeProposalTypes.ts';
import type { TreasuryFact } from '../../settlement/atomic/treasuryTypes.ts';
import type { AtomicFact } from '../../settlement/atomic/types.ts';
import type { CrossChainFact } from '../../settlement/bridge/types.ts';
import type { PostedFact } from '../../settlement/execution/postedInputs.ts';
import type { CrossChainAction } from '../../settlement/net/crossChain.ts';
import type { AssetAmount, SettlementBlock } from '../../settlement/net/settlement.ts';
import type { NetFact, SealedBatch } from '../../settlement/net/types.ts';
import type { NodeEvent } from './events.ts';

export type JsonFields = Readonly<Record<string, unknown>>;
/** Events that only some blocks have. */
export type RareEvent = Exclude<
  NodeEvent,
  { type: 'block_proposed' | 'block_notarized' | 'block_finalized' }
>;
type FinalizedEvent = Extract<NodeEvent, { type: 'block_finalized' }>;
export type NameOf = (validator: ValidatorIndex) => string;

/** One line of an event stream. */
export interface EventLine extends JsonFields {
  readonly t: TimeMs;
  readonly node: string | null;
  readonly type: string;
}

/** How a stream names validators and accounts. */
export interface EventNames {
  readonly nameOf: NameOf;
  /** Label of an account, or undefined for one that has none. */
  readonly labelOf: (address: string) => string | undefined;
}

/**
 * The lines that one event of a node makes in its own stream. A final block makes several: what it brought to light
 * follows it, with `node` null.
 */
export function eventLines(
  nowMs: TimeMs,
  node: ValidatorIndex,
  event: NodeEvent,
  names: EventNames,
): EventLine[] {
  const start = { t: nowMs, node: names.nameOf(node), type: event.type };
  switch (event.type) {
    case 'block_proposed':
      return [
        {
          ...start,
          height: event.height,
          view: event.view,
          hash: event.hash,
          transactions: event.transactions,
        },
      ];
    case 'block_notarized':
      return [{ ...start, height: event.height, view: event.view, hash: event.hash }];
    case 'block_finalized': {
      const line = {
        ...start,
        height: event.height,
        view: event.view,
        hash: event.hash,
        timestamp_ms: event.timestampMs,
        leader: names.nameOf(event.leader),
        state_root: event.stateRoot,
        origin_height: event.originHeight,
      };
      return [line, ...networkLines(nowMs, event, names)];
    }
    default:
      return [{ ...start, ...rareFields(event, names.nameOf) }];
  }
}

/** What a final block brought to light: its transactions, then its facts, those of atomic settlement, of transfers and of posted inputs. */
function networkLines(nowMs: TimeMs, event: FinalizedEvent, names: EventNames): EventLine[] {
  const { height } = event;
  const lines: EventLine[] = event.transactions.map(({ transactionId, type, from, result }) => ({
    t: nowMs,
    node: null,
    type: 'transaction_executed',
    height,
    id: transactionId,
    operation: type,
    from: names.labelOf(from) ?? from,
    result,
  }));
  for (const fact of event.facts) {
    const fields = factFields(fact, names.nameOf);
    lines.push({ t: nowMs, node: null, type: factType(fact), height, ...fields });
  }
  for (const fact of event.atomicFacts)
    lines.push({ t: nowMs, node: null, type: fact.type, height, ...atomicFactFields(fact, names.nameOf) });
  for (const fact of event.crossChainFacts)
    lines.push({ t: nowMs, node: null, type: fact.type, height, ...crossChainFactFields(fact) });
  for (const fact of event.postedFacts)
    lines.push({ t: nowMs, node: null, type: fact.type, height, ...postedFactFields(fact) });
  return lines;
}

/** The line of a settlement-chain block. */
export function settlementBlockLine(nowMs: TimeMs, block: SettlementBlock): EventLine {
  return {
    t: nowMs,
    node: null,
    type: 'settlement_block',
    height: block.height,
    hash: block.hash,
    base_fee: String(block.baseFee),
    gas_used: block.gasUsed,
    events: block.events.length,
  };
}

/** The event type that a fact is told as. */
export function factType(fact: NetFact): string {
  return fact.type === 'window_closed' && fact.empty ? 'empty_window' : fact.type;
}

/** Fields of an event that only some blocks have. */
export function rareFields(event: RareEvent, nameOf: NameOf): JsonFields {
  switch (event.type) {
    case 'view_nullified':
      return { view: event.view };
    case 'batch_submitted':
      return {
        batch: event.seq,
        attempt: event.attempt,
        transaction_hash: event.transactionHash,
        fee_cap: String(event.feeCap),
      };
    case 'batch_included':
      return {
        batch: event.seq,
        attempt: event.attempt,
        settlement_height: event.settlementHeight,
        transaction_hash: event.transactionHash,
      };
    case 'completion_gossiped':
      return { batch: event.seq, transaction_hash: event.transactionHash };
    case 'atomic_batch_published':
      return { height: event.height, batches: event.batchCount };
    case 'equivocation_seen':
      return {
        validator: nameOf(event.validator),
        view: event.view,
        batch: event.batch,
        attempt: event.attempt,
      };
    case 'warning':
      return { code: event.code, message: event.message };
  }
}

/** Fields of what a final block brought to light. */
export function factFields(fact: NetFact, nameOf: NameOf): JsonFields {
  switch (fact.type) {
    case 'window_closed':
      return {
        index: fact.index,
        from_height: fact.fromHeight,
        to_height: fact.toHeight,
        ...(fact.batch === undefined ? {} : { batch: fact.batch }),
      };
    case 'batch_sealed':
      return sealedFields(fact.batch, nameOf);
    case 'batch_confirmed':
      return {
        batch: fact.batch.seq,
        settlement_height: fact.settlementHeight,
        included_at_ms: fact.includedAtMs,
        settler: nameOf(fact.settler),
        attempt: fact.attempt,
        transaction_hash: fact.transactionHash,
        gas_used: fact.gasUsed,
        fee: String(fact.fee),
      };
    case 'batch_reverted':
      return {
        batch: fact.seq,
        proposer: nameOf(fact.proposer),
        attempt: fact.attempt,
        code: fact.code,
        settlement_height: fact.settlementHeight,
        transaction_hash: fact.transactionHash,
        fee: String(fact.fee),
        counted: fact.counted,
      };
    case 'batch_missed':
      return {
        batch: fact.seq,
        proposer: nameOf(fact.proposer),
        attempt: fact.attempt,
        clock_count: fact.clockCount,
      };
    case 'batch_assigned':
      return { batch: fact.seq, proposer: nameOf(fact.proposer), attempt: fact.attempt };
    case 'slashed':
      return {
        validator: nameOf(fact.validator),
        reason: fact.reason,
        batch: fact.batch ?? null,
        attempt: fact.attempt ?? null,
        amount: String(fact.amount),
      };
    case 'jailed':
      return { validator: nameOf(fact.validator), until_height: fact.untilHeight };
    case 'unjailed':
    case 'tombstoned':
      return { validator: nameOf(fact.validator) };
  }
}

/** Fields of what atomic settlement brought to light in a final block. */
export function atomicFactFields(fact: AtomicFact, nameOf: NameOf): JsonFields {
  switch (fact.type) {
    case 'atomic_batch_completed':
      return { batch_id: fact.batchId, requests: fact.requestCount, fees: amountsByAsset(fact.fees) };
    case 'atomic_batch_failed':
      return {
        batch_id: fact.batchId,
        code: fact.failure.code,
        failed_at: fact.failure.failedAt,
        completed: fact.failure.completed,
      };
    case 'escrow_opened':
    case 'escrow_refunded':
      return {
        escrow_id: fact.escrowId,
        payer: fact.payer,
        asset: fact.asset,
        amount: String(fact.amount),
      };
    case 'escrow_released':
      return {
        escrow_id: fact.escrowId,
        settlement_id: fact.settlementId,
        asset: fact.asset,
        amount: String(fact.amount),
        left: String(fact.left),
      };
    case 'channel_opened':
      return {
        channel_id: fact.channelId,
        payer: fact.payer,
        payee: fact.payee,
        asset: fact.asset,
        amount: String(fact.amount),
      };
    case 'channel_closing':
      return { channel_id: fact.channelId, by: fact.by, ...closingFields(fact) };
    case 'channel_disputed':
      return { channel_id: fact.channelId, ...closingFields(fact) };
    case 'channel_closed':
      return {
        channel_id: fact.channelId,
        settlement_id: fact.settlementId,
        asset: fact.asset,
        amount: String(fact.amount),
        returned: String(fact.returned),
      };
    case 'treasury_flushed':
      return { fees: amountsByAsset(fact.fees) };
    case 'treasury_withdrawal_proposed':
    case 'treasury_withdrawal_approved':
    case 'treasury_withdrawn':
    case 'treasury_withdrawal_expired':
      return treasuryFields(fact);
    case 'proposal_opened':
    case 'proposal_voted':
    case 'proposal_passed':
    case 'proposal_rejected':
    case 'proposal_activated':
      return feeProposalFields(fact, nameOf);
  }
}

function closingFields({ amount, nonce, endsAtMs }: ChannelClosing): JsonFields {
  return { amount: String(amount), nonce, ends_at_ms: endsAtMs };
}

function treasuryFields(fact: TreasuryFact): JsonFields {
  const id = { withdrawal_id: fact.withdrawalId };
  if (fact.type === 'treasury_withdrawal_approved')
    return { ...id, keeper: fact.keeper, approvals: fact.approvalCount };
  const terms = { asset: fact.asset, amount: String(fact.amount), to: fact.to };
  if (fact.type !== 'treasury_withdrawal_proposed') return { ...id, ...terms };
  return { ...id, keeper: fact.keeper, ...terms, expires_at_height: fact.expiresAtHeight };
}

function feeProposalFields(fact: FeeProposalFact, nameOf: NameOf): JsonFields {
  const id = { proposal_id: fact.proposalId };
  if (fact.type === 'proposal_voted') return { ...id, validator: nameOf(fact.validator), vote: fact.vote };
  const fee = { ...id, network_fee_bps: fact.networkFeeBps };
  switch (fact.type) {
    case 'proposal_opened': {
      const times = { voting_ends_at_ms: fact.votingEndsAtMs, activates_at_ms: fact.activatesAtMs };
      return { ...fee, validator: nameOf(fact.validator), ...times };
    }
    case 'proposal_passed':
      return { ...fee, ...tallyFields(fact), activates_at_ms: fact.activatesAtMs };
    case 'proposal_rejected':
      return { ...fee, reason: fact.reason, ...tallyFields(fact) };
    case 'proposal_activated':
      return fee;
  }
}

/** Stake that voted either way, and all that counted. */
export function tallyFields({ yes, no, bonded }: Tally): {
  readonly yes: string;
  readonly no: string;
  readonly bonded: string;
} {
  return { yes: String(yes), no: String(no), bonded: String(bonded) };
}

/** Fields of what became of transfers between the chains in a final block. */
export function crossChainFactFields(fact: CrossChainFact): JsonFields {
  switch (fact.type) {
    case 'cross_chain_opened':
      return {
        transfer_id: fact.transferId,
        from: fact.from,
        to: fact.to,
        asset: fact.asset,
        amount: String(fact.amount),
        deadline_height: fact.deadlineHeight,
      };
    case 'cross_chain_decided':
      return {
        transfer_id: fact.transferId,
        direction: fact.direction,
        outcome: fact.outcome,
        ...(fact.reason === undefined ? {} : { reason: fact.reason }),
        asset: fact.asset,
        amount: String(fact.amount),
        fee: String(fact.fee),
        bridged: String(fact.bridged),
      };
    case 'cross_chain_closed':
      return { transfer_id: fact.transferId, direction: fact.direction, outcome: fact.outcome };
  }
}

/** Fields of what became of posted inputs in a final block. */
export function postedFactFields(fact: PostedFact): JsonFields {
  const { transactionHash: transaction_hash } = fact;
  switch (fact.type) {
    case 'input_posted':
      return { transaction_hash, settlement_height: fact.settlementHeight, inputs: fact.inputCount };
    case 'posted_input_executed':
      return { transaction_hash, index: fact.index, id: fact.transactionId, result: fact.result };
    case 'posted_input_refused':
      return { transaction_hash, index: fact.index ?? null, code: fact.code };
  }
}

function sealedFields(batch: SealedBatch, nameOf: NameOf): JsonFields {
  const attempt = batch.attempts.at(-1);
  return {
    batch: batch.seq,
    ...batchContentFields(batch),
    proposer: attempt === undefined ? null : nameOf(attempt.proposer),
    commitment: batch.commitment,
  };
}

/** What a sealed batch holds, wherever it is shown. */
export function batchContentFields(batch: SealedBatch): {
  readonly from_height: Height;
  readonly to_height: Height;
  readonly borrowed: Record<string, string>;
  readonly repaid: Record<string, string>;
  readonly net: Record<string, string>;
  readonly fees: Record<string, string>;
  readonly liquidations: number;
  readonly cross_chain?: { readonly type: CrossChainAction['type']; readonly transfer_id: string }[];
} {
  return {
    from_height: batch.fromHeight,
    to_height: batch.toHeight,
    borrowed: amountsByAsset(batch.borrowed),
    repaid: amountsByAsset(batch.repaid),
    net: amountsByAsset(batch.net),
    fees: amountsByAsset(batch.fees),
    liquidations: batch.liquidations,
    ...(batch.crossChain === undefined
      ? {}
      : { cross_chain: batch.crossChain.map(({ type, transferId }) => ({ type, transfer_id: transferId })) }),
  };
}

/** Amounts as decimal strings by asset, in the list's order. */
export function amountsByAsset(amounts: readonly AssetAmount[]): Record<string, string> {
  const strings: Record<string, string> = {};
  for (const { asset, amount } of amounts) strings[asset] = String(amount);
  return strings;
}
