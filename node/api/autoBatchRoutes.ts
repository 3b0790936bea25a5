/** `GET /auto-batches`, `GET /auto-batches/:id`, `GET /auto-batch-stats`: the batches of the order engine (docs/auto-batch.md). */
import { type Static, Type } from '@sinclair/typebox';
import { autoBatchCodes } from '../autobatch/codes.ts';
import type { OrderDesk } from '../autobatch/orderDesk.ts';
import type { AutoBatchFigures } from '../autobatch/store/figures.ts';
import { closed, countField, hashField, nextBeforeField, PAGE_DEFAULT, pageQuery } from './fields.ts';
import {
  askEngine,
  autoBatchExample,
  autoBatchSchema,
  batchStatusField,
  engineCodes,
  orderExample,
  showAutoBatch,
} from './orderAnswers.ts';
import { defineRoute, ok, type Route, refusal } from './route.ts';

const listSchema = Type.Object(
  { batches: Type.Array(autoBatchSchema, { description: 'newest first' }), next_before: nextBeforeField },
  closed,
);

const listQuery = Type.Object({ ...pageQuery.properties, status: Type.Optional(batchStatusField) }, closed);

const statsSchema = Type.Object(
  {
    queued: { ...countField, description: 'orders that wait for a batch' },
    active: Type.Object(
      { Prepared: countField, Submitted: countField, Accepted: countField, Failed: countField },
      { ...closed, description: 'batches that have not ended; a failed one is sent again, or about to end' },
    ),
    active_orders: { ...countField, description: 'orders in these batches' },
    submissions: { ...countField, description: 'begun since the database was made' },
    confirmed_orders: countField,
    rejected_orders: { ...countField, description: 'failed for good' },
    submissions_saved: {
      ...countField,
      description: 'by how much one submission for each confirmed order would have been more',
    },
    oldest_order_age_ms: Type.Optional({ ...countField, description: 'of those that have no outcome' }),
  },
  closed,
);

const statsExample: Static<typeof statsSchema> = {
  queued: 40,
  active: { Prepared: 0, Submitted: 2, Accepted: 1, Failed: 0 },
  active_orders: 180,
  submissions: 31,
  confirmed_orders: 2900,
  rejected_orders: 1,
  submissions_saved: 2869,
  oldest_order_age_ms: 3100,
};

/** @param desk - Undefined: this server takes no orders. */
export function autoBatchRoutes(desk: OrderDesk | undefined): Route[] {
  const facts = { tag: 'orders', isCrossOrigin: true, method: 'GET' } as const;
  return [
    defineRoute({
      ...facts,
      path: '/auto-batches',
      summary: 'Batches of orders, newest first',
      codes: engineCodes,
      query: listQuery,
      answers: [
        {
          status: 200,
          description: 'a page of them, of all nodes that share the database',
          schema: listSchema,
          example: { batches: [autoBatchExample], next_before: null },
        },
      ],
      handle: ({ query: { status, limit = PAGE_DEFAULT, before } }) =>
        askEngine(desk, async (engine) => {
          const { batches, next } = await engine.batches({ status, limit, before });
          return ok({ batches: batches.map(showAutoBatch), next_before: next ?? null });
        }),
    }),
    defineRoute({
      ...facts,
      path: '/auto-batches/:id',
      summary: 'A batch of orders',
      codes: [...engineCodes, 'AUTO_BATCH_UNKNOWN'],
      params: Type.Object({ id: hashField }, closed),
      answers: [
        {
          status: 200,
          description: 'with its orders',
          schema: autoBatchSchema,
          example: { ...autoBatchExample, orders: [orderExample.id] },
        },
      ],
      handle: ({ params: { id } }) =>
        askEngine(desk, async (engine) => {
          const found = await engine.batch(id);
          return found === undefined
            ? refusal('AUTO_BATCH_UNKNOWN', autoBatchCodes.AUTO_BATCH_UNKNOWN, { id })
            : ok({ ...showAutoBatch(found.batch), orders: found.orderIds });
        }),
    }),
    defineRoute({
      ...facts,
      path: '/auto-batch-stats',
      summary: 'How many orders wait, and what joining them has saved',
      codes: engineCodes,
      answers: [{ status: 200, description: 'now', schema: statsSchema, example: statsExample }],
      handle: () => askEngine(desk, async (engine) => ok(showFigures(await engine.figures()))),
    }),
  ];
}

function showFigures(figures: AutoBatchFigures): Static<typeof statsSchema> {
  const { Prepared, Submitted, Accepted, Failed } = figures.active;
  const { oldestOrderAgeMs } = figures;
  return {
    queued: figures.queued,
    active: { Prepared, Submitted, Accepted, Failed },
    active_orders: figures.activeOrders,
    submissions: figures.submissions,
    confirmed_orders: figures.confirmedOrders,
    rejected_orders: figures.rejectedOrders,
    submissions_saved: figures.submissionsSaved,
    ...(oldestOrderAgeMs === undefined
      ? {}
      : { oldest_order_age_ms: Math.max(0, Math.floor(oldestOrderAgeMs)) }),
  };
}
