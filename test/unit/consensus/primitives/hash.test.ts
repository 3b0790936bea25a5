import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex } from '../../../../consensus/primitives/bytes.ts';
import { type Domain, domains, hashBytes, hashPair } from '../../../../consensus/primitives/hash.ts';

const names = Object.keys(domains) as Domain[];
const sha256 = (...parts: readonly Uint8Array[]) =>
  `0x${createHash('sha256')
    .update(concatBytes(...parts))
    .digest('hex')}`;

describe('domains', () => {
  it('have a byte each, and keep it: hashes of old blocks depend on it', () => {
    expect(new Set(Object.values(domains)).size).toBe(names.length);
    expect(domains).toMatchObject({
      merkleLeaf: 0,
      merkleNode: 1,
      header: 2,
      vote: 3,
      transaction: 4,
      state: 6,
      netBatch: 7,
      settlementTransaction: 8,
      settlementBlock: 9,
      chainId: 10,
      secretKey: 11,
      evidence: 12,
      completion: 13,
      message: 14,
      settlementReceipt: 15,
      modelledTag: 16,
      peerIdentity: 17,
    });
    for (const byte of Object.values(domains)) expect(byte >= 0 && byte <= 255).toBe(true);
  });

  it('give different hashes of equal bytes', () => {
    const hashes = names.map((name) => hashBytes(name, Uint8Array.of(1, 2)));
    expect(new Set(hashes).size).toBe(names.length);
  });
});

describe('hashBytes', () => {
  it('is SHA-256 over the domain byte and the parts', () => {
    fc.assert(
      fc.property(fc.constantFrom(...names), fc.array(fc.uint8Array()), (name, parts) => {
        expect(hashBytes(name, ...parts)).toBe(sha256(Uint8Array.of(domains[name]), ...parts));
      }),
    );
  });
});

describe('hashPair', () => {
  it('is SHA-256 over the domain byte and both digests, in order', () => {
    const left = hashBytes('message', Uint8Array.of(1));
    const right = hashBytes('message', Uint8Array.of(2));
    expect(hashPair('merkleNode', left, right)).toBe(sha256(Uint8Array.of(1), fromHex(left), fromHex(right)));
    expect(hashPair('merkleNode', right, left)).not.toBe(hashPair('merkleNode', left, right));
  });
});
