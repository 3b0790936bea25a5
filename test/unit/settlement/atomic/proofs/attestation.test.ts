import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../../../consensus/primitives/bytes.ts';
import { parseAttestationDocument } from '../../../../../settlement/atomic/proofs/attestationDocument.ts';
import { createProofTrust } from '../../../../../settlement/atomic/proofs/proofTrust.ts';
import { proofDigest } from '../../../../../settlement/atomic/proofs/signatureProof.ts';
import type { ProofTrust } from '../../../../../settlement/atomic/proofs/types.ts';
import { verifyProof } from '../../../../../settlement/atomic/proofs/verifyProof.ts';
import {
  ATTESTED_MS,
  cbor,
  encodeCoseMessage,
  encodePayload,
  image,
  makeDocument,
  payloadEntries,
  readAttestationVectors,
  signPayload,
} from '../../../../helpers/attestation.ts';
import { everyBit, flipBit, garbage, oneBitAByte } from '../../../../helpers/bitFlips.ts';
import { otherStatement, proofs, statement, trust } from './proofFixture.ts';

const vectors = readAttestationVectors();
const { chain, leafKey } = vectors;
const bundle = [chain.root, chain.region, chain.zone, chain.instance].map(fromHex);
const leaf = fromHex(chain.leaf);

/** The reason, or `holds`. */
function judge(
  document: Uint8Array,
  { of = statement, at = ATTESTED_MS, by = trust }: { of?: Uint8Array; at?: number; by?: ProofTrust } = {},
): string {
  const result = verifyProof({ kind: 'tee_attestation', document }, of, { trust: by, timestampMs: at });
  return result.ok ? 'holds' : result.reason;
}

/** The place of `part` in `whole`, in bytes. */
function placeOf(whole: Uint8Array, part: Uint8Array): readonly [number, number] {
  const start = (toHex(whole).indexOf(toHex(part).slice(2)) - 2) / 2;
  return [start, start + part.length];
}

