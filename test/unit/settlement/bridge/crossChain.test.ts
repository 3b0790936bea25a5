import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { gatheredFees } from '../../../../settlement/atomic/fees.ts';
import { accountChange } from '../../../../settlement/chain/bridgeVault.ts';
import {
  CROSS_CHAIN_ACTIONS_MAX,
  CROSS_CHAIN_OPEN_MAX,
  inboundTransferId,
} from '../../../../settlement/net/crossChain.ts';
import { networkFee } from '../../../../settlement/networkFee.ts';
import { alice, Bridge, bob, farRates, rates, transferIdOf } from './bridgeFixture.ts';

const plenty = { TNZO: 10n ** 30n };

function openBridge(liquidity: Record<string, bigint> = plenty): Bridge {
  return new Bridge({ TNZO: 100_000n }, liquidity);
}

describe('cross_chain_send', () => {
  it('pays the fee once a side, the second on the net of the first', () => {
    const bridge = openBridge();
    expect(bridge.send()).toBeUndefined();
    expect(bridge.balance(alice)).toBe(90_000n);
    bridge.round();
    expect(bridge.transfer()).toMatchObject({ state: 'completing', sidechainFee: 50n, settlementFee: 99n });
    bridge.round();
    expect(bridge.transfer()?.state).toBe('completed');
    // 10,000 less 0.5 % is 9,950; less 1 % of that, rounded down, is 9,851.
    expect(accountChange(bridge.vault, bob, 'TNZO')).toBe(9_851n);
    expect([gatheredFees(bridge.state, 'TNZO'), bridge.farFees.get('TNZO')]).toEqual([50n, 99n]);
    expect(bridge.openCount).toBe(0);
  });

  it('is refunded whole where the settlement chain has too little to lock', () => {
    const bridge = openBridge({ TNZO: 9_949n });
    bridge.send();
    bridge.round();
    expect(bridge.transfer()).toMatchObject({ state: 'refunded', reason: 'CROSS_CHAIN_REFUSED' });
    expect([bridge.balance(alice), gatheredFees(bridge.state, 'TNZO')]).toEqual([100_000n, 0n]);
    expect([bridge.openCount, bridge.queued]).toEqual([0, 0]);
  });

  it('locked in the very block of its deadline completes; one block later it is refunded on both sides', () => {
    const inTime = openBridge();
    inTime.send({ timeoutBlocks: 3 });
    inTime.seal();
    for (let height = 1; height < 3; height += 1) inTime.makeBlock();
    inTime.settle();
    inTime.makeBlock();
    inTime.derive();
    expect(inTime.transfer()?.state).toBe('completing');

    const late = openBridge();
    late.send({ timeoutBlocks: 3 });
    late.seal();
    for (let height = 1; height <= 3; height += 1) late.makeBlock();
    late.settle();
    late.makeBlock();
    late.derive();
    expect(late.transfer()).toMatchObject({ state: 'refunding', reason: 'CROSS_CHAIN_TIMED_OUT' });
    expect(late.balance(alice)).toBe(100_000n);
    expect(late.vault.escrows.size).toBe(1);
    late.round();
    expect(late.transfer()?.state).toBe('refunded');
    expect([late.vault.escrows.size, late.vault.liquidity.get('TNZO')]).toEqual([0, plenty.TNZO]);
  });

  it('times out whatever header brings the blocks into view', () => {
    const [one, many] = [openBridge(), openBridge()];
    for (const bridge of [one, many]) {
      bridge.send({ timeoutBlocks: 2 });
      bridge.seal();
    }
    for (let height = 1; height <= 5; height += 1) {
      for (const bridge of [one, many]) {
        if (height === 4) bridge.settle();
        bridge.makeBlock();
      }
      many.derive();
    }
    one.derive();
    expect(many.transfer()).toMatchObject({ state: 'refunding' });
    expect({ ...one.transfer(), queuePosition: 0 }).toEqual({ ...many.transfer(), queuePosition: 0 });
  });

  it('that no batch took along before it timed out never reaches the settlement chain', () => {
    const bridge = openBridge();
    bridge.send({ timeoutBlocks: 1 });
    bridge.makeBlock();
    bridge.makeBlock();
    bridge.derive();
    expect(bridge.transfer()).toMatchObject({ state: 'refunded', reason: 'CROSS_CHAIN_TIMED_OUT' });
    bridge.quiesce();
    expect([bridge.batches.length, bridge.queued, bridge.openCount]).toEqual([0, 0, 0]);
  });

  it.each([
    ['an unknown asset', { asset: 'NONE' }, 'LEDGER_ASSET_UNKNOWN'],
    ['nothing', { amount: 0n }, 'LEDGER_AMOUNT_ZERO'],
    ['what the fee eats up', { amount: 1n }, 'CROSS_CHAIN_AMOUNT_TOO_SMALL'],
    ['more than there is', { amount: 100_001n }, 'INSUFFICIENT_BALANCE'],
    ['no time', { timeoutBlocks: 0 }, 'CROSS_CHAIN_TIMEOUT_INVALID'],
    ['too much time', { timeoutBlocks: 10_001 }, 'CROSS_CHAIN_TIMEOUT_INVALID'],
    ['a reserved id', { transferId: inboundTransferId(7) }, 'CROSS_CHAIN_ID_RESERVED'],
  ])('refuses %s and writes nothing', (_, fields, code) => {
    const bridge = openBridge();
    expect(bridge.send(fields)).toBe(code);
    expect(bridge.rowCount).toBe(0);
  });

  it('uses an id once, for good (CROSS_CHAIN_ID_TAKEN)', () => {
    const bridge = openBridge();
    bridge.send();
    bridge.quiesce();
    expect(bridge.transfer()?.state).toBe('completed');
    expect(bridge.send()).toBe('CROSS_CHAIN_ID_TAKEN');
  });

  it('refuses one too many until one is done (CROSS_CHAIN_TRANSFERS_FULL)', () => {
    const bridge = openBridge();
    const send = (number: number) =>
      bridge.send({ transferId: transferIdOf(number), amount: 100n, timeoutBlocks: 1000 });
    for (let number = 0; number < CROSS_CHAIN_OPEN_MAX; number += 1) expect(send(number)).toBeUndefined();
    expect(send(CROSS_CHAIN_OPEN_MAX)).toBe('CROSS_CHAIN_TRANSFERS_FULL');
    bridge.seal();
    expect(bridge.batches[0]).toHaveLength(CROSS_CHAIN_ACTIONS_MAX);
    bridge.quiesce();
    expect(send(CROSS_CHAIN_OPEN_MAX)).toBeUndefined();
  });
});

