/**
 * A ledger transaction: envelope, body, the sender's own signature, and those of others where the body names them. The
 * signatures travel behind the bytes they sign and no id covers them. Authorisation and body are told apart by tag bytes;
 * an unknown tag does not decode, so later kinds can be added without changing what today's bytes mean. Whether a
 * transaction may run is not judged here.
 */
import {
  isKeyAddress,
  readAddress,
  signatureBytesOf,
  writeAddress,
} from '../../consensus/primitives/address.ts';
import { fromHex } from '../../consensus/primitives/bytes.ts';
import { DecodeError, decode, type Reader, Writer } from '../../consensus/primitives/codec.ts';
import { accept, assert, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height } from '../../consensus/primitives/flavor.ts';
import { domains, hashPrefixed } from '../../consensus/primitives/hash.ts';
import { evmAddressOf, RECOVERABLE_SIGNATURE_BYTES } from '../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../consensus/primitives/secp256k1.ts';
import {
  SIGNATURE_BYTES,
  type Signature,
  type Signer,
  type Verifier,
} from '../../consensus/primitives/signature.ts';
import { isVoucherSigned } from '../atomic/voucher.ts';
import { cosignersOf, readBody, type TransactionBody, voucherOf, writeBody } from './transactionBody.ts';

/**
 * The sender signed the canonical bytes: with the ed25519 key that is its address, or with the secp256k1 key whose EVM
 * address it is. The latter signs their SHA-256, which is the transaction's id.
 */
export interface Auth {
  readonly type: 'native';
  readonly scheme: 'ed25519' | 'secp256k1';
  readonly signature: Signature;
}

export interface UnsignedTransaction {
  readonly chainId: Hash;
  readonly from: Address;
  /** Number of transactions of the sender that were executed before. */
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
  /** What the sender signed and the id hashes: the bytes in front of the authorisation, as a view of the input. */
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
  TRANSACTION_SIGNATURE_INVALID: 'the signature does not verify against the sender',
  TRANSACTION_VOUCHER_INVALID:
    'the payer that the voucher names did not sign it for this channel and this chain',
} as const;

export type TransactionCode = keyof typeof transactionCodes;

/** Tag bytes: their meaning never changes and none is used twice. 0 stands for nothing, so zeroed bytes never decode. */
const authTags = { native: 1 } as const satisfies Record<Auth['type'], number>;
const schemeTags = { ed25519: 1, secp256k1: 2 } as const satisfies Record<Auth['scheme'], number>;

/** Tag and scheme in front of the signature. */
const NATIVE_AUTH_BYTES = 2;
const signatureBytes = {
  ed25519: SIGNATURE_BYTES,
  secp256k1: RECOVERABLE_SIGNATURE_BYTES,
} as const satisfies Record<Auth['scheme'], number>;
/** A domain's byte and a digest. */
const COSIGNING_BYTES = 33;
/** Room for all but the longest transactions without growing. */
const TRANSACTION_BYTES_HINT = 256;

/** The bytes a sender signs: the canonical encoding, which begins with the domain's byte, without authorisation. */
export function transactionSigningBytes(unsigned: UnsignedTransaction): Uint8Array {
  const writer = new Writer(TRANSACTION_BYTES_HINT);
  writeUnsigned(writer, unsigned);
  return writer.finish();
}

/** Names a transaction by what it does, however it was authorised: equals the hash of its signing bytes. */
export function transactionId(unsigned: UnsignedTransaction): Hash {
  return hashPrefixed(transactionSigningBytes(unsigned));
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
  const signingBytes = bytes.subarray(0, bytes.length - authByteCount(verdict.value));
  return accept({ transaction: verdict.value, id: hashPrefixed(signingBytes), signingBytes });
}

/**
 * Checks that the sender made this transaction for this chain. Nonce, expiry and funds are the state's business.
 * @returns The same transaction, or a refusal with a code of `transactionCodes`.
 */
