/**
 * The modelled disk of one node: rows that are safe, and writes the machine has accepted but not yet synced. A synced
 * write makes every earlier write safe too, as the log of a real store does. Nothing here takes time.
 *
 * A broken disk shows at the next crash, or at the next start: it had only claimed to sync (`lost`), it wrote a part of
 * the last batch (`torn`), or it gives back other bits than it was given (`corrupt`). On it rows are sealed
 * (node/core/sealedRows.ts); sealing and opening whole rows gives the same rows, so it is done only where damage is.
 */
import { Random } from '../../../consensus/primitives/random.ts';
import { isDeletion } from '../../core/lazyWrite.ts';
import { openRows } from '../../core/sealedRows.ts';
import type { RecoveredRow, Write } from '../../core/types.ts';
import type { NodeFault } from '../../scenario/types.ts';
import { byKey, flipBit, sealAll, tearBatch, weightOf } from './diskDamage.ts';

/** What a crash costs: nothing, the writes that were not synced, or the whole disk. */
export type DiskLoss = 'none' | 'unsynced' | 'all';
export type DiskFault = Extract<NodeFault, { readonly type: 'disk' }>;

/** The store behind a node, as far as a runtime needs it. */
export interface Disk {
  /** Writes in order, as one unit; `sync`: all of it, and everything before, is safe when this returns. */
  apply(writes: readonly Write[], sync: boolean): void;
  /** Every row by ascending key, as they should be. */
  rows(): readonly RecoveredRow[];
  /** The value of one row that is safe: what a crash would leave of it; undefined where there is none. */
  safeValue(key: string): Uint8Array | undefined;
  /**
   * Every row by ascending key, as a node that starts now reads them.
   * @throws {CodedError} `STORE_CORRUPT`: they are not what was written.
   */
  read(): readonly RecoveredRow[];
  /**
   * The machine goes down; what is left is what `read` gives afterwards.
   * @returns Whether the disk broke its promise: a write is gone or damaged that `lose` would have left.
   */
  crash(lose: DiskLoss): boolean;
  /** It begins to misbehave; faults of one kind may overlap. */
  begin(fault: DiskFault): void;
  /** It behaves again. What is damaged stays so. */
  end(fault: DiskFault): void;
}

/** Each row as the write that made it: most are deleted before anybody needs their bytes. */
type Rows = Map<string, Write>;

/** The newest batch, and what it replaced. */
interface Batch {
  readonly writes: readonly Write[];
  /** By key; undefined where there was nothing. */
  readonly before: ReadonlyMap<string, Write | undefined>;
}

export class SimulatedDisk implements Disk {
  readonly #random: Random;
  #safe: Rows = new Map();
  /** Last unsynced write by key. Bounded by the number of distinct keys. */
  readonly #unsynced: Rows = new Map();
  readonly #faults = new Set<DiskFault>();
  /** True while a batch may matter later: the disk lies, or will tear one. */
  #isWatched = false;
  /** What was safe when it began to lie; undefined while it does not. */
  #promised: Rows | undefined;
  #hasBrokenPromise = false;
  #newest: Batch | undefined;
  /** The rows as they stand on the disk, seals and all, once they are damaged. */
  #damaged: readonly RecoveredRow[] | undefined;

  /** @param random - Decides where a batch tears and which bit flips. */
  constructor(random = new Random('disk')) {
    this.#random = random;
  }

  apply(writes: readonly Write[], sync: boolean): void {
    if (this.#isWatched) this.#watch(writes);
    if (!sync) {
      for (const write of writes) this.#unsynced.set(write.key, write);
      return;
    }
    if (this.#unsynced.size > 0) this.#flush();
    for (const write of writes) this.#put(write);
  }

  rows(): readonly RecoveredRow[] {
    const rows: RecoveredRow[] = [];
    const read = ({ key, value }: Write): void => {
      if (value !== undefined) rows.push({ key, value });
    };
    for (const write of this.#safe.values()) if (!this.#unsynced.has(write.key)) read(write);
    for (const write of this.#unsynced.values()) read(write);
    return rows.sort(byKey);
  }

  safeValue(key: string): Uint8Array | undefined {
    return this.#safe.get(key)?.value;
  }

  read(): readonly RecoveredRow[] {
    const isCorrupting = this.#has('corrupt');
    if (this.#damaged === undefined && !isCorrupting) return this.rows();
    const sealed = this.#damaged ?? sealAll(this.rows());
    return openRows(isCorrupting ? this.#flipBit(sealed) : sealed);
  }

  crash(lose: DiskLoss): boolean {
    if (lose === 'all') {
      this.#safe.clear();
      this.#unsynced.clear();
      this.#damaged = undefined;
      this.#beginWatch();
      return true;
    }
    let isBroken = false;
    if (this.#promised !== undefined && this.#hasBrokenPromise) {
      this.#safe = new Map(this.#promised);
      this.#unsynced.clear();
      isBroken = true;
    } else if (this.#newest !== undefined && this.#has('torn')) isBroken = this.#tear(this.#newest);
    else if (lose === 'none') this.#flush();
    else this.#unsynced.clear();
    this.#beginWatch();
    return isBroken;
  }

  begin(fault: DiskFault): void {
    this.#faults.add(fault);
    if (fault.fault === 'lost' && this.#promised === undefined) {
      this.#promised = new Map(this.#safe);
      this.#hasBrokenPromise = false;
    }
    this.#isWatched = this.#has('lost') || this.#has('torn');
  }

  end(fault: DiskFault): void {
    this.#faults.delete(fault);
    this.#isWatched = this.#has('lost') || this.#has('torn');
    if (!this.#has('lost')) this.#promised = undefined;
    if (!this.#has('torn')) this.#newest = undefined;
  }

  #has(kind: DiskFault['fault']): boolean {
    for (const { fault } of this.#faults) if (fault === kind) return true;
    return false;
  }

  /** What happens from here on happens to the rows as they are now. */
  #beginWatch(): void {
    this.#newest = undefined;
    this.#hasBrokenPromise = false;
    if (this.#promised !== undefined) this.#promised = new Map(this.#safe);
  }

  #watch(writes: readonly Write[]): void {
    this.#hasBrokenPromise = true;
    const before = new Map<string, Write | undefined>();
    for (const { key } of writes) before.set(key, this.#unsynced.get(key) ?? this.#safe.get(key));
    this.#newest = { writes, before };
  }

  /** Leaves a part of the newest batch. @returns False when there is nothing to tear. */
  #tear({ writes, before }: Batch): boolean {
    const byteCount = weightOf(writes);
    if (byteCount < 2) return false;
    const rows = new Map(this.rows().map(({ key, value }) => [key, value]));
    for (const [key, write] of before) {
      if (write?.value === undefined) rows.delete(key);
      else rows.set(key, write.value);
    }
    const written = this.#random.between(1, byteCount - 1);
    this.#damaged = tearBatch(
      [...rows].map(([key, value]) => ({ key, value })),
      writes,
      written,
    );
    return true;
  }

  #flipBit(sealed: readonly RecoveredRow[]): readonly RecoveredRow[] {
    const byteCount = sealed.reduce((sum, { value }) => sum + value.length, 0);
    return byteCount === 0 ? sealed : flipBit(sealed, this.#random.below(8 * byteCount));
  }

  #flush(): void {
    for (const write of this.#unsynced.values()) this.#put(write);
    this.#unsynced.clear();
  }

  #put(write: Write): void {
    if (isDeletion(write)) this.#safe.delete(write.key);
    else this.#safe.set(write.key, write);
  }
}
