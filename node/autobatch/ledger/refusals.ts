/** What the engine is told where a batch cannot be executed: whether another attempt helps, and which order is at fault. */
import type { Address, Height } from '../../../consensus/primitives/flavor.ts';
import type { AtomicCode } from '../../../settlement/atomic/codes.ts';
import { findBatchProblem } from '../../../settlement/atomic/limits.ts';
import type { AtomicBatch, AtomicBatchOperation } from '../../../settlement/atomic/types.ts';
import { inputBatchGas } from '../../../settlement/execution/gas.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import { INPUT_BYTES_MAX } from '../../../settlement/input/inputText.ts';
import { batchTextBytes } from '../../../settlement/input/inputTextBytes.ts';
import type { LedgerRefusal } from '../engine/ledger.ts';
import type { SignedOrder } from '../store/order.ts';
import { batchOfCommand } from './commandBatch.ts';

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

/**
 * Counts the orders, from the first on, that are within all limits together, whatever else is wrong with them.
 * @param orders - At least one.
 * @returns At least 1: of an order that is above a limit by itself, `findMisfit` says so.
 */
export function countFitting(genesis: Genesis, carrier: Address, orders: readonly SignedOrder[]): number {
  // The id takes the same room as every other, and the height the most that one can take.
  const { batchId, expiresAtHeight, requests } = batchOfCommand(
    { commandId: orders[0]?.orderId ?? '', orders },
    Number.MAX_SAFE_INTEGER,
  );
  const fits = (count: number): boolean =>
    isWithinLimits(genesis, carrier, { batchId, expiresAtHeight, requests: requests.slice(0, count) });
  if (fits(orders.length)) return orders.length;
  let fitting = 1;
  let tooMany = orders.length;
  while (tooMany - fitting > 1) {
    const middle = Math.floor((fitting + tooMany) / 2);
    if (fits(middle)) fitting = middle;
    else tooMany = middle;
  }
  return fitting;
}

/** What a command is refused for whose orders no block above the final one may settle, any of them. */
export function findLateOrder(
  orders: readonly SignedOrder[],
  finalHeight: Height,
): LedgerRefusal | undefined {
  const isLate = ({ lastHeight }: SignedOrder) => lastHeight !== undefined && lastHeight <= finalHeight;
  const first = orders.findIndex(isLate);
  if (first < 0) return undefined;
  const failedAt = orders.every(isLate) ? undefined : first;
  return { code: 'ORDER_EXPIRED' satisfies AtomicCode, failedAt, isFinal: true };
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

function isWithinLimits(genesis: Genesis, carrier: Address, batch: AtomicBatch): boolean {
  // An order with another fault must not hide that the text is too long, or fewer would seem too many and more would not.
  if (isTooLong(operationOf(batch))) return false;
  const problem = findProblem(genesis, carrier, batch);
  return problem === undefined || !limits.includes(problem.code);
}

function findProblem(
  { atomic, ledger }: Genesis,
  carrier: Address,
  batch: AtomicBatch,
): { readonly code: string; readonly failedAt: number } | undefined {
  const operation = operationOf(batch);
  const refusal = findBatchProblem(operation, carrier, atomic, ledger, inputBatchGas);
  if (refusal !== undefined) return { code: refusal.code, failedAt: Number(refusal.details?.failedAt) };
  return isTooLong(operation) ? { code: 'TRANSACTION_TOO_LARGE', failedAt: 0 } : undefined;
}

function operationOf(batch: AtomicBatch): AtomicBatchOperation {
  return { type: 'atomic_batch', batch, signers: [] };
}

function isTooLong(operation: AtomicBatchOperation): boolean {
  return batchTextBytes(operation) > INPUT_BYTES_MAX;
}
