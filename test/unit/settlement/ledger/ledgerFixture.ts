/** A small ledger for tests: four assets of unlike decimals and prices, named accounts, and its rows as bytes. */
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { encode } from '../../../../consensus/primitives/codec.ts';
import type { Address, Amount } from '../../../../consensus/primitives/flavor.ts';
import { accountOf } from '../../../../settlement/ledger/accounts.ts';
import { writeGenesisLedger } from '../../../../settlement/ledger/genesis.ts';
import { applyLedgerOperation, type LedgerVerdict } from '../../../../settlement/ledger/ledger.ts';
import {
  accountsTable,
  poolsTable,
  pricesTable,
  treasuryTable,
} from '../../../../settlement/ledger/tables.ts';
import type {
  Account,
  AssetRules,
  GenesisAccount,
  LedgerOperation,
  LedgerRules,
} from '../../../../settlement/ledger/types.ts';
import { State, type Table } from '../../../../settlement/state.ts';

export function addressOf(label: string): Address {
  return `0x${toHex(new TextEncoder().encode(label)).slice(2).padEnd(64, '0')}`;
}

export const alice = addressOf('alice');
export const bob = addressOf('bob');
export const carol = addressOf('carol');
export const oracle = addressOf('oracle');

const USD = 100_000_000n;

function assetRules(symbol: string, decimals: number, price: bigint, bonusBps: number): AssetRules {
  return {
    symbol,
    decimals,
    collateralFactorBps: 7500,
    liquidationThresholdBps: 8000,
    liquidationBonusBps: bonusBps,
    price,
  };
}

/** UM 2 USD, USDC 1 USD, TNZO 0.5 USD with 18 decimals, WBTC 50000 USD with 8. */
export const rules: LedgerRules = {
  assets: [
    assetRules('UM', 6, 2n * USD, 1000),
    assetRules('USDC', 6, USD, 500),
    assetRules('TNZO', 18, USD / 2n, 1000),
    assetRules('WBTC', 8, 50_000n * USD, 1000),
  ],
  closeFactorBps: 5000,
  stakeAsset: 'TNZO',
  oracle,
};

/** Holdings in smallest units; what is not named is zero. */
export interface Holdings {
  readonly balances?: Readonly<Record<string, Amount>>;
  readonly deposits?: Readonly<Record<string, Amount>>;
  readonly debts?: Readonly<Record<string, Amount>>;
}

export function genesisAccount(address: Address, holdings: Holdings): GenesisAccount {
  return { address, label: address.slice(0, 12), balances: {}, deposits: {}, debts: {}, ...holdings };
}

/** A state whose genesis lies in the base, as after the first block. */
export function createLedger(
  holdings: Readonly<Record<Address, Holdings>>,
  poolCash: Readonly<Record<string, Amount>> = {},
  ledgerRules: LedgerRules = rules,
): State {
  const genesis = new State([]);
  const accounts = Object.entries(holdings).map(([address, held]) => genesisAccount(address, held));
  writeGenesisLedger(genesis, ledgerRules, accounts, poolCash);
  return new State([genesis.freeze()]);
}

/** Applies an operation and checks on the way that a refusal wrote nothing. */
export function apply(state: State, from: Address, operation: LedgerOperation): LedgerVerdict {
  const mark = state.checkpoint();
  const verdict = applyLedgerOperation(state, rules, from, operation);
  if (!verdict.ok && state.checkpoint() !== mark) throw new Error(`${verdict.code} left writes behind`);
  return verdict;
}

/** Applies an operation that a test takes for granted. */
export function applyOk(state: State, from: Address, operation: LedgerOperation): void {
  const verdict = apply(state, from, operation);
  if (!verdict.ok) throw new Error(`${verdict.code} ${JSON.stringify(verdict.details)}`);
}

/** An account's entries for one asset. */
export function holdingsOf(state: State, address: Address, symbol: string) {
  const index = rules.assets.findIndex((asset) => asset.symbol === symbol);
  const account: Account = accountOf(state, rules, address);
  return {
    balance: account.balances[index],
    deposit: account.deposits[index],
    debt: account.debts[index],
  };
}

/** Every row of the ledger as hex text, so that states can be compared whole. */
export function snapshotOf(state: State): readonly string[] {
  return [
    ...encodedRows(state, accountsTable),
    ...encodedRows(state, poolsTable),
    ...encodedRows(state, pricesTable),
    ...encodedRows(state, treasuryTable),
  ];
}

function encodedRows<Row>(state: State, table: Table<Row>): string[] {
  return state
    .entries(table)
    .map(([key, row]) => `${table.name} ${key} ${toHex(encode((writer) => table.write(writer, row)))}`);
}
