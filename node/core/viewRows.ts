/**
 * The rows in which a node remembers views that are not final: which are on disk, and which no longer say all. A row
 * that holds a new vote of this node's is synced before the vote leaves.
 */
import type { Block } from '../../consensus/block.ts';
import type { View } from '../../consensus/primitives/flavor.ts';
import type { SimplexMemory } from '../../consensus/simplex/host.ts';
import type { ViewRecord } from '../../consensus/simplex/viewRecord.ts';
import { proposalKey, proposalWrite, viewKey, viewWrite } from './store.ts';
import type { Write } from './types.ts';

export class ViewRows {
  /** Views with a row on disk, deleted when they are final. */
  readonly #stored = new Set<View>();
  /** Those whose row is not up to date. */
  readonly #unsaved = new Set<ViewRecord>();

  get hasUnsaved(): boolean {
    return this.#unsaved.size > 0;
  }

  recover({ votes, certificates }: SimplexMemory): void {
    for (const { view } of [...votes, ...certificates]) this.#stored.add(view);
  }

  /** Something happened in a view that must be remembered. */
  note(record: ViewRecord): void {
    this.#unsaved.add(record);
  }

  /** The writes that bring all rows up to date, with the block that an own notarize vote is cast for. */
  save(proposal: Block | undefined): Write[] {
    const writes: Write[] = [];
    for (const record of this.#unsaved) {
      writes.push(viewWrite(record));
      this.#stored.add(record.view);
    }
    this.#unsaved.clear();
    if (proposal !== undefined) writes.push(proposalWrite(proposal));
    return writes;
  }

  /** Adds the deletion of what was remembered of views up to the finalised one: it has done its duty. */
  prune(finalizedView: View, writes: Write[]): void {
    for (const record of this.#unsaved) if (record.view <= finalizedView) this.#unsaved.delete(record);
    for (const view of this.#stored) {
      if (view > finalizedView) continue;
      this.#stored.delete(view);
      writes.push({ key: viewKey(view), value: undefined }, { key: proposalKey(view), value: undefined });
    }
  }
}
