/** Engines of orders for tests, whose way through database and ledger a test can order, cut short, and watch. */
import type { Database } from '../../node/autobatch/database/database.ts';
import { BatchOrdersJob, type JobOptions } from '../../node/autobatch/engine/batchOrdersJob.ts';
import type { AutoBatchEvent } from '../../node/autobatch/engine/events.ts';
import type { OrderLedger } from '../../node/autobatch/engine/ledger.ts';
import { BatchStore } from '../../node/autobatch/store/batchStore.ts';
import { OrderStore } from '../../node/autobatch/store/orderStore.ts';
import { testId } from './autoBatchDatabase.ts';

export const LEASE_MS = 30_000;

export const jobOptions: JobOptions = {
  maxSize: 10,
  maxAttempts: 3,
  batchIntervalMs: 1000,
  monitorIntervalMs: 1000,
  retryIntervalMs: 5000,
  recoveryIntervalMs: 1000,
  silenceMs: 10_000,
  retention: { retentionMs: 86_400_000_000, keptOrdersMax: 1_000_000 },
  orderFailuresMax: 2,
  parallelism: 3,
};

export interface EngineParts {
  readonly database: Database;
  readonly ledger: OrderLedger;
  readonly name?: string;
  readonly options?: Partial<JobOptions>;
  readonly events?: AutoBatchEvent[];
  readonly wait?: (waitMs: number, signal: AbortSignal) => Promise<void>;
}

/** Ids for batches that no other test of this process has had. */
const ids = { next: 0 };

export function makeEngine({
  database,
  ledger,
  name = 'one',
  options,
  events,
  wait,
}: EngineParts): BatchOrdersJob {
  return new BatchOrdersJob(
    { ...jobOptions, ...options },
    {
      batches: new BatchStore(database, { engine: name, leaseMs: LEASE_MS }),
      orders: new OrderStore(database),
      ledger,
      newBatchId: () => {
        ids.next += 1;
        return testId(`batch ${ids.next}`);
      },
      onEvent: (event) => events?.push(event),
      wait: wait ?? (async () => undefined),
      random: () => 0.5,
    },
  );
}

/** What a crash looks like from within; nothing after it happens. */
export class Crash extends Error {}

/** A life that ends after so many steps: a step is a statement, the end of a transaction, or one side of a call of the ledger. */
export class Life {
  #stepsLeft: number;

  constructor(stepCount = Number.POSITIVE_INFINITY) {
    this.#stepsLeft = stepCount;
  }

  get isOver(): boolean {
    return this.#stepsLeft <= 0;
  }

  step(): void {
    this.#stepsLeft -= 1;
    if (this.isOver) throw new Crash('crashed');
  }

  /** Statements are steps, and so is what lies between a commit and whoever waits for it. */
  database(database: Database): Database {
    return {
      transaction: async (work) => {
        this.step();
        const value = await database.transaction((session) =>
          work({
            query: async (text, values) => {
              this.step();
              return session.query(text, values);
            },
          }),
        );
        this.step();
        return value;
      },
      close: () => database.close(),
    };
  }

  ledger(ledger: OrderLedger): OrderLedger {
    const around = async <Value>(call: () => Promise<Value>): Promise<Value> => {
      this.step();
      const value = await call();
      this.step();
      return value;
    };
    return {
      countFitting: (orders) => ledger.countFitting(orders),
      finalHeight: () => around(() => ledger.finalHeight()),
      lastHeight: () => around(() => ledger.lastHeight()),
      submit: (command) => around(() => ledger.submit(command)),
      ask: (commandId) => around(() => ledger.ask(commandId)),
      isPaid: (order) => around(() => ledger.isPaid(order)),
    };
  }
}
