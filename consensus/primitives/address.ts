/**
 * Addresses as bytes: a byte count, then the address. 32 bytes are an ed25519 key, 20 an EVM account; nothing else is an
 * address, so which signature scheme an account uses can be read off its length.
 */
import { fromHex, isHex, toHex } from './bytes.ts';
import { DecodeError, type Reader, type Writer } from './codec.ts';
import { assert } from './codedError.ts';
import type { Address } from './flavor.ts';
import { RECOVERABLE_SIGNATURE_BYTES } from './recoverable.ts';
import { SIGNATURE_BYTES } from './signature.ts';

const KEY_BYTES = 32;
const EVM_ADDRESS_BYTES = 20;

/** True when the address is an ed25519 key, false for an EVM account. */
export function isKeyAddress(address: Address): boolean {
  return address.length === 2 + 2 * KEY_BYTES;
}

/** True for lower-case `0x` hex of 32 or 20 bytes. */
export function isAddress(text: string): text is string & Address {
  return isHex(text, KEY_BYTES) || isHex(text, EVM_ADDRESS_BYTES);
}

/** Bytes of a signature of this account: ed25519 for a key, r, s and recovery bit for an EVM account. */
export function signatureBytesOf(address: Address): number {
  return isKeyAddress(address) ? SIGNATURE_BYTES : RECOVERABLE_SIGNATURE_BYTES;
}

/** Behind its byte count: 32 for a key, 20 for an EVM address. */
export function writeAddress(writer: Writer, address: Address): void {
  if (isHex(address, KEY_BYTES)) {
    writer.u8(KEY_BYTES).hash(address as string);
    return;
  }
  assert(isHex(address, EVM_ADDRESS_BYTES), `not an address: ${address}`);
  writer.u8(EVM_ADDRESS_BYTES).fixed(fromHex(address), EVM_ADDRESS_BYTES);
}

/** @throws {DecodeError} for any other byte count; `decode` makes a verdict of it. */
export function readAddress(reader: Reader): Address {
  const byteCount = reader.u8();
  if (byteCount === KEY_BYTES) return reader.hash() as string;
  if (byteCount !== EVM_ADDRESS_BYTES) throw new DecodeError(`address of ${byteCount} bytes`);
  return toHex(reader.fixed(EVM_ADDRESS_BYTES));
}
