/** One sample of every event a run can report, typed so that a new event does not compile without one. */
import { autoBatchEventLine } from '../../node/api/autoBatchEvents.ts';
import { inputEventLine } from '../../node/api/inputEvents.ts';
import type { AutoBatchEvent } from '../../node/autobatch/engine/events.ts';
import type { BatcherEvent } from '../../node/batcher/pipeline/events.ts';
import type { NodeEvent } from '../../node/core/events.ts';
import { Trace } from '../../node/report/events.ts';
import type { AtomicFact } from '../../settlement/atomic/types.ts';
import type { CrossChainFact } from '../../settlement/bridge/types.ts';
import type { PostedFact } from '../../settlement/execution/postedInputs.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { NetFact, SealedBatch } from '../../settlement/net/types.ts';

type SampleOf<Union extends { readonly type: string }> = {
  readonly [Type in Union['type']]: Extract<Union, { readonly type: Type }>;
};

const hash = `0x${'00'.repeat(32)}`;
const address = `0x${'00'.repeat(20)}`;

const batch: SealedBatch = {
  seq: 1,
  fromHeight: 1,
  toHeight: 5,
  net: [],
  fees: [],
  liquidations: 0,
  borrowed: [],
  repaid: [],
  commitment: hash,
  attempts: [
    {
      attempt: 1,
      proposer: 0,
      actions: [],
      assignedAtHeight: 5,
      outcome: undefined,
      revertCode: undefined,
    },
  ],
  clockCount: 0,
  clockStartHeight: 6,
  heldSlash: 0n,
  missedBy: [],
};

const facts: SampleOf<NetFact> = {
  window_closed: { type: 'window_closed', index: 0, fromHeight: 1, toHeight: 5, empty: false, batch: 1 },
  batch_sealed: { type: 'batch_sealed', batch },
  batch_confirmed: {
    type: 'batch_confirmed',
    batch,
    settlementHeight: 2,
    includedAtMs: 10_000,
    settler: 0,
    attempt: 1,
    transactionHash: hash,
    amountsIn: [],
    gasUsed: 1,
    fee: 1n,
  },
  batch_reverted: {
    type: 'batch_reverted',
    seq: 1,
    proposer: 0,
    attempt: 1,
    code: 'SLIPPAGE_EXCEEDED',
    settlementHeight: 2,
    transactionHash: hash,
    fee: 1n,
    counted: true,
  },
  batch_missed: { type: 'batch_missed', seq: 1, proposer: 0, attempt: 1, clockCount: 7 },
  batch_assigned: { type: 'batch_assigned', seq: 1, proposer: 0, attempt: 1 },
  slashed: {
    type: 'slashed',
    validator: 0,
    reason: 'missed_settlement',
    batch: 1,
    attempt: 1,
    amount: 10n,
  },
  jailed: { type: 'jailed', validator: 0, untilHeight: 155 },
  unjailed: { type: 'unjailed', validator: 0 },
  tombstoned: { type: 'tombstoned', validator: 0 },
};

const terms = { asset: 'UM', amount: 1n, to: hash } as const;
const fee = { proposalId: hash, networkFeeBps: 30 } as const;
const tally = { yes: 2n, no: 0n, bonded: 4n } as const;

/** Every fact of atomic settlement, once. */
const atomicFacts: SampleOf<AtomicFact> = {
  atomic_batch_completed: { type: 'atomic_batch_completed', batchId: hash, requestCount: 1, fees: [] },
  atomic_batch_failed: {
    type: 'atomic_batch_failed',
    batchId: hash,
    failure: { code: 'CODE', failedAt: 0, completed: 0, details: {} },
  },
  escrow_opened: { type: 'escrow_opened', escrowId: hash, payer: hash, asset: 'UM', amount: 1n },
  escrow_released: {
    type: 'escrow_released',
    escrowId: hash,
    settlementId: hash,
    asset: 'UM',
    amount: 1n,
    left: 0n,
  },
  escrow_refunded: { type: 'escrow_refunded', escrowId: hash, payer: hash, asset: 'UM', amount: 1n },
  channel_opened: {
    type: 'channel_opened',
    channelId: hash,
    payer: hash,
    payee: hash,
    asset: 'UM',
    amount: 1n,
  },
  channel_closing: {
    type: 'channel_closing',
    channelId: hash,
    by: hash,
    amount: 1n,
    nonce: 1,
    endsAtMs: 0,
  },
  channel_disputed: { type: 'channel_disputed', channelId: hash, amount: 1n, nonce: 1, endsAtMs: 0 },
  channel_closed: {
    type: 'channel_closed',
    channelId: hash,
    settlementId: hash,
    asset: 'UM',
    amount: 1n,
    returned: 0n,
  },
  treasury_flushed: { type: 'treasury_flushed', fees: [] },
  treasury_withdrawal_proposed: {
    type: 'treasury_withdrawal_proposed',
    withdrawalId: hash,
    keeper: hash,
    ...terms,
    expiresAtHeight: 9,
  },
  treasury_withdrawal_approved: {
    type: 'treasury_withdrawal_approved',
    withdrawalId: hash,
    keeper: hash,
    approvalCount: 2,
  },
  treasury_withdrawn: { type: 'treasury_withdrawn', withdrawalId: hash, ...terms },
  treasury_withdrawal_expired: { type: 'treasury_withdrawal_expired', withdrawalId: hash, ...terms },
  proposal_opened: {
    type: 'proposal_opened',
    ...fee,
    validator: 0,
    votingEndsAtMs: 1,
    activatesAtMs: 2,
  },
  proposal_voted: { type: 'proposal_voted', proposalId: hash, validator: 0, vote: 'yes' },
  proposal_passed: { type: 'proposal_passed', ...fee, ...tally, activatesAtMs: 2 },
  proposal_rejected: { type: 'proposal_rejected', ...fee, reason: 'quorum', ...tally },
  proposal_activated: { type: 'proposal_activated', ...fee },
};

