import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { runResultSchema } from '../../node/report/result.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import { runScenario, scenarioOf, violationsOf } from '../helpers/runScenario.ts';

const seedTimeline = `
name: seed timeline
seed: 7
duration: 40s
config: { settlement: { batch_size: 5 } }
timeline:
  - { at: { block: 1 }, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 2 }, borrow: { asset: UM, amount: 500 } }
  - { at: { block: 3 }, repay: { asset: UM, amount: 200 } }
  - { at: { block: 4 }, borrow: { asset: UM, amount: 300 } }
  - { at: { block: 5 }, borrow: { asset: UM, amount: 100 } }
  - { at: { block: 8 }, repay: { asset: UM, amount: 500 } }
expect:
  - { batch: 1, from_height: 1, to_height: 5, net: { UM: 1700 }, action: swap, confirmed_by: 15s }
  - { within: { settlement_blocks: 4 }, after: { batch: 2, state: sealed }, state: confirmed, batch: 2 }
  - { never: { slashed: node-1 } }
  - { eventually: { converged: true } }
  - { final: { pending_batches: 0 } }
`;

describe('runSimulation', () => {
  it('4 nodes, seed timeline: two batches settle, at the instants the protocol gives (seed 7)', () => {
    const { result } = runScenario(seedTimeline);
    expect(runResultSchema.parse(result)).toEqual(result);
    expect(violationsOf(result)).toEqual([]);
    expect(result.errors).toEqual([]);
    expect(result.ok).toBe(true);
    expect(result.finalized_height).toBe(20);
    expect(result.settlement_height).toBe(8);
    expect(result.batches[0]).toMatchObject({
      seq: 1,
      from_height: 1,
      to_height: 5,
      borrowed: { UM: '1900' },
      repaid: { UM: '200' },
      net: { UM: '1700' },
      actions: [{ type: 'swap', asset: 'UM', amount: '1700', amount_in: '1706' }],
      state: 'confirmed',
      attempts: [{ attempt: 1, proposer: 'node-0', outcome: 'confirmed' }],
      sealed_at_ms: 8000,
      included_at_ms: 10_000,
      settlement_height: 2,
      confirmed_at_height: 7,
    });
    expect(result.batches[1]).toMatchObject({
      seq: 2,
      net: { UM: '-500' },
      actions: [{ type: 'ibc_transfer', asset: 'UM', amount: '500' }],
      attempts: [{ attempt: 1, proposer: 'node-1', outcome: 'confirmed' }],
      included_at_ms: 20_000,
    });
    expect(result.windows.map(({ empty }) => empty)).toEqual([false, false, true, true]);
  });

  it('hashes exactly the lines it gives', () => {
    const lines: string[] = [];
    const result = runSimulation(scenarioOf(seedTimeline), { onEvent: (line) => lines.push(line) });
    const hash = createHash('sha256')
      .update(lines.map((line) => `${line}\n`).join(''))
      .digest('hex');
    expect(result.trace_hash).toBe(`0x${hash}`);
  });

  it('takes wall_ms from the clock it is given and nothing else', () => {
    let clock = 0;
    const timed = runSimulation(scenarioOf(seedTimeline), {
      clock: () => {
        clock += 17;
        return clock;
      },
    });
    const untimed = runSimulation(scenarioOf(seedTimeline));
    expect(timed.wall_ms).toBe(17);
    expect(untimed.wall_ms).toBe(0);
    expect({ ...timed, wall_ms: 0 }).toEqual(untimed);
  });

  it('gives the same trace under every crypto policy, with and without shared execution', () => {
    const text = `
name: policies
seed: 11
duration: 90s
config: { settlement: { batch_size: 3 } }
workload: { uniform: { transactions_per_block: 3 } }
timeline:
  - { at: { time: 21s }, crash: { node: node-2, lose: unsynced }, for: 12s }
  - { at: { time: 40s }, withhold_settlement: { node: node-1 }, for: 20s }
`;
    const reference = runScenario(text).result;
    expect(violationsOf(reference)).toEqual([]);
    expect(reference.errors).toEqual([]);
    for (const crypto of ['full', 'cached', 'modelled'] as const) {
      for (const sharedExecution of [true, false]) {
        expect(runScenario(text, { crypto, sharedExecution }).result).toEqual(reference);
      }
    }
  });

  it('gives another trace for another seed, and the same batches', () => {
    const first = runScenario(seedTimeline).result;
    const second = runScenario(seedTimeline.replace('seed: 7', 'seed: 8')).result;
    expect(second.trace_hash).not.toBe(first.trace_hash);
    expect(second.batches.map(({ net }) => net)).toEqual(first.batches.map(({ net }) => net));
  });

  it('fails an expectation that does not hold, and one that was never put to the test', () => {
    const { result } = runScenario(
      seedTimeline.replace(
        'expect:',
        `expect:
  - { batch: 1, net: { UM: 1701 } }
  - { within: { blocks: 3 }, after: { batch: 1, state: missed }, state: confirmed, batch: 2 }`,
      ),
    );
    expect(result.ok).toBe(false);
    expect(result.expectations.map(({ ok }) => ok)).toEqual([false, false, true, true, true, true, true]);
    expect(result.expectations[0]?.detail).toBe('expected net {UM: 1701}, got {UM: 1700}');
    expect(result.expectations[1]?.detail).toContain('never evaluated');
  });
});
