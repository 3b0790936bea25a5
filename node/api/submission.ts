/** Hands signed transactions to the node, and says why one is not taken: what, where, and what to do. */
import { consensusCodes } from '../../consensus/codes.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { type AtomicCode, atomicCodes } from '../../settlement/atomic/codes.ts';
import { type BatchRefusal, findBatchProblem } from '../../settlement/atomic/limits.ts';
import type { AtomicBatchOperation } from '../../settlement/atomic/types.ts';
import { executionCodes } from '../../settlement/execution/codes.ts';
import { batchGasBy } from '../../settlement/execution/gas.ts';
import {
  decodeTransaction,
  type Transaction,
  transactionCodes,
} from '../../settlement/execution/transaction.ts';
import { type LedgerCode, ledgerCodes } from '../../settlement/ledger/codes.ts';
import { findBatchTiming } from '../core/batchDoor.ts';
import { coreCodes } from '../core/codes.ts';
import type { NodeReader } from '../core/reader.ts';
import { runtimeCodes } from '../runtime/codes.ts';
import type { AnswerCode } from './codes.ts';
import type { NodeView } from './nodeView.ts';
import { type Answer, refusal } from './route.ts';

/** What came of a transaction that was handed over. */
export type Submission =
  /** It is on the disk of this node; of a batch that another transaction carries already, that one. */
  | { readonly type: 'waits'; readonly id: Hash }
  | {
      readonly type: 'refused';
      readonly code: string;
      /** Undefined: the bytes hold no transaction. */
      readonly id: Hash | undefined;
      readonly answer: Answer;
    };

/** What a node may answer that takes a transaction, whatever it does. */
export const transactionRefusals: readonly AnswerCode[] = [
  'ENCODING_INVALID',
  'TRANSACTION_ADDRESS_INVALID',
  'TRANSACTION_CHAIN_MISMATCH',
  'TRANSACTION_COSIGNATURE_INVALID',
  'TRANSACTION_VOUCHER_INVALID',
  'TRANSACTION_EXPIRED',
  'TRANSACTION_SIGNATURE_INVALID',
  'TRANSACTION_TOO_LARGE',
  'LEDGER_NONCE_AHEAD',
  'LEDGER_NONCE_USED',
  'MEMPOOL_FULL',
  'MEMPOOL_NONCE_TAKEN',
  'MEMPOOL_SENDER_FULL',
  'NODE_OVERLOADED',
  'NODE_STOPPED',
];

