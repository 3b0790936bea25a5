/** Looks now and then whether inputs that callers wait for ended without this pipeline: several may share a storage. */
import type { Callers } from './callers.ts';
import type { StoredQueue } from './storedQueue.ts';

/** Inputs that are read at each look: a few reads a round, whoever waits. */
const READS = 32;

export class CallerCheck {
  readonly #callers: Callers;
  readonly #queue: StoredQueue;
  /** To be read, those who waited longest first. */
  #turn: string[] = [];

  constructor(callers: Callers, queue: StoredQueue) {
    this.#callers = callers;
    this.#queue = queue;
  }

  /** @throws {StorageLost} */
  async look(): Promise<void> {
    if (this.#queue.isResting) return;
    if (this.#turn.length === 0) this.#turn = [...this.#callers.requestIds()].reverse();
    for (let reads = 0; reads < READS; reads += 1) {
      const requestId = this.#turn.pop();
      if (requestId === undefined) return;
      const row = await this.#queue.get(requestId);
      if (row?.state === 'failed') this.#callers.tellFailed(requestId, row.errorCode ?? 'INPUT_FAILED');
      if (row?.state === 'confirmed' && row.transactionHash !== undefined)
        this.#callers.tellConfirmed(requestId, row.transactionHash, row.sidechainHeight);
    }
  }
}
