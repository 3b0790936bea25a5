import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadScenario } from '../../node/scenario/loadScenario.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import type { TraceEvent } from '../helpers/runScenario.ts';

const SCENARIO = 'scripts/scenarios/base-fee-trace.yaml';
const TRACE = 'scripts/scenarios/data/ethereum-base-fee-2025-01-01.csv';

describe('base fees of real blocks', () => {
  it('4 nodes, 240 settlement blocks over 170 rows: row i is block i, then from the start, with a warning (seed 7)', () => {
    const loaded = loadScenario(SCENARIO);
    if (!loaded.ok) throw new Error(JSON.stringify(loaded.problems));
    const events: TraceEvent[] = [];
    // The same fees without the scenario's own faults, and for longer than there are rows.
    const scenario = { ...loaded.value.scenario, durationMs: 1_200_000, timeline: [], expectations: [] };
    const result = runSimulation(scenario, {
      onEvent: (line) => {
        if (/"type":"(settlement_block|warning)"/.test(line)) events.push(JSON.parse(line) as TraceEvent);
      },
    });
    // By plain text work: gwei with up to nine decimals are 10^9 units.
    const rows = readFileSync(TRACE, 'utf8').trim().split('\n').slice(1);
    const fees = rows.map((row) => {
      const [whole = '', fraction = ''] = (row.split(',')[2] ?? '').split('.');
      return `${whole}${fraction.padEnd(9, '0')}`;
    });
    expect(fees).toHaveLength(170);
    const blocks = events.filter(({ type }) => type === 'settlement_block');
    expect(blocks).toHaveLength(240);
    for (const { height, base_fee: fee } of blocks) expect(fee).toBe(fees[Number(height) % 170]);
    const warnings = events.filter(({ type }) => type === 'warning');
    expect(warnings).toMatchObject([{ t: 850_000, node: null, code: 'SETTLEMENT_TRACE_REPEATS' }]);
    expect(result.warnings).toHaveLength(1);
    expect(result.metrics.success_rate).toBe(1);
  });
});
