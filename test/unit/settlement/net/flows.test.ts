import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import { addFees, addGross, addNet, equalAmounts, negate, netOf } from '../../../../settlement/net/flows.ts';
import { openWindow } from '../../../../settlement/net/netState.ts';
import { flowsOf, NetWorld } from './netFixture.ts';

interface Row {
  readonly asset: string;
  readonly amount: bigint;
}

function listOf(amounts: Readonly<Record<string, bigint>>): readonly Row[] {
  return Object.keys(amounts)
    .sort()
    .map((asset) => ({ asset, amount: amounts[asset] ?? 0n }))
    .filter(({ amount }) => amount !== 0n);
}

const amounts = fc.dictionary(fc.constantFrom('A', 'B', 'C', 'D', 'a'), fc.bigInt({ min: 0n, max: 5n }));

describe('lists of amounts', () => {
  it('add and net asset by asset, stay ascending, drop zeros', () => {
    fc.assert(
      fc.property(amounts, amounts, (left, right) => {
        const sum: Record<string, bigint> = { ...left };
        const difference: Record<string, bigint> = { ...left };
        for (const [asset, amount] of Object.entries(right)) {
          sum[asset] = (sum[asset] ?? 0n) + amount;
          difference[asset] = (difference[asset] ?? 0n) - amount;
        }
        expect(addNet(listOf(left), listOf(right))).toEqual(listOf(sum));
        expect(addFees(listOf(left), listOf(right))).toEqual(listOf(sum));
        expect(netOf(listOf(left), listOf(right))).toEqual(listOf(difference));
        expect(addNet(listOf(left), negate(listOf(left)))).toEqual([]);
      }),
    );
  });

  it('compare by asset and amount', () => {
    const one = [{ asset: 'A', amount: 1n }];
    expect(equalAmounts(one, [{ asset: 'A', amount: 1n }])).toBe(true);
    expect(equalAmounts(one, [{ asset: 'A', amount: 2n }])).toBe(false);
    expect(equalAmounts(one, [{ asset: 'B', amount: 1n }])).toBe(false);
    expect(equalAmounts(one, [])).toBe(false);
  });

  it('stop at the largest amount for fees, and crash where a net passes it', () => {
    const full = [{ asset: 'A', amount: AMOUNT_MAX }];
    expect(addFees(full, [{ asset: 'A', amount: 1n }])).toEqual(full);
    const block = { borrowed: [{ asset: 'A', amount: 1n }], repaid: [] };
    expect(() => addGross({ borrowed: full, repaid: [] }, block)).toThrow('net of A passes 128 bits');
  });

  it('stop at 31 bits for liquidations', () => {
    const world = new NetWorld();
    for (let block = 0; block < 2; block += 1)
      world.execute({ flows: flowsOf({ liquidations: 2 ** 31 + 1 }) });
    expect(openWindow(world.state).liquidations).toBe(2 ** 31 - 1);
  });
});
