/** `POST /atomic-batches`, `GET /atomic-batches/:id`: sends an atomic batch, and says what became of it. */
import { type Static, Type } from '@sinclair/typebox';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { atomicBatchHash } from '../../settlement/atomic/codec.ts';
import { receiptsTable } from '../../settlement/atomic/tables.ts';
import type { AtomicBatchRecord } from '../../settlement/atomic/types.ts';
import { decodeTransaction } from '../../settlement/execution/transaction.ts';
import type { State } from '../../settlement/state.ts';
import type { NodeReader } from '../core/reader.ts';
import {
  type AtomicBatchBody,
  atomicBatchBodyExample,
  atomicBatchBodySchema,
  readAtomicBatchBody,
} from './atomicBatchBody.ts';
import { apiCodes } from './codes.ts';
import { closed, countField, hashExample, hashField, heightField, timeField } from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { receiptExample, receiptSchema, showReceipt } from './receiptAnswer.ts';
import { type Answer, defineRoute, ok, type Route, refusal } from './route.ts';
import { submissionCodes, submitBytes, toSnakeCase } from './submission.ts';

/** JSON of the largest batch that a block holds by default: hex doubles its bytes, and every request has its keys. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

const batchSchema = Type.Object(
  {
    id: hashField,
    status: Type.Union(
      ['pending', 'executing', 'completed', 'failed'].map((status) => Type.Literal(status)),
      {
        description:
          '`pending`: waits here for a block; `executing`: in a block that is not final yet; then for good `completed` or `failed`',
      },
    ),
    transaction_id: Type.Optional({ ...hashField, description: 'what carries it, until it has ended' }),
    content_hash: {
      ...hashField,
      description:
        'names everything in the batch: with another one than the answer to your POST gave, it is somebody else’s batch, which took the id first',
    },
    height: Type.Optional({ ...heightField, description: 'of the block that executed it' }),
    timestamp_ms: Type.Optional(timeField),
    settlements: Type.Array(hashField, { description: 'ids in order' }),
    failure: Type.Optional(
      Type.Object(
        {
          error: Type.String({ description: 'code of the cause' }),
          failed_at: countField,
          completed: Type.Integer({ minimum: 0, description: 'settlements before it, which were undone' }),
          details: Type.Record(Type.String(), Type.Unknown()),
        },
        closed,
      ),
    ),
    receipts: Type.Array(receiptSchema, {
      description: 'one for each settlement once it is completed, in order',
    }),
  },
  closed,
);

type ShownBatch = Static<typeof batchSchema>;

const contentHashExample = `0x${'c0'.repeat(32)}`;
const pendingExample = {
  id: hashExample,
  status: 'pending',
  transaction_id: `0x${'7a'.repeat(32)}`,
  content_hash: contentHashExample,
  settlements: [receiptExample.id],
  receipts: [],
};
const completedExample = {
  id: hashExample,
  status: 'completed',
  content_hash: contentHashExample,
  height: 6,
  timestamp_ms: 10_000,
  settlements: [receiptExample.id],
  receipts: [receiptExample],
};

export function atomicBatchRoutes(node: NodeView): Route[] {
  return [
    defineRoute({
      method: 'POST',
      path: '/atomic-batches',
      summary: 'Hand a signed atomic batch to this node; it is on its disk before the answer',
      tag: 'transactions',
      codes: [...submissionCodes, 'PROOF_FORM_INVALID'],
      bodyBytesMax: BODY_BYTES_MAX,
      body: atomicBatchBodySchema,
      bodyExample: atomicBatchBodyExample,
      answers: [
        {
          status: 202,
          description: 'it waits for a block here, durably, or is in one that is not final yet',
          schema: batchSchema,
          example: pendingExample,
        },
        {
          status: 200,
          description: 'the very batch ended before, whoever sent it: its first result',
          schema: batchSchema,
          example: completedExample,
        },
      ],
      handle: ({ body }) => {
        const read = readAtomicBatchBody(body, node.reader().genesis.chainId);
        if (!read.ok) return refusal(read.code, read.message, read.details);
        return submitBatch(node, body, read.value);
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/atomic-batches/:id',
      summary: 'What became of an atomic batch',
      tag: 'transactions',
      codes: ['ATOMIC_BATCH_UNKNOWN'],
      params: Type.Object({ id: hashField }, closed),
      answers: [
        {
          status: 200,
          description: 'as this node sees it',
          schema: batchSchema,
          example: completedExample,
        },
      ],
      handle: ({ params: { id } }) => {
        const shown = showBatch(node.reader(), id);
        if (shown !== undefined) return ok(shown);
        return refusal('ATOMIC_BATCH_UNKNOWN', apiCodes.ATOMIC_BATCH_UNKNOWN, { id });
      },
    }),
  ];
}

async function submitBatch(
  node: NodeView,
  { batch_id, requests }: AtomicBatchBody,
  bytes: Uint8Array,
): Promise<Answer> {
  const submission = await submitBytes(node, bytes);
  if (submission.type === 'refused' && submission.code !== 'BATCH_ALREADY_EXECUTED') return submission.answer;
  const id = batch_id.toLowerCase();
  const shown = showBatch(node.reader(), id);
  // Its block became final while the answer was on its way.
  if (shown?.status === 'completed' || shown?.status === 'failed') return ok(shown);
  if (submission.type === 'refused') return submission.answer;
  const settlements = requests.map(({ settlement_id }) => settlement_id.toLowerCase());
  const status = shown?.status ?? 'pending';
  const content_hash = contentHashOf(bytes);
  return ok({ id, status, transaction_id: submission.id, content_hash, settlements, receipts: [] }, 202);
}

/** Of the batch in a transaction that the node took. */
function contentHashOf(bytes: Uint8Array): Hash {
  const decoded = decodeTransaction(bytes);
  assert(decoded.ok && decoded.value.transaction.body.type === 'atomic_batch', 'no batch was sent');
  return atomicBatchHash(decoded.value.transaction.body.batch);
}

