/** `POST /orders`, `GET /orders/:id`, `GET /orders`: payments that their payers signed (docs/auto-batch.md). */
import { type Static, Type } from '@sinclair/typebox';
import type { SettlementRequest } from '../../settlement/atomic/types.ts';
import { orderCodes } from '../autobatch/intake/orderCodes.ts';
import { readSignedOrder } from '../autobatch/intake/readOrder.ts';
import type { DirectOrders, DirectStanding } from '../autobatch/ledger/directOrders.ts';
import type { OrderDesk } from '../autobatch/orderDesk.ts';
import type { SignedOrder } from '../autobatch/store/order.ts';
import {
  addressExample,
  addressField,
  amountField,
  closed,
  hashField,
  heightField,
  nextBeforeField,
  PAGE_DEFAULT,
  pageQuery,
} from './fields.ts';
import { refuseFrom } from './inputRoutes.ts';
import type { NodeView } from './nodeView.ts';
import {
  askEngine,
  engineCodes,
  orderExample,
  orderSchema,
  orderStatusField,
  queuedOrderExample,
  type ShownOrder,
  showOrder,
  showReceiptField,
} from './orderAnswers.ts';
import { type Answer, defineRoute, ok, type Route, refusal } from './route.ts';
import { submissionCodes, submitBytes } from './submission.ts';

const bodySchema = Type.Object({
  from: addressField,
  to: addressField,
  asset: Type.String(),
  amount: { ...amountField, description: 'smallest units, as text; a safe integer will do' },
  reference: Type.String({ description: '1 to 128 bytes of text, another one for each order of a party' }),
  last_height: Type.Optional(
    Type.Integer({
      ...heightField,
      minimum: 1,
      description: 'part of what is signed: no block above it settles the order, whoever has it',
    }),
  ),
  signature: Type.String({ description: '0x hex, over the id of the order: docs/auto-batch.md' }),
});

const bodyExample: Static<typeof bodySchema> = {
  from: addressExample,
  to: `0x${'11'.repeat(20)}`,
  asset: 'TNZO',
  amount: '1000000000000000000',
  reference: 'invoice 7',
  last_height: 1200,
  signature: `0x${'5d'.repeat(64)}1b`,
};

const listSchema = Type.Object(
  { orders: Type.Array(orderSchema, { description: 'newest first' }), next_before: nextBeforeField },
  closed,
);

const listQuery = Type.Object(
  { ...pageQuery.properties, party: Type.Optional(addressField), status: Type.Optional(orderStatusField) },
  closed,
);

/** @param desk - Undefined: this server takes no orders. */
export function orderRoutes(node: NodeView, desk: OrderDesk | undefined): Route[] {
  const facts = { tag: 'orders', isCrossOrigin: true } as const;
  return [
    defineRoute({
      ...facts,
      method: 'POST',
      path: '/orders',
      summary:
        'Hand in a signed order: it is queued for a batch, or paid by a transaction of its own where auto-batch is off',
      codes: [
        ...engineCodes,
        'ORDER_QUEUE_FULL',
        'ORDER_REQUEST_INVALID',
        'ORDER_SIGNATURE_INVALID',
        ...submissionCodes,
      ],
      body: bodySchema,
      isBodyJudgedByHandler: true,
      bodyExample,
      answers: [
        {
          status: 201,
          description: 'it is in the database, queued',
          schema: orderSchema,
          example: queuedOrderExample,
        },
        {
          status: 200,
          description: 'known before: a repeat of a reference gives the party’s first order; or it has ended',
          schema: orderSchema,
          example: { ...orderExample, repeat: true },
        },
        {
          status: 202,
          description: 'auto-batch is off: its transaction waits here for a block, durably',
          schema: orderSchema,
          example: directExample,
        },
      ],
      handle: ({ body }) => {
        if (desk?.type === 'direct') return placeDirectly(node, desk.direct, body);
        return askEngine(desk, async (engine) => {
          const taken = await engine.addOrder(body);
          if (!taken.ok) return refuseFrom(taken);
          const { order, isRepeat } = taken.value;
          const shown = showOrder(order, node.reader().finalizedState());
          return isRepeat ? ok({ ...shown, repeat: true }) : ok(shown, 201);
        });
      },
    }),
    defineRoute({
      ...facts,
      method: 'GET',
      path: '/orders/:id',
      summary: 'What became of an order',
      codes: [...engineCodes, 'ORDER_UNKNOWN'],
      params: Type.Object({ id: hashField }, closed),
      answers: [
        {
          status: 200,
          description: 'where auto-batch is off: what the chain keeps of it',
          schema: orderSchema,
          example: orderExample,
        },
      ],
      handle: ({ params: { id } }) => {
        const unknown = refusal('ORDER_UNKNOWN', orderCodes.ORDER_UNKNOWN, { id });
        if (desk?.type === 'direct') {
          const found = desk.direct.find(id);
          return found === undefined ? unknown : ok(showDirect(id, found));
        }
        return askEngine(desk, async (engine) => {
          const order = await engine.order(id);
          return order === undefined ? unknown : ok(showOrder(order, node.reader().finalizedState()));
        });
      },
    }),
    defineRoute({
      ...facts,
      method: 'GET',
      path: '/orders',
      summary: 'Orders, newest first',
      codes: engineCodes,
      query: listQuery,
      answers: [
        {
          status: 200,
          description: 'a page of them',
          schema: listSchema,
          example: { orders: [orderExample], next_before: null },
        },
      ],
      handle: ({ query: { party, status, limit = PAGE_DEFAULT, before } }) =>
        askEngine(desk, async (engine) => {
          const { orders, next } = await engine.orders({ party, status, limit, before });
          const state = node.reader().finalizedState();
          return ok({ orders: orders.map((order) => showOrder(order, state)), next_before: next ?? null });
        }),
    }),
  ];
}

