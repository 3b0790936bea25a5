/**
 * A ledger transaction: envelope, body, the sender's own signature, and those of others where the body names them. The
 * signatures travel behind the bytes they sign and no id covers them, but for what the account of an input signed itself.
 * Authorisation (auth.ts) and body are told apart by tag bytes. Whether a transaction may run is not judged here.
 */

import { isSignedByAccount } from '../../consensus/primitives/accountSignature.ts';
import {
  isKeyAddress,
  readAddress,
  signatureBytesOf,
  writeAddress,
} from '../../consensus/primitives/address.ts';
import { fromHex } from '../../consensus/primitives/bytes.ts';
import { DecodeError, decode, type Reader, Writer } from '../../consensus/primitives/codec.ts';
import { accept, assert, type Refusal, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height } from '../../consensus/primitives/flavor.ts';
import { domains, hashPrefixed } from '../../consensus/primitives/hash.ts';
import { evmAddressOf } from '../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../consensus/primitives/secp256k1.ts';
import type { Signature, Signer, Verifier } from '../../consensus/primitives/signature.ts';
import { isVoucherSigned } from '../atomic/voucher.ts';
import { type Auth, authSignatureBytes, type NativeAuth, readAuthHead, writeAuthHead } from './auth.ts';
import { findInputProblem, type InputJudgement, isInputBody } from './inputAuth.ts';
import { cosignersOf, readBody, type TransactionBody, voucherOf, writeBody } from './transactionBody.ts';

export interface UnsignedTransaction {
  readonly chainId: Hash;
  readonly from: Address;
  /** Number of transactions of the sender that were executed before, inputs not counted; of an input 0. */
  readonly nonce: number;
  /** Last height of a block that may hold it; 0: any. */
  readonly expiresAtHeight: Height;
  /** The one height of a block that may hold it; 0: any. For scenarios that anchor transactions to blocks. */
  readonly onlyAtHeight: Height;
  readonly body: TransactionBody;
}

export interface Transaction extends UnsignedTransaction {
  readonly auth: Auth;
  /**
   * One for each of `cosignersOf(body)`, in their order, over `cosigningBytes`; absent where there are none. They cover the
   * body and not the envelope, so they hold whoever carries them.
   */
  readonly cosignatures?: readonly Signature[];
}

/** A decoded transaction with its id and the bytes both id and signature cover, so nothing is encoded again. */
export interface DecodedTransaction {
  readonly transaction: Transaction;
  readonly id: Hash;
  /** What the id hashes, and a native sender signed: the bytes in front of the signatures, as a view of what came. */
  readonly signingBytes: Uint8Array;
}

/** A transaction with the bytes that carry it. */
export interface EncodedTransaction extends DecodedTransaction {
  readonly bytes: Uint8Array;
}

/** Codes of this file and their meaning, for docs/errors.md. */
export const transactionCodes = {
  TRANSACTION_ADDRESS_INVALID: 'the sender is not the kind of address that this kind of signature belongs to',
  TRANSACTION_COSIGNATURE_INVALID: 'the signature of one who signs beside the sender does not verify',
  TRANSACTION_CHAIN_MISMATCH: 'the transaction was made for another chain',
  TRANSACTION_INPUT_INVALID: 'no user can have written this as an input to this ledger',
  TRANSACTION_SIGNATURE_INVALID: 'the signature does not verify against the sender',
  TRANSACTION_VOUCHER_INVALID:
    'the payer that the voucher names did not sign it for this channel and this chain',
} as const;

export type TransactionCode = keyof typeof transactionCodes;

/** Tag and scheme in front of a native signature. */
const NATIVE_HEAD_BYTES = 2;
/** A domain's byte and a digest. */
const COSIGNING_BYTES = 33;
/** Room for all but the longest transactions without growing. */
const TRANSACTION_BYTES_HINT = 256;

/** The bytes a native sender signs: the canonical encoding, which begins with the domain's byte, without authorisation. */
export function transactionSigningBytes(unsigned: UnsignedTransaction): Uint8Array {
  const writer = new Writer(TRANSACTION_BYTES_HINT);
  writeUnsigned(writer, unsigned);
  return writer.finish();
}

