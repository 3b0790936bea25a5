import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hashBytes } from '../../../../consensus/primitives/hash.ts';
import {
  accountChange,
  type BridgeVault,
  carryOutCrossChain,
  createVault,
  openDepositCount,
  takeDeposit,
  vaultTotal,
} from '../../../../settlement/chain/bridgeVault.ts';
import { GAS_CROSS_CHAIN } from '../../../../settlement/chain/feeMarket.ts';
import {
  CROSS_CHAIN_OPEN_MAX,
  type CrossChainAction,
  inboundTransferId,
} from '../../../../settlement/net/crossChain.ts';
import { batchOf, bridgeFees, bytesOf, createChain } from './fixtures.ts';

const account = `0x${'aa'.repeat(20)}`;
const other = `0x${'bb'.repeat(32)}`;
const outbound = hashBytes('scenarioId', Uint8Array.of(1));
const lock = { type: 'lock', transferId: outbound, to: account, asset: 'UM', amount: 10_000n } as const;
const deposit = { from: account, to: other, asset: 'UM', amount: 10_000n, timeoutBlocks: 5 } as const;

/** The vault after actions one by one, and the types of what it said. */
function carryOut(vault: BridgeVault, ...actions: CrossChainAction[]) {
  const { vault: after, events, fees } = carryOutCrossChain(vault, actions, bridgeFees);
  return { after, fees, types: events.map(({ type }) => type) };
}

function deposited(vault: BridgeVault): BridgeVault {
  const taken = takeDeposit(vault, deposit, bridgeFees, 7);
  if (!taken.ok) throw new Error(taken.code);
  return taken.value.vault;
}

