/**
 * Borrowings and repayments drawn from a workload model, valid in every block whatever others do: nobody repays more than
 * it owes or owes more than its collateral covers. Each block draws from a stream of its own, and nothing that happens in a
 * run feeds back, so runs that differ in anything else share their traffic. Stateful: blocks are asked for in ascending
 * order, each once.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';
import { Random } from '../../../consensus/primitives/random.ts';
import type { ScenarioTransaction } from '../types.ts';
import { type AmountQuantile, createAmountQuantile } from './amounts.ts';
import { ArrivalProcess, drawShare } from './arrivals.ts';
import { DebtBook } from './debtBook.ts';
import type { AssetModel, WorkloadModel } from './types.ts';

export function modelLabel(index: number): string {
  return `user-${index}`;
}

export class ModelWorkload {
  readonly #seed: string;
  readonly #arrivals: ArrivalProcess;
  readonly #assets: readonly AssetDraw[];
  readonly #labels: readonly string[];
  #weightSum = 0;
  #nextBlock = 1;
  /** Arrived and not yet in a block: more came than a block holds. */
  #waitingCount = 0;

  constructor(options: {
    readonly model: WorkloadModel;
    readonly blockTimeMs: number;
    readonly seed: number;
  }) {
    const { model, blockTimeMs } = options;
    this.#seed = `${options.seed}/workload/model`;
    this.#arrivals = new ArrivalProcess(model.arrivals, blockTimeMs, this.#seed);
    this.#labels = Array.from({ length: model.accountCount }, (_, index) => modelLabel(index));
    this.#assets = model.assets.map((asset) => {
      this.#weightSum += asset.weight;
      return new AssetDraw(asset, this.#labels, this.#weightSum);
    });
  }

  /** Arrived and left for later blocks. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /**
   * The transactions of one block.
   * @param block - Ascends by one from call to call, from 1.
   * @param room - Most that fit; what is beyond it comes in later blocks.
   */
  transactionsFor(block: number, room: number): ScenarioTransaction[] {
    assert(block === this.#nextBlock, `workload model asked for block ${block}, next is ${this.#nextBlock}`);
    this.#nextBlock += 1;
    const random = new Random(`${this.#seed}/block/${block}`);
    this.#waitingCount += this.#arrivals.countFor(block, random);
    const count = Math.max(0, Math.min(room, this.#waitingCount));
    this.#waitingCount -= count;
    return Array.from({ length: count }, () => this.#draw(random));
  }

  /** Every transaction takes five numbers, whatever they lead to. */
  #draw(random: Random): ScenarioTransaction {
    const mark = (random.uint32() / 2 ** 32) * this.#weightSum;
    const asset = this.#assets.find(({ weightTo }) => mark < weightTo) ?? this.#assets.at(-1);
    assert(asset !== undefined, 'a workload model has assets');
    return asset.draw(random);
  }
}

/** One asset of the model: its debts, and which way its last transaction went. */
class AssetDraw {
  readonly weightTo: number;
  readonly #model: AssetModel;
  readonly #labels: readonly string[];
  readonly #quantile: AmountQuantile;
  readonly #debts: DebtBook;
  #repaysChance: number;

  constructor(model: AssetModel, labels: readonly string[], weightTo: number) {
    this.weightTo = weightTo;
    this.#model = model;
    this.#labels = labels;
    this.#quantile = createAmountQuantile(model.amount);
    this.#debts = new DebtBook(labels.length, model.openingDebt, model.debtMax);
    this.#repaysChance = model.repayShare;
  }

  draw(random: Random): ScenarioTransaction {
    const { symbol, repayShare, persistence } = this.#model;
    const wantsRepay = random.uint32() / 2 ** 32 < this.#repaysChance;
    // The chain of directions has share `repayShare` and correlation `persistence` from one to the next.
    this.#repaysChance = wantsRepay
      ? repayShare + persistence * (1 - repayShare)
      : repayShare * (1 - persistence);
    const at = random.uint32() / 2 ** 32;
    const amount = this.#quantile(drawShare(random));
    const first = wantsRepay ? this.#debts.repay(at, amount) : this.#debts.borrow(at, amount);
    // Where nobody owes or nobody may owe more, it goes the other way.
    const moved = first ?? (wantsRepay ? this.#debts.borrow(at, amount) : this.#debts.repay(at, amount));
    assert(moved !== undefined, `neither borrowing nor repaying ${amount} ${symbol} is possible`);
    const repays = wantsRepay === (first !== undefined);
    return {
      account: this.#labels[moved.account],
      operation: { type: repays ? 'repay' : 'borrow', asset: symbol, amount: moved.amount },
    };
  }
}
