/**
 * One stream out of the streams of all nodes. What a node tells of itself (`node` names it) passes; what it tells of the
 * network comes from every node with the same content, and passes once. Memory is bounded: what lies further back than is
 * remembered was told long ago.
 */
import type { EventLine } from '../../core/eventFields.ts';

/** Facts remembered: dozens of full blocks, a day of ordinary ones. */
export const FACTS_KEPT = 50_000;
/** Settlement blocks remembered: nodes follow within a handful. */
export const SETTLEMENT_BLOCKS_KEPT = 1024;

export interface MergeLimits {
  readonly facts: number;
  readonly settlementBlocks: number;
}

export class EventMerge {
  readonly #limits: MergeLimits;
  /** By height of the final block. */
  readonly #facts = new Map<number, Set<string>>();
  readonly #settlementBlocks = new Set<string>();
  #factCount = 0;
  /** Up to here everything counts as told. */
  #floor = -1;

  constructor(limits: MergeLimits = { facts: FACTS_KEPT, settlementBlocks: SETTLEMENT_BLOCKS_KEPT }) {
    this.#limits = limits;
  }

  /** Whether a line is news. */
  accept(line: EventLine): boolean {
    if (line.node !== null) return true;
    if (line.type === 'settlement_block') return this.#acceptSettlementBlock(String(line.hash));
    return typeof line.height === 'number' ? this.#acceptFact(line.height, keyOf(line)) : true;
  }

  #acceptFact(height: number, key: string): boolean {
    if (height <= this.#floor) return false;
    let told = this.#facts.get(height);
    if (told?.has(key) === true) return false;
    if (told === undefined) {
      told = new Set();
      this.#facts.set(height, told);
    }
    told.add(key);
    this.#factCount += 1;
    while (this.#factCount > this.#limits.facts && this.#facts.size > 1) this.#forgetOldest();
    return true;
  }

  #forgetOldest(): void {
    let oldest = Number.POSITIVE_INFINITY;
    for (const height of this.#facts.keys()) oldest = Math.min(oldest, height);
    this.#factCount -= this.#facts.get(oldest)?.size ?? 0;
    this.#facts.delete(oldest);
    this.#floor = Math.max(this.#floor, oldest);
  }

  #acceptSettlementBlock(hash: string): boolean {
    if (this.#settlementBlocks.has(hash)) return false;
    this.#settlementBlocks.add(hash);
    if (this.#settlementBlocks.size > this.#limits.settlementBlocks) {
      const [oldest] = this.#settlementBlocks;
      if (oldest !== undefined) this.#settlementBlocks.delete(oldest);
    }
    return true;
  }
}

/** Content without the instant at which a node learnt of it. */
function keyOf({ t: _t, ...content }: EventLine): string {
  return content.type === 'transaction_executed' ? String(content.id) : JSON.stringify(content);
}
