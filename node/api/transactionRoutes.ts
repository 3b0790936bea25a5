/** `POST /transactions`, `GET /transactions/:id`: the ledger's own door. */
import { type Static, Type } from '@sinclair/typebox';
import { consensusCodes } from '../../consensus/codes.ts';
import { fromHex } from '../../consensus/primitives/bytes.ts';
import { atomicCodes } from '../../settlement/atomic/codes.ts';
import { type BatchRefusal, findBatchProblem } from '../../settlement/atomic/limits.ts';
import { executionCodes } from '../../settlement/execution/codes.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import {
  decodeTransaction,
  type Transaction,
  transactionCodes,
} from '../../settlement/execution/transaction.ts';
import { ledgerCodes } from '../../settlement/ledger/codes.ts';
import { coreCodes } from '../core/codes.ts';
import type { NodeReader } from '../core/reader.ts';
import { runtimeCodes } from '../runtime/codes.ts';
import type { AnswerCode } from './codes.ts';
import { closed, hashExample, hashField, heightField } from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { type Answer, defineRoute, ok, type Route, refusal } from './route.ts';

/** Longest transaction taken, in bytes: the largest atomic batch by default, with hundreds of signers. */
export const TRANSACTION_BYTES_MAX = 262_144;
/** The same as hex in a body of JSON. */
const BODY_BYTES_MAX = 2 * TRANSACTION_BYTES_MAX + 1024;

const submissionCodes: readonly AnswerCode[] = [
  'ENCODING_INVALID',
  'TRANSACTION_ADDRESS_INVALID',
  'TRANSACTION_CHAIN_MISMATCH',
  'TRANSACTION_COSIGNATURE_INVALID',
  'TRANSACTION_EXPIRED',
  'TRANSACTION_SIGNATURE_INVALID',
  'TRANSACTION_TOO_LARGE',
  'AMOUNT_ZERO',
  'BATCH_EMPTY',
  'BATCH_GAS_TOO_HIGH',
  'BATCH_TOO_LARGE',
  'BATCH_TOO_MANY_ACCOUNTS',
  'BATCH_VALUE_TOO_HIGH',
  'DUPLICATE_SETTLEMENT_ID',
  'LEDGER_ASSET_UNKNOWN',
  'PROOF_VERIFICATION_FAILED',
  'SELF_PAYMENT',
  'LEDGER_NONCE_AHEAD',
  'LEDGER_NONCE_USED',
  'MEMPOOL_FULL',
  'MEMPOOL_NONCE_TAKEN',
  'MEMPOOL_SENDER_FULL',
  'NODE_OVERLOADED',
  'NODE_STOPPED',
];

const words: Readonly<Record<string, string>> = {
  ...consensusCodes,
  ...transactionCodes,
  ...executionCodes,
  ...ledgerCodes,
  ...atomicCodes,
  ...coreCodes,
  ...runtimeCodes,
};

/** Seconds after which a full mempool is worth another try: a block time or two. */
const RETRY_AFTER_S = '2';

export const acceptedSchema = Type.Object({ id: hashField, status: Type.String() }, closed);

const transactionSchema = Type.Object(
  {
    id: hashField,
    status: Type.Union([
      Type.Literal('pending'),
      Type.Literal('included'),
      Type.Literal('final'),
      Type.Literal('failed'),
    ]),
    height: Type.Optional(heightField),
    code: Type.Optional(Type.String({ description: 'why it failed' })),
    in_block: Type.Optional(
      Type.Boolean({ description: 'of a failed one: whether a block holds it, and its nonce is used' }),
    ),
  },
  closed,
);

export function transactionRoutes(node: NodeView): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/transactions',
      summary: 'Hand a signed ledger transaction to this node; it is on its disk before the answer',
      tag: 'transactions',
      codes: submissionCodes,
      bodyBytesMax: BODY_BYTES_MAX,
      body: Type.Object(
        {
          transaction: Type.String({
            pattern: '^0x(?:[0-9a-fA-F]{2})+$',
            maxLength: 2 + 2 * TRANSACTION_BYTES_MAX,
            description: 'the signed transaction in its canonical encoding, as hex',
          }),
        },
        closed,
      ),
      bodyExample: { transaction: '0x0c5d5d' },
      answers: [
        {
          status: 202,
          description: 'it waits for a block here, durably; the same transaction again gets the same answer',
          schema: acceptedSchema,
          example: { id: hashExample, status: 'pending' },
        },
      ],
      handle: ({ body: { transaction } }) => submitTransaction(node, fromHex(transaction.toLowerCase())),
    }),
    defineRoute({
      method: 'GET',
      path: '/transactions/:id',
      summary: 'What became of a transaction',
      tag: 'transactions',
      codes: ['TRANSACTION_UNKNOWN'],
      params: Type.Object({ id: hashField }, closed),
      answers: [
        {
          status: 200,
          description: '`included`: in a block that is not final yet; `failed`: for good, with a code',
          schema: transactionSchema,
          example: { id: hashExample, status: 'final', height: 6 },
        },
      ],
      handle: ({ params: { id } }) => {
        const shown = showTransaction(node.reader(), id);
        if (shown !== undefined) return ok(shown);
        return refusal('TRANSACTION_UNKNOWN', `no transaction ${id} waits here or ended recently`, { id });
      },
    }),
  ];
}

/** Hands a transaction to the node. @returns 202 with its id once it is durable, or why not. */
export async function submitTransaction(node: NodeView, bytes: Uint8Array): Promise<Answer> {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) return refusal(decoded.code, decoded.message);
  const { id, transaction } = decoded.value;
  const problem = findBatchProblemOf(transaction, node.reader().genesis);
  if (problem !== undefined) return refusal(problem.code, problem.message, { id, ...problem.details });
  const { verdict, code } = await node.submit(bytes);
  if (verdict === 'accept' || code === 'MEMPOOL_DUPLICATE') return ok({ id, status: 'pending' }, 202);
  // Sent again after it got into a block: the caller lost our first answer.
  const known = code === 'LEDGER_NONCE_USED' ? showTransaction(node.reader(), id) : undefined;
  if (known !== undefined) return ok({ id, status: known.status }, 202);
  const reason = code ?? 'INTERNAL';
  const headers: Record<string, string> =
    reason === 'MEMPOOL_FULL' || reason === 'MEMPOOL_SENDER_FULL' ? { 'retry-after': RETRY_AFTER_S } : {};
  return refusal(reason, words[reason] ?? 'the node does not take it', { id }, headers);
}

/** What the node would refuse too, with what it does not say: where, and by how much. */
function findBatchProblemOf({ from, body }: Transaction, genesis: Genesis): BatchRefusal | undefined {
  return body.type === 'atomic_batch'
    ? findBatchProblem(body, from, genesis.atomic, genesis.ledger)
    : undefined;
}

function showTransaction(reader: NodeReader, id: string): Static<typeof transactionSchema> | undefined {
  const standing = reader.transaction(id);
  if (standing === undefined) return undefined;
  if (standing.status === 'pending') return { id, status: 'pending' };
  if (standing.status === 'included') return { id, status: 'included', height: standing.height };
  const { height, result, isIncluded } = standing.outcome;
  if (result === 'ok') return { id, status: 'final', height };
  return { id, status: 'failed', height, code: result, in_block: isIncluded };
}
