/** Canonical encoding of atomic batches, as transactions carry them. */
import { readAddress, writeAddress } from '../../consensus/primitives/address.ts';
import { DecodeError, type Reader, Writer } from '../../consensus/primitives/codec.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import { readSymbol, writeSymbol } from '../ledger/assets.ts';
import { readProof, writeProof } from './proofs/proofCodec.ts';
import type {
  AtomicBatch,
  AtomicBatchOperation,
  EscrowOpenOperation,
  SettlementKind,
  SettlementRequest,
} from './types.ts';

/** Longest metadata of a request, in bytes of UTF-8. */
export const METADATA_BYTES_MAX = 4096;
/** More requests than any configuration allows; what is left is bounded by the bytes of a block. */
export const REQUESTS_DECODED_MAX = 100_000;
/** Most who may sign one transaction beside its sender: a payer for each request of the largest batch by default. */
export const SIGNERS_MAX = 1000;
/** Most parties of an escrow. */
export const ESCROW_PARTIES_MAX = 16;
/** Bytes of a request without metadata, for the first size of a buffer. */
const REQUEST_BYTES_HINT = 128;

/** Tag bytes: append, never reorder. 0 stands for nothing. */
const kindTags = { immediate: 1, escrow_release: 2, channel_close: 3 } as const satisfies Record<
  SettlementKind,
  number
>;
/** Stands in a request for `immediate` with a last height, which follows it; so a request without one has the bytes it always had. */
const LAST_HEIGHT_TAG = 4;

/** What a request may take its money from, in the order of their tags. */
export const settlementKinds = Object.keys(kindTags) as readonly SettlementKind[];

/** Names a batch by everything in it, whoever carries it. */
export function atomicBatchHash(batch: AtomicBatch): Hash {
  const writer = new Writer(64 + batch.requests.length * REQUEST_BYTES_HINT);
  writeBatch(writer, batch);
  return hashBytes('atomicBatch', writer.finish());
}

/** The batch, then who signs it. */
export function writeSignedBatch(writer: Writer, { batch, signers }: AtomicBatchOperation): void {
  writeBatch(writer, batch);
  writeSigners(writer, signers);
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readSignedBatch(reader: Reader): AtomicBatchOperation {
  const batch = readBatch(reader);
  return { type: 'atomic_batch', batch, signers: readSigners(reader) };
}

function writeBatch(writer: Writer, { batchId, expiresAtHeight, requests }: AtomicBatch): void {
  writer.hash(batchId).u64(expiresAtHeight).list(requests, REQUESTS_DECODED_MAX, writeRequest);
}

function readBatch(reader: Reader): AtomicBatch {
  return {
    batchId: reader.hash(),
    expiresAtHeight: reader.u64(),
    requests: reader.list(REQUESTS_DECODED_MAX, readRequest),
  };
}

function writeRequest(writer: Writer, request: SettlementRequest): void {
  writer.hash(request.settlementId);
  writeKindAndLastHeight(writer, request);
  writeAddress(writer, request.from);
  writeAddress(writer, request.to);
  writeSymbol(writer, request.asset);
  writer.amount(request.amount).string(request.metadata, METADATA_BYTES_MAX);
  writer.boolean(request.proof !== undefined);
  if (request.proof !== undefined) writeProof(writer, request.proof);
}

function readRequest(reader: Reader): SettlementRequest {
  const settlementId = reader.hash();
  const { kind, lastHeight } = readKindAndLastHeight(reader);
  const from = readAddress(reader);
  const to = readAddress(reader);
  const asset = readSymbol(reader);
  const amount = reader.amount();
  const metadata = reader.string(METADATA_BYTES_MAX);
  const proof = reader.boolean() ? readProof(reader) : undefined;
  return { settlementId, from, to, amount, asset, kind, metadata, lastHeight, proof };
}

function writeKindAndLastHeight(writer: Writer, { kind, lastHeight }: SettlementRequest): void {
  if (lastHeight === undefined) {
    writeKind(writer, kind);
    return;
  }
  assert(kind === 'immediate' && lastHeight > 0, 'only an immediate settlement has a last height, from 1');
  writer.u8(LAST_HEIGHT_TAG).u64(lastHeight);
}

function readKindAndLastHeight(reader: Reader): {
  readonly kind: SettlementKind;
  readonly lastHeight: Height | undefined;
} {
  const tag = reader.u8();
  if (tag !== LAST_HEIGHT_TAG) return { kind: kindOf(tag), lastHeight: undefined };
  const lastHeight = reader.u64();
  if (lastHeight === 0) throw new DecodeError('a last height of 0');
  return { kind: 'immediate', lastHeight };
}

export function writeKind(writer: Writer, kind: SettlementKind): void {
  writer.u8(kindTags[kind]);
}

/** @throws {DecodeError} No kind has this tag. */
export function readKind(reader: Reader): SettlementKind {
  return kindOf(reader.u8());
}

function kindOf(tag: number): SettlementKind {
  if (tag === kindTags.immediate) return 'immediate';
  if (tag === kindTags.escrow_release) return 'escrow_release';
  if (tag === kindTags.channel_close) return 'channel_close';
  throw new DecodeError(`unknown kind of settlement ${tag}`);
}

export function writeEscrowOpening(writer: Writer, operation: EscrowOpenOperation): void {
  writer.hash(operation.escrowId);
  writeSymbol(writer, operation.asset);
  writer.amount(operation.amount);
  writeParties(writer, operation.parties);
  writer.u8(operation.threshold).u64(operation.expiresAtHeight);
}

/** @throws {DecodeError} Bytes that no writer makes. */
export function readEscrowOpening(reader: Reader): EscrowOpenOperation {
  return {
    type: 'escrow_open',
    escrowId: reader.hash(),
    asset: readSymbol(reader),
    amount: reader.amount(),
    parties: readParties(reader),
    threshold: reader.u8(),
    expiresAtHeight: reader.u64(),
  };
}

export function writeParties(writer: Writer, parties: readonly Address[]): void {
  writer.list(parties, ESCROW_PARTIES_MAX, writeAddress);
}

/** @throws {DecodeError} Parties out of order, or one of them twice. */
export function readParties(reader: Reader): Address[] {
  return ascending(reader.list(ESCROW_PARTIES_MAX, readAddress), 'parties');
}

export function writeSigners(writer: Writer, signers: readonly Address[], countMax = SIGNERS_MAX): void {
  writer.list(signers, countMax, writeAddress);
}

/** Ascending without repeats, so that a set of signers has one encoding. */
export function readSigners(reader: Reader, countMax = SIGNERS_MAX): Address[] {
  return ascending(reader.list(countMax, readAddress), 'signers');
}

function ascending(addresses: Address[], what: string): Address[] {
  for (let index = 1; index < addresses.length; index += 1) {
    if ((addresses[index - 1] ?? '') >= (addresses[index] ?? ''))
      throw new DecodeError(`${what} out of order`);
  }
  return addresses;
}
