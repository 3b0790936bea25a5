/** Orders and their batches as answers show them, and what is answered where they are not served. */
import { type Static, Type } from '@sinclair/typebox';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { receiptsTable } from '../../settlement/atomic/tables.ts';
import type { SettlementReceipt } from '../../settlement/atomic/types.ts';
import type { State } from '../../settlement/state.ts';
import type { OrderEngine } from '../autobatch/autoBatch.ts';
import type { OrderDesk } from '../autobatch/orderDesk.ts';
import { type Batch, batchStatuses } from '../autobatch/store/batch.ts';
import type { StoredOrder } from '../autobatch/store/order.ts';
import { type AnswerCode, answerOf } from './codes.ts';
import {
  addressExample,
  addressField,
  amountField,
  closed,
  countField,
  described,
  hashExample,
  hashField,
  heightField,
} from './fields.ts';
import { refuseFrom } from './inputRoutes.ts';
import { receiptExample, receiptSchema, showReceipt } from './receiptAnswer.ts';
import { type Answer, refusal } from './route.ts';

const instantField = Type.String({ description: 'ISO 8601, by the clock of the database' });
const failureField = Type.String({ description: 'code of what the ledger, or the way to it, said last' });
export const orderStatusField = Type.Union([Type.Literal('Queued'), Type.Literal('Dequeue')], {
  description: '`Dequeue`: a batch has picked it up',
});
export const batchStatusField = Type.Union(
  batchStatuses.map((status) => Type.Literal(status)),
  { description: 'docs/auto-batch.md, states' },
);

export const orderSchema = Type.Object(
  {
    id: described(hashField, 'what the payer signed; its settlement has the same id'),
    outcome: Type.Union(
      ['pending', 'confirmed', 'failed'].map((outcome) => Type.Literal(outcome)),
      { description: '`confirmed` and `failed` are for good' },
    ),
    from: Type.Optional(addressField),
    to: Type.Optional(addressField),
    asset: Type.Optional(Type.String()),
    amount: Type.Optional(amountField),
    reference: Type.Optional(Type.String()),
    last_height: Type.Optional(described(heightField, 'no block above it settles the order')),
    status: Type.Optional(orderStatusField),
    sequence: Type.Optional(described(countField, 'rises from order to order')),
    batch: Type.Optional(
      Type.Object(
        {
          id: hashField,
          index: described(countField, 'place of the order in it'),
          status: batchStatusField,
          attempts: countField,
        },
        { ...closed, description: 'the batch that picked it up' },
      ),
    ),
    last_batch: Type.Optional(described(hashField, 'the last batch that failed and let it go')),
    releases: Type.Optional(described(countField, 'batches that let it go')),
    failure: Type.Optional(failureField),
    transaction_id: Type.Optional(described(hashField, 'of its own transaction, where auto-batch is off')),
    receipt: Type.Optional(
      described(receiptSchema, 'of its settlement, as this node sees the chain: with the network fee'),
    ),
    repeat: Type.Optional(
      Type.Literal(true, {
        description: 'the party had an order of this reference: this is it, whatever you asked for',
      }),
    ),
    created_at: Type.Optional(instantField),
    updated_at: Type.Optional(instantField),
  },
  closed,
);

export type ShownOrder = Static<typeof orderSchema>;

export const autoBatchSchema = Type.Object(
  {
    id: described(hashField, 'of the atomic batch on the ledger too, the same for every attempt'),
    sequence: described(countField, 'rises from batch to batch'),
    party: addressField,
    status: batchStatusField,
    size: described(countField, 'orders'),
    attempts: described(countField, 'submissions begun'),
    attempts_max: countField,
    last_height: described(
      heightField,
      'up to it, something that was sent may still be executed; 0: nothing can',
    ),
    failure: Type.Optional(
      Type.Object(
        {
          kind: Type.Union(['rejected', 'expired', 'unreachable'].map((kind) => Type.Literal(kind))),
          code: failureField,
          failed_at: Type.Optional(described(countField, 'place of the order at fault')),
          is_final: Type.Boolean({ description: 'no further attempt can change it' }),
        },
        closed,
      ),
    ),
    ending: Type.Optional(
      Type.Union(
        ['released', 'rejected', 'paid_before'].map((ending) => Type.Literal(ending)),
        { description: 'how a failed batch ended' },
      ),
    ),
    owner: Type.Optional(Type.String({ description: 'the engine that holds it' })),
    orders: Type.Optional(Type.Array(hashField, { description: 'ids in order; none once it let them go' })),
    created_at: instantField,
    updated_at: instantField,
  },
  closed,
);

export type ShownAutoBatch = Static<typeof autoBatchSchema>;

const instantExample = '2026-01-01T00:00:04.000Z';

