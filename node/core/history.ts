/**
 * The final blocks a node keeps for peers that ask, bounded in depth, and those it still needs to prove an
 * unsettled batch final. The rows on disk are the same set: every change here is a write of the same batch.
 */
import type { Height } from '../../consensus/primitives/flavor.ts';
import { Ring } from '../../consensus/primitives/ring.ts';
import type { NetFact, SealedBatch } from '../../settlement/net/types.ts';
import { BlockWrite, blockKey, type StoredBlock } from './store.ts';
import type { Write } from './types.ts';

export class History {
  readonly #depthBlocks: number;
  /** The newest ones, each as the write of its row. */
  readonly #newest: Ring<BlockWrite>;
  /** Those below that are still needed. */
  readonly #older = new Map<Height, BlockWrite>();
  /** Heights that prove a sealed batch final, by batch: the sealing block up to the first with a certificate. */
  readonly #proofs = new Map<number, Height[]>();
  /** How many batches need a height. */
  readonly #needed = new Map<Height, number>();
  /** Batches whose proof still lacks a certificate. */
  readonly #unproven = new Set<number>();
  #newestHeight: Height = 0;

  /** @param depthBlocks - Final blocks kept whatever happens, in blocks. */
  constructor(depthBlocks: number) {
    this.#depthBlocks = depthBlocks;
    this.#newest = new Ring(depthBlocks);
  }

  get(height: Height): StoredBlock | undefined {
    return (this.#newest.get(height) ?? this.#older.get(height))?.stored;
  }

  /** Takes up what a restarted node found on disk. */
  recover(blocks: readonly StoredBlock[], pending: readonly SealedBatch[]): void {
    this.#newestHeight = blocks.at(-1)?.block.header.height ?? 0;
    for (const stored of blocks) {
      const { height } = stored.block.header;
      const write = new BlockWrite(blockKey(height), stored);
      if (height > this.#newestHeight - this.#depthBlocks) this.#newest.set(height, write);
      else this.#older.set(height, write);
    }
    for (const { seq, toHeight } of pending) {
      this.#unproven.add(seq);
      this.#proofs.set(seq, []);
      for (let height = toHeight; this.#unproven.has(seq) && this.get(height) !== undefined; height += 1) {
        this.#extendProof(seq, height);
      }
    }
  }

  /** Adds the next final block; gives the rows to write and those no longer kept to delete. */
  add(stored: StoredBlock, facts: readonly NetFact[]): Write[] {
    const { height } = stored.block.header;
    this.#newestHeight = height;
    const write = new BlockWrite(blockKey(height), stored);
    const leaving = this.#newest.set(height, write);
    const writes: Write[] = [write];
    for (const fact of facts) {
      if (fact.type === 'batch_sealed') {
        this.#unproven.add(fact.batch.seq);
        this.#proofs.set(fact.batch.seq, []);
      } else if (fact.type === 'batch_confirmed') this.#release(fact.batch.seq, writes);
    }
    for (const seq of this.#unproven) this.#extendProof(seq, height);
    if (leaving !== undefined) this.#leave(leaving, writes);
    return writes;
  }

  /** A block is no longer one of the newest. */
  #leave(block: BlockWrite, writes: Write[]): void {
    const { height } = block.stored.block.header;
    if (this.#needed.has(height)) this.#older.set(height, block);
    else writes.push({ key: block.key, value: undefined });
  }

  #extendProof(seq: number, height: Height): void {
    this.#proofs.get(seq)?.push(height);
    this.#needed.set(height, (this.#needed.get(height) ?? 0) + 1);
    if (this.get(height)?.certificate !== undefined) this.#unproven.delete(seq);
  }

  #release(seq: number, writes: Write[]): void {
    const heights = this.#proofs.get(seq) ?? [];
    this.#proofs.delete(seq);
    this.#unproven.delete(seq);
    for (const height of heights) {
      const count = (this.#needed.get(height) ?? 1) - 1;
      if (count > 0) this.#needed.set(height, count);
      else this.#needed.delete(height);
      this.#dropOlder(height, writes);
    }
  }

  #dropOlder(height: Height, writes: Write[]): void {
    const kept = this.#older.get(height);
    if (kept === undefined || this.#needed.has(height)) return;
    this.#older.delete(height);
    writes.push({ key: kept.key, value: undefined });
  }
}
