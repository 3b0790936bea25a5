/**
 * Laws 2 to 4, about value: conservation of flows, batches settled exactly once, and a ledger that changes only by what
 * settled. The laws add up flows and facts on their own and compare with the state's rows, which they mirror.
 */
import type { Height } from '../../consensus/primitives/flavor.ts';
import type { Channel } from '../../settlement/atomic/channelTypes.ts';
import { channelsTable, escrowsTable, gatheredFeesTable } from '../../settlement/atomic/tables.ts';
import { transfersTable } from '../../settlement/bridge/tables.ts';
import type { CrossChainTransfer } from '../../settlement/bridge/types.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import { accountsTable, poolsTable, treasuryTable } from '../../settlement/ledger/tables.ts';
import type { LedgerRules } from '../../settlement/ledger/types.ts';
import type { NetAmount } from '../../settlement/net/settlement.ts';
import { batchTable, standingTable, windowTable } from '../../settlement/net/tables.ts';
import type { NetFact, SealedBatch } from '../../settlement/net/types.ts';
import type { Layer } from '../../settlement/state.ts';
import { Law } from './law.ts';
import { MirroredTable } from './mirror.ts';

/** Signed sums by asset position. */
type Sums = bigint[];

export class ValueLaws {
  readonly conservation = new Law('conservation');
  readonly exactlyOnce = new Law('exactly_once');
  readonly ledger = new Law('ledger');
  readonly #rules: LedgerRules;
  readonly #assetIndex: ReadonlyMap<string, number>;
  readonly #stakeIndex: number;

