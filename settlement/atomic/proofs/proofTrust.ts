/** Makes what a network trusts out of plain data, once; wrong data is refused here and not when the first proof comes. */
import { encode } from '../../../consensus/primitives/codec.ts';
import { hashBytes } from '../../../consensus/primitives/hash.ts';
import {
  MEASUREMENT_BYTES,
  type Measurement,
  parseAttestationRoot,
  parseMeasurement,
  REGISTER_COUNT,
} from './attestationTrust.ts';
import { CERTIFICATE_BYTES_MAX, type Certificate } from './certificate.ts';
import type { ProofTrust, ProofTrustSource } from './types.ts';
import { parseVerifyingKey, type VerifyingKey } from './verifyingKey.ts';

/** Most roots, measurements and verifying keys, each. */
export const TRUST_ITEMS_MAX = 256;

/**
 * Reads and checks all that proofs are held against.
 * @throws {CodedError} `ATTESTATION_ROOT_INVALID`, `ATTESTATION_MEASUREMENT_INVALID`, `ZK_KEY_INVALID`
 */
export function createProofTrust(source: ProofTrustSource): ProofTrust {
  const { attestationRoots = [], measurements = [], verifyingKeys = [] } = source;
  const roots = attestationRoots.map(parseAttestationRoot);
  const wanted = measurements.map(parseMeasurement);
  const keys = verifyingKeys.map(parseVerifyingKey);
  return {
    source,
    id: hashBytes('proofTrust', encodeTrust(roots, wanted, keys)),
    attestation: { roots, measurements: wanted },
    verifyingKeys: new Map(keys.map((key) => [key.id, key])),
  };
}

/** All that a verdict can depend on, in the order in which it was given. */
function encodeTrust(
  roots: readonly Certificate[],
  measurements: readonly Measurement[],
  keys: readonly VerifyingKey[],
): Uint8Array {
  return encode((writer) => {
    writer.list(roots, TRUST_ITEMS_MAX, (each, { bytes }) => {
      each.bytes(bytes, CERTIFICATE_BYTES_MAX);
    });
    writer.list(measurements, TRUST_ITEMS_MAX, (each, measurement) => {
      each.list([...measurement], REGISTER_COUNT, (entry, [register, content]) => {
        entry.u8(register).fixed(content, MEASUREMENT_BYTES);
      });
    });
    writer.list(keys, TRUST_ITEMS_MAX, (each, { id }) => {
      each.hash(id);
    });
  });
}
