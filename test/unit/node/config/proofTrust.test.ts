import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../../consensus/primitives/bytes.ts';
import { parseConfig } from '../../../../node/config/parseConfig.ts';
import { plainConfigOf } from '../../../../node/config/plainConfig.ts';
import { genesisOf } from '../../../../node/scenario/genesis.ts';
import { readAttestationVectors } from '../../../helpers/attestation.ts';
import { setup } from '../../settlement/atomic/proofs/proofFixture.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../../../fixtures/proofs/groth16.json', import.meta.url), 'utf8'),
);
const { chain } = readAttestationVectors();
const base64 = Buffer.from(chain.root.slice(2), 'hex').toString('base64');
const pem = `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`;
const register = `0x${'11'.repeat(48)}`;
const payer = `0x${'ab'.repeat(32)}`;

function take(atomicBatches: object) {
  const parsed = parseConfig({ atomic_batches: atomicBatches });
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join());
  return parsed.value.config;
}

function problemOf(atomicBatches: object): string {
  const parsed = parseConfig({ atomic_batches: atomicBatches });
  return parsed.ok ? 'none' : parsed.problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
}

describe('what a network trusts', () => {
  it('is read from PEM and hex, from snarkjs and hex, and written back', () => {
    const config = take({
      attestation_roots: [chain.root, pem],
      measurements: [{ 0: register }],
      verifying_keys: [toHex(setup.bytes), vectors.key],
      required_proofs: [
        { payer, kinds: ['cryptographic'] },
        { kinds: ['multi_party'], signers: [payer] },
      ],
      proof_genesis_ms: 5,
    });
    const { attestationRoots, verifyingKeys } = config.atomicBatches;
    expect(attestationRoots).toEqual([chain.root, chain.root]);
    expect(verifyingKeys).toHaveLength(2);
    const again = parseConfig(JSON.parse(JSON.stringify(plainConfigOf(config))));
    expect(again.ok && again.value.config.atomicBatches).toEqual(config.atomicBatches);
  });

  it.each([
    [
      'a root that is no certificate',
      { attestation_roots: [chain.root, '0x00'] },
      'attestation_roots.1',
      'ATTESTATION_ROOT_INVALID',
    ],
    [
      'a leaf as root',
      { attestation_roots: [chain.leaf] },
      'attestation_roots.0',
      'ATTESTATION_ROOT_INVALID',
    ],
    [
      'text as root',
      { attestation_roots: ['root.pem'] },
      'attestation_roots.0',
      'expected one certificate as PEM',
    ],
    [
      'a short register',
      { measurements: [{ 0: '0x11' }] },
      'measurements.0',
      'ATTESTATION_MEASUREMENT_INVALID',
    ],
    [
      'a 33rd register',
      { measurements: [{ 32: register }] },
      'measurements.0',
      'ATTESTATION_MEASUREMENT_INVALID',
    ],
    [
      'a key nobody contributed to',
      { verifying_keys: [vectors.keyWithoutContribution] },
      'verifying_keys.0',
      'ZK_KEY_INVALID',
    ],
    [
      'a key of another curve',
      { verifying_keys: [{ ...vectors.key, curve: 'bls12381' }] },
      'verifying_keys.0',
      'curve must be "bn128"',
    ],
    [
      '257 roots',
      { attestation_roots: Array(257).fill(chain.root) },
      'attestation_roots',
      'at most 256 entries',
    ],
    [
      'a kind there is not',
      { required_proofs: [{ kinds: ['oath'] }] },
      'required_proofs.0.kinds.0',
      'one of cryptographic',
    ],
    [
      'an unknown asset',
      { required_proofs: [{ asset: 'NONE', kinds: ['multi_party'] }] },
      'required_proofs.0',
      'ledger.assets',
    ],
    [
      'a threshold nobody meets',
      { required_proofs: [{ kinds: ['multi_party'], signers: [payer], threshold: 2 }] },
      'required_proofs.0.threshold',
      'at most the 1 signers',
    ],
    [
      'a signer twice',
      { required_proofs: [{ kinds: ['multi_party'], signers: [payer, payer] }] },
      'required_proofs.0',
      'each signer once',
    ],
  ])('is refused before anything starts: %s', (_name, atomicBatches, path, message) => {
    expect(problemOf(atomicBatches)).toContain(`atomic_batches.${path}`);
    expect(problemOf(atomicBatches)).toContain(message);
  });

  it('counts years from the instant of genesis, unless it says from when', () => {
    const validators = [{ name: 'node-0', stake: 1, public_key: payer }];
    const msOf = (config: object): number => {
      const parsed = parseConfig({ validators, ...config });
      if (!parsed.ok) throw new Error('not read');
      return genesisOf(parsed.value.config).atomic.proofs.genesisMs;
    };
    expect(msOf({})).toBe(Date.UTC(2026, 0, 1));
    expect(msOf({ chain: { genesis_ms: 7000 } })).toBe(7000);
    expect(msOf({ chain: { genesis_ms: 7000 }, atomic_batches: { proof_genesis_ms: 9 } })).toBe(9);
  });
});
