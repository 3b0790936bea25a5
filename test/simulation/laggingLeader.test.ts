import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import { runSimulation } from '../../node/simulation/run.ts';

/** Fuzz seed 194, cut down: node-2 comes back 165 s behind, leads a view at once, and knows newer settlements. */
const LAGGING_LEADER = `name: lagging leader
seed: 194
duration: 281000
workload: { uniform: { transactions_per_block: 1 } }
timeline:
  - { at: { time: 113135 }, crash: { node: node-2, lose: unsynced }, for: 165164 }
expect:
  - { final: { converged: true } }
`;

describe('a leader that lags behind', () => {
  it('does not build on settlements of blocks it lacks (fuzz seed 194)', () => {
    const parsed = parseScenario(LAGGING_LEADER, 'lagging.yaml');
    if (!parsed.ok) throw new Error('the scenario does not parse');
    expect(runSimulation(parsed.value.scenario)).toMatchObject({ ok: true, errors: [] });
  });
});
