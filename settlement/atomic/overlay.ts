/**
 * What a batch does before anybody else sees it: every row it reads is read once, every row it changes is changed here, and
 * the state gets all of it or nothing. Dropping an overlay undoes the batch whole.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import { type Address, AMOUNT_MAX, type Amount, type Hash } from '../../consensus/primitives/flavor.ts';
import { accountOf } from '../ledger/accounts.ts';
import { accountsTable } from '../ledger/tables.ts';
import type { Account, LedgerRules } from '../ledger/types.ts';
import type { State } from '../state.ts';
import type { Channel } from './channelTypes.ts';
import { gatherFees } from './fees.ts';
import { channelsTable, escrowsTable, receiptsTable } from './tables.ts';
import type { Escrow, SettlementReceipt, WithheldFee } from './types.ts';

/** An account as it was found, and its balances as they are now. */
interface OpenAccount {
  readonly account: Account;
  readonly balances: Amount[];
}

export class SettlementOverlay {
  readonly #state: State;
  readonly #ledger: LedgerRules;
  readonly #accounts = new Map<Address, OpenAccount>();
  readonly #fees: Amount[];
  readonly #escrows = new Map<Hash, Escrow | undefined>();
  readonly #closedChannels = new Map<Hash, Channel>();
  readonly #receipts = new Map<Hash, SettlementReceipt>();

  constructor(state: State, ledger: LedgerRules) {
    this.#state = state;
    this.#ledger = ledger;
    this.#fees = ledger.assets.map(() => 0n);
  }

  isSettled(settlementId: Hash): boolean {
    return this.#receipts.has(settlementId) || this.#state.get(receiptsTable, settlementId) !== undefined;
  }

  /** What the account holds of the asset at that position. */
  balance(address: Address, assetIndex: number): Amount {
    return this.#open(address).balances[assetIndex] ?? 0n;
  }

  /** Takes what the account was asked for before, so it is there. */
  debit(address: Address, assetIndex: number, amount: Amount): void {
    const { balances } = this.#open(address);
    const left = (balances[assetIndex] ?? 0n) - amount;
    assert(left >= 0n, `debit below zero of ${address}`);
    balances[assetIndex] = left;
  }

  /** @returns False when the account cannot hold as much; nothing changed then. */
  credit(address: Address, assetIndex: number, amount: Amount): boolean {
    const { balances } = this.#open(address);
    const balance = (balances[assetIndex] ?? 0n) + amount;
    if (balance > AMOUNT_MAX) return false;
    balances[assetIndex] = balance;
    return true;
  }

  escrow(escrowId: Hash): Escrow | undefined {
    if (this.#escrows.has(escrowId)) return this.#escrows.get(escrowId);
    const escrow = this.#state.get(escrowsTable, escrowId);
    this.#escrows.set(escrowId, escrow);
    return escrow;
  }

  /** Takes what the escrow was asked for before; nothing is left of one that is empty. @returns What is left. */
  release(escrowId: Hash, amount: Amount): Amount {
    const escrow = this.escrow(escrowId);
    const left = (escrow?.amount ?? 0n) - amount;
    assert(escrow !== undefined && left >= 0n, `release below zero of ${escrowId}`);
    this.#escrows.set(escrowId, left === 0n ? undefined : { ...escrow, amount: left });
    return left;
  }

  channel(channelId: Hash): Channel | undefined {
    return this.#closedChannels.get(channelId) ?? this.#state.get(channelsTable, channelId);
  }

  /** Closes a channel that was found open before. What it held is the caller's to give. */
  closeChannel(channelId: Hash, settlementId: Hash): void {
    this.#closedChannels.set(channelId, { settlementId });
  }

  withholdFee(assetIndex: number, amount: Amount): void {
    this.#fees[assetIndex] = (this.#fees[assetIndex] ?? 0n) + amount;
  }

  addReceipt(receipt: SettlementReceipt): void {
    this.#receipts.set(receipt.settlementId, receipt);
  }

  /** Fees withheld so far, in the order of the assets. */
  fees(): WithheldFee[] {
    return this.#ledger.assets.flatMap(({ symbol }, index) => {
      const amount = this.#fees[index] ?? 0n;
      return amount === 0n ? [] : [{ asset: symbol, amount }];
    });
  }

  /** Hands everything to the state. Call once, last. */
  commit(): void {
    for (const [address, { account, balances }] of this.#accounts) {
      this.#state.set(accountsTable, address, { ...account, balances });
    }
    for (const [escrowId, escrow] of this.#escrows) this.#state.set(escrowsTable, escrowId, escrow);
    for (const [channelId, channel] of this.#closedChannels) {
      this.#state.set(channelsTable, channelId, channel);
    }
    for (const { asset, amount } of this.fees()) gatherFees(this.#state, asset, amount);
    for (const [settlementId, receipt] of this.#receipts) {
      this.#state.set(receiptsTable, settlementId, receipt);
    }
  }

  #open(address: Address): OpenAccount {
    let open = this.#accounts.get(address);
    if (open === undefined) {
      const account = accountOf(this.#state, this.#ledger, address);
      open = { account, balances: account.balances.slice() };
      this.#accounts.set(address, open);
    }
    return open;
  }
}
