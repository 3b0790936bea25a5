import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode, encode, type Writer } from '../../../../consensus/primitives/codec.ts';
import { AMOUNT_MAX } from '../../../../consensus/primitives/flavor.ts';
import {
  accountsTable,
  ledgerTables,
  poolsTable,
  pricesTable,
  treasuryTable,
} from '../../../../settlement/ledger/tables.ts';
import type { Account } from '../../../../settlement/ledger/types.ts';
import type { Table } from '../../../../settlement/state.ts';

const amount = fc.oneof(fc.constant(0n), fc.bigInt({ min: 0n, max: AMOUNT_MAX }));
const account: fc.Arbitrary<Account> = fc.integer({ min: 0, max: 12 }).chain((assetCount) => {
  const amounts = fc.array(amount, { minLength: assetCount, maxLength: assetCount });
  return fc.record({ nonce: fc.maxSafeNat(), balances: amounts, deposits: amounts, debts: amounts });
});
const pool = fc.record({
  cash: amount,
  deposits: amount,
  debts: amount,
  openNet: fc.bigInt({ min: -AMOUNT_MAX, max: AMOUNT_MAX }),
  escrow: amount,
});

function roundTrip<Row>(table: Table<Row>, row: Row): unknown {
  return decode(
    encode((writer) => table.write(writer, row)),
    table.read,
  );
}

describe('ledger tables', () => {
  it('give every row back', () => {
    fc.assert(
      fc.property(account, (row) => {
        expect(roundTrip(accountsTable, row)).toEqual({ ok: true, value: row });
      }),
    );
    fc.assert(
      fc.property(pool, (row) => {
        expect(roundTrip(poolsTable, row)).toEqual({ ok: true, value: row });
      }),
    );
    expect(roundTrip(pricesTable, 7n)).toEqual({ ok: true, value: 7n });
    expect(roundTrip(treasuryTable, AMOUNT_MAX)).toEqual({ ok: true, value: AMOUNT_MAX });
  });

  it('use ids of the ledger, each once', () => {
    const ids = ledgerTables.map(({ id }) => id);
    expect(ids.length).toBe(4);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toBeLessThan(16);
  });

  it('write only the entries that are not zero', () => {
    const zeros = Array.from({ length: 500 }, () => 0n);
    const row: Account = { nonce: 1, balances: zeros, deposits: zeros, debts: zeros };
    expect(encode((writer) => accountsTable.write(writer, row)).length).toBe(8 + 2 + 3 * 2);
  });

  const malformed: Readonly<Record<string, (writer: Writer) => void>> = {
    'a zero entry': (w) => w.u64(0).u16(2).u16(1).u16(0).amount(0n).u16(0).u16(0),
    'entries out of order': (w) => w.u64(0).u16(2).u16(2).u16(1).amount(1n).u16(0).amount(1n).u16(0).u16(0),
    'an entry twice': (w) => w.u64(0).u16(2).u16(2).u16(1).amount(1n).u16(1).amount(1n).u16(0).u16(0),
    'an entry beyond the assets': (w) => w.u64(0).u16(2).u16(1).u16(2).amount(1n).u16(0).u16(0),
    'more assets than there can be': (w) => w.u64(0).u16(1025).u16(0).u16(0).u16(0),
    'a missing list': (w) => w.u64(0).u16(2).u16(0).u16(0),
  };
  it.each(Object.keys(malformed))('refuse an account with %s', (name) => {
    const write = malformed[name];
    expect(write).toBeDefined();
    if (write !== undefined) {
      expect(decode(encode(write), accountsTable.read)).toMatchObject({
        ok: false,
        code: 'ENCODING_INVALID',
      });
    }
  });
});
