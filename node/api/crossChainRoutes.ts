/** `GET /cross-chain-transfers/:id`: where a transfer between the chains stands, as far as the final state knows. */
import { type Static, Type } from '@sinclair/typebox';
import { crossChainCodes } from '../../settlement/bridge/codes.ts';
import { transferOf } from '../../settlement/bridge/queue.ts';
import type { CrossChainTransfer } from '../../settlement/bridge/types.ts';
import { isInboundTransferId } from '../../settlement/net/crossChain.ts';
import {
  addressExample,
  addressField,
  amountField,
  closed,
  hashExample,
  hashField,
  heightField,
} from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { defineRoute, ok, type Route, refusal } from './route.ts';

const transferSchema = Type.Object(
  {
    id: hashField,
    direction: Type.Union([Type.Literal('outbound'), Type.Literal('inbound')]),
    status: Type.Union(
      (['open', 'completing', 'refunding', 'completed', 'refunded'] as const).map((state) =>
        Type.Literal(state),
      ),
      { description: 'completing and refunding: done here, and the settlement chain has yet to follow' },
    ),
    reason: Type.Optional(Type.String({ description: 'code that says why it is refunded' })),
    from: addressField,
    to: addressField,
    asset: Type.String(),
    amount: amountField,
    sidechain_fee: amountField,
    settlement_fee: Type.String({
      pattern: '^[0-9]+$',
      description: '0 until the settlement chain has said it',
    }),
    deadline_height: heightField,
    opened_at_height: heightField,
  },
  closed,
);

export function crossChainRoutes(node: NodeView): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/cross-chain-transfers/:id',
      summary: 'A transfer between the sidechain and the settlement chain',
      tag: 'transactions',
      codes: ['CROSS_CHAIN_TRANSFER_UNKNOWN'],
      params: Type.Object({ id: hashField }, closed),
      answers: [
        {
          status: 200,
          description:
            'fees are withheld only when it completes; `deadline_height` is one of the settlement chain',
          schema: transferSchema,
          example: {
            id: hashExample,
            direction: 'outbound',
            status: 'completing',
            from: addressExample,
            to: addressExample,
            asset: 'TNZO',
            amount: '1000000000000000000',
            sidechain_fee: '5000000000000000',
            settlement_fee: '4975000000000000',
            deadline_height: 20,
            opened_at_height: 2,
          },
        },
      ],
      handle: ({ params: { id } }) => {
        const transfer = transferOf(node.reader().finalizedState(), id);
        if (transfer !== undefined) return ok(showTransfer(transfer));
        return refusal('CROSS_CHAIN_TRANSFER_UNKNOWN', crossChainCodes.CROSS_CHAIN_TRANSFER_UNKNOWN, { id });
      },
    }),
  ];
}

function showTransfer(transfer: CrossChainTransfer): Static<typeof transferSchema> {
  const { transferId, state, reason, from, to, asset } = transfer;
  return {
    id: transferId,
    direction: isInboundTransferId(transferId) ? 'inbound' : 'outbound',
    status: state,
    ...(reason === undefined ? {} : { reason }),
    from,
    to,
    asset,
    amount: String(transfer.amount),
    sidechain_fee: String(transfer.sidechainFee),
    settlement_fee: String(transfer.settlementFee),
    deadline_height: transfer.deadlineHeight,
    opened_at_height: transfer.openedAtHeight,
  };
}
