/** `GET /blocks`, `GET /blocks/:height`: final blocks that this node still keeps. */
import { type Static, Type } from '@sinclair/typebox';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { decodeTransaction } from '../../settlement/execution/transaction.ts';
import type { NodeReader } from '../core/reader.ts';
import type { StoredBlock } from '../core/store.ts';
import {
  addressExample,
  addressField,
  closed,
  countField,
  hashExample,
  hashField,
  heightField,
  nameField,
  nextBeforeField,
  nullable,
  PAGE_DEFAULT,
  pageQuery,
  timeField,
} from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { defineRoute, ok, type Route, refusal } from './route.ts';

const blockFields = {
  height: heightField,
  hash: hashField,
  view: countField,
  parent_hash: hashField,
  timestamp_ms: timeField,
  leader: nameField,
  origin: Type.Object({ height: heightField, hash: hashField }, closed),
  state_root: hashField,
  receipts_root: hashField,
  transactions_root: hashField,
  batch_commitment: nullable(hashField),
  transaction_count: countField,
  evidence_count: countField,
  finalized_by: nullable(
    Type.Array(nameField, {
      description: 'signers of its certificate; null where a later block’s certificate made it final',
    }),
  ),
};

const blockSchema = Type.Object(blockFields, closed);
const transactionSchema = Type.Object(
  {
    id: hashField,
    type: Type.String(),
    from: addressField,
    nonce: countField,
    result: nullable(
      Type.String({ description: '`ok`, or the code with which it failed; null where it is no longer kept' }),
    ),
    transaction: Type.String({
      pattern: '^0x(?:[0-9a-f]{2})+$',
      description: 'its encoding, as it was posted and as it stands in the block',
    }),
  },
  closed,
);
const wholeBlockSchema = Type.Object({ ...blockFields, transactions: Type.Array(transactionSchema) }, closed);

const blockExample: Static<typeof blockSchema> = {
  height: 5,
  hash: hashExample,
  view: 5,
  parent_hash: hashExample,
  timestamp_ms: 8000,
  leader: 'node-0',
  origin: { height: 1, hash: hashExample },
  state_root: hashExample,
  receipts_root: hashExample,
  transactions_root: hashExample,
  batch_commitment: null,
  transaction_count: 1,
  evidence_count: 0,
  finalized_by: ['node-0', 'node-1', 'node-2'],
};

export function blockRoutes(node: NodeView): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/blocks',
      summary: 'Final blocks, newest first',
      tag: 'chain',
      codes: [],
      query: pageQuery,
      answers: [
        {
          status: 200,
          description: 'a page of blocks',
          schema: Type.Object({ blocks: Type.Array(blockSchema), next_before: nextBeforeField }, closed),
          example: { blocks: [blockExample], next_before: 5 },
        },
      ],
      handle: ({ query: { limit = PAGE_DEFAULT, before } }) => {
        const reader = node.reader();
        const { finalizedHeight } = reader.status();
        const blocks: Static<typeof blockSchema>[] = [];
        let height = Math.min(finalizedHeight, (before ?? finalizedHeight + 1) - 1);
        for (; height > 0 && blocks.length < limit; height -= 1) {
          const stored = reader.block(height);
          if (stored === undefined) break;
          blocks.push(showBlock(reader, stored));
        }
        const isEnd = blocks.length === 0 || reader.block(height) === undefined;
        return ok({ blocks, next_before: isEnd ? null : height + 1 });
      },
    }),
    defineRoute({
      method: 'GET',
      path: '/blocks/:height',
      summary: 'One final block with its transactions and how they ended',
      tag: 'chain',
      codes: ['BLOCK_UNKNOWN'],
      params: Type.Object({ height: heightField }, closed),
      answers: [
        {
          status: 200,
          description: 'the block',
          schema: wholeBlockSchema,
          example: {
            ...blockExample,
            transactions: [
              {
                id: hashExample,
                type: 'borrow',
                from: addressExample,
                nonce: 0,
                result: 'ok',
                transaction: '0x06',
              },
            ],
          },
        },
      ],
      handle: ({ params: { height } }) => {
        const reader = node.reader();
        const stored = reader.block(height);
        if (stored === undefined) {
          const { finalizedHeight } = reader.status();
          return refusal('BLOCK_UNKNOWN', `no final block of height ${height} is kept here`, {
            height,
            finalized_height: finalizedHeight,
          });
        }
        return ok({
          ...showBlock(reader, stored),
          transactions: showTransactions(reader, stored),
        });
      },
    }),
  ];
}

function showBlock({ genesis }: NodeReader, { block, certificate }: StoredBlock): Static<typeof blockSchema> {
  const { header, hash, body } = block;
  const nameOf = (index: number): string => genesis.validators.at(index).name;
  return {
    height: header.height,
    hash,
    view: header.view,
    parent_hash: header.parentHash,
    timestamp_ms: header.timestampMs,
    leader: nameOf(header.leader),
    origin: { height: header.origin.height, hash: header.origin.hash },
    state_root: header.stateRoot,
    receipts_root: header.receiptsRoot,
    transactions_root: header.transactionsRoot,
    batch_commitment: header.batchCommitment === ZERO_HASH ? null : header.batchCommitment,
    transaction_count: body.transactions.length,
    evidence_count: body.evidence.length,
    finalized_by: certificate === undefined ? null : certificate.signers.map(nameOf),
  };
}

function showTransactions(reader: NodeReader, { block }: StoredBlock): Static<typeof transactionSchema>[] {
  // Posted inputs have outcomes too, and stand in no body.
  const results = new Map(reader.outcomesAt(block.header.height).map(({ id, result }) => [id, result]));
  return block.body.transactions.flatMap((bytes) => {
    const decoded = decodeTransaction(bytes);
    if (!decoded.ok) return [];
    const { id, transaction } = decoded.value;
    const { body, from, nonce } = transaction;
    const result = results.get(id) ?? null;
    return [{ id, type: body.type, from, nonce, result, transaction: toHex(bytes) }];
  });
}
