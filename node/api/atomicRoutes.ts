/** `GET /atomic-batches/:id`, `/receipts/:id`, `/escrows/:id`: what atomic settlement left in the final state. */
import { type Static, Type } from '@sinclair/typebox';
import { atomicCodes } from '../../settlement/atomic/codes.ts';
import { batchRecordsTable, escrowsTable, receiptsTable } from '../../settlement/atomic/tables.ts';
import type { AtomicBatchRecord, Escrow, SettlementReceipt } from '../../settlement/atomic/types.ts';
import { apiCodes } from './codes.ts';
import {
  addressExample,
  addressField,
  amountField,
  closed,
  countField,
  hashExample,
  hashField,
  heightField,
  timeField,
} from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { defineRoute, ok, type Route, refusal } from './route.ts';

const batchSchema = Type.Object(
  {
    id: hashField,
    status: Type.Union([Type.Literal('completed'), Type.Literal('failed')]),
    height: heightField,
    timestamp_ms: timeField,
    settlements: Type.Array(hashField, {
      description: 'ids in order; each has a receipt when the batch completed',
    }),
    failure: Type.Optional(
      Type.Object(
        {
          error: Type.String({ description: 'code of the cause' }),
          failed_at: countField,
          completed: Type.Integer({ minimum: 0, description: 'settlements before it, which were undone' }),
          details: Type.Record(Type.String(), Type.String()),
        },
        closed,
      ),
    ),
  },
  closed,
);

const receiptSchema = Type.Object(
  {
    id: hashField,
    batch: hashField,
    from: addressField,
    to: addressField,
    asset: Type.String(),
    gross: amountField,
    net: amountField,
    fee: amountField,
    kind: Type.Union([Type.Literal('immediate'), Type.Literal('escrow_release')]),
    height: heightField,
    timestamp_ms: timeField,
  },
  closed,
);

const escrowSchema = Type.Object(
  {
    id: hashField,
    payer: addressField,
    asset: Type.String(),
    amount: Type.String({ pattern: '^[0-9]+$', description: 'what is left in it' }),
    parties: Type.Array(addressField),
    threshold: countField,
    expires_at_height: heightField,
  },
  closed,
);

const idParams = Type.Object({ id: hashField }, closed);

export function atomicRoutes(node: NodeView): Route[] {
  const state = () => node.reader().finalizedState();
  return [
    defineRoute({
      method: 'GET',
      path: '/atomic-batches/:id',
      summary: 'How an atomic batch ended',
      tag: 'transactions',
      codes: ['ATOMIC_BATCH_UNKNOWN'],
      params: idParams,
      answers: [
        {
          status: 200,
          description: 'of a final block; before that, ask for its transaction',
          schema: batchSchema,
          example: {
            id: hashExample,
            status: 'completed',
            height: 6,
            timestamp_ms: 10_000,
            settlements: [hashExample],
          },
        },
      ],
      handle: ({ params: { id } }) => {
        const record = state().get(batchRecordsTable, id);
        if (record !== undefined) return ok(showBatch(id, record));
        return refusal('ATOMIC_BATCH_UNKNOWN', apiCodes.ATOMIC_BATCH_UNKNOWN, { id });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/receipts/:id',
      summary: 'The receipt of a settlement',
      tag: 'transactions',
      codes: ['RECEIPT_UNKNOWN'],
      params: idParams,
      answers: [
        {
          status: 200,
          description: 'the payer paid `gross`, the payee got `net`, the network withheld `fee`',
          schema: receiptSchema,
          example: {
            id: hashExample,
            batch: hashExample,
            from: addressExample,
            to: addressExample,
            asset: 'TNZO',
            gross: '1000000000000000000',
            net: '995000000000000000',
            fee: '5000000000000000',
            kind: 'immediate',
            height: 6,
            timestamp_ms: 10_000,
          },
        },
      ],
      handle: ({ params: { id } }) => {
        const receipt = state().get(receiptsTable, id);
        if (receipt !== undefined) return ok(showReceipt(receipt));
        return refusal('RECEIPT_UNKNOWN', apiCodes.RECEIPT_UNKNOWN, { id });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/escrows/:id',
      summary: 'An escrow that holds something',
      tag: 'transactions',
      codes: ['ESCROW_UNKNOWN'],
      params: idParams,
      answers: [
        {
          status: 200,
          description: 'up to its last height it may be released from, afterwards it may be refunded',
          schema: escrowSchema,
          example: {
            id: hashExample,
            payer: addressExample,
            asset: 'TNZO',
            amount: '1000000000000000000',
            parties: [addressExample],
            threshold: 1,
            expires_at_height: 20,
          },
        },
      ],
      handle: ({ params: { id } }) => {
        const escrow = state().get(escrowsTable, id);
        if (escrow !== undefined) return ok(showEscrow(id, escrow));
        return refusal('ESCROW_UNKNOWN', atomicCodes.ESCROW_UNKNOWN, { id });
      },
    }),
  ];
}

function showBatch(id: string, record: AtomicBatchRecord): Static<typeof batchSchema> {
  const { blockHeight, timestampMs, settlementIds, failure } = record;
  const common = { height: blockHeight, timestamp_ms: timestampMs, settlements: [...settlementIds] };
  if (failure === undefined) return { id, status: 'completed', ...common };
  const { code, failedAt, completed, details } = failure;
  return {
    id,
    status: 'failed',
    ...common,
    failure: { error: code, failed_at: failedAt, completed, details: { ...details } },
  };
}

function showReceipt(receipt: SettlementReceipt): Static<typeof receiptSchema> {
  return {
    id: receipt.settlementId,
    batch: receipt.batchId,
    from: receipt.from,
    to: receipt.to,
    asset: receipt.asset,
    gross: String(receipt.gross),
    net: String(receipt.net),
    fee: String(receipt.fee),
    kind: receipt.kind,
    height: receipt.blockHeight,
    timestamp_ms: receipt.timestampMs,
  };
}

function showEscrow(id: string, escrow: Escrow): Static<typeof escrowSchema> {
  const { payer, asset, amount, parties, threshold, expiresAtHeight } = escrow;
  return {
    id,
    payer,
    asset,
    amount: String(amount),
    parties: [...parties],
    threshold,
    expires_at_height: expiresAtHeight,
  };
}
