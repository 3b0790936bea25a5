import { describe, expect, it } from 'vitest';
import { currentDuty, pendingBatch, standingOf } from '../../../../settlement/net/netState.ts';
import { slashAmount, slashEquivocation, unjail } from '../../../../settlement/net/slashing.ts';
import type { NetFact, NetRules } from '../../../../settlement/net/types.ts';
import { move, NetWorld, settlementBlock } from './netFixture.ts';

/** One header is one missed duty: no deadline, and a batch that nobody settles. */
const hasty: Partial<NetRules> = { batchSize: 1, submissionDeadlineBlocks: 0, jailBlocks: 20 };

function missUntil(world: NetWorld, done: (facts: readonly NetFact[]) => boolean, limit = 60): void {
  while (!done(world.facts)) {
    if (world.height > limit) throw new Error('never happened');
    world.execute({ blocks: [settlementBlock(world.height)] });
  }
}

function jailedIn(facts: readonly NetFact[]): number[] {
  return facts.flatMap((fact) => (fact.type === 'jailed' ? [fact.validator as number] : []));
}

describe('slashAmount', () => {
  it.each([
    [1000n, 100, 10n],
    [1099n, 100, 10n],
    [99n, 100, 1n],
    [1n, 100, 1n],
    [0n, 100, 0n],
    [10n ** 30n, 500, 5n * 10n ** 28n],
  ])('of %s at %s bps is %s', (stake, bps, expected) => {
    expect(slashAmount(stake, bps)).toBe(expected);
  });

  it('holds the half rounded down and sends the rest of an odd slash to the treasury', () => {
    const world = new NetWorld({ ...hasty, missedSlashBps: 1 }, [70_000n, 1n]);
    world.execute({ flows: move('UM', 1n) });
    world.execute();
    world.execute({ blocks: [settlementBlock(1)] });
    expect(world.payments).toEqual([{ to: 'treasury', amount: 4n }]);
    expect(pendingBatch(world.state, 1)?.heldSlash).toBe(3n);
  });
});

describe('jail', () => {
  it('follows the third miss, clears the record, keeps held duties and ends by unjail alone', () => {
    const world = new NetWorld(hasty);
    world.execute({ flows: move('UM', 1n) });
    missUntil(world, (facts) => jailedIn(facts).length > 0);
    const height = world.height;
    const [first] = jailedIn(world.facts);
    expect(world.facts).toContainEqual({ type: 'jailed', validator: first, untilHeight: height + 20 });
    const standing = standingOf(world.state, first ?? -1);
    expect(standing).toMatchObject({ recentDuties: [], jailedUntilHeight: height + 20 });
    expect(standing.stake).toBe(972n);

    expect(unjail(world.state, world.rules, first ?? -1, height + 19)).toMatchObject({
      code: 'UNJAIL_TOO_EARLY',
      details: { untilHeight: height + 20 },
    });
    // Its time is over, nobody asked: still not drawn.
    const before = world.facts.length;
    missUntil(world, () => world.height >= height + 25, 100);
    const drawn = world.facts
      .slice(before)
      .flatMap((fact) => (fact.type === 'batch_assigned' ? [fact.proposer] : []));
    expect(drawn).not.toContain(first);
    const state = world.state;
    expect(unjail(state, world.rules, first ?? -1, height + 25)).toEqual({
      ok: true,
      value: { facts: [{ type: 'unjailed', validator: first }], payments: [] },
    });
    expect(standingOf(state, first ?? -1).jailedUntilHeight).toBeUndefined();
  });

  it('never holds more than a third of the stake', () => {
    const world = new NetWorld(hasty);
    world.execute({ flows: move('UM', 1n) });
    missUntil(world, () => world.height >= 50);
    // A second of four would make half.
    expect(new Set(jailedIn(world.facts)).size).toBe(1);
    expect(standingOf(world.state, 2).recentDuties).toHaveLength(10);
  });

  it('does not happen at all in a network of two', () => {
    const world = new NetWorld(hasty, [1000n, 1000n]);
    world.execute({ flows: move('UM', 1n) });
    missUntil(world, () => world.height >= 30);
    expect(jailedIn(world.facts)).toEqual([]);
  });

  it.each([
    [2, []],
    [3, [0]],
  ])('counts misses among the last %s duties only', (jailWindow, jailed) => {
    const world = new NetWorld({ ...hasty, jailAfterMisses: 2, jailWindow });
    let duties = 0;
    for (let seq = 1; duties < 3; seq += 1) {
      world.execute({ flows: move('UM', 1n) });
      world.execute();
      if (currentDuty(world.state, seq)?.proposer === 0) {
        duties += 1;
        // node-0 misses its first and its third duty.
        if (duties !== 2) world.execute({ blocks: [settlementBlock(world.height)] });
      }
      const duty = currentDuty(world.state, seq);
      const event = world.settled(seq, duty?.proposer ?? -1, duty?.attempt);
      world.execute({ blocks: [settlementBlock(world.height, [event])] });
    }
    expect(world.facts.filter(({ type }) => type === 'batch_missed')).toHaveLength(2);
    expect(jailedIn(world.facts)).toEqual(jailed);
  });
});

