import { describe, expect, it } from 'vitest';
import { runScenario, violationsOf } from '../helpers/runScenario.ts';

describe('a batch that the settlement chain cannot settle', () => {
  it('4 nodes, pool too small for the swap: every attempt reverts, nobody is slashed, the duty passes on (seed 1)', () => {
    const { result, events } = runScenario(`
name: no liquidity
duration: 150s
config:
  settlement_chain: { pools: [{ asset: UM, asset_reserve: 1000, base_reserve: 1000 }] }
timeline:
  - { at: { block: 1 }, borrow: { asset: UM, amount: 1700 } }
`);
    expect(result.slashes).toEqual([]);
    expect(violationsOf(result)).toEqual([]);
    const [batch] = result.batches;
    expect(batch?.confirmed_at_height).toBeUndefined();
    const ended = batch?.attempts.filter(({ outcome }) => outcome !== undefined) ?? [];
    expect(ended.length).toBeGreaterThanOrEqual(7);
    for (const attempt of ended) {
      expect(attempt).toMatchObject({ outcome: 'reverted', revert_code: 'INSUFFICIENT_LIQUIDITY' });
    }
    // Three reverts of one holder, then the next.
    expect(ended.slice(0, 7).map(({ proposer }) => proposer)).toEqual([
      ...Array.from({ length: 3 }, () => 'node-0'),
      ...Array.from({ length: 3 }, () => 'node-1'),
      'node-2',
    ]);
    const submitted = events.filter(({ type }) => type === 'batch_submitted').map(({ attempt }) => attempt);
    expect(new Set(submitted).size).toBe(submitted.length);
  });
});
