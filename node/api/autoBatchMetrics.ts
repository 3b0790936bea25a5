/**
 * Metrics of the order engine (docs/api.md): figures of its database are asked for when somebody reads them, the rest is
 * counted from its events and from what parties are told.
 */
import { Counter, Gauge, type Registry } from 'prom-client';
import type { AutoBatchEvent } from '../autobatch/engine/events.ts';
import type { AutoBatchFigures } from '../autobatch/store/figures.ts';
import { addCount, registerCounts } from './labelledCounts.ts';

/** What a reader of metrics waits for the database, in ms: far below the 10 s after which Prometheus gives a target up. */
const ANSWER_WAIT_MS = 1000;

export interface AutoBatchMetricsOptions {
  /** The figures are left out of an answer when the database takes longer, in ms. */
  readonly answerWaitMs?: number;
}

type ReadFigures = () => Promise<AutoBatchFigures>;

export class AutoBatchMetrics {
  readonly #answerWaitMs: number;
  #readFigures: ReadFigures | undefined;
  /** The question under way: one at a time, however many read and however long it takes. */
  #asked: Promise<AutoBatchFigures | undefined> | undefined;
  /** By label; hot code keeps plain numbers (metrics.ts). */
  readonly #counts = {
    failures: new Map<string, number>(),
    loop_failures: new Map<string, number>(),
    orders_taken: new Map<string, number>(),
    refusals: new Map<string, number>(),
  };

  constructor({ answerWaitMs }: AutoBatchMetricsOptions = {}) {
    this.#answerWaitMs = answerWaitMs ?? ANSWER_WAIT_MS;
  }

  /** Where figures come from, once there is an engine; there are none before. */
  readFrom(readFigures: ReadFigures): void {
    this.#readFigures = readFigures;
  }

  /** For the engine's `onEvent`. */
  readonly onEvent = (event: AutoBatchEvent): void => {
    if (event.type === 'auto_batch_failed') addCount(this.#counts.failures, [event.kind, event.code]);
    else if (event.type === 'auto_batch_loop_failed') addCount(this.#counts.loop_failures, [event.loop]);
  };

  /** An order was acknowledged. @param isRepeat - The party had one of this reference already. */
  noteTaken(isRepeat: boolean): void {
    addCount(this.#counts.orders_taken, [isRepeat ? 'repeat' : 'new']);
  }

  /** An order was refused. @param code - As it was answered. */
  noteRefused(code: string): void {
    addCount(this.#counts.refusals, [code]);
  }

  register(registry: Registry): void {
    this.#addStates(registry);
    this.#addTotals(registry);
    this.#addCounter(registry, 'failures', ['kind', 'code'], 'Failures of batches of orders, retried or not');
    this.#addCounter(registry, 'loop_failures', ['loop'], 'Rounds of a loop of the order engine that failed');
    this.#addCounter(
      registry,
      'orders_taken',
      ['answer'],
      'Orders that were acknowledged: `new`, or a `repeat` of one that was known',
    );
    this.#addCounter(
      registry,
      'refusals',
      ['code'],
      'Orders that were refused, by the code that was answered',
    );
  }

  /** @returns Undefined: the database does not answer, or there is none. */
  async #figures(): Promise<AutoBatchFigures | undefined> {
    if (this.#readFigures === undefined) return undefined;
    this.#asked ??= this.#readFigures()
      .catch(() => undefined)
      .finally(() => {
        this.#asked = undefined;
      });
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), this.#answerWaitMs);
    });
    try {
      return await Promise.race([this.#asked, late]);
    } finally {
      clearTimeout(timer);
    }
  }

  #addStates(registry: Registry): void {
    const figures = () => this.#figures();
    const addGauge = (name: string, help: string, read: (figures: AutoBatchFigures) => number): void => {
      new Gauge({
        name: `sidereal_auto_batch_${name}`,
        help,
        registers: [registry],
        async collect() {
          const found = await figures();
          // Without labels, reset would leave a 0, which is no answer.
          if (found === undefined) this.remove();
          else this.set(read(found));
        },
      });
    };
    addGauge('queued_orders', 'Orders in the queue', ({ queued }) => queued);
    addGauge('active_orders', 'Orders in batches that have not ended', ({ activeOrders }) => activeOrders);
    addGauge(
      'oldest_order_age_seconds',
      'Of the oldest order without an outcome; 0 where there is none',
      ({ oldestOrderAgeMs }) => (oldestOrderAgeMs ?? 0) / 1000,
    );
    addGauge(
      'submissions_saved',
      'Confirmed orders less submissions',
      ({ submissionsSaved }) => submissionsSaved,
    );
    new Gauge({
      name: 'sidereal_auto_batch_active_batches',
      help: 'Batches of orders that have not ended, by state',
      labelNames: ['status'],
      registers: [registry],
      async collect() {
        const found = await figures();
        this.reset();
        for (const [status, count] of Object.entries(found?.active ?? {}))
          if (status !== 'Confirmed') this.set({ status }, count);
      },
    });
  }

  /** Counted by the database itself, over all engines and lives that share it. */
  #addTotals(registry: Registry): void {
    const figures = () => this.#figures();
    const addTotal = (name: string, help: string, read: (figures: AutoBatchFigures) => number): void => {
      new Counter({
        name: `sidereal_auto_batch_${name}_total`,
        help,
        registers: [registry],
        async collect() {
          const found = await figures();
          this.remove();
          if (found !== undefined) this.inc(read(found));
        },
      });
    };
    addTotal('submissions', 'Submissions of batches of orders begun', ({ submissions }) => submissions);
    addTotal('confirmed_orders', 'Orders that were paid', ({ confirmedOrders }) => confirmedOrders);
    addTotal('rejected_orders', 'Orders that failed for good', ({ rejectedOrders }) => rejectedOrders);
  }

  #addCounter(
    registry: Registry,
    key: 'failures' | 'loop_failures' | 'orders_taken' | 'refusals',
    labelNames: readonly string[],
    help: string,
  ): void {
    const name = `sidereal_auto_batch_${key}_total`;
    registerCounts(registry, { name, help, labelNames }, this.#counts[key]);
  }
}
