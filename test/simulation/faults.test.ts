import { describe, expect, it } from 'vitest';
import { runScenario, type TraceEvent, violationsOf } from '../helpers/runScenario.ts';

function scenario(duration: string, faults: readonly string[], settings = ''): string {
  return `
name: faults
seed: 42
duration: ${duration}
config: { settlement: { batch_size: 5 } }
workload: { uniform: { transactions_per_block: 2 } }
${settings}
timeline:
${faults.map((fault) => `  - ${fault}`).join('\n')}
`;
}

function ofType(events: readonly TraceEvent[], type: string): TraceEvent[] {
  return events.filter((event) => event.type === type);
}

describe('crash', () => {
  it.each(['none', 'unsynced', 'all'])(
    'node-2 down for 20 s, loses %s: catches up and votes again (seed 42)',
    (lose) => {
      const { result, events } = runScenario(
        scenario('90s', [`{ at: { time: 15s }, crash: { node: node-2, lose: ${lose} }, for: 20s }`]),
      );
      expect(violationsOf(result)).toEqual([]);
      expect(result.errors).toEqual([]);
      expect(ofType(events, 'node_crashed')).toMatchObject([{ t: 15_000, node: 'node-2', lose }]);
      expect(ofType(events, 'node_restarted')).toMatchObject([{ t: 35_000, node: 'node-2' }]);
      const own = ofType(events, 'block_finalized').filter(({ node }) => node === 'node-2');
      const whileDown = events.filter(({ t, node }) => node === 'node-2' && t > 15_000 && t < 35_000);
      expect(whileDown).toEqual([]);
      expect(own.at(-1)?.height).toBe(result.finalized_height);
      const proposals = ofType(events, 'block_proposed').filter(
        ({ node, t }) => node === 'node-2' && t > 45_000,
      );
      expect(proposals.length).toBeGreaterThan(0);
      if (lose === 'all') expect(own.filter(({ height }) => height === 1)).toHaveLength(2);
      else expect(own.filter(({ height }) => height === 1)).toHaveLength(1);
    },
  );

  it('two of four nodes down: no block until one is back, and laws of progress wait (seed 42)', () => {
    const { result, events } = runScenario(
      scenario('90s', [
        '{ at: { time: 15s }, crash: { node: node-1, lose: unsynced }, for: 30s }',
        '{ at: { time: 16s }, crash: { node: node-3, lose: unsynced } }',
      ]),
    );
    expect(violationsOf(result)).toEqual([]);
    const finalized = ofType(events, 'block_finalized').map(({ t }) => t);
    expect(finalized.filter((t) => t > 17_000 && t < 45_000)).toEqual([]);
    expect(finalized.filter((t) => t > 60_000).length).toBeGreaterThan(0);
  });

  it('starts a node on request, and not again when the crash ends (seed 42)', () => {
    const { events } = runScenario(
      scenario('60s', [
        '{ at: { time: 10s }, crash: { node: node-2, lose: none }, for: 30s }',
        '{ at: { time: 20s }, restart: { node: node-2 } }',
      ]),
    );
    expect(ofType(events, 'node_restarted').map(({ t }) => t)).toEqual([20_000]);
  });
});

describe('withhold_settlement', () => {
  it('4 nodes, the duty holder withholds: slashed once, the next one settles (seed 42)', () => {
    const { result, events } = runScenario(
      scenario('120s', ['{ at: { block: 1 }, withhold_settlement: { node: node-0 }, for: 60s }']),
    );
    expect(violationsOf(result)).toEqual([]);
    expect(result.slashes[0]).toMatchObject({
      validator: 'node-0',
      reason: 'missed_settlement',
      batch: 1,
      attempt: 1,
      amount: '10',
    });
    expect(result.batches[0]).toMatchObject({
      state: 'confirmed',
      attempts: [
        { attempt: 1, proposer: 'node-0', outcome: 'missed' },
        { attempt: 2, outcome: 'confirmed' },
      ],
    });
    expect(
      ofType(events, 'batch_submitted').filter(({ node, t }) => node === 'node-0' && t < 60_000),
    ).toEqual([]);
    expect(ofType(events, 'fault_started')).toMatchObject([{ node: 'node-0', fault: 'withhold_settlement' }]);
    expect(ofType(events, 'fault_ended')).toHaveLength(1);
  });
});

describe('settlement_chain', () => {
  it('stalled for 23 s: no block is made up for, heights have no gap, nobody is slashed (seed 42)', () => {
    const { result, events } = runScenario(
      scenario('120s', ['{ at: { time: 12s }, settlement_chain: { stall: true }, for: 23s }']),
    );
    expect(violationsOf(result)).toEqual([]);
    expect(result.slashes).toEqual([]);
    const blocks = ofType(events, 'settlement_block');
    expect(blocks.map(({ height }) => height)).toEqual(blocks.map((_, index) => index + 1));
    expect(blocks.slice(0, 4).map(({ t }) => t)).toEqual([5000, 10_000, 40_000, 45_000]);
  });

  it('full for 60 s: nothing settles meanwhile, nobody is slashed, all settles afterwards (seed 42)', () => {
    const { result } = runScenario(
      scenario('180s', ['{ at: { time: 6s }, settlement_chain: { full: true }, for: 60s }']),
    );
    expect(violationsOf(result)).toEqual([]);
    expect(result.slashes).toEqual([]);
    const included = result.batches.map(({ included_at_ms: at }) => at ?? 0);
    expect(included.filter((at) => at > 6000 && at <= 66_000)).toEqual([]);
    expect(result.batches[0]?.state).toBe('confirmed');
  });
});

describe('anchors', () => {
  it('starts a fault when the first node finalises its block, or a batch reaches its state (seed 42)', () => {
    const { events } = runScenario(
      scenario('60s', [
        '{ at: { block: 4 }, settlement_chain: { full: true }, for: 1s }',
        '{ at: { batch: 1, state: confirmed }, withhold_settlement: { node: node-3 }, for: 1s }',
        '{ at: { settlement_block: 3 }, withhold_settlement: { node: node-2 }, for: 1s }',
      ]),
    );
    const firstTime = (type: string, fields: Readonly<Record<string, unknown>>): number | undefined =>
      ofType(events, type).find((event) =>
        Object.entries(fields).every(([key, value]) => event[key] === value),
      )?.t;
    expect(firstTime('fault_started', { fault: 'settlement_chain' })).toBe(
      firstTime('block_finalized', { height: 4 }),
    );
    expect(firstTime('fault_started', { node: 'node-3' })).toBe(firstTime('batch_confirmed', { batch: 1 }));
    expect(firstTime('fault_started', { node: 'node-2' })).toBe(15_000);
  });
});

describe('network', () => {
  it('one delivery in ten lost: blocks and batches still come, no law is broken (seed 42)', () => {
    const { result } = runScenario(
      scenario('180s', [], 'network: { latency_ms: 50, jitter_ms: 20, loss: 0.1 }').replace(
        'timeline:\n',
        '',
      ),
    );
    expect(violationsOf(result)).toEqual([]);
    expect(result.errors).toEqual([]);
    expect(result.finalized_height).toBeGreaterThan(40);
    expect(result.metrics.success_rate).toBeGreaterThan(0);
  });
});
