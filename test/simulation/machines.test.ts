/** Faults of machines in whole runs: crashes, pauses, clocks. */
import { describe, expect, it } from 'vitest';
import { runScenario, type ScenarioRun, type TraceEvent, violationsOf } from '../helpers/runScenario.ts';

function run(duration: string, faults: readonly string[]): ScenarioRun {
  const outcome = runScenario(`
name: machines
seed: 42
duration: ${duration}
config: { settlement: { batch_size: 5 } }
workload: { uniform: { transactions_per_block: 2 } }
timeline:
${faults.map((fault) => `  - ${fault}`).join('\n')}
`);
  expect(violationsOf(outcome.result)).toEqual([]);
  expect(outcome.result.errors).toEqual([]);
  return outcome;
}

function ofNode({ events }: ScenarioRun, node: string, type: string): TraceEvent[] {
  return events.filter((event) => event.type === type && event.node === node);
}

function lastHeight(outcome: ScenarioRun, node: string): unknown {
  return ofNode(outcome, node, 'block_finalized').at(-1)?.height;
}

describe('crash and restart', () => {
  it('a crash of 10 s that was ended by a restart does not end a later one (seed 42)', () => {
    const outcome = run('60s', [
      '{ at: { time: 10s }, crash: { node: node-2, lose: none }, for: 15s }',
      '{ at: { time: 15s }, restart: { node: node-2 } }',
      '{ at: { time: 20s }, crash: { node: node-2, lose: unsynced }, for: 20s }',
    ]);
    expect(ofNode(outcome, 'node-2', 'node_restarted').map(({ t }) => t)).toEqual([15_000, 40_000]);
  });

  it('what is sent while no node runs is handed over when nodes start (seed 42)', () => {
    const all = [0, 1, 2, 3].map(
      (index) => `{ at: { time: 10s }, crash: { node: node-${index}, lose: unsynced }, for: ${10 + index}s }`,
    );
    const outcome = run('60s', [
      ...all,
      '{ at: { time: 12s }, transfer: { account: alice, to: bob, asset: UM, amount: 7 } }',
    ]);
    const transfers = outcome.events.filter(
      ({ type, operation, result }) =>
        type === 'transaction_executed' && operation === 'transfer' && result === 'ok',
    );
    expect(transfers).toHaveLength(1);
  });
});

describe('crash points', () => {
  const scenario = (seed: number): string => `
name: crash points
seed: ${seed}
duration: 70s
config: { settlement: { batch_size: 2 }, simulation: { crash_points: within_outputs } }
workload: { uniform: { transactions_per_block: 1 } }
timeline:
  - { at: { time: 11s }, crash: { node: node-1, lose: unsynced }, for: 4s }
  - { at: { block: 9 }, crash: { node: node-0, lose: unsynced }, for: 1s }
  - { at: { block: 9 }, crash: { node: node-1, lose: unsynced }, for: 2s }
  - { at: { block: 9 }, crash: { node: node-2, lose: none }, for: 1s }
  - { at: { block: 9 }, crash: { node: node-3, lose: unsynced }, for: 3s }
`;

  it('4 nodes that crash amid their outputs, all at once too: laws hold, all go on (seeds 1 to 12)', () => {
    const struckAt = new Set<number>();
    for (let seed = 1; seed <= 12; seed += 1) {
      const { result, events } = runScenario(scenario(seed));
      expect([seed, violationsOf(result), result.errors]).toEqual([seed, [], []]);
      expect(result.finalized_height).toBeGreaterThan(25);
      const crashed = events.find(({ type, node }) => type === 'node_crashed' && node === 'node-1');
      expect(crashed?.t).toBeGreaterThan(11_000);
      expect(crashed?.t).toBeLessThan(15_000);
      struckAt.add(Number(crashed?.t));
    }
    expect(struckAt.size).toBeGreaterThan(3);
  });

  it('a node that carries nothing out until its crash ends dies then, and starts (seed 42)', () => {
    const outcome = runScenario(`
name: idle
seed: 42
duration: 40s
config: { simulation: { crash_points: within_outputs } }
timeline:
  - { at: { time: 11s }, crash: { node: node-1, lose: unsynced }, for: 1ms }
`);
    expect(violationsOf(outcome.result)).toEqual([]);
    expect(ofNode(outcome, 'node-1', 'node_crashed')).toMatchObject([{ t: 11_001 }]);
    expect(ofNode(outcome, 'node-1', 'node_restarted')).toMatchObject([{ t: 11_001 }]);
  });
});

