/**
 * Judges attestation documents: bound to the settlement, from a trusted program, signed by a key whose certificates lead
 * to a trusted root. Cheap checks come before signatures. Nothing here asks the machine: no clock, no library of its own.
 */
import { equalBytes } from '../../../consensus/primitives/bytes.ts';
import { verifyP384 } from '../../../consensus/primitives/p384.ts';
import { type AttestationDocument, parseAttestationDocument } from './attestationDocument.ts';
import type { AttestationTrust, Measurement } from './attestationTrust.ts';
import { type Certificate, isSignedByIssuer, parseCertificate } from './certificate.ts';
import type { ProofFailure } from './codes.ts';
import { proofDigest } from './signatureProof.ts';
import type { AttestationProof, ProofVerdict } from './types.ts';

/**
 * Judges a document whatever the time, and says when it is valid: while all its certificates are, and not before it was
 * made. The nonce must be the statement, which shows that the document was asked for because of it, and the user data the
 * statement's digest, which only the program in the enclave writes.
 */
export function judgeAttestation(
  proof: AttestationProof,
  statement: Uint8Array,
  trust: AttestationTrust,
): ProofVerdict {
  const document = parseAttestationDocument(proof.document);
  if (document === undefined) return fail('ATTESTATION_MALFORMED');
  const unbound = problemOfContents(document, statement, trust);
  if (unbound !== undefined) return fail(unbound);
  const chain = chainOf(document, trust);
  if (typeof chain === 'string') return fail(chain);
  const broken = problemOfChain(chain);
  if (broken !== undefined) return fail(broken);
  const leaf = chain[chain.length - 1] as Certificate;
  if (!verifyP384(leaf.publicKey, document.signedBytes, document.signature)) {
    return fail('ATTESTATION_SIGNATURE_INVALID');
  }
  let notBeforeMs = document.timestampMs;
  let notAfterMs = Number.MAX_SAFE_INTEGER;
  for (const certificate of chain) {
    notBeforeMs = Math.max(notBeforeMs, certificate.notBeforeMs);
    notAfterMs = Math.min(notAfterMs, certificate.notAfterMs);
  }
  return { ok: true, notBeforeMs, notAfterMs };
}

function problemOfContents(
  { nonce, userData, registers }: AttestationDocument,
  statement: Uint8Array,
  trust: AttestationTrust,
): ProofFailure | undefined {
  if (nonce === undefined || !equalBytes(nonce, statement)) return 'ATTESTATION_NONCE_MISMATCH';
  if (userData === undefined || !equalBytes(userData, proofDigest(statement))) {
    return 'ATTESTATION_USER_DATA_MISMATCH';
  }
  if (registers.get(0)?.every((byte) => byte === 0) !== false) return 'ATTESTATION_DEBUG_MODE';
  const isTrusted =
    trust.measurements.length === 0 || trust.measurements.some((wanted) => hasRegisters(registers, wanted));
  return isTrusted ? undefined : 'ATTESTATION_MEASUREMENT_UNKNOWN';
}

function hasRegisters(registers: ReadonlyMap<number, Uint8Array>, wanted: Measurement): boolean {
  for (const [register, content] of wanted) {
    const found = registers.get(register);
    if (found === undefined || !equalBytes(found, content)) return false;
  }
  return true;
}

/** The certificates from the trusted root down to the leaf, or why there are none. */
function chainOf(
  document: AttestationDocument,
  trust: AttestationTrust,
): readonly Certificate[] | ProofFailure {
  const [rootBytes, ...rest] = document.bundle;
  const root =
    rootBytes === undefined ? undefined : trust.roots.find(({ bytes }) => equalBytes(bytes, rootBytes));
  if (root === undefined) return 'ATTESTATION_ROOT_UNKNOWN';
  const chain = [root];
  for (const bytes of [...rest, document.certificate]) {
    const certificate = parseCertificate(bytes);
    if (certificate === undefined) return 'ATTESTATION_CERTIFICATE_MALFORMED';
    chain.push(certificate);
  }
  return chain;
}

/** The path of RFC 5280, 6.1, for one policy and names compared as bytes. The root's own signature was checked when it was trusted. */
function problemOfChain(chain: readonly Certificate[]): ProofFailure | undefined {
  const leafIndex = chain.length - 1;
  for (const [index, certificate] of chain.entries()) {
    if (!mayStandAt(certificate, leafIndex - index)) return 'ATTESTATION_CERTIFICATE_MISUSED';
  }
  for (let index = 1; index < chain.length; index += 1) {
    const issuer = chain[index - 1] as Certificate;
    const certificate = chain[index] as Certificate;
    if (!equalBytes(certificate.issuer, issuer.subject) || !isSignedByIssuer(certificate, issuer)) {
      return 'ATTESTATION_CHAIN_BROKEN';
    }
  }
  return undefined;
}

/** @param heightAboveLeaf - 0 for the leaf, 1 for its issuer. */
function mayStandAt(certificate: Certificate, heightAboveLeaf: number): boolean {
  if (heightAboveLeaf === 0) return !certificate.isAuthority && certificate.maySignData;
  const { isAuthority, maySignCertificates, pathLengthMax } = certificate;
  // Authorities below this one: all between it and the leaf.
  return isAuthority && maySignCertificates && heightAboveLeaf - 1 <= (pathLengthMax ?? heightAboveLeaf);
}

function fail(reason: ProofFailure): ProofVerdict {
  return { ok: false, reason };
}