describe('tee_attestation proofs', () => {
  it('hold for a document that the command line of OpenSSL signed', () => {
    const of = fromHex(vectors.statement);
    expect(judge(fromHex(vectors.document), { of })).toBe('holds');
    expect(judge(fromHex(vectors.document))).toBe('ATTESTATION_NONCE_MISMATCH');
  });

  it('hold for the settlement that was attested to, and for no other', () => {
    expect(judge(makeDocument(statement))).toBe('holds');
    expect(judge(makeDocument(statement), { of: otherStatement })).toBe('ATTESTATION_NONCE_MISMATCH');
    for (const { bytes } of everyBit(statement)) {
      expect(judge(proofs.attestation.document, { of: bytes })).toBe('ATTESTATION_NONCE_MISMATCH');
    }
  });

  it('need the nonce and the user data of the settlement', () => {
    const nonceOnly = makeDocument(statement, { userData: proofDigest(otherStatement) });
    expect(judge(nonceOnly)).toBe('ATTESTATION_USER_DATA_MISMATCH');
    expect(judge(makeDocument(statement, { userData: undefined }))).toBe('ATTESTATION_USER_DATA_MISMATCH');
    expect(judge(makeDocument(statement, { userData: statement }))).toBe('ATTESTATION_USER_DATA_MISMATCH');
    expect(judge(makeDocument(statement, { nonce: undefined }))).toBe('ATTESTATION_NONCE_MISMATCH');
    expect(judge(makeDocument(statement, { nonce: otherStatement }))).toBe('ATTESTATION_NONCE_MISMATCH');
    const longer = concatBytes(statement, Uint8Array.of(0));
    expect(judge(makeDocument(statement, { nonce: longer }))).toBe('ATTESTATION_NONCE_MISMATCH');
  });

  it('hold while every certificate is valid, and not before the document was made', () => {
    const madeMs = Date.UTC(2026, 5, 1);
    const untilMs = Date.UTC(2030, 11, 31, 23, 59, 59);
    const document = makeDocument(statement);
    expect(judge(document, { at: madeMs - 1 })).toBe('ATTESTATION_NOT_YET_VALID');
    expect(judge(document, { at: madeMs })).toBe('holds');
    expect(judge(document, { at: untilMs + 999 })).toBe('holds');
    expect(judge(document, { at: untilMs + 1000 })).toBe('ATTESTATION_EXPIRED');
    const early = makeDocument(statement, { timestampMs: 0 });
    const fromMs = Date.UTC(2026, 0, 1);
    expect(judge(early, { at: fromMs - 1 })).toBe('ATTESTATION_NOT_YET_VALID');
    expect(judge(early, { at: fromMs })).toBe('holds');
  });

  it.each(vectors.variants)(
    'say $reason of the chain $name',
    ({ reason, bundle: names, leaf: own, leafKey: key }) => {
      const payload = encodePayload({
        certificate: fromHex(own),
        bundle: names.map(fromHex),
        nonce: statement,
        userData: proofDigest(statement),
      });
      // A key of another curve makes no signature of the right length, and its certificate is looked at first.
      const signing = reason === 'ATTESTATION_CERTIFICATE_MALFORMED' ? leafKey : key;
      expect(judge(signPayload(payload, signing))).toBe(reason);
    },
  );

  it('say that a document was signed with another key than its certificate’s', () => {
    const other = vectors.variants.find(({ name }) => name === 'other-root');
    const payload = encodePayload({
      certificate: leaf,
      bundle,
      nonce: statement,
      userData: proofDigest(statement),
    });
    expect(judge(signPayload(payload, other?.leafKey ?? ''))).toBe('ATTESTATION_SIGNATURE_INVALID');
  });

  it('need a trusted root, in front of the bundle', () => {
    const none = createProofTrust({});
    expect(judge(makeDocument(statement), { by: none })).toBe('ATTESTATION_ROOT_UNKNOWN');
    expect(judge(makeDocument(statement, { bundle: [] }))).toBe('ATTESTATION_ROOT_UNKNOWN');
    expect(judge(makeDocument(statement, { bundle: bundle.slice(1) }))).toBe('ATTESTATION_ROOT_UNKNOWN');
    expect(judge(makeDocument(statement, { bundle: [...bundle].reverse() }))).toBe(
      'ATTESTATION_ROOT_UNKNOWN',
    );
    // The root as its own leaf: an authority attests to nothing.
    expect(
      judge(makeDocument(statement, { bundle: bundle.slice(0, 1), certificate: bundle[0] ?? leaf })),
    ).toBe('ATTESTATION_CERTIFICATE_MISUSED');
  });

  it('refuse debug mode, and measurements that are not trusted', () => {
    const registers = new Map([...Array(16).keys()].map((at) => [at, new Uint8Array(48)]));
    expect(judge(makeDocument(statement, { registers }))).toBe('ATTESTATION_DEBUG_MODE');
    const roots = [fromHex(chain.root)];
    const wants = (...measurements: readonly Record<number, string>[]) =>
      createProofTrust({ attestationRoots: roots, measurements });
    const other = `0x${'22'.repeat(48)}`;
    expect(judge(makeDocument(statement), { by: wants({ 0: toHex(image), 2: toHex(image) }) })).toBe('holds');
    expect(judge(makeDocument(statement), { by: wants({ 0: other }, { 0: toHex(image) }) })).toBe('holds');
    const unknown = 'ATTESTATION_MEASUREMENT_UNKNOWN';
    expect(judge(makeDocument(statement), { by: wants({ 0: other }) })).toBe(unknown);
    expect(judge(makeDocument(statement), { by: wants({ 0: toHex(image), 1: other }) })).toBe(unknown);
    expect(judge(makeDocument(statement), { by: wants({ 0: toHex(image), 16: toHex(image) }) })).toBe(
      unknown,
    );
  });
});

