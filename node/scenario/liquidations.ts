/**
 * Makes a trace's liquidations replayable: before each stands an oracle `price` that makes the borrower liquidatable,
 * behind it one that restores the price, so the trace's exact amounts move under the ledger's own health rule.
 */
import { AMOUNT_MAX } from '../../consensus/primitives/flavor.ts';
import type { Config } from '../config/types.ts';
import { Positions } from './positions.ts';
import { ORACLE_ACCOUNT } from './transactions.ts';
import type { ScenarioAccount, TimelineEvent, WorkloadTransaction } from './types.ts';

const BPS = 10_000n;

export interface ExpandOptions {
  readonly assets: Config['ledger']['assets'];
  /** Genesis accounts, by funding or as written. */
  readonly accounts: readonly ScenarioAccount[];
  readonly timeline: readonly TimelineEvent[];
  /** Rows in order, ascending by block. */
  readonly rows: readonly WorkloadTransaction[];
}

export interface Expansion {
  readonly transactions: readonly WorkloadTransaction[];
  /** Indexes of rows whose borrower no price can make liquidatable. */
  readonly impossible: readonly number[];
}

/** Replays all positions in order and puts price moves around the rows that liquidate. */
export function expandLiquidations(options: ExpandOptions): Expansion {
  const positions = new Positions(options.assets);
  for (const { label, balances, deposits, debts } of options.accounts) {
    for (const [asset, amount] of Object.entries(balances)) positions.holding(label, asset).balance += amount;
    for (const [asset, amount] of Object.entries(deposits)) positions.holding(label, asset).deposit += amount;
    for (const [asset, amount] of Object.entries(debts)) positions.holding(label, asset).debt += amount;
  }
  const events = options.timeline
    .flatMap(({ at, transactions }) =>
      'block' in at ? transactions.map((transaction) => ({ block: at.block, transaction })) : [],
    )
    .sort((a, b) => a.block - b.block);
  let nextEvent = 0;
  const transactions: WorkloadTransaction[] = [];
  const impossible: number[] = [];
  for (const [index, row] of options.rows.entries()) {
    for (
      let event = events[nextEvent];
      event !== undefined && event.block <= row.block;
      event = events[nextEvent]
    ) {
      positions.apply(event.transaction);
      nextEvent += 1;
    }
    const { operation } = row.transaction;
    if (operation.type !== 'liquidate') {
      transactions.push(row);
      positions.apply(row.transaction);
      continue;
    }
    const move = findPriceMove(positions, operation.borrower, [
      operation.debtAsset,
      operation.collateralAsset,
    ]);
    if (move === undefined) {
      impossible.push(index);
      continue;
    }
    const restored = positions.price(move.asset);
    const price = (value: bigint): WorkloadTransaction => ({
      block: row.block,
      transaction: { account: ORACLE_ACCOUNT, operation: { type: 'price', asset: move.asset, price: value } },
    });
    transactions.push(price(move.price), row, price(restored));
    positions.apply(row.transaction);
  }
  return { transactions, impossible };
}

/**
 * A price of one asset at which an account's debts exceed its liquidation threshold, others unchanged.
 *
 * Worth is linear in each price, so the bound is a division: raise what is owed beyond its collateral, or lower what
 * secures the rest.
 * @param preferred - Assets to try first.
 */
export function findPriceMove(
  positions: Positions,
  account: string,
  preferred: readonly string[],
): { readonly asset: string; readonly price: bigint } | undefined {
  const slopes = new Map<string, bigint>();
  let excess = 0n;
  for (const [symbol, { deposit, debt }] of positions.accounts.get(account) ?? []) {
    const thresholdBps = BigInt(positions.assets.get(symbol)?.liquidationThresholdBps ?? 0);
    const slope = (debt * BPS - deposit * thresholdBps) * positions.scale(symbol);
    slopes.set(symbol, slope);
    excess += slope * positions.price(symbol);
  }
  const first = preferred[0];
  if (excess > 0n && first !== undefined) return { asset: first, price: positions.price(first) };
  for (const asset of new Set([...preferred, ...slopes.keys()])) {
    const slope = slopes.get(asset) ?? 0n;
    const rest = excess - slope * positions.price(asset);
    if (slope > 0n) {
      const price = -rest / slope + 1n;
      if (price <= AMOUNT_MAX) return { asset, price };
    } else if (slope < 0n && rest > 0n) {
      const price = (rest - 1n) / -slope;
      if (price > 0n) return { asset, price };
    }
  }
  return undefined;
}
