import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';
import { proofToJson } from '../../../../settlement/atomic/proofs/proofJson.ts';
import { proofs } from '../../settlement/atomic/proofs/proofFixture.ts';

const url = new URL('../../../fixtures/proofs/groth16.json', import.meta.url);
const [made] = JSON.parse(readFileSync(url, 'utf8')).cases;
const id = proofs.zeroKnowledge.verifyingKeyId;
const files: Readonly<Record<string, string>> = {
  'dir/doc.hex': '0xc0ffee\n',
  'dir/proof.json': JSON.stringify(made.proof),
  'dir/public.json': JSON.stringify(made.publicInputs),
  'dir/broken.json': '{',
};

/** The proof of the only request, or what is wrong with it. */
function read(proof: string, source = 'from: a'): unknown {
  const text = `timeline: [{ at: { block: 1 }, atomic_batch: { id: x, requests: [{ id: y, ${source}, to: b, asset: UM, amount: 1, proof: ${proof} }] } }]`;
  const parsed = parseScenario(text, 'dir/x.yaml', {
    readText: (path) => {
      const found = files[path];
      if (found !== undefined) return { ok: true, value: found };
      const at = { file: path, line: undefined, column: undefined };
      const problem = { ...at, path: '', code: 'FILE_UNREADABLE', message: 'no such file', hint: undefined };
      return { ok: false, problems: [problem] } as const;
    },
  });
  if (!parsed.ok) return parsed.problems.map(({ path, message }) => `${path}: ${message}`).join('; ');
  const operation = parsed.value.scenario.timeline[0]?.transactions[0]?.operation;
  return operation?.type === 'atomic_batch' ? operation.requests[0]?.proof : undefined;
}

describe('proof of a request', () => {
  it.each([
    ['{ kind: cryptographic }', { kind: 'cryptographic', signer: 'a' }],
    ['{ kind: cryptographic, signer: c }', { kind: 'cryptographic', signer: 'c' }],
    [
      '{ kind: multi_party, signers: [a, c] }',
      { kind: 'multi_party', threshold: 2, signers: ['a', 'c'], signed: ['a', 'c'] },
    ],
    [
      '{ kind: multi_party, signers: [a, c], signed: [c], threshold: 2 }',
      { kind: 'multi_party', threshold: 2, signers: ['a', 'c'], signed: ['c'] },
    ],
  ])('names who signs: %s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('is given as bytes, or as files beside the scenario', () => {
    const document = {
      kind: 'made',
      proof: { kind: 'tee_attestation', document: Uint8Array.of(0xc0, 0xff, 0xee) },
    };
    expect(read('{ kind: tee_attestation, document: "0xc0ffee" }')).toEqual(document);
    expect(read('{ kind: tee_attestation, file: doc.hex }')).toEqual(document);
    expect(read(JSON.stringify(proofToJson(proofs.zeroKnowledge)))).toEqual({
      kind: 'made',
      proof: proofs.zeroKnowledge,
    });
    const inline = {
      kind: 'zero_knowledge',
      verifying_key_id: id,
      proof: made.proof,
      public_inputs: made.publicInputs,
    };
    const named = `{ kind: zero_knowledge, verifying_key_id: "${id}", proof: proof.json, public_inputs: public.json }`;
    expect(read(named)).toMatchObject({ kind: 'made' });
    expect(read(named)).toEqual(read(JSON.stringify(inline)));
  });

  it.each([
    ['{ kind: oath }', 'expected one of cryptographic'],
    ['{ kind: cryptographic, threshold: 1 }', 'unknown key'],
    ['{ kind: multi_party }', 'signers'],
    ['{ kind: multi_party, signers: [a], signed: [c] }', 'expected accounts of `signers`'],
    ['{ kind: tee_attestation }', 'proof.document: expected'],
    ['{ kind: tee_attestation, file: none.hex }', 'dir/none.hex: no such file'],
    [
      `{ kind: zero_knowledge, verifying_key_id: "${id}", proof: broken.json, public_inputs: public.json }`,
      'exactly one of',
    ],
  ])('is refused with its place: %s', (text, message) => {
    expect(read(text)).toContain('timeline.0.atomic_batch.requests.0.proof');
    expect(read(text)).toContain(message);
  });

  it('of a release says who signs', () => {
    expect(read('{ kind: cryptographic }', 'escrow: deal')).toContain('signer');
  });
});
