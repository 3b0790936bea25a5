import { describe, expect, it } from 'vitest';
import { ATTEMPTS_KEPT_MAX } from '../../../../settlement/net/duties.ts';
import {
  currentDuty,
  isRescueOpen,
  netCounters,
  oldestPendingBatch,
  pendingBatch,
  pendingBatches,
  standingOf,
  standings,
} from '../../../../settlement/net/netState.ts';
import type { RevertCode } from '../../../../settlement/net/settlement.ts';
import { batchTable } from '../../../../settlement/net/tables.ts';
import type { NetFact, NetRules } from '../../../../settlement/net/types.ts';
import { move, NetWorld, settlementBlock } from './netFixture.ts';

/** A world whose first batch, +1700 UM, is sealed at height 1 and held by node-0. */
function sealedWorld(rules: Partial<NetRules> = {}, stakes?: readonly bigint[]): NetWorld {
  const world = new NetWorld({ batchSize: 1, ...rules }, stakes);
  world.execute({ flows: move('UM', 1700n) });
  return world;
}

/** Executes headers with one counting block each. */
function count(world: NetWorld, headers: number): readonly NetFact[] {
  const facts: NetFact[] = [];
  for (let done = 0; done < headers; done += 1) {
    facts.push(...world.execute({ blocks: [settlementBlock(world.height + 1)] }));
  }
  return facts;
}

function typesOf(facts: readonly NetFact[]): string[] {
  return facts.map(({ type }) => type).filter((type) => type !== 'window_closed');
}

describe('the duty clock', () => {
  it('starts at the header after the seal and misses when the count exceeds the deadline', () => {
    const world = sealedWorld();
    expect(pendingBatch(world.state, 1)?.clockStartHeight).toBe(2);
    count(world, 1);
    expect(pendingBatch(world.state, 1)?.clockCount).toBe(0);
    const quiet = count(world, 6);
    expect(typesOf(quiet)).toEqual([]);
    expect(pendingBatch(world.state, 1)?.clockCount).toBe(6);
    const facts = count(world, 1).filter(({ type }) => type !== 'window_closed');
    expect(facts).toEqual([
      { type: 'batch_missed', seq: 1, proposer: 0, attempt: 1, clockCount: 7 },
      { type: 'slashed', validator: 0, reason: 'missed_settlement', batch: 1, attempt: 1, amount: 10n },
      { type: 'batch_assigned', seq: 1, proposer: 1, attempt: 2 },
    ]);
    expect(pendingBatch(world.state, 1)).toMatchObject({
      clockCount: 0,
      clockStartHeight: 9,
      heldSlash: 5n,
      missedBy: [0],
    });
    expect(world.payments).toEqual([{ to: 'treasury', amount: 5n }]);
  });

  it('counts a header once, however many blocks it derives, and a header without a block never', () => {
    const world = sealedWorld();
    world.execute();
    world.execute({ blocks: [1, 2, 3, 4].map((height) => settlementBlock(height)) });
    expect(pendingBatch(world.state, 1)?.clockCount).toBe(1);
    world.executeTo(50);
    expect(pendingBatch(world.state, 1)?.clockCount).toBe(1);
    expect(world.layer.rows(batchTable)).toBeUndefined();
  });

  it.each([
    ['one gas too full', { gasUsed: 9_000_001 }, 0],
    ['just room', { gasUsed: 9_000_000 }, 1],
    ['dearer than the cap', { baseFee: 1001n }, 0],
    ['at the cap', { baseFee: 1000n }, 1],
  ])('block %s', (_, changes, expected) => {
    const world = sealedWorld();
    world.execute();
    world.execute({ blocks: [settlementBlock(1, [], changes)] });
    expect(pendingBatch(world.state, 1)?.clockCount).toBe(expected);
  });

  it('stands while an earlier batch is unsettled and starts with the header that confirms that one', () => {
    const world = sealedWorld({ submissionDeadlineBlocks: 100 });
    world.execute({ flows: move('UM', 1n) });
    count(world, 5);
    expect(pendingBatch(world.state, 2)).toMatchObject({ clockCount: 0, clockStartHeight: undefined });
    world.execute({ blocks: [settlementBlock(20, [world.settled(1, 0)])] });
    expect(pendingBatch(world.state, 2)).toMatchObject({ clockCount: 0, clockStartHeight: 8 });
    count(world, 1);
    expect(pendingBatch(world.state, 2)?.clockCount).toBe(1);
  });

  it('is judged after the events of its header: a settlement in the last block is in time', () => {
    const world = sealedWorld();
    count(world, 7);
    const facts = world.execute({
      blocks: [settlementBlock(30), settlementBlock(31, [world.settled(1, 0)])],
    });
    expect(typesOf(facts)).toEqual(['batch_confirmed']);
    expect(standingOf(world.state, 0).stake).toBe(1000n);
  });

  it('opens the rescue at half the deadline', () => {
    const world = sealedWorld();
    count(world, 3);
    const before = oldestPendingBatch(world.state);
    count(world, 1);
    const after = oldestPendingBatch(world.state);
    expect([before, after].map((batch) => batch !== undefined && isRescueOpen(batch, world.rules))).toEqual([
      false,
      true,
    ]);
  });
});

