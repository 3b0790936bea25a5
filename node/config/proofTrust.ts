/**
 * What a network trusts when it verifies proofs, as config.yaml writes it: roots as PEM or hex, verifying keys as snarkjs
 * exports them or hex. All of it is read when a configuration is, so that no node starts with what it cannot use.
 */
import { fromHex, isHex, toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { parseAttestationRoot, parseMeasurement } from '../../settlement/atomic/proofs/attestationTrust.ts';
import { verifyingKeyFromSnarkjs } from '../../settlement/atomic/proofs/snarkjs.ts';
import { parseVerifyingKey } from '../../settlement/atomic/proofs/verifyingKey.ts';
import type { ConfigFile } from './schema.ts';
import type { Config } from './types.ts';

type TrustFile = Pick<ConfigFile['atomic_batches'], 'attestation_roots' | 'measurements' | 'verifying_keys'>;
export type TrustConfig = Pick<
  Config['atomicBatches'],
  'attestationRoots' | 'measurements' | 'verifyingKeys'
>;

/** An item that cannot be trusted, and why. */
export interface TrustProblem {
  readonly key: keyof TrustFile;
  readonly index: number;
  readonly message: string;
}

const pem = /^-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----$/;

/** @returns What can be used, as hex, and what is wrong with the rest. */
export function readTrust(file: TrustFile): {
  readonly trust: TrustConfig;
  readonly problems: readonly TrustProblem[];
} {
  const problems: TrustProblem[] = [];
  const readAll = <Item, Read>(key: keyof TrustFile, items: readonly Item[], read: (item: Item) => Read) =>
    items.flatMap((item, index) => {
      try {
        return [read(item)];
      } catch (error) {
        if (!(error instanceof CodedError)) throw error;
        problems.push({ key, index, message: `${error.message} (${error.code})` });
        return [];
      }
    });
  const trust = {
    attestationRoots: readAll('attestation_roots', file.attestation_roots, readRoot),
    measurements: readAll('measurements', file.measurements, (registers) => {
      parseMeasurement(registers);
      return registers;
    }),
    verifyingKeys: readAll('verifying_keys', file.verifying_keys, readVerifyingKey),
  };
  return { trust, problems };
}

function readRoot(text: string): string {
  const base64 = pem.exec(text.trim())?.[1];
  const bytes = base64 === undefined ? bytesOf(text) : new Uint8Array(Buffer.from(base64, 'base64'));
  if (bytes === undefined) {
    throw new CodedError('ATTESTATION_ROOT_INVALID', 'expected one certificate as PEM, or its DER as 0x hex');
  }
  parseAttestationRoot(bytes);
  return toHex(bytes);
}

function readVerifyingKey(item: unknown): string {
  const bytes = typeof item === 'string' ? bytesOf(item) : verifyingKeyFromSnarkjs(item);
  if (bytes === undefined) {
    throw new CodedError('ZK_KEY_INVALID', 'expected verification_key.json of snarkjs, or bytes as 0x hex');
  }
  parseVerifyingKey(bytes);
  return toHex(bytes);
}

function bytesOf(text: string): Uint8Array | undefined {
  return text.length > 2 && isHex(text, (text.length - 2) / 2) ? fromHex(text) : undefined;
}
