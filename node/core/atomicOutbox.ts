/**
 * The outbox of atomic batches. The synced write of a block in which batches ended holds, besides all they did, the signed
 * message that tells of them; only then is it published, and its row goes with the next block. What a crash left in
 * between is published when the node takes part again.
 */
import type { Block } from '../../consensus/block.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { Hash, Height } from '../../consensus/primitives/flavor.ts';
import type { Signer } from '../../consensus/primitives/signature.ts';
import type { AtomicFact } from '../../settlement/atomic/types.ts';
import {
  atomicCompletionSigningBytes,
  decodeAtomicCompletion,
  encodeAtomicCompletion,
  endedBatches,
} from './atomicCompletion.ts';
import { completionKey } from './store.ts';
import type { Output, PeerId, RecoveredRow, Write } from './types.ts';

interface Unpublished extends RecoveredRow {
  readonly height: Height;
  readonly batchCount: number;
}

export interface AtomicOutboxDependencies {
  readonly signer: Signer;
  readonly output: (output: Output) => void;
}

const noWrites: readonly Write[] = [];

export class AtomicOutbox {
  readonly #options: { readonly chainId: Hash; readonly self: PeerId };
  readonly #dependencies: AtomicOutboxDependencies;
  /** One, but for those of an earlier life. */
  #unpublished: Unpublished[] = [];
  /** Rows that the next write deletes. */
  #publishedKeys: string[] = [];

  constructor(
    options: { readonly chainId: Hash; readonly self: PeerId },
    dependencies: AtomicOutboxDependencies,
  ) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /**
   * Takes up what an earlier life of this node wrote and may not have published. It is published with the next final block:
   * before that no peer may be connected.
   * @throws {CodedError} `STORE_CORRUPT`: a row holds no such message.
   */
  recover(rows: readonly RecoveredRow[]): void {
    for (const { key, value } of rows) {
      const decoded = decodeAtomicCompletion(value);
      if (!decoded.ok || completionKey(decoded.value.height) !== key) {
        const reason = decoded.ok ? 'it is the row of another block' : decoded.message;
        throw new CodedError('STORE_CORRUPT', `the stored row ${key} cannot be used: ${reason}`, {
          key,
          reason,
        });
      }
      const { height, batches } = decoded.value;
      this.#unpublished.push({ key, value, height, batchCount: batches.length });
    }
  }

  /** Rows for the write batch of a final block: its own message, if this node led it; and away with what was published. */
  writesOf({ hash, header: { height, leader } }: Block, facts: readonly AtomicFact[]): readonly Write[] {
    // As in most blocks.
    if (facts.length === 0 && this.#publishedKeys.length === 0) return noWrites;
    const writes: Write[] = this.#publishedKeys.map((key) => ({ key, value: undefined }));
    this.#publishedKeys = [];
    const batches = leader === this.#options.self ? endedBatches(facts) : [];
    if (batches.length === 0) return writes;
    const unsigned = { height, blockHash: hash, leader, batches };
    const message = atomicCompletionSigningBytes(this.#options.chainId, unsigned);
    const signature = this.#dependencies.signer.sign(message);
    const row = { key: completionKey(height), value: encodeAtomicCompletion({ ...unsigned, signature }) };
    this.#unpublished.push({ ...row, height, batchCount: batches.length });
    writes.push(row);
    return writes;
  }

  /** Call once that write is on its way to the disk, synced: what leaves after it is safe. */
  publish(): void {
    const { output } = this.#dependencies;
    for (const { key, value, height, batchCount } of this.#unpublished) {
      output({ type: 'publish', topic: 'settlements', bytes: value });
      output({ type: 'emit', event: { type: 'atomic_batch_published', height, batchCount } });
      this.#publishedKeys.push(key);
    }
    this.#unpublished = [];
  }
}
