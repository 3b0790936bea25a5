import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import {
  proofJsonSchema,
  proofToJson,
  readProofJson,
} from '../../../../../settlement/atomic/proofs/proofJson.ts';
import { alice, carol, proofs } from './proofFixture.ts';

const isDescribed = new Ajv2020().compile(proofJsonSchema);
const { points, publicInputs, verifyingKeyId } = proofs.zeroKnowledge;
const signed = proofToJson(proofs.ed25519);
const pairing = proofToJson(proofs.zeroKnowledge);

function refusalOf(json: unknown): string {
  const read = readProofJson(json);
  return read.ok ? 'accepted' : `${read.code} ${read.message}`;
}

describe('readProofJson', () => {
  it.each(Object.entries(proofs))(
    'gives back what proofToJson wrote, as its schema describes: %s',
    (_name, proof) => {
      const json = JSON.parse(JSON.stringify(proofToJson(proof)));
      expect(isDescribed(json)).toBe(true);
      expect(readProofJson(json)).toEqual({ ok: true, value: proof });
    },
  );

  it('takes proof.json and public.json of snarkjs as they are', () => {
    const url = new URL('../../../../fixtures/proofs/groth16.json', import.meta.url);
    const [made] = JSON.parse(readFileSync(url, 'utf8')).cases;
    const json = {
      kind: 'zero_knowledge',
      verifying_key_id: verifyingKeyId,
      proof: made.proof,
      public_inputs: made.publicInputs,
    };
    expect(isDescribed(json)).toBe(true);
    const read = readProofJson(json);
    if (!read.ok || read.value.kind !== 'zero_knowledge') throw new Error('not read');
    expect(read.value.publicInputs.map(String)).toEqual(made.publicInputs);
    expect(read.value.points).toHaveLength(256);
  });

  it.each([
    ['nothing', undefined, 'proof: expected an object'],
    ['a list', [], 'proof: expected an object'],
    ['an unknown kind', { kind: 'oath' }, 'proof.kind: expected one of cryptographic,'],
    [
      'a key too many',
      { ...signed, nonce: 1 },
      'proof: expected no keys but kind, signer, signature, got `nonce`',
    ],
    [
      'no signer',
      { kind: 'cryptographic', signature: signed.signature },
      'proof.signer: expected an address',
    ],
    [
      'an EVM signer with 64 bytes',
      { ...signed, signer: carol.address },
      'proof.signature: expected 65 bytes',
    ],
    [
      'capital hex',
      { ...signed, signature: String(signed.signature).toUpperCase() },
      'proof.signature: expected 64',
    ],
    ['a threshold of 1.5', { kind: 'multi_party', threshold: 1.5, signers: [] }, 'proof.threshold: expected'],
    [
      '17 parties',
      { kind: 'multi_party', threshold: 1, signers: Array(17).fill({ signer: alice.address }) },
      'proof.signers: expected a list of at most 16',
    ],
    [
      'a party with a short signature',
      {
        kind: 'multi_party',
        threshold: 1,
        signers: [{ signer: alice.address }, { signer: alice.address, signature: '0x' }],
      },
      'proof.signers[1].signature: expected 64 bytes',
    ],
    [
      'half a byte of a document',
      { kind: 'tee_attestation', document: '0xabc' },
      'proof.document: expected at most 16384',
    ],
    [
      'a document of 16,385 bytes',
      { kind: 'tee_attestation', document: `0x${'00'.repeat(16_385)}` },
      'proof.document: expected at most 16384',
    ],
    ['points and proof', { ...pairing, proof: {} }, 'proof: expected exactly one of `points` and `proof`'],
    ['a point too few', { ...pairing, points: '0x00' }, 'proof.points: expected 256 bytes'],
    [
      'an input of 2^256',
      { ...pairing, public_inputs: [String(2n ** 256n)] },
      'proof.public_inputs[0]: expected decimal',
    ],
    [
      '33 inputs',
      { ...pairing, public_inputs: Array(33).fill('1') },
      'proof.public_inputs: expected a list of at most 32',
    ],
    [
      'a snarkjs proof of another protocol',
      {
        kind: 'zero_knowledge',
        verifying_key_id: verifyingKeyId,
        proof: { protocol: 'plonk' },
        public_inputs: [],
      },
      'protocol must be "groth16"',
    ],
  ])('refuses %s and says where', (_name, json, message) => {
    expect(refusalOf(json)).toMatch(/^PROOF_FORM_INVALID /);
    expect(refusalOf(json)).toContain(message);
  });

  it('leaves numbers of the field that are too large to whoever verifies', () => {
    const json = { ...pairing, public_inputs: publicInputs.map((input) => String(input + 2n ** 255n)) };
    expect(readProofJson(json).ok).toBe(true);
    expect(points).toHaveLength(256);
  });
});
