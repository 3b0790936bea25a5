/**
 * What positions are worth. Amount times price over 10^decimals is never divided out: both sides of a comparison are
 * brought to one scale instead, so no rounding decides who may borrow or be liquidated.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Amount } from '../../consensus/primitives/flavor.ts';
import type { State } from '../state.ts';
import { ASSET_DECIMALS_MAX } from './assets.ts';
import { pricesTable } from './tables.ts';
import type { AssetRules, LedgerRules } from './types.ts';

/** The whole, in basis points. */
export const BPS: bigint = 10_000n;

const powersOfTen: readonly bigint[] = Array.from(
  { length: ASSET_DECIMALS_MAX + 1 },
  (_, exponent) => 10n ** BigInt(exponent),
);

/** Price of one whole unit of a registered asset in USD, times 10^8. */
export function priceOf(state: State, asset: string): bigint {
  const price = state.get(pricesTable, asset);
  if (price === undefined) assert(false, `no price of ${asset}`);
  return price;
}

/**
 * True when all debts together are worth no more than the deposits, each weighted by its limit.
 *
 * @param limit - `collateralFactorBps` bounds what an account may do itself, `liquidationThresholdBps` what others
 *   may do to it.
 */
export function isSecured(
  state: State,
  rules: LedgerRules,
  deposits: readonly Amount[],
  debts: readonly Amount[],
  limit: 'collateralFactorBps' | 'liquidationThresholdBps',
): boolean {
  const { assets } = rules;
  let unsecured = 0n;
  for (let index = 0; index < debts.length; index += 1) {
    const debt = debts[index];
    const asset = assets[index];
    if (debt === undefined || debt === 0n || asset === undefined) continue;
    unsecured += scaledWorth(state, asset, debt);
  }
  if (unsecured === 0n) return true;
  unsecured *= BPS;
  for (let index = 0; index < deposits.length; index += 1) {
    const deposit = deposits[index];
    const asset = assets[index];
    if (deposit === undefined || deposit === 0n || asset === undefined) continue;
    unsecured -= scaledWorth(state, asset, deposit) * BigInt(asset[limit]);
    if (unsecured <= 0n) return true;
  }
  return false;
}

/**
 * Collateral that a liquidator gets for repaying `amount` of a debt: its worth plus the collateral's bonus, rounded
 * down so that the borrower never loses more than that.
 */
export function seizedCollateral(
  state: State,
  debtAsset: AssetRules,
  amount: Amount,
  collateralAsset: AssetRules,
): bigint {
  const worth = scaledWorth(state, debtAsset, amount) * (BPS + BigInt(collateralAsset.liquidationBonusBps));
  return worth / (scaledWorth(state, collateralAsset, 1n) * BPS);
}

/** Worth in USD times 10^8 times 10^36. */
function scaledWorth(state: State, asset: AssetRules, amount: bigint): bigint {
  const scale = powersOfTen[ASSET_DECIMALS_MAX - asset.decimals];
  if (scale === undefined) assert(false, `${asset.symbol} has ${asset.decimals} decimals`);
  return amount * priceOf(state, asset.symbol) * scale;
}
