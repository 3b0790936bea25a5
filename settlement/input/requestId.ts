/** The id of a request, which sees no more than the text that was signed (signedText.ts) does. */
import { isKeyAddress, writeAddress } from '../../consensus/primitives/address.ts';
import { Writer } from '../../consensus/primitives/codec.ts';
import { assert } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import { addressTypes } from './signedText.ts';
import type { AddressType } from './types.ts';

/**
 * SHA-256 over: the domain's byte, the address type in two bytes, the address behind its byte count, then the signed text
 * to the end. Everything before the text says how long it is, so no two triples have the same bytes.
 * @param address - As it came; its case does not count.
 */
export function requestIdOf(addressType: AddressType, address: string, signedText: string): Hash {
  const account = address.toLowerCase();
  assert(isKeyAddress(account) === (addressType === addressTypes.ed25519), `${address} is of another type`);
  const writer = new Writer(64 + signedText.length).u16(addressType);
  writeAddress(writer, account);
  return hashBytes('userInput', writer.latin1(signedText).finish());
}