describe('a changed bit', () => {
  /** Two certificates and one register: short enough to change every byte. */
  const short = vectors.variants.find(({ name }) => name === 'other-root');
  const root = fromHex(short?.bundle[0] ?? '');
  const shortLeaf = fromHex(short?.leaf ?? '');
  const shortTrust = createProofTrust({ attestationRoots: [root] });
  const payload = encodePayload({
    certificate: shortLeaf,
    bundle: [root],
    nonce: statement,
    userData: proofDigest(statement),
    registers: new Map([[0, image]]),
  });
  const document = signPayload(payload, short?.leafKey ?? '');

  /** What a change between two places of the document must lead to. */
  const places = [
    [placeOf(document, root), ['ATTESTATION_ROOT_UNKNOWN']],
    [
      placeOf(document, shortLeaf),
      ['ATTESTATION_CERTIFICATE_MALFORMED', 'ATTESTATION_CERTIFICATE_MISUSED', 'ATTESTATION_CHAIN_BROKEN'],
    ],
    [placeOf(document, statement), ['ATTESTATION_NONCE_MISMATCH']],
    [placeOf(document, proofDigest(statement)), ['ATTESTATION_USER_DATA_MISMATCH']],
    [placeOf(document, image), ['ATTESTATION_SIGNATURE_INVALID']],
    [[document.length - 96, document.length] as const, ['ATTESTATION_SIGNATURE_INVALID']],
  ] as const;

  it('anywhere in a document makes it fail, with the reason of its place', () => {
    expect(judge(document, { by: shortTrust })).toBe('holds');
    for (const { bytes, bit } of oneBitAByte(document, 'document')) {
      const reason = judge(bytes, { by: shortTrust });
      const at = bit >> 3;
      const place = places.find(([[start, end]]) => at >= start && at < end);
      // Between them: names, counts, lengths and the module's name.
      const reasons = place?.[1] ?? [
        'ATTESTATION_MALFORMED',
        'ATTESTATION_SIGNATURE_INVALID',
        'ATTESTATION_NONCE_MISMATCH',
      ];
      expect(reasons, `byte ${at}: ${reason}`).toContain(reason);
    }
  });

  it('in every bit of nonce, user data and signature', () => {
    for (const [[start, end], reasons] of [places[2], places[3], places[5]]) {
      for (let bit = 8 * start; bit < 8 * end; bit += start === places[5][0][0] ? 5 : 1) {
        expect(reasons).toContain(judge(flipBit(document, bit), { by: shortTrust }));
      }
    }
  });

  it('in a document with the whole chain makes it fail', () => {
    for (const { bytes, bit } of oneBitAByte(proofs.attestation.document, 'whole chain', 29)) {
      expect(judge(bytes), `bit ${bit}`).not.toBe('holds');
    }
  });
});

