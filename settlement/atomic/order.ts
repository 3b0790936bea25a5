/**
 * Orders: payments that a payer signs before anybody knows which batch will carry them. The id of an order is the hash of its
 * terms, and the settlement that pays it has that very id; so the chain, which settles an id once, pays an order once,
 * whoever carries it and in whatever batch, and not above the last height that its payer signed (orderExpiry.ts). A proof of such
 * a settlement is about the order alone (statement.ts).
 */
import { isSignedByAccount } from '../../consensus/primitives/accountSignature.ts';
import { writeAddress } from '../../consensus/primitives/address.ts';
import { fromHex, utf8ByteCount } from '../../consensus/primitives/bytes.ts';
import { Writer } from '../../consensus/primitives/codec.ts';
import type { Address, Amount, Hash, Height } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import { writeSymbol } from '../ledger/assets.ts';
import { proofSigningBytes, signStatement, signStatementAsEvmAccount } from './proofs/signatureProof.ts';
import type { SettlementRequest } from './types.ts';

/** Longest reference, in bytes of UTF-8: room for two ids in hexadecimal. */
export const ORDER_REFERENCE_BYTES_MAX = 128;
/** Stands in an id for an order that is good at any height. */
const NO_LAST_HEIGHT = 0;
/** Longest encoding of an order, rounded up, for the first size of a buffer. */
const ORDER_BYTES_HINT = 320;

/** What an order asks for, all of it signed. */
export interface OrderTerms {
  readonly from: Address;
  readonly to: Address;
  readonly asset: string;
  readonly amount: Amount;
  /** Text by which the payer tells orders apart, of 1 to `ORDER_REFERENCE_BYTES_MAX` bytes; metadata of the settlement. */
  readonly reference: string;
  /** Last height of a block that may settle it, from 1; undefined: any may, so nobody can ever know it unpaid for good. */
  readonly lastHeight?: Height | undefined;
}

/** Names an order by chain, payer, payee, asset, amount, reference and last height. */
export function orderIdOf(
  chainId: Hash,
  { from, to, asset, amount, reference, lastHeight = NO_LAST_HEIGHT }: OrderTerms,
): Hash {
  const writer = new Writer(ORDER_BYTES_HINT);
  writer.hash(chainId);
  writeAddress(writer, from);
  writeAddress(writer, to);
  writeSymbol(writer, asset);
  writer.amount(amount).string(reference, ORDER_REFERENCE_BYTES_MAX).u64(lastHeight);
  return hashBytes('order', writer.finish());
}

/** Whether a settlement pays an order: its id is that of the order with its last height, whose reference is its metadata. */
export function isOrderSettlement(
  chainId: Hash,
  { settlementId, kind, from, to, asset, amount, metadata, lastHeight }: Omit<SettlementRequest, 'proof'>,
): boolean {
  if (kind !== 'immediate' || metadata === '' || utf8ByteCount(metadata) > ORDER_REFERENCE_BYTES_MAX)
    return false;
  return settlementId === orderIdOf(chainId, { from, to, asset, amount, reference: metadata, lastHeight });
}

/** The bytes an ed25519 key signs for an order; an EVM account signs their SHA-256. */
export function orderSigningBytes(orderId: Hash): Uint8Array {
  return proofSigningBytes(fromHex(orderId));
}

/** Signs as the account of an ed25519 key. */
export function signOrder(secretKey: Uint8Array, orderId: Hash): Uint8Array {
  return signStatement(secretKey, fromHex(orderId));
}

/** Signs as the EVM account of a secp256k1 key: r, s, recovery bit. */
export function signOrderAsEvmAccount(secretKey: Uint8Array, orderId: Hash): Uint8Array {
  return signStatementAsEvmAccount(secretKey, fromHex(orderId));
}

/** Whether that account signed the order. False for any malformed signature. */
export function isOrderSigned(payer: Address, orderId: Hash, signature: Uint8Array): boolean {
  return isSignedByAccount(payer, orderSigningBytes(orderId), signature);
}