export const orderExample: ShownOrder = {
  id: hashExample,
  outcome: 'confirmed',
  from: addressExample,
  to: `0x${'11'.repeat(20)}`,
  asset: 'TNZO',
  amount: receiptExample.gross,
  reference: 'invoice 7',
  status: 'Dequeue',
  sequence: 12,
  batch: { id: `0x${'b1'.repeat(32)}`, index: 3, status: 'Confirmed', attempts: 1 },
  releases: 0,
  receipt: {
    ...receiptExample,
    kind: 'immediate',
    to: `0x${'11'.repeat(20)}`,
    batch: `0x${'b1'.repeat(32)}`,
  },
  created_at: instantExample,
  updated_at: instantExample,
};
export const queuedOrderExample: ShownOrder = {
  id: hashExample,
  outcome: 'pending',
  from: addressExample,
  to: `0x${'11'.repeat(20)}`,
  asset: 'TNZO',
  amount: receiptExample.gross,
  reference: 'invoice 7',
  status: 'Queued',
  sequence: 12,
  releases: 0,
  created_at: instantExample,
  updated_at: instantExample,
};
export const autoBatchExample: ShownAutoBatch = {
  id: `0x${'b1'.repeat(32)}`,
  sequence: 4,
  party: addressExample,
  status: 'Submitted',
  size: 2,
  attempts: 1,
  attempts_max: 5,
  last_height: 38,
  created_at: instantExample,
  updated_at: instantExample,
};

/** @param state - Of a final block, for the receipt; the engine may know of a confirmation before this node does. */
export function showOrder(order: StoredOrder, state: Pick<State, 'get'>): ShownOrder {
  const { batch, lastBatchId } = order;
  const receipt =
    order.outcome === 'confirmed' ? state.get(receiptsTable, order.orderId as string) : undefined;
  return {
    id: order.orderId,
    outcome: order.outcome,
    from: order.from,
    to: order.to,
    asset: order.asset,
    amount: String(order.amount),
    reference: order.reference,
    ...(order.lastHeight === undefined ? {} : { last_height: order.lastHeight }),
    status: order.status,
    sequence: order.sequence,
    ...(batch === undefined
      ? {}
      : { batch: { id: batch.batchId, index: batch.index, status: batch.status, attempts: batch.attempts } }),
    ...(lastBatchId === undefined ? {} : { last_batch: lastBatchId }),
    releases: order.releases,
    ...(batch?.failureCode === undefined || order.outcome === 'confirmed'
      ? {}
      : { failure: batch.failureCode }),
    ...showReceiptField(receipt),
    created_at: instantOf(order.createdAtMs),
    updated_at: instantOf(order.updatedAtMs),
  };
}

export function showReceiptField(receipt: SettlementReceipt | undefined): Pick<ShownOrder, 'receipt'> {
  return receipt === undefined ? {} : { receipt: showReceipt(receipt) };
}

export function showAutoBatch(batch: Batch): ShownAutoBatch {
  const { failure, ending, owner } = batch;
  return {
    id: batch.batchId,
    sequence: batch.sequence,
    party: batch.party,
    status: batch.status,
    size: batch.size,
    attempts: batch.attempts,
    attempts_max: batch.attemptsMax,
    last_height: batch.lastHeight,
    ...(failure === undefined
      ? {}
      : {
          failure: {
            kind: failure.kind,
            code: failure.code,
            ...(failure.failedAt === undefined ? {} : { failed_at: failure.failedAt }),
            is_final: failure.isFinal,
          },
        }),
    ...(ending === undefined ? {} : { ending }),
    ...(owner === undefined ? {} : { owner }),
    created_at: instantOf(batch.createdAtMs),
    updated_at: instantOf(batch.updatedAtMs),
  };
}

function instantOf(ms: number): string {
  return new Date(ms).toISOString();
}

/** Refusals of every route that asks the engine. */
export const engineCodes: readonly AnswerCode[] = [
  'AUTO_BATCH_DATABASE_REFUSED',
  'AUTO_BATCH_DATABASE_UNREACHABLE',
  'AUTO_BATCH_ELSEWHERE',
  'AUTO_BATCH_OFF',
  'AUTO_BATCH_STOPPING',
];

/** Asks the engine of this node, or says why there is none. What the database refuses is an answer too. */
export async function askEngine(
  desk: OrderDesk | undefined,
  ask: (engine: OrderEngine) => Promise<Answer>,
): Promise<Answer> {
  if (desk?.type === 'elsewhere') return elsewhere(desk);
  if (desk?.type !== 'engine') {
    const message =
      'this node joins no orders: set AUTO_BATCH_SWITCH=true or auto_batch.enabled to turn it on';
    return refusal('AUTO_BATCH_OFF', message, { key: 'auto_batch.enabled' });
  }
  try {
    return await ask(desk.engine);
  } catch (error) {
    if (error instanceof CodedError && answerOf(error.code) !== undefined)
      return refuseFrom({ ok: false, code: error.code, message: error.message });
    throw error;
  }
}

function elsewhere({ node, api }: Extract<OrderDesk, { readonly type: 'elsewhere' }>): Answer {
  const place = api === undefined ? node : `${node}, ${api}`;
  const message = `the orders of this network are in the memory of one node: send the request to ${place}`;
  return refusal('AUTO_BATCH_ELSEWHERE', message, { node, ...(api === undefined ? {} : { url: api }) });
}