describe('the form of a document', () => {
  const fields = { certificate: leaf, bundle, nonce: statement, userData: proofDigest(statement) };
  const entries = payloadEntries(fields);
  const signed = (items: readonly (readonly [string, Uint8Array])[]) =>
    signPayload(cbor.map(items.map(([name, item]) => [cbor.text(name), item])), leafKey);
  const withItem = (name: string, item: Uint8Array) =>
    signed(entries.map((entry) => (entry[0] === name ? [name, item] : entry)));
  const malformed = 'ATTESTATION_MALFORMED';

  it('may have a map without a count, as newer enclaves write it, and any order', () => {
    const body = entries.flatMap(([name, item]) => [cbor.text(name), item]);
    const open = concatBytes(Uint8Array.of(0xbf), ...body, Uint8Array.of(0xff));
    expect(judge(signPayload(open, leafKey))).toBe('holds');
    expect(judge(signed([...entries].reverse()))).toBe('holds');
    expect(judge(signPayload(open.subarray(0, -1), leafKey))).toBe(malformed);
  });

  it('may leave out what is optional, and nothing else', () => {
    expect(judge(signed(entries.filter(([name]) => name !== 'public_key')))).toBe('holds');
    expect(judge(signed(entries.filter(([name]) => name !== 'nonce')))).toBe('ATTESTATION_NONCE_MISMATCH');
    for (const left of ['module_id', 'digest', 'timestamp', 'pcrs', 'certificate', 'cabundle']) {
      expect(judge(signed(entries.filter(([name]) => name !== left))), left).toBe(malformed);
    }
  });

  it.each([
    ['a key twice', signed([...entries.slice(0, 8), ['module_id', cbor.text('x')]])],
    ['an unknown key', signed([...entries.slice(0, 8), ['nonsense', cbor.text('x')]])],
    ['a key of the language’s own', signed([...entries.slice(0, 8), ['toString', cbor.text('x')]])],
    ['ten keys', signed([...entries, ['more', cbor.text('x')]])],
    ['another digest', withItem('digest', cbor.text('SHA512'))],
    ['a negative time', withItem('timestamp', Uint8Array.of(0x20))],
    ['no register 0', withItem('pcrs', cbor.map([[cbor.unsigned(1), cbor.bytes(image)]]))],
    [
      'a register of 32 bytes',
      withItem('pcrs', cbor.map([[cbor.unsigned(0), cbor.bytes(image.subarray(16))]])),
    ],
    [
      'a register 32',
      withItem('pcrs', cbor.map([0, 32].map((at) => [cbor.unsigned(at), cbor.bytes(image)]))),
    ],
    [
      'registers out of order',
      withItem('pcrs', cbor.map([0, 2, 1].map((at) => [cbor.unsigned(at), cbor.bytes(image)]))),
    ],
    [
      'six certificates above the leaf',
      withItem('cabundle', cbor.array(Array.from({ length: 6 }, () => cbor.bytes(leaf)))),
    ],
    ['a certificate of 2,049 bytes', withItem('certificate', cbor.bytes(new Uint8Array(2049)))],
    ['user data of 1,025 bytes', withItem('user_data', cbor.bytes(new Uint8Array(1025)))],
    ['text for bytes', withItem('nonce', cbor.text('nonce'))],
    ['bytes behind the payload', signPayload(concatBytes(encodePayload(fields), Uint8Array.of(0)), leafKey)],
    ['a signature of 95 bytes', encodeCoseMessage(encodePayload(fields), new Uint8Array(95))],
    ['bytes behind the message', concatBytes(proofs.attestation.document, Uint8Array.of(0))],
    ['a tag in front', concatBytes(Uint8Array.of(0xd2), proofs.attestation.document)],
    ['an algorithm of another curve', replaced('0x8444a1013822', '0x8444a1013821')],
    ['something in the unprotected header', replaced('0x8444a1013822a0', '0x8444a1013822a10101')],
    ['nothing', new Uint8Array()],
  ])('may not have %s', (_name, document) => {
    expect(judge(document)).toBe(malformed);
  });

  it('takes a signature with either s: those who sign do not choose the low one', () => {
    const { document } = proofs.attestation;
    const order =
      0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n;
    const s = BigInt(toHex(document.subarray(-48)));
    const other = fromHex(`0x${(order - s).toString(16).padStart(96, '0')}`);
    expect(judge(concatBytes(document.subarray(0, -48), other))).toBe('holds');
    for (const bad of [0n, order, order + 1n]) {
      const last = fromHex(`0x${bad.toString(16).padStart(96, '0')}`);
      expect(judge(concatBytes(document.subarray(0, -48), last))).toBe('ATTESTATION_SIGNATURE_INVALID');
    }
  });

  it('never makes a reader throw, whatever the bytes', () => {
    let read = 0;
    for (const bytes of garbage(proofs.attestation.document, 10_000, 'documents')) {
      if (parseAttestationDocument(bytes) !== undefined) read += 1;
    }
    expect(read).toBeGreaterThan(0);
  });

  function replaced(from: string, to: string): Uint8Array {
    return fromHex(toHex(proofs.attestation.document).replace(from, to));
  }
});
