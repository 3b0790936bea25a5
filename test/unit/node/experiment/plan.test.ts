import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readSettings } from '../../../../node/config/configSources.ts';
import { type Cell, runCell } from '../../../../node/experiment/cell.ts';
import { drawPhaseMs, type Plan, type PlanOptions, planSweep } from '../../../../node/experiment/plan.ts';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';

const text = `
name: planned
duration: 5m
workload: { uniform: { transactions_per_block: 3 } }
`;

const sizes = (...values: readonly number[]): PlanOptions['points'] =>
  values.map((value) => [{ key: 'settlement.batch_size', value: String(value) }]);

function optionsOf(overrides: Partial<PlanOptions> = {}): PlanOptions {
  return {
    text,
    file: 'planned.yaml',
    points: sizes(4, 5, 6),
    firstSeed: 1,
    seedCount: 6,
    durationMs: undefined,
    below: [],
    above: [],
    isPhaseFixed: false,
    version: '1.0.0',
    ...overrides,
  };
}

function planOf(overrides: Partial<PlanOptions> = {}): Plan {
  const planned = planSweep(optionsOf(overrides));
  if (!planned.ok) throw new Error(planned.problems.map(({ message }) => message).join('; '));
  return planned.value;
}

describe('planSweep', () => {
  it('gives every point the same seeds, and a seed the same phase at every point', () => {
    const plan = planOf();
    const cells = Array.from({ length: plan.cellCount }, (_, index) => plan.task(index).scenario);
    const drawn = cells.map(({ seed, config }) => [seed, config.settlementChain.phaseMs]);
    expect(drawn.slice(0, 6)).toEqual(drawn.slice(6, 12));
    expect(drawn.slice(0, 6)).toEqual(drawn.slice(12, 18));
    expect(new Set(drawn.map(([, phase]) => phase)).size).toBe(6);
    expect(
      cells.map(({ config }) => config.settlement.batchSize).filter((_, index) => index % 6 === 0),
    ).toEqual([4, 5, 6]);
  });

  it('draws phases evenly over a settlement block', () => {
    const phases = Array.from({ length: 2000 }, (_, seed) => drawPhaseMs(seed, 5000));
    expect(phases.every((phase) => Number.isInteger(phase) && phase >= 0 && phase < 5000)).toBe(true);
    for (const part of [0, 1, 2, 3, 4]) {
      const count = phases.filter((phase) => Math.floor(phase / 1000) === part).length;
      expect(Math.abs(count - 400)).toBeLessThan(80);
    }
    expect(drawPhaseMs(7, 10_000)).toBeCloseTo(2 * drawPhaseMs(7, 5000), -1);
  });

  it('makes of a cell what its settings make of the file', () => {
    const plan = planOf({ durationMs: 60_000 });
    const settings = plan.settingsOf(8).map(({ key, value }) => `${key}=${value}`);
    const above = readSettings(settings);
    const loaded = parseScenario(text, 'planned.yaml', {
      above: above.ok ? above.value : [],
      seed: plan.seedOf(8),
      durationMs: 60_000,
    });
    expect(loaded.ok && loaded.value.scenario).toEqual(plan.task(8).scenario);
  });

  it('leaves the phase alone where the user gave one', () => {
    const above = readSettings(['settlement_chain.phase_ms=1234']);
    const plan = planOf({ isPhaseFixed: true, above: above.ok ? above.value : [] });
    expect(plan.task(3).scenario.config.settlementChain.phaseMs).toBe(1234);
    expect(plan.settingsOf(3)).toEqual([{ key: 'settlement.batch_size', value: '4' }]);
  });

  it('takes the scenario as it stands for baseline, else the first point', () => {
    expect(planOf().baseline).toBe(1);
    expect(planOf({ points: sizes(7, 8) }).baseline).toBe(0);
  });

  it('lists what is wrong at any point, once, by the option it came from', () => {
    const points = [...sizes(101), ...['x', 'y'].map((value) => [{ key: 'chain.tempo', value }])];
    const planned = planSweep(optionsOf({ points }));
    const problems = planned.ok ? [] : planned.problems.map(({ file, path }) => `${file} ${path}`);
    expect(problems).toContain('--batch-sizes 101 settlement.batch_size');
    expect(problems).toContain('--sweep chain.tempo=x chain.tempo');
  });

  it('refuses a sweep of nothing, and one that is too large', () => {
    const code = (overrides: Partial<PlanOptions>): unknown => {
      try {
        planSweep(optionsOf(overrides));
        return undefined;
      } catch (cause) {
        return (cause as { code?: unknown }).code;
      }
    };
    expect(code({ points: [] })).toBe('EXPERIMENT_EMPTY');
    expect(code({ durationMs: 1 })).toBe('EXPERIMENT_EMPTY');
    expect(code({ seedCount: 50_000 })).toBe('EXPERIMENT_TOO_LARGE');
  });
});

