/** What the parts that drive one target share. */
import type { BatcherAdapter, QueuedInput } from '../adapters/adapter.ts';
import type { InputRow } from '../storage/inputRow.ts';
import type { InputOutcome } from '../storage/inputStorage.ts';
import type { Callers } from './callers.ts';
import type { BatcherSettings, BatcherSurroundings } from './options.ts';
import type { Parking } from './parking.ts';
import type { StoredQueue } from './storedQueue.ts';

export interface TargetContext {
  readonly target: string;
  readonly adapter: BatcherAdapter;
  readonly settings: BatcherSettings;
  readonly surroundings: BatcherSurroundings;
  readonly queue: StoredQueue;
  readonly parking: Parking;
  readonly callers: Callers;
  /** Aborted when the batcher stops. */
  readonly signal: AbortSignal;
}

/** An input of a batch, as it is stored and as the adapter knows it. */
export interface BatchInput {
  readonly row: InputRow;
  readonly queued: QueuedInput;
}

/** Tells whoever listens and whoever waits what was written of an input. */
export function tellOutcome(
  { target, callers, surroundings: { emit } }: TargetContext,
  outcome: InputOutcome,
  row: InputRow,
  code: string,
): void {
  const { requestId } = outcome;
  switch (outcome.kind) {
    case 'confirmed':
      callers.tellConfirmed(requestId, outcome.transactionHash, outcome.sidechainHeight);
      emit({ type: 'input:confirmed', target, requestId, transactionHash: outcome.transactionHash });
      return;
    case 'failed':
      if (outcome.charge === 'attempt')
        emit({ type: 'input:charged', target, requestId, attempts: row.attempts + 1, code });
      callers.tellFailed(requestId, outcome.errorCode);
      emit({ type: 'input:failed', target, requestId, code: outcome.errorCode });
      return;
    case 'returned':
      if (outcome.charge === 'attempt')
        emit({ type: 'input:charged', target, requestId, attempts: row.attempts + 1, code });
  }
}
