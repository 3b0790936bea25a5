import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { toHex } from '../../../consensus/primitives/bytes.ts';
import { decode, encode } from '../../../consensus/primitives/codec.ts';
import { createCrypto } from '../../../consensus/primitives/cryptoPolicy.ts';
import { ZERO_HASH } from '../../../consensus/primitives/flavor.ts';
import { domains, hashBytes } from '../../../consensus/primitives/hash.ts';
import { deriveSecretKey } from '../../../consensus/primitives/keys.ts';
import { SIGNATURE_BYTES } from '../../../consensus/primitives/signature.ts';
import { VALIDATOR_COUNT_MAX, ValidatorSet } from '../../../consensus/validators.ts';
import {
  type Certificate,
  readCertificate,
  readSubject,
  readVote,
  type Vote,
  type VoteSubject,
  verifyCertificate,
  voteSigningBytes,
  writeCertificate,
  writeSubject,
  writeVote,
} from '../../../consensus/vote.ts';

const chainId = hashBytes('chainId', Uint8Array.of(1));
const blockHash = hashBytes('header', Uint8Array.of(1));

const hashes = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map(toHex)
  .filter((hash) => hash !== ZERO_HASH);
const subjects: fc.Arbitrary<VoteSubject> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('notarize' as const, 'finalize' as const),
    view: fc.maxSafeNat(),
    blockHash: hashes,
  }),
  fc.record({
    kind: fc.constant('nullify' as const),
    view: fc.maxSafeNat(),
    blockHash: fc.constant(ZERO_HASH),
  }),
);
const signatures = fc.uint8Array({ minLength: SIGNATURE_BYTES, maxLength: SIGNATURE_BYTES });
const votes: fc.Arbitrary<Vote> = fc
  .tuple(subjects, fc.integer({ min: 0, max: 65_535 }), signatures)
  .map(([subject, voter, signature]) => ({ ...subject, voter, signature }));
const certificates: fc.Arbitrary<Certificate> = fc
  .tuple(
    subjects,
    fc.uniqueArray(fc.tuple(fc.nat(VALIDATOR_COUNT_MAX - 1), signatures), {
      maxLength: 9,
      selector: ([index]) => index,
    }),
  )
  .map(([subject, signed]) => {
    const sorted = [...signed].sort(([a], [b]) => a - b);
    return {
      ...subject,
      signers: sorted.map(([index]) => index),
      signatures: sorted.map(([, signature]) => signature),
    };
  });

describe('vote codec', () => {
  it('brings back subjects, votes and certificates as they were', () => {
    fc.assert(
      fc.property(subjects, votes, certificates, (subject, vote, certificate) => {
        expect(
          decode(
            encode((w) => writeSubject(w, subject)),
            readSubject,
          ),
        ).toEqual({ ok: true, value: subject });
        expect(
          decode(
            encode((w) => writeVote(w, vote)),
            readVote,
          ),
        ).toEqual({ ok: true, value: vote });
        const bytes = encode((w) => writeCertificate(w, certificate));
        expect(decode(bytes, readCertificate)).toEqual({ ok: true, value: certificate });
      }),
    );
  });

  it('has one encoding for each certificate: what decodes, re-encodes to the same bytes', () => {
    const mutated = fc
      .tuple(certificates, fc.nat(), fc.integer({ min: 0, max: 255 }))
      .map(([certificate, at, byte]) => {
        const bytes = encode((w) => writeCertificate(w, certificate));
        // Most of the bytes are signatures; the head and the bitmap are where something can go wrong.
        bytes[at % Math.min(bytes.length, 60)] = byte;
        return bytes;
      });
    fc.assert(
      fc.property(fc.oneof(mutated, fc.uint8Array({ maxLength: 120 })), (bytes) => {
        const verdict = decode(bytes, readCertificate);
        if (verdict.ok) expect(encode((w) => writeCertificate(w, verdict.value))).toEqual(bytes);
        else expect(verdict.code).toBe('ENCODING_INVALID');
      }),
      { numRuns: 300 },
    );
  });

  it('refuses truncated and extended votes and certificates', () => {
    fc.assert(
      fc.property(votes, certificates, fc.nat(), (vote, certificate, at) => {
        const voteBytes = encode((w) => writeVote(w, vote));
        const certificateBytes = encode((w) => writeCertificate(w, certificate));
        expect(decode(voteBytes.subarray(0, at % voteBytes.length), readVote).ok).toBe(false);
        expect(decode(certificateBytes.subarray(0, at % certificateBytes.length), readCertificate).ok).toBe(
          false,
        );
        expect(decode(Uint8Array.of(...voteBytes, 0), readVote).ok).toBe(false);
        expect(decode(Uint8Array.of(...certificateBytes, 0), readCertificate).ok).toBe(false);
      }),
      { numRuns: 50 },
    );
  });

  it('refuses an unknown kind, a nullify of a block, a notarize of none and a bitmap with an empty tail', () => {
    const subjectBytes = (kind: number, hash: string) => encode((w) => w.u8(kind).u64(1).hash(hash));
    expect(decode(subjectBytes(3, blockHash), readSubject).ok).toBe(false);
    expect(decode(subjectBytes(1, blockHash), readSubject).ok).toBe(false);
    expect(decode(subjectBytes(0, ZERO_HASH), readSubject).ok).toBe(false);
    expect(decode(subjectBytes(2, ZERO_HASH), readSubject).ok).toBe(false);
    expect(decode(subjectBytes(1, ZERO_HASH), readSubject).ok).toBe(true);
    const withBitmap = (...bitmap: number[]) =>
      encode((w) => w.u8(1).u64(1).hash(ZERO_HASH).bytes(Uint8Array.from(bitmap), 200));
    expect(decode(withBitmap(), readCertificate).ok).toBe(true);
    expect(decode(withBitmap(0), readCertificate).ok).toBe(false);
    const tooLong = new Array<number>(VALIDATOR_COUNT_MAX / 8 + 1).fill(0).with(-1, 1);
    expect(decode(withBitmap(...tooLong), readCertificate).ok).toBe(false);
  });
});

