/** Totals of what happened since the start, for metrics. */
import type { BatcherEvent } from './events.ts';

export interface BatcherCounters {
  /** New inputs that were stored. */
  readonly inputsQueued: number;
  /** Requests for an input that was known. */
  readonly inputsRepeated: number;
  readonly inputsConfirmed: number;
  readonly inputsFailed: number;
  /** Tries that were charged. */
  readonly inputsCharged: number;
  readonly inputsPruned: number;
  readonly batchesOpened: number;
  /** Transactions that were sent: a batch that is sent again counts again. */
  readonly batchesSubmitted: number;
  readonly batchesLanded: number;
  /** Batches whose inputs went back, some or all. */
  readonly batchesReturned: number;
  readonly receiptTimeouts: number;
  readonly parks: number;
  readonly storageLosses: number;
}

type Counter = { -readonly [Key in keyof BatcherCounters]: number };

export class Counting {
  readonly #counters: Counter = {
    ...{ inputsQueued: 0, inputsRepeated: 0, inputsConfirmed: 0, inputsFailed: 0, inputsCharged: 0 },
    ...{ inputsPruned: 0, batchesOpened: 0, batchesSubmitted: 0, batchesLanded: 0, batchesReturned: 0 },
    ...{ receiptTimeouts: 0, parks: 0, storageLosses: 0 },
  };

  /** As of now. */
  snapshot(): BatcherCounters {
    return { ...this.#counters };
  }

  /** No event: a client that repeats itself is nobody's news. */
  noteRepeated(): void {
    this.#counters.inputsRepeated += 1;
  }

  note(event: BatcherEvent): void {
    const key = eventCounters[event.type];
    if (key !== undefined) this.#counters[key] += event.type === 'inputs:pruned' ? event.inputs : 1;
  }
}

const eventCounters: Readonly<Partial<Record<BatcherEvent['type'], keyof BatcherCounters>>> = {
  'input:queued': 'inputsQueued',
  'input:charged': 'inputsCharged',
  'input:confirmed': 'inputsConfirmed',
  'input:failed': 'inputsFailed',
  'inputs:pruned': 'inputsPruned',
  'batch:open': 'batchesOpened',
  'batch:submit': 'batchesSubmitted',
  'batch:receipt': 'batchesLanded',
  'batch:return': 'batchesReturned',
  'batch:receipt-timeout': 'receiptTimeouts',
  'target:parked': 'parks',
  'storage:lost': 'storageLosses',
};
