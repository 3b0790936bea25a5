import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import { netBatchCommitment } from '../../../../settlement/net/commitment.ts';
import {
  netCounters,
  openWindow,
  pendingBatchCount,
  pendingBatches,
  unsettledNet,
} from '../../../../settlement/net/netState.ts';
import type { NetFact } from '../../../../settlement/net/types.ts';
import { BATCH_SIZE_LIMIT, closeWindow, setBatchSize } from '../../../../settlement/net/window.ts';
import { flowsOf, move, NetWorld, settlementBlock } from './netFixture.ts';

function factsOf<Type extends NetFact['type']>(
  world: NetWorld,
  type: Type,
): Extract<NetFact, { type: Type }>[] {
  return world.facts.filter((fact): fact is Extract<NetFact, { type: Type }> => fact.type === type);
}

/** The first ten blocks of the seed timeline: + borrows, - repays. */
const seedTimeline = [1000n, 500n, -200n, 300n, 100n, -800n, 200n, -500n, 50n, -150n];

describe('closeWindow', () => {
  it('nets the seed timeline to +1700 and -1200 UM for node-0 and node-1', () => {
    const world = new NetWorld();
    for (const amount of seedTimeline) world.execute({ flows: move('UM', amount) });
    const [first, second] = factsOf(world, 'batch_sealed').map(({ batch }) => batch);
    expect(first).toMatchObject({
      seq: 1,
      fromHeight: 1,
      toHeight: 5,
      borrowed: [{ asset: 'UM', amount: 1900n }],
      repaid: [{ asset: 'UM', amount: 200n }],
      net: [{ asset: 'UM', amount: 1700n }],
      clockStartHeight: 6,
    });
    expect(first?.attempts).toEqual([
      {
        attempt: 1,
        proposer: 0,
        // The quote of 1706 and 1 %, rounded up.
        actions: [{ type: 'swap', asset: 'UM', amount: 1700n, amountInMax: 1724n }],
        assignedAtHeight: 5,
        outcome: undefined,
        revertCode: undefined,
      },
    ]);
    expect(second).toMatchObject({
      seq: 2,
      fromHeight: 6,
      toHeight: 10,
      net: [{ asset: 'UM', amount: -1200n }],
      clockStartHeight: undefined,
    });
    expect(second?.attempts[0]).toMatchObject({
      proposer: 1,
      actions: [{ type: 'ibc_transfer', asset: 'UM', amount: 1200n }],
    });
    expect(factsOf(world, 'batch_assigned').map(({ seq, proposer }) => [seq, proposer])).toEqual([
      [1, 0],
      [2, 1],
    ]);
    expect(factsOf(world, 'window_closed')).toEqual([
      { type: 'window_closed', index: 0, fromHeight: 1, toHeight: 5, empty: false, batch: 1 },
      { type: 'window_closed', index: 1, fromHeight: 6, toHeight: 10, empty: false, batch: 2 },
    ]);
    expect(unsettledNet(world.state)).toEqual([{ asset: 'UM', amount: 500n }]);
  });

  it('commits to the frozen content', () => {
    const world = new NetWorld({ batchSize: 1 });
    world.execute({ flows: move('UM', 5n) });
    const [batch] = pendingBatches(world.state);
    expect(batch?.commitment).toBe(
      netBatchCommitment({
        seq: 1,
        fromHeight: 1,
        toHeight: 1,
        net: [{ asset: 'UM', amount: 5n }],
        fees: [],
        liquidations: 0,
      }),
    );
  });

  it('keeps an empty window open: the range grows, no batch, no duty', () => {
    const world = new NetWorld({ batchSize: 3 });
    world.execute({ flows: move('UM', 7n) });
    world.execute({ flows: move('UM', -7n) });
    world.executeTo(6);
    world.execute({ flows: flowsOf({ repaid: [{ asset: 'UM', amount: 1n }], liquidations: 1 }) });
    world.executeTo(9);
    expect(
      factsOf(world, 'window_closed').map(({ index, fromHeight, toHeight, empty }) => [
        index,
        fromHeight,
        toHeight,
        empty,
      ]),
    ).toEqual([
      [0, 1, 3, true],
      [1, 4, 6, true],
      [2, 7, 9, false],
    ]);
    const [batch] = pendingBatches(world.state);
    expect(batch).toMatchObject({
      seq: 1,
      fromHeight: 1,
      toHeight: 9,
      borrowed: [{ asset: 'UM', amount: 7n }],
      repaid: [{ asset: 'UM', amount: 8n }],
      net: [{ asset: 'UM', amount: -1n }],
      liquidations: 1,
    });
    expect(factsOf(world, 'batch_assigned')).toHaveLength(1);
  });

  it('drops assets whose net is zero and reports fees, which move nothing', () => {
    const world = new NetWorld({ batchSize: 2 });
    world.execute({
      flows: flowsOf({
        borrowed: [
          { asset: 'DAI', amount: 4n },
          { asset: 'UM', amount: 9n },
        ],
        fees: [{ asset: 'UM', amount: 2n }],
      }),
    });
    world.execute({
      flows: flowsOf({ repaid: [{ asset: 'DAI', amount: 4n }], fees: [{ asset: 'DAI', amount: 1n }] }),
    });
    const [batch] = pendingBatches(world.state);
    expect(batch?.net).toEqual([{ asset: 'UM', amount: 9n }]);
    expect(batch?.fees).toEqual([
      { asset: 'DAI', amount: 1n },
      { asset: 'UM', amount: 2n },
    ]);
  });

  it('seals early when forced, and the next window starts behind it', () => {
    const world = new NetWorld();
    world.execute({ flows: move('UM', 3n) });
    world.execute({ forced: true });
    expect(factsOf(world, 'batch_sealed')[0]?.batch).toMatchObject({ seq: 1, fromHeight: 1, toHeight: 2 });
    expect(openWindow(world.state)).toMatchObject({
      index: 1,
      fromHeight: 3,
      windowFromHeight: 3,
      batchSize: 5,
    });
    world.execute({ flows: move('UM', 3n) });
    world.executeTo(7);
    expect(factsOf(world, 'batch_sealed')[1]?.batch).toMatchObject({ seq: 2, fromHeight: 3, toHeight: 7 });
  });

  it('ends the window when forced with nothing to seal, and seals nothing', () => {
    const world = new NetWorld();
    world.execute();
    world.execute({ forced: true });
    expect(factsOf(world, 'window_closed')).toEqual([
      { type: 'window_closed', index: 0, fromHeight: 1, toHeight: 2, empty: true, batch: undefined },
    ]);
    expect(openWindow(world.state)).toMatchObject({ fromHeight: 1, windowFromHeight: 3 });
    expect(pendingBatchCount(world.state)).toBe(0);
  });

  it('writes nothing for a block without flows in mid-window, whatever is pending', () => {
    const world = new NetWorld({ batchSize: 2 });
    world.execute({ flows: move('UM', 3n) });
    world.execute();
    world.execute();
    expect(pendingBatchCount(world.state)).toBe(1);
    expect(world.layer.isEmpty).toBe(true);
  });

  it('crashes on a height outside the window', () => {
    const world = new NetWorld();
    const at = { height: 7, timestampMs: 12_000, origin: settlementBlock(0) };
    expect(() => closeWindow(world.state, world.rules, at, { forced: false })).toThrow(
      'outside the window 1-5',
    );
  });

  it('plans on the pools as earlier unsettled batches leave them', () => {
    const world = new NetWorld({ batchSize: 1, slippageBps: 0 });
    const reserves = [{ asset: 'UM', assetReserve: 1000n, baseReserve: 1000n }];
    const blocks = [settlementBlock(1, [], { reserves })];
    world.execute({ blocks, flows: move('UM', 500n) });
    world.execute({ flows: move('UM', 250n) });
    const bounds = pendingBatches(world.state).map(({ attempts }) => attempts[0]?.actions[0]);
    // 1000 * 500 / 500 / 0.997 = 1003.01 up; then 2004 * 250 / 250 / 0.997 = 2010.03 up.
    expect(bounds).toEqual([
      { type: 'swap', asset: 'UM', amount: 500n, amountInMax: 1004n },
      { type: 'swap', asset: 'UM', amount: 250n, amountInMax: 2011n },
    ]);
  });

  it('keeps ranges contiguous and nets conserved over random flows, sizes and emergency seals', () => {
    const block = fc.record({
      amount: fc.integer({ min: -3, max: 3 }),
      forced: fc.integer({ min: 0, max: 9 }),
    });
    const size = fc.integer({ min: 1, max: 7 });
    const policy = fc.constantFrom('fixed', 'seed003', 'aligned');
    fc.assert(
      fc.property(size, policy, fc.array(block, { maxLength: 60 }), (batchSize, adaptive, blocks) => {
        const world = new NetWorld({ batchSize, adaptive });
        let moved = 0n;
        for (const { amount, forced } of blocks) {
          moved += BigInt(amount);
          world.execute({ flows: move('UM', BigInt(amount)), forced: forced === 0 });
          expect(unsettledNet(world.state)).toEqual(moved === 0n ? [] : [{ asset: 'UM', amount: moved }]);
        }
        let next = 1;
        for (const { batch } of factsOf(world, 'batch_sealed')) {
          expect(batch.fromHeight).toBe(next);
          expect(batch.net.length).toBe(1);
          next = batch.toHeight + 1;
        }
        expect(openWindow(world.state).fromHeight).toBe(next);
        expect(netCounters(world.state).lastSealedToHeight).toBe(next - 1);
      }),
      { numRuns: 100 },
    );
  });
});

