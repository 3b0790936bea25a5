/**
 * Merkle trees in the shape of RFC 6962, section 2.1: split at the largest power of two below the leaf count, no
 * leaf is ever duplicated. Leaves and inner nodes hash under domains of their own, so neither passes for the other.
 */
import { fromHex, fromLatin1, isHex, toHex, toKey } from './bytes.ts';
import { assert } from './codedError.ts';
import { type Hash, ZERO_HASH } from './flavor.ts';
import { DigestHasher, hashBytes, hashPair } from './hash.ts';

/** Root of a tree without leaves: no preimage gives it, so it stands for nothing else. */
export const EMPTY_ROOT: Hash = ZERO_HASH;

/**
 * Proves that a leaf stands at one position of a tree of one size. A root alone does not fix the size, so a verifier
 * that cares about the position takes `leafCount` from where it trusts it, never from the prover.
 */
export interface InclusionProof {
  readonly index: number;
  readonly leafCount: number;
  /** Siblings from the leaf upwards. */
  readonly path: readonly Hash[];
}

/**
 * Root over leaf digests, in order.
 *
 * Works level by level, a node without a partner moving up as it is: that gives the recursive tree of the RFC
 * without recursion.
 */
export function merkleRoot(leaves: readonly Hash[]): Hash {
  if (leaves.length === 0) return EMPTY_ROOT;
  const hasher = new DigestHasher('merkleLeaf', 1);
  const level: string[] = [];
  for (const leaf of leaves) level.push(hasher.ofHex(leaf));
  return rootOfLevel(level);
}

/** Digest of a leaf that is plain data. */
export function leafHash(data: Uint8Array): Hash {
  return hashBytes('merkleLeaf', data);
}

/** Root over leaf digests from `leafHash`: for leaves that are data, such as receipts. */
export function merkleRootOfLeafHashes(leafHashes: readonly Hash[]): Hash {
  if (leafHashes.length <= 1) return leafHashes[0] ?? EMPTY_ROOT;
  const hasher = new DigestHasher('merkleNode', 2);
  const level: string[] = [];
  for (let index = 0; index < leafHashes.length; index += 2) {
    const left = leafHashes[index] ?? EMPTY_ROOT;
    const right = leafHashes[index + 1];
    level.push(right === undefined ? toKey(fromHex(left)) : hasher.ofHexPair(left, right));
  }
  return rootOfLevel(level);
}

/** Root over the digests of one level, at least one, as `DigestHasher` gives them. Uses up the list. */
function rootOfLevel(level: string[]): Hash {
  const hasher = new DigestHasher('merkleNode', 2);
  for (let count = level.length; count > 1; count = Math.ceil(count / 2)) {
    for (let index = 0; index < count; index += 2) {
      const left = level[index] ?? '';
      const right = index + 1 < count ? level[index + 1] : undefined;
      level[index >> 1] = right === undefined ? left : hasher.ofPair(left, right);
    }
  }
  return toHex(fromLatin1(level[0] ?? ''));
}

/**
 * Proves the leaf at `index`; the proof holds at most one digest a level.
 * @throws {Error} when there is no such leaf (a bug of the caller).
 */
export function createInclusionProof(leaves: readonly Hash[], index: number): InclusionProof {
  assert(Number.isInteger(index) && index >= 0 && index < leaves.length, `no leaf ${index}`);
  const path: Hash[] = [];
  let level = leaves.map(hashLeaf);
  for (let position = index; level.length > 1; position >>= 1) {
    const sibling = level[position ^ 1];
    if (sibling !== undefined) path.push(sibling);
    level = nextLevel(level);
  }
  return { index, leafCount: leaves.length, path };
}

/** Checks that `leaf` is leaf `proof.index` of the tree under `root`; false for any proof that is not exactly right. */
export function verifyInclusionProof(root: Hash, leaf: Hash, proof: InclusionProof): boolean {
  const { index, leafCount, path } = proof;
  if (!Number.isSafeInteger(leafCount) || !Number.isInteger(index) || index < 0 || index >= leafCount)
    return false;
  if (!isHex(leaf, 32)) return false;
  let node = hashLeaf(leaf);
  let used = 0;
  let position = index;
  for (let count = leafCount; count > 1; count = Math.ceil(count / 2)) {
    const isRight = position % 2 === 1;
    if (isRight || position + 1 < count) {
      const sibling = path[used];
      if (sibling === undefined || !isHex(sibling, 32)) return false;
      used += 1;
      node = isRight ? hashPair('merkleNode', sibling, node) : hashPair('merkleNode', node, sibling);
    }
    position = Math.floor(position / 2);
  }
  return used === path.length && node === root;
}

function hashLeaf(leaf: Hash): Hash {
  return hashBytes('merkleLeaf', fromHex(leaf));
}

function nextLevel(level: readonly Hash[]): Hash[] {
  const next: Hash[] = [];
  for (let index = 0; index < level.length; index += 2) {
    const left = level[index] ?? EMPTY_ROOT;
    const right = level[index + 1];
    next.push(right === undefined ? left : hashPair('merkleNode', left, right));
  }
  return next;
}
