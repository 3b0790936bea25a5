/** Who owes how much of one asset: finds, in constant time, an account that can borrow or repay an amount. */

/** Accounts looked at before an amount is cut to what one of them owes, or given up. */
const PROBES_MAX = 8;

export interface Movement {
  readonly account: number;
  /** Of a repayment at most what the account owed. */
  readonly amount: bigint;
}

export class DebtBook {
  readonly #owed: bigint[];
  readonly #debtMax: bigint;
  /** Accounts that owe something, in no order that means anything. */
  readonly #debtors: number[] = [];
  /** Where each account stands among the debtors; -1: it owes nothing. */
  readonly #places: Int32Array;

  constructor(accountCount: number, openingDebt: bigint, debtMax: bigint) {
    this.#debtMax = debtMax;
    this.#owed = Array.from({ length: accountCount }, () => openingDebt);
    this.#places = new Int32Array(accountCount).fill(-1);
    if (openingDebt > 0n) for (let account = 0; account < accountCount; account += 1) this.#enter(account);
  }

  owedBy(account: number): bigint {
    return this.#owed[account] ?? 0n;
  }

  /** @param at - From 0 to 1: where among all accounts the search starts. Gives nothing when nobody found may owe more. */
  borrow(at: number, amount: bigint): Movement | undefined {
    const count = this.#owed.length;
    const start = Math.floor(at * count);
    for (let probe = 0; probe < Math.min(PROBES_MAX, count); probe += 1) {
      const account = (start + probe) % count;
      const owed = this.owedBy(account);
      if (owed + amount > this.#debtMax) continue;
      this.#owed[account] = owed + amount;
      if (owed === 0n) this.#enter(account);
      return { account, amount };
    }
    return undefined;
  }

  /** As `borrow`, among those that owe something; gives nothing when nobody does. */
  repay(at: number, amount: bigint): Movement | undefined {
    const count = this.#debtors.length;
    const start = Math.floor(at * count);
    let found: Movement | undefined;
    for (let probe = 0; probe < Math.min(PROBES_MAX, count); probe += 1) {
      const account = this.#debtors[(start + probe) % count] ?? 0;
      const owed = this.owedBy(account);
      const moved = owed < amount ? owed : amount;
      if (found === undefined || moved > found.amount) found = { account, amount: moved };
      if (moved === amount) break;
    }
    if (found === undefined) return undefined;
    const left = this.owedBy(found.account) - found.amount;
    this.#owed[found.account] = left;
    if (left === 0n) this.#leave(found.account);
    return found;
  }

  #enter(account: number): void {
    this.#places[account] = this.#debtors.length;
    this.#debtors.push(account);
  }

  #leave(account: number): void {
    const place = this.#places[account] ?? -1;
    const last = this.#debtors.pop();
    this.#places[account] = -1;
    if (last === undefined || last === account) return;
    this.#debtors[place] = last;
    this.#places[last] = place;
  }
}
