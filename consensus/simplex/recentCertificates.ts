/**
 * The certificates made last in this process. Nodes that share votes make the same few certificates of them and keep
 * each for as long as its block: one object for all of them is less to keep and to collect. A miss costs memory,
 * never a different answer.
 */
import type { Certificate } from '../vote.ts';

/** More than the certificates that four nodes make of one block; of a larger network only some are shared. */
const KEPT_COUNT = 16;

const kept: (Certificate | undefined)[] = new Array<Certificate | undefined>(KEPT_COUNT).fill(undefined);
let oldest = 0;

/** A certificate of these very signatures: one made before, or this one from now on. */
export function sharedCertificate(made: Certificate): Certificate {
  const { kind, view, blockHash, signers, signatures } = made;
  for (const one of kept) {
    if (one?.view !== view || one.kind !== kind || one.blockHash !== blockHash) continue;
    if (isSameList(one.signers, signers) && isSameList(one.signatures, signatures)) return one;
  }
  // Lists that grew have room for more; copies have not.
  const certificate = { kind, view, blockHash, signers: signers.slice(), signatures: signatures.slice() };
  kept[oldest] = certificate;
  oldest = (oldest + 1) % KEPT_COUNT;
  return certificate;
}

function isSameList(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false;
  return true;
}
