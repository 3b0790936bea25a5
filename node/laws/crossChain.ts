/**
 * The part of exactly once that concerns transfers between the chains: each is decided once, and the settlement chain ends
 * its escrow once, as it was decided. Ends in blocks that were taken back did not happen.
 */
import type { Hash, Height, SettlementHeight } from '../../consensus/primitives/flavor.ts';
import type { CrossChainFact, CrossChainOutcome } from '../../settlement/bridge/types.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { Law } from './law.ts';

/** How a transfer ended on either side, as far as it is known; of a closed one nothing is kept. */
interface Ends {
  decided: CrossChainOutcome | undefined;
  there: { readonly outcome: CrossChainOutcome; readonly height: SettlementHeight } | undefined;
}

export class CrossChainRule {
  readonly #law: Law;
  readonly #transfers = new Map<Hash, Ends>();

  constructor(law: Law) {
    this.#law = law;
  }

  finalized(height: Height, facts: readonly CrossChainFact[]): void {
    for (const fact of facts) {
      const { transferId } = fact;
      if (fact.type === 'cross_chain_decided') {
        const ends = this.#endsOf(transferId);
        this.#law.check(ends.decided === undefined, () => `height ${height}: ${transferId} is decided again`);
        ends.decided = fact.outcome;
        this.#compare(transferId, ends);
      }
      if (fact.type !== 'cross_chain_closed') continue;
      const decided = this.#transfers.get(transferId)?.decided;
      this.#law.check(
        decided === fact.outcome,
        () =>
          `height ${height}: ${transferId} is closed to ${fact.outcome}, decided to ${decided ?? 'nothing'}`,
      );
      this.#transfers.delete(transferId);
    }
  }

  settlementBlock({ height, events }: SettlementBlock): void {
    for (const event of events) {
      if (event.type !== 'cross_chain_completed' && event.type !== 'cross_chain_refunded') continue;
      const { transferId } = event;
      const ends = this.#endsOf(transferId);
      this.#law.check(ends.there === undefined, () => `settlement block ${height} ends ${transferId} again`);
      ends.there = { outcome: event.type === 'cross_chain_completed' ? 'complete' : 'refund', height };
      this.#compare(transferId, ends);
    }
  }

  /** The settlement chain took back its blocks above a height. */
  settlementReorganised(height: SettlementHeight): void {
    for (const ends of this.#transfers.values()) {
      if ((ends.there?.height ?? 0) > height) ends.there = undefined;
    }
  }

  #compare(transferId: Hash, { decided, there }: Ends): void {
    if (decided === undefined || there === undefined) return;
    this.#law.check(
      decided === there.outcome,
      () => `${transferId} was decided to ${decided}, and the settlement chain did ${there.outcome}`,
    );
  }

  #endsOf(transferId: Hash): Ends {
    let ends = this.#transfers.get(transferId);
    if (ends === undefined) {
      ends = { decided: undefined, there: undefined };
      this.#transfers.set(transferId, ends);
    }
    return ends;
  }
}
