/**
 * What runs of one process hand on to each other: the signed transactions of a seed, and the roots over those of a block.
 * The cells of a sweep that share a seed send the same transactions, whatever N is. Everything here is a pure function of
 * its key, bounded, and found by its content: a run gets the very bytes that it would have made, or makes them.
 */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { type BlockRoots, computedRoots } from '../../settlement/execution/blockRoots.ts';
import type { Receipt } from '../../settlement/execution/result.ts';
import { SignedTransactions } from '../scenario/signedTransactions.ts';
import type { Scenario } from '../scenario/types.ts';

/** Most blocks whose roots are kept: four hours of them. */
export const REUSED_BLOCKS_MAX = 8192;

export class Reuse {
  readonly signed = new SignedTransactions();
  readonly roots = new ReusedRoots();
  #run = '';

  /** A run begins: what runs of another seed made is of no use to it. */
  begin({ seed, config }: Pick<Scenario, 'seed' | 'config'>): void {
    // Signatures are found by what was signed, not by how.
    const run = `${config.simulation.crypto}/${seed}`;
    if (run === this.#run) return;
    this.#run = run;
    this.signed.clear();
    this.roots.clear();
  }
}

interface KnownBlock {
  readonly ids: readonly Hash[];
  readonly root: Hash;
  receipts: readonly Receipt[] | undefined;
  receiptsRoot: Hash;
}

/** Remembers the roots of blocks by their transactions; the same ones may end otherwise, which is looked at. */
export class ReusedRoots implements BlockRoots {
  /** By the first transaction. */
  readonly #blocks = new Map<Hash, KnownBlock>();

  get count(): number {
    return this.#blocks.size;
  }

  clear(): void {
    this.#blocks.clear();
  }

  transactionsRoot(ids: readonly Hash[]): Hash {
    const first = ids[0];
    if (first === undefined) return computedRoots.transactionsRoot(ids);
    const known = this.#blocks.get(first);
    if (known !== undefined && areSame(known.ids, ids)) return known.root;
    const root = computedRoots.transactionsRoot(ids);
    if (known !== undefined || this.#blocks.size < REUSED_BLOCKS_MAX)
      this.#blocks.set(first, { ids, root, receipts: undefined, receiptsRoot: '' });
    return root;
  }

  receiptsRoot(receipts: readonly Receipt[]): Hash {
    const first = receipts[0];
    const known = first === undefined ? undefined : this.#blocks.get(first.transactionId);
    if (known?.receipts !== undefined && areAlike(known.receipts, receipts)) return known.receiptsRoot;
    const root = computedRoots.receiptsRoot(receipts);
    if (known !== undefined) {
      known.receipts = receipts;
      known.receiptsRoot = root;
    }
    return root;
  }
}

function areSame(one: readonly Hash[], other: readonly Hash[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) if (one[index] !== other[index]) return false;
  return true;
}

/** Equal in all that a leaf of the receipts root covers. */
function areAlike(one: readonly Receipt[], other: readonly Receipt[]): boolean {
  if (one.length !== other.length) return false;
  for (let index = 0; index < one.length; index += 1) {
    const left = one[index];
    const right = other[index];
    if (
      left?.transactionId !== right?.transactionId ||
      left?.result !== right?.result ||
      left?.type !== right?.type
    )
      return false;
  }
  return true;
}