describe('pause', () => {
  it('node-1 of 4 frozen for 20 s: silent meanwhile, loses nothing, takes part again (seed 42)', () => {
    const outcome = run('80s', ['{ at: { time: 15s }, pause: { node: node-1 }, for: 20s }']);
    const events = outcome.events.filter(
      ({ node, t, type }) => node === 'node-1' && t > 15_000 && t < 35_000 && !type.startsWith('fault'),
    );
    expect(events).toEqual([]);
    const heights = ofNode(outcome, 'node-1', 'block_finalized').map(({ height }) => height);
    expect(heights).toEqual(heights.map((_, index) => index + 1));
    expect(heights.at(-1)).toBe(outcome.result.finalized_height);
    expect(ofNode(outcome, 'node-1', 'node_restarted')).toEqual([]);
    expect(ofNode(outcome, 'node-1', 'block_proposed').some(({ t }) => t > 45_000)).toBe(true);
  });

  it('all 4 nodes frozen for 20 s: the chain stands and goes on (seed 42)', () => {
    const outcome = run(
      '80s',
      [0, 1, 2, 3].map((index) => `{ at: { time: 15s }, pause: { node: node-${index} }, for: 20s }`),
    );
    const finalized = outcome.events.filter(({ type }) => type === 'block_finalized').map(({ t }) => t);
    expect(finalized.filter((t) => t > 15_000 && t < 35_000)).toEqual([]);
    expect(finalized.some((t) => t >= 35_000 && t < 45_000)).toBe(true);
  });

  it('4 nodes, one fails in the very ms in which another is back: the quorum was never lost (seed 42)', () => {
    const outcome = run('60s', [
      '{ at: { time: 15s }, crash: { node: node-0, lose: none }, for: 10s }',
      '{ at: { time: 25s }, pause: { node: node-1 }, for: 10s }',
      '{ at: { time: 35s }, crash: { node: node-2, lose: none }, for: 5s }',
    ]);
    expect(outcome.events.filter(({ type }) => type === 'warning')).toEqual([]);
    expect(outcome.result.warnings).toEqual([]);
  });

  it.each([
    ['pause: { node: node-1 }', true],
    ['crash: { node: node-1, lose: none }', true],
    ['isolate: node-1', false],
  ])('%s to the end: converged is %s of those that run (seed 42)', (fault, isConverged) => {
    const outcome = runScenario(`
name: converged
seed: 42
duration: 60s
timeline: [{ at: { time: 15s }, ${fault}, for: 100s }]
expect: [{ final: { converged: ${isConverged} } }]
`);
    expect(outcome.result.expectations).toMatchObject([{ ok: true }]);
  });

  it('a crash ends the pause of the process that it kills: the next process runs (seed 42)', () => {
    const outcome = run('80s', [
      '{ at: { time: 15s }, pause: { node: node-1 }, for: 40s }',
      '{ at: { time: 20s }, crash: { node: node-1, lose: unsynced }, for: 5s }',
    ]);
    expect(ofNode(outcome, 'node-1', 'block_finalized').some(({ t }) => t > 25_000 && t < 55_000)).toBe(true);
  });
});

