/**
 * What lies on the settlement chain: swap pools, the settlement treasury, the bridge, and what has crossed to the sidechain.
 *
 * Carrying out actions is a pure function from holdings to holdings, so a settlement happens whole or not at all,
 * and per asset pools + treasury + crossed - traded + everything of the bridge never changes.
 */
import { accept, assert, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import { AMOUNT_MAX, type Amount } from '../../consensus/primitives/flavor.ts';
import type { PoolReserves, SettlementAction } from '../net/settlement.ts';
import { swapExactOutput } from '../net/swapQuote.ts';
import { type BridgeVault, createVault } from './bridgeVault.ts';

/** Units a side of a pool, and of each asset in the treasury, where the configuration names none. */
export const DEFAULT_RESERVE: Amount = 10n ** 36n;

export interface Holdings {
  /** Ascending by asset; none for the base asset. A new list whenever a reserve changes, else the same one. */
  readonly pools: readonly PoolReserves[];
  readonly treasury: ReadonlyMap<string, Amount>;
  /** Went to the sidechain less what came back: the sum of settled nets. Below zero when more came back. */
  readonly crossed: ReadonlyMap<string, bigint>;
  /** What others put into the pools less what they took out; settlements leave it alone. */
  readonly traded: ReadonlyMap<string, bigint>;
  readonly bridge: BridgeVault;
}

/** A price that becomes `numerator / denominator` of itself. */
export interface PriceMove {
  readonly asset: string;
  readonly numerator: bigint;
  readonly denominator: bigint;
}

export interface ActionOptions {
  readonly baseAsset: string;
  /** While true every transfer times out. */
  readonly transferTimeout: boolean;
}

/** Holdings at genesis. */
export function createHoldings(options: {
  readonly baseAsset: string;
  readonly assets: readonly string[];
  readonly pools: readonly PoolReserves[] | undefined;
  readonly treasury: Readonly<Record<string, Amount>> | undefined;
  readonly bridgeLiquidity?: Readonly<Record<string, Amount>> | undefined;
}): Holdings {
  const { baseAsset, assets, treasury } = options;
  const pools =
    options.pools ??
    assets
      .filter((asset) => asset !== baseAsset)
      .map((asset) => ({ asset, assetReserve: DEFAULT_RESERVE, baseReserve: DEFAULT_RESERVE }));
  const sorted = [...pools].sort((a, b) => (a.asset < b.asset ? -1 : 1));
  for (const [index, pool] of sorted.entries()) {
    assert(pool.asset !== baseAsset, 'the base asset has no pool against itself');
    assert(pool.asset !== sorted[index + 1]?.asset, `two pools of ${pool.asset}`);
    assert(isAmount(pool.assetReserve) && isAmount(pool.baseReserve), `reserves of ${pool.asset}`);
  }
  const plenty = Object.fromEntries(assets.map((asset) => [asset, DEFAULT_RESERVE]));
  const balances = treasury ?? plenty;
  const liquidity = options.bridgeLiquidity ?? plenty;
  for (const [holder, held] of [
    ['treasury', balances],
    ['bridge', liquidity],
  ] as const) {
    for (const [asset, balance] of Object.entries(held))
      assert(isAmount(balance), `${holder} balance of ${asset}`);
  }
  return {
    pools: Object.freeze(sorted),
    treasury: new Map(Object.entries(balances)),
    crossed: new Map(),
    traded: new Map(),
    bridge: createVault(liquidity),
  };
}

/**
 * Carries out all actions of a settlement, or none.
 *
 * The treasury pays for swaps and draws and takes in what the sidechain returns.
 * @returns The holdings after, and the input paid for each swap, in action order.
 */
export function executeActions(
  holdings: Holdings,
  actions: readonly SettlementAction[],
  options: ActionOptions,
): Verdict<
  { readonly holdings: Holdings; readonly amountsIn: readonly (Amount | undefined)[] },
  'SLIPPAGE_EXCEEDED' | 'INSUFFICIENT_LIQUIDITY' | 'TRANSFER_TIMEOUT'
> {
  const treasury = copyOf(holdings.treasury);
  const crossed = copyOf(holdings.crossed);
  let pools = holdings.pools;
  const amountsIn: (Amount | undefined)[] = [];
  for (const action of actions) {
    const { asset, amount } = action;
    if (action.type === 'ibc_transfer') {
      if (options.transferTimeout) return refuse('TRANSFER_TIMEOUT', `transfer of ${asset} timed out`);
      add(treasury, asset, amount);
      add(crossed, asset, -amount);
      amountsIn.push(undefined);
      continue;
    }
    let payment = amount;
    if (action.type === 'swap') {
      const swap = swapExactOutput(pools, asset, amount);
      if (!swap.ok) return swap;
      payment = swap.value.amountIn;
      if (payment > action.amountInMax) {
        return refuse(
          'SLIPPAGE_EXCEEDED',
          `${asset} costs ${payment}, at most ${action.amountInMax} allowed`,
        );
      }
      pools = swap.value.pools;
    }
    const paidIn = action.type === 'swap' ? options.baseAsset : asset;
    if ((treasury.get(paidIn) ?? 0n) < payment) {
      return refuse('INSUFFICIENT_LIQUIDITY', `the treasury cannot pay ${payment} ${paidIn}`);
    }
    add(treasury, paidIn, -payment);
    add(crossed, asset, amount);
    amountsIn.push(action.type === 'swap' ? payment : undefined);
  }
  return accept({ holdings: { ...holdings, pools: Object.freeze(pools), treasury, crossed }, amountsIn });
}

/**
 * Others trade against the pool of `asset` until its price in the base asset is `numerator / denominator` of what it
 * was, as near as whole units allow; the product of the reserves stays. Without a pool nothing happens.
 */
export function movePrice(
  holdings: Holdings,
  { asset, numerator, denominator }: PriceMove,
  baseAsset: string,
): Holdings {
  const pool = holdings.pools.find((one) => one.asset === asset);
  if (pool === undefined) return holdings;
  const { assetReserve, baseReserve } = pool;
  const product = assetReserve * baseReserve;
  const newBase = squareRoot((baseReserve * baseReserve * numerator) / denominator);
  if (newBase < 1n || newBase > AMOUNT_MAX) return holdings;
  const newAsset = product / newBase;
  if (newAsset < 1n || newAsset > AMOUNT_MAX) return holdings;
  const traded = copyOf(holdings.traded);
  add(traded, asset, newAsset - assetReserve);
  add(traded, baseAsset, newBase - baseReserve);
  const moved = { asset, assetReserve: newAsset, baseReserve: newBase };
  const pools = holdings.pools.map((one) => (one === pool ? moved : one));
  return { ...holdings, pools: Object.freeze(pools), traded };
}

/** The largest integer whose square is at most `value` (Newton's method). */
function squareRoot(value: bigint): bigint {
  if (value < 2n) return value;
  let root = 1n << BigInt((value.toString(2).length + 1) >> 1);
  for (;;) {
    const next = (root + value / root) >> 1n;
    if (next >= root) return root;
    root = next;
  }
}

/** Balances with some amounts added. */
export function addAmounts(
  balances: ReadonlyMap<string, Amount>,
  amounts: ReadonlyMap<string, Amount>,
): ReadonlyMap<string, Amount> {
  const sum = copyOf(balances);
  for (const [asset, amount] of amounts) add(sum, asset, amount);
  return sum;
}

/** A constructor that is handed a map makes a list of two for each entry. */
function copyOf(balances: ReadonlyMap<string, bigint>): Map<string, bigint> {
  const copy = new Map<string, bigint>();
  balances.forEach((amount, asset) => {
    copy.set(asset, amount);
  });
  return copy;
}

function add(balances: Map<string, bigint>, asset: string, amount: bigint): void {
  balances.set(asset, (balances.get(asset) ?? 0n) + amount);
}

function isAmount(value: bigint): boolean {
  return value >= 0n && value <= AMOUNT_MAX;
}
