/**
 * Canonical bytes, hash and signature of a settlement transaction.
 *
 * The hash leaves signature and certificate out (docs/protocol.md, agreement). The signature covers the hash and
 * a digest of the certificate, so nobody can hand in a proposer's transaction with a proof that does not hold.
 */
import { readHeader, writeHeader } from '../../consensus/block.ts';
import { DecodeError, decode, encode, type Reader, Writer } from '../../consensus/primitives/codec.ts';
import { accept, type Refusal, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Amount, Hash } from '../../consensus/primitives/flavor.ts';
import { domains, hashBytes } from '../../consensus/primitives/hash.ts';
import { SIGNATURE_BYTES, type Signer } from '../../consensus/primitives/signature.ts';
import { readCertificate, writeCertificate } from '../../consensus/vote.ts';
import { readNetBatchContent, writeNetBatchContent } from '../net/commitment.ts';
import type { SettlementTransaction } from '../net/settlement.ts';
import { readSettlementActions, writeSettlementActions } from '../net/settlementBlock.ts';

/** Room for a transaction over a few headers without growing. */
const TRANSACTION_BYTES_HINT = 1024;
/** Domain, chain, transaction hash, certificate digest. */
const SIGNING_BYTES = 1 + 3 * 32;

/** A transaction before its proposer signed it. */
export type UnsignedSettlementTransaction = Omit<SettlementTransaction, 'signature'>;

/** What follows from the bytes of a transaction. */
interface Signed {
  readonly hash: Hash;
  /** What its proposer signs. */
  readonly signingBytes: Uint8Array;
}

/** A transaction that was read, with what follows from its bytes. */
export interface DecodedSettlementTransaction extends Signed {
  readonly transaction: SettlementTransaction;
}

/** Headers from the sealing block to the first with a finalisation certificate: half an hour of 2 s blocks. */
export const SETTLEMENT_HEADERS_LIMIT = 1024;
/**
 * Bytes of one transaction: 1024 headers, a certificate of 1024 signers and full lists fit; 16 gas each stay below 10 M; and
 * two of them, as evidence, fit the default block.
 */
export const SETTLEMENT_TRANSACTION_BYTES_MAX = 512_000;
/** Highest fee cap and tip per unit of gas: keeps `gas * fee` of any block (gas limit up to 2^32) within an amount. */
export const FEE_PER_GAS_MAX: Amount = 10n ** 27n;

/** Identity of a transaction: everything in it but certificate and signature. */
export function settlementTransactionHash(transaction: UnsignedSettlementTransaction): Hash {
  return hashBytes(
    'settlementTransaction',
    encode((writer) => writeHashed(writer, transaction), 512),
  );
}

/** What the proposer signs: domain, chain, transaction hash, certificate digest. */
export function settlementSigningBytes(transaction: UnsignedSettlementTransaction): Uint8Array {
  const writer = new Writer(TRANSACTION_BYTES_HINT);
  return writeSigned(writer, transaction).signingBytes;
}

export function signSettlementTransaction(
  unsigned: UnsignedSettlementTransaction,
  signer: Signer,
): SettlementTransaction {
  return { ...unsigned, signature: signer.sign(settlementSigningBytes(unsigned)) };
}

/** Signs a transaction and encodes it at the same time: what is signed are its bytes. */
export function signAndEncodeSettlementTransaction(
  unsigned: UnsignedSettlementTransaction,
  signer: Signer,
): { readonly bytes: Uint8Array; readonly hash: Hash } {
  const writer = new Writer(TRANSACTION_BYTES_HINT);
  const { hash, signingBytes } = writeSigned(writer, unsigned);
  return { bytes: writer.fixed(signer.sign(signingBytes), SIGNATURE_BYTES).finish(), hash };
}

export function encodeSettlementTransaction(transaction: SettlementTransaction): Uint8Array {
  return encode((writer) => {
    writeHashed(writer, transaction);
    writeCertificate(writer, transaction.certificate);
    writer.fixed(transaction.signature, SIGNATURE_BYTES);
  }, TRANSACTION_BYTES_HINT);
}

