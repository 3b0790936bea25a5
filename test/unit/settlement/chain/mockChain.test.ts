import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../consensus/primitives/random.ts';
import { nextBaseFee, payloadGas, settlementGas } from '../../../../settlement/chain/feeMarket.ts';
import { MEMPOOL_PER_PROPOSER_MAX, MEMPOOL_SEQ_AHEAD_MAX } from '../../../../settlement/chain/mempool.ts';
import type { MockSettlementChain } from '../../../../settlement/chain/mockChain.ts';
import type { UnsignedSettlementTransaction } from '../../../../settlement/chain/transactionCodec.ts';
import type { NetBatchContent, SettlementBlock } from '../../../../settlement/net/settlement.ts';
import { actionsOf, batchOf, bytesOf, createChain, finalise, headerAt, settle } from './fixtures.ts';

const gwei = 10n ** 9n;

/** Blocks up to and including `height`, at their fault-free times. */
function produce(chain: MockSettlementChain, height: number): SettlementBlock {
  while (chain.head.height < height) chain.produceBlock(chain.nextTimestampMs);
  return chain.head;
}

function settledBy(block: SettlementBlock): [number, number, number][] {
  return block.events.flatMap((event) =>
    event.type === 'batch_settled' ? [[event.seq, event.proposer, event.attempt]] : [],
  );
}

describe('MockSettlementChain blocks', () => {
  it('start at the phase and have no gap', () => {
    const chain = createChain({ phaseMs: 1200 });
    expect(chain.genesis).toMatchObject({ height: 0, timestampMs: 1200, baseFee: 100n, nextBaseFee: 100n });
    const block = chain.produceBlock(chain.nextTimestampMs);
    expect(block).toMatchObject({
      height: 1,
      timestampMs: 6200,
      parentHash: chain.genesis.hash,
      baseFee: 100n,
    });
    // A stall of 40 s: nobody makes blocks, and none is caught up.
    expect(chain.produceBlock(46_200)).toMatchObject({ height: 2, timestampMs: 46_200 });
    expect(chain.nextTimestampMs).toBe(51_200);
    expect(() => chain.produceBlock(46_200)).toThrow(/later than its parent/);
  });

  it('keep the newest of the history and share unchanged reserves', () => {
    const chain = createChain({ historyBlocks: 3 });
    const head = produce(chain, 10);
    expect(chain.blockAt(10)).toBe(head);
    expect(chain.blockAt(8)?.height).toBe(8);
    expect(chain.blockAt(7)).toBeUndefined();
    expect(chain.blockAt(11)).toBeUndefined();
    expect(head.reserves).toBe(chain.genesis.reserves);
    chain.submit(bytesOf(batchOf(1)), 51_000);
    expect(produce(chain, 11).reserves).not.toBe(chain.genesis.reserves);
  });

  it('lower the base fee by an eighth when empty', () => {
    expect(produce(createChain({ baseFeeInitial: 1000n }), 1).nextBaseFee).toBe(875n);
  });
});

