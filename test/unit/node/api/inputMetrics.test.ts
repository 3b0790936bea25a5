import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { InputMetrics } from '../../../../node/api/inputMetrics.ts';
import type { InputPipeline } from '../../../../node/batcher/pipeline/inputPipeline.ts';

const requestId = `0x${'11'.repeat(32)}`;
const target = 'sidechain';

function metered(pipeline: Partial<InputPipeline>) {
  let nowMs = 0;
  const registry = new Registry();
  const metrics = new InputMetrics({ now: () => nowMs });
  const noStats = () => Promise.resolve({ ok: true, value: [] } as const);
  const around = metrics.around({ stats: noStats, ...pipeline } as InputPipeline);
  metrics.register(registry);
  return {
    metrics,
    around,
    pass: (ms: number) => {
      nowMs += ms;
    },
    read: async (series: string): Promise<number> => {
      const line = (await registry.metrics()).split('\n').find((one) => one.startsWith(`${series} `));
      return Number(line?.slice(series.length + 1));
    },
  };
}

describe('InputMetrics', () => {
  it('shows depths, batches, age and rests of every target as the pipeline has them', async () => {
    const inputs = { queued: 3, batching: 2, submitted: 1, confirmed: 7, failed: 0 };
    const stats = {
      ...{ target, criteria: 'hybrid', inputs, openBatches: 2, oldestAgeMs: 1500 },
      ...{ parkedUntilMs: 9, parkedFor: 'BATCHER_TARGET_UNREACHABLE' },
    };
    let asked = 0;
    const { read } = metered({
      stats: () => {
        asked += 1;
        return Promise.resolve({ ok: true, value: [stats] });
      },
    });
    expect(await read('sidereal_input_depth{target="sidechain",state="queued"}')).toBe(3);
    expect(asked).toBe(1);
    expect(await read('sidereal_input_depth{target="sidechain",state="failed"}')).toBe(0);
    expect(await read('sidereal_input_open_batches{target="sidechain"}')).toBe(2);
    expect(await read('sidereal_input_oldest_age_seconds{target="sidechain"}')).toBe(1.5);
    expect(await read('sidereal_input_parked{target="sidechain"}')).toBe(1);
  });

  it('shows no depth while the storage does not answer', async () => {
    const refused = { ok: false, code: 'BATCHER_STORAGE_UNAVAILABLE', message: '', details: {} } as const;
    const { read } = metered({ stats: () => Promise.resolve(refused) });
    expect(await read('sidereal_input_depth{target="sidechain",state="queued"}')).toBeNaN();
    expect(await read('sidereal_input_parked_seconds_total{target="sidechain"}')).toBeNaN();
  });

  it('counts ends, submissions and rests, and how long an input took', async () => {
    const { metrics, pass, read } = metered({});
    metrics.onEvent({ type: 'input:queued', requestId, target });
    pass(1200);
    const transactionHash = `0x${'22'.repeat(32)}`;
    metrics.onEvent({ type: 'batch:submit', target, batchId: 'a', transactionHash, fee: 0n, inputs: 1 });
    pass(600);
    metrics.onEvent({ type: 'input:confirmed', requestId, target, transactionHash });
    metrics.onEvent({ type: 'input:failed', requestId: 'other', target, code: 'INPUT_FAILED' });
    const parked = { type: 'target:parked', target, code: 'BATCHER_TARGET_UNREACHABLE', reason: '' } as const;
    metrics.onEvent({ ...parked, failures: 1, restMs: 1000 });
    metrics.onEvent({ ...parked, failures: 2, restMs: 2000 });
    expect(await read('sidereal_input_submissions_total{target="sidechain"}')).toBe(1);
    expect(await read('sidereal_input_confirmed_total{target="sidechain"}')).toBe(1);
    expect(await read('sidereal_input_failed_total{target="sidechain",code="INPUT_FAILED"}')).toBe(1);
    const parks = 'sidereal_input_parks_total{target="sidechain",code="BATCHER_TARGET_UNREACHABLE"}';
    expect(await read(parks)).toBe(2);
    expect(await read('sidereal_input_parked_seconds_total{target="sidechain"}')).toBe(3);
    expect(await read('sidereal_input_latency_seconds_sum{target="sidechain"}')).toBeCloseTo(1.8);
    expect(await read('sidereal_input_latency_seconds_count{target="sidechain"}')).toBe(1);
  });

  it('counts refusals by the code that was answered, and hands answers on', async () => {
    const refused = { ok: false, code: 'INPUT_STALE', message: 'too old', details: {} } as const;
    const { around, read } = metered({ send: () => Promise.resolve(refused) });
    expect(await around.send({}, 'client')).toBe(refused);
    expect(await around.send({}, 'client')).toBe(refused);
    expect(await read('sidereal_input_refusals_total{code="INPUT_STALE"}')).toBe(2);
  });
});
