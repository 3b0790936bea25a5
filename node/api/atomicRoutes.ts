/** `GET /receipts/:id`, `/escrows/:id`, `/channels/:id`: what atomic settlement left in the final state. */
import { type Static, Type } from '@sinclair/typebox';
import type { Channel, ChannelClosing } from '../../settlement/atomic/channelTypes.ts';
import { atomicCodes } from '../../settlement/atomic/codes.ts';
import { channelsTable, escrowsTable, receiptsTable } from '../../settlement/atomic/tables.ts';
import type { Escrow } from '../../settlement/atomic/types.ts';
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

const channelSchema = Type.Object(
  {
    id: hashField,
    status: Type.Union([Type.Literal('open'), Type.Literal('closing'), Type.Literal('closed')]),
    payer: Type.Optional(addressField),
    payee: Type.Optional(addressField),
    asset: Type.Optional(Type.String()),
    deposit: Type.Optional(amountField),
    expires_at_height: Type.Optional(heightField),
    closing: Type.Optional(
      Type.Object(
        {
          amount: Type.String({ pattern: '^[0-9]+$', description: 'of the best voucher shown' }),
          nonce: Type.Integer({ minimum: 0, description: '0: no voucher was shown' }),
          ends_at_ms: timeField,
        },
        closed,
      ),
    ),
    settlement: Type.Optional(
      Type.String({ pattern: '^0x[0-9a-f]{64}$', description: 'id of the receipt of a closed channel' }),
    ),
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
    defineRoute({
      method: 'GET',
      path: '/channels/:id',
      summary: 'A micropayment channel',
      tag: 'transactions',
      codes: ['CHANNEL_UNKNOWN'],
      params: idParams,
      answers: [
        {
          status: 200,
          description:
            'while `closing`, better vouchers count before `ends_at_ms`, and it may be settled from then on; of a `closed` one only its settlement is left',
          schema: channelSchema,
          example: {
            id: hashExample,
            status: 'closing',
            payer: addressExample,
            payee: addressExample,
            asset: 'TNZO',
            deposit: '1000000000000000000',
            closing: { amount: '250000000000000000', nonce: 25, ends_at_ms: 86_410_000 },
          },
        },
      ],
      handle: ({ params: { id } }) => {
        const channel = state().get(channelsTable, id);
        if (channel !== undefined) return ok(showChannel(id, channel));
        return refusal('CHANNEL_UNKNOWN', atomicCodes.CHANNEL_UNKNOWN, { id });
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

function showChannel(id: string, channel: Channel): Static<typeof channelSchema> {
  if ('settlementId' in channel) return { id, status: 'closed', settlement: channel.settlementId };
  const { payer, payee, asset, deposit, expiresAtHeight, closing } = channel;
  return {
    id,
    status: closing === undefined ? 'open' : 'closing',
    payer,
    payee,
    asset,
    deposit: String(deposit),
    ...(expiresAtHeight === 0 ? {} : { expires_at_height: expiresAtHeight }),
    ...(closing === undefined ? {} : { closing: showClosing(closing) }),
  };
}

function showClosing({ amount, nonce, endsAtMs }: ChannelClosing) {
  return { amount: String(amount), nonce, ends_at_ms: endsAtMs };
}
