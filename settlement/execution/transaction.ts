/**
 * A ledger transaction: envelope, body, and the sender's own signature. The signature travels behind the bytes it
 * signs and no id covers it. Authorisation and body are told apart by tag bytes; an unknown tag does not decode, so
 * later kinds can be added without changing what today's bytes mean. Whether a transaction may run is not judged here.
 */
import { isKeyAddress, readAddress, writeAddress } from '../../consensus/primitives/address.ts';
import { fromHex, toKey } from '../../consensus/primitives/bytes.ts';
import { DecodeError, decode, type Reader, Writer } from '../../consensus/primitives/codec.ts';
import { accept, assert, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash, Height, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { domains, hashPrefixed } from '../../consensus/primitives/hash.ts';
import { evmAddressOf, RECOVERABLE_SIGNATURE_BYTES } from '../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../consensus/primitives/secp256k1.ts';
import {
  SIGNATURE_BYTES,
  type Signature,
  type Signer,
  type Verifier,
} from '../../consensus/primitives/signature.ts';
import { isAssetSymbol } from '../ledger/assets.ts';
import type { LedgerOperation } from '../ledger/types.ts';

export type TransactionBody =
  | LedgerOperation
  | { readonly type: 'unjail'; readonly validator: ValidatorIndex }
  /** Ends the open window at this block; operators only. */
  | { readonly type: 'settle_now' }
  /** Size of windows from the next one on, in blocks; operators only. */
  | { readonly type: 'set_batch_size'; readonly batchSize: number };

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
  TRANSACTION_CHAIN_MISMATCH: 'the transaction was made for another chain',
  TRANSACTION_SIGNATURE_INVALID: 'the signature does not verify against the sender',
} as const;

export type TransactionCode = keyof typeof transactionCodes;

/** Tag bytes: their meaning never changes and none is used twice. 0 stands for nothing, so zeroed bytes never decode. */
const bodyTags = {
  transfer: 1,
  deposit: 2,
  withdraw: 3,
  borrow: 4,
  repay: 5,
  liquidate: 6,
  price: 7,
  unjail: 8,
  settle_now: 9,
  set_batch_size: 10,
} as const satisfies Record<TransactionBody['type'], number>;

const authTags = { native: 1 } as const satisfies Record<Auth['type'], number>;
const schemeTags = { ed25519: 1, secp256k1: 2 } as const satisfies Record<Auth['scheme'], number>;

/** Tag and scheme in front of the signature. */
const NATIVE_AUTH_BYTES = 2;
const signatureBytes = {
  ed25519: SIGNATURE_BYTES,
  secp256k1: RECOVERABLE_SIGNATURE_BYTES,
} as const satisfies Record<Auth['scheme'], number>;
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

/** Signs with the sender's own key; the caller sees to it that `signer` is `unsigned.from`. */
export function signTransaction(unsigned: UnsignedTransaction, signer: Signer): Transaction {
  return signedTransaction(unsigned, signer, transactionSigningBytes(unsigned));
}

/** Signs like `signTransaction`, and encodes; nothing is encoded or hashed twice. */
export function signAndEncodeTransaction(unsigned: UnsignedTransaction, signer: Signer): EncodedTransaction {
  const writer = new Writer(TRANSACTION_BYTES_HINT);
  writeUnsigned(writer, unsigned);
  const transaction = signedTransaction(unsigned, signer, writer.finish());
  const signingByteCount = writer.length;
  writeAuth(writer, transaction.auth);
  const bytes = writer.finish();
  const signingBytes = bytes.subarray(0, signingByteCount);
  return { transaction, id: hashPrefixed(signingBytes), signingBytes, bytes };
}

