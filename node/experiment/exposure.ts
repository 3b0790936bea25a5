/**
 * Unsettled net by asset over time, its mean, its largest size and its integral; and the same for all assets together,
 * weighed at genesis prices. Steps must come in order of time; those of one instant count as one.
 */
import type { AssetRules } from '../../settlement/ledger/types.ts';
import type { NetAmount } from '../../settlement/net/settlement.ts';

/** Prices are in 10^-8 USD. */
const PRICE_SCALE = 1e8;

/** USD of one smallest unit of each asset. */
export function usdWeights(assets: readonly AssetRules[]): ReadonlyMap<string, number> {
  return new Map(
    assets.map(({ symbol, decimals, price }) => [
      symbol,
      Number(price) / PRICE_SCALE / Number(`1e${decimals}`),
    ]),
  );
}

/** Worth of amounts in USD, each by its size. */
export function worthOf(amounts: readonly NetAmount[], weights: ReadonlyMap<string, number>): number {
  let worth = 0;
  for (const { asset, amount } of amounts) worth += Number(sizeOf(amount)) * (weights.get(asset) ?? 0);
  return worth;
}

export function sizeOf(amount: bigint): bigint {
  return amount < 0n ? -amount : amount;
}

export interface AssetExposure {
  readonly asset: string;
  /** Smallest units times ms. */
  readonly integral: bigint;
  readonly max: bigint;
}

interface AssetState {
  readonly asset: string;
  /** USD of one smallest unit. */
  readonly weight: number;
  amount: bigint;
  integral: bigint;
  max: bigint;
  /** Up to when `integral` is. */
  sinceMs: number;
}

export class ExposureClock {
  readonly #weights: ReadonlyMap<string, number>;
  readonly #onSpan: ((fromMs: number, toMs: number, usd: number) => void) | undefined;
  /** In order of first appearance: a handful, so looking through them is quicker than looking one up. */
  readonly #assets: AssetState[] = [];
  #nowMs = 0;
  #usdIntegral = 0;
  #usdMax = 0;

  /** @param onSpan - Told of every span of time and the exposure in USD during it. */
  constructor(
    weights: ReadonlyMap<string, number>,
    onSpan?: (fromMs: number, toMs: number, usd: number) => void,
  ) {
    this.#weights = weights;
    this.#onSpan = onSpan;
  }

  /** Lets time pass up to an instant; one that has passed already is now. */
  advance(timeMs: number): void {
    const lengthMs = timeMs - this.#nowMs;
    if (lengthMs <= 0) return;
    let usd = 0;
    for (const { amount, weight } of this.#assets) if (amount !== 0n) usd += Number(sizeOf(amount)) * weight;
    this.#usdIntegral += usd * lengthMs;
    if (usd > this.#usdMax) this.#usdMax = usd;
    this.#onSpan?.(this.#nowMs, timeMs, usd);
    this.#nowMs = timeMs;
  }

  /** Adds to the unsettled net, now; `sign` -1 takes away what was settled. */
  add(amounts: readonly NetAmount[], sign: 1 | -1): void {
    for (const { asset, amount } of amounts) {
      const state = this.#stateOf(asset);
      this.#settleSpan(state);
      state.amount += sign === 1 ? amount : -amount;
    }
  }

  /** Up to the instant reached. */
  finish(): {
    readonly assets: readonly AssetExposure[];
    /** USD times ms. */
    readonly usdIntegral: number;
    readonly usdMax: number;
  } {
    for (const state of this.#assets) this.#settleSpan(state);
    const assets = this.#assets
      .map(({ asset, integral, max }) => ({ asset, integral, max }))
      .sort((one, other) => (one.asset < other.asset ? -1 : 1));
    return { assets, usdIntegral: this.#usdIntegral, usdMax: this.#usdMax };
  }

  #stateOf(asset: string): AssetState {
    for (const state of this.#assets) if (state.asset === asset) return state;
    const weight = this.#weights.get(asset) ?? 0;
    const state = { asset, weight, amount: 0n, integral: 0n, max: 0n, sinceMs: this.#nowMs };
    this.#assets.push(state);
    return state;
  }

  /** Only a value that stood for some time counts. */
  #settleSpan(state: AssetState): void {
    const lengthMs = this.#nowMs - state.sinceMs;
    if (lengthMs <= 0) return;
    const size = sizeOf(state.amount);
    if (size !== 0n) state.integral += size * BigInt(lengthMs);
    if (size > state.max) state.max = size;
    state.sinceMs = this.#nowMs;
  }
}
