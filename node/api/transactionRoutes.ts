/** `POST /transactions`, `GET /transactions/:id`: the ledger's own door. */
import { type Static, Type } from '@sinclair/typebox';
import { fromHex } from '../../consensus/primitives/bytes.ts';
import { decodeTransaction } from '../../settlement/execution/transaction.ts';
import { inputTermsOf } from '../core/inputTerms.ts';
import type { NodeReader } from '../core/reader.ts';
import { closed, hashExample, hashField, heightField } from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { type Answer, defineRoute, ok, type Route, refusal } from './route.ts';
import { submissionCodes, submitBytes } from './submission.ts';

/** Longest transaction taken, in bytes: the largest atomic batch by default, with hundreds of signers. */
export const TRANSACTION_BYTES_MAX = 262_144;
/** The same as hex in a body of JSON. */
const BODY_BYTES_MAX = 2 * TRANSACTION_BYTES_MAX + 1024;

/** Codes behind which the very transaction may stand that was sent. */
const repeats: readonly string[] = ['LEDGER_NONCE_USED', 'BATCH_ALREADY_EXECUTED', 'INPUT_ALREADY_EXECUTED'];

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
      codes: submissionCodes.concat('BATCH_ALREADY_EXECUTED'),
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
  const submission = await submitBytes(node, bytes);
  if (submission.type === 'waits') return ok({ id: submission.id, status: 'pending' }, 202);
  if (submission.id === undefined || !repeats.includes(submission.code)) return submission.answer;
  // Sent again after it got into a block: the caller lost our first answer.
  const reader = node.reader();
  const known = showTransaction(reader, submission.id) ?? showInput(reader, bytes);
  return known === undefined ? submission.answer : ok({ id: known.id, status: known.status }, 202);
}

/** An input that was executed longer ago than outcomes are kept: its mark says what became of it. */
function showInput(reader: NodeReader, bytes: Uint8Array): Static<typeof acceptedSchema> | undefined {
  const decoded = decodeTransaction(bytes);
  const terms = decoded.ok ? inputTermsOf(decoded.value.transaction, reader.genesis) : undefined;
  const outcome = terms && reader.inputOutcome(terms.requestId);
  if (outcome === undefined) return undefined;
  return { id: outcome.transactionId, status: outcome.result === 'ok' ? 'final' : 'failed' };
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