/** Reads a transaction that may come from anybody; checks its form and limits, no signature and no meaning. */
export function decodeSettlementTransaction(
  bytes: Uint8Array,
): Verdict<SettlementTransaction, 'ENCODING_INVALID'> {
  if (bytes.length > SETTLEMENT_TRANSACTION_BYTES_MAX) return tooLong(bytes);
  const decoded = decode(bytes, readTransaction);
  return decoded.ok ? accept(decoded.value.transaction) : decoded;
}

/** The same, with what follows from the bytes: by canonical encoding they are what a writer would write to hash and sign. */
export function decodeSignedSettlementTransaction(
  bytes: Uint8Array,
): Verdict<DecodedSettlementTransaction, 'ENCODING_INVALID'> {
  if (bytes.length > SETTLEMENT_TRANSACTION_BYTES_MAX) return tooLong(bytes);
  const decoded = decode(bytes, readTransaction);
  if (!decoded.ok) return decoded;
  const { transaction, hashedByteCount } = decoded.value;
  const unsigned = bytes.subarray(0, bytes.length - SIGNATURE_BYTES);
  const { hash, signingBytes } = signedOf(transaction.chainId, unsigned, hashedByteCount);
  return accept({ transaction, hash, signingBytes });
}

function tooLong(bytes: Uint8Array): Refusal<'ENCODING_INVALID'> {
  return refuse('ENCODING_INVALID', `${bytes.length} bytes exceed ${SETTLEMENT_TRANSACTION_BYTES_MAX}`);
}

/** Writes all but the signature. */
function writeSigned(writer: Writer, transaction: UnsignedSettlementTransaction): Signed {
  writeHashed(writer, transaction);
  const hashedByteCount = writer.length;
  writeCertificate(writer, transaction.certificate);
  return signedOf(transaction.chainId, writer.finish(), hashedByteCount);
}

/** @param bytes - Of the transaction without its signature: what the hash covers, then the certificate. */
function signedOf(chainId: Hash, bytes: Uint8Array, hashedByteCount: number): Signed {
  const hash = hashBytes('settlementTransaction', bytes.subarray(0, hashedByteCount));
  const signingBytes = new Writer(SIGNING_BYTES)
    .u8(domains.settlementTransaction)
    .hash(chainId)
    .hash(hash)
    .hash(hashBytes('vote', bytes.subarray(hashedByteCount)))
    .finish();
  return { hash, signingBytes };
}

function writeHashed(writer: Writer, transaction: UnsignedSettlementTransaction): void {
  writer.hash(transaction.chainId);
  writeNetBatchContent(writer, transaction);
  writeSettlementActions(writer, transaction.actions);
  writer
    .list(transaction.headers, SETTLEMENT_HEADERS_LIMIT, writeHeader)
    .u16(transaction.proposer)
    .u32(transaction.attempt)
    .amount(transaction.feeCap)
    .amount(transaction.tip);
}

function readTransaction(reader: Reader): {
  readonly transaction: SettlementTransaction;
  readonly hashedByteCount: number;
} {
  const chainId = reader.hash();
  const content = readNetBatchContent(reader);
  const actions = readSettlementActions(reader);
  const headers = reader.list(SETTLEMENT_HEADERS_LIMIT, readHeader);
  const proposer = reader.u16();
  const attempt = reader.u32();
  const feeCap = readFee(reader);
  const tip = readFee(reader);
  const hashedByteCount = reader.offset;
  const transaction: SettlementTransaction = {
    chainId,
    seq: content.seq,
    fromHeight: content.fromHeight,
    toHeight: content.toHeight,
    net: content.net,
    fees: content.fees,
    liquidations: content.liquidations,
    crossChain: content.crossChain,
    actions,
    headers,
    certificate: readCertificate(reader),
    proposer,
    attempt,
    feeCap,
    tip,
    signature: reader.fixed(SIGNATURE_BYTES),
  };
  return { transaction, hashedByteCount };
}

function readFee(reader: Reader): Amount {
  const fee = reader.amount();
  if (fee > FEE_PER_GAS_MAX) throw new DecodeError('fee per unit of gas out of range');
  return fee;
}
