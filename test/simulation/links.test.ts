/** Faults of links in whole runs: what is cut, slowed or lost shows, agreement holds, and it goes on once healed. */
import { describe, expect, it } from 'vitest';
import { runScenario, type ScenarioRun, type TraceEvent, violationsOf } from '../helpers/runScenario.ts';

function run(duration: string, faults: readonly string[], settings = '', count = 4): ScenarioRun {
  const outcome = runScenario(`
name: links
seed: 42
duration: ${duration}
config: { settlement: { batch_size: 5 }, validators: { count: ${count} } }
workload: { uniform: { transactions_per_block: 2 } }
${settings}
timeline:
${faults.map((fault) => `  - ${fault}`).join('\n')}
`);
  expect(violationsOf(outcome.result)).toEqual([]);
  expect(outcome.result.errors).toEqual([]);
  return outcome;
}

function finalizedBy({ events }: ScenarioRun, node: string, fromMs: number, toMs: number): TraceEvent[] {
  return events.filter(
    ({ type, t, node: by }) => type === 'block_finalized' && by === node && t > fromMs && t <= toMs,
  );
}

function lastHeight(outcome: ScenarioRun, node: string): unknown {
  return finalizedBy(outcome, node, 0, Number.POSITIVE_INFINITY).at(-1)?.height;
}

function warnings({ events }: ScenarioRun): unknown[] {
  return events.filter(({ type }) => type === 'warning').map(({ code }) => code);
}

describe('partition', () => {
  it('4 nodes, one cut off for 20 s: the others go on, it stands still and catches up (seed 42)', () => {
    const outcome = run('80s', ['{ at: { time: 15s }, partition: [[node-3]], for: 20s }']);
    expect(finalizedBy(outcome, 'node-0', 16_000, 35_000).length).toBeGreaterThanOrEqual(5);
    expect(finalizedBy(outcome, 'node-3', 16_000, 35_000)).toEqual([]);
    expect(lastHeight(outcome, 'node-3')).toBe(outcome.result.finalized_height);
    expect(outcome.result.warnings).toEqual([]);
  });

  it('4 nodes, two against two for 30 s: no block, both sides go on within 10 s of healing, votes through the duplicate caches (seed 42)', () => {
    const outcome = run('80s', [
      '{ at: { time: 15s }, partition: [[node-0, node-1], [node-2, node-3]], for: 30s }',
    ]);
    for (const node of ['node-0', 'node-1', 'node-2', 'node-3']) {
      expect(finalizedBy(outcome, node, 16_000, 45_000)).toEqual([]);
      expect(finalizedBy(outcome, node, 45_000, 55_000).length).toBeGreaterThan(0);
    }
    expect(warnings(outcome)).toEqual(['QUORUM_LOST', 'QUORUM_BACK']);
    expect(outcome.result.warnings).toEqual([
      'QUORUM_LOST at 15000 ms: no quorum of the voting power can agree: node-2 cannot be reached, node-3 cannot be reached',
      'QUORUM_BACK at 45000 ms: a quorum of the voting power can agree again',
    ]);
  });

  it('7 nodes in three groups, named and unnamed: only the largest is a quorum (seed 42)', () => {
    const outcome = run('60s', ['{ at: { time: 15s }, partition: [[node-0], [node-4]], for: 20s }'], '', 7);
    expect(finalizedBy(outcome, 'node-1', 16_000, 35_000).length).toBeGreaterThan(4);
    expect(finalizedBy(outcome, 'node-0', 16_000, 35_000)).toEqual([]);
    expect(finalizedBy(outcome, 'node-4', 16_000, 35_000)).toEqual([]);
    expect(outcome.result.warnings).toEqual([]);
  });

  it('loses what is under way when it begins, and nothing that arrives after it has ended (seed 42)', () => {
    const slow = 'network: { latency_ms: 400, jitter_ms: 0 }';
    const cutBetween = (atMs: number, forMs: number): ScenarioRun =>
      run(
        '30s',
        [`{ at: { time: ${atMs}ms }, partition: [[node-1, node-2, node-3]], for: ${forMs}ms }`],
        slow,
      );
    const notarizedAt = (outcome: ScenarioRun, node: string): number | undefined =>
      outcome.events.find(
        ({ type, node: by, height }) => type === 'block_notarized' && by === node && height === 1,
      )?.t;
    const whole = run('30s', ['{ at: { time: 29s }, partition: [[node-0]], for: 1ms }'], slow);
    // Block 1 leaves node-0 at 0 and arrives at 400 ms.
    expect(notarizedAt(cutBetween(1, 398), 'node-1')).toBe(notarizedAt(whole, 'node-1'));
    expect(notarizedAt(cutBetween(1, 500), 'node-1')).not.toBe(notarizedAt(whole, 'node-1'));
  });
});