describe('clocks', () => {
  it.each([-1000, -700, 400, 1000])(
    '4 nodes, one clock off by %i ms for 40 s: blocks go on, laws hold (seed 42)',
    (ms) => {
      const outcome = run('90s', [
        `{ at: { time: 10s }, clock_skew: { node: node-2, ms: ${ms} }, for: 40s }`,
      ]);
      expect(lastHeight(outcome, 'node-2')).toBe(outcome.result.finalized_height);
      expect(outcome.result.finalized_height).toBeGreaterThan(30);
    },
  );

  it.each([-3_600_000, -20_000, 20_000, 3_600_000])(
    '4 nodes, one clock off by %i ms for 40 s: safe, the others go on, it takes part again (seed 42)',
    (ms) => {
      const outcome = run('120s', [
        `{ at: { time: 10s }, clock_skew: { node: node-2, ms: ${ms} }, for: 40s }`,
      ]);
      const others = ofNode(outcome, 'node-0', 'block_finalized').filter(({ t }) => t > 10_000 && t < 50_000);
      expect(others.length).toBeGreaterThan(8);
      expect(lastHeight(outcome, 'node-2')).toBe(outcome.result.finalized_height);
      const proposed = ofNode(outcome, 'node-2', 'block_proposed').filter(({ t }) => t > 70_000);
      expect(proposed.length).toBeGreaterThan(0);
    },
  );

  it('a clock that is ahead shows in the timestamps its node proposes, one behind in when it does (seed 42)', () => {
    const leads = (ms: number): number[] => {
      const outcome = run('60s', [`{ at: { time: 10s }, clock_skew: { node: node-2, ms: ${ms} } }`]);
      const timestamps = new Map(
        ofNode(outcome, 'node-0', 'block_finalized').map((event) => [event.hash, event.timestamp_ms]),
      );
      return ofNode(outcome, 'node-2', 'block_proposed')
        .filter(({ t, hash }) => t > 12_000 && timestamps.has(hash))
        .map(({ t, hash }) => t - Number(timestamps.get(hash)));
    };
    expect(Math.max(...leads(400))).toBeLessThan(-300);
    expect(Math.min(...leads(-700))).toBeGreaterThanOrEqual(700);
  });

  it('three of four clocks a minute ahead for 30 s: the chain waits for true time afterwards (seed 42)', () => {
    const outcome = run(
      '180s',
      [0, 1, 2].map(
        (index) => `{ at: { time: 20s }, clock_skew: { node: node-${index}, ms: 60000 }, for: 30s }`,
      ),
    );
    const times = ofNode(outcome, 'node-3', 'block_finalized').map(({ t }) => t);
    expect(times.filter((t) => t > 51_000 && t < 100_000)).toEqual([]);
    expect(times.filter((t) => t > 120_000).length).toBeGreaterThan(20);
    expect(lastHeight(outcome, 'node-3')).toBe(outcome.result.finalized_height);
  });

  it('a step stays until another takes it back (seed 42)', () => {
    const outcome = run('120s', [
      '{ at: { time: 20s }, clock_step: { node: node-1, ms: -5000 } }',
      '{ at: { time: 60s }, clock_step: { node: node-1, ms: 5000 } }',
    ]);
    const proposed = ofNode(outcome, 'node-1', 'block_proposed').map(({ t }) => t);
    const finalized = new Set(ofNode(outcome, 'node-0', 'block_finalized').map(({ hash }) => hash));
    const led = ofNode(outcome, 'node-1', 'block_proposed').filter(({ hash }) => finalized.has(hash));
    expect(led.filter(({ t }) => t > 22_000 && t < 60_000)).toEqual([]);
    expect(proposed.filter((t) => t > 70_000).length).toBeGreaterThan(0);
  });
});