function signedTransaction(
  { chainId, from, nonce, expiresAtHeight, onlyAtHeight, body }: UnsignedTransaction,
  signer: Signer,
  signingBytes: Uint8Array,
): Transaction {
  if ((signer.publicKey as string) !== from)
    assert(false, `key ${signer.publicKey} does not sign for ${from}`);
  const signature = signer.sign(signingBytes);
  return {
    chainId,
    from,
    nonce,
    expiresAtHeight,
    onlyAtHeight,
    body,
    auth: { type: 'native', scheme: 'ed25519', signature },
  };
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
  writeAuth(writer, transaction.auth);
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
  const signingBytes = bytes.subarray(0, bytes.length - authByteCount(verdict.value.auth));
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
  return accept(decoded);
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
  return {
    chainId: reader.hash(),
    from: readAddress(reader),
    nonce: reader.u64(),
    expiresAtHeight: reader.u64(),
    onlyAtHeight: reader.u64(),
    body: readBody(reader),
    auth: readAuth(reader),
  };
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

function authByteCount(auth: Auth): number {
  switch (auth.type) {
    case 'native':
      return NATIVE_AUTH_BYTES + signatureBytes[auth.scheme];
  }
}

function writeBody(writer: Writer, body: TransactionBody): void {
  writer.u8(bodyTags[body.type]);
  switch (body.type) {
    case 'transfer':
      writeAddress(writer, body.to);
      writeSymbol(writer, body.asset);
      writer.amount(body.amount);
      return;
    case 'deposit':
    case 'withdraw':
    case 'borrow':
    case 'repay':
      writeSymbol(writer, body.asset);
      writer.amount(body.amount);
      return;
    case 'liquidate':
      writeLiquidation(writer, body);
      return;
    case 'price':
      writeSymbol(writer, body.asset);
      writer.amount(body.price);
      return;
    case 'unjail':
      writer.u16(body.validator);
      return;
    case 'settle_now':
      return;
    case 'set_batch_size':
      writer.u32(body.batchSize);
      return;
  }
}

function readBody(reader: Reader): TransactionBody {
  const tag = reader.u8();
  switch (tag) {
    case bodyTags.transfer:
      return {
        type: 'transfer',
        to: readAddress(reader),
        asset: readSymbol(reader),
        amount: reader.amount(),
      };
    case bodyTags.deposit:
      return { type: 'deposit', asset: readSymbol(reader), amount: reader.amount() };
    case bodyTags.withdraw:
      return { type: 'withdraw', asset: readSymbol(reader), amount: reader.amount() };
    case bodyTags.borrow:
      return { type: 'borrow', asset: readSymbol(reader), amount: reader.amount() };
    case bodyTags.repay:
      return { type: 'repay', asset: readSymbol(reader), amount: reader.amount() };
    case bodyTags.liquidate:
      return readLiquidation(reader);
    case bodyTags.price:
      return { type: 'price', asset: readSymbol(reader), price: reader.amount() };
    case bodyTags.unjail:
      return { type: 'unjail', validator: reader.u16() };
    case bodyTags.settle_now:
      return { type: 'settle_now' };
    case bodyTags.set_batch_size:
      return { type: 'set_batch_size', batchSize: reader.u32() };
    default:
      throw new DecodeError(`unknown body ${tag}`);
  }
}

function writeLiquidation(writer: Writer, body: Extract<TransactionBody, { type: 'liquidate' }>): void {
  writeAddress(writer, body.borrower);
  writeSymbol(writer, body.debtAsset);
  writer.amount(body.amount);
  writeSymbol(writer, body.collateralAsset);
  writer.boolean(body.exactCollateral !== undefined);
  if (body.exactCollateral !== undefined) writer.amount(body.exactCollateral);
}

function readLiquidation(reader: Reader): TransactionBody {
  return {
    type: 'liquidate',
    borrower: readAddress(reader),
    debtAsset: readSymbol(reader),
    amount: reader.amount(),
    collateralAsset: readSymbol(reader),
    exactCollateral: reader.boolean() ? reader.amount() : undefined,
  };
}

/** ASCII behind an 8-bit count; symbols are short and frequent, so they bypass the UTF-8 coders. */
function writeSymbol(writer: Writer, symbol: string): void {
  assert(isAssetSymbol(symbol), `not an asset symbol: ${symbol}`);
  writer.u8(symbol.length).latin1(symbol);
}

function readSymbol(reader: Reader): string {
  const symbol = toKey(reader.fixed(reader.u8()));
  if (!isAssetSymbol(symbol)) throw new DecodeError('not an asset symbol');
  return symbol;
}
