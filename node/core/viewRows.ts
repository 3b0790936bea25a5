/**
 * The rows in which a node remembers views that are not final: which are on disk, and which no longer say all. A row
 * that holds a new vote of this node's is synced before the vote leaves.
 */
import type { Block } from '../../consensus/block.ts';
import type { View } from '../../consensus/primitives/flavor.ts';
import type { SimplexMemory } from '../../consensus/simplex/host.ts';
import type { ViewRecord } from '../../consensus/simplex/viewRecord.ts';
import { proposalKey, proposalWrite, ViewWrite, viewKey } from './store.ts';
import type { Write } from './types.ts';

/** The keys of one view's rows. */
interface RowKeys {
  readonly view: View;
  readonly viewKey: string;
  readonly proposalKey: string;
}

export class ViewRows {
  /** Views with a row on disk, deleted when they are final. */
  #stored: RowKeys[] = [];
  /** Those whose row is not up to date; hardly ever more than two. */
  readonly #unsaved: ViewRecord[] = [];

  get hasUnsaved(): boolean {
    return this.#unsaved.length > 0;
  }

  recover({ votes, certificates }: SimplexMemory): void {
    for (const { view } of [...votes, ...certificates]) this.#keysOf(view);
  }

  /** Something happened in a view that must be remembered. */
  note(record: ViewRecord): void {
    if (!this.#unsaved.includes(record)) this.#unsaved.push(record);
  }

  /** The writes that bring all rows up to date, with the block that an own notarize vote is cast for. */
  save(proposal: Block | undefined): Write[] {
    const writes: Write[] = this.#unsaved.map(
      (record) => new ViewWrite(this.#keysOf(record.view).viewKey, record),
    );
    this.#unsaved.length = 0;
    if (proposal !== undefined) {
      writes.push(proposalWrite(this.#keysOf(proposal.header.view).proposalKey, proposal));
    }
    return writes;
  }

  /** Adds the deletion of what was remembered of views up to the finalised one: it has done its duty. */
  prune(finalizedView: View, writes: Write[]): void {
    const kept: RowKeys[] = [];
    for (const keys of this.#stored) {
      if (keys.view > finalizedView) kept.push(keys);
      else {
        writes.push({ key: keys.viewKey, value: undefined }, { key: keys.proposalKey, value: undefined });
      }
    }
    this.#stored = kept;
    for (let index = this.#unsaved.length - 1; index >= 0; index -= 1) {
      if ((this.#unsaved[index]?.view ?? 0) <= finalizedView) this.#unsaved.splice(index, 1);
    }
  }

  /** Looked for from the end: what is written is nearly always of the newest views. */
  #keysOf(view: View): RowKeys {
    for (let index = this.#stored.length - 1; index >= 0; index -= 1) {
      const known = this.#stored[index];
      if (known?.view === view) return known;
    }
    const keys = { view, viewKey: viewKey(view), proposalKey: proposalKey(view) };
    this.#stored.push(keys);
    return keys;
  }
}
