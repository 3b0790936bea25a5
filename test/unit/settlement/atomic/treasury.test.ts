import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Address } from '../../../../consensus/primitives/flavor.ts';
import {
  openWithdrawals,
  WITHDRAWALS_OPEN_MAX,
  withdrawalOf,
} from '../../../../settlement/atomic/treasury.ts';
import { openWithdrawalsTable, withdrawalsTable } from '../../../../settlement/atomic/treasuryTables.ts';
import type {
  TreasuryApproveOperation,
  TreasuryFact,
  TreasuryProposeOperation,
  WithdrawalTerms,
} from '../../../../settlement/atomic/treasuryTypes.ts';
import { creditTreasury, treasuryOf } from '../../../../settlement/ledger/accounts.ts';
import { addressOf } from '../ledger/ledgerFixture.ts';
import { AtomicChain, expectRoundTrip, idOf, rules, TNZO } from './atomicFixture.ts';

const builder = addressOf('builder');
const withdrawalId = idOf(0x7ea5);
const grant: WithdrawalTerms = { asset: 'TNZO', amount: 3n * TNZO, to: builder };

function keeper(number: number): Address {
  return rules.treasury.keepers[number - 1] ?? addressOf('nobody');
}

function proposal(fields: Partial<TreasuryProposeOperation> = {}): TreasuryProposeOperation {
  return { type: 'treasury_propose', withdrawalId, ...grant, expiresAtHeight: 20, ...fields };
}

function approval(fields: Partial<TreasuryApproveOperation> = {}): TreasuryApproveOperation {
  return { type: 'treasury_approve', withdrawalId, ...grant, ...fields };
}

/** A treasury of that much, in which nobody proposed anything. */
function chainWith(held = 5n * TNZO): AtomicChain {
  const chain = new AtomicChain({ [addressOf('rich')]: { UM: 1000n } });
  creditTreasury(chain.state, 'TNZO', held);
  return chain;
}

function proposed(held?: bigint): AtomicChain {
  const chain = chainWith(held);
  expect(chain.treasury(keeper(1), proposal())).toHaveLength(1);
  return chain;
}

