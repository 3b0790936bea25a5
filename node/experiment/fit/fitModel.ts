/** Fits a whole workload model to the flows of a trace, and says how near it comes and what it leaves out. */

import { amountMaxOf } from '../../scenario/model/amounts.ts';
import { modelBounds, modelDefaults, persistenceMinOf } from '../../scenario/model/modelReader.ts';
import type { ArrivalModel, AssetModel, WorkloadModel } from '../../scenario/model/types.ts';
import { type AmountFit, fitAmounts } from './fitAmounts.ts';
import { type ArrivalFit, fitArrivals, rounded } from './fitArrivals.ts';
import type { Flow, TraceFlows } from './flows.ts';

/** Fewer borrowings and repayments than this say nothing about bursts or tails. */
export const FIT_FLOWS_MIN = 20;
/** Directions of an asset with fewer flows are taken as independent. */
const DIRECTIONS_MIN = 30;
/** Two-sided normal quantile at 5 %. */
const NORMAL_95 = 1.96;
const HOUR_MS = 3_600_000;

export interface AssetFit {
  readonly symbol: string;
  readonly flowCount: number;
  readonly repayShare: number;
  /** As measured from one flow to the next, whether the model takes it or not. */
  readonly correlation: number;
  readonly amounts: AmountFit;
  readonly model: AssetModel;
}

export interface WorkloadFit {
  readonly accountCount: number;
  readonly arrivals: ArrivalFit;
  readonly assets: readonly AssetFit[];
  /** In the time of the chain. */
  readonly model: WorkloadModel;
  /** Trace time over chain time is its inverse. */
  readonly timeScale: number;
  /** What the trace has and the model does not, in words. */
  readonly notCaptured: readonly string[];
}

/** How trace time becomes chain time: by a factor, or so that a block gets so many transactions in the mean. */
export type Pace = { readonly timeScale: number } | { readonly perBlock: number };

/** @param trace - At least `FIT_FLOWS_MIN` flows that are not all of one instant. */
export function fitModel(trace: TraceFlows, pace: Pace, blockTimeMs: number): WorkloadFit {
  const { flows } = trace;
  const arrivals = fitArrivals(flows.map(({ timeMs }) => timeMs));
  const perHour = 'perHour' in arrivals.model.rate ? arrivals.model.rate.perHour : 0;
  const timeScale =
    'timeScale' in pace ? pace.timeScale : (perHour * blockTimeMs) / (HOUR_MS * pace.perBlock);
  const bySymbol = new Map<string, Flow[]>();
  for (const flow of flows) {
    const known = bySymbol.get(flow.asset);
    if (known === undefined) bySymbol.set(flow.asset, [flow]);
    else known.push(flow);
  }
  const assets = [...bySymbol]
    .sort(([one, these], [other, those]) => those.length - these.length || (one < other ? -1 : 1))
    .map(([symbol, own]) => fitAsset(symbol, own));
  const accountCount = new Set(flows.map(({ account }) => account)).size;
  const scaled = scaleArrivals(arrivals.model, timeScale, blockTimeMs, pace);
  const model = {
    accountCount: Math.min(modelBounds.accounts.max, accountCount),
    arrivals: scaled.model,
    assets: assets.map((asset) => asset.model),
  };
  const notCaptured = [...scaled.lost, ...describeRest(trace, accountCount, arrivals, assets)];
  return { accountCount, arrivals, assets, model, timeScale, notCaptured };
}

function fitAsset(symbol: string, flows: readonly Flow[]): AssetFit {
  const signs = flows.map(({ repays }) => (repays ? 1 : 0));
  const repayShare = signs.reduce<number>((sum, sign) => sum + sign, 0) / signs.length;
  const correlation = correlationOf(signs);
  const isSure =
    signs.length >= DIRECTIONS_MIN && Math.abs(correlation) > NORMAL_95 / Math.sqrt(signs.length);
  const amounts = fitAmounts(flows.map(({ amount }) => amount));
  const debtMax = amountMaxOf(amounts.model) * modelDefaults.debtMaxFactor;
  const share = rounded(repayShare);
  return {
    symbol,
    flowCount: flows.length,
    repayShare,
    correlation,
    amounts,
    model: {
      symbol,
      weight: flows.length,
      amount: amounts.model,
      repayShare: share,
      persistence: isSure ? Math.min(0.999, Math.max(persistenceMinOf(share), rounded(correlation))) : 0,
      openingDebt: debtMax / 2n,
      debtMax,
    },
  };
}

