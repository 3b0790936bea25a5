/**
 * Header, body and block hash. The body's items are opaque bytes here; what they mean is the ledger's business.
 *
 * The block hash covers the header alone, and no root in the header covers a signature: signatures travel
 * beside the bytes they sign, so a block has one hash however its transactions were authorised.
 */
import { decode, type Reader, Writer } from './primitives/codec.ts';
import type { Verdict } from './primitives/codedError.ts';
import {
  type Hash,
  type Height,
  type SettlementHeight,
  type TimeMs,
  type ValidatorIndex,
  type View,
  ZERO_HASH,
} from './primitives/flavor.ts';
import { domains, hashBytes, hashPrefixed } from './primitives/hash.ts';

/** A settlement-chain block that a header names as the newest its execution may use. */
export interface SettlementOrigin {
  readonly height: SettlementHeight;
  readonly hash: Hash;
}

export interface Header {
  readonly chainId: Hash;
  readonly height: Height;
  readonly view: View;
  readonly parentHash: Hash;
  readonly timestampMs: TimeMs;
  readonly leader: ValidatorIndex;
  readonly origin: SettlementOrigin;
  /** Merkle root over transaction ids, then evidence ids (RFC 6962 shape). */
  readonly transactionsRoot: Hash;
  readonly receiptsRoot: Hash;
  /** State root after execution. */
  readonly stateRoot: Hash;
  /** Commitment of the net batch this block seals; zero when it seals none. */
  readonly batchCommitment: Hash;
}

/** What a block carries; ids are hashed, bytes travel. */
export interface BlockBody {
  readonly transactions: readonly Uint8Array[];
  readonly evidence: readonly Uint8Array[];
}

export interface Block {
  readonly hash: Hash;
  readonly header: Header;
  readonly body: BlockBody;
  /** The canonical encoding, made once. */
  readonly bytes: Uint8Array;
}

/** Hard wire limits; configuration may only be stricter. */
export const BLOCK_TRANSACTIONS_LIMIT = 65_536;
export const BLOCK_EVIDENCE_LIMIT = 64;
export const TRANSACTION_BYTES_LIMIT = 1_048_576;
/** Two messages of the largest kind, a settlement transaction of half a MiB each, with their lengths. */
export const EVIDENCE_BYTES_LIMIT = 1_048_640;

/** Every header takes this many bytes. */
export const HEADER_BYTES = 258;

const emptyBody: BlockBody = { transactions: [], evidence: [] };

export function writeHeader(writer: Writer, header: Header): void {
  writer
    .hash(header.chainId)
    .u64(header.height)
    .u64(header.view)
    .hash(header.parentHash)
    .i64(header.timestampMs)
    .u16(header.leader)
    .u64(header.origin.height)
    .hash(header.origin.hash)
    .hash(header.transactionsRoot)
    .hash(header.receiptsRoot)
    .hash(header.stateRoot)
    .hash(header.batchCommitment);
}

export function readHeader(reader: Reader): Header {
  return {
    chainId: reader.hash(),
    height: reader.u64(),
    view: reader.u64(),
    parentHash: reader.hash(),
    timestampMs: reader.i64(),
    leader: reader.u16(),
    origin: { height: reader.u64(), hash: reader.hash() },
    transactionsRoot: reader.hash(),
    receiptsRoot: reader.hash(),
    stateRoot: reader.hash(),
    batchCommitment: reader.hash(),
  };
}

export function headerHash(header: Header): Hash {
  const writer = new Writer(1 + HEADER_BYTES).u8(domains.header);
  writeHeader(writer, header);
  return hashPrefixed(writer.finish());
}

/** Puts a block together and encodes it. */
export function createBlock(header: Header, body: BlockBody): Block {
  let byteCount = HEADER_BYTES + 8;
  for (const item of body.transactions) byteCount += 4 + item.length;
  for (const item of body.evidence) byteCount += 4 + item.length;
  const writer = new Writer(byteCount);
  writeHeader(writer, header);
  writer.list(body.transactions, BLOCK_TRANSACTIONS_LIMIT, (w, bytes) =>
    w.bytes(bytes, TRANSACTION_BYTES_LIMIT),
  );
  writer.list(body.evidence, BLOCK_EVIDENCE_LIMIT, (w, bytes) => w.bytes(bytes, EVIDENCE_BYTES_LIMIT));
  const bytes = writer.finish();
  return { hash: hashBytes('header', bytes.subarray(0, HEADER_BYTES)), header, body, bytes };
}

export function writeBlock(writer: Writer, block: Block): void {
  writer.fixed(block.bytes, block.bytes.length);
}

export function readBlock(reader: Reader): Block {
  const start = reader.offset;
  const header = readHeader(reader);
  const hash = hashBytes('header', reader.since(start));
  const transactions = reader.list(BLOCK_TRANSACTIONS_LIMIT, (r) => r.bytes(TRANSACTION_BYTES_LIMIT));
  const evidence = reader.list(BLOCK_EVIDENCE_LIMIT, (r) => r.bytes(EVIDENCE_BYTES_LIMIT));
  return { hash, header, body: { transactions, evidence }, bytes: reader.since(start) };
}

export function decodeBlock(bytes: Uint8Array): Verdict<Block, 'ENCODING_INVALID'> {
  return decode(bytes, readBlock);
}

/** The final block everything starts from: height 0, view 0, one block time before the genesis instant. */
export function createGenesisBlock(options: {
  readonly chainId: Hash;
  readonly blockTimeMs: number;
  readonly stateRoot: Hash;
  readonly settlementGenesisHash: Hash;
}): Block {
  return createBlock(
    {
      chainId: options.chainId,
      height: 0,
      view: 0,
      parentHash: ZERO_HASH,
      timestampMs: -options.blockTimeMs,
      leader: 0,
      origin: { height: 0, hash: options.settlementGenesisHash },
      transactionsRoot: ZERO_HASH,
      receiptsRoot: ZERO_HASH,
      stateRoot: options.stateRoot,
      batchCommitment: ZERO_HASH,
    },
    emptyBody,
  );
}
