/** A workload model as the YAML that says it: reading that gives the same model again. */
import type { Plain } from '../../config/plainConfig.ts';
import type { AmountModel, ArrivalModel, AssetModel, WorkloadModel } from './types.ts';

export function plainModelOf(model: WorkloadModel): Plain {
  return {
    accounts: model.accountCount,
    arrivals: plainArrivals(model.arrivals),
    assets: Object.fromEntries(model.assets.map((asset) => [asset.symbol, plainAsset(asset)])),
  };
}

function plainArrivals({ rate, bursts, daily }: ArrivalModel): Plain {
  return {
    ...('perBlock' in rate
      ? { transactions_per_block: rate.perBlock }
      : { transactions_per_hour: rate.perHour }),
    ...(bursts === undefined
      ? {}
      : { bursts: { factor: bursts.factor, quiet: bursts.quietMs, busy: bursts.busyMs } }),
    ...(daily === undefined
      ? {}
      : { daily: { swing: daily.swing, peak: daily.peakMs, period: daily.periodMs } }),
  };
}

function plainAsset(asset: AssetModel): Plain {
  return {
    weight: asset.weight,
    repay_share: asset.repayShare,
    persistence: asset.persistence,
    amount: plainAmount(asset.amount),
    opening_debt: asset.openingDebt,
    debt_max: asset.debtMax,
  };
}

function plainAmount(amount: AmountModel): Plain {
  if (amount.type === 'constant') return { constant: amount.value };
  if (amount.type === 'quantiles') return { quantiles: amount.values };
  const { type, ...parameters } = amount;
  return { [type]: parameters };
}
