import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../consensus/primitives/random.ts';
import type { MockSettlementChain } from '../../../../settlement/chain/mockChain.ts';
import { batchOf, bytesOf, createChain, settle } from './fixtures.ts';

function chainWithUndo(depthMax = 8): MockSettlementChain {
  return createChain({ reorgDepthMax: depthMax });
}

function produce(chain: MockSettlementChain, count: number): void {
  for (let block = 0; block < count; block += 1) chain.produceBlock(chain.nextTimestampMs);
}

/** Everything of a chain that its next blocks depend on. */
function standOf(chain: MockSettlementChain): unknown {
  const { head, holdings, lastSettledSeq, mempoolCount } = chain;
  return { head, holdings, lastSettledSeq, mempoolCount };
}

/** Per asset, pools + treasury + what crossed - what others traded. */
function totals(chain: MockSettlementChain): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  const add = (asset: string, amount: bigint): void => {
    sums[asset] = (sums[asset] ?? 0n) + amount;
  };
  const { pools, treasury, crossed, traded } = chain.holdings;
  for (const { asset, assetReserve, baseReserve } of pools) {
    add(asset, assetReserve);
    add('USDC', baseReserve);
  }
  for (const [asset, amount] of treasury) add(asset, amount);
  for (const [asset, amount] of crossed) add(asset, amount);
  for (const [asset, amount] of traded) add(asset, -amount);
  return sums;
}

describe('MockSettlementChain.reorganise', () => {
  it('takes a settlement back, keeps its transaction waiting, and settles it in another block of the same height', () => {
    const chain = chainWithUndo();
    produce(chain, 1);
    const before = standOf(chain);
    chain.submit(bytesOf(batchOf(1)), 5001);
    const settled = chain.produceBlock(10_000);
    expect(settled.lastSettledSeq).toBe(1);
    expect(chain.reorganise(1)).toBe(1);
    expect(standOf(chain)).toEqual({ ...(before as object), mempoolCount: 1 });
    expect(chain.blockAt(2)).toBeUndefined();
    const again = chain.produceBlock(15_000);
    expect(again).toMatchObject({ height: 2, parentHash: settled.parentHash, lastSettledSeq: 1 });
    expect(again.hash).not.toBe(settled.hash);
  });

  it('brings back a transaction that had reverted, its attempt usable again', () => {
    const chain = chainWithUndo();
    const failing = settle(batchOf(1), {
      actions: [{ type: 'swap', asset: 'UM', amount: 1700n, amountInMax: 1n }],
    });
    chain.submit(bytesOf(batchOf(1), { actions: failing.actions }), 0);
    produce(chain, 1);
    expect(chain.head.events).toMatchObject([{ type: 'batch_reverted' }]);
    chain.reorganise(1);
    expect(chain.mempoolCount).toBe(1);
    chain.movePrice({ asset: 'UM', numerator: 1n, denominator: 10_000n });
    produce(chain, 1);
    expect(chain.head.events).toMatchObject([{ type: 'batch_settled', attempt: 1 }]);
  });

  it('announces acknowledgements of the winning branch alone', () => {
    const chain = chainWithUndo();
    chain.submit(bytesOf(batchOf(1, [{ asset: 'UM', amount: -5n }])), 0);
    produce(chain, 2);
    chain.reorganise(2);
    produce(chain, 3);
    const events = [1, 2, 3].map((height) => chain.blockAt(height)?.events.map(({ type }) => type));
    expect(events).toEqual([['batch_settled'], [], ['transfer_acknowledged']]);
  });

  it('goes back no further than genesis, and than its log', () => {
    const deep = chainWithUndo();
    produce(deep, 3);
    expect(deep.reorganise(8)).toBe(3);
    expect(deep.head).toBe(deep.genesis);
    const shallow = chainWithUndo(2);
    produce(shallow, 5);
    expect(shallow.reorganise(3)).toBe(2);
    const none = createChain();
    produce(none, 2);
    expect(none.reorganise(1)).toBe(0);
  });

  it('keeps what others did to fee and price for the block that replaces the one which carried it', () => {
    const chain = chainWithUndo();
    chain.multiplyBaseFee(3);
    chain.movePrice({ asset: 'UM', numerator: 2n, denominator: 1n });
    const carried = chain.produceBlock(5000);
    chain.reorganise(1);
    const again = chain.produceBlock(6000);
    expect(again).toMatchObject({ nextBaseFee: carried.nextBaseFee, reserves: carried.reserves });
    expect(again.nextBaseFee).toBe(264n);
  });

  const step = fc.oneof(
    fc.record({
      type: fc.constant('submit' as const),
      ahead: fc.integer({ min: 0, max: 3 }),
      node: fc.nat(3),
    }),
    fc.record({ type: fc.constant('produce' as const) }),
    fc.record({ type: fc.constant('price' as const), numerator: fc.bigInt({ min: 5000n, max: 20_000n }) }),
    fc.record({ type: fc.constant('reorg' as const), depth: fc.integer({ min: 1, max: 6 }) }),
  );

  it('creates and destroys nothing, settles in order, and leaves no gap, however often it reorganises', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const chain = chainWithUndo(6);
        const atGenesis = totals(chain);
        let nowMs = 0;
        for (const each of steps) {
          nowMs += 1000;
          if (each.type === 'submit') {
            const net = [{ asset: 'UM', amount: each.node % 2 === 0 ? 1700n : -300n }];
            const seq = chain.lastSettledSeq + 1 + each.ahead;
            chain.submit(bytesOf(batchOf(seq, net), { proposer: each.node }), nowMs);
          } else if (each.type === 'produce') {
            const parent = chain.head;
            const block = chain.produceBlock(nowMs);
            expect(block).toMatchObject({ height: parent.height + 1, parentHash: parent.hash });
            expect(block.lastSettledSeq).toBeGreaterThanOrEqual(parent.lastSettledSeq);
          } else if (each.type === 'price') {
            chain.movePrice({ asset: 'UM', numerator: each.numerator, denominator: 10_000n });
          } else {
            const { height } = chain.head;
            expect(chain.reorganise(each.depth)).toBeLessThanOrEqual(Math.min(each.depth, height));
          }
          expect(totals(chain)).toEqual(atGenesis);
          expect(chain.lastSettledSeq).toBe(chain.head.lastSettledSeq);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('restores bit for bit: the same calls after the undo give the same hashes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.array(fc.nat(3), { maxLength: 8 }),
        (depth, settlers) => {
          const chain = createChain({
            reorgDepthMax: 8,
            random: new Random(`undo/${depth}`),
            background: { type: 'bursts', gasMean: 2_000_000, burstProbability: 0.3, burstBlocks: 2 },
          });
          produce(chain, 2);
          for (const [index, proposer] of settlers.entries()) {
            chain.submit(bytesOf(batchOf(index + 1), { proposer, feeCap: 10n ** 6n }), 10_001);
          }
          const makeAll = (): string[] =>
            Array.from({ length: depth }, (_, index) => chain.produceBlock(15_000 + 5000 * index).hash);
          const first = makeAll();
          expect(chain.reorganise(depth)).toBe(depth);
          expect(makeAll()).toEqual(first);
        },
      ),
      { numRuns: 40 },
    );
  });
});

