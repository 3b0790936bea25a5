/**
 * What is done to one batch that this engine has claimed. Each step is recoverable: a credit is taken before a submission, the
 * ledger is asked before anything is sent again, and orders are let go only when nothing can pay them any more.
 */
import type { Hash, Height } from '../../../consensus/primitives/flavor.ts';
import type { AtomicCode } from '../../../settlement/atomic/codes.ts';
import type { Batch, BatchFailure } from '../store/batch.ts';
import type { BatchStore, LedgerHeights, Release } from '../store/batchStore.ts';
import type { SignedOrder } from '../store/order.ts';
import type { OrderStore } from '../store/orderStore.ts';
import type { AutoBatchEvent } from './events.ts';
import type { CommandStanding, LedgerRefusal, OrderLedger, SubmitAnswer } from './ledger.ts';

export interface WorkerOptions {
  /** Most orders of a batch. */
  readonly maxSize: number;
  /** Most submissions of a batch. */
  readonly maxAttempts: number;
  /** Least time between two looks at a batch that is under way, in ms. */
  readonly monitorIntervalMs: number;
  /** Least time between a failure and the next submission, in ms. */
  readonly retryIntervalMs: number;
  readonly recoveryIntervalMs: number;
  /** Batches of one order alone that the ledger may refuse for good before the order fails. */
  readonly orderFailuresMax: number;
}

export interface WorkerDependencies {
  readonly batches: BatchStore;
  readonly orders: OrderStore;
  readonly ledger: OrderLedger;
  /** 32 bytes that no batch of this chain has had: it names a command. */
  readonly newBatchId: () => Hash;
  readonly onEvent: (event: AutoBatchEvent) => void;
}

/** What the ledger says of an order whose last height has passed. */
const ORDER_EXPIRED = 'ORDER_EXPIRED' satisfies AtomicCode;
/** And of a command whose id somebody else took. */
const ID_TAKEN = 'BATCH_ID_TAKEN' satisfies AtomicCode;

type BatchEvent = Extract<AutoBatchEvent, { readonly batchId: Hash }>;
type EventDetails<Type extends BatchEvent['type']> = Omit<
  Extract<BatchEvent, { readonly type: Type }>,
  'type' | 'batchId' | 'party' | 'size' | 'attempts'
>;

export class BatchOrdersWorker {
  readonly #options: WorkerOptions;
  readonly #parts: WorkerDependencies;

  constructor(options: WorkerOptions, parts: WorkerDependencies) {
    this.#options = options;
    this.#parts = parts;
  }

