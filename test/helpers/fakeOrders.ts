/** An engine of orders that answers what a test tells it to, and judges what comes in as the real one does. */
import { accept, type CodedError, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { BatchWithOrders, OrderEngine } from '../../node/autobatch/autoBatch.ts';
import { type OrderCode, refuseOrder } from '../../node/autobatch/intake/orderCodes.ts';
import type { TakenOrder } from '../../node/autobatch/intake/orderIntake.ts';
import { readSignedOrder } from '../../node/autobatch/intake/readOrder.ts';
import type { Batch } from '../../node/autobatch/store/batch.ts';
import type { AutoBatchFigures, BatchPage, BatchQuery } from '../../node/autobatch/store/figures.ts';
import type { StoredOrder } from '../../node/autobatch/store/order.ts';
import type { OrderPage, OrderQuery } from '../../node/autobatch/store/orderStore.ts';

const instantMs = 1_767_225_600_000;

export class FakeOrders implements OrderEngine {
  readonly #chainId: () => Hash;
  readonly #orders = new Map<string, StoredOrder>();
  /** By id, the oldest first. */
  readonly known = new Map<Hash, BatchWithOrders>();
  /** Set: the queue is full. */
  isFull = false;
  /** Set: everything throws it. */
  failure: CodedError | undefined;
  /** What the last list was asked for. */
  asked: OrderQuery | BatchQuery | undefined;
  shownFigures: AutoBatchFigures = {
    queued: 1,
    active: { Prepared: 1, Submitted: 2, Accepted: 3, Confirmed: 0, Failed: 4 },
    activeOrders: 42,
    submissions: 31,
    confirmedOrders: 2900,
    rejectedOrders: 1,
    submissionsSaved: 2869,
    oldestOrderAgeMs: 3100.4,
  };

  constructor(chainId: () => Hash) {
    this.#chainId = chainId;
  }

  /** Changes what is stored of an order. */
  change(orderId: Hash, changes: Partial<StoredOrder>): void {
    for (const [key, order] of this.#orders)
      if (order.orderId === orderId) this.#orders.set(key, { ...order, ...changes });
  }

  /** Makes a batch, or changes the one that has this id. */
  keep(batch: Batch, orderIds: readonly Hash[] = this.known.get(batch.batchId)?.orderIds ?? []): void {
    this.known.set(batch.batchId, { batch, orderIds });
  }

  batchOf(changes: Partial<Batch>): Batch {
    return {
      batchId: `0x${'b1'.repeat(32)}`,
      sequence: this.known.size + 1,
      party: `0x${'ab'.repeat(32)}`,
      status: 'Prepared',
      size: 1,
      attempts: 0,
      attemptsMax: 5,
      lastHeight: 0,
      failure: undefined,
      ending: undefined,
      owner: undefined,
      version: 1,
      createdAtMs: instantMs,
      updatedAtMs: instantMs,
      ...changes,
    };
  }

  async addOrder(body: unknown): Promise<Verdict<TakenOrder, OrderCode>> {
    if (this.failure !== undefined) throw this.failure;
    const read = readSignedOrder(this.#chainId(), body);
    if (!read.ok) return read;
    if (this.isFull) return refuseOrder('ORDER_QUEUE_FULL', '', 'send it again later', { queued: 1 });
    const { from, reference } = read.value;
    const key = `${from} ${reference}`;
    const known = this.#orders.get(key);
    if (known !== undefined) return accept({ order: known, isRepeat: true });
    const order: StoredOrder = {
      ...read.value,
      sequence: this.#orders.size + 1,
      status: 'Queued',
      outcome: 'pending',
      batch: undefined,
      lastBatchId: undefined,
      releases: 0,
      createdAtMs: instantMs,
      updatedAtMs: instantMs,
    };
    this.#orders.set(key, order);
    return accept({ order, isRepeat: false });
  }

  async order(orderId: Hash): Promise<StoredOrder | undefined> {
    if (this.failure !== undefined) throw this.failure;
    return [...this.#orders.values()].find((order) => order.orderId === orderId);
  }

  async orders(query: OrderQuery): Promise<OrderPage> {
    if (this.failure !== undefined) throw this.failure;
    this.asked = query;
    return { orders: [...this.#orders.values()].reverse(), next: query.before };
  }

  async batch(batchId: Hash): Promise<BatchWithOrders | undefined> {
    if (this.failure !== undefined) throw this.failure;
    return this.known.get(batchId);
  }

  async batches(query: BatchQuery): Promise<BatchPage> {
    if (this.failure !== undefined) throw this.failure;
    this.asked = query;
    const { status, limit, before = Number.POSITIVE_INFINITY } = query;
    const wanted = [...this.known.values()]
      .map(({ batch }) => batch)
      .filter((batch) => batch.sequence < before && (status === undefined || batch.status === status))
      .reverse();
    const batches = wanted.slice(0, limit);
    return { batches, next: wanted.length > limit ? batches.at(-1)?.sequence : undefined };
  }

  async figures(): Promise<AutoBatchFigures> {
    if (this.failure !== undefined) throw this.failure;
    return this.shownFigures;
  }
}