const directExample: ShownOrder = {
  id: `0x${'5d'.repeat(32)}`,
  outcome: 'pending',
  from: addressExample,
  to: `0x${'11'.repeat(20)}`,
  asset: 'TNZO',
  amount: '1000000000000000000',
  reference: 'invoice 7',
  transaction_id: `0x${'7a'.repeat(32)}`,
};

/** Auto-batch is off: the order becomes a transaction at once. */
async function placeDirectly(node: NodeView, direct: DirectOrders, body: unknown): Promise<Answer> {
  const { chainId } = node.reader().genesis;
  const read = readSignedOrder(chainId, body);
  if (!read.ok) return refuseFrom(read);
  const order = read.value;
  const step = direct.stepOf(order);
  if (step.type !== 'send')
    return ok({ ...showTerms(order), ...showDirect(order.orderId, step) }, statusOf(step));
  const submission = await submitBytes(node, step.bytes);
  if (submission.type === 'refused') {
    // Another node was first, and its block became final meanwhile.
    const now = direct.stepOf(order);
    if (now.type === 'send' || now.type === 'failed') return submission.answer;
    return ok({ ...showTerms(order), ...showDirect(order.orderId, now) }, statusOf(now));
  }
  const shown: ShownOrder = {
    id: order.orderId,
    outcome: 'pending',
    ...showTerms(order),
    transaction_id: submission.id,
  };
  return ok(shown, 202);
}

function statusOf({ type }: DirectStanding): 200 | 202 {
  return type === 'waiting' ? 202 : 200;
}

/** An order as the chain tells of it; its terms are those of the settlement. */
function showDirect(id: string, standing: DirectStanding): ShownOrder {
  switch (standing.type) {
    case 'settled': {
      const { from, to, asset, gross } = standing.receipt;
      return {
        id,
        outcome: 'confirmed',
        from,
        to,
        asset,
        amount: String(gross),
        ...showReceiptField(standing.receipt),
      };
    }
    case 'waiting':
      return {
        id,
        outcome: 'pending',
        ...showRequest(standing.request),
        transaction_id: standing.transactionId,
      };
    case 'failed':
      return { id, outcome: 'failed', failure: standing.code };
  }
}

function showRequest({ from, to, asset, amount, metadata, lastHeight }: SettlementRequest) {
  const terms = { from, to, asset, amount: String(amount), reference: metadata };
  return lastHeight === undefined ? terms : { ...terms, last_height: lastHeight };
}

function showTerms({ from, to, asset, amount, reference, lastHeight }: SignedOrder) {
  const terms = { from, to, asset, amount: String(amount), reference };
  return lastHeight === undefined ? terms : { ...terms, last_height: lastHeight };
}
