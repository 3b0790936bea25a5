import { describe, expect, it } from 'vitest';
import { runScenario, type ScenarioRun, violationsOf } from '../helpers/runScenario.ts';

/** What the final chain executed, by transaction, however many nodes tell of it. */
function executed({ events }: ScenarioRun): readonly (readonly [unknown, unknown])[] {
  return events.filter(({ type }) => type === 'transaction_executed').map(({ id, result }) => [id, result]);
}

function scenario(seed: number, faults: string, network = ''): string {
  return `
name: signed inputs
seed: ${seed}
duration: 90s
${network}
timeline:
  - { at: { time: 5s }, account: alice, borrow: { asset: UM, amount: 100 }, inputs_to: [node-0, node-1, node-2, node-3] }
  - { at: { time: 9s }, account: alice, transfer: { to: bob, asset: UM, amount: 40 }, inputs_to: [node-2] }
  - at: { time: 14s }
    account: bob
    transactions:
      - { transfer: { to: carol, asset: UM, amount: 1 } }
      - { transfer: { to: carol, asset: UM, amount: 1 } }
      - { borrow: { asset: USDC, amount: 7 } }
    inputs_to: [node-1, node-3]
  - { at: { time: 19s }, account: alice, repay: { asset: UM, amount: 5 }, inputs_to: [node-3, node-0] }
  - { at: { time: 24s }, account: carol, withdraw: { asset: UM, amount: 1000000000 }, inputs_to: [node-0, node-1] }
${faults}
expect:
  - { eventually: { converged: true } }
`;
}

const faults: readonly (readonly [string, string, string])[] = [
  ['no fault', '', ''],
  [
    'messages lost and doubled',
    '  - { at: { time: 4s }, loss: 0.3, for: 30s }\n  - { at: { time: 4s }, duplicate: 0.5, for: 30s }',
    'network: { latency_ms: 80, duplicate: 0.2, reorder: 0.2 }',
  ],
  [
    'halves that do not hear each other',
    '  - { at: { time: 4s }, partition: [[node-0, node-1], [node-2, node-3]], for: 24s }',
    '',
  ],
  [
    'crashes of those who were handed them',
    '  - { at: { time: 9100ms }, crash: { node: node-2, lose: unsynced }, for: 12s }\n' +
      '  - { at: { time: 20s }, crash: { node: node-3, lose: unsynced }, for: 6s }',
    'config: { simulation: { crash_points: within_outputs } }',
  ],
  [
    'a node that is down when it is handed them',
    '  - { at: { time: 3s }, crash: { node: node-2, lose: unsynced }, for: 20s }',
    '',
  ],
];

describe('signed inputs in a simulated network', () => {
  it.each(
    faults.flatMap(([what, timeline, network]) =>
      [1, 2, 3].map((seed) => [what, seed, timeline, network] as const),
    ),
  )('4 nodes, %s: each executed once on one chain, all laws hold (seed %i)', (_, seed, timeline, network) => {
    const run = runScenario(scenario(seed, timeline, network));
    expect(violationsOf(run.result)).toEqual([]);
    expect(run.result.errors).toEqual([]);
    expect(run.result.ok).toBe(true);
    const ended = executed(run);
    expect(new Set(ended.map(([id]) => id)).size).toBe(7);
    expect(ended).toHaveLength(7);
  });

  it('gives the same chain under every crypto policy, and when each node executes for itself', () => {
    const text = scenario(4, faults[1]?.[1] ?? '', faults[1]?.[2]);
    const { result } = runScenario(text);
    expect(runScenario(text, { crypto: 'full' }).result.trace_hash).toBe(result.trace_hash);
    expect(runScenario(text, { sharedExecution: false }).result.trace_hash).toBe(result.trace_hash);
  });
});
