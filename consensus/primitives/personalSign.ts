/**
 * EIP-191 `personal_sign`, as wallets offer it for text: secp256k1 over the Keccak-256 of a prefix, the byte count and the
 * text. Accounts are EVM addresses; the last byte of a signature is 27 or 28 as wallets write it, or 0 or 1.
 */
import { keccak_256 } from '@noble/hashes/sha3.js';
import { concatBytes, utf8 } from './bytes.ts';
import type { Address } from './flavor.ts';
import { evmAddressOf, RECOVERABLE_SIGNATURE_BYTES } from './recoverable.ts';
import { secp256k1 } from './secp256k1.ts';
import type { Signature } from './signature.ts';

/** What wallets add to the recovery bit, a habit of Bitcoin's. */
const RECOVERY_OFFSET = 27;
const RECOVERY_AT = RECOVERABLE_SIGNATURE_BYTES - 1;

/** The 32 bytes that are signed for a text (EIP-191, version 0x45). */
export function personalDigest(text: string): Uint8Array {
  const bytes = utf8(text);
  return keccak_256(concatBytes(utf8(`\u0019Ethereum Signed Message:\n${bytes.length}`), bytes));
}

/** Signs like a wallet: r, s, then 27 or 28. */
export function signPersonally(secretKey: Uint8Array, text: string): Signature {
  const signature = Uint8Array.from(secp256k1.sign(secretKey, personalDigest(text)));
  signature[RECOVERY_AT] = (signature[RECOVERY_AT] as number) + RECOVERY_OFFSET;
  return signature;
}

/** Whether that account signed this text. @param address - Lower case. @returns False for any malformed signature. */
export function isPersonallySigned(address: Address, text: string, signature: Signature): boolean {
  if (signature.length !== RECOVERABLE_SIGNATURE_BYTES) return false;
  const publicKey = secp256k1.recover(personalDigest(text), withPlainRecovery(signature));
  return publicKey !== undefined && evmAddressOf(publicKey) === address;
}

/** The same signature with the recovery bit itself as its last byte. */
export function withPlainRecovery(signature: Signature): Signature {
  const plain = Uint8Array.from(signature);
  const recovery = plain[RECOVERY_AT] ?? 0;
  if (recovery >= RECOVERY_OFFSET) plain[RECOVERY_AT] = recovery - RECOVERY_OFFSET;
  return plain;
}
