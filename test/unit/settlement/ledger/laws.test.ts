/** What holds whatever users do: value is kept, pools agree with their accounts, a refusal changes nothing. */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../../../consensus/primitives/flavor.ts';
import { accountOf, ledgerTotals } from '../../../../settlement/ledger/accounts.ts';
import { isSecured } from '../../../../settlement/ledger/health.ts';
import { applyLedgerOperation } from '../../../../settlement/ledger/ledger.ts';
import {
  confirmPoolFlows,
  type NetFlow,
  poolOf,
  sealPoolFlows,
} from '../../../../settlement/ledger/pools.ts';
import { accountsTable } from '../../../../settlement/ledger/tables.ts';
import type { LedgerEffect, LedgerOperation, LedgerRules } from '../../../../settlement/ledger/types.ts';
import type { State } from '../../../../settlement/state.ts';
import {
  alice,
  bob,
  carol,
  createLedger,
  rules as fixtureRules,
  oracle,
  snapshotOf,
} from './ledgerFixture.ts';

/** Few decimals, so that amounts of all assets weigh about the same and many operations succeed. */
const rules: LedgerRules = {
  ...fixtureRules,
  assets: fixtureRules.assets
    .slice(0, 3)
    .map((asset, index) => ({ ...asset, decimals: index, price: 10n ** BigInt(index) })),
};

const people = [alice, bob, carol, oracle];
const person = fc.constantFrom(...people);
const asset = fc.constantFrom('UM', 'USDC', 'TNZO');
const amount = fc.oneof(
  { weight: 8, arbitrary: fc.bigInt({ min: 1n, max: 400n }) },
  { weight: 1, arbitrary: fc.constantFrom(0n, -3n, 1n << 127n, 1n << 128n) },
);

/** Who owes what against what in the world below; anything else is refused for want of debt. */
const exposure = fc.constantFrom(
  { borrower: alice, debtAsset: 'TNZO', collateralAsset: 'USDC' },
  { borrower: bob, debtAsset: 'UM', collateralAsset: 'UM' },
  { borrower: carol, debtAsset: 'USDC', collateralAsset: 'TNZO' },
);
const liquidation: fc.Arbitrary<LedgerOperation> = fc
  .record({
    exposure,
    amount: fc.bigInt({ min: 0n, max: 60n }),
    exactCollateral: fc.option(fc.bigInt({ min: 0n, max: 60n }), { nil: undefined, freq: 2 }),
  })
  .map(({ exposure: pair, ...amounts }) => ({ type: 'liquidate', ...pair, ...amounts }));

/** Most exact liquidations come from the oracle, which alone may make them. */
function senderOf(op: LedgerOperation): fc.Arbitrary<Address> {
  return op.type === 'liquidate' && op.exactCollateral !== undefined ? fc.constantFrom(oracle, bob) : person;
}

const operation: fc.Arbitrary<LedgerOperation> = fc.oneof(
  fc.record({ type: fc.constant('transfer' as const), to: person, asset, amount }),
  fc.record({
    type: fc.constantFrom('deposit' as const, 'withdraw' as const, 'borrow' as const, 'repay' as const),
    asset,
    amount,
  }),
  fc.record({
    type: fc.constantFrom('borrow' as const, 'repay' as const),
    asset,
    amount: fc.bigInt({ min: 1n, max: 60n }),
  }),
  liquidation,
);
const repricing: fc.Arbitrary<LedgerOperation> = fc.record({
  type: fc.constant('price' as const),
  asset,
  price: fc.bigInt({ min: 0n, max: 300n }),
});

type Step =
  | { readonly type: 'apply'; readonly from: Address; readonly operation: LedgerOperation }
  | { readonly type: 'seal' | 'confirm' };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: operation.chain((op) =>
      fc.record({ type: fc.constant('apply' as const), from: senderOf(op), operation: fc.constant(op) }),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('apply' as const),
      from: fc.constant(oracle),
      operation: repricing,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('seal' as const, 'confirm' as const) }) },
);

function createWorld(): State {
  return createLedger(
    {
      [alice]: { balances: { UM: 300n, TNZO: 300n }, deposits: { USDC: 400n }, debts: { TNZO: 310n } },
      [bob]: { balances: { USDC: 300n, UM: 50n }, deposits: { UM: 200n }, debts: { UM: 155n } },
      [carol]: { balances: { UM: 100n, USDC: 100n }, deposits: { TNZO: 100n }, debts: { USDC: 79n } },
      [oracle]: { balances: { UM: 400n, USDC: 400n, TNZO: 400n } },
    },
    { UM: 100n, USDC: 50n, TNZO: 400n },
    rules,
  );
}

/** Follows a ledger through its steps and knows what its totals must be. */
class Ledger {
  readonly state = createWorld();
  readonly totals = [...ledgerTotals(this.state, rules)];
  readonly accepted = new Set<string>();
  #openNet = new Map<string, bigint>();
  readonly #sealed: (readonly NetFlow[])[] = [];

