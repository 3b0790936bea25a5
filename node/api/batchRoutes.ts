/** `GET /batches`, `GET /batches/:seq`: net batches, those that wait for settlement and the settled ones still kept. */
import { type Static, Type } from '@sinclair/typebox';
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import { netCounters, pendingBatch } from '../../settlement/net/netState.ts';
import type { SealedBatch } from '../../settlement/net/types.ts';
import type { SettledBatch } from '../core/archive.ts';
import { batchContentFields } from '../core/eventFields.ts';
import type { NodeReader } from '../core/reader.ts';
import {
  amountField,
  amountsField,
  closed,
  countField,
  hashExample,
  hashField,
  heightField,
  nameField,
  nextBeforeField,
  PAGE_DEFAULT,
  pageQuery,
  signedAmountsField,
  timeField,
} from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { defineRoute, ok, type Route, refusal } from './route.ts';

const actionSchema = Type.Object(
  {
    type: Type.Union([Type.Literal('swap'), Type.Literal('draw'), Type.Literal('ibc_transfer')]),
    asset: Type.String(),
    amount: amountField,
    amount_in_max: Type.Optional(amountField),
    amount_in: Type.Optional(amountField),
  },
  closed,
);

const attemptSchema = Type.Object(
  {
    attempt: Type.Integer({ minimum: 1 }),
    proposer: nameField,
    assigned_at_height: heightField,
    outcome: Type.Optional(
      Type.Union(['confirmed', 'reverted', 'missed', 'superseded'].map((one) => Type.Literal(one))),
    ),
    revert_code: Type.Optional(Type.String()),
  },
  closed,
);

export const batchSchema = Type.Object(
  {
    seq: Type.Integer({ minimum: 1 }),
    from_height: heightField,
    to_height: heightField,
    state: Type.Union([Type.Literal('sealed'), Type.Literal('included'), Type.Literal('confirmed')]),
    borrowed: amountsField,
    repaid: amountsField,
    net: signedAmountsField,
    fees: amountsField,
    liquidations: countField,
    cross_chain: Type.Optional(
      Type.Array(Type.Object({ type: Type.String(), transfer_id: hashField }, closed), {
        description: 'actions of transfers between the chains that it carries',
      }),
    ),
    commitment: hashField,
    actions: Type.Array(actionSchema),
    attempts: Type.Array(attemptSchema, { description: 'the newest 64' }),
    sealed_at_ms: Type.Optional(timeField),
    clock: Type.Optional(
      Type.Object(
        {
          count: countField,
          deadline: countField,
          start_height: Type.Optional(heightField),
        },
        { ...closed, description: 'duty clock of the running attempt, in settlement blocks' },
      ),
    ),
    settler: Type.Optional(nameField),
    included_at_ms: Type.Optional(timeField),
    settlement_height: Type.Optional(heightField),
    transaction_hash: Type.Optional(hashField),
    gas_used: Type.Optional(countField),
    fee: Type.Optional(amountField),
    confirmed_at_height: Type.Optional(heightField),
    confirmed_at_ms: Type.Optional(timeField),
  },
  closed,
);
export type ShownBatch = Static<typeof batchSchema>;
export interface BatchesAnswer {
  readonly batches: readonly ShownBatch[];
}

const batchExample: ShownBatch = {
  seq: 1,
  from_height: 1,
  to_height: 5,
  state: 'confirmed',
  borrowed: { UM: '1900' },
  repaid: { UM: '200' },
  net: { UM: '1700' },
  fees: {},
  liquidations: 0,
  commitment: hashExample,
  actions: [{ type: 'swap', asset: 'UM', amount: '1700', amount_in_max: '1723', amount_in: '1706' }],
  attempts: [{ attempt: 1, proposer: 'node-0', assigned_at_height: 5, outcome: 'confirmed' }],
  sealed_at_ms: 8000,
  settler: 'node-0',
  included_at_ms: 10_000,
  settlement_height: 2,
  transaction_hash: hashExample,
  gas_used: 160_264,
  fee: '176290400000000',
  confirmed_at_height: 7,
  confirmed_at_ms: 12_000,
};

