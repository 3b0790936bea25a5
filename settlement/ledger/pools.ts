/**
 * The lending pools' side of settlement: what a seal and a confirmation move. Invariant: cash covers what the open
 * window's repayments will take away at the seal, so a seal never fails.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import { AMOUNT_MAX } from '../../consensus/primitives/flavor.ts';
import type { State } from '../state.ts';
import { poolsTable } from './tables.ts';
import type { LedgerRules, Pool } from './types.ts';

/** An asset's net flow of a batch: borrowed minus repaid. */
export interface NetFlow {
  readonly asset: string;
  readonly amount: bigint;
}

/** The pool of a registered asset; genesis wrote one for each. */
export function poolOf(state: State, asset: string): Pool {
  const pool = state.get(poolsTable, asset);
  if (pool === undefined) assert(false, `no pool of ${asset}`);
  return pool;
}

/** Cash that may leave: what repayments of the open window brought and the seal takes away is spoken for. */
export function hasFreeCash(cash: bigint, openNet: bigint): boolean {
  return cash >= 0n && cash + openNet >= 0n;
}

/**
 * Closes the open window: surplus repayments leave cash into escrow, on their way to the settlement chain.
 * @param net - The sealed batch's net, zero entries left out; it must be what the pools counted themselves.
 */
export function sealPoolFlows(state: State, rules: LedgerRules, net: readonly NetFlow[]): void {
  let matchedCount = 0;
  for (const { symbol } of rules.assets) {
    const pool = poolOf(state, symbol);
    const sealed = flowOf(net, symbol);
    if (sealed !== pool.openNet)
      assert(false, `net of ${symbol} is ${sealed}, its pool counted ${pool.openNet}`);
    if (sealed === 0n) continue;
    matchedCount += 1;
    const outflow = sealed < 0n ? -sealed : 0n;
    if (pool.cash < outflow) assert(false, `pool of ${symbol} cannot cover its seal`);
    state.set(poolsTable, symbol, {
      ...pool,
      cash: pool.cash - outflow,
      openNet: 0n,
      escrow: pool.escrow + outflow,
    });
  }
  assert(matchedCount === net.length, 'net names an asset twice, at zero, or one without a pool');
}

function flowOf(net: readonly NetFlow[], symbol: string): bigint {
  for (const { asset, amount } of net) if (asset === symbol) return amount;
  return 0n;
}

/** Books a settled batch: bought assets arrive as cash, returned ones leave escrow for good. */
export function confirmPoolFlows(state: State, net: readonly NetFlow[]): void {
  for (const { asset, amount } of net) {
    const pool = poolOf(state, asset);
    if (amount > 0n) {
      const cash = pool.cash + amount;
      if (cash > AMOUNT_MAX) assert(false, `cash of ${asset} out of range`);
      state.set(poolsTable, asset, { ...pool, cash });
    } else {
      const escrow = pool.escrow + amount;
      if (escrow < 0n) assert(false, `escrow of ${asset} does not hold what settled`);
      state.set(poolsTable, asset, { ...pool, escrow });
    }
  }
}
