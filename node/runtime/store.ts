/** The store behind a running node, as a port: what a runtime needs of whatever keeps its rows. */
import type { RecoveredRow, Write } from '../core/types.ts';

export interface Store {
  /** The store was made together with the key of its node and was never opened: nothing can have been lost. */
  readonly isNew: boolean;
  /** The store was in use before, and its rows are gone: a node then has lost what it voted for. */
  readonly hasLostRows: boolean;
  /** Every row by ascending key, as a node that starts now reads them. */
  rows(): Promise<readonly RecoveredRow[]>;
  /**
   * Writes in order, as one unit: all of them or, after a crash, none.
   * @param sync - All of it, and everything written before, is safe once the promise resolves.
   * @throws {CodedError} `STORE_WRITE_FAILED`: nothing may leave this process any more that relies on the write.
   */
  apply(writes: readonly Write[], sync: boolean): Promise<void>;
  /** Lets the last write end and gives the store free for others. */
  close(): Promise<void>;
}
