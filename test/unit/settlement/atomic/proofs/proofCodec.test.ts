import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../../../consensus/primitives/bytes.ts';
import { decodeProof, encodeProof } from '../../../../../settlement/atomic/proofs/proofCodec.ts';
import { everyBit, garbage } from '../../../../helpers/bitFlips.ts';
import { alice, carol, party, proofs } from './proofFixture.ts';

const hex = (text: string) => fromHex(`0x${text.replaceAll(' ', '')}`);
const { zeroKnowledge } = proofs;

function codeOf(bytes: Uint8Array): string {
  const decoded = decodeProof(bytes);
  return decoded.ok ? decoded.value.kind : decoded.code;
}

describe('encodeProof and decodeProof', () => {
  it.each(Object.entries(proofs))('give back a proof of kind %s, and the same bytes', (_name, proof) => {
    const bytes = encodeProof(proof);
    const decoded = decodeProof(bytes);
    expect(decoded).toEqual({ ok: true, value: proof });
    expect(decoded.ok && encodeProof(decoded.value)).toEqual(bytes);
  });

  it('write a signature byte by byte as the protocol says', () => {
    const { signature, signer } = proofs.ed25519;
    expect(encodeProof(proofs.ed25519)).toEqual(concatBytes(hex('01 20'), fromHex(signer), signature));
    expect(encodeProof(proofs.secp256k1)).toEqual(
      concatBytes(hex('01 14'), fromHex(carol.address), proofs.secp256k1.signature),
    );
  });

  it('write parties, documents and pairing proofs byte by byte as the protocol says', () => {
    const [first, second, third] = proofs.parties.signers;
    expect(encodeProof(proofs.parties)).toEqual(
      concatBytes(
        hex('02 02 00000003'),
        ...[hex('20'), fromHex(first?.signer ?? ''), hex('01'), first?.signature ?? hex('')],
        ...[hex('20'), fromHex(second?.signer ?? ''), hex('00')],
        ...[hex('14'), fromHex(third?.signer ?? ''), hex('01'), third?.signature ?? hex('')],
      ),
    );
    expect(encodeProof({ kind: 'tee_attestation', document: hex('c0ffee') })).toEqual(
      hex('03 00000003 c0ffee'),
    );
    expect(encodeProof({ ...zeroKnowledge, publicInputs: [1n, 2n] })).toEqual(
      concatBytes(
        hex('04'),
        fromHex(zeroKnowledge.verifyingKeyId),
        zeroKnowledge.points,
        hex(`00000002 ${'00'.repeat(31)} 01 ${'00'.repeat(31)} 02`),
      ),
    );
  });

  it.each([
    ['nothing', '', 'ENCODING_INVALID'],
    ['kind 0', '00', 'ENCODING_INVALID'],
    ['an unknown kind', '05', 'ENCODING_INVALID'],
    ['an address of 21 bytes', `01 15 ${'aa'.repeat(85)}`, 'ENCODING_INVALID'],
    ['a signature cut short', `01 20 ${'aa'.repeat(95)}`, 'ENCODING_INVALID'],
    ['a signature of 65 bytes for a key', `01 20 ${'aa'.repeat(97)}`, 'ENCODING_INVALID'],
    ['17 parties', `02 01 00000011 ${`20 ${'aa'.repeat(32)} 00`.repeat(17)}`, 'ENCODING_INVALID'],
    [
      'a party that neither signed nor did not',
      `02 01 00000001 20 ${'aa'.repeat(32)} 02`,
      'ENCODING_INVALID',
    ],
    ['a document of 16,385 bytes', `03 00004001 ${'00'.repeat(16_385)}`, 'ENCODING_INVALID'],
    ['a document of 16,384 bytes', `03 00004000 ${'00'.repeat(16_384)}`, 'tee_attestation'],
    ['33 public inputs', `04 ${'00'.repeat(288)} 00000021 ${'00'.repeat(33 * 32)}`, 'ENCODING_INVALID'],
    ['32 public inputs', `04 ${'00'.repeat(288)} 00000020 ${'00'.repeat(32 * 32)}`, 'zero_knowledge'],
  ])('judge %s', (_name, text, code) => {
    expect(codeOf(hex(text))).toBe(code);
  });

  it('refuse a byte more and a byte less of any proof', () => {
    for (const proof of Object.values(proofs)) {
      const bytes = encodeProof(proof);
      expect(codeOf(concatBytes(bytes, hex('00')))).toBe('ENCODING_INVALID');
      expect(codeOf(bytes.subarray(0, -1))).toBe('ENCODING_INVALID');
    }
  });

  it('have one encoding a proof: a changed bit never decodes to the same', () => {
    for (const proof of [proofs.ed25519, proofs.parties, zeroKnowledge]) {
      for (const { bytes } of everyBit(encodeProof(proof))) {
        const decoded = decodeProof(bytes);
        if (decoded.ok) expect(toHex(encodeProof(decoded.value))).toBe(toHex(bytes));
      }
    }
  });

  it('never throw, whatever the bytes', () => {
    const seen = new Set<string>();
    for (const proof of Object.values(proofs)) {
      for (const bytes of garbage(encodeProof(proof), 3000, `codec ${proof.kind}`)) seen.add(codeOf(bytes));
    }
    expect(seen).toContain('ENCODING_INVALID');
    expect(seen).toContain('cryptographic');
  });

  it('crash on a proof that nobody could decode', () => {
    const long = { kind: 'cryptographic', signer: alice.address, signature: new Uint8Array(65) } as const;
    expect(() => encodeProof(long)).toThrow('assertion failed');
    const signers = Array.from({ length: 17 }, () => party(alice, false));
    expect(() => encodeProof({ kind: 'multi_party', threshold: 1, signers })).toThrow('assertion failed');
  });
});
