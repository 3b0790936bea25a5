/**
 * What scenario transactions do to accounts, in plain bigint and without limits: values may go below zero, which is
 * how funding learns what genesis must give. The rules themselves are the ledger's (settlement/ledger); this only
 * adds and subtracts.
 */
import type { Config } from '../config/types.ts';
import { DEFAULT_ACCOUNT, ORACLE_ACCOUNT } from './transactions.ts';
import type { ScenarioTransaction } from './types.ts';

type AssetConfig = Config['ledger']['assets'][number];

/** One account in one asset: now, and the lowest each ever was. */
export interface Holding {
  balance: bigint;
  balanceMin: bigint;
  deposit: bigint;
  depositMin: bigint;
  debt: bigint;
  debtMin: bigint;
}

const BPS = 10_000n;
const DECIMALS_MAX = 36;

export class Positions {
  readonly assets: ReadonlyMap<string, AssetConfig>;
  readonly #accounts = new Map<string, Map<string, Holding>>();
  readonly #prices = new Map<string, bigint>();
  readonly #feeOf: (amount: bigint) => bigint;

  /** @param feeOf - What the network withholds of a settlement; left out where balances do not matter. */
  constructor(assets: readonly AssetConfig[], feeOf: (amount: bigint) => bigint = () => 0n) {
    this.#feeOf = feeOf;
    this.assets = new Map(assets.map((asset) => [asset.symbol, asset]));
    for (const { symbol, price } of assets) this.#prices.set(symbol, price);
  }

  get accounts(): ReadonlyMap<string, ReadonlyMap<string, Holding>> {
    return this.#accounts;
  }

  holding(account: string, asset: string): Holding {
    let byAsset = this.#accounts.get(account);
    if (byAsset === undefined) {
      byAsset = new Map();
      this.#accounts.set(account, byAsset);
    }
    let holding = byAsset.get(asset);
    if (holding === undefined) {
      holding = { balance: 0n, balanceMin: 0n, deposit: 0n, depositMin: 0n, debt: 0n, debtMin: 0n };
      byAsset.set(asset, holding);
    }
    return holding;
  }

  price(asset: string): bigint {
    return this.#prices.get(asset) ?? 0n;
  }

  /** Applies one transaction, whatever it does to the sender. */
  apply({ account, operation }: ScenarioTransaction): void {
    const sender = account ?? DEFAULT_ACCOUNT;
    switch (operation.type) {
      case 'borrow':
        this.#move(sender, operation.asset, operation.amount, 0n, operation.amount);
        break;
      case 'repay':
        this.#move(sender, operation.asset, -operation.amount, 0n, -operation.amount);
        break;
      case 'deposit':
        this.#move(sender, operation.asset, -operation.amount, operation.amount, 0n);
        break;
      case 'withdraw':
        this.#move(sender, operation.asset, operation.amount, -operation.amount, 0n);
        break;
      case 'transfer':
        this.#move(sender, operation.asset, -operation.amount, 0n, 0n);
        this.#move(operation.to, operation.asset, operation.amount, 0n, 0n);
        break;
      case 'liquidate': {
        const liquidator = operation.collateralAmount === undefined ? sender : ORACLE_ACCOUNT;
        const seized = this.seizedBy(operation);
        this.#move(liquidator, operation.debtAsset, -operation.amount, 0n, 0n);
        this.#move(operation.borrower, operation.debtAsset, 0n, 0n, -operation.amount);
        this.#move(operation.borrower, operation.collateralAsset, 0n, -seized, 0n);
        this.#move(liquidator, operation.collateralAsset, 0n, seized, 0n);
        break;
      }
      case 'atomic_batch':
        for (const { from, to, asset, amount } of operation.requests) {
          if (from !== undefined) this.#move(from, asset, -amount, 0n, 0n);
          this.#move(to, asset, amount - this.#feeOf(amount), 0n, 0n);
        }
        break;
      case 'escrow_open':
      case 'channel_open':
      case 'cross_chain_send':
        this.#move(sender, operation.asset, -operation.amount, 0n, 0n);
        break;
      case 'price':
        this.#prices.set(operation.asset, operation.price);
        break;
      default:
        break;
    }
  }

  /** Collateral that a liquidation takes: as written, or worth of the debt plus bonus at current prices. */
  seizedBy(operation: Extract<ScenarioTransaction['operation'], { type: 'liquidate' }>): bigint {
    if (operation.collateralAmount !== undefined) return operation.collateralAmount;
    const bonusBps = BigInt(this.assets.get(operation.collateralAsset)?.liquidationBonusBps ?? 0);
    const unitWorth = this.price(operation.collateralAsset) * this.scale(operation.collateralAsset) * BPS;
    const worth = operation.amount * this.price(operation.debtAsset) * this.scale(operation.debtAsset);
    return unitWorth === 0n ? 0n : (worth * (BPS + bonusBps)) / unitWorth;
  }

  /** Brings amounts of all assets to one scale. */
  scale(asset: string): bigint {
    return 10n ** BigInt(DECIMALS_MAX - (this.assets.get(asset)?.decimals ?? 0));
  }

  #move(account: string, asset: string, balance: bigint, deposit: bigint, debt: bigint): void {
    const holding = this.holding(account, asset);
    holding.balance += balance;
    holding.deposit += deposit;
    holding.debt += debt;
    if (holding.balance < holding.balanceMin) holding.balanceMin = holding.balance;
    if (holding.deposit < holding.depositMin) holding.depositMin = holding.deposit;
    if (holding.debt < holding.debtMin) holding.debtMin = holding.debt;
  }
}