describe('carryOutCrossChain', () => {
  const vault = createVault({ UM: 10_000n });

  it('locks liquidity and pays the account less the fee', () => {
    const { after, fees, types } = carryOut(vault, lock, { type: 'complete', transferId: outbound });
    expect(types).toEqual(['cross_chain_locked', 'cross_chain_completed']);
    expect(accountChange(after, account, 'UM')).toBe(9_950n);
    expect([...fees]).toEqual([['UM', 50n]]);
    expect(after.liquidity.get('UM')).toBe(0n);
  });

  it('gives a refunded lock back to the liquidity, whole', () => {
    const { after, fees } = carryOut(vault, lock, { type: 'refund', transferId: outbound });
    expect(after.liquidity.get('UM')).toBe(10_000n);
    expect(after.escrows.size + fees.size).toBe(0);
    expect(accountChange(after, account, 'UM')).toBe(0n);
  });

  it('refuses what it cannot lock, and goes on', () => {
    const tooMuch = { ...lock, amount: 10_001n };
    const nothingLeft = { ...lock, amount: 1n };
    const another = { ...lock, transferId: hashBytes('scenarioId', Uint8Array.of(2)) };
    const { after, types } = carryOut(vault, tooMuch, nothingLeft, another);
    expect(types).toEqual(['cross_chain_refused', 'cross_chain_refused', 'cross_chain_locked']);
    expect([...after.escrows.keys()]).toEqual([another.transferId]);
  });

  it('does nothing for an action that is repeated or names no escrow', () => {
    const locked = carryOut(vault, lock).after;
    expect(carryOut(locked, lock)).toEqual({ after: locked, fees: new Map(), types: [] });
    const complete = { type: 'complete', transferId: outbound } as const;
    const paid = carryOut(locked, complete).after;
    const refund = { type: 'refund', transferId: outbound } as const;
    expect(carryOut(paid, complete, refund)).toEqual({ after: paid, fees: new Map(), types: [] });
  });

  it('turns a completed deposit into liquidity less the fee, and gives a refunded one back', () => {
    const taken = deposited(vault);
    expect(accountChange(taken, account, 'UM')).toBe(-10_000n);
    const transferId = inboundTransferId(1);
    const completed = carryOut(taken, { type: 'complete', transferId });
    expect(completed.after.liquidity.get('UM')).toBe(19_950n);
    expect([...completed.fees]).toEqual([['UM', 50n]]);
    const refunded = carryOut(taken, { type: 'refund', transferId });
    expect(accountChange(refunded.after, account, 'UM')).toBe(0n);
    expect(refunded.after.liquidity.get('UM')).toBe(10_000n);
  });

  it('loses and makes nothing, whatever comes in whatever order', () => {
    const ids = [1, 2, 3].map((number) => hashBytes('scenarioId', Uint8Array.of(number)));
    const transferId = fc.constantFrom(...ids, inboundTransferId(1), inboundTransferId(2));
    const step = fc.oneof(
      fc.record({
        type: fc.constant('lock' as const),
        transferId: fc.constantFrom(...ids),
        to: fc.constantFrom(account, other),
        asset: fc.constantFrom('UM', 'USDC', 'NONE'),
        amount: fc.bigInt({ min: 1n, max: 15_000n }),
      }),
      fc.record({ type: fc.constantFrom('complete' as const, 'refund' as const), transferId }),
      fc.record({ type: fc.constant('deposit' as const), amount: fc.bigInt({ min: 1n, max: 10n ** 30n }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let now = createVault({ UM: 20_000n, USDC: 5n });
        const before = ['UM', 'USDC', 'NONE'].map((asset) => vaultTotal(now, asset));
        const kept = new Map<string, bigint>();
        for (const each of steps) {
          if (each.type === 'deposit') {
            const taken = takeDeposit(now, { ...deposit, amount: each.amount }, bridgeFees, 1);
            if (taken.ok) now = taken.value.vault;
            continue;
          }
          const done = carryOutCrossChain(now, [each], bridgeFees);
          now = done.vault;
          for (const [asset, fee] of done.fees) kept.set(asset, (kept.get(asset) ?? 0n) + fee);
          for (const amount of now.liquidity.values()) expect(amount >= 0n).toBe(true);
        }
        const after = ['UM', 'USDC', 'NONE'].map((asset) => vaultTotal(now, asset) + (kept.get(asset) ?? 0n));
        expect(after).toEqual(before);
      }),
    );
  });
});

describe('takeDeposit', () => {
  it('numbers deposits, fixes the fee and says until when', () => {
    const vault = deposited(createVault({}));
    expect(takeDeposit(vault, deposit, bridgeFees, 7)).toMatchObject({
      ok: true,
      value: { event: { transferId: inboundTransferId(2), fee: 50n, deadlineHeight: 12 } },
    });
  });

  it('refuses one too many until one ends (CROSS_CHAIN_DEPOSITS_FULL)', () => {
    let vault = createVault({});
    for (let count = 0; count < CROSS_CHAIN_OPEN_MAX; count += 1) vault = deposited(vault);
    expect(takeDeposit(vault, deposit, bridgeFees, 7)).toMatchObject({ code: 'CROSS_CHAIN_DEPOSITS_FULL' });
    vault = carryOut(vault, { type: 'refund', transferId: inboundTransferId(9) }).after;
    expect(takeDeposit(vault, deposit, bridgeFees, 7).ok).toBe(true);
  });
});

describe('MockSettlementChain', () => {
  const batch = { ...batchOf(1, []), crossChain: [lock] };

  it('settles a batch that only carries actions, and says what became of them', () => {
    const chain = createChain({ bridgeLiquidity: { UM: 9_999n } });
    expect(chain.submit(bytesOf(batch), 1)).toMatchObject({ ok: true });
    const { events, gasUsed } = chain.produceBlock(5000);
    expect(events).toMatchObject([
      { type: 'batch_settled', seq: 1 },
      { type: 'cross_chain_refused', transferId: outbound },
    ]);
    const plain = createChain();
    plain.submit(bytesOf(batchOf(1, [])), 1);
    expect(gasUsed).toBeGreaterThan(plain.produceBlock(5000).gasUsed + GAS_CROSS_CHAIN);
  });

  it('reverts a batch whose actions are not those its header commits to', () => {
    const chain = createChain();
    chain.submit(bytesOf(batch, { crossChain: [{ ...lock, amount: 1n }] }), 1);
    expect(chain.produceBlock(5000).events).toMatchObject([
      { type: 'batch_reverted', code: 'BAD_COMMITMENT' },
    ]);
  });

  it('takes a deposit back with the block that held it, and in again with the next', () => {
    const chain = createChain({ reorgDepthMax: 4 });
    expect(chain.deposit(deposit).ok).toBe(true);
    expect(chain.produceBlock(5000).events).toMatchObject([
      { type: 'cross_chain_deposited', deadlineHeight: 6 },
    ]);
    chain.produceBlock(10_000);
    expect(chain.reorganise(2)).toBe(2);
    expect(openDepositCount(chain.holdings.bridge)).toBe(0);
    expect(chain.produceBlock(15_000).events).toHaveLength(1);
    expect(chain.produceBlock(20_000).events).toHaveLength(0);
    expect(openDepositCount(chain.holdings.bridge)).toBe(1);
  });

  it('lets a deposit wait while blocks are full', () => {
    const chain = createChain({ reorgDepthMax: 4 });
    chain.setFull(true);
    chain.deposit(deposit);
    expect(chain.produceBlock(5000).events).toEqual([]);
    chain.reorganise(1);
    chain.setFull(false);
    expect(chain.produceBlock(10_000).events).toHaveLength(1);
    expect(chain.produceBlock(15_000).events).toEqual([]);
  });
});
