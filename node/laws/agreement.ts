/**
 * Law 1, agreement: no two nodes finalise different blocks at one height, each height has one state root, and what it
 * names of the settlement chain is so (origin.ts).
 */
import type { Block } from '../../consensus/block.ts';
import type { Hash, Height } from '../../consensus/primitives/flavor.ts';
import { Law } from './law.ts';
import { OriginRule, type OriginRuleOptions } from './origin.ts';

/** Heights remembered beyond the nodes' own history. */
const HEIGHTS_BEYOND_HISTORY = 256;

/** What one node holds for final at one height. */
export interface FinalHeight {
  readonly height: Height;
  readonly hash: Hash;
  readonly stateRoot: Hash;
  /** What the block's own header names as state root. */
  readonly headerRoot: Hash;
}

/** What the first node to finalise a height held. */
interface First {
  readonly height: Height;
  readonly hash: Hash;
  readonly stateRoot: Hash;
}

export class AgreementLaw {
  readonly law = new Law('agreement');
  readonly origin: OriginRule;
  /**
   * By height modulo how many are kept: a height takes the place of one further back than any node's history reaches, which
   * is not finalised again.
   */
  readonly #first: First[] = [];
  readonly #heightsKept: number;

  /** @param historyBlocks - Final blocks that nodes keep for each other. */
  constructor(historyBlocks: number, options: OriginRuleOptions) {
    this.origin = new OriginRule(this.law, options);
    this.#heightsKept = historyBlocks + HEIGHTS_BEYOND_HISTORY;
  }

  finalized(nodeName: string, { hash, header }: Block, stateRoot: Hash): void {
    this.#judge(nodeName, header.height, hash, stateRoot, header.stateRoot);
  }

  /** What a node says it holds for final. */
  reported(nodeName: string, { height, hash, stateRoot, headerRoot }: FinalHeight): void {
    this.#judge(nodeName, height, hash, stateRoot, headerRoot);
  }

  #judge(nodeName: string, height: Height, hash: Hash, stateRoot: Hash, headerRoot: Hash): void {
    const place = height % this.#heightsKept;
    let first = this.#first[place];
    if (first === undefined || first.height < height) {
      first = { height, hash, stateRoot };
      this.#first[place] = first;
    }
    this.law.pass();
    const agrees =
      headerRoot === stateRoot &&
      (first.height !== height || (first.hash === hash && first.stateRoot === stateRoot));
    if (agrees) return;
    this.law.violate(
      `height ${height}: ${nodeName} finalised ${hash} with state root ${stateRoot} (header ${headerRoot}), ` +
        `the first to finalise had ${first.hash} with ${first.stateRoot}`,
    );
  }
}