describe('a deposit on the settlement chain', () => {
  const transferId = inboundTransferId(1);

  it('is credited here less both fees, and becomes liquidity there', () => {
    const bridge = openBridge();
    bridge.deposit();
    bridge.makeBlock();
    bridge.derive();
    // 10,000 less 1 % is 9,900; less 0.5 % of that, rounded down, is 9,851.
    expect(bridge.balance(alice)).toBe(109_851n);
    expect(bridge.transfer(transferId)).toMatchObject({ state: 'completing', settlementFee: 100n });
    bridge.round();
    expect(bridge.transfer(transferId)?.state).toBe('completed');
    expect(bridge.vault.liquidity.get('TNZO')).toBe(10n ** 30n + 9_900n);
    expect([gatheredFees(bridge.state, 'TNZO'), bridge.farFees.get('TNZO')]).toEqual([49n, 100n]);
  });

  it.each([
    ['of an asset unknown here', { asset: 'NONE' }, 'CROSS_CHAIN_ASSET_UNKNOWN'],
    ['that the fees eat up', { amount: 1n }, 'CROSS_CHAIN_AMOUNT_TOO_SMALL'],
    ['of more than a ledger can hold', { amount: 1n << 127n }, 'CROSS_CHAIN_SUPPLY_EXCEEDED'],
  ])('%s goes back whole', (_, fields, reason) => {
    const bridge = openBridge();
    bridge.deposit(fields);
    bridge.quiesce();
    expect(bridge.transfer(transferId)).toMatchObject({ state: 'refunded', reason });
    const asset = 'asset' in fields ? fields.asset : 'TNZO';
    expect(accountChange(bridge.vault, bob, asset)).toBe(0n);
    expect([bridge.balance(alice), bridge.farFees.size]).toEqual([100_000n, 0]);
  });

  it('that the sidechain derives too late goes back whole', () => {
    const bridge = openBridge();
    bridge.deposit({ timeoutBlocks: 1 });
    for (let height = 1; height <= 3; height += 1) bridge.makeBlock();
    bridge.derive();
    bridge.round();
    expect(bridge.transfer(transferId)).toMatchObject({ state: 'refunded', reason: 'CROSS_CHAIN_TIMED_OUT' });
    expect(accountChange(bridge.vault, bob, 'TNZO')).toBe(0n);
  });
});

