/** When what was sent is confirmed, from the event streams of nodes. */
import type { EventLine } from '../../node/core/eventFields.ts';
import type { DescribedNode } from '../../node/devnet/description.ts';
import { EventFeed } from '../../node/devnet/watch/eventFeed.ts';
import type { PaidBlock } from './autobatchFigures.ts';
import type { Variant } from './autobatchRun.ts';

export class ConfirmationWatch {
  readonly #kind: Variant['kind'];
  readonly #feeds: readonly EventFeed[];
  readonly #timestamps = new Map<number, number>();
  readonly #gasOf: (requestCount: number) => number;
  readonly #paid = new Map<number, { orders: number; gas: number }>();
  /** Of a batch of the engine, or of a transaction, by its id: in ms of this process. */
  readonly confirmedAtMs = new Map<string, number>();
  confirmed = 0;
  failed = 0;
  lastConfirmedMs = 0;
  /** Views without a block: a leader came too late. */
  nullified = 0;
  /** Newest final block. */
  height = 0;
  /** Why the figures mean nothing, where they do. */
  problem: string | undefined;

  /**
   * With the engine each node tells of its own batches; the chain's events come from the first node alone.
   * @param gasOf - What a batch of so many orders takes.
   */
  constructor(
    kind: Variant['kind'],
    nodes: readonly DescribedNode[],
    gasOf: (requestCount: number) => number,
  ) {
    this.#kind = kind;
    this.#gasOf = gasOf;
    this.#feeds = nodes.slice(0, kind === 'engine' ? nodes.length : 1).map(
      ({ name, api }, index) =>
        new EventFeed(
          { name, api },
          {
            onLine: (line) => this.#note(line, index === 0),
            onLost: (node) => {
              this.problem = `events of ${node} were lost`;
            },
          },
        ),
    );
    for (const feed of this.#feeds) feed.start();
  }

  /** All blocks between the first and the last with orders, in order of height. */
  get blocks(): readonly PaidBlock[] {
    const heights = [...this.#paid.keys()];
    const [first, last] = [Math.min(...heights), Math.max(...heights)];
    return [...this.#timestamps]
      .filter(([height]) => height >= first && height <= last)
      .sort(([a], [b]) => a - b)
      .map(([height, timestampMs]) => ({
        height,
        timestampMs,
        ...(this.#paid.get(height) ?? { orders: 0, gas: 0 }),
      }));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#feeds.map((feed) => feed.stop()));
  }

  #note(line: EventLine, isFirst: boolean): void {
    switch (line.type) {
      case 'auto_batch_confirmed':
        this.#confirm(String(line.batch_id), Number(line.orders));
        return;
      case 'auto_batch_order_rejected':
        this.failed += 1;
        return;
    }
    if (!isFirst) return;
    const height = Number(line.height);
    switch (line.type) {
      case 'block_finalized':
        this.#timestamps.set(height, Number(line.timestamp_ms));
        this.height = Math.max(this.height, height);
        return;
      case 'view_nullified':
        this.nullified += 1;
        return;
      case 'atomic_batch_completed':
        this.#pay(height, Number(line.requests), this.#gasOf(Number(line.requests)));
        return;
      case 'transaction_executed':
        if (this.#kind === 'engine') return;
        if (line.result !== 'ok') this.failed += 1;
        else this.#confirm(String(line.id), 1);
        if (line.operation === 'transfer') this.#pay(height, 1, 0);
    }
  }

  #pay(height: number, orders: number, gas: number): void {
    const paid = this.#paid.get(height) ?? { orders: 0, gas: 0 };
    this.#paid.set(height, { orders: paid.orders + orders, gas: paid.gas + gas });
  }

  #confirm(id: string, count: number): void {
    if (this.confirmedAtMs.has(id)) return;
    this.lastConfirmedMs = performance.now();
    this.confirmedAtMs.set(id, this.lastConfirmedMs);
    this.confirmed += count;
  }
}