describe('the hash of an experiment', () => {
  let dir = '';
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'sidereal-plan-'));
  });
  afterAll(() => rmSync(dir, { recursive: true }));

  it('changes with everything that decides what is measured', () => {
    const slower = readSettings(['chain.block_time_ms=3000']);
    const hashes = [
      {},
      { points: sizes(4, 5) },
      { firstSeed: 2 },
      { seedCount: 5 },
      { durationMs: 60_000 },
      { version: '1.0.1' },
      { isPhaseFixed: true },
      { above: slower.ok ? slower.value : [] },
      { text: text.replace('3 }', '4 }') },
    ].map((overrides) => planOf(overrides).hash);
    expect(new Set(hashes).size).toBe(hashes.length);
    expect(planOf({ file: 'elsewhere.yaml' }).hash).toBe(planOf().hash);
  });

  it('changes with the files that the scenario names, and a sweep under way notices', () => {
    const fees = join(dir, 'fees.csv');
    writeFileSync(fees, 'base_fee_gwei\n10\n20\n');
    const traced = text.replace(
      'duration',
      'config: { settlement_chain: { background: { type: trace, file: fees.csv } } }\nduration',
    );
    const options = { text: traced, file: join(dir, 'traced.yaml') };
    const plan = planOf(options);
    expect(() => plan.assertUnchanged()).not.toThrow();
    writeFileSync(fees, 'base_fee_gwei\n10\n21\n');
    expect(planOf(options).hash).not.toBe(plan.hash);
    expect(() => plan.assertUnchanged()).toThrowError(
      expect.objectContaining({ code: 'EXPERIMENT_INPUT_CHANGED' }),
    );
  });
});

describe('Plan.order', () => {
  it('holds every cell once, those of a seed after each other, points in order', () => {
    const plan = planOf({ points: sizes(4, 5, 6), firstSeed: 3, seedCount: 2 });
    expect(plan.order().map((index) => [plan.seedOf(index), plan.pointOf(index)])).toEqual([
      [3, 0],
      [3, 1],
      [3, 2],
      [4, 0],
      [4, 1],
      [4, 2],
    ]);
  });
});

describe('common random numbers', () => {
  it('make differences between points vary less than independent runs would', () => {
    const plan = planOf({ points: sizes(4, 6), seedCount: 12 });
    const cells = Array.from({ length: plan.cellCount }, (_, index) => runCell(plan.task(index)));
    const exposures = cells.map(({ exposure_usd }) => exposure_usd.integral);
    const gross = cells.map(({ gross_usd }) => gross_usd);
    for (const values of [exposures, gross]) {
      const [one, other] = [values.slice(0, 12), values.slice(12)];
      const differences = one.map((value, seed) => value - (other[seed] ?? 0));
      expect(varianceOf(differences)).toBeLessThan(0.5 * (varianceOf(one) + varianceOf(other)));
    }
  });

  it('bring the same traffic to every point', () => {
    const plan = planOf({ points: sizes(1, 7), seedCount: 2 });
    const cells = Array.from({ length: 4 }, (_, index) => runCell(plan.task(index)));
    const facts = ({ blocks, transactions, phase_ms }: Cell): unknown => ({ blocks, transactions, phase_ms });
    expect(cells.slice(0, 2).map(facts)).toEqual(cells.slice(2).map(facts));
  });
});

function varianceOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
}