/** Everything a node may answer that takes a transaction, an atomic batch too. */
export const submissionCodes: readonly AnswerCode[] = [
  ...transactionRefusals,
  'AMOUNT_ZERO',
  'BATCH_EMPTY',
  'BATCH_EXPIRY_TOO_FAR',
  'BATCH_GAS_TOO_HIGH',
  'BATCH_ID_TAKEN',
  'BATCH_TIMEOUT',
  'BATCH_TOO_LARGE',
  'BATCH_TOO_MANY_ACCOUNTS',
  'BATCH_VALUE_TOO_HIGH',
  'DUPLICATE_SETTLEMENT_ID',
  'LEDGER_ASSET_UNKNOWN',
  'PROOF_VERIFICATION_FAILED',
  'SELF_PAYMENT',
  'SETTLEMENT_ID_RESERVED',
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

/** What to do about a batch that is refused. */
const batchFixes: Partial<Readonly<Record<AtomicCode | LedgerCode, string>>> = {
  AMOUNT_ZERO: 'leave the request out, or give it an amount',
  BATCH_EMPTY: 'put at least one request into it',
  BATCH_EXPIRY_TOO_FAR: 'sign it again with a last height of at most `max`',
  BATCH_GAS_TOO_HIGH: 'split it into batches of at most `max` gas',
  BATCH_ID_TAKEN: 'draw another id, at random',
  BATCH_TIMEOUT: 'sign it again with a later last height',
  BATCH_TOO_LARGE: 'split it into batches of at most `max` requests',
  BATCH_TOO_MANY_ACCOUNTS: 'split it into batches of at most `max` accounts',
  BATCH_VALUE_TOO_HIGH: 'split it into batches that move at most `max` of the asset',
  DUPLICATE_SETTLEMENT_ID: 'draw an id for each request, at random',
  LEDGER_ASSET_UNKNOWN: 'use an asset that GET /assets lists',
  PROOF_VERIFICATION_FAILED: 'have the payer sign the batch: add him to `signers`',
  SELF_PAYMENT: 'leave the request out',
};

/** Seconds after which a full mempool is worth another try: a block time or two. */
const RETRY_AFTER_S = '2';

/** Hands a transaction to the node; when it waits, its row is synced. A refused one leaves nothing behind. */
export async function submitBytes(node: NodeView, bytes: Uint8Array): Promise<Submission> {
  const decoded = decodeTransaction(bytes);
  if (!decoded.ok) {
    const answer = refusal(decoded.code, decoded.message);
    return { type: 'refused', code: decoded.code, id: undefined, answer };
  }
  const { id, transaction } = decoded.value;
  const problem = findBatchProblemOf(transaction, node.reader());
  if (problem !== undefined) return refusedBatch(id, problem);
  const { verdict, code } = await node.submit(bytes);
  if (verdict === 'accept') return { type: 'waits', id };
  if (code === 'MEMPOOL_DUPLICATE') return { type: 'waits', id: waitingId(node.reader(), transaction, id) };
  const late = findTimingProblemOf(transaction, node.reader());
  if (late !== undefined && late.code === code) return refusedBatch(id, late);
  const reason = code ?? 'INTERNAL';
  const headers: Record<string, string> =
    reason === 'MEMPOOL_FULL' || reason === 'MEMPOOL_SENDER_FULL' ? { 'retry-after': RETRY_AFTER_S } : {};
  const answer = refusal(reason, explain(reason), { id, ...placeOf(transaction, reason) }, headers);
  return { type: 'refused', code: reason, id, answer };
}

/** Names as JSON has them: `failedAt` is `failed_at`. */
export function toSnakeCase(details: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const renamed = Object.entries(details).map(([name, value]) => [
    name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    value,
  ]);
  return Object.fromEntries(renamed) as Record<string, unknown>;
}

/** The transaction that waits: the very one, or the one that brought the same batch first. */
function waitingId(reader: NodeReader, { body }: Transaction, id: Hash): Hash {
  if (body.type !== 'atomic_batch' || reader.transaction(id) !== undefined) return id;
  const standing = reader.atomicBatch(body.batch.batchId);
  return standing === undefined || standing.status === 'ended' ? id : standing.carrier.id;
}

/** What the node would refuse too, with what it does not say: where, and by how much. */
function findBatchProblemOf(
  { from, auth, body }: Transaction,
  { genesis }: NodeReader,
): BatchRefusal | undefined {
  return body.type === 'atomic_batch'
    ? findBatchProblem(body, from, genesis.atomic, genesis.ledger, batchGasBy(auth))
    : undefined;
}

function findTimingProblemOf({ body }: Transaction, reader: NodeReader): BatchRefusal | undefined {
  if (body.type !== 'atomic_batch') return undefined;
  return findBatchTiming(body.batch, reader.status().finalizedHeight, reader.genesis.atomic);
}

function refusedBatch(id: Hash, { code, details = {} }: BatchRefusal): Submission {
  const answer = refusal(code, explain(code), { id, ...toSnakeCase(details) });
  return { type: 'refused', code, id, answer };
}

/** Whose batch, or whose signatures, the refusal is about. */
function placeOf({ from, body }: Transaction, code: string): Readonly<Record<string, unknown>> {
  if (code === 'TRANSACTION_SIGNATURE_INVALID') return { address: from };
  if (body.type !== 'atomic_batch' || !code.startsWith('BATCH_')) return {};
  const { batchId }: AtomicBatchOperation['batch'] = body.batch;
  return { batch_id: batchId, failed_at: 0, completed: 0 };
}

function explain(code: string): string {
  const fix = (batchFixes as Readonly<Record<string, string>>)[code];
  const what = words[code] ?? 'the node does not take it';
  return fix === undefined ? what : `${what}: ${fix}`;
}
