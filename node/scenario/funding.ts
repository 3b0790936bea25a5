/**
 * `auto_fund`: what genesis must give so that a scenario's own transactions are valid under the strict ledger rules.
 *
 * Transactions anchored to blocks have one order, so accounts get exactly the lowest balances, deposits and debts that
 * order needs. Those anchored to times, settlement blocks or batches may come in any order, so each is funded as if
 * nothing before it had brought anything in.
 */
import { networkFee } from '../../settlement/networkFee.ts';
import type { Config } from '../config/types.ts';
import { fundModel } from './model/modelFunding.ts';
import { Positions } from './positions.ts';
import { DEFAULT_ACCOUNT } from './transactions.ts';
import type { Scenario, ScenarioAccount, ScenarioTransaction } from './types.ts';
import { uniformFunding } from './workload.ts';

export interface Funding {
  readonly accounts: readonly ScenarioAccount[];
  /** Pool cash by asset beyond what genesis deposits bring and genesis debts take. */
  readonly poolCash: Readonly<Record<string, bigint>>;
}

const BPS = 10_000n;

/** Everything a scenario needs of funding; a part of `Scenario`, so that it can be known before the rest. */
export type Fundable = Pick<Scenario, 'config' | 'timeline' | 'workload' | 'durationMs' | 'seed'>;

/** Transactions anchored to blocks in the order of execution: by block, the timeline before the workload. */
export function listAnchored({
  timeline,
  workload,
}: Pick<Scenario, 'timeline' | 'workload'>): ScenarioTransaction[] {
  const placed: { readonly block: number; readonly transaction: ScenarioTransaction }[] = [];
  for (const { at, transactions } of timeline) {
    if (!('block' in at)) continue;
    for (const transaction of transactions) placed.push({ block: at.block, transaction });
  }
  if (workload.type === 'explicit') for (const each of workload.transactions) placed.push(each);
  // Stable: events of one block stay before rows of the same block, each in their own order.
  return placed.sort((a, b) => a.block - b.block).map(({ transaction }) => transaction);
}

/** Transactions whose block is not known beforehand: of such events, and of posts. */
export function listLoose({ timeline }: Pick<Scenario, 'timeline'>): ScenarioTransaction[] {
  return timeline.flatMap(({ at, transactions, post }) => {
    const posted = post?.transactions ?? [];
    return 'block' in at ? posted : [...transactions, ...posted];
  });
}

/** Works out the least genesis under which every transaction of the scenario is valid. */
export function createFunding(scenario: Fundable): Funding {
  const { assets } = scenario.config.ledger;
  const anchored = listAnchored(scenario);
  const loose = listLoose(scenario);
  const { feeMin } = scenario.config.ledger;
  const networkFeeBps = highestFeeBps(scenario, [...anchored, ...loose]);
  const needs = new Positions(assets, (amount) => networkFee(amount, { networkFeeBps, feeMin }));
  for (const transaction of anchored) needs.apply(transaction);
  const looseNeeds = new LooseNeeds(assets, needs);
  for (const transaction of loose) looseNeeds.add(transaction);

  const accounts = new Map<string, MutableAccount>();
  for (const [label, holdings] of needs.accounts) {
    const account = openAccount(accounts, label);
    for (const [asset, { balanceMin, depositMin, debtMin }] of holdings) {
      add(account.balances, asset, -balanceMin);
      add(account.deposits, asset, -depositMin);
      add(account.debts, asset, -debtMin);
    }
  }
  looseNeeds.addTo(accounts);
  addCollateral(scenario.config, accounts, anchored, looseNeeds);
  const poolCash = fillPools(accounts, anchored, loose);
  for (const { account, cash } of uniformFunding(scenario)) {
    if (account !== undefined) accounts.set(account.label, copyAccount(account));
    for (const [asset, amount] of Object.entries(cash)) add(poolCash, asset, amount);
  }
  if (scenario.workload.type === 'model') {
    const { accounts: own, cash } = fundModel(scenario.workload.model, scenario.config, scenario.durationMs);
    for (const account of own) accounts.set(account.label, copyAccount(account));
    for (const [asset, amount] of Object.entries(cash)) add(poolCash, asset, amount);
  }
  return { accounts: [...accounts.values()], poolCash };
}

/** The highest network fee that may be in force at any time: payees get the least under it. */
function highestFeeBps({ config }: Fundable, transactions: readonly ScenarioTransaction[]): number {
  let highest = config.ledger.networkFeeBps;
  for (const { operation } of transactions) {
    if (operation.type === 'fee_propose') highest = Math.max(highest, operation.networkFeeBps);
  }
  return Math.min(highest, Number(BPS));
}

