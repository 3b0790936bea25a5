/** What the order engine may show at any time, told from what it showed before, and what must be true in the end. */
import type { Database } from '../../node/autobatch/database/database.ts';
import type { Command } from '../../node/autobatch/engine/ledger.ts';

interface BatchSight {
  readonly batch_id: string;
  readonly party: string;
  readonly status: string;
  readonly attempts: number;
  readonly ending: string | null;
  readonly failure_code: string | null;
}

interface OrderSight {
  readonly order_id: string;
  readonly status: string;
  readonly batch_id: string | null;
  readonly last_batch_id: string | null;
  readonly releases: number;
  readonly last_height: number | null;
}

/** What the ledger knows to be true in the end. */
interface LedgerTruth {
  readonly height: number;
  readonly payments: ReadonlyMap<string, number>;
  readonly poisoned: ReadonlySet<string>;
  readonly refused: ReadonlySet<string>;
}

/** The diagram of the seed, with Submitted -> Confirmed; what a batch may be when it was this before. */
const follows: Readonly<Record<string, readonly string[]>> = {
  Prepared: ['Submitted', 'Failed'],
  Submitted: ['Accepted', 'Confirmed', 'Failed'],
  Accepted: ['Confirmed', 'Failed'],
  Failed: ['Submitted'],
  Confirmed: [],
};

export class AutoBatchModel {
  readonly #database: Database;
  readonly maxAttempts: number;
  readonly #batches = new Map<string, BatchSight>();
  readonly #orders = new Map<string, OrderSight>();
  readonly #released = new Set<string>();
  readonly #submitted = new Set<string>();
  readonly #gone = new Set<string>();
  /** Orders that were there and are not any more. */
  goneCount = 0;
  #references = 0;

  constructor(database: Database, maxAttempts: number) {
    this.#database = database;
    this.maxAttempts = maxAttempts;
  }

  nextReference(): number {
    this.#references += 1;
    return this.#references;
  }

  get isAtEnd(): boolean {
    return (
      [...this.#orders.values()].every(({ status }) => status === 'Dequeue') &&
      [...this.#batches.values()].every((batch) => !isActive(batch))
    );
  }

  /** Holds what the database shows now against what it showed before. */
  async look(): Promise<void> {
    const [batches, orders] = await this.#database.transaction(async (session) => [
      await session.query<BatchSight>(
        'SELECT batch_id, party, status::text AS status, attempts, ending::text AS ending, failure_code FROM batches',
      ),
      await session.query<OrderSight>(
        'SELECT order_id, status::text AS status, batch_id, last_batch_id, releases, last_height::float8 AS last_height FROM orders',
      ),
    ]);
    this.#seeGone(batches, orders);
    for (const batch of batches) this.#seeBatch(batch);
    for (const order of orders) this.#seeOrder(order);
    const active = batches.filter(isActive).map(({ party }) => party);
    hold(new Set(active).size === active.length, 'a party has two active batches');
  }

  /** A submission is about to be made: its credit is taken, and no other submission had it. */
  async checkSubmission({ commandId, attempt }: Command): Promise<void> {
    await this.look();
    const batch = this.#batches.get(commandId);
    hold(batch !== undefined && batch.attempts >= attempt, `attempt ${attempt} was not counted before`);
    const key = `${commandId} ${attempt}`;
    hold(!this.#submitted.has(key), `attempt ${key} is submitted twice`);
    this.#submitted.add(key);
  }

  checkEnd({ height, payments, poisoned, refused }: LedgerTruth): void {
    for (const { order_id: id, batch_id: batchId, last_height: lastHeight } of this.#orders.values()) {
      const batch = this.#batches.get(batchId ?? '');
      const paid = payments.get(id) ?? 0;
      hold(paid <= 1, `order ${id} was paid ${paid} times`);
      const isPaid = batch?.status === 'Confirmed' || batch?.ending === 'paid_before';
      hold(isPaid === (paid === 1), `order ${id} was paid ${paid} times, and is called otherwise`);
      hold(isPaid !== (batch?.ending === 'rejected'), `order ${id} has no end`);
      hold(isPaid || batch?.failure_code !== null, `order ${id} failed without a reason`);
      hold(!poisoned.has(id) || paid === 0, `order ${id} could not be paid`);
      const isLate = lastHeight !== null && lastHeight <= height;
      hold(
        isPaid || poisoned.has(id) || refused.has(id) || isLate,
        `order ${id} failed by no fault of its own`,
      );
    }
  }

  describe(): string {
    return JSON.stringify([...this.#batches.values()].filter(isActive));
  }

  /** What is not there any more had ended, orders before the batches that they name. */
  #seeGone(batches: readonly BatchSight[], orders: readonly OrderSight[]): void {
    const [batchIds, orderIds] = [
      new Set(batches.map((batch) => batch.batch_id)),
      new Set(orders.map((order) => order.order_id)),
    ];
    for (const [id, batch] of this.#batches)
      hold(batchIds.has(id) || !isActive(batch), `batch ${id} is gone and had not ended`);
    for (const [id, order] of this.#orders) {
      if (orderIds.has(id)) continue;
      const batch = this.#batches.get(order.batch_id ?? '');
      const hasEnded = batch?.status === 'Confirmed' || (batch?.ending ?? 'released') !== 'released';
      hold(hasEnded, `order ${id} is gone and had not ended`);
      this.goneCount += this.#gone.has(id) ? 0 : 1;
      this.#gone.add(id);
    }
    for (const { order_id: id, batch_id: batchId, last_batch_id: lastBatchId } of orders)
      for (const named of [batchId, lastBatchId])
        hold(named === null || batchIds.has(named), `order ${id} names a batch that is gone`);
  }

  #seeBatch(batch: BatchSight): void {
    const before = this.#batches.get(batch.batch_id);
    const { status, attempts, ending } = batch;
    hold(attempts <= this.maxAttempts, `${attempts} attempts`);
    if (before === undefined) hold(status === 'Prepared' && attempts === 0, `a batch began as ${status}`);
    else {
      const isLegal = status === before.status || follows[before.status]?.includes(status) === true;
      hold(isLegal, `${before.status} was followed by ${status}`);
      hold(attempts === before.attempts || attempts === before.attempts + 1, 'attempts jumped');
      hold(before.ending === null || before.ending === ending, 'a batch that had ended went on');
    }
    this.#batches.set(batch.batch_id, batch);
  }

  #seeOrder(order: OrderSight): void {
    const before = this.#orders.get(order.order_id);
    if (before !== undefined && order.releases !== before.releases) {
      const { batch_id: batchId } = before;
      const key = `${order.order_id} ${batchId}`;
      hold(
        order.releases === before.releases + 1 && order.last_batch_id === batchId,
        'an order was released from elsewhere',
      );
      hold(this.#batches.get(batchId ?? '')?.ending === 'released', 'an order was released by no end');
      hold(!this.#released.has(key), `order ${key} was released twice`);
      this.#released.add(key);
    } else if (before?.batch_id != null)
      hold(order.batch_id === before.batch_id, 'an order changed its batch');
    this.#orders.set(order.order_id, order);
  }
}

function isActive({ status, ending }: BatchSight): boolean {
  return status !== 'Confirmed' && ending === null;
}

function hold(isTrue: boolean, message: string): void {
  if (!isTrue) throw new Error(message);
}
