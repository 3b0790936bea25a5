/**
 * The `uniform` workload: a seeded mix of borrowings and repayments by a few accounts in a few assets, valid in every
 * block whatever the other accounts do. Stateful: blocks are asked for in ascending order, each once.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import { Random } from '../../consensus/primitives/random.ts';
import type { Config } from '../config/types.ts';
import type { Scenario, ScenarioAccount, ScenarioTransaction } from './types.ts';

/** Accounts that the uniform workload acts for. */
export const UNIFORM_ACCOUNT_COUNT = 8;
/** Assets it borrows: the first ones of the ledger. */
export const UNIFORM_ASSET_COUNT_MAX = 3;
/** Largest amount of one transaction, in smallest units. */
export const UNIFORM_AMOUNT_MAX = 1000;
/** Most one account owes of one asset, in smallest units; bounds the collateral it needs. */
const OUTSTANDING_MAX = 100_000;
/** Slightly more is borrowed than repaid until the bound bites, so nets have both signs. */
const BORROW_PROBABILITY = 0.55;
const BPS = 10_000n;

export class UniformWorkload {
  readonly #transactionsPerBlock: number;
  readonly #assets: readonly string[];
  readonly #random: Random;
  /** By account, then asset. */
  readonly #outstanding: number[][];
  #nextBlock = 1;

  constructor(options: {
    readonly transactionsPerBlock: number;
    readonly seed: number;
    readonly config: Config;
  }) {
    this.#transactionsPerBlock = options.transactionsPerBlock;
    this.#assets = uniformAssets(options.config);
    this.#random = new Random(`${options.seed}/workload/uniform`);
    this.#outstanding = Array.from({ length: UNIFORM_ACCOUNT_COUNT }, () => this.#assets.map(() => 0));
  }

  /** The transactions of one block; `block` ascends by one from 1, or from any block at which nothing was asked before. */
  transactionsFor(block: number): ScenarioTransaction[] {
    assert(
      block === this.#nextBlock,
      `uniform workload asked for block ${block}, next is ${this.#nextBlock}`,
    );
    this.#nextBlock += 1;
    const transactions: ScenarioTransaction[] = [];
    for (let count = 0; count < this.#transactionsPerBlock; count += 1) transactions.push(this.#next());
    return transactions;
  }

  #next(): ScenarioTransaction {
    const accountIndex = this.#random.below(UNIFORM_ACCOUNT_COUNT);
    const assetIndex = this.#random.below(this.#assets.length);
    const amount = this.#random.between(1, UNIFORM_AMOUNT_MAX);
    const wantsBorrow = this.#random.chance(BORROW_PROBABILITY);
    const outstanding = this.#outstanding[accountIndex] ?? [];
    const owed = outstanding[assetIndex] ?? 0;
    const borrows = owed === 0 || (wantsBorrow && owed + amount <= OUTSTANDING_MAX);
    const moved = borrows ? amount : Math.min(amount, owed);
    outstanding[assetIndex] = borrows ? owed + moved : owed - moved;
    return {
      account: uniformLabel(accountIndex),
      operation: {
        type: borrows ? 'borrow' : 'repay',
        asset: this.#assets[assetIndex] ?? '',
        amount: BigInt(moved),
      },
    };
  }
}

function uniformLabel(index: number): string {
  return `uniform-${index}`;
}

function uniformAssets(config: Config): string[] {
  return config.ledger.assets.slice(0, UNIFORM_ASSET_COUNT_MAX).map(({ symbol }) => symbol);
}

/** Genesis of the uniform workload's accounts, and the pool cash it can use up within the run. */
export function uniformFunding(
  scenario: Pick<Scenario, 'config' | 'workload' | 'durationMs'>,
): { readonly account: ScenarioAccount | undefined; readonly cash: Readonly<Record<string, bigint>> }[] {
  const { config, workload, durationMs } = scenario;
  if (workload.type !== 'uniform') return [];
  const symbols = uniformAssets(config);
  const used = config.ledger.assets.filter(({ symbol }) => symbols.includes(symbol));
  const collateral =
    config.ledger.assets.find(
      ({ symbol, collateralFactorBps }) => symbol === config.settlement.baseAsset && collateralFactorBps > 0,
    ) ?? config.ledger.assets.find(({ collateralFactorBps }) => collateralFactorBps > 0);
  assert(collateral !== undefined, 'some asset can be collateral');
  const worth = (asset: (typeof used)[number]): bigint => asset.price * 10n ** BigInt(36 - asset.decimals);
  const owedWorth = used.reduce((sum, asset) => sum + BigInt(OUTSTANDING_MAX) * worth(asset), 0n) * BPS;
  const unitWorth = worth(collateral) * BigInt(collateral.collateralFactorBps);
  const deposits = { [collateral.symbol]: (owedWorth + unitWorth - 1n) / unitWorth };
  // A leader's clock may run ahead of the grid by a block, so two blocks more than fit the duration.
  const blockCount = Math.floor(durationMs / config.chain.blockTimeMs) + 3;
  const borrowedMax = BigInt(blockCount * workload.transactionsPerBlock) * BigInt(UNIFORM_AMOUNT_MAX);
  const cash = Object.fromEntries(symbols.map((symbol) => [symbol, borrowedMax]));
  const accounts = Array.from({ length: UNIFORM_ACCOUNT_COUNT }, (_, index) => ({
    account: { label: uniformLabel(index), balances: {}, deposits, debts: {} },
    cash: {},
  }));
  return [...accounts, { account: undefined, cash }];
}
