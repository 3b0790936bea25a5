import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { AutoBatchMetrics } from '../../../../node/api/autoBatchMetrics.ts';
import { EventLog } from '../../../../node/api/eventLog.ts';
import { Metrics } from '../../../../node/api/metrics.ts';
import type { NodeView } from '../../../../node/api/nodeView.ts';
import type { AutoBatchFigures } from '../../../../node/autobatch/store/figures.ts';
import { autoBatchEvents } from '../../../../scripts/docs/samples.ts';

const busy: AutoBatchFigures = {
  queued: 12,
  active: { Prepared: 1, Submitted: 2, Accepted: 3, Confirmed: 0, Failed: 4 },
  activeOrders: 300,
  submissions: 9,
  confirmedOrders: 70,
  rejectedOrders: 5,
  submissionsSaved: 61,
  oldestOrderAgeMs: 2500,
};

function metered(readFigures?: () => Promise<AutoBatchFigures>) {
  const registry = new Registry();
  const metrics = new AutoBatchMetrics({ answerWaitMs: 1 });
  metrics.register(registry);
  if (readFigures !== undefined) metrics.readFrom(readFigures);
  return {
    metrics,
    /** Series with their values, without the words before them. */
    read: async (): Promise<ReadonlyMap<string, number>> => {
      const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('sidereal_'));
      return new Map(
        lines.map((line) => {
          const at = line.lastIndexOf(' ');
          return [line.slice(0, at).replace('sidereal_auto_batch_', ''), Number(line.slice(at + 1))];
        }),
      );
    },
  };
}

describe('AutoBatchMetrics', () => {
  it('shows the figures as the database has them, from one question', async () => {
    let asked = 0;
    const { read } = metered(() => {
      asked += 1;
      return Promise.resolve(busy);
    });
    const figures = Object.fromEntries(await read());
    expect(asked).toBe(1);
    expect(figures).toEqual({
      queued_orders: 12,
      active_orders: 300,
      oldest_order_age_seconds: 2.5,
      submissions_saved: 61,
      'active_batches{status="Prepared"}': 1,
      'active_batches{status="Submitted"}': 2,
      'active_batches{status="Accepted"}': 3,
      'active_batches{status="Failed"}': 4,
      submissions_total: 9,
      confirmed_orders_total: 70,
      rejected_orders_total: 5,
    });
    expect(Object.fromEntries(await read())).toEqual(figures);
    expect(asked).toBe(2);
  });

  it('has no age where every order has its outcome', async () => {
    const { read } = metered(() => Promise.resolve({ ...busy, oldestOrderAgeMs: undefined }));
    expect((await read()).get('oldest_order_age_seconds')).toBe(0);
  });

  it('leaves figures out before there is an engine, and when the database refuses', async () => {
    expect([...(await metered().read()).keys()]).toEqual([]);
    let isDown = false;
    const { read } = metered(() =>
      isDown ? Promise.reject(new Error('connection refused')) : Promise.resolve(busy),
    );
    expect((await read()).size).toBe(11);
    isDown = true;
    expect([...(await read()).keys()]).toEqual([]);
    isDown = false;
    expect((await read()).get('queued_orders')).toBe(12);
  });

  it('answers without figures while the database is silent, asks it once, and shows them when it comes back', async () => {
    let asked = 0;
    let answer = (_figures: AutoBatchFigures): void => undefined;
    const { metrics, read } = metered(() => {
      asked += 1;
      if (asked > 1) return Promise.resolve(busy);
      return new Promise((resolve) => {
        answer = resolve;
      });
    });
    metrics.noteRefused('ORDER_QUEUE_FULL');
    for (let round = 0; round < 3; round += 1)
      expect([...(await read()).keys()]).toEqual(['refusals_total{code="ORDER_QUEUE_FULL"}']);
    expect(asked).toBe(1);
    answer(busy);
    expect((await read()).get('queued_orders')).toBe(12);
  });

  it('counts failures by kind and code, rests of loops, and what parties are told', async () => {
    const { metrics, read } = metered();
    for (const event of Object.values(autoBatchEvents)) metrics.onEvent(event);
    const failed = { ...autoBatchEvents.auto_batch_failed, kind: 'expired' } as const;
    for (let round = 0; round < 2; round += 1) metrics.onEvent(failed);
    metrics.noteTaken(false);
    metrics.noteTaken(false);
    metrics.noteTaken(true);
    metrics.noteRefused('ORDER_SIGNATURE_INVALID');
    expect(Object.fromEntries(await read())).toEqual({
      'failures_total{kind="rejected",code="CODE"}': 1,
      'failures_total{kind="expired",code="CODE"}': 2,
      'loop_failures_total{loop="batching"}': 1,
      'orders_taken_total{answer="new"}': 2,
      'orders_taken_total{answer="repeat"}': 1,
      'refusals_total{code="ORDER_SIGNATURE_INVALID"}': 1,
    });
  });

  it('is part of GET /metrics where there is an engine', async () => {
    const events = new EventLog({
      self: 0,
      names: { nameOf: (index) => `node-${index}`, labelOf: () => undefined },
      epoch: 'test',
    });
    const node = {
      reader: () => ({
        status: () => ({
          ...{ height: 1, finalizedHeight: 1, view: 1, settlementHeight: 1 },
          ...{ pendingBatches: 0, mempoolCount: 0, isSettlementPaused: false },
        }),
        genesis: { blockTimeMs: 2000 },
        block: () => undefined,
      }),
      peers: () => [],
      counters: () => ({}),
      nowMs: () => 0,
    } as unknown as NodeView;
    const orders = new AutoBatchMetrics();
    orders.readFrom(() => Promise.resolve(busy));
    const sources = { node, events, stream: { readerCount: 0, droppedCount: 0 } };
    const textOf = async (metrics: Metrics): Promise<string> =>
      String((await metrics.route().handle({} as never)).body);
    expect(await textOf(new Metrics({ ...sources, orders }))).toContain(
      'sidereal_auto_batch_queued_orders 12',
    );
    expect(await textOf(new Metrics(sources))).not.toContain('auto_batch');
  });
});
