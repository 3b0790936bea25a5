/**
 * What a node knows of the settlement chain: its blocks from the finalised origin on, and the rules by which a
 * header may name one of them (docs/protocol.md, settlement origin).
 */
import type { SettlementOrigin } from '../../consensus/block.ts';
import type { Hash, SettlementHeight, TimeMs } from '../../consensus/primitives/flavor.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';

export interface OriginRules {
  readonly originDelayMs: number;
  readonly originConfirmations: number;
  readonly originLagMax: number;
}

export type OriginJudgement = 'valid' | 'invalid' | 'wait';

/**
 * What became of a block of the settlement chain. `reorganised`: it replaced another and all above; `known`: nothing
 * new, or below what counts; `detached`: it stands on a block that is not known; `contradicts_origin`: the chain goes on
 * without the origin of a final block.
 */
export type BlockReception = 'added' | 'reorganised' | 'known' | 'detached' | 'contradicts_origin';

export class SettlementView {
  readonly #rules: OriginRules;
  readonly #blocks = new Map<SettlementHeight, SettlementBlock>();
  #newestHeight: SettlementHeight = -1;
  #finalOrigin: SettlementOrigin;
  /** Another block at the height of the final origin: a leftover, unless the chain goes on from it. */
  #rival: Hash | undefined;

  constructor(rules: OriginRules, finalOrigin: SettlementOrigin) {
    this.#rules = rules;
    this.#finalOrigin = finalOrigin;
  }

  get newestHeight(): SettlementHeight {
    return this.#newestHeight;
  }

  at(height: SettlementHeight): SettlementBlock | undefined {
    return this.#blocks.get(height);
  }

  /** True once as many blocks stand on that one as an origin needs. */
  isConfirmed(height: SettlementHeight): boolean {
    return height <= this.#newestHeight - this.#rules.originConfirmations;
  }

  /**
   * Takes a block in; one at a height already known with another hash replaces it and all above (a reorg).
   *
   * Deliveries may be repeated, so one strange block proves nothing: that the chain left the final origin is believed
   * when a second block stands on the first.
   */
  add(block: SettlementBlock): BlockReception {
    const { height, hash, parentHash } = block;
    const known = this.#blocks.get(height);
    if (known?.hash === hash) return 'known';
    const final = this.#finalOrigin;
    if (height < final.height) return 'known';
    if (height === final.height && hash !== final.hash) {
      this.#rival = hash;
      return 'known';
    }
    if (height === final.height + 1 && parentHash !== final.hash) {
      return parentHash === this.#rival ? 'contradicts_origin' : 'detached';
    }
    const isFirst = height === final.height;
    if (!isFirst && this.#blocks.get(height - 1)?.hash !== parentHash) return 'detached';
    for (let above = height; above <= this.#newestHeight; above += 1) this.#blocks.delete(above);
    this.#blocks.set(height, block);
    this.#newestHeight = height;
    return known === undefined ? 'added' : 'reorganised';
  }

  /**
   * A block that names this origin is final: forgets what lies below. The origin itself stays, quotes and fees come
   * from it.
   * @returns False when the own view has another block there.
   */
  finalize(origin: SettlementOrigin): boolean {
    if (origin.height !== this.#finalOrigin.height) this.#rival = undefined;
    this.#finalOrigin = origin;
    for (const height of this.#blocks.keys()) {
      if (height >= origin.height) break;
      this.#blocks.delete(height);
    }
    const own = this.#blocks.get(origin.height);
    return own === undefined || own.hash === origin.hash;
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
    if (origin.height < parent.height) return 'invalid';
    // What is too young for the header is no lag, however fast the settlement chain is.
    const newest = this.newestOrigin(parent, timestampMs);
    if (newest.height - origin.height > this.#rules.originLagMax) return 'invalid';
    if (origin.height === parent.height) return origin.hash === parent.hash ? 'valid' : 'invalid';
    const block = this.#blocks.get(origin.height);
    if (block === undefined || !this.isConfirmed(origin.height)) return 'wait';
    if (block.hash !== origin.hash) return 'invalid';
    return block.timestampMs <= timestampMs - this.#rules.originDelayMs ? 'valid' : 'invalid';
  }

  /** The blocks after `from` up to `to`, ascending; undefined while one is missing or another stands there. */
  range(from: SettlementOrigin, to: SettlementOrigin): readonly SettlementBlock[] | undefined {
    const blocks: SettlementBlock[] = [];
    for (let height = from.height + 1; height <= to.height; height += 1) {
      const block = this.#blocks.get(height);
      // A parent's origin that a reorganisation took away has no successor: nothing may skip what replaced it.
      if (block === undefined || (blocks.length === 0 && block.parentHash !== from.hash)) return undefined;
      blocks.push(block);
    }
    const last = blocks.at(-1);
    return last === undefined || last.hash === to.hash ? blocks : undefined;
  }
}
