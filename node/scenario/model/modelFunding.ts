/** What genesis gives the accounts of a workload model, and the pool cash that its borrowings can use up within a run. */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { Config } from '../../config/types.ts';
import type { ScenarioAccount } from '../types.ts';
import { amountMaxOf } from './amounts.ts';
import { modelLabel } from './modelWorkload.ts';
import type { WorkloadModel } from './types.ts';

const BPS = 10_000n;

export interface ModelFunding {
  readonly accounts: readonly ScenarioAccount[];
  readonly cash: Readonly<Record<string, bigint>>;
}

/**
 * Every account owes the opening debts and holds what it borrowed so; its deposit covers the most it may ever owe. Pools
 * hold what full blocks of the largest borrowings would take, since repayments may leave before they can be lent again.
 */
export function fundModel(model: WorkloadModel, config: Config, durationMs: number): ModelFunding {
  const { assets } = config.ledger;
  const collateral =
    assets.find(
      ({ symbol, collateralFactorBps }) => symbol === config.settlement.baseAsset && collateralFactorBps > 0,
    ) ?? assets.find(({ collateralFactorBps }) => collateralFactorBps > 0);
  assert(collateral !== undefined, 'some asset can be collateral');
  const worth = (asset: (typeof assets)[number]): bigint => asset.price * 10n ** BigInt(36 - asset.decimals);
  // A leader's clock may run ahead of the grid by a block, so two blocks more than fit the duration.
  const blockCount = BigInt(Math.floor(durationMs / config.chain.blockTimeMs) + 3);
  const transactionsMax = blockCount * BigInt(config.chain.blockTransactionsMax);
  const cash: Record<string, bigint> = {};
  const debts: Record<string, bigint> = {};
  let owedWorth = 0n;
  for (const { symbol, amount, openingDebt, debtMax } of model.assets) {
    const asset = assets.find((candidate) => candidate.symbol === symbol);
    assert(asset !== undefined, `asset ${symbol} of a workload model is registered`);
    owedWorth += debtMax * worth(asset);
    if (openingDebt > 0n) debts[symbol] = openingDebt;
    cash[symbol] = transactionsMax * amountMaxOf(amount) + openingDebt * BigInt(model.accountCount);
  }
  const unitWorth = worth(collateral) * BigInt(collateral.collateralFactorBps);
  const deposits = { [collateral.symbol]: (owedWorth * BPS + unitWorth - 1n) / unitWorth };
  const accounts = Array.from({ length: model.accountCount }, (_, index) => ({
    label: modelLabel(index),
    balances: debts,
    deposits,
    debts,
  }));
  return { accounts, cash };
}
