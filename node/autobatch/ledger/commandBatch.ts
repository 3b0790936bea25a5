/** The atomic batch that a command is, and what the chain says of one. A batch id is anybody's to take, so nothing is known by it alone. */
import type { Hash, Height } from '../../../consensus/primitives/flavor.ts';
import { atomicBatchHash } from '../../../settlement/atomic/codec.ts';
import { receiptsTable } from '../../../settlement/atomic/tables.ts';
import type { AtomicBatch, AtomicBatchRecord, SettlementRequest } from '../../../settlement/atomic/types.ts';
import type { State } from '../../../settlement/state.ts';
import type { Command } from '../engine/ledger.ts';
import type { SignedOrder } from '../store/order.ts';

type CommandContent = Pick<Command, 'commandId' | 'orders'>;

/** One for each last height: attempts of a command differ in nothing else. */
export function batchOfCommand({ commandId, orders }: CommandContent, lastHeight: Height): AtomicBatch {
  return { batchId: commandId, expiresAtHeight: lastHeight, requests: orders.map(requestOf) };
}

/** The order's id is the id of the settlement, so the chain settles it once. */
function requestOf({
  orderId,
  from,
  to,
  asset,
  amount,
  reference,
  lastHeight,
  signature,
}: SignedOrder): SettlementRequest {
  const proof = { kind: 'cryptographic', signer: from, signature } as const;
  const terms = { from, to, amount, asset, kind: 'immediate', metadata: reference, lastHeight } as const;
  return { settlementId: orderId, ...terms, proof };
}

/** Whether a batch on its way is an attempt of the command. @param aheadMax - Most blocks ahead that its last height may lie. */
export function isAttempt(
  batch: AtomicBatch,
  command: CommandContent,
  finalHeight: Height,
  aheadMax: number,
): boolean {
  const { expiresAtHeight } = batch;
  // One that cannot be executed any more, or was made by somebody to be waited for, waits in vain.
  if (expiresAtHeight <= finalHeight || expiresAtHeight > finalHeight + aheadMax) return false;
  return atomicBatchHash(batch) === atomicBatchHash(batchOfCommand(command, expiresAtHeight));
}

/** Whether an executed batch was an attempt of the command, made at most `aheadMax` blocks before its last height. */
export function wasAttempt(
  { contentHash, blockHeight }: AtomicBatchRecord,
  command: CommandContent,
  aheadMax: number,
): boolean {
  for (let ahead = 0; ahead < aheadMax; ahead += 1) {
    if (contentHash === atomicBatchHash(batchOfCommand(command, blockHeight + ahead))) return true;
  }
  return false;
}

/** Whether the chain settled this very payment: anybody may have settled another one under its id. */
export function isOrderPaid(state: Pick<State, 'get'>, order: SignedOrder): boolean {
  const receipt = state.get(receiptsTable, order.orderId as string);
  return (
    receipt !== undefined &&
    receipt.kind === 'immediate' &&
    receipt.from === order.from &&
    receipt.to === order.to &&
    receipt.asset === order.asset &&
    receipt.gross === order.amount
  );
}

/** Whether a batch settled under the ids of these orders, in their order; for whom and how much, it does not say. */
export function settlesOrders({ settlementIds }: AtomicBatchRecord, orders: readonly SignedOrder[]): boolean {
  const ids: readonly Hash[] = orders.map(({ orderId }) => orderId);
  return ids.length === settlementIds.length && ids.every((id, index) => id === settlementIds[index]);
}
