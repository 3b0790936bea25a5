/** Transfers that the far side has not answered yet, by the height of the block that will say so. */
import type { SettlementHeight } from '../../consensus/primitives/flavor.ts';
import type { SettlementEvent, SettlementTransaction } from '../net/settlement.ts';

/** Blocks between a transfer and the event that the far side answered. */
export const ACKNOWLEDGEMENT_DELAY_BLOCKS = 2;

/** All that is due, by height; never changed once taken. */
export type AcknowledgementsSnapshot = ReadonlyMap<SettlementHeight, readonly SettlementEvent[]>;

const noEvents: readonly SettlementEvent[] = Object.freeze([]);

export class Acknowledgements {
  #due: Map<SettlementHeight, readonly SettlementEvent[]> = new Map();

  /** Notes the transfers of a settlement that the block at `height` carried out. */
  schedule({ seq, actions }: SettlementTransaction, height: SettlementHeight): void {
    const dueAt = height + ACKNOWLEDGEMENT_DELAY_BLOCKS;
    for (const { type, asset, amount } of actions) {
      if (type !== 'ibc_transfer') continue;
      const event: SettlementEvent = { type: 'transfer_acknowledged', seq, asset, amount };
      this.#due.set(dueAt, [...(this.#due.get(dueAt) ?? []), event]);
    }
  }

  /** Takes what is due at `height`. */
  take(height: SettlementHeight): readonly SettlementEvent[] {
    if (this.#due.size === 0) return noEvents;
    const due = this.#due.get(height);
    if (due === undefined) return noEvents;
    this.#due.delete(height);
    return Object.freeze(due);
  }

  snapshot(): AcknowledgementsSnapshot {
    return new Map(this.#due);
  }

  restore(snapshot: AcknowledgementsSnapshot): void {
    this.#due = new Map(snapshot);
  }
}