describe('one_way', () => {
  it('4 nodes, nobody hears node-0 for 30 s: it hears them and follows, but leads no block (seed 42)', () => {
    const outcome = run('90s', [
      '{ at: { time: 15s }, one_way: { from: [node-0], to: [node-1, node-2, node-3] }, for: 30s }',
    ]);
    expect(finalizedBy(outcome, 'node-0', 16_000, 45_000).length).toBeGreaterThan(5);
    const led = finalizedBy(outcome, 'node-1', 18_000, 45_000).filter(({ leader }) => leader === 'node-0');
    expect(led).toEqual([]);
    const ledLater = finalizedBy(outcome, 'node-1', 55_000, 90_000).filter(
      ({ leader }) => leader === 'node-0',
    );
    expect(ledLater.length).toBeGreaterThan(0);
  });

  it('4 nodes, node-0 hears nobody for 30 s: it stands still, the others go on (seed 42)', () => {
    const outcome = run('90s', [
      '{ at: { time: 15s }, one_way: { from: [node-1, node-2, node-3], to: [node-0] }, for: 30s }',
    ]);
    expect(finalizedBy(outcome, 'node-0', 16_000, 45_000)).toEqual([]);
    expect(finalizedBy(outcome, 'node-1', 16_000, 45_000).length).toBeGreaterThan(5);
    expect(lastHeight(outcome, 'node-0')).toBe(outcome.result.finalized_height);
  });
});

describe('isolate', () => {
  it('4 nodes, the duty holder isolated for 60 s: it settles nothing, the next one does, it catches up (seed 42)', () => {
    const outcome = run('150s', ['{ at: { block: 4 }, isolate: node-0, for: 60s }']);
    expect(outcome.result.batches[0]).toMatchObject({
      state: 'confirmed',
      attempts: [
        { attempt: 1, proposer: 'node-0', outcome: 'missed' },
        { attempt: 2, outcome: 'confirmed' },
      ],
    });
    expect(outcome.result.slashes.map(({ validator, batch }) => [validator, batch])).toEqual([['node-0', 1]]);
    expect(lastHeight(outcome, 'node-0')).toBe(outcome.result.finalized_height);
  });
});

describe('latency', () => {
  it('4 nodes, all links at 400 ms for 30 s: blocks still come, later than before (seed 42)', () => {
    const outcome = run('80s', ['{ at: { time: 15s }, latency: { ms: 400, jitter_ms: 50 }, for: 30s }']);
    const delays = (fromMs: number, toMs: number): number[] =>
      finalizedBy(outcome, 'node-1', fromMs, toMs).map(({ t, timestamp_ms: at }) => t - Number(at));
    expect(Math.max(...delays(2000, 15_000))).toBeLessThan(300);
    expect(Math.min(...delays(20_000, 45_000))).toBeGreaterThan(600);
    expect(Math.max(...delays(50_000, 80_000))).toBeLessThan(300);
  });
});

describe('loss, duplicate, reorder, bandwidth', () => {
  it.each([
    'loss: { p: 0.3, nodes: [node-1] }',
    'loss: 0.2',
    'duplicate: 0.5',
    'reorder: 0.5',
    'bandwidth: { mbps: 0.1 }',
  ])('4 nodes, %s for 40 s: laws hold, all agree afterwards (seed 42)', (fault) => {
    const outcome = run('110s', [`{ at: { time: 10s }, ${fault}, for: 40s }`]);
    for (const node of ['node-0', 'node-1', 'node-2', 'node-3']) {
      expect(lastHeight(outcome, node)).toBe(outcome.result.finalized_height);
    }
    expect(outcome.result.finalized_height).toBeGreaterThan(30);
  });

  it('4 nodes, node-1 loses everything for 20 s: as good as cut off (seed 42)', () => {
    const outcome = run('80s', ['{ at: { time: 15s }, loss: { p: 1, nodes: [node-1, node-2] }, for: 20s }']);
    expect(finalizedBy(outcome, 'node-0', 16_000, 35_000)).toEqual([]);
    expect(warnings(outcome)).toEqual(['QUORUM_LOST', 'QUORUM_BACK']);
  });

  it('4 nodes on a model that loses, repeats and overtakes: blocks and batches come (seed 42)', () => {
    const outcome = run(
      '120s',
      ['{ at: { time: 15s }, duplicate: 0, for: 1s }'],
      'network: { latency_ms: 50, jitter_ms: 20, loss: 0.05, duplicate: 0.1, reorder: 0.1, bandwidth_mbps: 10 }',
    );
    expect(outcome.result.finalized_height).toBeGreaterThan(40);
    expect(outcome.result.batches[0]?.state).toBe('confirmed');
  });
});
