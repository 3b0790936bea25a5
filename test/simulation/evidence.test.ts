/** Who is accused, and who never is. */
import { describe, expect, it } from 'vitest';
import { Random } from '../../consensus/primitives/random.ts';
import type { Fault, TimelineEvent } from '../../node/scenario/types.ts';
import { runDishonest } from '../helpers/dishonestRun.ts';
import { violationsOf } from '../helpers/runScenario.ts';

/** Crashes with every loss, cut links, stalls: what may befall the honest. Fewer than a third lose their disks. */
function misfortunes(seed: number, validators: number): TimelineEvent[] {
  const random = new Random(`misfortune ${seed}`);
  const node = (): string => `node-${random.below(validators)}`;
  const unlucky = node();
  const draw = (): Fault => {
    const kind = random.below(6);
    if (kind === 0) return { type: 'crash', node: unlucky, lose: 'all' };
    if (kind <= 2) return { type: 'crash', node: node(), lose: random.chance(0.5) ? 'unsynced' : 'none' };
    if (kind === 3) return { type: 'isolate', node: node() };
    if (kind === 4) return { type: 'loss', probability: 0.3, nodes: undefined };
    return { type: 'settlement_chain', kind: 'stall' };
  };
  return Array.from({ length: 6 }, () => ({
    at: { timeMs: 2000 + random.below(60_000) },
    forMs: 1000 + random.below(15_000),
    transactions: [],
    faults: [draw()],
    line: 1,
  }));
}

describe('the honest', () => {
  it.each([
    [4, 40],
    [7, 20],
  ])(
    '%i nodes that crash, forget and lose their links are never accused (seeds 1 to %i)',
    (validators, seeds) => {
      for (let seed = 1; seed <= seeds; seed += 1) {
        const timeline = misfortunes(seed, validators);
        const { result, events } = runDishonest({
          validators,
          seed,
          behaviours: {},
          durationMs: 80_000,
          timeline,
        });
        const accused = events.filter(({ type }) => type === 'equivocation_seen' || type === 'tombstoned');
        expect({ seed, accused }).toEqual({ seed, accused: [] });
        expect(result.slashes.filter(({ reason }) => reason === 'equivocation')).toEqual([]);
        expect(result.errors).toEqual([]);
      }
    },
  );
});

describe('the guilty', () => {
  const SEED = 42;

  it(`4 nodes, one settles one attempt in two ways: shown by the settlement chain, punished once (seed ${SEED})`, () => {
    const { result, events } = runDishonest({
      validators: 4,
      seed: SEED,
      // It holds batch 2 by then, and a chain without room makes it repeat itself.
      behaviours: { 'node-1': ['withhold_gossip', 'equivocate'] },
      fromMs: 19_000,
      durationMs: 120_000,
      timeline: [
        {
          at: { timeMs: 15_000 },
          forMs: 20_000,
          transactions: [],
          faults: [{ type: 'settlement_chain', kind: 'full' }],
          line: 1,
        },
      ],
    });
    const seen = events.filter(({ type, batch }) => type === 'equivocation_seen' && batch !== undefined);
    expect(new Set(seen.map(({ node }) => node)).size).toBeGreaterThanOrEqual(3);
    expect(seen[0]).toMatchObject({ validator: 'node-1', attempt: 1 });
    expect(result.slashes.filter(({ reason }) => reason === 'equivocation')).toMatchObject([
      { validator: 'node-1', amount: '50' },
    ]);
  });

  it(`evidence that no gossip carries is punished all the same, by whoever holds it and leads (seed ${SEED})`, () => {
    const { result, events } = runDishonest({
      validators: 4,
      seed: SEED,
      behaviours: { 'node-1': ['equivocate'] },
      durationMs: 120_000,
      settings: 'network: { latency_ms: 50, jitter_ms: 10, loss: 0.25 }',
    });
    const holders = new Set(
      events.filter(({ type }) => type === 'equivocation_seen').map(({ node }) => node),
    );
    expect(holders.size).toBeGreaterThan(0);
    expect(result.slashes.filter(({ reason }) => reason === 'equivocation')).toMatchObject([
      { validator: 'node-1' },
    ]);
    expect(violationsOf(result)).toEqual([]);
  });
});