  /** Makes a batch of a party's first orders. @returns Undefined: there is nothing to do, or another engine does it. */
  async prepareBatch(party: string): Promise<Batch | undefined> {
    const { maxSize: sizeMax, maxAttempts: attemptsMax } = this.#options;
    const batchId = this.#parts.newBatchId();
    const heights = await this.#heights();
    const batch = await this.#parts.batches.prepare({
      batchId,
      party,
      sizeMax,
      attemptsMax,
      heights,
      countFitting: (orders) => this.#parts.ledger.countFitting(orders),
    });
    if (batch !== undefined) this.#tell(batch, 'auto_batch_prepared', {});
    return batch;
  }

  /** Takes a credit and submits; what the ledger says at once is written down. */
  async submitBatch(batch: Batch): Promise<void> {
    const { batches, ledger, orders } = this.#parts;
    const [lastHeight, carried] = await Promise.all([ledger.lastHeight(), orders.ofBatch(batch)]);
    const begun = await batches.incrementAttempts(batch, lastHeight);
    if (begun === undefined) return;
    const { batchId: commandId, attempts: attempt } = begun;
    const answer = await this.#submit({ commandId, attempt, lastHeight, orders: carried });
    if (answer.type === 'acknowledged') {
      // One that was sent again is Submitted as before.
      if (begun.status === 'Submitted') await batches.rest(begun, this.#options.monitorIntervalMs);
      else this.#told(await batches.advance(begun, 'Submitted', 0), 'auto_batch_submitted');
    } else if (answer.type === 'rejected') {
      // What earlier attempts may have left behind is all that can still be executed.
      await this.#fail(begun, rejection(answer), batch.lastHeight);
    } else {
      await this.#fail(begun, unanswered('AUTO_BATCH_LEDGER_UNREACHABLE'), begun.lastHeight);
    }
  }

  /** Takes up a batch whose engine was lost, or of which nothing was heard: first the ledger is asked. */
  async recoverBatch(batch: Batch): Promise<void> {
    const standing = await this.#parts.ledger.ask(batch.batchId);
    if (await this.#follow(batch, standing)) return;
    if (batch.attempts < batch.attemptsMax) await this.submitBatch(batch);
    else if (batch.status === 'Prepared')
      await this.#fail(batch, unanswered('AUTO_BATCH_ATTEMPT_LOST'), batch.lastHeight);
    else await this.#parts.batches.rest(batch, this.#options.recoveryIntervalMs);
  }

  /** Asks the ledger for a batch that is under way, and moves it on. */
  async monitorBatch(batch: Batch): Promise<void> {
    const standing = await this.#parts.ledger.ask(batch.batchId);
    if (await this.#follow(batch, standing)) return;
    await this.#parts.batches.rest(batch, this.#options.monitorIntervalMs);
  }

  /**
   * Submits a failed batch again, or ends it once its credit is spent or its failure is final.
   * @returns Whether it was submitted.
   */
  async retryBatch(batch: Batch): Promise<boolean> {
    const { batches, ledger } = this.#parts;
    const standing = await ledger.ask(batch.batchId);
    if (standing.type === 'confirmed' || standing.type === 'waiting') {
      await this.#follow(batch, standing);
      return false;
    }
    const failure = standing.type === 'failed' ? rejection(standing) : batch.failure;
    const isSpent = failure?.isFinal === true || batch.attempts >= batch.attemptsMax;
    if (!isSpent) {
      await this.submitBatch(batch);
      return true;
    }
    const isOver = standing.type === 'failed' || standing.finalHeight >= batch.lastHeight;
    if (isOver && failure !== undefined) await this.#endFailed(batch, failure);
    // Something that was sent may still be executed, and orders that are let go too early would be paid twice.
    else await batches.rest(batch, this.#options.retryIntervalMs);
    return false;
  }

  /** Writes down what the ledger says. @returns False: it says nothing that changes the batch. */
  async #follow(batch: Batch, standing: CommandStanding): Promise<boolean> {
    const { batches } = this.#parts;
    const { monitorIntervalMs } = this.#options;
    const isUnderWay = batch.status === 'Submitted' || batch.status === 'Accepted';
    switch (standing.type) {
      case 'confirmed': {
        const submitted = isUnderWay ? batch : await batches.advance(batch, 'Submitted');
        const confirmed = submitted && (await batches.advance(submitted, 'Confirmed', 0));
        this.#told(confirmed, 'auto_batch_confirmed');
        return true;
      }
      case 'waiting': {
        if (batch.status === 'Accepted') return false;
        const submitted = isUnderWay ? batch : await batches.advance(batch, 'Submitted');
        const accepted = submitted && (await batches.advance(submitted, 'Accepted', monitorIntervalMs));
        this.#told(accepted, 'auto_batch_accepted');
        return true;
      }
      case 'failed':
        await this.#fail(batch, rejection(standing), 0);
        return true;
      case 'unknown': {
        if (!isUnderWay || standing.finalHeight < batch.lastHeight) return false;
        const code = 'AUTO_BATCH_COMMAND_EXPIRED';
        await this.#fail(batch, { kind: 'expired', code, failedAt: undefined, isFinal: false }, 0);
        return true;
      }
    }
  }

  async #submit(command: Parameters<OrderLedger['submit']>[0]): Promise<SubmitAnswer> {
    try {
      return await this.#parts.ledger.submit(command);
    } catch (cause) {
      return { type: 'unreachable', reason: String(cause) };
    }
  }

  async #fail(batch: Batch, failure: BatchFailure, lastHeight: number): Promise<void> {
    const restMs = failure.isFinal ? 0 : this.#options.retryIntervalMs;
    const failed = await this.#parts.batches.fail(batch, failure, lastHeight, restMs);
    if (failed === undefined) return;
    const { kind, code, failedAt } = failure;
    this.#tell(failed, 'auto_batch_failed', { kind, code, failedAt });
  }

  /** Nothing can pay the orders of this batch any more: they go back, in smaller company, or the only one fails. */
  async #endFailed(given: Batch, failure: BatchFailure): Promise<void> {
    const { batches, orders, ledger } = this.#parts;
    // What is known of the failure now may be more than what was written down.
    const batch = await batches.fail(given, failure, 0, this.#options.retryIntervalMs);
    if (batch === undefined) return;
    const isExpiry = failure.code === ORDER_EXPIRED;
    const carried = batch.size === 1 || isExpiry ? await orders.ofBatch(batch) : [];
    // Before payments are looked for, so that none at or below it is missed.
    const finalHeight = await ledger.finalHeight();
    const lateCount = carried.filter((order) => isLate(order, finalHeight)).length;
    const areAllLate = lateCount > 0 && lateCount === batch.size;
    const sizeMax = Math.ceil(batch.size / 2);
    const { failedAt } = failure;
    const [only] = batch.size === 1 ? carried : [];
    if (only !== undefined && (await ledger.isPaid(only))) {
      const ended = await batches.end(batch, 'paid_before');
      if (ended !== undefined) this.#tell(ended, 'auto_batch_order_paid_before', { orderId: only.orderId });
    } else if (only !== undefined) {
      const failures = isHeldAgainstOrder(failure) ? 1 : 0;
      const isLastFailure =
        failures > 0 && (await batches.failuresOf(batch)) + failures >= this.#options.orderFailuresMax;
      if (areAllLate || isLastFailure) await this.#reject(batch, failure, carried);
      else await this.#release(batch, failure, { sizeMax, failedAt, failures });
    } else if (areAllLate && !(await this.#isAnyPaid(carried))) {
      await this.#reject(batch, failure, carried);
    } else if (lateCount > 0 && !areAllLate) {
      // The next batches hold either those or the others, which are not to blame.
      await this.#release(batch, failure, { sizeMax: undefined, failedAt: undefined, failures: 0 });
    } else await this.#release(batch, failure, { sizeMax, failedAt, failures: 0 });
  }

  async #reject(batch: Batch, { code }: BatchFailure, carried: readonly SignedOrder[]): Promise<void> {
    const ended = await this.#parts.batches.end(batch, 'rejected');
    if (ended === undefined) return;
    for (const { orderId } of carried) this.#tell(ended, 'auto_batch_order_rejected', { code, orderId });
  }

  async #release(batch: Batch, { code }: BatchFailure, release: Release): Promise<void> {
    const released = await this.#parts.batches.releaseOrders(batch, release);
    if (released !== undefined) this.#tell(released, 'auto_batch_released', { code });
  }

  async #isAnyPaid(carried: readonly SignedOrder[]): Promise<boolean> {
    for (const order of carried) if (await this.#parts.ledger.isPaid(order)) return true;
    return false;
  }

  /** @returns Undefined while the ledger says nothing, which a submission will find out too. */
  async #heights(): Promise<LedgerHeights | undefined> {
    const { ledger } = this.#parts;
    try {
      const [final, last] = await Promise.all([ledger.finalHeight(), ledger.lastHeight()]);
      return { final, last };
    } catch {
      return undefined;
    }
  }

  #told(
    batch: Batch | undefined,
    type: 'auto_batch_submitted' | 'auto_batch_accepted' | 'auto_batch_confirmed',
  ): void {
    if (batch !== undefined) this.#tell(batch, type, {});
  }

  #tell<Type extends BatchEvent['type']>(
    { batchId, party, size, attempts }: Batch,
    type: Type,
    details: EventDetails<Type>,
  ): void {
    this.#parts.onEvent({ type, batchId, party, size, attempts, ...details } as AutoBatchEvent);
  }
}

/** No block above this one settles it. */
function isLate({ lastHeight }: SignedOrder, finalHeight: Height): boolean {
  return lastHeight !== undefined && lastHeight <= finalHeight;
}

/** Room, silence and an id that somebody else took say nothing of the order: it waits until they are over, however long. */
function isHeldAgainstOrder({ kind, isFinal, code }: BatchFailure): boolean {
  return kind === 'rejected' && isFinal && code !== ID_TAKEN;
}

function rejection({ code, failedAt, isFinal }: LedgerRefusal): BatchFailure {
  return { kind: 'rejected', code, failedAt, isFinal };
}

function unanswered(code: 'AUTO_BATCH_LEDGER_UNREACHABLE' | 'AUTO_BATCH_ATTEMPT_LOST'): BatchFailure {
  return { kind: 'unreachable', code, failedAt: undefined, isFinal: false };
}
