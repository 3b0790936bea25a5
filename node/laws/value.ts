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
import { batchTable, standingTable, windowTable } from '../../settlement/net/tables.ts';
import type { NetFact, OpenWindow, SealedBatch } from '../../settlement/net/types.ts';
import type { Layer } from '../../settlement/state.ts';
import { Law } from './law.ts';
import { MirroredTable } from './mirror.ts';

/** Signed sums by asset; zero entries may stand. */
type Sums = Map<string, bigint>;

export class ValueLaws {
  readonly conservation = new Law('conservation');
  readonly exactlyOnce = new Law('exactly_once');
  readonly ledger = new Law('ledger');
  readonly #rules: LedgerRules;
  readonly #assetIndex: ReadonlyMap<string, number>;
  readonly #stakeIndex: number;

  readonly #accounts = new MirroredTable(accountsTable);
  readonly #pools = new MirroredTable(poolsTable);
  readonly #treasury = new MirroredTable(treasuryTable);
  readonly #gatheredFees = new MirroredTable(gatheredFeesTable);
  readonly #escrows = new MirroredTable(escrowsTable);
  readonly #channels = new MirroredTable(channelsTable);
  readonly #transfers = new MirroredTable(transfersTable);
  readonly #standings = new MirroredTable(standingTable);
  readonly #batches = new MirroredTable(batchTable);
  readonly #windows = new MirroredTable(windowTable);

  /** Borrowed minus repaid over all finalised blocks; what facts say settled; what rows say is sealed and unsettled. */
  readonly #flowed: Sums = new Map();
  readonly #settled: Sums = new Map();
  readonly #sealed: Sums = new Map();
  #open: Sums = new Map();
  #lastSealed = { seq: 0, toHeight: 0 };
  #lastSettled = { seq: 0, toHeight: 0 };
  #lastWindow = { index: -1, toHeight: 0 };
  /** Blocks that the open window has, when nobody cuts it short. */
  #windowSize = 0;
  /** Change of everything the ledger holds in the block under judgement, by asset position. */
  readonly #change: bigint[];

  /** @param genesis - The rows before the first block. */
  constructor(rules: LedgerRules, genesis: Layer) {
    this.#rules = rules;
    this.#assetIndex = new Map(rules.assets.map(({ symbol }, index) => [symbol, index]));
    this.#stakeIndex = this.#assetIndex.get(rules.stakeAsset) ?? -1;
    this.#change = rules.assets.map(() => 0n);
    this.#followLedger(genesis);
    this.#followNet(genesis);
    this.#change.fill(0n);
  }

