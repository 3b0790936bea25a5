/**
 * Completion of atomic batches: the leader of a block tells its peers which batches ended in it, once the block is final and
 * on its disk. Receivers believe only their own final blocks and keep nothing, so hearing it twice changes nothing; the
 * message is a hint for whoever listens, and costs its sender standing when it is false.
 */
import { DecodeError, decode, encode, type Reader, Writer } from '../../consensus/primitives/codec.ts';
import type { Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, Height, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { domains } from '../../consensus/primitives/hash.ts';
import { SIGNATURE_BYTES, type Signature } from '../../consensus/primitives/signature.ts';
import type { AtomicFact } from '../../settlement/atomic/types.ts';

/** How one batch ended. */
export interface EndedBatch {
  readonly batchId: Hash;
  /** False: it failed, and nothing of it happened. */
  readonly isCompleted: boolean;
}

export interface UnsignedAtomicCompletion {
  readonly height: Height;
  readonly blockHash: Hash;
  /** Leader of the block, who signs. */
  readonly leader: ValidatorIndex;
  /** All batches that ended in the block, ascending by id. */
  readonly batches: readonly EndedBatch[];
}

export interface AtomicCompletion extends UnsignedAtomicCompletion {
  readonly signature: Signature;
}

/** More batches than a block of any configuration holds: an entry takes less than the transaction it tells of. */
const BATCHES_MAX = 100_000;
const ENTRY_BYTES = 33;

/** What ended in a block, as its completion lists it; empty for most blocks. */
export function endedBatches(facts: readonly AtomicFact[]): readonly EndedBatch[] {
  const ended: EndedBatch[] = [];
  for (const fact of facts) {
    if (fact.type === 'atomic_batch_completed') ended.push({ batchId: fact.batchId, isCompleted: true });
    else if (fact.type === 'atomic_batch_failed') ended.push({ batchId: fact.batchId, isCompleted: false });
  }
  return sortedById(ended);
}

/** The order in which a completion lists batches. */
export function sortedById(batches: readonly EndedBatch[]): readonly EndedBatch[] {
  return [...batches].sort((a, b) => (a.batchId < b.batchId ? -1 : 1));
}

/** The bytes a leader signs; what is published begins with the same domain byte, which no other message of the topic does. */
export function atomicCompletionSigningBytes(
  chainId: Hash,
  completion: UnsignedAtomicCompletion,
): Uint8Array {
  const writer = new Writer(128 + completion.batches.length * ENTRY_BYTES);
  writer.u8(domains.atomicCompletion).hash(chainId);
  writeUnsigned(writer, completion);
  return writer.finish();
}

export function encodeAtomicCompletion(completion: AtomicCompletion): Uint8Array {
  return encode(
    (writer) => {
      writer.u8(domains.atomicCompletion);
      writeUnsigned(writer, completion);
      writer.fixed(completion.signature, SIGNATURE_BYTES);
    },
    128 + completion.batches.length * ENTRY_BYTES,
  );
}

export function isAtomicCompletion(bytes: Uint8Array): boolean {
  return bytes[0] === domains.atomicCompletion;
}

export function decodeAtomicCompletion(bytes: Uint8Array): Verdict<AtomicCompletion, 'ENCODING_INVALID'> {
  return decode(bytes, (reader) => {
    if (reader.u8() !== domains.atomicCompletion) throw new DecodeError('not a completion of atomic batches');
    return {
      height: reader.u64(),
      blockHash: reader.hash(),
      leader: reader.u16(),
      batches: readBatches(reader),
      signature: reader.fixed(SIGNATURE_BYTES),
    };
  });
}

/** Whether two lists tell the same. */
export function areEqualBatches(left: readonly EndedBatch[], right: readonly EndedBatch[]): boolean {
  return (
    left.length === right.length &&
    left.every(
      ({ batchId, isCompleted }, at) =>
        right[at]?.batchId === batchId && right[at]?.isCompleted === isCompleted,
    )
  );
}

function writeUnsigned(
  writer: Writer,
  { height, blockHash, leader, batches }: UnsignedAtomicCompletion,
): void {
  writer.u64(height).hash(blockHash).u16(leader);
  writer.list(batches, BATCHES_MAX, (to, { batchId, isCompleted }) => to.hash(batchId).boolean(isCompleted));
}

/** One list for one block: ascending, each batch once, and never none. */
function readBatches(reader: Reader): EndedBatch[] {
  const batches = reader.list(BATCHES_MAX, (from) => ({
    batchId: from.hash(),
    isCompleted: from.boolean(),
  }));
  if (batches.length === 0) throw new DecodeError('a completion of no batches');
  for (let index = 1; index < batches.length; index += 1) {
    if ((batches[index - 1]?.batchId ?? '') >= (batches[index]?.batchId ?? ''))
      throw new DecodeError('batches out of order');
  }
  return batches;
}