describe('unjail', () => {
  it('refuses who is not jailed, unknown or tombstoned', () => {
    const world = new NetWorld();
    const { state, rules } = world;
    expect(unjail(state, rules, 0, 10)).toMatchObject({ ok: false, code: 'UNJAIL_NOT_JAILED' });
    for (const unknown of [-1, 4, 0.5]) {
      expect(unjail(state, rules, unknown, 10)).toMatchObject({ ok: false, code: 'VALIDATOR_UNKNOWN' });
    }
    slashEquivocation(state, rules, 0);
    expect(unjail(state, rules, 0, 10)).toMatchObject({ ok: false, code: 'UNJAIL_TOMBSTONED' });
  });
});

describe('slashEquivocation', () => {
  it('takes its share once, all of it for the treasury, and ends eligibility for good', () => {
    const world = new NetWorld({ batchSize: 1 });
    world.execute({
      transactions: (state) => {
        const first = slashEquivocation(state, world.rules, 0);
        expect(first).toEqual({
          facts: [
            {
              type: 'slashed',
              validator: 0,
              reason: 'equivocation',
              batch: undefined,
              attempt: undefined,
              amount: 50n,
            },
            { type: 'tombstoned', validator: 0 },
          ],
          payments: [{ to: 'treasury', amount: 50n }],
        });
        expect(slashEquivocation(state, world.rules, 0)).toEqual({ facts: [], payments: [] });
        return first.facts;
      },
    });
    for (let block = 0; block < 8; block += 1) world.execute({ flows: move('UM', 1n) });
    const holders = world.facts.flatMap((fact) => (fact.type === 'batch_assigned' ? [fact.proposer] : []));
    expect(holders).toEqual([1, 2, 3, 1, 2, 3, 1, 2]);
  });

  it('leaves a duty that is already held, and its misses, with the tombstoned one', () => {
    const world = new NetWorld({ ...hasty, jailAfterMisses: 1 }, [1000n, 9000n, 9000n]);
    while (currentDuty(world.state, 1)?.proposer === undefined) world.execute({ flows: move('UM', 1n) });
    const holder = currentDuty(world.state, 1)?.proposer ?? -1;
    world.execute({ transactions: (state) => slashEquivocation(state, world.rules, holder).facts });
    world.execute({ blocks: [settlementBlock(1)] });
    expect(world.facts).toContainEqual(expect.objectContaining({ type: 'batch_missed', proposer: holder }));
    expect(standingOf(world.state, holder).jailedUntilHeight).toBeUndefined();
  });

  it('still finds a holder when everybody is tombstoned', () => {
    const world = new NetWorld({ batchSize: 1 }, [1n, 1n]);
    world.execute({
      flows: move('UM', 1n),
      transactions: (state) => [0, 1].flatMap((index) => slashEquivocation(state, world.rules, index).facts),
    });
    expect(currentDuty(world.state, 1)?.proposer).toBe(0);
  });
});
