/**
 * Whether settlement blocks tell of a batch that a chain of blocks did not seal. Only a final block is ever settled, so
 * such a chain lost against another one or ends before it: a leader that lags behind must not build on it, and no
 * voter may execute what claims to stand on it.
 */
import type { State } from '../state.ts';
import { equalAmounts } from './flows.ts';
import type { SettlementBlock } from './settlement.ts';
import { batchKey, batchTable } from './tables.ts';

/** @param blocks - Settlement-chain blocks that a header on top of `state` brings into view. */
export function hasForeignSettlement(state: State, blocks: readonly SettlementBlock[]): boolean {
  for (const { events } of blocks) {
    for (const event of events) {
      if (event.type !== 'batch_settled') continue;
      const row = state.get(batchTable, batchKey(event.seq));
      if (row === undefined || row.fromHeight !== event.fromHeight || row.toHeight !== event.toHeight)
        return true;
      if (!equalAmounts(row.net, event.net)) return true;
    }
  }
  return false;
}
