/**
 * Hands the scenario's transactions to the nodes, outside the modelled network, and sees to it that each one anchored
 * to a block is in that block. Those of height h + 2, or more, are handed over when height h is first proposed, so every
 * node has them before their height can be proposed at all.
 */
import type { Block } from '../../consensus/block.ts';
import { equalBytes } from '../../consensus/primitives/bytes.ts';
import type { Height } from '../../consensus/primitives/flavor.ts';

/** Heights that lie ready ahead of the newest proposal where handing over takes no time. */
export const HEIGHTS_AHEAD_DEFAULT = 2;

/** Where the transactions of a block come from; asked once for each height, ascending. */
export interface BlockTransactions {
  forBlock(height: Height): readonly Uint8Array[];
}

export class TransactionDelivery {
  readonly #source: BlockTransactions;
  readonly #heightsAhead: number;
  /** Handed over and not final yet, by height, ascending. */
  readonly #open = new Map<Height, readonly Uint8Array[]>();
  #handedHeight: Height = 0;

  /** @param heightsAhead - For how many heights transactions lie ready beyond the newest proposal. */
  constructor(source: BlockTransactions, heightsAhead = HEIGHTS_AHEAD_DEFAULT) {
    this.#source = source;
    this.#heightsAhead = heightsAhead;
  }

  /**
   * A block was proposed (0: the network starts).
   * @returns Transactions to hand to every running node now; undefined when none are due.
   */
  proposed(height: Height): readonly Uint8Array[] | undefined {
    let due: readonly Uint8Array[] | undefined;
    while (this.#handedHeight < height + this.#heightsAhead) {
      this.#handedHeight += 1;
      const transactions = this.#source.forBlock(this.#handedHeight);
      if (transactions.length === 0) continue;
      this.#open.set(this.#handedHeight, transactions);
      due = due === undefined ? transactions : [...due, ...transactions];
    }
    return due;
  }

  /** What a node that starts now must be given. */
  *open(): IterableIterator<Uint8Array> {
    for (const transactions of this.#open.values()) yield* transactions;
  }

  /**
   * A block is final.
   * @returns How many transactions anchored to it are not in it; undefined when it holds them all.
   */
  finalized(block: Block): number | undefined {
    const { height } = block.header;
    const expected = this.#open.get(height);
    if (expected === undefined) return undefined;
    this.#open.delete(height);
    const { transactions } = block.body;
    let missing = 0;
    for (let index = 0; index < expected.length; index += 1) {
      const bytes = expected[index] as Uint8Array;
      if (!isSame(transactions[index], bytes) && !isAmong(transactions, bytes)) missing += 1;
    }
    return missing === 0 ? undefined : missing;
  }
}

function isAmong(transactions: readonly Uint8Array[], bytes: Uint8Array): boolean {
  return transactions.some((other) => isSame(other, bytes));
}

function isSame(a: Uint8Array | undefined, b: Uint8Array): boolean {
  return a === b || (a !== undefined && equalBytes(a, b));
}
