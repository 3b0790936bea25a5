import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { formatProblem } from '../../../../node/config/problem.ts';
import { loadScenario } from '../../../../node/scenario/loadScenario.ts';
import { runSimulation } from '../../../../node/simulation/run.ts';

const dir = 'scripts/scenarios';
const files = readdirSync(dir).filter((name) => name.endsWith('.yaml'));

describe('scripts/scenarios', () => {
  it('ships the documented ones', () => {
    expect(files.sort()).toEqual([
      'aave-flows.yaml',
      'crashed-proposer.yaml',
      'empty-window.yaml',
      'net-zero.yaml',
      'seed-timeline-n1.yaml',
      'seed-timeline-n10.yaml',
      'seed-timeline-n3.yaml',
      'seed-timeline.yaml',
      'settlement-chain-full.yaml',
      'withheld-settlement.yaml',
    ]);
  });

  it.each(files)('%s says what it shows, expects something, and holds', (file) => {
    expect(readFileSync(`${dir}/${file}`, 'utf8')).toMatch(/^# .{40}/);
    const loaded = loadScenario(`${dir}/${file}`);
    if (!loaded.ok) throw new Error(loaded.problems.map(formatProblem).join('\n'));
    expect(loaded.value.warnings).toEqual([]);
    expect(loaded.value.scenario.expectations.length).toBeGreaterThan(3);
    const result = runSimulation(loaded.value.scenario);
    expect(result.expectations.filter(({ ok }) => !ok)).toEqual([]);
    expect(result.laws.flatMap(({ violations }) => violations)).toEqual([]);
    expect(result.errors).toEqual([]);
    expect(result.ok).toBe(true);
  });
});