/** Every fact of transfers between the chains, once. */
const crossChainFacts: SampleOf<CrossChainFact> = {
  cross_chain_opened: {
    type: 'cross_chain_opened',
    transferId: hash,
    from: hash,
    to: hash,
    asset: 'UM',
    amount: 1n,
    deadlineHeight: 1,
  },
  cross_chain_decided: {
    type: 'cross_chain_decided',
    transferId: hash,
    direction: 'outbound',
    outcome: 'refund',
    reason: 'CROSS_CHAIN_TIMED_OUT',
    asset: 'UM',
    amount: 1n,
    fee: 0n,
    bridged: 0n,
  },
  cross_chain_closed: {
    type: 'cross_chain_closed',
    transferId: hash,
    direction: 'outbound',
    outcome: 'refund',
  },
};

/** Every fact of posted inputs, once. */
const postedFacts: SampleOf<PostedFact> = {
  input_posted: { type: 'input_posted', transactionHash: hash, settlementHeight: 1, inputCount: 2 },
  posted_input_executed: {
    type: 'posted_input_executed',
    transactionHash: hash,
    index: 0,
    transactionId: hash,
    result: 'ok',
  },
  posted_input_refused: {
    type: 'posted_input_refused',
    transactionHash: hash,
    index: 1,
    code: 'ENCODING_INVALID',
  },
};

const finalized: Extract<NodeEvent, { type: 'block_finalized' }> = {
  type: 'block_finalized',
  height: 1,
  view: 1,
  hash,
  timestampMs: 0,
  leader: 0,
  stateRoot: hash,
  originHeight: 0,
  facts: Object.values(facts),
  atomicFacts: Object.values(atomicFacts),
  crossChainFacts: Object.values(crossChainFacts),
  postedFacts: Object.values(postedFacts),
  transactions: [{ transactionId: hash, type: 'borrow', from: hash, result: 'ok' }],
};

/** Every event a node can emit, once. */
export const nodeEvents: SampleOf<NodeEvent> = {
  block_proposed: { type: 'block_proposed', height: 1, view: 1, hash, transactions: 0 },
  block_notarized: { type: 'block_notarized', height: 1, view: 1, hash },
  view_nullified: { type: 'view_nullified', view: 1 },
  block_finalized: finalized,
  batch_submitted: { type: 'batch_submitted', seq: 1, attempt: 1, transactionHash: hash, feeCap: 1n },
  batch_included: {
    type: 'batch_included',
    seq: 1,
    attempt: 1,
    settlementHeight: 2,
    transactionHash: hash,
  },
  completion_gossiped: { type: 'completion_gossiped', seq: 1, transactionHash: hash },
  atomic_batch_published: { type: 'atomic_batch_published', height: 1, batchCount: 1 },
  equivocation_seen: { type: 'equivocation_seen', validator: 0, view: 1, batch: 1, attempt: 1 },
  warning: { type: 'warning', code: 'CODE', message: 'text' },
};

const settlementBlock: SettlementBlock = {
  height: 1,
  hash,
  parentHash: hash,
  timestampMs: 5000,
  baseFee: 1n,
  gasUsed: 0,
  gasLimit: 1,
  events: [],
  reserves: [],
  nextBaseFee: 1n,
  lastSettledSeq: 0,
};

const ofBatch = { target: 'sidechain', batchId: 'a1' } as const;
const ofInput = { target: 'sidechain', requestId: hash } as const;