describe('MockSettlementChain under disturbance', () => {
  it('includes nothing of a censored proposer until it is let in again', () => {
    const chain = createChain();
    chain.setCensored(0, true);
    chain.submit(bytesOf(batchOf(1)), 0);
    produce(chain, 3);
    expect(chain).toMatchObject({ lastSettledSeq: 0, mempoolCount: 1 });
    chain.setCensored(0, false);
    produce(chain, 1);
    expect(chain.lastSettledSeq).toBe(1);
  });

  it('reverts with SLIPPAGE_EXCEEDED when the price moved by more than was allowed, not by less', () => {
    const quoted = [{ type: 'swap' as const, asset: 'UM', amount: 1700n, amountInMax: 1724n }];
    const outcomeOf = (bps: bigint): unknown => {
      const chain = createChain();
      chain.submit(bytesOf(batchOf(1), { actions: quoted }), 0);
      chain.movePrice({ asset: 'UM', numerator: 10_000n + bps, denominator: 10_000n });
      return chain.produceBlock(5000).events[0];
    };
    expect(outcomeOf(50n)).toMatchObject({ type: 'batch_settled' });
    expect(outcomeOf(900n)).toMatchObject({ type: 'batch_reverted', code: 'SLIPPAGE_EXCEEDED' });
  });

  it('multiplies the base fee once, in the fee that the next block announces', () => {
    const chain = createChain({ baseFeeInitial: 1000n });
    chain.multiplyBaseFee(20);
    const fees = [1, 2, 3].map(() => chain.produceBlock(chain.nextTimestampMs).baseFee);
    // Empty blocks: 1000, then 20 times 875, then down by an eighth.
    expect(fees).toEqual([1000n, 17_500n, 15_313n]);
  });

  it('says where a transaction is', () => {
    const chain = createChain();
    const transaction = settle(batchOf(1));
    const taken = chain.submit(bytesOf(batchOf(1)), 0);
    const asked = { ...transaction, hash: taken.ok ? taken.value.hash : '' };
    expect(chain.standingOf(asked)).toBe('waiting');
    expect(chain.standingOf({ ...asked, hash: 'another' })).toBe('unknown');
    expect(chain.standingOf({ ...asked, attempt: 2 })).toBe('unknown');
    produce(chain, 1);
    expect(chain.standingOf(asked)).toBe('settled');
    const failing = { actions: [{ type: 'swap' as const, asset: 'UM', amount: 1700n, amountInMax: 1n }] };
    const second = chain.submit(bytesOf(batchOf(2), failing), chain.head.timestampMs);
    produce(chain, 1);
    const reverted = { ...settle(batchOf(2), failing), hash: second.ok ? second.value.hash : '' };
    expect(chain.standingOf(reverted)).toBe('reverted');
  });
});