interface MutableAccount {
  readonly label: string;
  readonly balances: Record<string, bigint>;
  readonly deposits: Record<string, bigint>;
  readonly debts: Record<string, bigint>;
}

function openAccount(accounts: Map<string, MutableAccount>, label: string): MutableAccount {
  let account = accounts.get(label);
  if (account === undefined) {
    account = { label, balances: {}, deposits: {}, debts: {} };
    accounts.set(label, account);
  }
  return account;
}

function copyAccount({ label, balances, deposits, debts }: ScenarioAccount): MutableAccount {
  return { label, balances: { ...balances }, deposits: { ...deposits }, debts: { ...debts } };
}

function add(amounts: Record<string, bigint>, asset: string, amount: bigint): void {
  if (amount !== 0n) amounts[asset] = (amounts[asset] ?? 0n) + amount;
}

/** Transactions without a known order: every outflow is given beforehand, no inflow counts. */
class LooseNeeds {
  /** What each account's loose borrowings may add to its debt at any time. */
  readonly debts = new Map<string, Record<string, bigint>>();
  /** Deposits that loose transactions may take away again, so they secure nothing. */
  readonly unsecured = new Map<string, Record<string, bigint>>();
  readonly #given = new Map<string, MutableAccount>();
  readonly #prices: Positions;

  constructor(assets: Config['ledger']['assets'], prices: Positions) {
    this.#prices = new Positions(assets);
    for (const { symbol } of assets) {
      this.#prices.apply({
        account: undefined,
        operation: { type: 'price', asset: symbol, price: prices.price(symbol) },
      });
    }
  }

  add({ account, operation }: ScenarioTransaction): void {
    const sender = account ?? DEFAULT_ACCOUNT;
    const given = (label: string): MutableAccount => openAccount(this.#given, label);
    switch (operation.type) {
      case 'borrow':
        given(sender);
        add(record(this.debts, sender), operation.asset, operation.amount);
        break;
      case 'repay':
        add(given(sender).balances, operation.asset, operation.amount);
        add(given(sender).debts, operation.asset, operation.amount);
        break;
      case 'deposit':
      case 'transfer':
      case 'escrow_open':
      case 'channel_open':
      case 'cross_chain_send':
        add(given(sender).balances, operation.asset, operation.amount);
        break;
      case 'withdraw':
        add(given(sender).deposits, operation.asset, operation.amount);
        add(record(this.unsecured, sender), operation.asset, operation.amount);
        break;
      case 'atomic_batch':
        for (const { from, asset, amount } of operation.requests) {
          if (from !== undefined) add(given(from).balances, asset, amount);
        }
        break;
      case 'liquidate': {
        const seized = this.#prices.seizedBy(operation);
        add(given(sender).balances, operation.debtAsset, operation.amount);
        add(given(operation.borrower).debts, operation.debtAsset, operation.amount);
        add(given(operation.borrower).deposits, operation.collateralAsset, seized);
        add(record(this.unsecured, operation.borrower), operation.collateralAsset, seized);
        break;
      }
      default:
        break;
    }
  }

  addTo(accounts: Map<string, MutableAccount>): void {
    for (const [label, given] of this.#given) {
      const account = openAccount(accounts, label);
      for (const kind of ['balances', 'deposits', 'debts'] as const) {
        for (const [asset, amount] of Object.entries(given[kind])) add(account[kind], asset, amount);
      }
    }
  }
}

function record(map: Map<string, Record<string, bigint>>, key: string): Record<string, bigint> {
  let found = map.get(key);
  if (found === undefined) {
    found = {};
    map.set(key, found);
  }
  return found;
}

