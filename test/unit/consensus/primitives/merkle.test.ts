import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../../consensus/primitives/bytes.ts';
import { type Hash, ZERO_HASH } from '../../../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../../../consensus/primitives/hash.ts';
import {
  createInclusionProof,
  merkleRoot,
  verifyInclusionProof,
} from '../../../../consensus/primitives/merkle.ts';

const leafOf = (number: number): Hash => hashBytes('message', Uint8Array.of(number >> 8, number & 0xff));
const leavesOf = (count: number): Hash[] => Array.from({ length: count }, (_, index) => leafOf(index));
const counts = fc.integer({ min: 1, max: 70 });

/** The definition in RFC 6962, section 2.1, word for word in code: slow, recursive, on plain buffers. */
function rootByDefinition(leaves: readonly Hash[]): Buffer {
  const sha256 = (...parts: readonly Uint8Array[]) => {
    const hash = createHash('sha256');
    for (const part of parts) hash.update(part);
    return hash.digest();
  };
  const [first] = leaves;
  if (first === undefined) return Buffer.alloc(32);
  if (leaves.length === 1) return sha256(Uint8Array.of(0), fromHex(first));
  let split = 1;
  while (split * 2 < leaves.length) split *= 2;
  return sha256(
    Uint8Array.of(1),
    rootByDefinition(leaves.slice(0, split)),
    rootByDefinition(leaves.slice(split)),
  );
}

function flipBit(hash: Hash, bit: number): Hash {
  const at = 2 + (bit >> 2);
  const digit = (Number.parseInt(hash.charAt(at), 16) ^ (1 << (bit & 3))).toString(16);
  return hash.slice(0, at) + digit + hash.slice(at + 1);
}

describe('merkleRoot', () => {
  it('is the tree of RFC 6962 for every size up to 70', () => {
    for (let count = 0; count <= 70; count += 1) {
      expect(merkleRoot(leavesOf(count))).toBe(`0x${rootByDefinition(leavesOf(count)).toString('hex')}`);
    }
  });

  it('gives zero for no leaves and hashes a single leaf', () => {
    expect(merkleRoot([])).toBe(ZERO_HASH);
    expect(merkleRoot([leafOf(1)])).not.toBe(leafOf(1));
  });

  it('tells a last leaf from the same leaf twice', () => {
    const leaves = leavesOf(3);
    expect(merkleRoot(leaves)).not.toBe(merkleRoot([...leaves, leafOf(2)]));
  });

  it('depends on every leaf and on the order', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 70 }), fc.nat(), fc.nat(255), (count, at, bit) => {
        const leaves = leavesOf(count);
        const root = merkleRoot(leaves);
        const index = at % count;
        expect(merkleRoot(leaves.with(index, flipBit(leafOf(index), bit)))).not.toBe(root);
        expect(merkleRoot([...leaves].reverse())).not.toBe(root);
        expect(merkleRoot(leaves.slice(1))).not.toBe(root);
      }),
    );
  });
});

describe('verifyInclusionProof', () => {
  it('proves every leaf of every tree, and no other leaf', () => {
    for (let count = 1; count <= 33; count += 1) {
      const leaves = leavesOf(count);
      const root = merkleRoot(leaves);
      for (const [index, leaf] of leaves.entries()) {
        const proof = createInclusionProof(leaves, index);
        for (const [other, candidate] of leaves.entries()) {
          expect(verifyInclusionProof(root, candidate, proof)).toBe(other === index && candidate === leaf);
        }
        expect(verifyInclusionProof(root, leafOf(count), proof)).toBe(false);
      }
    }
  });

  it('fails when one bit of leaf, root or path changes', () => {
    fc.assert(
      fc.property(counts, fc.nat(), fc.nat(255), (count, at, bit) => {
        const leaves = leavesOf(count);
        const index = at % count;
        const root = merkleRoot(leaves);
        const proof = createInclusionProof(leaves, index);
        expect(verifyInclusionProof(root, flipBit(leafOf(index), bit), proof)).toBe(false);
        expect(verifyInclusionProof(flipBit(root, bit), leafOf(index), proof)).toBe(false);
        for (const [step, sibling] of proof.path.entries()) {
          const path = proof.path.with(step, flipBit(sibling, bit));
          expect(verifyInclusionProof(root, leafOf(index), { ...proof, path })).toBe(false);
        }
      }),
    );
  });

  it('fails for another position, a path of another length and malformed numbers or digests', () => {
    const leaves = leavesOf(7);
    const root = merkleRoot(leaves);
    const leaf = leafOf(5);
    const proof = createInclusionProof(leaves, 5);
    expect(verifyInclusionProof(root, leaf, proof)).toBe(true);
    for (const index of [0, 1, 4, 6, 7, -1, 5.5, Number.NaN]) {
      expect(verifyInclusionProof(root, leaf, { ...proof, index })).toBe(false);
    }
    for (const leafCount of [0, 5, 2, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(verifyInclusionProof(root, leaf, { ...proof, leafCount })).toBe(false);
    }
    expect(verifyInclusionProof(root, leaf, { ...proof, path: proof.path.slice(1) })).toBe(false);
    expect(verifyInclusionProof(root, leaf, { ...proof, path: [...proof.path, ZERO_HASH] })).toBe(false);
    const longer = proof.path.map((sibling) => `${sibling}00`);
    expect(verifyInclusionProof(root, leaf, { ...proof, path: longer })).toBe(false);
    expect(verifyInclusionProof(root, leaf.toUpperCase(), proof)).toBe(false);
  });

  it('proves nothing under the root of an empty tree', () => {
    expect(verifyInclusionProof(ZERO_HASH, ZERO_HASH, { index: 0, leafCount: 0, path: [] })).toBe(false);
  });
});

describe('createInclusionProof', () => {
  it('has one digest a level at most', () => {
    expect(createInclusionProof(leavesOf(8), 3).path).toHaveLength(3);
    expect(createInclusionProof(leavesOf(5), 4).path).toHaveLength(1);
    expect(createInclusionProof(leavesOf(1), 0).path).toHaveLength(0);
  });

  it('crashes on a leaf that is not there', () => {
    expect(() => createInclusionProof(leavesOf(2), 2)).toThrow('no leaf 2');
    expect(() => createInclusionProof([], 0)).toThrow('no leaf 0');
  });
});
