/** Whose enclaves a network believes, and which programs in them. */
import { equalBytes, fromHex, isHex } from '../../../consensus/primitives/bytes.ts';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import { type Certificate, isSignedByIssuer, parseCertificate } from './certificate.ts';

/** Registers of an enclave: PCR0 is its image, PCR1 its kernel, PCR2 its application, PCR8 who signed the image. */
export const REGISTER_COUNT = 32;
/** SHA-384, the one digest that is read. */
export const MEASUREMENT_BYTES = 48;

/** Wanted contents by register; registers that are not named may hold anything. */
export type Measurement = ReadonlyMap<number, Uint8Array>;

export interface AttestationTrust {
  readonly roots: readonly Certificate[];
  /** An enclave must have one of these; none: any program, in an enclave that does not run in debug mode. */
  readonly measurements: readonly Measurement[];
}

/**
 * Reads a trusted root once, where a network is set up.
 * @param bytes - DER.
 * @throws {CodedError} `ATTESTATION_ROOT_INVALID`
 */
export function parseAttestationRoot(bytes: Uint8Array): Certificate {
  const root = parseCertificate(bytes);
  const problem =
    root === undefined
      ? 'it is not in the subset of DER that is read: version 3, P-384, ecdsa-with-SHA384'
      : problemOfRoot(root);
  if (root === undefined || problem !== undefined) {
    throw new CodedError(
      'ATTESTATION_ROOT_INVALID',
      `a trusted root cannot be used: ${problem}. Give the DER bytes of a self-signed certificate authority.`,
    );
  }
  return root;
}

/**
 * Reads a set of wanted registers.
 * @param registers - Contents by register, 48 bytes as `0x` hex each.
 * @throws {CodedError} `ATTESTATION_MEASUREMENT_INVALID`
 */
export function parseMeasurement(registers: Readonly<Record<number, string>>): Measurement {
  const entries = Object.entries(registers).map(([name, text]) => {
    const register = Number(name);
    if (
      !Number.isInteger(register) ||
      register < 0 ||
      register >= REGISTER_COUNT ||
      !isHex(text, MEASUREMENT_BYTES)
    ) {
      throw new CodedError(
        'ATTESTATION_MEASUREMENT_INVALID',
        `register ${name} of a trusted measurement: expected a register from 0 to ${REGISTER_COUNT - 1} with ${MEASUREMENT_BYTES} bytes of lower-case 0x hex`,
        { register: name },
      );
    }
    return [register, fromHex(text)] as const;
  });
  if (entries.length === 0) {
    throw new CodedError(
      'ATTESTATION_MEASUREMENT_INVALID',
      'a trusted measurement names no register; leave it out',
    );
  }
  return new Map(entries.sort(([a], [b]) => a - b));
}

function problemOfRoot(root: Certificate): string | undefined {
  if (!equalBytes(root.issuer, root.subject)) return 'somebody else issued it';
  if (!root.isAuthority || !root.maySignCertificates) return 'it may not sign certificates';
  return isSignedByIssuer(root, root) ? undefined : 'it is not signed with its own key';
}