describe('transfers in any order, with anything late', () => {
  const step = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({
        type: fc.constant('send' as const),
        amount: fc.bigInt({ min: 1n, max: 30_000n }),
        timeoutBlocks: fc.integer({ min: 1, max: 6 }),
      }),
    },
    {
      weight: 2,
      arbitrary: fc.record({
        type: fc.constant('deposit' as const),
        amount: fc.bigInt({ min: 1n, max: 30_000n }),
        timeoutBlocks: fc.integer({ min: 1, max: 6 }),
      }),
    },
    {
      weight: 8,
      arbitrary: fc.record({
        type: fc.constantFrom('seal' as const, 'settle' as const, 'makeBlock' as const, 'derive' as const),
      }),
    },
  );

  it('end alike on both sides, with every unit where it belongs', () => {
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 120 }),
        fc.bigInt({ min: 0n, max: 60_000n }),
        (steps, liquidity) => {
          const bridge = openBridge({ TNZO: liquidity });
          const [here, there] = [bridge.hereTotal(), bridge.thereTotal()];
          for (const [index, each] of steps.entries()) {
            if (each.type === 'send')
              bridge.send({ ...each, type: 'cross_chain_send', transferId: transferIdOf(index) });
            else if (each.type === 'deposit')
              bridge.deposit({ amount: each.amount, timeoutBlocks: each.timeoutBlocks });
            else bridge[each.type]();
          }
          bridge.quiesce();
          expect([bridge.openCount, bridge.queued, bridge.vault.escrows.size]).toEqual([0, 0, 0]);
          let [crossed, paidThere, feesHere, feesThere] = [0n, 0n, 0n, 0n];
          for (const transfer of bridge.transfers()) {
            const { state, amount, from, sidechainFee, settlementFee } = transfer;
            expect(['completed', 'refunded']).toContain(state);
            if (state === 'refunded') continue;
            const isOut = from === alice;
            const [first, second] = isOut ? [rates, farRates] : [farRates, rates];
            const firstFee = networkFee(amount, first);
            const secondFee = networkFee(amount - firstFee, second);
            expect(isOut ? [sidechainFee, settlementFee] : [settlementFee, sidechainFee]).toEqual([
              firstFee,
              secondFee,
            ]);
            crossed += isOut ? firstFee - amount : amount - firstFee;
            paidThere += isOut ? amount - firstFee - secondFee : -amount;
            feesHere += sidechainFee;
            feesThere += settlementFee;
          }
          expect(bridge.hereTotal()).toBe(here + crossed);
          expect(bridge.thereTotal()).toBe(there);
          expect(accountChange(bridge.vault, bob, 'TNZO')).toBe(paidThere);
          expect(gatheredFees(bridge.state, 'TNZO')).toBe(feesHere);
          expect(bridge.farFees.get('TNZO') ?? 0n).toBe(feesThere);
          const bridged = bridge.facts.reduce(
            (sum, fact) => sum + ('bridged' in fact ? fact.bridged : 0n),
            0n,
          );
          expect(bridged).toBe(crossed);
        },
      ),
      { numRuns: 200 },
    );
  });
});
