/** What the engine is told where a batch cannot be executed: whether another attempt helps, and which order is at fault. */
import type { Address } from '../../../consensus/primitives/flavor.ts';
import { findBatchProblem } from '../../../settlement/atomic/limits.ts';
import type { AtomicBatch, AtomicBatchOperation } from '../../../settlement/atomic/types.ts';
import { inputBatchGas } from '../../../settlement/execution/gas.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import { INPUT_BYTES_MAX } from '../../../settlement/input/inputText.ts';
import { batchTextBytes } from '../../../settlement/input/inputTextBytes.ts';
import type { LedgerRefusal } from '../engine/ledger.ts';

/** Limits over a batch: the same orders in smaller company may pass. */
const limits: readonly string[] = [
  'BATCH_GAS_TOO_HIGH',
  'BATCH_TOO_LARGE',
  'BATCH_TOO_MANY_ACCOUNTS',
  'BATCH_VALUE_TOO_HIGH',
  'TRANSACTION_TOO_LARGE',
];

/** The batch was taken, or executed: the chain says the rest. */
const arrivals: readonly (string | undefined)[] = [
  undefined,
  'BATCH_ALREADY_EXECUTED',
  'INPUT_ALREADY_EXECUTED',
  'MEMPOOL_DUPLICATE',
];

/**
 * Judges a batch by the rules of genesis, before it is sent.
 * @returns What it will be refused for under its id. An order that does not fit alone is at fault; of a batch that does not fit
 *   though each order does, none is.
 */
export function findMisfit(
  genesis: Genesis,
  carrier: Address,
  batch: AtomicBatch,
): LedgerRefusal | undefined {
  const problem = findProblem(genesis, carrier, batch);
  if (problem === undefined) return undefined;
  const { code, failedAt } = problem;
  if (!limits.includes(code)) return { code, failedAt, isFinal: true };
  const misfit = batch.requests.findIndex(
    (request) => findProblem(genesis, carrier, { ...batch, requests: [request] }) !== undefined,
  );
  return { code, failedAt: misfit < 0 ? undefined : misfit, isFinal: true };
}

/** Whether the node has the transaction, or had it. */
export function isArrival(code: string | undefined): boolean {
  return arrivals.includes(code);
}

/** What a node's verdict on a transaction that it did not take means for its command. */
export function refusalOf(code: string, orderCount: number): LedgerRefusal {
  // The bytes are counted by the node alone.
  if (limits.includes(code)) return { code, failedAt: orderCount === 1 ? 0 : undefined, isFinal: true };
  // Room, time and load: another attempt finds others. Nothing else is known to be for good.
  return { code, failedAt: undefined, isFinal: false };
}

function findProblem(
  { atomic, ledger }: Genesis,
  carrier: Address,
  batch: AtomicBatch,
): { readonly code: string; readonly failedAt: number } | undefined {
  const operation: AtomicBatchOperation = { type: 'atomic_batch', batch, signers: [] };
  const refusal = findBatchProblem(operation, carrier, atomic, ledger, inputBatchGas);
  if (refusal !== undefined) return { code: refusal.code, failedAt: Number(refusal.details?.failedAt) };
  const isTooLong = batchTextBytes(operation) > INPUT_BYTES_MAX;
  return isTooLong ? { code: 'TRANSACTION_TOO_LARGE', failedAt: 0 } : undefined;
}