/**
 * Names a transaction by what was signed, never by the signature: equals the hash of its signing bytes. An input is named by
 * all that its account signed, so the same input is the same transaction whoever sends it.
 */
export function transactionId(unsigned: UnsignedTransaction | Transaction): Hash {
  const writer = new Writer(TRANSACTION_BYTES_HINT);
  writeUnsigned(writer, unsigned);
  if ('auth' in unsigned && unsigned.auth.type === 'input') writeInputHead(writer, unsigned);
  return hashPrefixed(writer.finish());
}

/**
 * What one signs who authorises the body beside its sender: the domain's byte and the hash of domain, chain and body. It is as
 * short for every body, so that many signers of a long one cost no more each than those of a short one (atomic/gas.ts).
 * An EVM account signs the SHA-256 of these 33 bytes.
 */
export function cosigningBytes(chainId: Hash, body: TransactionBody): Uint8Array {
  const writer = new Writer(TRANSACTION_BYTES_HINT);
  writer.u8(domains.cosignature).hash(chainId);
  writeBody(writer, body);
  const digest = hashPrefixed(writer.finish());
  return new Writer(COSIGNING_BYTES).u8(domains.cosignature).hash(digest).finish();
}

/** The transaction with the signatures of all who sign beside its sender, in the order of `cosignersOf`. */
export function withCosignatures(transaction: Transaction, cosignatures: readonly Signature[]): Transaction {
  const signers = cosignersOf(transaction.body);
  assert(signers.length === cosignatures.length, `${cosignatures.length} signatures of ${signers.length}`);
  return signers.length === 0 ? transaction : { ...transaction, cosignatures };
}

/**
 * Signs with the sender's own key; the caller sees to it that `signer` is `unsigned.from`.
 * @param cosigners - All of `cosignersOf(unsigned.body)`, in that order.
 */
export function signTransaction(
  unsigned: UnsignedTransaction,
  signer: Signer,
  cosigners: readonly Signer[] = [],
): Transaction {
  return signedTransaction(unsigned, signer, transactionSigningBytes(unsigned), cosigners);
}

/** Signs like `signTransaction`, and encodes; nothing is encoded or hashed twice. */
export function signAndEncodeTransaction(
  unsigned: UnsignedTransaction,
  signer: Signer,
  cosigners: readonly Signer[] = [],
): EncodedTransaction {
  const writer = new Writer(TRANSACTION_BYTES_HINT);
  writeUnsigned(writer, unsigned);
  const transaction = signedTransaction(unsigned, signer, writer.finish(), cosigners);
  const signingByteCount = writer.length;
  writeSignatures(writer, transaction);
  const bytes = writer.finish();
  const signingBytes = bytes.subarray(0, signingByteCount);
  return { transaction, id: hashPrefixed(signingBytes), signingBytes, bytes };
}

function signedTransaction(
  { chainId, from, nonce, expiresAtHeight, onlyAtHeight, body }: UnsignedTransaction,
  signer: Signer,
  signingBytes: Uint8Array,
  cosigners: readonly Signer[],
): Transaction {
  if ((signer.publicKey as string) !== from)
    assert(false, `key ${signer.publicKey} does not sign for ${from}`);
  const signature = signer.sign(signingBytes);
  const transaction: Transaction = {
    chainId,
    from,
    nonce,
    expiresAtHeight,
    onlyAtHeight,
    body,
    auth: { type: 'native', scheme: 'ed25519', signature },
  };
  if (cosigners.length === 0) return transaction;
  const message = cosigningBytes(chainId, body);
  return withCosignatures(
    transaction,
    cosigners.map((cosigner) => cosigner.sign(message)),
  );
}

/** Signs as an EVM account, whose address `unsigned.from` must be. */
export function signTransactionAsEvmAccount(
  unsigned: UnsignedTransaction,
  secretKey: Uint8Array,
): Transaction {
  const address = evmAddressOf(secp256k1.publicKeyOf(secretKey));
  assert(address === unsigned.from, `the key of ${address} does not sign for ${unsigned.from}`);
  const { chainId, from, nonce, expiresAtHeight, onlyAtHeight, body } = unsigned;
  const signature = secp256k1.sign(secretKey, fromHex(transactionId(unsigned)));
  const auth = { type: 'native', scheme: 'secp256k1', signature } as const;
  return { chainId, from, nonce, expiresAtHeight, onlyAtHeight, body, auth };
}

