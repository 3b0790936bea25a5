import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../../../consensus/primitives/bytes.ts';
import { proofGas } from '../../../../../settlement/atomic/proofs/proofGas.ts';
import { createProofTrust } from '../../../../../settlement/atomic/proofs/proofTrust.ts';
import { ProofVerdicts } from '../../../../../settlement/atomic/proofs/proofVerdicts.ts';
import { judgeProof, resultAt } from '../../../../../settlement/atomic/proofs/verifyProof.ts';
import { readAttestationVectors } from '../../../../helpers/attestation.ts';
import { alice, bob, carol, otherStatement, party, proofs, setup, statement, trust } from './proofFixture.ts';

const { chain, variants } = readAttestationVectors();
const code = (expected: string) => expect.objectContaining({ code: expected });
const filled = (byte: string) => `0x${byte.repeat(48)}`;

describe('createProofTrust', () => {
  it.each([
    ['no certificate', new Uint8Array(100)],
    ['one that another issued', fromHex(chain.region)],
    ['one that is no authority', fromHex(variants.find(({ name }) => name === 'issuer-end')?.leaf ?? '')],
  ])('refuses a root that is %s', (_name, root) => {
    expect(() => createProofTrust({ attestationRoots: [root] })).toThrow(code('ATTESTATION_ROOT_INVALID'));
  });

  it('refuses a root whose own signature is wrong', () => {
    const root = fromHex(chain.root);
    root[root.length - 1] = (root[root.length - 1] ?? 0) ^ 1;
    expect(() => createProofTrust({ attestationRoots: [root] })).toThrow('not signed with its own key');
  });

  it.each([
    ['no register', {}],
    ['register 32', { 32: filled('11') }],
    ['47 bytes', { 0: filled('11').slice(0, -2) }],
    ['upper case', { 0: filled('AA') }],
  ])('refuses a measurement with %s', (_name, measurement) => {
    expect(() => createProofTrust({ measurements: [measurement] })).toThrow(
      code('ATTESTATION_MEASUREMENT_INVALID'),
    );
  });

  it('refuses a key that does not decode', () => {
    expect(() => createProofTrust({ verifyingKeys: [new Uint8Array(10)] })).toThrow(code('ZK_KEY_INVALID'));
  });

  it('is named by all that a verdict can depend on', () => {
    const root = fromHex(chain.root);
    const sources = [
      {},
      { attestationRoots: [root] },
      { attestationRoots: [root], measurements: [{ 0: filled('11') }] },
      { attestationRoots: [root], measurements: [{ 1: filled('11') }] },
      { attestationRoots: [root], measurements: [{ 0: filled('11'), 1: filled('11') }] },
      { attestationRoots: [root], measurements: [{ 0: filled('11') }, { 1: filled('11') }] },
      { attestationRoots: [root], verifyingKeys: [setup.bytes] },
    ];
    expect(new Set(sources.map((source) => createProofTrust(source).id)).size).toBe(sources.length);
    expect(createProofTrust({ attestationRoots: [root.slice()] }).id).toBe(
      createProofTrust({ attestationRoots: [root] }).id,
    );
  });
});

describe('ProofVerdicts', () => {
  const all = [...Object.values(proofs)].flatMap((proof) => [
    { proof, statement },
    { proof, statement: otherStatement },
  ]);

  it('gives what judging gives, the first time and later', () => {
    const verdicts = new ProofVerdicts(trust);
    for (const task of all) {
      const expected = judgeProof(task.proof, task.statement, trust);
      expect(verdicts.has(task)).toBe(false);
      expect(verdicts.judge(task)).toEqual(expected);
      expect(verdicts.has(task)).toBe(true);
      expect(verdicts.judge(task)).toEqual(expected);
    }
  });

  it('takes verdicts over for the very proof and statement alone', () => {
    const verdicts = new ProofVerdicts(trust);
    const refused = { ok: false, reason: 'PROOF_SIGNATURE_INVALID' } as const;
    verdicts.set({ proof: proofs.ed25519, statement }, refused);
    expect(verdicts.judge({ proof: proofs.ed25519, statement })).toBe(refused);
    expect(verdicts.judge({ proof: proofs.secp256k1, statement }).ok).toBe(true);
    expect(verdicts.has({ proof: proofs.ed25519, statement: otherStatement })).toBe(false);
  });
});

describe('resultAt', () => {
  it('holds a verdict against the time of a block, both ends included', () => {
    const verdict = { ok: true, notBeforeMs: 5, notAfterMs: 7 } as const;
    expect([4, 5, 7, 8].map((timeMs) => resultAt(verdict, timeMs))).toEqual([
      { ok: false, reason: 'ATTESTATION_NOT_YET_VALID' },
      { ok: true },
      { ok: true },
      { ok: false, reason: 'ATTESTATION_EXPIRED' },
    ]);
  });
});

describe('proofGas', () => {
  it('counts what is verified at most', () => {
    const ed25519 = proofGas(proofs.ed25519);
    const secp256k1 = proofGas(proofs.secp256k1);
    expect(secp256k1).toBeGreaterThan(ed25519);
    const parties = (...signers: readonly ReturnType<typeof party>[]) =>
      proofGas({ kind: 'multi_party', threshold: 1, signers });
    expect(parties(party(alice), party(carol)) - parties(party(alice))).toBe(secp256k1);
    expect(parties(party(alice), party(bob, false))).toBe(parties(party(alice)));
    expect(parties()).toBeGreaterThan(0);
    const inputs = (count: number) =>
      proofGas({ ...proofs.zeroKnowledge, publicInputs: Array.from({ length: count }, () => 0n) });
    expect(inputs(4) - inputs(3)).toBe(inputs(3) - inputs(2));
    expect(inputs(0)).toBe(inputs(2));
    for (const proof of Object.values(proofs)) expect(Number.isSafeInteger(proofGas(proof))).toBe(true);
    expect(proofGas(proofs.attestation)).toBeGreaterThan(100 * ed25519);
  });
});
