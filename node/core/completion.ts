/**
 * Completion gossip: the proposer tells its peers that its settlement was included. Receivers believe only their
 * own view of the settlement chain; the message is a hint that costs its sender standing when it is false.
 */
import { decode, encode, Writer } from '../../consensus/primitives/codec.ts';
import type { Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, Height, SettlementHeight, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { domains } from '../../consensus/primitives/hash.ts';
import { SIGNATURE_BYTES, type Signature, type Signer } from '../../consensus/primitives/signature.ts';
import { readNetAmounts, writeNetAmounts } from '../../settlement/net/commitment.ts';
import type { NetAmount, SettlementBlock } from '../../settlement/net/settlement.ts';

export interface UnsignedCompletion {
  readonly seq: number;
  readonly fromHeight: Height;
  readonly toHeight: Height;
  readonly net: readonly NetAmount[];
  readonly transactionHash: Hash;
  readonly settlementHeight: SettlementHeight;
  /** Of the block that sealed the batch. */
  readonly receiptsRoot: Hash;
  readonly proposer: ValidatorIndex;
}

export interface Completion extends UnsignedCompletion {
  readonly signature: Signature;
}

function writeUnsigned(writer: Writer, completion: UnsignedCompletion): void {
  writer.u64(completion.seq).u64(completion.fromHeight).u64(completion.toHeight);
  writeNetAmounts(writer, completion.net);
  writer
    .hash(completion.transactionHash)
    .u64(completion.settlementHeight)
    .hash(completion.receiptsRoot)
    .u16(completion.proposer);
}

export function completionSigningBytes(chainId: Hash, completion: UnsignedCompletion): Uint8Array {
  const writer = new Writer(192).u8(domains.completion).hash(chainId);
  writeUnsigned(writer, completion);
  return writer.finish();
}

/** Signs a completion and encodes it at the same time: its bytes are what is signed, after domain and chain. */
export function signAndEncodeCompletion(
  chainId: Hash,
  unsigned: UnsignedCompletion,
  signer: Signer,
): { readonly completion: Completion; readonly bytes: Uint8Array } {
  const writer = new Writer(256).u8(domains.completion).hash(chainId);
  const start = writer.length;
  writeUnsigned(writer, unsigned);
  const signature = signer.sign(writer.finish());
  const bytes = writer.fixed(signature, SIGNATURE_BYTES).finish().subarray(start);
  const { seq, fromHeight, toHeight, net, transactionHash, settlementHeight, receiptsRoot, proposer } =
    unsigned;
  const completion: Completion = {
    seq,
    fromHeight,
    toHeight,
    net,
    transactionHash,
    settlementHeight,
    receiptsRoot,
    proposer,
    signature,
  };
  return { completion, bytes };
}

export function encodeCompletion(completion: Completion): Uint8Array {
  return encode((writer) => {
    writeUnsigned(writer, completion);
    writer.fixed(completion.signature, SIGNATURE_BYTES);
  }, 256);
}

export function decodeCompletion(bytes: Uint8Array): Verdict<Completion, 'ENCODING_INVALID'> {
  return decode(bytes, (reader) => ({
    seq: reader.u64(),
    fromHeight: reader.u64(),
    toHeight: reader.u64(),
    net: readNetAmounts(reader),
    transactionHash: reader.hash(),
    settlementHeight: reader.u64(),
    receiptsRoot: reader.hash(),
    proposer: reader.u16(),
    signature: reader.fixed(SIGNATURE_BYTES),
  }));
}

/**
 * Compares a completion with the settlement block it names.
 * @param block - The receiver's own block at that height; undefined when it has none.
 * @returns `unknown` when the receiver cannot tell.
 */
export function judgeCompletion(
  completion: UnsignedCompletion,
  block: SettlementBlock | undefined,
): 'consistent' | 'unknown' | 'contradicting' {
  if (block === undefined) return 'unknown';
  const settled = block.events.some(
    (event) =>
      event.type === 'batch_settled' &&
      event.seq === completion.seq &&
      event.fromHeight === completion.fromHeight &&
      event.toHeight === completion.toHeight &&
      event.proposer === completion.proposer &&
      event.transactionHash === completion.transactionHash &&
      equalNet(event.net, completion.net),
  );
  return settled ? 'consistent' : 'contradicting';
}

function equalNet(left: readonly NetAmount[], right: readonly NetAmount[]): boolean {
  return (
    left.length === right.length &&
    left.every(({ asset, amount }, index) => right[index]?.asset === asset && right[index]?.amount === amount)
  );
}
