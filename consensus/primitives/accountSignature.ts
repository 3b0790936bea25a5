/**
 * Signatures of accounts over bytes whose first one says what they are: ed25519 by a key that is its own address, recoverable
 * secp256k1 over their SHA-256 by an EVM account. They are really made and checked under each crypto policy, so they may be
 * part of what an id covers.
 */
import { isKeyAddress } from './address.ts';
import { fromHex } from './bytes.ts';
import { ed25519 } from './ed25519.ts';
import type { Address } from './flavor.ts';
import { hashPrefixed } from './hash.ts';
import { evmAddressOf } from './recoverable.ts';
import { secp256k1 } from './secp256k1.ts';
import type { Signature } from './signature.ts';

/** Signs as the EVM account of a secp256k1 key. */
export function signAsEvmAccount(secretKey: Uint8Array, bytes: Uint8Array): Signature {
  return secp256k1.sign(secretKey, fromHex(hashPrefixed(bytes)));
}

/** Whether that account signed these bytes. False for any malformed signature. */
export function isSignedByAccount(address: Address, bytes: Uint8Array, signature: Signature): boolean {
  if (isKeyAddress(address)) return ed25519.verify(fromHex(address), bytes, signature);
  const publicKey = secp256k1.recover(fromHex(hashPrefixed(bytes)), signature);
  return publicKey !== undefined && evmAddressOf(publicKey) === address;
}
