/** Inputs that come by way of the settlement chain: whatever nodes would rather not execute, and whatever that chain does. */
import { describe, expect, it, vi } from 'vitest';
import { Mempool } from '../../node/core/mempool.ts';
import { PostedQueue } from '../../settlement/execution/postedInputs.ts';
import { runScenario, type TraceEvent, violationsOf } from '../helpers/runScenario.ts';

function of(events: readonly TraceEvent[], ...types: string[]): readonly TraceEvent[] {
  return events.filter(({ type }) => types.includes(type));
}

function executions(events: readonly TraceEvent[]): unknown[] {
  return of(events, 'posted_input_executed', 'posted_input_refused').map(
    ({ result, code }) => result ?? code,
  );
}

describe('posted inputs in a simulation', () => {
  const text = `
name: posted inputs
seed: 11
duration: 60s
timeline:
  - at: { time: 7s }
    post_input: { account: alice, borrow: { asset: UM, amount: 1700 }, repay: { asset: UM, amount: 200 } }
  - at: { time: 12s }
    post_input: { account: alice, borrow: { asset: WETH, amount: "1000000000000000000000000000000" } }
expect:
  - { eventually: { converged: true } }
`;

  it('4 nodes: executed as the block begins that names theirs, in the flows of its window, all laws hold (seed 11)', () => {
    const { result, events } = runScenario(text);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    expect(executions(events)).toEqual(['ok', 'ok', 'ok']);
    const [posted] = of(events, 'input_posted');
    expect(posted).toMatchObject({ settlement_height: 2, inputs: 2 });
    // The first header that may name it, and the inputs have their turn in that very block.
    const [first] = of(events, 'posted_input_executed');
    expect(first?.height).toBe(posted?.height);
    expect(result.batches.map(({ net }) => net)).toContainEqual({ UM: '1500', WETH: `${10n ** 30n}` });
  });

  it('is the same chain under every crypto policy, and when each node executes for itself (seed 11)', () => {
    const modelled = runScenario(text).result.trace_hash;
    expect(runScenario(text, { crypto: 'full' }).result.trace_hash).toBe(modelled);
    expect(runScenario(text, { sharedExecution: false }).result.trace_hash).toBe(modelled);
  });

  it('4 nodes that all keep an account out of their blocks: its posted input is executed, the one it sends is not (seed 12)', () => {
    const taken = vi.spyOn(Mempool.prototype, 'offer').mockImplementation(() => undefined);
    try {
      const { result, events } = runScenario(`
name: censored everywhere
seed: 12
duration: 40s
timeline:
  - { at: { time: 3s }, account: alice, borrow: { asset: UM, amount: 5 } }
  - { at: { time: 6s }, post_input: { account: alice, borrow: { asset: UM, amount: 1700 } } }
`);
      expect(taken).toHaveBeenCalled();
      expect(violationsOf(result)).toEqual([]);
      expect(executions(events)).toEqual(['ok']);
      // What it sent waits on every node.
      expect(of(events, 'transaction_executed').map(({ operation }) => operation)).toEqual(['borrow']);
      expect(result.batches.map(({ net }) => net)).toContainEqual({ UM: '1700' });
    } finally {
      taken.mockRestore();
    }
  });

  it('4 nodes, posted and sent to nodes at once: executed once (seed 13)', () => {
    const { result, events } = runScenario(`
name: both ways
seed: 13
duration: 40s
timeline:
  - { at: { time: 6s }, post_input: { account: alice, borrow: { asset: UM, amount: 1700 }, send: true } }
`);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    expect(of(events, 'transaction_executed').map(({ result: outcome }) => outcome)).toEqual(['ok']);
    expect(executions(events)).toEqual(['INPUT_ALREADY_EXECUTED']);
    expect(result.batches.map(({ net }) => net)).toEqual([{ UM: '1700' }]);
  });

  it('4 nodes, the settlement block that held it is taken back before it counts: executed once, from the next (seed 14)', () => {
    const { result, events } = runScenario(`
name: taken back
seed: 14
duration: 60s
config: { settlement: { origin_confirmations: 2 } }
timeline:
  - { at: { time: 6s }, post_input: { account: alice, borrow: { asset: UM, amount: 1700 } } }
  - { at: { time: 13s }, settlement_chain: { reorg: { depth: 1 } } }
`);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    expect(of(events, 'settlement_reorg')).toMatchObject([{ depth: 1 }]);
    expect(executions(events)).toEqual(['ok']);
  });

  it('4 nodes that stand still while more is posted than a block executes: all of it, in order, over several blocks (seed 15)', () => {
    const posts = Array.from(
      { length: 60 },
      (_, index) => `
  - at: { time: ${6000 + 250 * index} }
    post_input:
      account: user-${index}
      deposit: { asset: UM, amount: ${index + 1} }
      borrow: { asset: UM, amount: ${index + 1} }
      repay: { asset: UM, amount: ${index + 1} }
`,
    ).join('');
    const { result, events } = runScenario(`
name: after standing still
seed: 15
duration: 90s
timeline:
  - { at: { time: 5s }, partition: [[node-0, node-1], [node-2, node-3]], for: 30s }
  - { at: { time: 36s }, crash: { node: node-1, lose: unsynced }, for: 5s }
${posts}
expect:
  - { eventually: { converged: true } }
`);
    expect(violationsOf(result)).toEqual([]);
    expect(result.ok).toBe(true);
    const told = of(events, 'posted_input_executed');
    expect(told).toHaveLength(180);
    expect(told.every(({ result: outcome }) => outcome === 'ok')).toBe(true);
    const heights = told.map(({ height }) => Number(height));
    expect(new Set(heights).size).toBeGreaterThan(1);
    expect(heights).toEqual([...heights].sort((a, b) => a - b));
  });

  it.each([
    [
      'are never looked at',
      (queue: typeof PostedQueue) => vi.spyOn(queue.prototype, 'addBlocks').mockReturnValue([]),
    ],
    [
      'stay at the front',
      (queue: typeof PostedQueue) => vi.spyOn(queue.prototype, 'shift').mockReturnValue(undefined),
    ],
  ])('a bug by which posts %s, on all nodes alike, breaks a law (seed 16)', (_what, plant) => {
    const planted = plant(PostedQueue);
    try {
      const { result } = runScenario(`
name: planted
seed: 16
duration: 30s
timeline:
  - { at: { time: 6s }, post_input: { account: alice, borrow: { asset: UM, amount: 1700 } } }
`);
      expect(violationsOf(result).filter((violation) => violation.startsWith('exactly_once'))).not.toEqual(
        [],
      );
    } finally {
      planted.mockRestore();
    }
  });
});
