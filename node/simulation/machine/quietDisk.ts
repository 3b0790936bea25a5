/**
 * The disk of a node in a run without faults. Its node starts once and never goes down, so nobody reads back what it
 * wrote, but for both outboxes, which the law of durability looks into: those rows are kept and no others.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';
import { OUTBOX_PREFIX } from '../../../settlement/chain/submitter.ts';
import { LazyWrite } from '../../core/lazyWrite.ts';
import { COMPLETION_PREFIX } from '../../core/store.ts';
import type { RecoveredRow, Write } from '../../core/types.ts';
import { type Disk, SimulatedDisk } from './disk.ts';

const noWrites: readonly Write[] = [];

export class QuietDisk implements Disk {
  readonly #outbox = new SimulatedDisk();

  apply(writes: readonly Write[], sync: boolean): void {
    let kept = noWrites;
    for (const write of writes) if (isOutbox(write)) kept = [...kept, write];
    if (sync || kept.length > 0) this.#outbox.apply(kept, sync);
  }

  rows(): readonly RecoveredRow[] {
    return this.#outbox.rows();
  }

  safeValue(key: string): Uint8Array | undefined {
    return this.#outbox.safeValue(key);
  }

  read(): readonly RecoveredRow[] {
    const rows = this.rows();
    assert(rows.length === 0, 'a node that has run starts from a disk that kept its outbox alone');
    return rows;
  }

  crash(): never {
    return neverHappens();
  }

  begin(): never {
    return neverHappens();
  }

  end(): never {
    return neverHappens();
  }
}

/** Rows of outboxes are written out at once. Most others are not, and to ask them for their key costs. */
function isOutbox(write: Write): boolean {
  if (write instanceof LazyWrite) return false;
  return write.key.startsWith(OUTBOX_PREFIX) || write.key.startsWith(COMPLETION_PREFIX);
}

function neverHappens(): never {
  throw new Error('assertion failed: something happens to a disk in a run without faults');
}
