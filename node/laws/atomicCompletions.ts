/**
 * The parts of exactly once and durability that concern what nodes tell of atomic batches: what a node takes for true has
 * happened, in that block, and what a node tells stands in its outbox, as a crash would leave it.
 */
import type { Block } from '../../consensus/block.ts';
import type { Hash, Height, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import {
  areEqualBatches,
  decodeAtomicCompletion,
  type EndedBatch,
  endedBatches,
} from '../core/atomicCompletion.ts';
import type { Law } from './law.ts';

/** Blocks with atomic batches remembered; of what lies below nothing is said. */
const BLOCKS_KEPT = 4096;

/** What ended in a final block. */
interface Remembered {
  readonly hash: Hash;
  readonly batches: readonly EndedBatch[];
}

export class AtomicCompletionRule {
  readonly #exactlyOnce: Law;
  readonly #durability: Law;
  readonly #nodeNames: readonly string[];
  readonly #blocks = new Map<Height, Remembered>();
  /** Newest height of which nothing is known any more. */
  #forgottenHeight: Height = 0;

  constructor(laws: { readonly exactlyOnce: Law; readonly durability: Law }, nodeNames: readonly string[]) {
    this.#exactlyOnce = laws.exactlyOnce;
    this.#durability = laws.durability;
    this.#nodeNames = nodeNames;
  }

  /** The first node holds the block for final. */
  finalized({ hash, header: { height } }: Block, { atomicFacts }: ExecutionResult): void {
    if (atomicFacts.length === 0) return;
    const batches = endedBatches(atomicFacts);
    if (batches.length === 0) return;
    this.#blocks.set(height, { hash, batches });
    if (this.#blocks.size <= BLOCKS_KEPT) return;
    for (const oldest of this.#blocks.keys()) {
      this.#blocks.delete(oldest);
      this.#forgottenHeight = oldest;
      return;
    }
  }

  /** A node accepts such a message, whoever sent it. */
  accepted(node: ValidatorIndex, bytes: Uint8Array): void {
    const decoded = decodeAtomicCompletion(bytes);
    if (decoded.ok && decoded.value.height <= this.#forgottenHeight) return;
    const known = decoded.ok ? this.#blocks.get(decoded.value.height) : undefined;
    const hasHappened =
      decoded.ok &&
      known !== undefined &&
      known.hash === decoded.value.blockHash &&
      areEqualBatches(known.batches, decoded.value.batches);
    this.#exactlyOnce.check(hasHappened, () => {
      const where = decoded.ok ? `of block ${decoded.value.height}` : 'that nobody can read';
      return `${this.#nameOf(node)} accepted a completion of atomic batches ${where}, which did not end so`;
    });
  }

  /** A node tells its peers. @param storedAt - Its outbox row of a block, as a crash would leave it. */
  sent(node: ValidatorIndex, bytes: Uint8Array, storedAt: (height: Height) => Uint8Array | undefined): void {
    const decoded = decodeAtomicCompletion(bytes);
    const stored = decoded.ok ? storedAt(decoded.value.height) : undefined;
    const isStored =
      stored !== undefined &&
      stored.length === bytes.length &&
      stored.every((byte, at) => byte === bytes[at]);
    this.#durability.check(
      isStored,
      () => `${this.#nameOf(node)} told of atomic batches what is not in its outbox`,
    );
  }

  #nameOf(node: ValidatorIndex): string {
    return this.#nodeNames[node] ?? `node ${node}`;
  }
}
