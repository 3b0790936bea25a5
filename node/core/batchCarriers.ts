/** Which waiting transactions carry an atomic batch, by the batch's id, in order of arrival. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { EncodedTransaction } from '../../settlement/execution/transaction.ts';

const nobody: ReadonlySet<EncodedTransaction> = new Set();

export class BatchCarriers {
  /** Sets, for nobody says how many carry one batch: all that wait may. */
  readonly #byBatch = new Map<Hash, Set<EncodedTransaction>>();

  of(batchId: Hash): ReadonlySet<EncodedTransaction> {
    return this.#byBatch.get(batchId) ?? nobody;
  }

  add(prepared: EncodedTransaction): void {
    const batchId = batchIdOf(prepared);
    if (batchId === undefined) return;
    const others = this.#byBatch.get(batchId);
    if (others === undefined) this.#byBatch.set(batchId, new Set([prepared]));
    else others.add(prepared);
  }

  remove(prepared: EncodedTransaction): void {
    const batchId = batchIdOf(prepared);
    if (batchId === undefined) return;
    const carriers = this.#byBatch.get(batchId);
    if (carriers?.delete(prepared) === true && carriers.size === 0) this.#byBatch.delete(batchId);
  }
}

/** The id of the batch that the transaction carries, if it carries one. */
export function batchIdOf({ transaction: { body } }: EncodedTransaction): Hash | undefined {
  return body.type === 'atomic_batch' ? body.batch.batchId : undefined;
}