describe('disk', () => {
  const corruptions = (outcome: ScenarioRun): unknown[] =>
    ofNode(outcome, 'node-2', 'warning').map(({ t, code }) => [t, code]);

  it.each(['torn', 'corrupt'])(
    '4 nodes, the disk of node-2 is %s when it crashes: it refuses to start, is wiped, catches up in silence and votes again (seed 42)',
    (fault) => {
      const outcome = run('120s', [
        `{ at: { time: 10s }, disk: { node: node-2, fault: ${fault} }, for: 30s }`,
        '{ at: { time: 20s }, crash: { node: node-2, lose: unsynced }, for: 5s }',
      ]);
      expect(corruptions(outcome)).toEqual([[25_000, 'STORE_CORRUPT']]);
      expect(ofNode(outcome, 'node-2', 'node_restarted').map(({ t }) => t)).toEqual([25_000, 45_000]);
      const finalized = ofNode(outcome, 'node-2', 'block_finalized');
      expect(finalized.filter(({ t }) => t > 20_000 && t < 45_000)).toEqual([]);
      expect(finalized.filter(({ height }) => height === 1)).toHaveLength(2);
      expect(lastHeight(outcome, 'node-2')).toBe(outcome.result.finalized_height);
      expect(ofNode(outcome, 'node-2', 'block_proposed').some(({ t }) => t > 60_000)).toBe(true);
    },
  );

  it('an explicit restart wipes a corrupt disk at once (seed 42)', () => {
    const outcome = run('90s', [
      '{ at: { time: 10s }, disk: { node: node-2, fault: torn } }',
      '{ at: { time: 20s }, crash: { node: node-2, lose: unsynced }, for: 5s }',
      '{ at: { time: 30s }, restart: { node: node-2 } }',
    ]);
    expect(corruptions(outcome)).toEqual([[25_000, 'STORE_CORRUPT']]);
    expect(ofNode(outcome, 'node-2', 'node_restarted').map(({ t }) => t)).toEqual([25_000, 30_000]);
    expect(lastHeight(outcome, 'node-2')).toBe(outcome.result.finalized_height);
  });

  it('4 nodes, node-2 loses all it thought synced for 10 s: final blocks stay, it fetches them again (seed 42)', () => {
    const outcome = run('90s', [
      '{ at: { time: 10s }, disk: { node: node-2, fault: lost }, for: 30s }',
      '{ at: { time: 20s }, crash: { node: node-2, lose: unsynced }, for: 5s }',
    ]);
    expect(corruptions(outcome)).toEqual([]);
    const heights = ofNode(outcome, 'node-2', 'block_finalized').map(({ height }) => Number(height));
    expect(heights.length).toBeGreaterThan(new Set(heights).size);
    expect(heights.at(-1)).toBe(outcome.result.finalized_height);
  });
});

describe('determinism', () => {
  it('equal scenario and seed give one trace under every crypto policy, with and without shared execution (seed 42)', () => {
    const text = `
name: determinism
seed: 42
duration: 120s
config: { simulation: { crash_points: within_outputs } }
workload: { uniform: { transactions_per_block: 2 } }
timeline:
  - { at: { time: 10s }, partition: [[node-0, node-1]], for: 8s }
  - { at: { time: 20s }, latency: { ms: 300, jitter_ms: 100, nodes: [node-1] }, loss: 0.1, duplicate: 0.2, reorder: 0.2, for: 10s }
  - { at: { time: 32s }, bandwidth: { mbps: 0.5 }, pause: { node: node-3 }, for: 10s }
  - { at: { time: 44s }, clock_skew: { node: node-1, ms: 800 }, crash: { node: node-2, lose: unsynced }, for: 10s }
  - { at: { time: 50s }, disk: { node: node-0, fault: torn }, for: 20s }
  - { at: { time: 56s }, crash: { node: node-0, lose: none }, for: 2s }
  - { at: { time: 56s }, one_way: { from: [node-1], to: [node-2] }, for: 10s }
`;
    const hashes = (['full', 'cached', 'modelled'] as const).flatMap((crypto) =>
      [true, false].map(
        (sharedExecution) => runScenario(text, { crypto, sharedExecution }).result.trace_hash,
      ),
    );
    expect(new Set(hashes).size).toBe(1);
  });
});