describe('MockSettlementChain.submit', () => {
  it('includes what arrives before the instant of a block, not at it', () => {
    const early = createChain();
    produce(early, 1);
    expect(early.submit(bytesOf(batchOf(1)), 9_999).ok).toBe(true);
    expect(settledBy(early.produceBlock(10_000))).toEqual([[1, 0, 1]]);

    const late = createChain();
    produce(late, 1);
    expect(late.submit(bytesOf(batchOf(1)), 10_000).ok).toBe(true);
    expect(settledBy(late.produceBlock(10_000))).toEqual([]);
    expect(settledBy(late.produceBlock(15_000))).toEqual([[1, 0, 1]]);
  });

  it('reports what a settlement did', () => {
    const chain = createChain();
    const transaction = settle(batchOf(1));
    const bytes = bytesOf(batchOf(1));
    const taken = chain.submit(bytes, 100);
    const block = produce(chain, 1);
    const gasUsed = settlementGas(transaction, bytes.length);
    expect(block.events).toEqual([
      {
        type: 'batch_settled',
        seq: 1,
        fromHeight: 1,
        toHeight: 5,
        net: [{ asset: 'UM', amount: 1700n }],
        proposer: 0,
        attempt: 1,
        transactionHash: taken.ok ? taken.value.hash : '',
        actions: transaction.actions,
        amountsIn: [1706n],
        gasUsed,
        fee: BigInt(gasUsed) * 110n,
      },
    ]);
    expect(block).toMatchObject({ gasUsed, lastSettledSeq: 1 });
    expect(chain.lastSettledSeq).toBe(1);
    expect(chain.treasuryBalance('USDC')).toBe(10n ** 36n - 1706n);
    expect(chain.mempoolCount).toBe(0);
  });

  it.each([
    ['ENCODING_INVALID', new Uint8Array(3)],
    ['SETTLEMENT_TIP_ABOVE_FEE_CAP', bytesOf(batchOf(1), { tip: 1001n })],
    ['SETTLEMENT_CHAIN_MISMATCH', bytesOf(batchOf(1), { chainId: headerAt(1).parentHash })],
    ['SETTLEMENT_PROPOSER_UNKNOWN', bytesOf(batchOf(1), { proposer: 4 })],
    ['SETTLEMENT_SEQ_TOO_FAR', bytesOf(batchOf(MEMPOOL_SEQ_AHEAD_MAX + 1))],
  ])('refuses %s', (code, bytes) => {
    const chain = createChain();
    expect(chain.submit(bytes, 0)).toMatchObject({ ok: false, code });
    expect(chain.mempoolCount).toBe(0);
  });

  it('refuses SETTLEMENT_SIGNATURE_INVALID', () => {
    const bytes = bytesOf(batchOf(1));
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] ?? 0) ^ 1;
    expect(createChain().submit(bytes, 0)).toMatchObject({ code: 'SETTLEMENT_SIGNATURE_INVALID' });
  });

  it('refuses SETTLEMENT_GAS_ABOVE_LIMIT, and lets what runs out of gas only in its actions revert', () => {
    const bytes = bytesOf(batchOf(1));
    const gas = settlementGas(settle(batchOf(1)), bytes.length);
    const tiny = createChain({ gasLimit: gas - 40_001 });
    expect(tiny.submit(bytes, 0)).toMatchObject({ ok: false, code: 'SETTLEMENT_GAS_ABOVE_LIMIT' });
    const small = createChain({ gasLimit: gas - 1 });
    expect(small.submit(bytes, 0).ok).toBe(true);
    const block = produce(small, 1);
    expect(block.events).toMatchObject([{ type: 'batch_reverted', code: 'OUT_OF_GAS', gasUsed: gas - 1 }]);
    expect(block.gasUsed).toBe(gas - 1);
  });

  it('accepts the very same transaction again and keeps its place', () => {
    const chain = createChain();
    const first = bytesOf(batchOf(1));
    chain.submit(first, 1);
    chain.submit(bytesOf(batchOf(1), { proposer: 1 }), 2);
    expect(chain.submit(first, 4_999)).toEqual(chain.submit(first, 7_000));
    expect(chain.mempoolCount).toBe(2);
    expect(settledBy(produce(chain, 1))).toEqual([[1, 0, 1]]);
  });

  it('answers NET_BATCH_ALREADY_SETTLED after settlement and SETTLEMENT_ATTEMPT_USED after a revert', () => {
    const chain = createChain();
    const failing = bytesOf(batchOf(1), { actions: actionsOf(batchOf(1).net, 1n) });
    chain.submit(failing, 0);
    expect(produce(chain, 1).events).toMatchObject([{ type: 'batch_reverted', code: 'SLIPPAGE_EXCEEDED' }]);
    expect(chain.submit(failing, 5_001)).toMatchObject({ ok: false, code: 'SETTLEMENT_ATTEMPT_USED' });
    const second = bytesOf(batchOf(1), { attempt: 2 });
    expect(chain.submit(second, 5_001).ok).toBe(true);
    expect(settledBy(produce(chain, 2))).toEqual([[1, 0, 2]]);
    expect(chain.submit(second, 10_001)).toMatchObject({ ok: false, code: 'NET_BATCH_ALREADY_SETTLED' });
  });

  it('replaces only for 1.1 times both fees', () => {
    const chain = createChain();
    const offer = (feeCap: bigint, tip: bigint) => chain.submit(bytesOf(batchOf(1), { feeCap, tip }), 0);
    expect(offer(1000n, 15n).ok).toBe(true);
    expect(offer(1099n, 17n)).toMatchObject({ ok: false, code: 'SETTLEMENT_REPLACEMENT_UNDERPRICED' });
    // 1.1 * 15 = 16.5: 16 is too little.
    expect(offer(1100n, 16n)).toMatchObject({ ok: false, code: 'SETTLEMENT_REPLACEMENT_UNDERPRICED' });
    expect(offer(1100n, 17n).ok).toBe(true);
    expect(chain.mempoolCount).toBe(1);
    expect(produce(chain, 1).events).toMatchObject([{ type: 'batch_settled', fee: expect.any(BigInt) }]);
    const [event] = chain.head.events;
    expect(event?.type === 'batch_settled' && event.fee / BigInt(event.gasUsed)).toBe(117n);
  });

  it('bounds what one proposer may have waiting and makes room from no-ops', () => {
    const chain = createChain();
    for (let seq = 1; seq <= MEMPOOL_PER_PROPOSER_MAX; seq += 1) {
      expect(chain.submit(bytesOf(batchOf(seq), { feeCap: 10n }), 0).ok).toBe(true);
    }
    const next = bytesOf(batchOf(MEMPOOL_PER_PROPOSER_MAX + 1));
    expect(chain.submit(next, 0)).toMatchObject({ ok: false, code: 'SETTLEMENT_MEMPOOL_FULL' });
    expect(chain.submit(bytesOf(batchOf(1), { proposer: 1 }), 0).ok).toBe(true);
    // Batch 1 settles by node-1; what node-0 offered for it pays too little even for a no-op and makes room.
    expect(settledBy(produce(chain, 1))).toEqual([[1, 1, 1]]);
    expect(chain.submit(next, 5_001).ok).toBe(true);
    expect(chain.mempoolCount).toBe(MEMPOOL_PER_PROPOSER_MAX);
  });
});

