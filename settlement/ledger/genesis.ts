/**
 * The ledger before the first block. Sums over accounts and the pools' own totals agree from here on; a genesis in
 * which they cannot is refused, never repaired.
 */
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { AMOUNT_MAX, type Amount } from '../../consensus/primitives/flavor.ts';
import type { State } from '../state.ts';
import {
  ASSET_COUNT_MAX,
  ASSET_DECIMALS_MAX,
  ASSET_SUPPLY_MAX,
  assetIndexOf,
  isAssetSymbol,
} from './assets.ts';
import { accountsTable, poolsTable, pricesTable } from './tables.ts';
import type { AssetRules, GenesisAccount, LedgerRules } from './types.ts';

type AmountByAsset = Readonly<Record<string, Amount>>;

/** Sums over all accounts, by asset position. */
interface GenesisSums {
  readonly balances: Amount[];
  readonly deposits: Amount[];
  readonly debts: Amount[];
}

/**
 * Writes accounts, pools and prices of genesis. Every registered asset gets a pool and a price.
 *
 * @param poolCash - Smallest units by asset, beyond what deposits brought and debts took:
 *   cash = poolCash + deposits - debts.
 * @throws {CodedError} `LEDGER_GENESIS_INVALID`: unknown or ill-defined asset, address given twice, amount out of
 *   range, or debts that nothing was there to pay out.
 */
export function writeGenesisLedger(
  state: State,
  rules: LedgerRules,
  accounts: readonly GenesisAccount[],
  poolCash: AmountByAsset,
): void {
  checkRules(rules);
  const sums = writeAccounts(state, rules, accounts);
  const extraCash = amountsByPosition(rules, poolCash, 'pool cash');
  for (const [index, { symbol, price }] of rules.assets.entries()) {
    const deposits = sums.deposits[index] ?? 0n;
    const debts = sums.debts[index] ?? 0n;
    const cash = (extraCash[index] ?? 0n) + deposits - debts;
    check(cash >= 0n, `debts of ${symbol} exceed its pool`, { asset: symbol, short: String(-cash) });
    const supply = (sums.balances[index] ?? 0n) + cash;
    check(
      supply <= ASSET_SUPPLY_MAX && debts <= ASSET_SUPPLY_MAX && deposits <= AMOUNT_MAX,
      `more than 2^126 of ${symbol}`,
      { asset: symbol, supply: String(supply), debts: String(debts) },
    );
    state.set(poolsTable, symbol, { cash, deposits, debts, openNet: 0n, escrow: 0n });
    state.set(pricesTable, symbol, price);
  }
}

function writeAccounts(state: State, rules: LedgerRules, accounts: readonly GenesisAccount[]): GenesisSums {
  const zeros = rules.assets.map(() => 0n);
  const sums: GenesisSums = { balances: [...zeros], deposits: [...zeros], debts: [...zeros] };
  for (const { address, label, ...holdings } of accounts) {
    check(state.get(accountsTable, address) === undefined, `two accounts at ${address}`, { address, label });
    const balances = amountsByPosition(rules, holdings.balances, label);
    const deposits = amountsByPosition(rules, holdings.deposits, label);
    const debts = amountsByPosition(rules, holdings.debts, label);
    addTo(sums.balances, balances);
    addTo(sums.deposits, deposits);
    addTo(sums.debts, debts);
    state.set(accountsTable, address, { nonce: 0, balances, deposits, debts });
  }
  return sums;
}

function amountsByPosition(rules: LedgerRules, amounts: AmountByAsset, owner: string): readonly Amount[] {
  const byPosition = rules.assets.map(() => 0n);
  for (const [asset, amount] of Object.entries(amounts)) {
    const index = assetIndexOf(rules, asset);
    check(index >= 0, `${owner} holds an unregistered asset ${asset}`, { owner, asset });
    check(amount >= 0n && amount <= AMOUNT_MAX, `${owner} holds ${amount} of ${asset}`, { owner, asset });
    byPosition[index] = amount;
  }
  return byPosition;
}

function addTo(sums: Amount[], amounts: readonly Amount[]): void {
  for (const [index, amount] of amounts.entries()) sums[index] = (sums[index] ?? 0n) + amount;
}

function checkRules(rules: LedgerRules): void {
  const { assets, closeFactorBps, stakeAsset } = rules;
  check(assets.length > 0 && assets.length <= ASSET_COUNT_MAX, `${assets.length} assets`, {});
  check(isShareBps(closeFactorBps), `close factor ${closeFactorBps}`, { closeFactorBps });
  check(assetIndexOf(rules, stakeAsset) >= 0, `stake asset ${stakeAsset} is not registered`, { stakeAsset });
  const symbols = new Set<string>();
  for (const asset of assets) {
    const { symbol } = asset;
    check(isAssetSymbol(symbol) && !symbols.has(symbol), `bad or repeated symbol ${symbol}`, {
      asset: symbol,
    });
    symbols.add(symbol);
    check(isSoundAsset(asset), `rules of ${symbol} out of range`, { asset: symbol });
  }
}

function isSoundAsset(asset: AssetRules): boolean {
  const { decimals, collateralFactorBps, liquidationThresholdBps, liquidationBonusBps, price } = asset;
  return (
    Number.isInteger(decimals) &&
    decimals >= 0 &&
    decimals <= ASSET_DECIMALS_MAX &&
    isShareBps(collateralFactorBps) &&
    isShareBps(liquidationThresholdBps) &&
    collateralFactorBps <= liquidationThresholdBps &&
    isShareBps(liquidationBonusBps) &&
    price > 0n &&
    price <= AMOUNT_MAX
  );
}

function isShareBps(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 10_000;
}

function check(condition: boolean, message: string, details: Readonly<Record<string, unknown>>): void {
  if (!condition) throw new CodedError('LEDGER_GENESIS_INVALID', message, details);
}
