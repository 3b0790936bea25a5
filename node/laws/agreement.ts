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

export class AgreementLaw {
  readonly law = new Law('agreement');
  readonly origin: OriginRule;
  readonly #hashByHeight = new Map<Height, Hash>();
  readonly #rootByHeight = new Map<Height, Hash>();
  /** Heights remembered below the newest: further back than any node's history reaches, so none is finalised again. */
  readonly #heightsKept: number;

  /** @param historyBlocks - Final blocks that nodes keep for each other. */
  constructor(historyBlocks: number, options: OriginRuleOptions) {
    this.origin = new OriginRule(this.law, options);
    this.#heightsKept = historyBlocks + HEIGHTS_BEYOND_HISTORY;
  }

  finalized(nodeName: string, { hash, header }: Block, stateRoot: Hash): void {
    const { height, stateRoot: headerRoot } = header;
    this.reported(nodeName, { height, hash, stateRoot, headerRoot });
  }

  /** What a node says it holds for final. */
  reported(nodeName: string, { height, hash: ownHash, stateRoot, headerRoot }: FinalHeight): void {
    const hash = this.#hashByHeight.get(height);
    if (hash === undefined) {
      this.#hashByHeight.set(height, ownHash);
      this.#rootByHeight.set(height, stateRoot);
      this.#hashByHeight.delete(height - this.#heightsKept);
      this.#rootByHeight.delete(height - this.#heightsKept);
    }
    const root = this.#rootByHeight.get(height);
    const agrees = (hash === undefined || hash === ownHash) && root === stateRoot && headerRoot === stateRoot;
    this.law.check(
      agrees,
      () =>
        `height ${height}: ${nodeName} finalised ${ownHash} with state root ${stateRoot} (header ${headerRoot}), ` +
        `the first to finalise had ${hash ?? ownHash} with ${root}`,
    );
  }
}