describe('MockSettlementChain order', () => {
  it('takes the highest effective tip, then the earliest arrival', () => {
    const chain = createChain();
    chain.submit(bytesOf(batchOf(1), { proposer: 0, tip: 10n }), 1);
    chain.submit(bytesOf(batchOf(1), { proposer: 1, tip: 500n, feeCap: 1000n }), 2);
    // A cap of 600 leaves 500 of the tip at a base fee of 100: equal, but later.
    chain.submit(bytesOf(batchOf(1), { proposer: 2, tip: 600n, feeCap: 600n }), 3);
    expect(settledBy(produce(chain, 1))).toEqual([[1, 1, 1]]);
  });

  it('settles several batches in one block, each when it is next, whatever they pay and in which order they came', () => {
    const chain = createChain();
    chain.submit(bytesOf(batchOf(3), { proposer: 2, tip: 900n }), 1);
    chain.submit(bytesOf(batchOf(2), { proposer: 1, tip: 500n }), 2);
    expect(settledBy(produce(chain, 1))).toEqual([]);
    expect(chain.mempoolCount).toBe(2);
    chain.submit(bytesOf(batchOf(1), { proposer: 0 }), 5_500);
    expect(settledBy(produce(chain, 2))).toEqual([
      [1, 0, 1],
      [2, 1, 1],
      [3, 2, 1],
    ]);
  });

  it('includes a second settlement of a batch as a paid no-op without event', () => {
    const chain = createChain();
    const bytes = bytesOf(batchOf(1));
    chain.submit(bytes, 0);
    chain.submit(bytesOf(batchOf(1), { proposer: 1 }), 1);
    const block = produce(chain, 1);
    expect(block.events).toHaveLength(1);
    expect(block.gasUsed).toBe(settlementGas(settle(batchOf(1)), bytes.length) + payloadGas(bytes.length));
    expect(chain.mempoolCount).toBe(0);
  });

  it('lets a cap below the base fee wait until the fee has come down', () => {
    const chain = createChain();
    chain.submit(bytesOf(batchOf(1), { feeCap: 90n }), 0);
    // 100, then 88, by the rule.
    expect(settledBy(produce(chain, 1))).toEqual([]);
    expect(settledBy(produce(chain, 2))).toEqual([[1, 0, 1]]);
  });

  it('takes no more than fits and goes on in the next block', () => {
    const gas = settlementGas(settle(batchOf(1)), bytesOf(batchOf(1)).length);
    const chain = createChain({ gasLimit: 2 * gas + 1, baseFeeInitial: 10n });
    for (const seq of [1, 2, 3]) chain.submit(bytesOf(batchOf(seq)), 0);
    expect(settledBy(produce(chain, 1)).map(([seq]) => seq)).toEqual([1, 2]);
    expect(settledBy(produce(chain, 2)).map(([seq]) => seq)).toEqual([3]);
  });

  it('drops earlier attempts of a proposer whose later one reverted', () => {
    const chain = createChain();
    const actions = actionsOf(batchOf(1).net, 1n);
    chain.submit(bytesOf(batchOf(1), { attempt: 1 }), 0);
    chain.submit(bytesOf(batchOf(1), { attempt: 2, tip: 900n, actions }), 1);
    expect(produce(chain, 1).events).toMatchObject([{ type: 'batch_reverted', attempt: 2 }]);
    expect(chain.mempoolCount).toBe(0);
  });

  it('charges a revert with a bad proof and keeps the batch open', () => {
    const chain = createChain();
    chain.submit(bytesOf(batchOf(1), { certificate: finalise(headerAt(5)) }), 0);
    const block = produce(chain, 1);
    expect(block.events).toMatchObject([{ type: 'batch_reverted', code: 'BAD_CERTIFICATE', attempt: 1 }]);
    expect(block.lastSettledSeq).toBe(0);
    expect(block.gasUsed).toBeGreaterThan(100_000);
  });
});