export function encodeTransaction(transaction: Transaction): Uint8Array {
  const writer = new Writer(TRANSACTION_BYTES_HINT);
  writeUnsigned(writer, transaction);
  writeSignatures(writer, transaction);
  return writer.finish();
}

/**
 * Reads a transaction from bytes that may come from anybody, and its id.
 *
 * A reader accepts only what a writer makes, so the bytes in front of the authorisation are the canonical encoding
 * and are hashed as they came. The signature is not checked: see `verifyTransaction`.
 * @returns Views into `bytes`, which must not change afterwards; or `ENCODING_INVALID`. Never throws.
 */
export function decodeTransaction(bytes: Uint8Array): Verdict<DecodedTransaction, 'ENCODING_INVALID'> {
  const verdict = decode(bytes, readTransaction);
  if (!verdict.ok) return verdict;
  const signingBytes = bytes.subarray(0, bytes.length - signatureByteCount(verdict.value));
  return accept({ transaction: verdict.value, id: hashPrefixed(signingBytes), signingBytes });
}

/**
 * Checks that the sender made this transaction for this chain. Nonce, expiry, marks and funds are the state's business.
 * @param chain - Of genesis.
 * @returns The same transaction, or a refusal with a code of `transactionCodes`.
 */
export function verifyTransaction(
  decoded: DecodedTransaction,
  chain: InputJudgement & { readonly chainId: Hash },
  verifier: Verifier,
): Verdict<DecodedTransaction, TransactionCode> {
  const { chainId } = decoded.transaction;
  if (chainId !== chain.chainId) return refuseTransaction('TRANSACTION_CHAIN_MISMATCH', { chainId });
  const problem = findSenderProblem(decoded, chain, verifier);
  if (problem !== undefined) return problem;
  const wrong = findWrongCosigner(decoded.transaction, verifier);
  if (wrong !== undefined) return refuseTransaction('TRANSACTION_COSIGNATURE_INVALID', { address: wrong });
  const shown = voucherOf(decoded.transaction.body);
  if (shown !== undefined && !isVoucherSigned({ chainId, channelId: shown.channelId }, shown.voucher)) {
    const { payer, nonce } = shown.voucher;
    return refuseTransaction('TRANSACTION_VOUCHER_INVALID', { channelId: shown.channelId, payer, nonce });
  }
  return accept(decoded);
}

function findSenderProblem(
  { transaction, id, signingBytes }: DecodedTransaction,
  judgement: InputJudgement,
  verifier: Verifier,
): Refusal<TransactionCode> | undefined {
  const { from, auth } = transaction;
  if (auth.type === 'input') return findInputProblem({ ...transaction, auth }, judgement);
  if (isKeyAddress(from) !== (auth.scheme === 'ed25519')) {
    return refuseTransaction('TRANSACTION_ADDRESS_INVALID', { address: from });
  }
  if (isSignedNatively(auth, { from, id, signingBytes }, verifier)) return undefined;
  return refuseTransaction('TRANSACTION_SIGNATURE_INVALID', { address: from });
}

/**
 * @returns The first of those who sign beside the sender whose signature does not hold. Those of an input are covered by its
 *   id, so they are real ones under each crypto policy.
 */
function findWrongCosigner(
  { chainId, body, auth, cosignatures = [] }: Transaction,
  verifier: Verifier,
): Address | undefined {
  const signers = cosignersOf(body);
  if (signers.length === 0) return undefined;
  const message = cosigningBytes(chainId, body);
  const isReal = auth.type === 'input';
  return signers.find((signer, index) => {
    const signature = cosignatures[index];
    if (signature === undefined) return true;
    return !(isReal
      ? isSignedByAccount(signer, message, signature)
      : isSignedBy(signer, message, signature, verifier));
  });
}