export function verifyTransaction(
  decoded: DecodedTransaction,
  options: { readonly chainId: Hash },
  verifier: Verifier,
): Verdict<DecodedTransaction, TransactionCode> {
  const { from, chainId, auth } = decoded.transaction;
  if (chainId !== options.chainId) return refuseTransaction('TRANSACTION_CHAIN_MISMATCH', { chainId });
  if (isKeyAddress(from) !== (auth.scheme === 'ed25519')) {
    return refuseTransaction('TRANSACTION_ADDRESS_INVALID', { address: from });
  }
  if (!isSignedBySender(decoded, verifier)) {
    return refuseTransaction('TRANSACTION_SIGNATURE_INVALID', { address: from });
  }
  const wrong = findWrongCosigner(decoded.transaction, verifier);
  if (wrong !== undefined) return refuseTransaction('TRANSACTION_COSIGNATURE_INVALID', { address: wrong });
  const shown = voucherOf(decoded.transaction.body);
  if (shown !== undefined && !isVoucherSigned({ chainId, channelId: shown.channelId }, shown.voucher)) {
    const { payer, nonce } = shown.voucher;
    return refuseTransaction('TRANSACTION_VOUCHER_INVALID', { channelId: shown.channelId, payer, nonce });
  }
  return accept(decoded);
}

/** @returns The first of those who sign beside the sender whose signature does not hold. */
function findWrongCosigner(
  { chainId, body, cosignatures = [] }: Transaction,
  verifier: Verifier,
): Address | undefined {
  const signers = cosignersOf(body);
  if (signers.length === 0) return undefined;
  const message = cosigningBytes(chainId, body);
  return signers.find((signer, index) => {
    const signature = cosignatures[index];
    return signature === undefined || !isSignedBy(signer, message, signature, verifier);
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

function isSignedBySender(
  { transaction, id, signingBytes }: DecodedTransaction,
  verifier: Verifier,
): boolean {
  const { from, auth } = transaction;
  if (auth.scheme === 'ed25519') return verifier.verify(from as string, signingBytes, auth.signature);
  const publicKey = secp256k1.recover(fromHex(id), auth.signature);
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
  const transaction: Transaction = {
    chainId: reader.hash(),
    from: readAddress(reader),
    nonce: reader.u64(),
    expiresAtHeight: reader.u64(),
    onlyAtHeight: reader.u64(),
    body: readBody(reader),
    auth: readAuth(reader),
  };
  const signers = cosignersOf(transaction.body);
  if (signers.length === 0) return transaction;
  return { ...transaction, cosignatures: signers.map((signer) => reader.fixed(signatureBytesOf(signer))) };
}

function writeSignatures(writer: Writer, { auth, body, cosignatures = [] }: Transaction): void {
  writeAuth(writer, auth);
  for (const [index, signer] of cosignersOf(body).entries()) {
    const signature = cosignatures[index];
    assert(signature !== undefined, `no signature of ${signer}`);
    writer.fixed(signature, signatureBytesOf(signer));
  }
}

function writeAuth(writer: Writer, auth: Auth): void {
  writer
    .u8(authTags[auth.type])
    .u8(schemeTags[auth.scheme])
    .fixed(auth.signature, signatureBytes[auth.scheme]);
}

function readAuth(reader: Reader): Auth {
  const type = reader.u8();
  if (type !== authTags.native) throw new DecodeError(`unknown authorisation ${type}`);
  const scheme = readScheme(reader.u8());
  return { type: 'native', scheme, signature: reader.fixed(signatureBytes[scheme]) };
}

function readScheme(tag: number): Auth['scheme'] {
  if (tag === schemeTags.ed25519) return 'ed25519';
  if (tag === schemeTags.secp256k1) return 'secp256k1';
  throw new DecodeError(`unknown signature scheme ${tag}`);
}

/** Everything behind the signing bytes. */
function authByteCount({ auth, cosignatures = [] }: Transaction): number {
  let byteCount = NATIVE_AUTH_BYTES + signatureBytes[auth.scheme];
  for (const signature of cosignatures) byteCount += signature.length;
  return byteCount;
}
