/**
 * What stands under the id of an atomic batch on this node, and with it what a user who sends a batch is told: one id is
 * one batch, whoever carries it and however often it is sent. A transaction that waits behind a gap in its sender's nonces
 * stands in nobody's way, since its turn may never come.
 */
import type { Hash, Height } from '../../consensus/primitives/flavor.ts';
import { batchRecordOf } from '../../settlement/atomic/batch.ts';
import { atomicBatchHash } from '../../settlement/atomic/codec.ts';
import { type BatchRefusal, findFarExpiry, findTimeout } from '../../settlement/atomic/limits.ts';
import type { AtomicBatch, AtomicBatchRecord, AtomicRules } from '../../settlement/atomic/types.ts';
import { batchIdOf } from './batchCarriers.ts';
import type { BlockTree, ExecutedBlock } from './blockTree.ts';
import type { Mempool, PreparedTransaction } from './mempool.ts';

/** Where an atomic batch stands: waiting, in a block that is not final yet, or ended. */
export type AtomicBatchStanding =
  | { readonly status: 'pending'; readonly carrier: PreparedTransaction }
  | { readonly status: 'executing'; readonly carrier: PreparedTransaction; readonly height: Height }
  | { readonly status: 'ended'; readonly record: AtomicBatchRecord };

/** What becomes of a batch that a user sends. */
export type BatchJudgement =
  | { readonly type: 'new' }
  /** The same batch is on its way already. */
  | { readonly type: 'known'; readonly carrier: PreparedTransaction }
  | { readonly type: 'refused'; readonly code: BatchRefusal['code'] };

export interface BatchDoorParts {
  readonly tree: BlockTree;
  readonly mempool: Mempool;
}

/** Where the batch of this id stands here; undefined: unknown. What has ended comes first, then what is furthest. */
export function atomicBatchStanding(
  { tree, mempool }: BatchDoorParts,
  batchId: Hash,
): AtomicBatchStanding | undefined {
  const record = batchRecordOf(tree.finalizedState(), batchId);
  if (record !== undefined) return { status: 'ended', record };
  for (const executed of tree.unfinalized()) {
    const carrier = findExecuted(executed, batchId);
    if (carrier !== undefined) return { status: 'executing', carrier, height: executed.block.header.height };
  }
  const carrier = findWaiting(mempool, batchId);
  return carrier === undefined ? undefined : { status: 'pending', carrier };
}

/** The first whose turn comes, else the first. */
function findWaiting(mempool: Mempool, batchId: Hash): PreparedTransaction | undefined {
  const carriers = mempool.carriersOf(batchId);
  for (const one of carriers) if (mempool.isReady(one)) return one;
  const [first] = carriers;
  return first;
}

/** Judges a batch that a user hands to this node, before anything is kept of it. */
export function judgeBatch(
  parts: BatchDoorParts,
  rules: AtomicRules,
  prepared: PreparedTransaction,
): BatchJudgement {
  const { body } = prepared.transaction;
  if (body.type !== 'atomic_batch') return { type: 'new' };
  const { batch } = body;
  const { tree, mempool } = parts;
  const standing = atomicBatchStanding(parts, batch.batchId);
  const contentHash = atomicBatchHash(batch);
  if (standing?.status === 'ended') {
    const isSame = standing.record.contentHash === contentHash;
    return { type: 'refused', code: isSame ? 'BATCH_ALREADY_EXECUTED' : 'BATCH_ID_TAKEN' };
  }
  if (mempool.get(prepared.id) !== undefined) return { type: 'new' };
  const late = findBatchTiming(batch, tree.finalized.header.height, rules);
  const timely: BatchJudgement = late === undefined ? { type: 'new' } : { type: 'refused', code: late.code };
  // An input is executed for itself, and what its user is told holds on every node: only what is final counts.
  if (prepared.transaction.auth.type === 'input') return timely;
  const isInTheWay =
    standing?.status === 'executing' || (standing !== undefined && mempool.isReady(standing.carrier));
  if (standing !== undefined && isInTheWay) {
    const { carrier } = standing;
    return hashCarried(carrier) === contentHash
      ? { type: 'known', carrier }
      : { type: 'refused', code: 'BATCH_ID_TAKEN' };
  }
  return timely;
}

/** Why the next block above a final height could not execute the batch in time, or undefined. */
export function findBatchTiming(
  batch: AtomicBatch,
  finalizedHeight: Height,
  rules: AtomicRules,
): BatchRefusal | undefined {
  const height = finalizedHeight + 1;
  return findTimeout(batch, height) ?? findFarExpiry(batch, height, rules);
}

function hashCarried({ transaction: { body } }: PreparedTransaction): Hash | undefined {
  return body.type === 'atomic_batch' ? atomicBatchHash(body.batch) : undefined;
}

/** The transaction of a block that had the batch executed; others with its id were refused and left no trace. */
function findExecuted(
  { result: { atomicFacts, receipts }, transactions }: ExecutedBlock,
  batchId: Hash,
): PreparedTransaction | undefined {
  for (const fact of atomicFacts) {
    if (fact.type !== 'atomic_batch_completed' && fact.type !== 'atomic_batch_failed') continue;
    if (fact.batchId !== batchId) continue;
    const ended = fact.type === 'atomic_batch_completed' ? 'ok' : fact.failure.code;
    return transactions.find(
      (prepared, index) => batchIdOf(prepared) === batchId && receipts[index]?.result === ended,
    );
  }
  return undefined;
}
