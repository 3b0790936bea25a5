/**
 * Domain-separated SHA-256. Every hash in the system says what it is a hash of, so bytes of one kind can never
 * be passed off as another (docs/protocol.md, hashing).
 */
import { hash as nodeHash } from 'node:crypto';
import { writeHex, writeLatin1 } from './bytes.ts';
import type { Hash } from './flavor.ts';

/** What is hashed; the number is the first byte of the hash input and never changes its meaning. */
export const domains = {
  merkleLeaf: 0x00,
  merkleNode: 0x01,
  header: 0x02,
  vote: 0x03,
  transaction: 0x04,
  state: 0x06,
  netBatch: 0x07,
  settlementTransaction: 0x08,
  settlementBlock: 0x09,
  chainId: 0x0a,
  secretKey: 0x0b,
  evidence: 0x0c,
  completion: 0x0d,
  message: 0x0e,
  settlementReceipt: 0x0f,
  modelledTag: 0x10,
  peerIdentity: 0x11,
  atomicBatch: 0x12,
  cosignature: 0x13,
  scenarioId: 0x14,
  voucher: 0x15,
  ownSettlement: 0x16,
  atomicCompletion: 0x18,
  settlementProof: 0x20,
  proofVerdict: 0x21,
  proofTrust: 0x22,
  verifyingKey: 0x23,
  settlementStatement: 0x24,
  userInput: 0x25,
  order: 0x26,
  postedInput: 0x30,
} as const;

export type Domain = keyof typeof domains;

/** SHA-256 over the domain's byte and the parts, in order. */
export function hashBytes(domain: Domain, ...parts: readonly Uint8Array[]): Hash {
  let byteCount = 1;
  for (const part of parts) byteCount += part.length;
  // From the runtime's pool: clearing and tracking a fresh array costs as much as the hash.
  const input = Buffer.allocUnsafe(byteCount);
  input[0] = domains[domain];
  let at = 1;
  for (const part of parts) {
    input.set(part, at);
    at += part.length;
  }
  return `0x${nodeHash('sha256', input)}`;
}

/** SHA-256 over bytes whose first one is the domain's byte already, such as what a sender signs. */
export function hashPrefixed(bytes: Uint8Array): Hash {
  return `0x${nodeHash('sha256', bytes)}`;
}

/**
 * SHA-256 of many digests, or pairs of them, in one domain. What comes out is text of one character a byte, as `toKey`
 * makes it: to pass it on costs half of what hexadecimal text does.
 */
export class DigestHasher {
  readonly #input: Uint8Array;

  /** @param digestCount - Digests in one input: 1, or 2 for pairs. */
  constructor(domain: Domain, digestCount: 1 | 2) {
    this.#input = new Uint8Array(1 + 32 * digestCount);
    this.#input[0] = domains[domain];
  }

  ofHex(digest: Hash): string {
    writeHex(digest, this.#input, 1);
    return nodeHash('sha256', this.#input, 'binary');
  }

  ofHexPair(left: Hash, right: Hash): string {
    writeHex(left, this.#input, 1);
    writeHex(right, this.#input, 33);
    return nodeHash('sha256', this.#input, 'binary');
  }

  ofPair(left: string, right: string): string {
    writeLatin1(left, this.#input, 1);
    writeLatin1(right, this.#input, 33);
    return nodeHash('sha256', this.#input, 'binary');
  }
}

/** SHA-256 over the domain's byte and two digests: the inner node of a merkle tree. */
export function hashPair(domain: Domain, left: Hash, right: Hash): Hash {
  const input = Buffer.allocUnsafe(65);
  input[0] = domains[domain];
  writeHex(left, input, 1);
  writeHex(right, input, 33);
  return `0x${nodeHash('sha256', input)}`;
}
