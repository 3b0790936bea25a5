/**
 * The ledger's rows in replicated state, table ids 0 to 15. Encodings are canonical: an account writes only its
 * non-zero entries, ascending by asset position, so equal accounts have equal bytes.
 */
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import type { Amount } from '../../consensus/primitives/flavor.ts';
import type { Table } from '../state.ts';
import { ASSET_COUNT_MAX } from './assets.ts';
import type { Account, Pool } from './types.ts';

/** Key: address. */
export const accountsTable: Table<Account> = {
  id: 0,
  name: 'accounts',
  write(writer, account) {
    writer.u64(account.nonce).u16(account.balances.length);
    writeSparse(writer, account.balances);
    writeSparse(writer, account.deposits);
    writeSparse(writer, account.debts);
  },
  read(reader) {
    const nonce = reader.u64();
    const assetCount = reader.u16();
    if (assetCount > ASSET_COUNT_MAX) throw new DecodeError(`${assetCount} assets`);
    const balances = readSparse(reader, assetCount);
    const deposits = readSparse(reader, assetCount);
    return { nonce, balances, deposits, debts: readSparse(reader, assetCount) };
  },
};

/** Key: asset symbol. Every registered asset has a row. */
export const poolsTable: Table<Pool> = {
  id: 1,
  name: 'pools',
  write(writer, pool) {
    writer
      .amount(pool.cash)
      .amount(pool.deposits)
      .amount(pool.debts)
      .signedAmount(pool.openNet)
      .amount(pool.escrow);
  },
  read: (reader) => ({
    cash: reader.amount(),
    deposits: reader.amount(),
    debts: reader.amount(),
    openNet: reader.signedAmount(),
    escrow: reader.amount(),
  }),
};

/** Key: asset symbol; USD per whole unit times 10^8. Every registered asset has a row. */
export const pricesTable: Table<bigint> = {
  id: 2,
  name: 'prices',
  write: (writer, price) => writer.amount(price),
  read: (reader) => reader.amount(),
};

/** Key: asset symbol; no row where nothing was ever paid in. */
export const treasuryTable: Table<Amount> = {
  id: 3,
  name: 'treasury',
  write: (writer, amount) => writer.amount(amount),
  read: (reader) => reader.amount(),
};

/** All of the above, for whoever stores and restores rows without knowing what they mean. */
export const ledgerTables = [accountsTable, poolsTable, pricesTable, treasuryTable] as const;

function writeSparse(writer: Writer, amounts: readonly Amount[]): void {
  let count = 0;
  for (const amount of amounts) if (amount !== 0n) count += 1;
  writer.u16(count);
  if (count === 0) return;
  for (let index = 0; index < amounts.length; index += 1) {
    const amount = amounts[index] ?? 0n;
    if (amount !== 0n) writer.u16(index).amount(amount);
  }
}

function readSparse(reader: Reader, assetCount: number): Amount[] {
  const amounts: Amount[] = [];
  for (let index = 0; index < assetCount; index += 1) amounts.push(0n);
  const count = reader.u16();
  let previous = -1;
  for (let entry = 0; entry < count; entry += 1) {
    const index = reader.u16();
    const amount = reader.amount();
    if (index <= previous || index >= assetCount || amount === 0n) {
      throw new DecodeError('amounts out of order, out of range or zero');
    }
    amounts[index] = amount;
    previous = index;
  }
  return amounts;
}
