/**
 * X.509 certificates (RFC 5280) of one narrow kind: version 3, a P-384 key, signed with ECDSA and SHA-384, in strict DER.
 * Written for chains of attestation: names are compared as bytes, revocation is not looked up (the leaves live for hours),
 * and a critical extension beyond basic constraints and key usage is refused.
 */
import { fromHex, toHex } from '../../../consensus/primitives/bytes.ts';
import { isP384PublicKey, P384_SIGNATURE_BYTES, verifyP384 } from '../../../consensus/primitives/p384.ts';
import { readValidity } from './certificateTime.ts';
import { DerError, DerReader, derTags } from './der.ts';

/** Longest certificate, in bytes: what an attestation document may hold at most (AWS Nitro, 1024), twice over. */
export const CERTIFICATE_BYTES_MAX = 2048;
/** Longest serial number, in bytes (RFC 5280, 4.1.2.2). */
const SERIAL_BYTES_MAX = 20;
const EXTENSIONS_MAX = 16;
const SCALAR_BYTES = P384_SIGNATURE_BYTES / 2;

/** `[0] { INTEGER 2 }`: version 3. */
const versionThree = fromHex('0xa003020102');
/** ecdsa-with-SHA384, without parameters (RFC 5758, 3.2). */
const ecdsaWithSha384 = fromHex('0x300a06082a8648ce3d040303');
/** id-ecPublicKey on secp384r1 (RFC 5480, 2.1.1). */
const p384Key = fromHex('0x301006072a8648ce3d020106052b81040022');
const extensionIds = { keyUsage: '0x551d0f', basicConstraints: '0x551d13' } as const;

export interface Certificate {
  readonly bytes: Uint8Array;
  /** What the issuer signed. */
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
  /** Names as they are written, tag and length included. */
  readonly issuer: Uint8Array;
  readonly subject: Uint8Array;
  /** Ms since 1970, both included. */
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: Uint8Array;
  readonly isAuthority: boolean;
  /** Most authorities that may follow below this one; undefined: any number. */
  readonly pathLengthMax: number | undefined;
  readonly maySignData: boolean;
  readonly maySignCertificates: boolean;
}

/** @returns The certificate, views into `bytes`; undefined for anything that is not read. Never throws. */
export function parseCertificate(bytes: Uint8Array): Certificate | undefined {
  try {
    return readCertificate(bytes);
  } catch (cause) {
    if (cause instanceof DerError) return undefined;
    throw cause;
  }
}

/** Whether the key of `issuer` signed `certificate`. Names and constraints are looked at elsewhere. */
export function isSignedByIssuer(certificate: Certificate, issuer: Certificate): boolean {
  return verifyP384(issuer.publicKey, certificate.signedBytes, certificate.signature);
}

function readCertificate(bytes: Uint8Array): Certificate {
  if (bytes.length > CERTIFICATE_BYTES_MAX) throw new DerError('longer than any certificate that is read');
  const whole = new DerReader(bytes);
  const outer = whole.inside(derTags.sequence);
  whole.end();
  const signedBytes = outer.element(derTags.sequence);
  outer.expect(ecdsaWithSha384);
  const signature = readSignature(outer.wholeBits());
  outer.end();

  const fields = new DerReader(signedBytes).inside(derTags.sequence);
  fields.expect(versionThree);
  if (fields.unsigned(SERIAL_BYTES_MAX).length === 0) throw new DerError('a serial number of zero');
  fields.expect(ecdsaWithSha384);
  const issuer = readName(fields);
  const { notBeforeMs, notAfterMs } = readValidity(fields.inside(derTags.sequence));
  const subject = readName(fields);
  const publicKey = readPublicKey(fields.inside(derTags.sequence));
  const extensions = readExtensions(fields.inside(derTags.context3));
  fields.end();
  return {
    bytes,
    signedBytes,
    signature,
    issuer,
    subject,
    notBeforeMs,
    notAfterMs,
    publicKey,
    ...extensions,
  };
}

