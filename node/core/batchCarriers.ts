/** Which waiting transactions carry an atomic batch, by the batch's id, in order of arrival. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { EncodedTransaction } from '../../settlement/execution/transaction.ts';

const nobody: readonly EncodedTransaction[] = [];

export class BatchCarriers {
  readonly #byBatch = new Map<Hash, readonly EncodedTransaction[]>();

  of(batchId: Hash): readonly EncodedTransaction[] {
    return this.#byBatch.get(batchId) ?? nobody;
  }

  add(prepared: EncodedTransaction): void {
    const batchId = batchIdOf(prepared);
    if (batchId !== undefined) this.#byBatch.set(batchId, [...this.of(batchId), prepared]);
  }

  remove(prepared: EncodedTransaction): void {
    const batchId = batchIdOf(prepared);
    if (batchId === undefined) return;
    const left = this.of(batchId).filter((other) => other !== prepared);
    if (left.length === 0) this.#byBatch.delete(batchId);
    else this.#byBatch.set(batchId, left);
  }
}

/** The id of the batch that the transaction carries, if it carries one. */
export function batchIdOf({ transaction: { body } }: EncodedTransaction): Hash | undefined {
  return body.type === 'atomic_batch' ? body.batch.batchId : undefined;
}
