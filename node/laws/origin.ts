/**
 * The part of agreement that concerns the settlement chain: what final headers name as their origin is judged against
 * the chain itself, which no node sees whole (docs/protocol.md, settlement origin). It looks once at each final block.
 */
import type { Header, SettlementOrigin } from '../../consensus/block.ts';
import type { SettlementHeight } from '../../consensus/primitives/flavor.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { Law } from './law.ts';

export interface OriginRuleOptions {
  readonly genesis: Pick<Genesis, 'settlementGenesisHash' | 'originDelayMs' | 'originConfirmations'>;
  /** The chain as it stands. */
  readonly settlementBlockAt: (height: SettlementHeight) => SettlementBlock | undefined;
}

export class OriginRule {
  readonly #law: Law;
  readonly #options: OriginRuleOptions;
  /** Origin of the newest final block. */
  #origin: SettlementOrigin;
  /** The highest block there has ever been. */
  #highest: SettlementHeight = 0;
  /** Blocks were taken back from under an origin that was valid: no rule says what is valid after that. */
  #isBeyondModel = false;

  constructor(law: Law, options: OriginRuleOptions) {
    this.#law = law;
    this.#options = options;
    this.#origin = { height: 0, hash: options.genesis.settlementGenesisHash };
  }

  settlementBlock(height: SettlementHeight): void {
    if (height > this.#highest) this.#highest = height;
  }

  /** The chain took back its blocks above a height. */
  settlementReorganised(height: SettlementHeight): void {
    if (this.#highest - height > this.#options.genesis.originConfirmations) this.#isBeyondModel = true;
  }

  /** The first node finalises a block. */
  finalized(header: Header): void {
    const parent = this.#origin;
    const { origin } = header;
    this.#origin = origin;
    const problem =
      origin.height === parent.height ? this.#findChange(header, parent) : this.#find(header, parent);
    if (problem === undefined) this.#law.pass();
    else
      this.#law.check(false, () => `height ${header.height}: settlement origin ${origin.height} ${problem}`);
  }

  #findChange({ origin }: Header, parent: SettlementOrigin): string | undefined {
    return origin.hash === parent.hash ? undefined : `is ${origin.hash}, its parent named ${parent.hash}`;
  }

  #find({ origin, timestampMs }: Header, parent: SettlementOrigin): string | undefined {
    const { originDelayMs, originConfirmations } = this.#options.genesis;
    if (origin.height < parent.height) return `lies below its parent's ${parent.height}`;
    if (this.#highest - origin.height < originConfirmations)
      return `has fewer than ${originConfirmations} blocks above it, up to ${this.#highest}`;
    if (this.#isBeyondModel) return undefined;
    const block = this.#options.settlementBlockAt(origin.height);
    if (block?.hash !== origin.hash) return `is ${origin.hash}, the chain has ${block?.hash ?? 'none'} there`;
    if (block.timestampMs > timestampMs - originDelayMs)
      return `was made at ${block.timestampMs} ms, too late for a header of ${timestampMs} ms`;
    return undefined;
  }
}
