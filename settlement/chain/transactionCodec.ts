/**
 * Canonical bytes, hash and signature of a settlement transaction.
 *
 * The hash leaves signature and certificate out (docs/protocol.md, agreement). The signature covers the hash and
 * a digest of the certificate, so nobody can hand in a proposer's transaction with a proof that does not hold.
 */
import { readHeader, writeHeader } from '../../consensus/block.ts';
import { DecodeError, decode, encode, type Reader, Writer } from '../../consensus/primitives/codec.ts';
import { refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Amount, Hash } from '../../consensus/primitives/flavor.ts';
import { domains, hashBytes } from '../../consensus/primitives/hash.ts';
import { SIGNATURE_BYTES, type Signer } from '../../consensus/primitives/signature.ts';
import { readCertificate, writeCertificate } from '../../consensus/vote.ts';
import { readNetBatchContent, writeNetBatchContent } from '../net/commitment.ts';
import type { SettlementTransaction } from '../net/settlement.ts';
import { readSettlementActions, writeSettlementActions } from '../net/settlementBlock.ts';

/** A transaction before its proposer signed it. */
export type UnsignedSettlementTransaction = Omit<SettlementTransaction, 'signature'>;

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

/** What the proposer signs: domain, chain, transaction hash, certificate digest. @param hash - Of the transaction, where it is known. */
export function settlementSigningBytes(
  transaction: UnsignedSettlementTransaction,
  hash = settlementTransactionHash(transaction),
): Uint8Array {
  const certificate = encode((writer) => writeCertificate(writer, transaction.certificate));
  return new Writer(97)
    .u8(domains.settlementTransaction)
    .hash(transaction.chainId)
    .hash(hash)
    .hash(hashBytes('vote', certificate))
    .finish();
}

export function signSettlementTransaction(
  unsigned: UnsignedSettlementTransaction,
  signer: Signer,
): SettlementTransaction {
  return { ...unsigned, signature: signer.sign(settlementSigningBytes(unsigned)) };
}

export function encodeSettlementTransaction(transaction: SettlementTransaction): Uint8Array {
  return encode((writer) => {
    writeHashed(writer, transaction);
    writeCertificate(writer, transaction.certificate);
    writer.fixed(transaction.signature, SIGNATURE_BYTES);
  }, 1024);
}

/** Reads a transaction that may come from anybody; checks its form and limits, no signature and no meaning. */
export function decodeSettlementTransaction(
  bytes: Uint8Array,
): Verdict<SettlementTransaction, 'ENCODING_INVALID'> {
  if (bytes.length > SETTLEMENT_TRANSACTION_BYTES_MAX) {
    return refuse('ENCODING_INVALID', `${bytes.length} bytes exceed ${SETTLEMENT_TRANSACTION_BYTES_MAX}`);
  }
  return decode(bytes, readTransaction);
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

function readTransaction(reader: Reader): SettlementTransaction {
  return {
    chainId: reader.hash(),
    ...readNetBatchContent(reader),
    actions: readSettlementActions(reader),
    headers: reader.list(SETTLEMENT_HEADERS_LIMIT, readHeader),
    proposer: reader.u16(),
    attempt: reader.u32(),
    feeCap: readFee(reader),
    tip: readFee(reader),
    certificate: readCertificate(reader),
    signature: reader.fixed(SIGNATURE_BYTES),
  };
}

function readFee(reader: Reader): Amount {
  const fee = reader.amount();
  if (fee > FEE_PER_GAS_MAX) throw new DecodeError('fee per unit of gas out of range');
  return fee;
}