/** A name as it is written: a list of sets of one attribute each, whose values are text. */
function readName(fields: DerReader): Uint8Array {
  const name = fields.element(derTags.sequence);
  const sets = new DerReader(name).inside(derTags.sequence);
  while (!sets.isAtEnd) {
    const set = sets.inside(derTags.set);
    const attribute = set.inside(derTags.sequence);
    set.end();
    attribute.objectIdentifier();
    attribute.text();
    attribute.end();
  }
  return name;
}

/** An ECDSA-Sig-Value (RFC 3279, 2.2.3) as r and s of equal length. */
function readSignature(bits: Uint8Array): Uint8Array {
  const whole = new DerReader(bits);
  const pair = whole.inside(derTags.sequence);
  whole.end();
  const r = pair.unsigned(SCALAR_BYTES);
  const s = pair.unsigned(SCALAR_BYTES);
  pair.end();
  const signature = new Uint8Array(P384_SIGNATURE_BYTES);
  signature.set(r, SCALAR_BYTES - r.length);
  signature.set(s, P384_SIGNATURE_BYTES - s.length);
  return signature;
}

function readPublicKey(reader: DerReader): Uint8Array {
  reader.expect(p384Key);
  const publicKey = reader.wholeBits();
  reader.end();
  if (!isP384PublicKey(publicKey)) throw new DerError('a key that is no point of P-384');
  return publicKey;
}

type Extensions = Pick<Certificate, 'isAuthority' | 'pathLengthMax' | 'maySignData' | 'maySignCertificates'>;

function readExtensions(outer: DerReader): Extensions {
  const list = outer.inside(derTags.sequence);
  outer.end();
  const seen = new Set<string>();
  let constraints: Pick<Extensions, 'isAuthority' | 'pathLengthMax'> = {
    isAuthority: false,
    pathLengthMax: undefined,
  };
  // Without the extension a key could serve for anything (RFC 5280, 4.2.1.3); here it then serves for nothing.
  let usage: Pick<Extensions, 'maySignData' | 'maySignCertificates'> = {
    maySignData: false,
    maySignCertificates: false,
  };
  while (!list.isAtEnd) {
    const extension = list.inside(derTags.sequence);
    const id = toHex(extension.objectIdentifier());
    const isCritical = extension.trueOrAbsent();
    const value = new DerReader(extension.content(derTags.octetString));
    extension.end();
    if (seen.has(id) || seen.size === EXTENSIONS_MAX) throw new DerError('an extension twice, or too many');
    seen.add(id);
    if (id === extensionIds.basicConstraints) constraints = readBasicConstraints(value);
    else if (id === extensionIds.keyUsage) usage = readKeyUsage(value);
    else if (isCritical) throw new DerError(`unknown critical extension ${id}`);
  }
  if (seen.size === 0) throw new DerError('an empty list of extensions');
  return { ...constraints, ...usage };
}

function readBasicConstraints(value: DerReader): Pick<Extensions, 'isAuthority' | 'pathLengthMax'> {
  const fields = value.inside(derTags.sequence);
  value.end();
  const isAuthority = fields.trueOrAbsent();
  if (fields.isAtEnd) return { isAuthority, pathLengthMax: undefined };
  const [pathLengthMax = 0] = fields.unsigned(1);
  fields.end();
  if (!isAuthority) throw new DerError('a path length without an authority');
  return { isAuthority, pathLengthMax };
}

const DIGITAL_SIGNATURE = 0x80;
const KEY_CERT_SIGN = 0x04;

/** Nine named bits (RFC 5280, 4.2.1.3): zero bits at the end are not written (X.690, 11.2.2). */
function readKeyUsage(value: DerReader): Pick<Extensions, 'maySignData' | 'maySignCertificates'> {
  const content = value.content(derTags.bitString);
  value.end();
  const [unusedBits = 8, bits = 0] = content;
  if (content.length < 2 || content.length > 3) throw new DerError('no or too many named bits');
  const last = content[content.length - 1] ?? 0;
  const lowest = 1 << unusedBits;
  if (unusedBits > 7 || (last & (lowest - 1)) !== 0 || (last & lowest) === 0) {
    throw new DerError('named bits that are not written shortest');
  }
  return {
    maySignData: (bits & DIGITAL_SIGNATURE) !== 0,
    maySignCertificates: (bits & KEY_CERT_SIGN) !== 0,
  };
}
