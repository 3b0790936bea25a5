/**
 * The order engine of one node: its database, the way in, and the loops. Whoever has none of it running has auto-batch off:
 * nothing here begins before `open`.
 */
import { randomBytes } from 'node:crypto';
import { toHex } from '../../consensus/primitives/bytes.ts';
import type { Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { pause } from '../backOff.ts';
import { autoBatchError } from './codes.ts';
import type { Database } from './database/database.ts';
import { type DatabaseOptions, openDatabase } from './database/openDatabase.ts';
import { BatchOrdersJob } from './engine/batchOrdersJob.ts';
import type { AutoBatchEvent } from './engine/events.ts';
import type { OrderLedger } from './engine/ledger.ts';
import type { OrderCode } from './intake/orderCodes.ts';
import { OrderIntake, type TakenOrder } from './intake/orderIntake.ts';
import type { Batch } from './store/batch.ts';
import { BatchStore } from './store/batchStore.ts';
import {
  type AutoBatchFigures,
  type BatchPage,
  type BatchQuery,
  getBatch,
  listBatches,
  readFigures,
} from './store/figures.ts';
import type { SignedOrder, StoredOrder } from './store/order.ts';
import { type OrderPage, type OrderQuery, OrderStore } from './store/orderStore.ts';

/** How long a claim on a batch holds, in ms: above the patience with a node and a database together. */
const LEASE_MS = 30_000;
/** A batch that was submitted and of which the ledger knows nothing is sent again after this long, in ms: some blocks. */
const SILENCE_MS = 10_000;
/** Batches of one order alone that the ledger may refuse for good before the order fails: money may be on its way. */
const ORDER_FAILURES_MAX = 3;
/** Batches that a loop works on at once. */
const PARALLELISM = 8;
const BATCH_ID_BYTES = 32;

export interface AutoBatchOptions {
  readonly database: DatabaseOptions;
  /** Name of this engine, for whoever looks at batches. */
  readonly engine: string;
  readonly maxSize: number;
  readonly maxAttempts: number;
  readonly batchIntervalMs: number;
  readonly monitorIntervalMs: number;
  readonly retryIntervalMs: number;
  readonly recoveryIntervalMs: number;
  readonly retentionMs: number;
  readonly keptOrdersMax: number;
}

export interface AutoBatchDependencies {
  /** The ledger, which may ask for the orders of a command as long as its batch is active. */
  readonly ledgerOf: (ordersOf: (commandId: Hash) => Promise<readonly SignedOrder[]>) => OrderLedger;
  readonly onEvent: (event: AutoBatchEvent) => void;
}

/** A batch with the ids of its orders, in their order; none once it let them go. */
export interface BatchWithOrders {
  readonly batch: Batch;
  readonly orderIds: readonly Hash[];
}

/** The engine as those see it who hand in orders and ask for them. All but `addOrder` throw the codes of the database alone. */
export interface OrderEngine {
  /**
   * Checks and stores an order; it is safe when this resolves.
   * @returns The stored order, or `ORDER_REQUEST_INVALID`, `ORDER_SIGNATURE_INVALID`, `ORDER_QUEUE_FULL`.
   * @throws {CodedError} `AUTO_BATCH_STOPPING`, and those of the database; the same call may be made again.
   */
  addOrder(body: unknown): Promise<Verdict<TakenOrder, OrderCode>>;
  order(orderId: Hash): Promise<StoredOrder | undefined>;
  orders(query: OrderQuery): Promise<OrderPage>;
  batch(batchId: Hash): Promise<BatchWithOrders | undefined>;
  batches(query: BatchQuery): Promise<BatchPage>;
  figures(): Promise<AutoBatchFigures>;
}

export class AutoBatch implements OrderEngine {
  readonly #options: AutoBatchOptions;
  readonly #database: Database;
  readonly #orders: OrderStore;
  readonly #intake: OrderIntake;
  readonly #adding = new Set<Promise<unknown>>();
  #job: BatchOrdersJob | undefined;
  #isStopping = false;

  private constructor(options: AutoBatchOptions, database: Database) {
    this.#options = options;
    this.#database = database;
    this.#orders = new OrderStore(database);
    this.#intake = new OrderIntake({ chainId: options.database.chainId }, this.#orders);
  }

  /**
   * Opens the database.
   * @throws {CodedError} `AUTO_BATCH_DATABASE_…`.
   */
  static async open(options: AutoBatchOptions): Promise<AutoBatch> {
    return new AutoBatch(options, await openDatabase(options.database));
  }

  /** Starts the loops: what was under way when an engine stopped goes on. */
  start({ ledgerOf, onEvent }: AutoBatchDependencies): void {
    const { engine, maxSize, maxAttempts } = this.#options;
    const { batchIntervalMs, monitorIntervalMs, retryIntervalMs, recoveryIntervalMs } = this.#options;
    const { retentionMs, keptOrdersMax } = this.#options;
    this.#job = new BatchOrdersJob(
      {
        maxSize,
        maxAttempts,
        batchIntervalMs,
        monitorIntervalMs,
        retryIntervalMs,
        recoveryIntervalMs,
        retention: { retentionMs, keptOrdersMax },
        silenceMs: SILENCE_MS,
        orderFailuresMax: ORDER_FAILURES_MAX,
        parallelism: PARALLELISM,
      },
      {
        batches: new BatchStore(this.#database, { engine, leaseMs: LEASE_MS }),
        orders: this.#orders,
        ledger: ledgerOf((batchId) => this.#orders.ofBatch({ batchId })),
        newBatchId: () => toHex(randomBytes(BATCH_ID_BYTES)),
        onEvent,
        wait: pause,
        random: Math.random,
      },
    );
    this.#job.start();
  }

  /** Takes no orders any more and ends the loops; what is under way is written down. It can still be asked. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.allSettled([this.#job?.stop(), ...this.#adding]);
  }

  /** Lets go of the database. */
  async close(): Promise<void> {
    await this.stop();
    await this.#database.close();
  }

  async addOrder(body: unknown): Promise<Verdict<TakenOrder, OrderCode>> {
    if (this.#isStopping) {
      const message = 'this node is stopping: send the order to another one, or here when it is back';
      throw autoBatchError('AUTO_BATCH_STOPPING', message);
    }
    const adding = this.#intake.addOrder(body);
    this.#adding.add(adding);
    try {
      return await adding;
    } finally {
      this.#adding.delete(adding);
    }
  }

  order(orderId: Hash): Promise<StoredOrder | undefined> {
    return this.#orders.get(orderId);
  }

  orders(query: OrderQuery): Promise<OrderPage> {
    return this.#orders.list(query);
  }

  async batch(batchId: Hash): Promise<BatchWithOrders | undefined> {
    const batch = await getBatch(this.#database, batchId);
    if (batch === undefined) return undefined;
    const orders = await this.#orders.ofBatch(batch);
    return { batch, orderIds: orders.map(({ orderId }) => orderId) };
  }

  batches(query: BatchQuery): Promise<BatchPage> {
    return listBatches(this.#database, query);
  }

  figures(): Promise<AutoBatchFigures> {
    return readFigures(this.#database);
  }
}
