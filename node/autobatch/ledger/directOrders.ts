/**
 * Orders where auto-batch is off: each is one transaction of its own, made at once, and nothing is kept but what the ledger
 * keeps. The transaction is an atomic batch of the one order; its id follows from the order's, so the same order sent twice
 * is one batch, and anybody can ask for it. One that failed, be it for want of a block in time, gets the next id when it is sent
 * again.
 */
import { fromHex, toHex } from '../../../consensus/primitives/bytes.ts';
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import { receiptsTable } from '../../../settlement/atomic/tables.ts';
import type { SettlementReceipt, SettlementRequest } from '../../../settlement/atomic/types.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import type { SignedOrder } from '../store/order.ts';
import { Carrier, commandBlocksOf } from './carrier.ts';
import { batchOfCommand, isAttempt, isOrderPaid } from './commandBatch.ts';
import type { LedgerNode } from './ledgerNode.ts';
import { findLateOrder } from './refusals.ts';

/** Transactions of one order that may fail; each leaves a record on the chain. */
const TRIES_MAX = 16;

export interface DirectOrdersDependencies {
  readonly genesis: Genesis;
  readonly node: Pick<LedgerNode, 'reader'>;
  /** Of an ed25519 key of this node; its account carries the orders, and needs no money. */
  readonly secretKey: Uint8Array;
}

export type DirectStanding =
  /** Settled, as the receipt says. */
  | { readonly type: 'settled'; readonly receipt: SettlementReceipt }
  /** In the pool of this node or in a block that is not final yet. */
  | { readonly type: 'waiting'; readonly transactionId: Hash; readonly request: SettlementRequest }
  /** Its last transaction failed. */
  | { readonly type: 'failed'; readonly code: string };

/** What to do with an order that came in. */
export type DirectStep = DirectStanding | { readonly type: 'send'; readonly bytes: Uint8Array };

export class DirectOrders {
  readonly #parts: DirectOrdersDependencies;
  readonly #carrier: Carrier;
  readonly #commandBlocks: number;

  constructor(parts: DirectOrdersDependencies) {
    this.#parts = parts;
    this.#carrier = new Carrier(parts.genesis, parts.secretKey);
    this.#commandBlocks = commandBlocksOf(parts.genesis);
  }

  /** Where this very order stands, or the transaction to send for it. */
  stepOf(order: SignedOrder): DirectStep {
    const reader = this.#parts.node.reader();
    const state = reader.finalizedState();
    const receipt = state.get(receiptsTable, order.orderId as string);
    if (receipt !== undefined && isOrderPaid(state, order)) return { type: 'settled', receipt };
    const { finalizedHeight } = reader.status();
    const late = findLateOrder([order], finalizedHeight);
    if (late !== undefined) return { type: 'failed', code: late.code };
    let failure = 'BATCH_ID_TAKEN';
    for (const commandId of triesOf(order.orderId)) {
      const standing = reader.atomicBatch(commandId);
      const command = { commandId, orders: [order] };
      if (standing === undefined) {
        const batch = batchOfCommand(command, finalizedHeight + this.#commandBlocks);
        const final = { height: finalizedHeight, timestampMs: reader.finalizedTimestampMs() };
        return { type: 'send', bytes: this.#carrier.carryToEnd(batch, final) };
      }
      if (standing.status === 'ended') {
        failure = standing.record.failure?.code ?? failure;
        continue;
      }
      const { id: transactionId, transaction } = standing.carrier;
      const { body } = transaction;
      if (body.type !== 'atomic_batch') continue;
      const [request] = body.batch.requests;
      if (request !== undefined && isAttempt(body.batch, command, finalizedHeight, this.#commandBlocks))
        return { type: 'waiting', transactionId, request };
    }
    return { type: 'failed', code: failure };
  }

  /** What this node knows of an order by its id alone. @returns Undefined: nothing. */
  find(orderId: Hash): DirectStanding | undefined {
    const reader = this.#parts.node.reader();
    const receipt = reader.finalizedState().get(receiptsTable, orderId as string);
    if (receipt !== undefined) return { type: 'settled', receipt };
    let failed: DirectStanding | undefined;
    for (const commandId of triesOf(orderId)) {
      const standing = reader.atomicBatch(commandId);
      if (standing === undefined) break;
      if (standing.status === 'ended') {
        const { failure, settlementIds } = standing.record;
        const isOurs = settlementIds.length === 0 || settlementIds[0] === orderId;
        if (failure !== undefined && isOurs) failed = { type: 'failed', code: failure.code };
        continue;
      }
      const { id: transactionId, transaction } = standing.carrier;
      const request =
        transaction.body.type === 'atomic_batch' ? transaction.body.batch.requests[0] : undefined;
      if (request?.settlementId === orderId) return { type: 'waiting', transactionId, request };
    }
    return failed;
  }
}

/** Ids of the batches of an order, one behind the other: its own, then that with another last byte. */
function* triesOf(orderId: Hash): Generator<Hash> {
  const bytes = fromHex(orderId);
  const last = bytes.length - 1;
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const id = Uint8Array.from(bytes);
    id[last] = (bytes[last] ?? 0) ^ tries;
    yield toHex(id);
  }
}
