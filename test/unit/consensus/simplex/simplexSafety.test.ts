import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SimplexNetwork } from '../../../helpers/simplexNetwork.ts';

const RUNS = Number(process.env.SIDEREAL_SIMPLEX_RUNS ?? 150);
const CALM_MS = 60_000;

/** Powers whose Byzantine part is below a third, with the adversary's indexes. */
const topology = fc
  .record({
    powers: fc.oneof(
      fc.integer({ min: 1, max: 10 }).map((count) => Array.from({ length: count }, () => 1000)),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 4, maxLength: 9 }),
    ),
    order: fc.infiniteStream(fc.nat()),
    greed: fc.integer({ min: 0, max: 4 }),
  })
  .map(({ powers, order, greed }) => {
    const total = powers.reduce((sum, power) => sum + power, 0);
    const byzantine: number[] = [];
    let corrupt = 0;
    for (let pick = 0; pick < greed; pick += 1) {
      const index = (order.next().value as number) % powers.length;
      const power = powers[index] ?? 0;
      if (byzantine.includes(index) || 3 * (corrupt + power) >= total) continue;
      byzantine.push(index);
      corrupt += power;
    }
    return { powers, byzantine };
  });

describe('Simplex under a hostile schedule', () => {
  it('never finalises two blocks at a height, and goes on once the network calms', {
    timeout: 1_200_000,
  }, () => {
    let finalized = 0;
    let accused = 0;
    fc.assert(
      fc.property(
        topology,
        fc.integer({ min: 0, max: 2 ** 31 - 1 }),
        fc.record({
          high: fc.constantFrom(60, 400, 1500, 6000),
          loss: fc.constantFrom(0, 0.1, 0.4),
          crash: fc.constantFrom(0, 0.002, 0.02),
          attack: fc.constantFrom(0, 0.05, 0.5),
        }),
        ({ powers, byzantine }, seed, { high, loss, crash, attack }) => {
          const network = new SimplexNetwork({ seed, powers, byzantine });
          network.weather = { delayMs: { low: 1, high }, loss, crash, attack };
          network.run(40_000);
          expect(network.findDisagreement()).toBeUndefined();
          for (const offender of network.accused) expect(byzantine).toContain(offender);
          // Calm: messages in flight may still be late, new ones are not, and everybody is back.
          network.weather = { delayMs: { low: 1, high: 50 }, loss: 0, crash: 0, attack: 0 };
          network.run(40_000 + 6_000);
          network.heal();
          const before = network.finalHeights();
          network.run(46_000 + CALM_MS);
          expect(network.findDisagreement()).toBeUndefined();
          for (const [index, height] of network.finalHeights().entries()) {
            expect(height).toBeGreaterThan((before[index] ?? 0) + 2);
            finalized += height;
          }
          accused += network.accused.size;
        },
      ),
      { numRuns: RUNS },
    );
    // The adversary was really there, and so was the chain.
    expect(finalized).toBeGreaterThan(RUNS);
    expect(accused).toBeGreaterThan(0);
  });

  it('without faults makes a block every block time, led in rotation', () => {
    const network = new SimplexNetwork({ seed: 1, powers: [1, 1, 1, 1], byzantine: [] });
    network.run(39_999);
    for (const node of network.honest.values()) {
      expect(node.finals).toHaveLength(20);
      expect(node.finals.map(({ block }) => block.header.leader).slice(0, 5)).toEqual([0, 1, 2, 3, 0]);
      expect(node.finals.map(({ block }) => block.header.timestampMs).at(-1)).toBe(38_000);
    }
  });
});