describe('a withdrawal from the treasury', () => {
  it('is paid with the third of five keepers, to the unit, and not before', () => {
    const chain = proposed();
    const totals = chain.totals();
    expect(chain.treasury(keeper(4), approval())).toEqual([
      { type: 'treasury_withdrawal_approved', withdrawalId, keeper: keeper(4), approvalCount: 2 },
    ]);
    expect(chain.endBlock()).toEqual([]);
    expect(chain.balance(builder)).toBe(0n);
    expect(chain.treasury(keeper(2), approval())).toEqual([
      { type: 'treasury_withdrawal_approved', withdrawalId, keeper: keeper(2), approvalCount: 3 },
      { type: 'treasury_withdrawn', withdrawalId, ...grant },
    ]);
    expect(chain.balance(builder)).toBe(3n * TNZO);
    expect(treasuryOf(chain.state, 'TNZO')).toBe(2n * TNZO);
    expect(withdrawalOf(chain.state, withdrawalId)).toMatchObject({
      approvals: [keeper(1), keeper(4), keeper(2)],
      paidAtHeight: 11,
    });
    expect(chain.totals()).toEqual(totals);
  });

  it.each([
    ['another recipient', { to: addressOf('thief') }],
    ['another amount', { amount: grant.amount + 1n }],
    ['another asset', { asset: 'UM' }],
  ])('takes no approval of %s under its id', (_, fields) => {
    const chain = proposed();
    expect(chain.treasury(keeper(2), approval())).toHaveLength(1);
    const before = chain.rows();
    expect(chain.treasury(keeper(3), approval(fields))).toBe('TREASURY_WITHDRAWAL_OTHER');
    expect(chain.treasury(keeper(4), approval(fields))).toBe('TREASURY_WITHDRAWAL_OTHER');
    expect(chain.rows()).toEqual(before);
  });

  it('counts a keeper once, whoever proposed it among them', () => {
    const chain = proposed();
    expect(chain.treasury(keeper(1), approval())).toBe('TREASURY_APPROVED_ALREADY');
    expect(chain.treasury(keeper(2), approval())).toHaveLength(1);
    expect(chain.treasury(keeper(2), approval())).toBe('TREASURY_APPROVED_ALREADY');
    expect(withdrawalOf(chain.state, withdrawalId)?.paidAtHeight).toBeUndefined();
  });

  it('is the business of keepers alone', () => {
    const chain = proposed();
    const before = chain.rows();
    const outcomes = [proposal({ withdrawalId: idOf(1) }), approval()].map((operation) =>
      chain.treasury(builder, operation),
    );
    expect(outcomes).toEqual(['TREASURY_KEEPER_ONLY', 'TREASURY_KEEPER_ONLY']);
    expect(chain.rows()).toEqual(before);
  });

  it('happens once: neither approvals nor the proposal come again, even long after its last height', () => {
    const chain = proposed(50n * TNZO);
    chain.treasury(keeper(2), approval());
    chain.treasury(keeper(3), approval());
    chain.height = 10_000;
    const before = chain.rows();
    expect(chain.treasury(keeper(4), approval())).toBe('TREASURY_WITHDRAWAL_PAID');
    const again = proposal({ expiresAtHeight: 10_100 });
    expect(chain.treasury(keeper(5), again)).toBe('TREASURY_WITHDRAWAL_PAID');
    expect(chain.endBlock()).toEqual([]);
    expect(chain.rows()).toEqual(before);
    expect(chain.balance(builder)).toBe(3n * TNZO);
  });

  it('waits, approved, for a treasury that holds too little, and is paid in the block that brings enough', () => {
    const chain = proposed(3n * TNZO - 1n);
    chain.treasury(keeper(2), approval());
    expect(chain.treasury(keeper(3), approval())).toHaveLength(1);
    expect(chain.endBlock()).toEqual([]);
    creditTreasury(chain.state, 'TNZO', 1n);
    expect(chain.endBlock()).toEqual([{ type: 'treasury_withdrawn', withdrawalId, ...grant }]);
    expect(treasuryOf(chain.state, 'TNZO')).toBe(0n);
    expect(chain.balance(builder)).toBe(3n * TNZO);
    expect(chain.endBlock()).toEqual([]);
  });

  it('can be approved at its last height, and is gone after it with every approval it had', () => {
    const chain = proposed();
    chain.treasury(keeper(2), approval());
    chain.height = 20;
    expect(chain.endBlock()).toEqual([{ type: 'treasury_withdrawal_expired', withdrawalId, ...grant }]);
    expect(openWithdrawals(chain.state)).toEqual([]);
    expect(chain.treasury(keeper(3), approval())).toBe('TREASURY_WITHDRAWAL_UNKNOWN');
    // Its id is free, and old approvals do not count.
    expect(chain.treasury(keeper(1), proposal({ expiresAtHeight: 30 }))).toHaveLength(1);
    expect(chain.treasury(keeper(3), approval())).toHaveLength(1);
    expect(withdrawalOf(chain.state, withdrawalId)?.paidAtHeight).toBeUndefined();
    const late = proposed();
    late.treasury(keeper(2), approval());
    late.height = 20;
    expect(late.treasury(keeper(3), approval())).toHaveLength(2);
    expect(late.endBlock()).toEqual([]);
  });

  it.each([
    ['an asset nobody registered', { asset: 'NONE' }, 'LEDGER_ASSET_UNKNOWN'],
    ['nothing', { amount: 0n }, 'LEDGER_AMOUNT_ZERO'],
    ['a time that is over', { expiresAtHeight: 10 }, 'TREASURY_WITHDRAWAL_EXPIRED'],
    ['a time too far ahead', { expiresAtHeight: 302_411 }, 'TREASURY_EXPIRY_TOO_FAR'],
  ])('is not proposed of %s', (_, fields, code) => {
    const chain = chainWith();
    const before = chain.rows();
    expect(chain.treasury(keeper(1), proposal(fields))).toBe(code);
    expect(chain.rows()).toEqual(before);
    expect(chain.treasury(keeper(1), proposal({ expiresAtHeight: 302_410 }))).toHaveLength(1);
    expect(chain.treasury(keeper(2), proposal())).toBe('TREASURY_WITHDRAWAL_EXISTS');
  });

  it('leaves room for other keepers when one proposes without end', () => {
    const chain = chainWith();
    const outcomes = Array.from({ length: WITHDRAWALS_OPEN_MAX + 1 }, (_, number) =>
      chain.treasury(keeper(1), proposal({ withdrawalId: idOf(number) })),
    );
    expect(outcomes.pop()).toBe('TREASURY_WITHDRAWALS_TOO_MANY');
    expect(openWithdrawals(chain.state)).toHaveLength(WITHDRAWALS_OPEN_MAX);
    expect(chain.treasury(keeper(2), proposal({ withdrawalId: idOf(99) }))).toHaveLength(1);
  });
});

