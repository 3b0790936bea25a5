/** `GET /receipts/:id`, `/escrows/:id`: what atomic settlement left in the final state. */
import { type Static, Type } from '@sinclair/typebox';
import { atomicCodes } from '../../settlement/atomic/codes.ts';
import { escrowsTable, receiptsTable } from '../../settlement/atomic/tables.ts';
import type { Escrow } from '../../settlement/atomic/types.ts';
import { apiCodes } from './codes.ts';
import {
  addressExample,
  addressField,
  closed,
  countField,
  hashExample,
  hashField,
  heightField,
} from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { receiptExample, receiptSchema, showReceipt } from './receiptAnswer.ts';
import { defineRoute, ok, type Route, refusal } from './route.ts';

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
          example: receiptExample,
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
