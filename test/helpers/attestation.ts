/**
 * Attestation documents for tests, in the form of AWS Nitro enclaves: written here by hand, signed by the OpenSSL of this
 * process with keys that the command line of OpenSSL made (test/fixtures/proofs/makeAttestation.ts).
 */
import { createPrivateKey, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { concatBytes, fromHex, utf8 } from '../../consensus/primitives/bytes.ts';
import { proofDigest } from '../../settlement/atomic/proofs/signatureProof.ts';

export interface AttestationVectors {
  readonly chain: Readonly<Record<'root' | 'region' | 'zone' | 'instance' | 'leaf', string>>;
  /** PEM. */
  readonly leafKey: string;
  readonly statement: string;
  /** Signed by the command line, for the statement. */
  readonly document: string;
  readonly variants: readonly {
    readonly name: string;
    readonly reason: string;
    readonly bundle: readonly string[];
    readonly leaf: string;
    readonly leafKey: string;
  }[];
}

export function readAttestationVectors(): AttestationVectors {
  const url = new URL('../fixtures/proofs/attestation.json', import.meta.url);
  return JSON.parse(readFileSync(url, 'utf8')) as AttestationVectors;
}

/** A time, in ms since 1970, at which the documents and chains of the fixtures are valid. */
export const ATTESTED_MS = Date.UTC(2026, 5, 1, 12);
export const image = new Uint8Array(48).fill(0x11);

/** Contents of a payload; those left out are as an enclave that runs `image` has them. */
export interface PayloadFields {
  readonly certificate: Uint8Array;
  readonly bundle: readonly Uint8Array[];
  readonly timestampMs?: number;
  readonly nonce?: Uint8Array | undefined;
  readonly userData?: Uint8Array | undefined;
  readonly registers?: ReadonlyMap<number, Uint8Array>;
}

const protectedHeader = fromHex('0xa1013822');
const NULL = Uint8Array.of(0xf6);

/** Head of a CBOR item in its shortest form. */
function head(major: number, value: number): Uint8Array {
  const first = major << 5;
  if (value < 24) return Uint8Array.of(first | value);
  if (value < 0x100) return Uint8Array.of(first | 24, value);
  if (value < 0x10000) return Uint8Array.of(first | 25, value >> 8, value & 0xff);
  const eight = new Uint8Array(9);
  eight[0] = first | 27;
  new DataView(eight.buffer).setBigUint64(1, BigInt(value));
  return eight;
}

export const cbor = {
  unsigned: (value: number) => head(0, value),
  bytes: (value: Uint8Array) => concatBytes(head(2, value.length), value),
  text: (value: string) => concatBytes(head(3, utf8(value).length), utf8(value)),
  array: (items: readonly Uint8Array[]) => concatBytes(head(4, items.length), ...items),
  map: (entries: readonly (readonly [Uint8Array, Uint8Array])[]) =>
    concatBytes(head(5, entries.length), ...entries.flat()),
};

/** Names and items of a payload, in the order in which enclaves write them. */
export function payloadEntries(fields: PayloadFields): readonly (readonly [string, Uint8Array])[] {
  const { certificate, bundle, nonce, userData } = fields;
  const registers =
    fields.registers ?? new Map([...Array(16).keys()].map((at) => [at, at < 3 ? image : new Uint8Array(48)]));
  const optional = (value: Uint8Array | undefined) => (value === undefined ? NULL : cbor.bytes(value));
  return [
    ['module_id', cbor.text('i-0123456789abcdef0-enc0123456789abcdef')],
    ['digest', cbor.text('SHA384')],
    ['timestamp', cbor.unsigned(fields.timestampMs ?? Date.UTC(2026, 5, 1))],
    ['pcrs', cbor.map([...registers].map(([at, content]) => [cbor.unsigned(at), cbor.bytes(content)]))],
    ['certificate', cbor.bytes(certificate)],
    ['cabundle', cbor.array(bundle.map(cbor.bytes))],
    ['public_key', NULL],
    ['user_data', optional(userData)],
    ['nonce', optional(nonce)],
  ];
}

export function encodePayload(fields: PayloadFields): Uint8Array {
  return cbor.map(payloadEntries(fields).map(([name, item]) => [cbor.text(name), item]));
}

/** What the leaf's key signs (RFC 9052, 4.4). */
export function signedBytesOf(payload: Uint8Array): Uint8Array {
  const parts = [
    cbor.text('Signature1'),
    cbor.bytes(protectedHeader),
    cbor.bytes(new Uint8Array()),
    cbor.bytes(payload),
  ];
  return cbor.array(parts);
}

export function encodeCoseMessage(payload: Uint8Array, signature: Uint8Array): Uint8Array {
  return cbor.array([cbor.bytes(protectedHeader), cbor.map([]), cbor.bytes(payload), cbor.bytes(signature)]);
}

export function signPayload(payload: Uint8Array, leafKey: string): Uint8Array {
  const key = { key: createPrivateKey(leafKey), dsaEncoding: 'ieee-p1363' } as const;
  return encodeCoseMessage(payload, sign('sha384', signedBytesOf(payload), key));
}

/** A document of the fixtures' good chain for a statement, with what `change` says otherwise. */
export function makeDocument(statement: Uint8Array, change: Partial<PayloadFields> = {}): Uint8Array {
  const { chain, leafKey } = readAttestationVectors();
  const { root, region, zone, instance, leaf } = chain;
  const fields = {
    certificate: fromHex(leaf),
    bundle: [root, region, zone, instance].map(fromHex),
    nonce: statement,
    userData: proofDigest(statement),
    ...change,
  };
  return signPayload(encodePayload(fields), leafKey);
}
