import { describe, expect, it } from 'vitest';
import { ValueLaws } from '../../../../node/laws/value.ts';
import { channelsTable, gatheredFeesTable } from '../../../../settlement/atomic/tables.ts';
import { accountsTable, poolsTable, treasuryTable } from '../../../../settlement/ledger/tables.ts';
import type { Account, Pool } from '../../../../settlement/ledger/types.ts';
import { batchTable, standingTable, windowTable } from '../../../../settlement/net/tables.ts';
import type { OpenWindow } from '../../../../settlement/net/types.ts';
import { type Layer, State } from '../../../../settlement/state.ts';
import { batchOf, confirmedFact, ledgerRules, resultOf } from './fixtures.ts';

const emptyPool: Pool = { cash: 0n, deposits: 0n, debts: 0n, openNet: 0n, escrow: 0n };

function layerOf(write: (state: State) => void): Layer {
  const state = new State([]);
  write(state);
  return state.freeze();
}

function accountWith(...balances: bigint[]): Account {
  return { nonce: 0, balances, deposits: [0n, 0n], debts: [0n, 0n] };
}

function windowWith(fields: Partial<OpenWindow>): OpenWindow {
  return {
    index: 0,
    fromHeight: 1,
    windowFromHeight: 1,
    batchSize: 5,
    borrowed: [],
    repaid: [],
    fees: [],
    liquidations: 0,
    ...fields,
  };
}

function createLaws(): ValueLaws {
  const genesis = layerOf((state) => {
    state.set(accountsTable, 'alice', accountWith(100n, 0n));
    state.set(poolsTable, 'UM', { ...emptyPool, cash: 1000n });
    state.set(windowTable, '', windowWith({}));
  });
  return new ValueLaws(ledgerRules, genesis);
}

/** Alice borrows 10 UM in block 1: out of the pool, into her account, into the open window. */
function borrowed(counted = 10n, received = 10n, openNet = 10n): Parameters<typeof resultOf>[0] {
  return {
    flows: { borrowed: [{ asset: 'UM', amount: 10n }], repaid: [], fees: [], liquidations: 0 },
    layer: layerOf((state) => {
      state.set(accountsTable, 'alice', accountWith(100n + received, 0n));
      state.set(poolsTable, 'UM', { ...emptyPool, cash: 990n, openNet });
      state.set(windowTable, '', windowWith({ borrowed: [{ asset: 'UM', amount: counted }] }));
    }),
  };
}

/** The window of block 5 becomes batch 1. */
function sealed(): Parameters<typeof resultOf>[0] {
  const batch = { ...batchOf(1), dutyReverts: 0 };
  return {
    facts: [{ type: 'batch_sealed', batch }],
    layer: layerOf((state) => {
      state.set(batchTable, '1', batch);
      state.set(poolsTable, 'UM', { ...emptyPool, cash: 990n });
      state.set(windowTable, '', windowWith({ fromHeight: 6 }));
    }),
  };
}

function confirmed(cash: bigint, batch = batchOf(1)): Parameters<typeof resultOf>[0] {
  return {
    facts: [confirmedFact(batch)],
    layer: layerOf((state) => {
      state.set(batchTable, '1', undefined);
      state.set(poolsTable, 'UM', { ...emptyPool, cash });
    }),
  };
}

describe('conservation', () => {
  it('holds from borrowing over seal to settlement', () => {
    const laws = createLaws();
    laws.finalized(1, resultOf(borrowed()));
    expect(laws.unsettled('UM')).toBe(10n);
    laws.finalized(5, resultOf(sealed()));
    laws.finalized(7, resultOf(confirmed(1000n)));
    expect(laws.unsettled('UM')).toBe(0n);
    expect(laws.conservation.result()).toEqual({ name: 'conservation', checks: 3, violations: [] });
    expect(laws.ledger.result()).toEqual({ name: 'ledger', checks: 3, violations: [] });
    expect(laws.exactlyOnce.result().violations).toEqual([]);
  });

  it('is broken by a window that counted less than flowed, and by a pool that counted otherwise', () => {
    const window = createLaws();
    window.finalized(1, resultOf(borrowed(9n, 10n, 9n)));
    expect(window.conservation.result().violations).toHaveLength(1);
    const pool = createLaws();
    pool.finalized(1, resultOf(borrowed(10n, 10n, 9n)));
    expect(pool.conservation.result().violations[0]).toContain('the pool of UM counts 9 open, the window 10');
  });

  it('is broken by a batch that vanishes unsettled', () => {
    const laws = createLaws();
    laws.finalized(1, resultOf(borrowed()));
    laws.finalized(5, resultOf(sealed()));
    laws.finalized(6, resultOf({ layer: layerOf((state) => state.set(batchTable, '1', undefined)) }));
    expect(laws.conservation.isBroken).toBe(true);
  });
});

