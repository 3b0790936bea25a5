import { describe, expect, it } from 'vitest';
import { predictLatency, timingModelOf } from '../../../../node/experiment/closedForm.ts';
import { forecastRun, forecastSweep } from '../../../../node/experiment/forecast.ts';
import { BATCH_SIZE_KEY, planSweep } from '../../../../node/experiment/plan.ts';
import { netsOf, planBatches, predictCost } from '../../../../node/experiment/settlementCost.ts';

const quiet = 'duration: 2m\nworkload: { uniform: { transactions_per_block: 3 } }\n';

function plan(text: string, sizes: readonly number[], seedCount: number) {
  const planned = planSweep({
    text,
    file: 'sweep.yaml',
    points: sizes.map((size) => [{ key: BATCH_SIZE_KEY, value: String(size) }]),
    firstSeed: 1,
    seedCount,
    durationMs: undefined,
    below: [],
    above: [],
    isPhaseFixed: false,
    version: '0',
  });
  if (!planned.ok) throw new Error(JSON.stringify(planned.problems));
  return planned.value;
}

describe('forecastSweep', () => {
  it('gives each point the closed form at a random phase, its fee averaged over the seeds', () => {
    const sweep = plan(quiet, [2, 5], 2);
    const forecasts = forecastSweep(sweep);
    expect(forecasts).toHaveLength(2);
    for (const [point, forecast] of forecasts.entries()) {
      const scenarios = [0, 1].map((seed) => sweep.task(point * 2 + seed).scenario);
      const [first] = scenarios;
      if (first === undefined) throw new Error('no scenario');
      const { latency } = predictLatency(timingModelOf(first, 'random'));
      expect(forecast.limits).toEqual([]);
      expect(forecast.latency?.meanMs).toBe(latency.meanMs);
      expect(forecast.latency?.p99Ms).toBe(latency.quantileMs(0.99));
      const fees = scenarios.map(
        (scenario) =>
          predictCost(scenario, planBatches(netsOf(scenario), scenario.config), 'random').feePerBlock ?? 0,
      );
      expect(forecast.feePerBlock).toBeCloseTo(((fees[0] ?? 0) + (fees[1] ?? 0)) / 2, -3);
      expect(forecast.latency?.cdf[0]?.[1]).toBe(0);
      expect(forecast.latency?.cdf.at(-1)?.[1]).toBeCloseTo(1, 9);
    }
  });

  it('says why where the closed form does not hold, and draws no traffic then', () => {
    const faulty = `${quiet}timeline: [{ at: { block: 3 }, pause: { node: node-1 }, for: 3s }]\n`;
    const sweep = plan(faulty, [2], 1);
    expect(forecastSweep(sweep)).toEqual([
      { limits: ['the timeline has a fault'], latency: undefined, feePerBlock: undefined },
    ]);
    forecastRun(sweep.task(0).scenario, true, () => {
      throw new Error('not to be asked');
    });
  });

  it('says so where nothing is sealed', () => {
    const [forecast] = forecastSweep(plan('duration: 1m\n', [2], 1));
    expect(forecast).toEqual({
      limits: ['the traffic seals no batch'],
      latency: undefined,
      feePerBlock: undefined,
    });
  });
});