describe('accumulateFlows', () => {
  it('keeps the net exact where a gross sum passes 128 bits', () => {
    const world = new NetWorld({ batchSize: 4 });
    world.execute({ flows: move('UM', AMOUNT_MAX) });
    world.execute({ flows: move('UM', 1n - AMOUNT_MAX) });
    world.execute({ flows: move('UM', 5n) });
    expect(openWindow(world.state)).toMatchObject({
      borrowed: [{ asset: 'UM', amount: 6n }],
      repaid: [],
    });
    world.execute();
    expect(pendingBatches(world.state)[0]?.net).toEqual([{ asset: 'UM', amount: 6n }]);
  });
});

describe('setBatchSize', () => {
  it('applies to the next window, not to the running one', () => {
    const world = new NetWorld({ batchSize: 3 });
    world.execute({
      flows: move('UM', 1n),
      transactions: (state) => {
        expect(setBatchSize(state, 2)).toEqual({ ok: true, value: 2 });
        return [];
      },
    });
    world.executeTo(3);
    world.execute({ flows: move('UM', 1n) });
    world.executeTo(9);
    expect(factsOf(world, 'window_closed').map(({ toHeight }) => toHeight)).toEqual([3, 5, 7, 9]);
  });

  it('applies in the last block of a window to the window behind it, empty or not', () => {
    const world = new NetWorld({ batchSize: 2 });
    world.execute();
    world.execute({
      transactions: (state) => {
        setBatchSize(state, 4);
        return [];
      },
    });
    world.executeTo(6);
    expect(factsOf(world, 'window_closed').map(({ toHeight }) => toHeight)).toEqual([2, 6]);
  });

  it.each([0, -1, 1.5, Number.NaN, BATCH_SIZE_LIMIT + 1])('refuses %s', (batchSize) => {
    const { state } = new NetWorld();
    expect(setBatchSize(state, batchSize)).toMatchObject({ ok: false, code: 'BATCH_SIZE_OUT_OF_RANGE' });
    expect(state.top.isEmpty).toBe(true);
  });
});