describe('ledger', () => {
  it('is broken by value out of nowhere, in an account, a pool, the treasury, a channel or a stake', () => {
    const writes: ((state: State) => void)[] = [
      (state) => state.set(accountsTable, 'bob', accountWith(0n, 1n)),
      (state) => state.set(poolsTable, 'UM', { ...emptyPool, cash: 999n }),
      (state) => state.set(treasuryTable, 'TNZO', 5n),
      (state) =>
        state.set(channelsTable, 'c1', {
          ...{ payer: 'a', payee: 'b', asset: 'UM', deposit: 3n, expiresAtHeight: 0 },
          closing: undefined,
        }),
      (state) =>
        state.set(standingTable, '0', {
          index: 0,
          stake: 7n,
          priority: 0n,
          jailedUntilHeight: undefined,
          tombstoned: false,
          recentDuties: [],
        }),
    ];
    for (const write of writes) {
      const laws = createLaws();
      laws.finalized(1, resultOf({ layer: layerOf(write) }));
      expect(laws.ledger.result().violations).toHaveLength(1);
    }
  });

  it('is broken by a settlement whose net does not arrive', () => {
    const laws = createLaws();
    laws.finalized(1, resultOf(borrowed()));
    laws.finalized(5, resultOf(sealed()));
    laws.finalized(7, resultOf(confirmed(990n)));
    expect(laws.ledger.result().violations).toEqual(['height 7: -10 of UM out of nowhere']);
  });

  it('follows a network fee from an account over what gathers to the treasury, and misses no unit', () => {
    const steps = (gathered: bigint, treasury: bigint) => {
      const laws = createLaws();
      laws.finalized(
        1,
        resultOf({
          layer: layerOf((state) => {
            state.set(accountsTable, 'alice', accountWith(60n, 0n));
            state.set(accountsTable, 'bob', accountWith(39n, 0n));
            state.set(gatheredFeesTable, 'UM', gathered);
          }),
        }),
      );
      laws.finalized(
        2,
        resultOf({
          layer: layerOf((state) => {
            state.set(gatheredFeesTable, 'UM', undefined);
            state.set(treasuryTable, 'UM', treasury);
          }),
        }),
      );
      return laws.ledger.result().violations;
    };
    expect(steps(1n, 1n)).toEqual([]);
    expect(steps(2n, 2n)).toEqual(['height 1: 1 of UM out of nowhere']);
    expect(steps(1n, 0n)).toEqual(['height 2: -1 of UM out of nowhere']);
  });

  it('lets a slashed stake move to the treasury', () => {
    const standing = {
      index: 0,
      priority: 0n,
      jailedUntilHeight: undefined,
      tombstoned: false,
      recentDuties: [],
    };
    const genesis = layerOf((state) => state.set(standingTable, '0', { ...standing, stake: 1000n }));
    const laws = new ValueLaws(ledgerRules, genesis);
    const layer = layerOf((state) => {
      state.set(standingTable, '0', { ...standing, stake: 990n });
      state.set(treasuryTable, 'TNZO', 5n);
      state.set(batchTable, '1', { ...batchOf(1, { net: [], heldSlash: 5n }), dutyReverts: 0 });
    });
    laws.finalized(1, resultOf({ layer }));
    expect(laws.ledger.isBroken).toBe(false);
  });
});

describe('exactly once', () => {
  it('is broken by a batch settled twice, out of turn, or with a gap', () => {
    const broken = [
      [batchOf(2)],
      [batchOf(1), batchOf(1)],
      [batchOf(1), batchOf(2, { fromHeight: 7 })],
      [batchOf(1, { toHeight: 0 })],
    ];
    for (const batches of broken) {
      const laws = createLaws();
      for (const batch of batches) laws.finalized(9, resultOf({ facts: [confirmedFact(batch)] }));
      expect(laws.exactlyOnce.isBroken).toBe(true);
    }
  });

  it('is broken by a seal that skips heights, and by a window that does not follow the last', () => {
    const seal = createLaws();
    seal.finalized(6, resultOf({ facts: [{ type: 'batch_sealed', batch: batchOf(1) }] }));
    expect(seal.exactlyOnce.isBroken).toBe(true);
    const window = createLaws();
    const closed = { type: 'window_closed', index: 0, toHeight: 5, empty: true, batch: undefined } as const;
    window.finalized(5, resultOf({ facts: [{ ...closed, fromHeight: 2 }] }));
    expect(window.exactlyOnce.isBroken).toBe(true);
  });
});