/** Correlation of each value with the next; 0 where they do not vary. */
export function correlationOf(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  if (variance === 0) return 0;
  const products = values
    .slice(1)
    .reduce((sum, value, index) => sum + (value - mean) * ((values[index] ?? 0) - mean), 0);
  return products / variance;
}

function scaleArrivals(
  { rate, bursts, daily }: ArrivalModel,
  timeScale: number,
  blockTimeMs: number,
  pace: Pace,
): { readonly model: ArrivalModel; readonly lost: readonly string[] } {
  const lost: string[] = [];
  const perHour = rounded(('perHour' in rate ? rate.perHour : 0) / timeScale);
  const scaledBursts = bursts && {
    factor: bursts.factor,
    quietMs: Math.round(bursts.quietMs * timeScale),
    busyMs: Math.round(bursts.busyMs * timeScale),
  };
  const stayMinMs = Math.max(1, Math.ceil(blockTimeMs / 100));
  const keepsBursts = scaledBursts && Math.min(scaledBursts.quietMs, scaledBursts.busyMs) >= stayMinMs;
  if (scaledBursts && !keepsBursts)
    lost.push('bursts: at this pace they are shorter than a hundredth of a block and average out');
  const periodMs = Math.round((daily?.periodMs ?? 0) * timeScale);
  const keepsCycle = daily !== undefined && periodMs >= blockTimeMs;
  if (daily !== undefined && !keepsCycle)
    lost.push('the daily cycle: at this pace a day is shorter than a block');
  const model = {
    rate: 'perBlock' in pace ? { perBlock: pace.perBlock } : { perHour },
    bursts: keepsBursts ? scaledBursts : undefined,
    daily: keepsCycle
      ? { swing: daily.swing, periodMs, peakMs: Math.round(daily.peakMs * timeScale) }
      : undefined,
  };
  return { model, lost };
}

function describeRest(
  { flows, spanMs, ignoredCount, liquidationCount }: TraceFlows,
  accountCount: number,
  arrivals: ArrivalFit,
  assets: readonly AssetFit[],
): string[] {
  const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
  const rest: string[] = [];
  if (ignoredCount > 0) rest.push(`${ignoredCount} deposits and withdrawals, which move no net`);
  if (liquidationCount > 0)
    rest.push(`${liquidationCount} liquidations, taken as repayments; their prices and collateral`);
  const byAccount = new Map<string, number>();
  for (const { account } of flows) byAccount.set(account, (byAccount.get(account) ?? 0) + 1);
  const busiest = [...byAccount.values()].reduce((most, count) => Math.max(most, count), 0) / flows.length;
  if (accountCount > 1 && busiest > 2 / accountCount)
    rest.push(
      `that the busiest account makes ${percent(busiest)} of all flows; accounts of the model are alike`,
    );
  const startMs = flows[0]?.timeMs ?? 0;
  const half = flows.filter(({ timeMs }) => timeMs - startMs < spanMs / 2);
  const early = half.length / flows.length;
  if (Math.abs(early - 0.5) > 0.1)
    rest.push(`a trend: ${percent(early)} of the flows lie in the first half of the time`);
  const links = assets
    .filter(({ flowCount }) => flowCount >= DIRECTIONS_MIN)
    .map(({ symbol }) => {
      const own = flows.filter(({ asset }) => asset === symbol);
      return {
        symbol,
        link: correlationOf(own.map(({ amount }) => Math.log(Number(amount)))),
        count: own.length,
      };
    });
  for (const { symbol, link, count } of links)
    if (Math.abs(link) > NORMAL_95 / Math.sqrt(count))
      rest.push(
        `that an amount of ${symbol} is like the one before (correlation ${link.toFixed(2)}); amounts are drawn one by one`,
      );
  for (const { symbol, amounts } of assets)
    if (amounts.model.type !== 'quantiles' && (amounts.distance ?? 0) > (amounts.distanceMax ?? 1))
      rest.push(
        `the shape of the amounts of ${symbol}: the nearest distribution is ${(amounts.distance ?? 0).toFixed(2)} away, and a table needs 20 amounts`,
      );
  const worst = arrivals.dispersions.filter(
    ({ measured, fitted }) => measured > 1.5 * fitted || measured < fitted / 1.5,
  );
  if (worst.length > 0)
    rest.push('bursts on every scale: two states have one, see the dispersion in windows of other lengths');
  rest.push('who repays what it borrowed itself, and flows of several assets that belong together');
  return rest;
}
