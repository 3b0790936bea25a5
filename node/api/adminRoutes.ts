/**
 * `POST /admin/…`: what an operator may ask of this node, behind a bearer token. Sealing early and changing N are ledger
 * transactions, so every node agrees on them; pausing concerns this node alone.
 */
import { Type } from '@sinclair/typebox';
import { encodeTransaction, signTransaction } from '../../settlement/execution/transaction.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import { BATCH_SIZE_LIMIT } from '../../settlement/net/window.ts';
import { closed, hashExample } from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { type Answer, type AnswerShape, defineRoute, ok, type Route, refusal } from './route.ts';
import { acceptedSchema, submitTransaction } from './transactionRoutes.ts';

/** An operator's transaction that is in no block by then is void: it was meant for now. */
const VALID_BLOCKS = 50;

const emptyBody = Type.Object({}, closed);
const pausedSchema = Type.Object(
  { paused: Type.Boolean(), duty_clock: Type.Literal('running'), note: Type.String() },
  closed,
);
const accepted: AnswerShape = {
  status: 202,
  description: 'the signed transaction waits for a block; follow it with GET /transactions/:id',
  schema: acceptedSchema,
  example: { id: hashExample, status: 'pending' },
};

export function adminRoutes(node: NodeView): Route[] {
  const facts = { method: 'POST', tag: 'admin', isAdmin: true } as const;
  const signing = {
    ...facts,
    answers: [accepted],
    codes: [
      'OPERATOR_KEY_MISSING',
      'LEDGER_NONCE_USED',
      'MEMPOOL_NONCE_TAKEN',
      'MEMPOOL_FULL',
      'NODE_OVERLOADED',
      'NODE_STOPPED',
    ],
  } as const;
  return [
    defineRoute({
      ...signing,
      path: '/admin/settle-now',
      summary: 'Seal the open window at the next block',
      body: emptyBody,
      bodyExample: {},
      handle: () => signAsOperator(node, { type: 'settle_now' }),
    }),
    defineRoute({
      ...signing,
      path: '/admin/set-batch-size',
      summary: 'Change N from the next window on',
      body: Type.Object({ batch_size: Type.Integer({ minimum: 1, maximum: BATCH_SIZE_LIMIT }) }, closed),
      bodyExample: { batch_size: 10 },
      handle: ({ body: { batch_size: batchSize } }) =>
        signAsOperator(node, { type: 'set_batch_size', batchSize }),
    }),
    pauseRoute(node, true),
    pauseRoute(node, false),
    restartRoute(node),
  ];
}

function pauseRoute(node: NodeView, isPaused: boolean): Route {
  const note = isPaused
    ? 'this node sends no settlement; its duty clock runs on, and duties missed meanwhile are slashed'
    : 'this node settles again';
  const body = { paused: isPaused, duty_clock: 'running', note };
  return defineRoute({
    method: 'POST',
    path: isPaused ? '/admin/pause-settlement' : '/admin/resume-settlement',
    summary: isPaused
      ? 'Hold this node’s settlements back; does not stop its duty clock'
      : 'Let this node settle again',
    tag: 'admin',
    isAdmin: true,
    codes: [],
    body: emptyBody,
    bodyExample: {},
    answers: [{ status: 200, description: 'it is on disk', schema: pausedSchema, example: body }],
    handle: async () => {
      await node.pauseSettlement(isPaused);
      return ok(body);
    },
  });
}

function restartRoute(node: NodeView): Route {
  const body = { restarting: true } as const;
  return defineRoute({
    method: 'POST',
    path: '/admin/restart',
    summary: 'Stop this node in order and start it again; for nodes of a devnet',
    tag: 'admin',
    isAdmin: true,
    codes: ['NODE_UNSUPERVISED'],
    body: emptyBody,
    bodyExample: {},
    answers: [
      {
        status: 202,
        description: 'it stops now, and answers again in a moment',
        schema: Type.Object({ restarting: Type.Literal(true) }, closed),
        example: body,
      },
    ],
    handle: () => {
      if (node.restart === undefined) {
        return refusal(
          'NODE_UNSUPERVISED',
          'nobody would start this node again: restart it where it was started',
        );
      }
      node.restart();
      return ok(body, 202);
    },
  });
}

async function signAsOperator(node: NodeView, body: TransactionBody): Promise<Answer> {
  const { operator } = node;
  const reader = node.reader();
  const { genesis } = reader;
  const from: string | undefined = operator?.publicKey;
  if (operator === undefined || from === undefined || !genesis.operators.includes(from)) {
    return refusal('OPERATOR_KEY_MISSING', 'this node holds no key of settlement.operator_keys');
  }
  const transaction = signTransaction(
    {
      chainId: genesis.chainId,
      from,
      nonce: reader.nextNonce(from),
      expiresAtHeight: reader.status().finalizedHeight + VALID_BLOCKS,
      onlyAtHeight: 0,
      body,
    },
    operator,
  );
  return submitTransaction(node, encodeTransaction(transaction));
}