describe('MockSettlementChain faults and background', () => {
  it('full: no settlement fits, blocks do not count, the base fee rises by its rule', () => {
    const chain = createChain({ baseFeeInitial: 1000n });
    chain.setFull(true);
    chain.submit(bytesOf(batchOf(1), { feeCap: 10n ** 6n, tip: 10n ** 6n }), 0);
    const block = produce(chain, 2);
    expect(block).toMatchObject({ baseFee: 1125n, nextBaseFee: 1265n, events: [] });
    expect(block.gasUsed + 1_000_000).toBeGreaterThan(block.gasLimit);
    chain.setFull(false);
    expect(settledBy(produce(chain, 3))).toEqual([[1, 0, 1]]);
  });

  it('transfer_timeout: a transaction with a transfer reverts, later attempts settle and are acknowledged 2 blocks on', () => {
    const chain = createChain();
    const batch = batchOf(1, [
      { asset: 'UM', amount: -5n },
      { asset: 'WETH', amount: -7n },
    ]);
    chain.setTransferTimeout(true);
    chain.submit(bytesOf(batch), 0);
    expect(produce(chain, 1).events).toMatchObject([{ type: 'batch_reverted', code: 'TRANSFER_TIMEOUT' }]);
    chain.setTransferTimeout(false);
    chain.submit(bytesOf(batch, { attempt: 2 }), 5_001);
    expect(settledBy(produce(chain, 2))).toEqual([[1, 0, 2]]);
    expect(produce(chain, 3).events).toEqual([]);
    expect(produce(chain, 4).events).toEqual([
      { type: 'transfer_acknowledged', seq: 1, asset: 'UM', amount: 5n },
      { type: 'transfer_acknowledged', seq: 1, asset: 'WETH', amount: 7n },
    ]);
    expect(produce(chain, 5).events).toEqual([]);
  });

  it('constant demand fills what settlements leave', () => {
    const chain = createChain({ background: { type: 'constant', gas: 9_990_000 }, baseFeeInitial: 1000n });
    expect(produce(chain, 1)).toMatchObject({
      gasUsed: 9_990_000,
      nextBaseFee: nextBaseFee(1000n, 9_990_000, 10_000_000),
    });
    chain.submit(bytesOf(batchOf(1), { feeCap: 10n ** 6n }), 5_001);
    const block = produce(chain, 2);
    expect(settledBy(block)).toEqual([[1, 0, 1]]);
    expect(block.gasUsed).toBe(10_000_000);
  });

  it('bursts come from the seed and fill whole blocks', () => {
    const background = { type: 'bursts', gasMean: 1_000_000, burstProbability: 0.1, burstBlocks: 4 } as const;
    const usage = (seed: string) => {
      const chain = createChain({ background, random: new Random(seed) });
      return Array.from({ length: 200 }, () => chain.produceBlock(chain.nextTimestampMs).gasUsed);
    };
    expect(usage('a')).toEqual(usage('a'));
    expect(usage('a')).not.toEqual(usage('b'));
    const gas = usage('a');
    const full = gas.filter((each) => each === 10_000_000).length;
    expect(full).toBeGreaterThan(8);
    expect(full).toBeLessThan(150);
    const calm = gas.filter((each) => each < 10_000_000);
    expect(Math.max(...calm)).toBeLessThanOrEqual(2_000_000);
  });

  it('a trace gives block i the base fee of row i and says when it starts over', () => {
    const baseFees = [20n * gwei, 25n * gwei, 0n];
    const chain = createChain({ background: { type: 'trace', baseFees } });
    expect(chain.genesis).toMatchObject({ baseFee: 20n * gwei, nextBaseFee: 25n * gwei });
    expect(produce(chain, 1)).toMatchObject({ baseFee: 25n * gwei, nextBaseFee: 1n });
    expect(produce(chain, 2)).toMatchObject({ baseFee: 1n, gasUsed: 0 });
    expect(chain.traceRepeated).toBe(false);
    expect(produce(chain, 4)).toMatchObject({ baseFee: 25n * gwei });
    expect(chain.traceRepeated).toBe(true);
  });
});