function isSignedBy(
  address: Address,
  message: Uint8Array,
  signature: Signature,
  verifier: Verifier,
): boolean {
  if (isKeyAddress(address)) return verifier.verify(address as string, message, signature);
  const publicKey = secp256k1.recover(fromHex(hashPrefixed(message)), signature);
  return publicKey !== undefined && evmAddressOf(publicKey) === address;
}

function isSignedNatively(
  { scheme, signature }: NativeAuth,
  {
    from,
    id,
    signingBytes,
  }: { readonly from: Address; readonly id: Hash; readonly signingBytes: Uint8Array },
  verifier: Verifier,
): boolean {
  if (scheme === 'ed25519') return verifier.verify(from as string, signingBytes, signature);
  const publicKey = secp256k1.recover(fromHex(id), signature);
  return publicKey !== undefined && evmAddressOf(publicKey) === from;
}

function refuseTransaction(code: TransactionCode, details: Readonly<Record<string, unknown>>) {
  return refuse(code, transactionCodes[code], details);
}

function writeUnsigned(writer: Writer, unsigned: UnsignedTransaction): void {
  writer.u8(domains.transaction).hash(unsigned.chainId);
  writeAddress(writer, unsigned.from);
  writer.u64(unsigned.nonce).u64(unsigned.expiresAtHeight).u64(unsigned.onlyAtHeight);
  writeBody(writer, unsigned.body);
}

function readTransaction(reader: Reader): Transaction {
  if (reader.u8() !== domains.transaction) throw new DecodeError('not a transaction');
  const chainId = reader.hash();
  const from = readAddress(reader);
  const [nonce, expiresAtHeight, onlyAtHeight] = [reader.u64(), reader.u64(), reader.u64()];
  const body = readBody(reader);
  const head = readAuthHead(reader);
  const byteCount = authSignatureBytes(head, from);
  const signers = cosignersOf(body);
  const unsigned = { chainId, from, nonce, expiresAtHeight, onlyAtHeight, body };
  if (head.type === 'native') {
    const auth: Auth = { type: 'native', scheme: head.scheme, signature: reader.fixed(byteCount) };
    const transaction: Transaction = { ...unsigned, auth };
    return signers.length === 0
      ? transaction
      : { ...transaction, cosignatures: readCosignatures(reader, signers) };
  }
  if (nonce !== 0 || expiresAtHeight !== 0 || onlyAtHeight !== 0) {
    throw new DecodeError('an input with a nonce or a height');
  }
  if (!isInputBody(body, head.form)) throw new DecodeError('no input of a user');
  const cosignatures = readCosignatures(reader, signers);
  const transaction: Transaction = {
    ...unsigned,
    auth: { ...head, signature: reader.fixed(byteCount) },
  };
  return signers.length === 0 ? transaction : { ...transaction, cosignatures };
}

function readCosignatures(reader: Reader, signers: readonly Address[]): readonly Signature[] {
  return signers.map((signer) => reader.fixed(signatureBytesOf(signer)));
}

/** Cosignatures stand last; but those of an input in front of its signature, since its account signed them. */
function writeSignatures(writer: Writer, transaction: Transaction): void {
  const { auth, from } = transaction;
  const isInput = auth.type === 'input';
  if (isInput) writeInputHead(writer, transaction);
  else writeAuthHead(writer, auth);
  writer.fixed(auth.signature, authSignatureBytes(auth, from));
  if (!isInput) writeCosignatures(writer, transaction);
}

/** What an input's id covers beside the envelope. */
function writeInputHead(writer: Writer, transaction: Transaction): void {
  writeAuthHead(writer, transaction.auth);
  writeCosignatures(writer, transaction);
}

function writeCosignatures(writer: Writer, { body, cosignatures = [] }: Transaction): void {
  for (const [index, signer] of cosignersOf(body).entries()) {
    const signature = cosignatures[index];
    assert(signature !== undefined, `no signature of ${signer}`);
    writer.fixed(signature, signatureBytesOf(signer));
  }
}

/** Everything behind the signing bytes. */
function signatureByteCount({ from, auth, cosignatures = [] }: Transaction): number {
  const byteCount = authSignatureBytes(auth, from);
  if (auth.type === 'input') return byteCount;
  return cosignatures.reduce((sum, { length }) => sum + length, NATIVE_HEAD_BYTES + byteCount);
}