  /** Judges one block, when the first node finalises it. */
  finalized(height: Height, result: ExecutionResult): void {
    const { flows, facts, layer, receipts } = result;
    const window = {
      size: this.#windowSize,
      isCut: receipts.some(({ type, result: outcome }) => type === 'settle_now' && outcome === 'ok'),
    };
    for (const { asset, amount } of flows.borrowed) add(this.#flowed, asset, amount);
    for (const { asset, amount } of flows.repaid) add(this.#flowed, asset, -amount);
    this.#followLedger(layer);
    const netChanged = this.#followNet(layer);
    for (const fact of facts) this.#judgeFact(height, fact, window);
    for (const fact of result.crossChainFacts) {
      if (fact.type === 'cross_chain_decided') this.#explain(fact.asset, fact.bridged);
    }
    if (netChanged || flows.borrowed.length + flows.repaid.length > 0) this.#judgeConservation(height);
    else this.conservation.pass();
    this.#judgeLedger(height);
  }

  /** Unsettled net per asset: what flowed and has not settled. */
  unsettled(): ReadonlyMap<string, bigint> {
    const unsettled: Sums = new Map(this.#flowed);
    for (const [asset, amount] of this.#settled) add(unsettled, asset, -amount);
    return unsettled;
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
    for (const { asset, amount } of net) {
      add(this.#settled, asset, amount);
      this.#explain(asset, amount);
    }
  }

  /** Takes what came from outside, or went there below zero, off the change that a block made. */
  #explain(asset: string, amount: bigint): void {
    this.#addChange(this.#assetIndex.get(asset) ?? -1, -amount);
  }

  /** One check a block, whatever changed: row objects differ between nodes that share nothing. */
  #judgeConservation(height: Height): void {
    this.conservation.pass();
    for (const { symbol } of this.#rules.assets) {
      const flowed = this.#flowed.get(symbol) ?? 0n;
      const settled = this.#settled.get(symbol) ?? 0n;
      const sealed = this.#sealed.get(symbol) ?? 0n;
      const open = this.#open.get(symbol) ?? 0n;
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

  #followLedger(layer: Layer): void {
    this.#accounts.follow(layer, (before, after) => this.#addBalances(before?.balances, after?.balances));
    this.#pools.follow(layer, (before, after, symbol) => {
      const held =
        (after?.cash ?? 0n) + (after?.escrow ?? 0n) - (before?.cash ?? 0n) - (before?.escrow ?? 0n);
      this.#addChange(this.#assetIndex.get(symbol) ?? -1, held);
    });
    this.#escrows.follow(layer, (before, after) => {
      // An id may stand for another escrow, of another asset, at the end of one block.
      if (before !== undefined) this.#addChange(this.#assetIndex.get(before.asset) ?? -1, -before.amount);
      if (after !== undefined) this.#addChange(this.#assetIndex.get(after.asset) ?? -1, after.amount);
    });
    this.#channels.follow(layer, (before, after) => {
      if (before !== undefined) this.#addDeposit(before, -1n);
      if (after !== undefined) this.#addDeposit(after, 1n);
    });
    this.#transfers.follow(layer, (before, after) => {
      const asset = (after ?? before)?.asset ?? '';
      this.#addChange(this.#assetIndex.get(asset) ?? -1, heldFor(after) - heldFor(before));
    });
    for (const held of [this.#treasury, this.#gatheredFees]) {
      held.follow(layer, (before = 0n, after = 0n, symbol) =>
        this.#addChange(this.#assetIndex.get(symbol) ?? -1, after - before),
      );
    }
  }

  /** @returns Whether the open window or the set of sealed batches changed. */
  #followNet(layer: Layer): boolean {
    this.#standings.follow(layer, (before, after) =>
      this.#addChange(this.#stakeIndex, (after?.stake ?? 0n) - (before?.stake ?? 0n)),
    );
    let changed = this.#windows.follow(layer, (_before, after) => {
      this.#open = netOfWindow(after);
      this.#windowSize = after?.batchSize ?? 0;
    });
    this.#batches.follow(layer, (before, after) => {
      this.#addChange(this.#stakeIndex, (after?.heldSlash ?? 0n) - (before?.heldSlash ?? 0n));
      if (before?.net === after?.net) return;
      changed = true;
      for (const { asset, amount } of before?.net ?? []) add(this.#sealed, asset, -amount);
      for (const { asset, amount } of after?.net ?? []) add(this.#sealed, asset, amount);
    });
    return changed;
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
    this.#addChange(this.#assetIndex.get(channel.asset) ?? -1, sign * channel.deposit);
  }

  #addChange(index: number, amount: bigint): void {
    if (index >= 0 && amount !== 0n) this.#change[index] = (this.#change[index] ?? 0n) + amount;
  }
}

/** What lies here for a transfer between the chains: its amount, until it is decided. */
function heldFor(transfer: CrossChainTransfer | undefined): bigint {
  return transfer?.state === 'open' ? transfer.amount : 0n;
}

function netOfWindow(window: OpenWindow | undefined): Sums {
  const net: Sums = new Map();
  for (const { asset, amount } of window?.borrowed ?? []) add(net, asset, amount);
  for (const { asset, amount } of window?.repaid ?? []) add(net, asset, -amount);
  return net;
}

function add(sums: Sums, asset: string, amount: bigint): void {
  sums.set(asset, (sums.get(asset) ?? 0n) + amount);
}