/** What happens to inputs, at the node that took them. */
export const inputEvents: SampleOf<BatcherEvent> = {
  'input:queued': { type: 'input:queued', ...ofInput },
  'input:charged': { type: 'input:charged', ...ofInput, attempts: 1, code: 'CODE' },
  'input:confirmed': { type: 'input:confirmed', ...ofInput, transactionHash: hash },
  'input:failed': { type: 'input:failed', ...ofInput, code: 'CODE' },
  'batch:open': { type: 'batch:open', ...ofBatch, requestIds: [hash] },
  'batch:recover': { type: 'batch:recover', ...ofBatch, requestIds: [hash] },
  'batch:submit': { type: 'batch:submit', ...ofBatch, transactionHash: hash, fee: 1n, inputs: 1 },
  'batch:receipt-timeout': { type: 'batch:receipt-timeout', ...ofBatch, transactionHash: undefined },
  'batch:receipt': {
    type: 'batch:receipt',
    ...ofBatch,
    transactionHash: hash,
    blockNumber: 1,
    confirmed: 1,
    failed: 0,
    returned: 0,
  },
  'batch:effectstream-processed': {
    type: 'batch:effectstream-processed',
    target: 'sidechain',
    transactionHash: hash,
    rollup: 1,
    requestIds: [hash],
  },
  'batch:return': { type: 'batch:return', ...ofBatch, why: 'lost', parts: [1] },
  'target:parked': {
    type: 'target:parked',
    target: 'sidechain',
    code: 'CODE',
    reason: 'text',
    failures: 1,
    restMs: 1000,
  },
  'target:recovered': { type: 'target:recovered', target: 'sidechain' },
  'criteria:failed': { type: 'criteria:failed', target: 'sidechain', reason: 'text' },
  'adapter:failed': { type: 'adapter:failed', target: 'sidechain', step: 'buildBatchData', reason: 'text' },
  'inputs:pruned': { type: 'inputs:pruned', inputs: 1 },
  'storage:lost': { type: 'storage:lost', code: 'CODE', reason: 'text' },
  'storage:back': { type: 'storage:back' },
};

const ofOrders = { batchId: hash, party: address, size: 1, attempts: 1 } as const;

/** What happens to batches of orders, at the node whose engine did it. */
export const autoBatchEvents: SampleOf<AutoBatchEvent> = {
  auto_batch_prepared: { type: 'auto_batch_prepared', ...ofOrders },
  auto_batch_submitted: { type: 'auto_batch_submitted', ...ofOrders },
  auto_batch_accepted: { type: 'auto_batch_accepted', ...ofOrders },
  auto_batch_confirmed: { type: 'auto_batch_confirmed', ...ofOrders },
  auto_batch_failed: {
    type: 'auto_batch_failed',
    ...ofOrders,
    kind: 'rejected',
    code: 'CODE',
    failedAt: undefined,
  },
  auto_batch_released: { type: 'auto_batch_released', ...ofOrders, code: 'CODE' },
  auto_batch_order_rejected: {
    type: 'auto_batch_order_rejected',
    ...ofOrders,
    code: 'CODE',
    orderId: hash,
  },
  auto_batch_order_paid_before: { type: 'auto_batch_order_paid_before', ...ofOrders, orderId: hash },
  auto_batch_pruned: { type: 'auto_batch_pruned', orders: 1, batches: 1 },
  auto_batch_loop_failed: {
    type: 'auto_batch_loop_failed',
    loop: 'batching',
    reason: 'text',
    restMs: 1000,
  },
};

/** Types and fields of what happens to inputs and to batches of orders. */
export function listServiceEventFields(): ReadonlyMap<string, readonly string[]> {
  const lines = [
    ...Object.values(inputEvents).map((event) => inputEventLine(0, 'node-0', event)),
    ...Object.values(autoBatchEvents).map((event) => autoBatchEventLine(0, 'node-0', event)),
  ];
  return new Map(lines.map(({ t: _t, node: _node, type, ...rest }) => [type, Object.keys(rest)]));
}

/** Fields of each event type, in the order of a line, without `t`, `node` and `type`. */
export function listEventFields(): ReadonlyMap<string, readonly string[]> {
  const fields = new Map<string, readonly string[]>();
  const trace = new Trace({
    nodeNames: ['node-0'],
    labelOf: () => undefined,
    onLine: (line) => {
      const { t: _t, node: _node, type, ...rest } = JSON.parse(line) as Record<string, unknown>;
      fields.set(String(type), Object.keys(rest));
    },
  });
  for (const event of Object.values(nodeEvents)) trace.reportNode(0, 0, event);
  const emptied: NetFact = { ...facts.window_closed, empty: true, batch: undefined };
  trace.reportFacts(0, { ...finalized, facts: [...finalized.facts, emptied] });
  trace.reportSettlementBlock(0, settlementBlock);
  return fields;
}