describe('a settlement', () => {
  it('confirms: the batch leaves state and its fact carries the record', () => {
    const world = sealedWorld();
    world.execute();
    const facts = world.execute({ blocks: [settlementBlock(2, [world.settled(1, 0)])] });
    expect(facts[0]).toMatchObject({
      type: 'batch_confirmed',
      settlementHeight: 2,
      includedAtMs: 10_000,
      settler: 0,
      attempt: 1,
      fee: 1_500_000n,
      batch: { seq: 1, attempts: [{ attempt: 1, proposer: 0, outcome: 'confirmed' }] },
    });
    expect(pendingBatches(world.state)).toEqual([]);
    expect(currentDuty(world.state, 1)).toBeUndefined();
    expect(netCounters(world.state)).toMatchObject({ lastConfirmedSeq: 1, lastConfirmedAtHeight: 3 });
    expect(standingOf(world.state, 0).recentDuties).toEqual([false]);
  });

  it('by somebody else supersedes the attempt and is no miss', () => {
    const world = sealedWorld();
    const facts = world.execute({ blocks: [settlementBlock(1, [world.settled(1, 3)])] });
    expect(facts[0]).toMatchObject({
      settler: 3,
      batch: { attempts: [{ proposer: 0, outcome: 'superseded' }] },
    });
    expect(standingOf(world.state, 0).recentDuties).toEqual([false]);
  });

  it.each([
    ['the holder that was not slashed', 1, 1],
    ['the one that missed it', 0, 'treasury'],
    ['a rescuer', 2, 'treasury'],
  ] as const)('after a miss by %s sends the held half where it belongs', (_, settler, to) => {
    const world = sealedWorld();
    count(world, 8);
    world.payments.length = 0;
    world.execute({ blocks: [settlementBlock(40, [world.settled(1, settler, 1)])] });
    expect(world.payments).toEqual([{ to, amount: 5n }]);
  });

  it('of several batches in one range confirms them in order', () => {
    const world = sealedWorld();
    world.execute({ flows: move('UM', 5n) });
    world.execute({ flows: move('UM', -5n) });
    const events = [world.settled(1, 0), world.settled(2, 1), world.settled(3, 2)];
    const facts = world.execute({
      blocks: [settlementBlock(1, events.slice(0, 2)), settlementBlock(2, events.slice(2))],
    });
    expect(typesOf(facts)).toEqual(['batch_confirmed', 'batch_confirmed', 'batch_confirmed']);
    expect(pendingBatches(world.state)).toEqual([]);
  });

  it('out of turn, unsealed or with another content is a broken assumption', () => {
    const world = sealedWorld();
    world.execute({ flows: move('UM', 5n) });
    const first = world.settled(1, 0);
    const second = world.settled(2, 0);
    expect(() => world.execute({ blocks: [settlementBlock(1, [second])] })).toThrow('out of turn');
    expect(() =>
      world.execute({
        blocks: [settlementBlock(1, [{ ...first, net: [{ asset: 'UM', amount: 1n }] } as typeof first])],
      }),
    ).toThrow('another content');
    const third = { ...second, seq: 3 } as typeof second;
    expect(() => world.execute({ blocks: [settlementBlock(1, [first, second, third])] })).toThrow(
      'before it was sealed',
    );
  });
});