/** A call on a chain, drawn at random. */
const call = fc.record({
  batch: fc.nat(5),
  proposer: fc.nat(3),
  attempt: fc.integer({ min: 1, max: 3 }),
  feeCap: fc.bigInt({ min: 50n, max: 400n }),
  tip: fc.bigInt({ min: 0n, max: 50n }),
  amountInMax: fc.constantFrom(1n, 10n ** 6n, 10n ** 30n),
  full: fc.boolean(),
  timeout: fc.boolean(),
  blocks: fc.nat(2),
});
const flow = fc.oneof(fc.bigInt({ min: -5000n, max: -1n }), fc.bigInt({ min: 1n, max: 5000n }));
const nets = fc.array(fc.tuple(flow, flow, flow), { minLength: 6, maxLength: 6 });

type Call = typeof call extends fc.Arbitrary<infer Value> ? Value : never;

function replay(
  chain: MockSettlementChain,
  batches: readonly NetBatchContent[],
  calls: readonly Call[],
): void {
  for (const each of calls) {
    chain.setFull(each.full && each.blocks > 0);
    chain.setTransferTimeout(each.timeout);
    const batch = batches[each.batch];
    if (batch === undefined) continue;
    const { proposer, attempt, feeCap, tip } = each;
    const overrides: Partial<UnsignedSettlementTransaction> = {
      proposer,
      attempt,
      feeCap,
      tip,
      actions: actionsOf(batch.net, each.amountInMax),
    };
    chain.submit(bytesOf(batch, overrides), chain.head.timestampMs + 10);
    for (let count = 0; count < each.blocks; count += 1) chain.produceBlock(chain.nextTimestampMs);
  }
  chain.setFull(false);
  chain.produceBlock(chain.nextTimestampMs);
}

describe('MockSettlementChain laws', () => {
  const scarce = {
    pools: [
      { asset: 'UM', assetReserve: 9_000n, baseReserve: 20_000n },
      { asset: 'WETH', assetReserve: 10n ** 12n, baseReserve: 10n ** 9n },
    ],
    treasury: { USDC: 60_000n, UM: 7n },
    background: { type: 'bursts', gasMean: 4_000_000, burstProbability: 0.2, burstBlocks: 2 },
  } as const;

  it('conserves value per asset, settles in order, once each, and repeats bit for bit', () => {
    let settledCount = 0;
    fc.assert(
      fc.property(nets, fc.array(call, { minLength: 1, maxLength: 30 }), (flows, calls) => {
        const batches = flows.map(([um, usdc, weth], index) =>
          batchOf(index + 1, [
            { asset: 'UM', amount: um },
            { asset: 'USDC', amount: usdc },
            { asset: 'WETH', amount: weth },
          ]),
        );
        const chain = createChain(scarce);
        replay(chain, batches, calls);
        const again = createChain(scarce);
        replay(again, batches, calls);
        expect(again.head.hash).toBe(chain.head.hash);

        expect(totals(chain)).toEqual({ UM: 9_007n, USDC: 60_000n + 20_000n + 10n ** 9n, WETH: 10n ** 12n });
        const crossed = new Map<string, bigint>();
        let seq = 0;
        for (let height = 1; height <= chain.head.height; height += 1) {
          const block = chain.blockAt(height);
          for (const event of block?.events ?? []) {
            if (event.type !== 'batch_settled') continue;
            seq += 1;
            settledCount += 1;
            expect(event.seq).toBe(seq);
            for (const { asset, amount } of event.net)
              crossed.set(asset, (crossed.get(asset) ?? 0n) + amount);
          }
          expect(block?.gasUsed).toBeLessThanOrEqual(block?.gasLimit ?? 0);
        }
        expect(chain.lastSettledSeq).toBe(seq);
        expect(Object.fromEntries(chain.holdings.crossed)).toEqual(Object.fromEntries(crossed));
      }),
      { numRuns: 150 },
    );
    expect(settledCount).toBeGreaterThan(50);
  });
});

function totals(chain: MockSettlementChain): Record<string, bigint> {
  const sums: Record<string, bigint> = {};
  const add = (asset: string, amount: bigint) => {
    sums[asset] = (sums[asset] ?? 0n) + amount;
  };
  for (const pool of chain.reserves) {
    add(pool.asset, pool.assetReserve);
    add('USDC', pool.baseReserve);
  }
  for (const [asset, balance] of chain.holdings.treasury) add(asset, balance);
  for (const [asset, amount] of chain.holdings.crossed) add(asset, amount);
  return sums;
}