  run(next: Step): void {
    if (next.type === 'apply') this.#apply(next.from, next.operation);
    else if (next.type === 'seal') this.#seal();
    else this.#confirm();
  }

  checkLaws(): void {
    expect(ledgerTotals(this.state, rules)).toEqual(this.totals);
    const accounts = this.state.entries(accountsTable).map(([, account]) => account);
    for (const [index, { symbol }] of rules.assets.entries()) {
      const pool = poolOf(this.state, symbol);
      const sum = (kind: 'deposits' | 'debts') =>
        accounts.reduce((total, account) => total + (account[kind][index] ?? 0n), 0n);
      expect(pool.deposits).toBe(sum('deposits'));
      expect(pool.debts).toBe(sum('debts'));
      expect(pool.openNet).toBe(this.#openNet.get(symbol) ?? 0n);
      expect(pool.cash + (pool.openNet < 0n ? pool.openNet : 0n)).toBeGreaterThanOrEqual(0n);
      for (const account of accounts) {
        for (const held of [account.balances, account.deposits, account.debts]) {
          expect(held[index]).toBeGreaterThanOrEqual(0n);
        }
      }
    }
  }

  #apply(from: Address, op: LedgerOperation): void {
    const { state } = this;
    const before = snapshotOf(state);
    const victim = op.type === 'liquidate' ? accountOf(state, rules, op.borrower) : undefined;
    const wasSafe =
      victim !== undefined &&
      isSecured(state, rules, victim.deposits, victim.debts, 'liquidationThresholdBps');
    const mark = state.checkpoint();
    const verdict = applyLedgerOperation(state, rules, from, op);
    if (!verdict.ok) {
      expect(state.checkpoint()).toBe(mark);
      expect(snapshotOf(state)).toEqual(before);
      return;
    }
    this.accepted.add(op.type === 'liquidate' && op.exactCollateral !== undefined ? 'exact' : op.type);
    expect(wasSafe).toBe(false);
    if (op.type === 'borrow' || op.type === 'withdraw') {
      const { deposits, debts } = accountOf(state, rules, from);
      expect(isSecured(state, rules, deposits, debts, 'collateralFactorBps')).toBe(true);
    }
    const after = snapshotOf(state);
    state.rollback(mark);
    expect(snapshotOf(state)).toEqual(before);
    expect(applyLedgerOperation(state, rules, from, op)).toEqual(verdict);
    expect(snapshotOf(state)).toEqual(after);
    this.#count(verdict.value);
  }

  #count({ borrowed, repaid }: LedgerEffect): void {
    for (const [flow, sign] of [[borrowed, 1n] as const, [repaid, -1n] as const]) {
      if (flow === undefined) continue;
      this.#openNet.set(flow.asset, (this.#openNet.get(flow.asset) ?? 0n) + sign * flow.amount);
    }
  }

  #seal(): void {
    const net = [...this.#openNet].map(([symbol, flow]) => ({ asset: symbol, amount: flow }));
    const nonZero = net.filter((flow) => flow.amount !== 0n);
    sealPoolFlows(this.state, rules, nonZero);
    this.#sealed.push(nonZero);
    this.#openNet = new Map();
    this.accepted.add('seal');
  }

  #confirm(): void {
    const net = this.#sealed.shift();
    if (net === undefined) return;
    confirmPoolFlows(this.state, net);
    for (const { asset: symbol, amount: settled } of net) {
      const index = rules.assets.findIndex((candidate) => candidate.symbol === symbol);
      this.totals[index] = (this.totals[index] ?? 0n) + settled;
    }
    this.accepted.add('confirm');
  }
}

describe('ledger laws', () => {
  it('hold after every step of any history', () => {
    const accepted = new Set<string>();
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60, size: 'max' }), (steps) => {
        const ledger = new Ledger();
        for (const next of steps) {
          ledger.run(next);
          ledger.checkLaws();
        }
        for (const type of ledger.accepted) accepted.add(type);
      }),
      { seed: 5, numRuns: 120 },
    );
    // Without this the property could hold because everything was refused.
    expect([...accepted].sort()).toEqual([
      'borrow',
      'confirm',
      'deposit',
      'exact',
      'liquidate',
      'price',
      'repay',
      'seal',
      'transfer',
      'withdraw',
    ]);
  });

  it('leave the same writes whether refused operations were tried or not', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(person, operation), { maxLength: 40, size: 'max' }), (attempts) => {
        const eager = createWorld();
        const careful = createWorld();
        for (const [from, op] of attempts) {
          const mark = eager.checkpoint();
          if (!applyLedgerOperation(eager, rules, from, op).ok) eager.rollback(mark);
          else applyLedgerOperation(careful, rules, from, op);
        }
        expect(eager.freeze().encoded()).toEqual(careful.freeze().encoded());
      }),
      { numRuns: 50 },
    );
  });
});
