/**
 * Secret keys that follow from a seed and a label, so a scenario's accounts and validators are the same on every
 * machine. Not for money: who knows the seed knows every key.
 */
import { fromHex, utf8 } from './bytes.ts';
import { hashBytes } from './hash.ts';

/**
 * Derives the ed25519 secret key of a label.
 * @param seed - Text, or a number, which counts as its decimal text.
 * @param label - Name of the account or validator.
 * @returns 32 bytes. Distinct (seed, label) pairs give unrelated keys.
 */
export function deriveSecretKey(seed: string | number, label: string): Uint8Array {
  const seedBytes = utf8(String(seed));
  // The seed's length goes first: otherwise ('a', 'bc') and ('ab', 'c') would share a key.
  const lengthBytes = new Uint8Array(4);
  new DataView(lengthBytes.buffer).setUint32(0, seedBytes.length);
  return fromHex(hashBytes('secretKey', lengthBytes, seedBytes, utf8(label)));
}
