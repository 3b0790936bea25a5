/**
 * `POST /escrows`, `/channels`, `/treasury/withdrawals`, `/fee-proposals`, `/cross-chain-transfers`: ledger transactions of
 * these kinds as JSON. What became of one says `GET /transactions/:id`; what it left says the path's own `GET`.
 */
import { hashExample } from './fields.ts';
import type { NodeView } from './nodeView.ts';
import {
  type OperationDoor,
  operationBodyExample,
  operationBodySchema,
  operationDoors,
  readOperationBody,
  typesOf,
} from './operationBody.ts';
import { defineRoute, type Route, refusal } from './route.ts';
import { transactionRefusals } from './submission.ts';
import { acceptedSchema, submitTransaction } from './transactionRoutes.ts';

const summaries: Readonly<Record<OperationDoor, string>> = {
  '/escrows': 'Open an escrow, or refund one whose time is over, by a signed operation',
  '/channels': 'Open, close, dispute or settle a micropayment channel, by a signed operation',
  '/treasury/withdrawals': 'Propose or approve a withdrawal from the treasury, by a signed operation',
  '/fee-proposals': 'Propose a network fee or vote on one, by a signed operation',
  '/cross-chain-transfers': 'Send to the settlement chain, by a signed operation',
};

export function operationRoutes(node: NodeView): Route[] {
  return (Object.keys(operationDoors) as OperationDoor[]).map((path) => operationRoute(node, path));
}

function operationRoute(node: NodeView, path: OperationDoor): Route {
  const types = typesOf(path);
  const [first = 'escrow_open'] = types;
  return defineRoute({
    method: 'POST',
    path,
    summary: summaries[path],
    tag: 'transactions',
    codes: transactionRefusals,
    body: operationBodySchema(types),
    bodyExample: operationBodyExample(first),
    answers: [
      {
        status: 202,
        description: 'it waits for a block here, durably; the same operation again gets the same answer',
        schema: acceptedSchema,
        example: { id: hashExample, status: 'pending' },
      },
    ],
    handle: ({ body }) => {
      const read = readOperationBody(body, types, node.reader().genesis.chainId);
      if (!read.ok) return refusal(read.code, read.message, read.details);
      return submitTransaction(node, read.value);
    },
  });
}
