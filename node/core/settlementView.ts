/**
 * What a node knows of the settlement chain: its blocks from the finalised origin on, and the rules by which a
 * header may name one of them (docs/protocol.md, settlement origin).
 */
import type { SettlementOrigin } from '../../consensus/block.ts';
import type { SettlementHeight, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';

export interface OriginRules {
  readonly originDelayMs: number;
  readonly originConfirmations: number;
  readonly originLagMax: number;
}

export type OriginJudgement = 'valid' | 'invalid' | 'wait';

export class SettlementView {
  readonly #rules: OriginRules;
  readonly #blocks = new Map<SettlementHeight, SettlementBlock>();
  #newestHeight: SettlementHeight = -1;

  constructor(rules: OriginRules) {
    this.#rules = rules;
  }

  get newestHeight(): SettlementHeight {
    return this.#newestHeight;
  }

  at(height: SettlementHeight): SettlementBlock | undefined {
    return this.#blocks.get(height);
  }

  /**
   * Takes a block in; one at a height already known with another hash replaces it and all above (a reorg).
   * @returns False when the block is already known or does not attach.
   */
  add(block: SettlementBlock): boolean {
    const known = this.#blocks.get(block.height);
    if (known?.hash === block.hash) return false;
    const parent = this.#blocks.get(block.height - 1);
    if (parent !== undefined && parent.hash !== block.parentHash) return false;
    if (parent === undefined && this.#blocks.size > 0) return false;
    for (let height = block.height; height <= this.#newestHeight; height += 1) this.#blocks.delete(height);
    this.#blocks.set(block.height, block);
    this.#newestHeight = block.height;
    return true;
  }

  /** Forgets blocks below the finalised origin; the origin itself stays, quotes and fees come from it. */
  prune(finalizedOriginHeight: SettlementHeight): void {
    for (const height of this.#blocks.keys()) {
      if (height >= finalizedOriginHeight) return;
      this.#blocks.delete(height);
    }
  }

  /** The newest block a header with this timestamp may name, never below its parent's origin. */
  newestOrigin(parent: SettlementOrigin, timestampMs: TimeMs): SettlementOrigin {
    for (
      let height = this.#newestHeight - this.#rules.originConfirmations;
      height > parent.height;
      height -= 1
    ) {
      const block = this.#blocks.get(height);
      if (block !== undefined && block.timestampMs <= timestampMs - this.#rules.originDelayMs) {
        return { height, hash: block.hash };
      }
    }
    return parent;
  }

  /** Judges the origin of a proposed header against the own view of the chain. */
  judge(origin: SettlementOrigin, parent: SettlementOrigin, timestampMs: TimeMs): OriginJudgement {
    const newestConfirmed = this.#newestHeight - this.#rules.originConfirmations;
    if (origin.height < parent.height) return 'invalid';
    // What is too young for the header is no lag, however fast the settlement chain is.
    const newest = this.newestOrigin(parent, timestampMs);
    if (newest.height - origin.height > this.#rules.originLagMax) return 'invalid';
    if (origin.height === parent.height) return origin.hash === parent.hash ? 'valid' : 'invalid';
    const block = this.#blocks.get(origin.height);
    if (block === undefined || origin.height > newestConfirmed) return 'wait';
    if (block.hash !== origin.hash) return 'invalid';
    return block.timestampMs <= timestampMs - this.#rules.originDelayMs ? 'valid' : 'invalid';
  }

  /** The blocks after `from` up to `to`, ascending; undefined while one is missing or another stands there. */
  range(from: SettlementOrigin, to: SettlementOrigin): readonly SettlementBlock[] | undefined {
    const blocks: SettlementBlock[] = [];
    for (let height = from.height + 1; height <= to.height; height += 1) {
      const block = this.#blocks.get(height);
      if (block === undefined) return undefined;
      blocks.push(block);
    }
    const last = blocks.at(-1);
    return last === undefined || last.hash === to.hash ? blocks : undefined;
  }
}
