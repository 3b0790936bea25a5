/** Seeds of the fuzzer that once broke something, cut down, each under the name of what was wrong. */
import { describe, expect, it } from 'vitest';
import { runScenario, violationsOf } from '../helpers/runScenario.ts';

/** Runs what the fuzzer wrote. @returns Every broken law, error and failed expectation. */
function findFailures(text: string): readonly string[] {
  const { result } = runScenario(text);
  const failed = result.expectations
    .filter(({ ok }) => !ok)
    .map(({ text: what, detail }) => `${what}: ${detail}`);
  return [...violationsOf(result), ...result.errors, ...failed];
}

describe('regressions', () => {
  it('a revert and the end of the same clock in one header: the miss names the attempt after the revert (seed 1042)', () => {
    expect(
      findFailures(`
seed: 1042
duration: 120s
config: { settlement: { batch_size: 4, origin_confirmations: 1 } }
workload: { uniform: { transactions_per_block: 1 } }
timeline:
  - { at: { time: 0s }, partition: [[node-2, node-0, node-1]], for: 55s }
  - { at: { time: 34s }, equivocate: { node: node-3 }, for: 25s }
`),
    ).toEqual([]);
  });

  it('a duty passes on after reverts and a rescuer settles, all in one header: the miss is judged first (seed 1065)', () => {
    expect(
      findFailures(`
seed: 1065
duration: 60s
config:
  validators: [{ name: node-1 }, { name: node-2 }, { name: node-3 }, { name: node-4 }]
  settlement: { adaptive: seed003, submission_deadline_blocks: 2, open_rescue: true }
workload: { uniform: { transactions_per_block: 1 } }
timeline:
  - { at: { time: 36s }, lie_about_net: { node: node-1 } }
`),
    ).toEqual([]);
  });

  it('clocks of three of four nodes an hour behind for 20 s: no timer set meanwhile outlasts it (seed 3)', () => {
    const skews = [0, 1, 2].map(
      (index) => `  - { at: { time: 10s }, clock_skew: { node: node-${index}, ms: -3600000 }, for: 20s }`,
    );
    expect(
      findFailures(`
seed: 3
duration: 90s
workload: { uniform: { transactions_per_block: 1 } }
timeline:
${skews.join('\n')}
expect:
  - { final: { height_at_least: 34 } }
  - { final: { converged: true } }
`),
    ).toEqual([]);
  });

  it('a leader dies between sending its proposal and reporting it: the next block still has its transactions (seed 1601)', () => {
    expect(
      findFailures(`
seed: 1601
duration: 75s
config:
  validators:
    - { name: node-0, stake: 3400 }
    - { name: node-1, stake: 4500 }
    - { name: node-2, stake: 2000 }
    - { name: node-3, stake: 4500 }
    - { name: node-4, stake: 2700 }
    - { name: node-5, stake: 4800 }
    - { name: node-6, stake: 4200 }
  settlement: { origin_delay_ms: 1000 }
  simulation: { crash_points: within_outputs }
workload: { uniform: { transactions_per_block: 1 } }
timeline:
  - { at: { time: 13s }, crash: { node: node-5, lose: unsynced }, for: 1s }
  - { at: { time: 11s }, crash: { node: node-2, lose: unsynced }, for: 1s }
`),
    ).toEqual([]);
  });
});