  readonly #accounts = new MirroredTable(accountsTable, (before, after) =>
    this.#addBalances(before?.balances, after?.balances),
  );
  readonly #pools = new MirroredTable(poolsTable, (before, after, symbol) => {
    const held = (after?.cash ?? 0n) + (after?.escrow ?? 0n) - (before?.cash ?? 0n) - (before?.escrow ?? 0n);
    this.#addChange(this.#indexOf(symbol), held);
  });
  readonly #treasury = new MirroredTable(treasuryTable, (before = 0n, after = 0n, symbol) =>
    this.#addChange(this.#indexOf(symbol), after - before),
  );
  readonly #gatheredFees = new MirroredTable(gatheredFeesTable, (before = 0n, after = 0n, symbol) =>
    this.#addChange(this.#indexOf(symbol), after - before),
  );
  readonly #escrows = new MirroredTable(escrowsTable, (before, after) => {
    // An id may stand for another escrow, of another asset, at the end of one block.
    if (before !== undefined) this.#addChange(this.#indexOf(before.asset), -before.amount);
    if (after !== undefined) this.#addChange(this.#indexOf(after.asset), after.amount);
  });
  readonly #channels = new MirroredTable(channelsTable, (before, after) => {
    if (before !== undefined) this.#addDeposit(before, -1n);
    if (after !== undefined) this.#addDeposit(after, 1n);
  });
  readonly #transfers = new MirroredTable(transfersTable, (before, after) => {
    const asset = (after ?? before)?.asset ?? '';
    this.#addChange(this.#indexOf(asset), heldFor(after) - heldFor(before));
  });
  readonly #standings = new MirroredTable(standingTable, (before, after) =>
    this.#addChange(this.#stakeIndex, (after?.stake ?? 0n) - (before?.stake ?? 0n)),
  );
  readonly #batches = new MirroredTable(batchTable, (before, after) => {
    this.#addChange(this.#stakeIndex, (after?.heldSlash ?? 0n) - (before?.heldSlash ?? 0n));
    if (before?.net === after?.net) return;
    this.#haveNetsChanged = true;
    if (before !== undefined) this.#add(this.#sealed, before.net, -1n);
    if (after !== undefined) this.#add(this.#sealed, after.net, 1n);
  });
  readonly #windows = new MirroredTable(windowTable, (_before, after) => {
    this.#haveNetsChanged = true;
    this.#open.fill(0n);
    if (after !== undefined) {
      this.#add(this.#open, after.borrowed, 1n);
      this.#add(this.#open, after.repaid, -1n);
    }
    this.#windowSize = after?.batchSize ?? 0;
  });

  /** Borrowed minus repaid over all finalised blocks; what facts say settled; what rows say is sealed and unsettled; and open. */
  readonly #flowed: Sums;
  readonly #settled: Sums;
  readonly #sealed: Sums;
  readonly #open: Sums;
  /** The open window or the set of sealed batches changed in the block under judgement. */
  #haveNetsChanged = false;
  #lastSealed = { seq: 0, toHeight: 0 };
  #lastSettled = { seq: 0, toHeight: 0 };
  #lastWindow = { index: -1, toHeight: 0 };
  /** Blocks that the open window has, when nobody cuts it short. */
  #windowSize = 0;
  /** Change of everything the ledger holds in the block under judgement. */
  readonly #change: Sums;

  /** @param genesis - The rows before the first block. */
  constructor(rules: LedgerRules, genesis: Layer) {
    this.#rules = rules;
    this.#assetIndex = new Map(rules.assets.map(({ symbol }, index) => [symbol, index]));
    this.#stakeIndex = this.#assetIndex.get(rules.stakeAsset) ?? -1;
    const zeros = (): Sums => rules.assets.map(() => 0n);
    this.#flowed = zeros();
    this.#settled = zeros();
    this.#sealed = zeros();
    this.#open = zeros();
    this.#change = zeros();
    this.#follow(genesis);
    this.#change.fill(0n);
  }

  /** Judges one block, when the first node finalises it. */
  finalized(height: Height, result: ExecutionResult): void {
    const { flows, facts, layer, receipts } = result;
    const window = {
      size: this.#windowSize,
      isCut: receipts.some(({ type, result: outcome }) => type === 'settle_now' && outcome === 'ok'),
    };
    this.#add(this.#flowed, flows.borrowed, 1n);
    this.#add(this.#flowed, flows.repaid, -1n);
    this.#haveNetsChanged = flows.borrowed.length + flows.repaid.length > 0;
    this.#follow(layer);
    for (const fact of facts) this.#judgeFact(height, fact, window);
    for (const fact of result.crossChainFacts) {
      if (fact.type === 'cross_chain_decided') this.#explain(fact.asset, fact.bridged);
    }
    this.conservation.pass();
    if (this.#haveNetsChanged) this.#judgeConservation(height);
    this.#judgeLedger(height);
  }

  /** Unsettled net of an asset: what flowed and has not settled. */
  unsettled(asset: string): bigint {
    const index = this.#indexOf(asset);
    return (this.#flowed[index] ?? 0n) - (this.#settled[index] ?? 0n);
  }

  #judgeFact(
    height: Height,
    fact: NetFact,
    window: { readonly size: number; readonly isCut: boolean },
  ): void {
    if (fact.type === 'window_closed') {
      const { index, fromHeight, toHeight } = fact;
      const follows = index === this.#lastWindow.index + 1 && toHeight === height && fromHeight <= toHeight;
      this.exactlyOnce.check(
        follows &&
          fromHeight === this.#lastWindow.toHeight + 1 &&
          (window.isCut || toHeight === fromHeight + window.size - 1),
        () => `height ${height}: window ${index} covers ${fromHeight} to ${toHeight}`,
      );
      this.#lastWindow = { index, toHeight };
    }
    if (fact.type === 'batch_sealed') {
      const { seq, fromHeight, toHeight } = fact.batch;
      const { seq: lastSeq, toHeight: lastHeight } = this.#lastSealed;
      this.exactlyOnce.check(
        seq === lastSeq + 1 && fromHeight === lastHeight + 1 && toHeight === height,
        () => `height ${height}: batch ${seq} seals ${fromHeight} to ${toHeight} after batch ${lastSeq}`,
      );
      this.#lastSealed = { seq, toHeight };
    }
    if (fact.type === 'batch_confirmed') this.#judgeSettled(height, fact.batch);
  }

  #judgeSettled(height: Height, batch: SealedBatch): void {
    const { seq, fromHeight, toHeight, net } = batch;
    const { seq: lastSeq, toHeight: lastHeight } = this.#lastSettled;
    this.exactlyOnce.check(
      seq === lastSeq + 1 && fromHeight === lastHeight + 1 && toHeight >= fromHeight,
      () => `height ${height}: batch ${seq} settles ${fromHeight} to ${toHeight} after batch ${lastSeq}`,
    );
    this.#lastSettled = { seq, toHeight };
    this.#add(this.#settled, net, 1n);
    for (const { asset, amount } of net) this.#explain(asset, amount);
  }

  /** Takes what came from outside, or went there below zero, off the change that a block made. */
  #explain(asset: string, amount: bigint): void {
    this.#addChange(this.#indexOf(asset), -amount);
  }

  /** One check a block, whatever changed: row objects differ between nodes that share nothing. */
  #judgeConservation(height: Height): void {
    for (let index = 0; index < this.#flowed.length; index += 1) {
      const symbol = this.#rules.assets[index]?.symbol ?? '';
      const flowed = this.#flowed[index] ?? 0n;
      const settled = this.#settled[index] ?? 0n;
      const sealed = this.#sealed[index] ?? 0n;
      const open = this.#open[index] ?? 0n;
      const openNet = this.#pools.get(symbol)?.openNet ?? 0n;
      if (flowed !== settled + sealed + open) {
        this.conservation.violate(
          `height ${height}: ${symbol} flowed ${flowed}, but settled ${settled} + sealed ${sealed} + open ${open}`,
        );
      }
      if (openNet !== open) {
        this.conservation.violate(
          `height ${height}: the pool of ${symbol} counts ${openNet} open, the window ${open}`,
        );
      }
    }
  }

  /** By now confirmed nets were taken off the change: nothing may be left of it. */
  #judgeLedger(height: Height): void {
    const change = this.#change;
    for (let index = 0; index < change.length; index += 1) {
      const left = change[index] ?? 0n;
      if (left === 0n) continue;
      const symbol = this.#rules.assets[index]?.symbol;
      this.ledger.violate(`height ${height}: ${left} of ${symbol} out of nowhere`);
      change[index] = 0n;
    }
    this.ledger.pass();
  }

  #follow(layer: Layer): void {
    this.#accounts.follow(layer);
    this.#pools.follow(layer);
    this.#treasury.follow(layer);
    this.#gatheredFees.follow(layer);
    this.#escrows.follow(layer);
    this.#channels.follow(layer);
    this.#transfers.follow(layer);
    this.#standings.follow(layer);
    this.#windows.follow(layer);
    this.#batches.follow(layer);
  }

  #addBalances(before: readonly bigint[] | undefined, after: readonly bigint[] | undefined): void {
    if (before === after) return;
    for (let index = 0; index < this.#change.length; index += 1) {
      const was = before?.[index] ?? 0n;
      const is = after?.[index] ?? 0n;
      if (was !== is) this.#addChange(index, is - was);
    }
  }

  /** A closed channel holds nothing. */
  #addDeposit(channel: Channel, sign: 1n | -1n): void {
    if ('settlementId' in channel) return;
    this.#addChange(this.#indexOf(channel.asset), sign * channel.deposit);
  }

  #add(sums: Sums, amounts: readonly NetAmount[], sign: 1n | -1n): void {
    for (const { asset, amount } of amounts) {
      const index = this.#indexOf(asset);
      if (index >= 0) sums[index] = (sums[index] ?? 0n) + (sign === 1n ? amount : -amount);
    }
  }

  /** Position of an asset; -1 for one that the ledger does not know. */
  #indexOf(asset: string): number {
    return this.#assetIndex.get(asset) ?? -1;
  }

  #addChange(index: number, amount: bigint): void {
    if (index >= 0 && amount !== 0n) this.#change[index] = (this.#change[index] ?? 0n) + amount;
  }
}

/** What lies here for a transfer between the chains: its amount, until it is decided. */
function heldFor(transfer: CrossChainTransfer | undefined): bigint {
  return transfer?.state === 'open' ? transfer.amount : 0n;
}
