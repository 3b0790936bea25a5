/**
 * What the demo workload sends for one block: a few borrowings and repayments of small round amounts. Each asset is
 * borrowed in one window and repaid in the next, neighbours in turns, so that nets have both signs and every settlement
 * has something to do. A pure function of seed, height and what accounts owe: a restart goes on where the chain stands.
 */
import { Random } from '../../../consensus/primitives/random.ts';

/** Transactions for a block. */
export const DEMO_TRANSACTIONS = 3;
/** Most one account comes to owe of one asset, in smallest units. */
export const DEMO_DEBT_MAX = 5000n;
/** Amounts are multiples of this, in smallest units. */
const AMOUNT_UNIT = 10;
const AMOUNT_UNITS_MIN = 5;
const AMOUNT_UNITS_MAX = 50;

export interface DemoAccount {
  /** By asset. */
  readonly debts: Readonly<Record<string, bigint>>;
  /** A transaction of it waits still, so its debts are about to change. */
  readonly isBusy: boolean;
}

export interface DemoSituation {
  readonly seed: number;
  /** Height of the newest final block. */
  readonly height: number;
  readonly windowIndex: number;
  readonly assets: readonly string[];
  readonly accounts: readonly DemoAccount[];
}

export interface DemoStep {
  /** Index of the account. */
  readonly account: number;
  readonly body: { readonly type: 'borrow' | 'repay'; readonly asset: string; readonly amount: bigint };
}

/** @returns At most `DEMO_TRANSACTIONS`, each of another account. */
export function planDemo({
  seed,
  height,
  windowIndex,
  assets,
  accounts,
}: DemoSituation): readonly DemoStep[] {
  const random = new Random(`${seed}/workload/demo/${height}`);
  const free = new Set(accounts.flatMap(({ isBusy }, index) => (isBusy ? [] : [index])));
  const steps: DemoStep[] = [];
  for (let count = 0; count < DEMO_TRANSACTIONS; count += 1) {
    const assetIndex = random.below(assets.length);
    const asset = assets[assetIndex] ?? '';
    const drawn = BigInt(random.between(AMOUNT_UNITS_MIN, AMOUNT_UNITS_MAX) * AMOUNT_UNIT);
    const debtOf = (index: number): bigint => accounts[index]?.debts[asset] ?? 0n;
    const owing = [...free].filter((index) => debtOf(index) > 0n);
    const open = [...free].filter((index) => debtOf(index) + drawn <= DEMO_DEBT_MAX);
    const wantsRepay = (windowIndex + assetIndex) % 2 === 1;
    const isRepay = (wantsRepay || open.length === 0) && owing.length > 0;
    const candidates = isRepay ? owing : open;
    const account = candidates[random.below(Math.max(1, candidates.length))];
    if (account === undefined) continue;
    free.delete(account);
    const amount = isRepay && debtOf(account) < drawn ? debtOf(account) : drawn;
    steps.push({ account, body: { type: isRepay ? 'repay' : 'borrow', asset, amount } });
  }
  return steps;
}