describe('voteSigningBytes', () => {
  const base: VoteSubject = { kind: 'notarize', view: 7, blockHash };

  it('differs for every difference in chain, kind, view and block', () => {
    const other = hashBytes('header', Uint8Array.of(2));
    const all = [
      voteSigningBytes(chainId, base),
      voteSigningBytes(other, base),
      voteSigningBytes(chainId, { ...base, kind: 'finalize' }),
      voteSigningBytes(chainId, { ...base, kind: 'nullify', blockHash: ZERO_HASH }),
      voteSigningBytes(chainId, { ...base, view: 8 }),
      voteSigningBytes(chainId, { ...base, blockHash: other }),
    ].map(toHex);
    expect(new Set(all).size).toBe(all.length);
  });

  it('starts with the domain of votes', () => {
    expect(voteSigningBytes(chainId, base)[0]).toBe(domains.vote);
  });
});

describe('verifyCertificate', () => {
  const crypto = createCrypto('full');
  const signers = [0, 1, 2, 3].map((index) => crypto.createSigner(deriveSecretKey('vote', `node-${index}`)));
  const validators = new ValidatorSet(
    signers.map(({ publicKey }, index) => ({ name: `node-${index}`, publicKey, power: 10 })),
  );
  const subject: VoteSubject = { kind: 'finalize', view: 9, blockHash };
  const options = { chainId, validators };
  const certify = (indexes: readonly number[], over: VoteSubject = subject): Certificate => ({
    ...subject,
    signers: indexes,
    signatures: indexes.map(
      (index) => signers[index]?.sign(voteSigningBytes(chainId, over)) ?? new Uint8Array(SIGNATURE_BYTES),
    ),
  });

  it('accepts any three of four', () => {
    for (const indexes of [
      [0, 1, 2],
      [0, 1, 3],
      [0, 2, 3],
      [1, 2, 3],
      [0, 1, 2, 3],
    ]) {
      const certificate = certify(indexes);
      expect(verifyCertificate(certificate, options, crypto)).toEqual({ ok: true, value: certificate });
    }
  });

  it.each<[string, Certificate, string]>([
    ['two of four', certify([0, 3]), 'CERTIFICATE_NO_QUORUM'],
    ['nobody', certify([]), 'CERTIFICATE_NO_QUORUM'],
    ['a validator that does not exist', certify([0, 1, 2, 4]), 'CERTIFICATE_SIGNER_UNKNOWN'],
    ['one signer three times', certify([0, 0, 0]), 'CERTIFICATE_MALFORMED'],
    ['signers out of order', certify([2, 1, 0]), 'CERTIFICATE_MALFORMED'],
    ['a negative signer', certify([-1, 0, 1, 2]), 'CERTIFICATE_MALFORMED'],
    [
      'a missing signature',
      { ...certify([0, 1, 2, 3]), signatures: certify([0, 1, 2]).signatures },
      'CERTIFICATE_MALFORMED',
    ],
    [
      'a signature too many',
      { ...certify([0, 1, 2]), signatures: certify([0, 1, 2, 3]).signatures },
      'CERTIFICATE_MALFORMED',
    ],
    [
      'signatures of others',
      { ...certify([0, 1, 2]), signatures: certify([1, 2, 0]).signatures },
      'CERTIFICATE_SIGNATURE_INVALID',
    ],
    [
      'signatures over another view',
      certify([0, 1, 2], { ...subject, view: 8 }),
      'CERTIFICATE_SIGNATURE_INVALID',
    ],
    [
      'signatures over another kind',
      certify([0, 1, 2], { ...subject, kind: 'notarize' }),
      'CERTIFICATE_SIGNATURE_INVALID',
    ],
  ])('refuses %s', (_name, certificate, code) => {
    expect(verifyCertificate(certificate, options, crypto)).toMatchObject({ ok: false, code });
  });

  it('refuses a certificate of another chain', () => {
    const other = { chainId: hashBytes('chainId', Uint8Array.of(2)), validators };
    expect(verifyCertificate(certify([0, 1, 2]), other, crypto)).toMatchObject({
      code: 'CERTIFICATE_SIGNATURE_INVALID',
    });
  });

  it('refuses one bad signature among good ones, wherever it stands', () => {
    for (let position = 0; position < 4; position += 1) {
      const good = certify([0, 1, 2, 3]);
      const bad = { ...good, signatures: good.signatures.with(position, new Uint8Array(SIGNATURE_BYTES)) };
      expect(verifyCertificate(bad, options, crypto)).toMatchObject({
        code: 'CERTIFICATE_SIGNATURE_INVALID',
      });
    }
  });
});