function showBatch(reader: NodeReader, id: Hash): ShownBatch | undefined {
  const standing = reader.atomicBatch(id);
  if (standing === undefined) return undefined;
  if (standing.status === 'ended') return showEnded(reader.finalizedState(), id, standing.record);
  const { carrier, status } = standing;
  const { body } = carrier.transaction;
  if (body.type !== 'atomic_batch') return undefined;
  return {
    id,
    status,
    transaction_id: carrier.id,
    content_hash: atomicBatchHash(body.batch),
    ...(standing.status === 'executing' ? { height: standing.height } : {}),
    settlements: body.batch.requests.map(({ settlementId }) => settlementId),
    receipts: [],
  };
}

/** The answer of `GET /atomic-batches/:id` about a batch that has ended, by the state of any final block from then on. */
export function endedBatchAnswer(state: Pick<State, 'get'>, id: Hash, record: AtomicBatchRecord): object {
  return showEnded(state, id, record);
}

function showEnded(
  state: Pick<State, 'get'>,
  id: Hash,
  { contentHash, blockHeight, timestampMs, settlementIds, failure }: AtomicBatchRecord,
): ShownBatch {
  const common = {
    content_hash: contentHash,
    height: blockHeight,
    timestamp_ms: timestampMs,
    settlements: [...settlementIds],
  };
  if (failure === undefined) {
    const receipts = settlementIds.flatMap((settlementId) => {
      const receipt = state.get(receiptsTable, settlementId);
      return receipt === undefined ? [] : [showReceipt(receipt)];
    });
    return { id, status: 'completed', ...common, receipts };
  }
  const { code, failedAt, completed, details } = failure;
  return {
    id,
    status: 'failed',
    ...common,
    failure: { error: code, failed_at: failedAt, completed, details: toSnakeCase(details) },
    receipts: [],
  };
}