describe('withdrawals from the treasury', () => {
  const step = fc.record({
    kind: fc.constantFrom('propose', 'approve', 'approve', 'approve', 'fund', 'end'),
    by: fc.integer({ min: 0, max: 5 }),
    id: fc.integer({ min: 1, max: 3 }),
    amount: fc.constantFrom(40n, 90n),
    to: fc.constantFrom(builder, addressOf('other')),
    blocks: fc.integer({ min: 1, max: 8 }),
  });

  it('conserve every unit, and are each paid once, after three keepers agreed to just that', () => {
    let paid = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 30, maxLength: 60 }), (steps) => {
        const chain = chainWith(100n);
        let totals = chain.totals();
        // Who signed which terms under which id: the books of somebody who knows nothing of proposals.
        const signed = new Map<string, Set<Address>>();
        const paidIds = new Set<string>();
        let out = 0n;
        const book = (facts: readonly TreasuryFact[] | string): void => {
          if (typeof facts === 'string') return;
          for (const fact of facts) {
            if (fact.type !== 'treasury_withdrawn') continue;
            const { withdrawalId: id, amount, to } = fact;
            expect(signed.get(`${id} ${amount} ${to}`)?.size).toBeGreaterThanOrEqual(3);
            expect(paidIds.has(id)).toBe(false);
            paidIds.add(id);
            out += amount;
            paid += 1;
          }
        };
        for (const { kind, by, id, amount, to, blocks } of steps) {
          // The sixth is no keeper.
          const from = keeper(by + 1);
          const terms = { withdrawalId: idOf(id), amount, to };
          if (kind === 'fund') {
            creditTreasury(chain.state, 'TNZO', 7n);
            totals = chain.totals();
          } else if (kind === 'end') book(chain.endBlock());
          else {
            const operation =
              kind === 'propose'
                ? proposal({ ...terms, expiresAtHeight: chain.height + blocks })
                : approval(terms);
            const key = `${terms.withdrawalId} ${amount} ${to}`;
            if (rules.treasury.keepers.includes(from)) {
              signed.set(key, (signed.get(key) ?? new Set()).add(from));
            }
            const before = chain.rows();
            const outcome = chain.treasury(from, operation);
            if (typeof outcome === 'string') expect(chain.rows()).toEqual(before);
            book(outcome);
          }
          expect(chain.totals()).toEqual(totals);
          const got = (chain.balance(builder) ?? 0n) + (chain.balance(addressOf('other')) ?? 0n);
          expect(got).toBe(out);
          expectRoundTrip(chain.state, [withdrawalsTable, openWithdrawalsTable]);
        }
      }),
    );
    expect(paid).toBeGreaterThan(20);
  });
});
