/**
 * Attestation documents as AWS Nitro enclaves give them out: a COSE_Sign1 message (RFC 9052, 4.2) whose payload is a CBOR
 * map (AWS, Verifying the root of trust). Reading judges the form alone.
 */
import { concatBytes, fromHex, utf8 } from '../../../consensus/primitives/bytes.ts';
import { P384_SIGNATURE_BYTES } from '../../../consensus/primitives/p384.ts';
import { MEASUREMENT_BYTES, REGISTER_COUNT } from './attestationTrust.ts';
import { CborError, CborReader } from './cbor.ts';
import { CERTIFICATE_BYTES_MAX } from './certificate.ts';
import { ATTESTATION_BYTES_MAX, BUNDLE_CERTIFICATES_MAX } from './limits.ts';

/** Longest `public_key`, `user_data` and `nonce`, in bytes (AWS: 1024, 512 and 512). */
const FIELD_BYTES_MAX = 1024;
const MODULE_ID_BYTES_MAX = 256;
/** Keys of the payload: no other, and each once. */
const FIELD_COUNT = 9;

/** `{1: -35}`: ES384 (RFC 9053, 2.1). */
const protectedHeader = fromHex('0x44a1013822');
/** An array of four: the protected header as a byte string, and an empty unprotected one. */
const messageStart = concatBytes(fromHex('0x84'), protectedHeader, fromHex('0xa0'));
/** `["Signature1", protected header, no further data, payload]` up to the payload (RFC 9052, 4.4). */
const signatureContext = concatBytes(fromHex('0x846a'), utf8('Signature1'), protectedHeader, fromHex('0x40'));
const DIGEST = 'SHA384';

export interface AttestationDocument {
  /** When the enclave's device made it, in ms since 1970. */
  readonly timestampMs: number;
  /** Contents by register. */
  readonly registers: ReadonlyMap<number, Uint8Array>;
  /** DER: the leaf, whose key signed the document. */
  readonly certificate: Uint8Array;
  /** DER: from the root down to the issuer of the leaf. */
  readonly bundle: readonly Uint8Array[];
  readonly userData: Uint8Array | undefined;
  readonly nonce: Uint8Array | undefined;
  /** What the leaf's key signed. */
  readonly signedBytes: Uint8Array;
  readonly signature: Uint8Array;
}

/** @returns Views into `bytes`; undefined for anything that is not read. Never throws. */
export function parseAttestationDocument(bytes: Uint8Array): AttestationDocument | undefined {
  try {
    return readDocument(bytes);
  } catch (cause) {
    if (cause instanceof CborError) return undefined;
    throw cause;
  }
}

function readDocument(bytes: Uint8Array): AttestationDocument {
  const reader = new CborReader(bytes);
  reader.expect(messageStart);
  const payload = reader.bytes(ATTESTATION_BYTES_MAX);
  // The payload with its own length in front, just as it stands in the message.
  const payloadItem = reader.since(messageStart.length);
  const signature = reader.bytes(P384_SIGNATURE_BYTES);
  reader.end();
  if (signature.length !== P384_SIGNATURE_BYTES) throw new CborError('a signature of another length');
  return { ...readPayload(payload), signedBytes: concatBytes(signatureContext, payloadItem), signature };
}

type Payload = Omit<AttestationDocument, 'signedBytes' | 'signature'>;

function readPayload(bytes: Uint8Array): Payload {
  const reader = new CborReader(bytes);
  const seen = new Set<string>();
  let timestampMs = 0;
  let registers: ReadonlyMap<number, Uint8Array> = new Map();
  let certificate: Uint8Array = new Uint8Array();
  let bundle: readonly Uint8Array[] = [];
  let userData: Uint8Array | undefined;
  let nonce: Uint8Array | undefined;
  const readers: Readonly<Record<string, () => void>> = {
    module_id: () => reader.text(MODULE_ID_BYTES_MAX),
    digest: () => {
      if (reader.text(DIGEST.length) !== DIGEST) throw new CborError('measured with another digest');
    },
    timestamp: () => {
      timestampMs = reader.unsigned();
    },
    pcrs: () => {
      registers = readRegisters(reader);
    },
    certificate: () => {
      certificate = reader.bytes(CERTIFICATE_BYTES_MAX);
    },
    cabundle: () => {
      const count = reader.array(BUNDLE_CERTIFICATES_MAX);
      bundle = Array.from({ length: count }, () => reader.bytes(CERTIFICATE_BYTES_MAX));
    },
    public_key: () => reader.bytesOrNull(FIELD_BYTES_MAX),
    user_data: () => {
      userData = reader.bytesOrNull(FIELD_BYTES_MAX);
    },
    nonce: () => {
      nonce = reader.bytesOrNull(FIELD_BYTES_MAX);
    },
  };
  reader.mapOfEitherForm(FIELD_COUNT, () => {
    const key = reader.text(FIELD_BYTES_MAX);
    const read = Object.hasOwn(readers, key) ? readers[key] : undefined;
    if (read === undefined || seen.has(key)) throw new CborError('a key that is unknown or comes twice');
    seen.add(key);
    read();
  });
  reader.end();
  for (const key of ['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle']) {
    if (!seen.has(key)) throw new CborError(`no ${key}`);
  }
  return { timestampMs, registers, certificate, bundle, userData, nonce };
}

/** In rising order, the image's own among them. */
function readRegisters(reader: CborReader): ReadonlyMap<number, Uint8Array> {
  const registers = new Map<number, Uint8Array>();
  let last = -1;
  reader.map(REGISTER_COUNT, () => {
    const register = reader.unsigned();
    const content = reader.bytes(MEASUREMENT_BYTES);
    if (register <= last || register >= REGISTER_COUNT || content.length !== MEASUREMENT_BYTES) {
      throw new CborError('registers out of order, or of another length');
    }
    registers.set(register, content);
    last = register;
  });
  if (!registers.has(0)) throw new CborError('no measurement of the image');
  return registers;
}