/** Gives each account deposits enough that at genesis prices no borrowing or withdrawal leaves it unsecured. */
function addCollateral(
  config: Config,
  accounts: Map<string, MutableAccount>,
  anchored: readonly ScenarioTransaction[],
  looseNeeds: LooseNeeds,
): void {
  const positions = new Positions(config.ledger.assets);
  const debtAssets = new Map<string, Set<string>>();
  const owes = (label: string, asset: string): void => {
    const known = debtAssets.get(label);
    if (known === undefined) debtAssets.set(label, new Set([asset]));
    else known.add(asset);
  };
  for (const { label, deposits, debts } of accounts.values()) {
    for (const [asset, amount] of Object.entries(deposits)) positions.holding(label, asset).deposit += amount;
    for (const [asset, amount] of Object.entries(debts)) {
      positions.holding(label, asset).debt += amount;
      owes(label, asset);
    }
    for (const [asset, amount] of Object.entries(looseNeeds.debts.get(label) ?? {})) {
      positions.holding(label, asset).debt += amount;
      owes(label, asset);
    }
    for (const [asset, amount] of Object.entries(looseNeeds.unsecured.get(label) ?? {})) {
      positions.holding(label, asset).deposit -= amount;
    }
  }
  const shortfalls = new Map<string, bigint>();
  const judge = (label: string): void => {
    const shortfall = shortfallOf(config, positions, label);
    if (shortfall > (shortfalls.get(label) ?? 0n)) shortfalls.set(label, shortfall);
  };
  for (const label of accounts.keys()) judge(label);
  for (const transaction of anchored) {
    const { operation, account } = transaction;
    // Genesis prices throughout: a scenario that moves a price wants to see what that does.
    if (operation.type === 'price') continue;
    positions.apply(transaction);
    if (operation.type === 'borrow') owes(account ?? DEFAULT_ACCOUNT, operation.asset);
    if (operation.type === 'borrow' || operation.type === 'withdraw') judge(account ?? DEFAULT_ACCOUNT);
  }
  for (const [label, shortfall] of shortfalls) {
    const asset = chooseCollateral(config, debtAssets.get(label) ?? new Set());
    if (asset === undefined) continue;
    const unitWorth = asset.price * positions.scale(asset.symbol) * BigInt(asset.collateralFactorBps);
    add(openAccount(accounts, label).deposits, asset.symbol, (shortfall + unitWorth - 1n) / unitWorth);
  }
}

/** Worth of debts that deposits do not secure, times 10^4; zero or less when all are. */
function shortfallOf(config: Config, positions: Positions, label: string): bigint {
  let shortfall = 0n;
  let hasDebt = false;
  for (const [symbol, { deposit, debt }] of positions.accounts.get(label) ?? []) {
    const asset = positions.assets.get(symbol);
    if (asset === undefined) continue;
    const unitWorth = asset.price * positions.scale(symbol);
    if (debt > 0n) hasDebt = true;
    shortfall += debt * unitWorth * BPS - deposit * unitWorth * BigInt(asset.collateralFactorBps);
  }
  return hasDebt && config.ledger.assets.length > 0 ? shortfall : 0n;
}

/**
 * The asset that stands for an account's unrecorded collateral: the base asset, unless the account owes it (then a
 * price could never part debt and collateral, and no liquidation could be replayed).
 */
function chooseCollateral(
  config: Config,
  owed: ReadonlySet<string>,
): Config['ledger']['assets'][number] | undefined {
  const usable = config.ledger.assets.filter(
    ({ collateralFactorBps, price }) => collateralFactorBps > 0 && price > 0n,
  );
  const free = usable.filter(({ symbol }) => !owed.has(symbol));
  return free.find(({ symbol }) => symbol === config.settlement.baseAsset) ?? free[0] ?? usable[0];
}

/**
 * Cash of each pool: the sum borrowed, since what is repaid may leave for the settlement chain before it can be lent
 * again, and what withdrawals take beyond deposits.
 */
function fillPools(
  accounts: ReadonlyMap<string, MutableAccount>,
  anchored: readonly ScenarioTransaction[],
  loose: readonly ScenarioTransaction[],
): Record<string, bigint> {
  const cash: Record<string, bigint> = {};
  const withdrawn: Record<string, bigint> = {};
  const withdrawnMax: Record<string, bigint> = {};
  for (const { operation } of anchored) {
    if (operation.type === 'borrow') add(cash, operation.asset, operation.amount);
    if (operation.type === 'deposit') add(withdrawn, operation.asset, -operation.amount);
    if (operation.type !== 'withdraw') continue;
    const { asset } = operation;
    add(withdrawn, asset, operation.amount);
    if ((withdrawn[asset] ?? 0n) > (withdrawnMax[asset] ?? 0n)) withdrawnMax[asset] = withdrawn[asset] ?? 0n;
  }
  for (const { operation } of loose) {
    if (operation.type === 'borrow') add(cash, operation.asset, operation.amount);
    if (operation.type === 'withdraw') add(withdrawnMax, operation.asset, operation.amount);
  }
  const deposited: Record<string, bigint> = {};
  for (const { deposits, debts } of accounts.values()) {
    for (const [asset, amount] of Object.entries(deposits)) add(deposited, asset, amount);
    for (const [asset, amount] of Object.entries(debts)) add(cash, asset, amount);
  }
  for (const [asset, amount] of Object.entries(withdrawnMax)) {
    const beyond = amount - (deposited[asset] ?? 0n);
    if (beyond > 0n) add(cash, asset, beyond);
  }
  return cash;
}