describe('a revert', () => {
  /** Two counted headers, then the revert, in a block that counts. */
  function revertAfterTwo(code: RevertCode, low = false): NetWorld {
    const world = sealedWorld();
    count(world, 3);
    world.execute({ blocks: [settlementBlock(9, [world.reverted(1, 0, { code, low })])] });
    return world;
  }

  it.each(['SLIPPAGE_EXCEEDED', 'INSUFFICIENT_LIQUIDITY', 'TRANSFER_TIMEOUT'] as const)(
    'with %s restarts the clock for the same holder',
    (code) => {
      const world = revertAfterTwo(code);
      expect(pendingBatch(world.state, 1)).toMatchObject({ clockCount: 0, clockStartHeight: 5 });
      expect(pendingBatch(world.state, 1)?.attempts).toMatchObject([
        { attempt: 1, proposer: 0, outcome: 'reverted', revertCode: code },
        { attempt: 2, proposer: 0, outcome: undefined, assignedAtHeight: 5 },
      ]);
    },
  );

  it.each(['BAD_RANGE', 'BAD_CERTIFICATE', 'BAD_COMMITMENT', 'BAD_QUOTE', 'OUT_OF_GAS'] as const)(
    'with %s lets the clock run on',
    (code) => {
      const world = revertAfterTwo(code);
      expect(pendingBatch(world.state, 1)).toMatchObject({ clockCount: 3, clockStartHeight: 2 });
      expect(currentDuty(world.state, 1)).toMatchObject({ attempt: 2, proposer: 0 });
    },
  );

  it('for slippage below the derived bound is BAD_QUOTE', () => {
    const world = revertAfterTwo('SLIPPAGE_EXCEEDED', true);
    expect(world.facts.find(({ type }) => type === 'batch_reverted')).toMatchObject({
      code: 'BAD_QUOTE',
      counted: true,
    });
    expect(pendingBatch(world.state, 1)?.clockCount).toBe(3);
    expect(revertAfterTwo('INSUFFICIENT_LIQUIDITY', true).facts).toContainEqual(
      expect.objectContaining({ type: 'batch_reverted', code: 'INSUFFICIENT_LIQUIDITY' }),
    );
  });

  it('gets a fresh plan from the pools at the origin that ended the attempt', () => {
    const world = sealedWorld();
    const reserves = [{ asset: 'UM', assetReserve: 3400n, baseReserve: 10_000n }];
    const event = world.reverted(1, 0, { code: 'SLIPPAGE_EXCEEDED' });
    world.execute({ blocks: [settlementBlock(1, [event]), settlementBlock(2, [], { reserves })] });
    // 10000 * 1700 / 1700 / 0.997 = 10030.09 up, and 1 % up.
    expect(currentDuty(world.state, 1)?.actions).toEqual([
      { type: 'swap', asset: 'UM', amount: 1700n, amountInMax: 10_132n },
    ]);
  });

  it.each([
    ['another proposer', 1, 1],
    ['another attempt', 0, 2],
  ])('of %s is recorded and ignored', (_, proposer, attempt) => {
    const world = sealedWorld();
    const before = pendingBatch(world.state, 1);
    const event = world.reverted(1, proposer, { attempt, code: 'OUT_OF_GAS' });
    const facts = world.execute({ blocks: [settlementBlock(1, [event])] });
    expect(facts).toContainEqual(
      expect.objectContaining({ type: 'batch_reverted', counted: false, attempt }),
    );
    expect(pendingBatch(world.state, 1)).toEqual(before);
  });

  it('of a batch nobody sealed, or whose turn has not come, is recorded and ignored', () => {
    const world = sealedWorld();
    world.execute({ flows: move('UM', 5n) });
    const events = [
      world.reverted(2, 1, { code: 'BAD_RANGE' }),
      world.reverted(7, 0, { code: 'BAD_CERTIFICATE' }),
    ];
    const facts = world.execute({ blocks: [settlementBlock(1, events)] });
    expect(facts.map((fact) => fact.type === 'batch_reverted' && fact.counted)).not.toContain(true);
    expect(currentDuty(world.state, 2)).toMatchObject({ attempt: 1, proposer: 1 });
  });

  it('that names an attempt begun by the very same header was anticipated and does not count', () => {
    const world = sealedWorld();
    const events = [1, 2, 3].map((attempt) => world.reverted(1, 0, { attempt, code: 'OUT_OF_GAS' }));
    world.execute({ blocks: [settlementBlock(1, events)] });
    expect(currentDuty(world.state, 1)).toMatchObject({ attempt: 2, proposer: 0 });
    expect(standingOf(world.state, 0).stake).toBe(1000n);
  });

  function revertThrice(world: NetWorld, codes: readonly RevertCode[]): void {
    for (const [index, code] of codes.entries()) {
      const event = world.reverted(1, 0, { attempt: index + 1, code });
      world.execute({ blocks: [settlementBlock(index + 1, [event], { gasUsed: 10_000_000 })] });
    }
  }

  it('for the third time passes the duty on unslashed when the last code is the chain’s fault', () => {
    const world = sealedWorld();
    revertThrice(world, ['OUT_OF_GAS', 'OUT_OF_GAS', 'TRANSFER_TIMEOUT']);
    expect(currentDuty(world.state, 1)).toMatchObject({ attempt: 4, proposer: 1, assignedAtHeight: 4 });
    expect(pendingBatch(world.state, 1)).toMatchObject({ missedBy: [], heldSlash: 0n, clockStartHeight: 4 });
    expect(standings(world.state).map(({ stake }) => stake)).toEqual([1000n, 1000n, 1000n, 1000n]);
    expect(standingOf(world.state, 0).recentDuties).toEqual([false]);
  });

  it('for the third time is a miss otherwise', () => {
    const world = sealedWorld();
    revertThrice(world, ['TRANSFER_TIMEOUT', 'SLIPPAGE_EXCEEDED', 'BAD_COMMITMENT']);
    expect(typesOf(world.facts)).toEqual([
      'batch_sealed',
      'batch_assigned',
      'batch_reverted',
      'batch_reverted',
      'batch_reverted',
      'batch_missed',
      'slashed',
      'batch_assigned',
    ]);
    expect(pendingBatch(world.state, 1)).toMatchObject({ missedBy: [0], heldSlash: 5n });
    expect(pendingBatch(world.state, 1)?.attempts[2]).toMatchObject({
      outcome: 'missed',
      revertCode: 'BAD_COMMITMENT',
    });
  });

  it('passes the duty to somebody else even when the rotation favours the same holder', () => {
    const world = sealedWorld({ maxAttempts: 1 }, [1_000_000n, 1n]);
    world.execute({ blocks: [settlementBlock(1, [world.reverted(1, 0, { code: 'TRANSFER_TIMEOUT' })])] });
    expect(currentDuty(world.state, 1)?.proposer).toBe(1);
  });
});

describe('a batch nobody settles', () => {
  it('goes round everybody that has not missed it, then starts over, and keeps a bounded record', () => {
    const world = sealedWorld({ submissionDeadlineBlocks: 0, jailAfterMisses: 10 });
    count(world, 4);
    const holders = pendingBatch(world.state, 1)?.attempts.map(({ proposer }) => proposer);
    expect(holders).toEqual([0, 1, 2, 3]);
    expect(pendingBatch(world.state, 1)?.missedBy).toEqual([0, 1, 2]);
    count(world, 100);
    const batch = pendingBatch(world.state, 1);
    expect(batch?.missedBy).toEqual([0, 1, 2, 3]);
    expect(batch?.attempts).toHaveLength(ATTEMPTS_KEPT_MAX);
    expect(batch?.attempts.at(-1)?.attempt).toBe(104);
  });
});
