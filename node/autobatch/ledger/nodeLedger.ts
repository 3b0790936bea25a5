/**
 * The ledger as the engine has it, over the node it runs in: a command is an atomic batch under its id, carried by a signed
 * input. Nothing is kept here, so an engine that starts anew, or one on another node, asks and is told the same.
 */
import type { Hash, Height } from '../../../consensus/primitives/flavor.ts';
import type { AtomicBatchRecord } from '../../../settlement/atomic/types.ts';
import type { Genesis } from '../../../settlement/execution/genesis.ts';
import type { State } from '../../../settlement/state.ts';
import type { SubmissionVerdict } from '../../api/nodeView.ts';
import type { Command, CommandStanding, LedgerRefusal, OrderLedger, SubmitAnswer } from '../engine/ledger.ts';
import type { SignedOrder } from '../store/order.ts';
import { Carrier, commandBlocksOf, type FinalBlock } from './carrier.ts';
import { batchOfCommand, isAttempt, isOrderPaid, settlesOrders, wasAttempt } from './commandBatch.ts';
import type { LedgerNode } from './ledgerNode.ts';
import { countFitting, findLateOrder, findMisfit, isArrival, refusalOf } from './refusals.ts';

/** How long a node may take over a submission, in ms: a sync of the slowest disk, and well below what a batch is claimed for. */
const SUBMIT_TIMEOUT_MS = 10_000;

/** The id stands for the batch of somebody else, so no attempt of the command was executed or ever will be. */
const taken: LedgerRefusal = { code: 'BATCH_ID_TAKEN', failedAt: undefined, isFinal: true };

export interface NodeLedgerDependencies {
  readonly genesis: Genesis;
  readonly node: LedgerNode;
  /** Of an ed25519 key of this node; its account carries the batches, and needs no money. */
  readonly secretKey: Uint8Array;
  /** The orders of a command, in their order, for as long as its batch is active. */
  readonly ordersOf: (commandId: Hash) => Promise<readonly SignedOrder[]>;
  /** Resolves after so many ms, or as soon as the signal is aborted. */
  readonly wait: (waitMs: number, signal: AbortSignal) => Promise<void>;
}

export class NodeLedger implements OrderLedger {
  readonly #parts: NodeLedgerDependencies;
  readonly #carrier: Carrier;
  readonly #commandBlocks: number;

  constructor(parts: NodeLedgerDependencies) {
    this.#parts = parts;
    this.#carrier = new Carrier(parts.genesis, parts.secretKey);
    this.#commandBlocks = commandBlocksOf(parts.genesis);
  }

  countFitting(orders: readonly SignedOrder[]): number {
    return countFitting(this.#parts.genesis, this.#carrier.address, orders);
  }

  async finalHeight(): Promise<Height> {
    return this.#final().height;
  }

  async lastHeight(): Promise<Height> {
    return this.#final().height + this.#commandBlocks;
  }

  async submit(command: Command): Promise<SubmitAnswer> {
    const batch = batchOfCommand(command, command.lastHeight);
    const misfit = findMisfit(this.#parts.genesis, this.#carrier.address, batch);
    if (misfit !== undefined) return { type: 'rejected', ...misfit };
    let verdict: SubmissionVerdict | undefined;
    try {
      const final = this.#final();
      const late = findLateOrder(command.orders, final.height);
      if (late !== undefined) return rejected(late);
      if (command.lastHeight <= final.height) return rejected(refusalOf('BATCH_TIMEOUT', 1));
      verdict = await this.#handOver(this.#carrier.carry(batch, final));
    } catch (cause) {
      return { type: 'unreachable', reason: String(cause) };
    }
    const reason = `the node gave no verdict in ${SUBMIT_TIMEOUT_MS} ms`;
    if (verdict === undefined) return { type: 'unreachable', reason };
    const { code } = verdict;
    if (code === undefined || isArrival(code)) return { type: 'acknowledged' };
    // It may have taken the transaction before, and comes back with it.
    if (code === 'NODE_STOPPED') return { type: 'unreachable', reason: code };
    if (code !== 'BATCH_ID_TAKEN') return rejected(refusalOf(code, command.orders.length));
    // An earlier attempt has the id too.
    const standing = this.#standingOf(command);
    return standing.type === 'failed' && standing.code === 'BATCH_ID_TAKEN'
      ? rejected(taken)
      : { type: 'acknowledged' };
  }

  async ask(commandId: Hash): Promise<CommandStanding> {
    const orders = await this.#parts.ordersOf(commandId);
    return this.#standingOf({ commandId, orders });
  }

  async isPaid(order: SignedOrder): Promise<boolean> {
    return isOrderPaid(this.#parts.node.reader().finalizedState(), order);
  }

  /** All of it from one look at the node, so that what is unknown is so up to the very height that is told. */
  #standingOf(command: Pick<Command, 'commandId' | 'orders'>): CommandStanding {
    const reader = this.#parts.node.reader();
    const { finalizedHeight: finalHeight } = reader.status();
    const standing = reader.atomicBatch(command.commandId);
    if (standing?.status === 'ended')
      return this.#judgeRecord(standing.record, command, reader.finalizedState());
    const body = standing?.carrier.transaction.body;
    const isWaiting =
      body?.type === 'atomic_batch' && isAttempt(body.batch, command, finalHeight, this.#commandBlocks);
    return isWaiting ? { type: 'waiting' } : { type: 'unknown', finalHeight };
  }

  #judgeRecord(
    record: AtomicBatchRecord,
    command: Pick<Command, 'commandId' | 'orders'>,
    state: State,
  ): CommandStanding {
    const { orders } = command;
    const { failure } = record;
    if (failure === undefined) {
      const isOurs = settlesOrders(record, orders) && orders.every((order) => isOrderPaid(state, order));
      return isOurs ? { type: 'confirmed' } : { type: 'failed', ...taken };
    }
    // A batch of our orders with one signature spoilt would put the blame on an order.
    if (!wasAttempt(record, command, this.#commandBlocks)) return { type: 'failed', ...taken };
    return { type: 'failed', code: failure.code, failedAt: failure.failedAt, isFinal: true };
  }

  /** @returns Undefined: no verdict in time; the node may have it all the same. */
  async #handOver(bytes: Uint8Array): Promise<SubmissionVerdict | undefined> {
    const { node, wait } = this.#parts;
    const over = new AbortController();
    try {
      const late = wait(SUBMIT_TIMEOUT_MS, over.signal).then(() => undefined);
      return await Promise.race([node.submit(bytes), late]);
    } finally {
      over.abort();
    }
  }

  #final(): FinalBlock {
    const reader = this.#parts.node.reader();
    return { height: reader.status().finalizedHeight, timestampMs: reader.finalizedTimestampMs() };
  }
}

function rejected(refusal: LedgerRefusal): SubmitAnswer {
  return { type: 'rejected', ...refusal };
}