export function batchRoutes(node: NodeView): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/batches',
      summary: 'Net batches, newest first',
      tag: 'chain',
      codes: [],
      query: pageQuery,
      answers: [
        {
          status: 200,
          description: 'a page of batches',
          schema: Type.Object({ batches: Type.Array(batchSchema), next_before: nextBeforeField }, closed),
          example: { batches: [batchExample], next_before: null },
        },
      ],
      handle: ({ query: { limit = PAGE_DEFAULT, before } }) => {
        const reader = node.reader();
        const batches = listBatches(reader, before, limit);
        const seq = (batches.at(-1)?.seq ?? 1) - 1;
        const isEnd = batches.length === 0 || showBatch(reader, seq) === undefined;
        return ok({ batches, next_before: isEnd ? null : seq + 1 });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/batches/:seq',
      summary: 'One net batch',
      tag: 'chain',
      codes: ['BATCH_UNKNOWN'],
      params: Type.Object({ seq: heightField }, closed),
      answers: [{ status: 200, description: 'the batch', schema: batchSchema, example: batchExample }],
      handle: ({ params: { seq } }) => {
        const reader = node.reader();
        const batch = showBatch(reader, seq);
        if (batch !== undefined) return ok(batch);
        const { nextSeq } = netCounters(reader.finalizedState());
        return refusal('BATCH_UNKNOWN', `no net batch ${seq} is kept here`, { seq, newest_seq: nextSeq - 1 });
      },
    }),
  ];
}

/** Newest first, from the one before `before`, as far as they are kept. */
export function listBatches(reader: NodeReader, before: number | undefined, limit: number): ShownBatch[] {
  const { nextSeq } = netCounters(reader.finalizedState());
  const batches: ShownBatch[] = [];
  for (let seq = Math.min(nextSeq, before ?? nextSeq) - 1; seq > 0 && batches.length < limit; seq -= 1) {
    const batch = showBatch(reader, seq);
    if (batch === undefined) break;
    batches.push(batch);
  }
  return batches;
}

function showBatch(reader: NodeReader, seq: number): ShownBatch | undefined {
  const pending = pendingBatch(reader.finalizedState(), seq);
  if (pending !== undefined) return showPending(reader, pending);
  const settled = reader.settledBatch(seq);
  return settled === undefined ? undefined : showSettled(reader, settled);
}

function showPending(reader: NodeReader, batch: SealedBatch): ShownBatch {
  const sealedAtMs = reader.block(batch.toHeight)?.block.header.timestampMs;
  const { clockCount, clockStartHeight } = batch;
  const unconfirmed = reader.unconfirmedSettlement(batch.seq);
  const base = {
    ...showContent(reader, batch, unconfirmed?.event.amountsIn ?? []),
    ...showSealTime(sealedAtMs),
    clock: {
      count: clockCount,
      deadline: reader.genesis.net.submissionDeadlineBlocks,
      ...(clockStartHeight === undefined ? {} : { start_height: clockStartHeight }),
    },
  };
  if (unconfirmed === undefined) return { ...base, state: 'sealed' };
  const { block, event } = unconfirmed;
  return {
    ...base,
    state: 'included',
    settler: reader.genesis.validators.at(event.proposer).name,
    included_at_ms: block.timestampMs,
    settlement_height: block.height,
    transaction_hash: event.transactionHash,
    gas_used: event.gasUsed,
    fee: String(event.fee),
  };
}

function showSettled(reader: NodeReader, settled: SettledBatch): ShownBatch {
  return {
    ...showContent(reader, settled.batch, settled.amountsIn),
    ...showSealTime(settled.sealedAtMs),
    state: 'confirmed',
    settler: reader.genesis.validators.at(settled.settler).name,
    included_at_ms: settled.includedAtMs,
    settlement_height: settled.settlementHeight,
    transaction_hash: settled.transactionHash,
    gas_used: settled.gasUsed,
    fee: String(settled.fee),
    confirmed_at_height: settled.confirmedAtHeight,
    confirmed_at_ms: settled.confirmedAtMs,
  };
}

function showSealTime(sealedAtMs: TimeMs | undefined) {
  return sealedAtMs === undefined ? {} : { sealed_at_ms: sealedAtMs };
}

function showContent(
  { genesis }: NodeReader,
  batch: SealedBatch,
  amountsIn: readonly (bigint | undefined)[],
): Omit<ShownBatch, 'state'> {
  const actions = batch.attempts.at(-1)?.actions ?? [];
  return {
    seq: batch.seq,
    ...batchContentFields(batch),
    commitment: batch.commitment,
    actions: actions.map((action, index) => {
      const amountIn = amountsIn[index];
      return {
        type: action.type,
        asset: action.asset,
        amount: String(action.amount),
        ...(action.type === 'swap' ? { amount_in_max: String(action.amountInMax) } : {}),
        ...(amountIn === undefined ? {} : { amount_in: String(amountIn) }),
      };
    }),
    attempts: batch.attempts.map(({ attempt, proposer, assignedAtHeight, outcome, revertCode }) => ({
      attempt,
      proposer: genesis.validators.at(proposer).name,
      assigned_at_height: assignedAtHeight,
      ...(outcome === undefined ? {} : { outcome }),
      ...(revertCode === undefined ? {} : { revert_code: revertCode }),
    })),
  };
}
