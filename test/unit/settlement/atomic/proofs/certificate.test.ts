import { createPrivateKey, createPublicKey, sign, X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { concatBytes, equalBytes, fromHex, toHex } from '../../../../../consensus/primitives/bytes.ts';
import {
  type Certificate,
  isSignedByIssuer,
  parseCertificate,
} from '../../../../../settlement/atomic/proofs/certificate.ts';
import { readAttestationVectors } from '../../../../helpers/attestation.ts';
import { garbage, oneBitAByte } from '../../../../helpers/bitFlips.ts';

const { chain, leafKey, variants } = readAttestationVectors();
const parse = (hex: string): Certificate => {
  const certificate = parseCertificate(fromHex(hex));
  if (certificate === undefined) throw new Error('a certificate of the fixtures does not parse');
  return certificate;
};
const names = ['root', 'region', 'zone', 'instance', 'leaf'] as const;
const issuerOf = {
  root: 'root',
  region: 'root',
  zone: 'region',
  instance: 'zone',
  leaf: 'instance',
} as const;

/** What OpenSSL reads; undefined where it reads nothing. */
function reference(bytes: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(bytes);
  } catch {
    return undefined;
  }
}

describe('parseCertificate', () => {
  it.each(names)('reads of %s what OpenSSL reads', (name) => {
    const own = parse(chain[name]);
    const other = new X509Certificate(fromHex(chain[name]));
    expect(own.notBeforeMs).toBe(Date.parse(other.validFrom));
    expect(own.notAfterMs).toBe(Date.parse(other.validTo) + 999);
    expect(own.isAuthority).toBe(other.ca);
    const spki = other.publicKey.export({ type: 'spki', format: 'der' });
    expect(equalBytes(own.publicKey, spki.subarray(spki.length - 97))).toBe(true);
    expect(equalBytes(own.issuer, parse(chain[issuerOf[name]]).subject)).toBe(true);
  });

  it('reads constraints and usage', () => {
    const shown = names.map((name) => {
      const { pathLengthMax, maySignData, maySignCertificates } = parse(chain[name]);
      return [name, pathLengthMax, maySignData, maySignCertificates];
    });
    expect(shown).toEqual([
      ['root', undefined, true, true],
      ['region', 2, true, true],
      ['zone', 1, true, true],
      ['instance', 0, true, true],
      ['leaf', undefined, true, false],
    ]);
  });

  it.each(names)('finds, as OpenSSL does, who issued %s', (name) => {
    const certificate = parse(chain[name]);
    const other = new X509Certificate(certificate.bytes);
    for (const issuer of names) {
      const expected = issuer === issuerOf[name];
      expect(isSignedByIssuer(certificate, parse(chain[issuer])), issuer).toBe(expected);
      expect(other.verify(new X509Certificate(fromHex(chain[issuer])).publicKey), issuer).toBe(expected);
    }
  });

  it('reads nothing of one with any bit changed, or finds its signature wrong', () => {
    const issuer = parse(chain.instance);
    const issuerKey = new X509Certificate(issuer.bytes).publicKey;
    let read = 0;
    for (const { bytes, bit } of oneBitAByte(fromHex(chain.leaf), 'certificate')) {
      const certificate = parseCertificate(bytes);
      if (certificate === undefined) continue;
      read += 1;
      expect(isSignedByIssuer(certificate, issuer), `bit ${bit}`).toBe(false);
      // What is read here is read by OpenSSL too: the subset is one.
      expect(reference(bytes)?.verify(issuerKey), `bit ${bit}`).toBe(false);
    }
    expect(read).toBeGreaterThan(100);
  });

  it('never throws, and reads nothing that OpenSSL does not read', () => {
    let read = 0;
    for (const bytes of garbage(fromHex(chain.zone), 10_000, 'certificates')) {
      if (parseCertificate(bytes) === undefined) continue;
      read += 1;
      expect(reference(bytes), toHex(bytes)).toBeDefined();
    }
    expect(read).toBeGreaterThan(0);
  });

  it.each(variants.filter(({ reason }) => reason === 'ATTESTATION_CERTIFICATE_MALFORMED'))(
    'does not read $name, which OpenSSL reads',
    ({ leaf }) => {
      expect(parseCertificate(fromHex(leaf))).toBeUndefined();
      expect(reference(fromHex(leaf))).toBeDefined();
    },
  );
});

/** Certificates written here, so that a single rule can be broken. */
describe('the subset of X.509', () => {
  const tlv = (tag: number, ...parts: readonly Uint8Array[]): Uint8Array => {
    const content = concatBytes(...parts);
    const { length } = content;
    const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
    return concatBytes(Uint8Array.of(tag, ...head), content);
  };
  const hex = (text: string) => fromHex(`0x${text.replaceAll(' ', '')}`);
  const text = (value: string) => new TextEncoder().encode(value);
  const extension = (id: string, value: Uint8Array, critical = true) =>
    tlv(0x30, tlv(0x06, hex(id)), critical ? hex('01 01 ff') : hex(''), tlv(0x04, value));
  const key = createPublicKey(createPrivateKey(leafKey)).export({ type: 'spki', format: 'der' });
  const good = {
    version: hex('a0 03 02 01 02'),
    serial: hex('02 01 01'),
    algorithm: hex('30 0a 06 08 2a8648ce3d040303'),
    issuer: hex('30 00'),
    notBefore: tlv(0x17, text('260101000000Z')),
    notAfter: tlv(0x17, text('491231235959Z')),
    subject: hex('30 00'),
    key: new Uint8Array(key),
    behindKey: hex(''),
    extensions: [extension('55 1d 13', hex('30 00')), extension('55 1d 0f', hex('03 02 07 80'))],
    outerAlgorithm: hex('30 0a 06 08 2a8648ce3d040303'),
    behindSignature: hex(''),
  };
  type Change = {
    readonly [Field in keyof typeof good]?: (typeof good)[Field] extends Uint8Array
      ? Uint8Array
      : readonly Uint8Array[];
  };
  const build = (change: Change = {}) => {
    const fields = { ...good, ...change };
    const signed = tlv(
      0x30,
      ...[fields.version, fields.serial, fields.algorithm, fields.issuer],
      tlv(0x30, fields.notBefore, fields.notAfter),
      ...[fields.subject, fields.key, fields.behindKey, tlv(0xa3, tlv(0x30, ...fields.extensions))],
    );
    const signature = new Uint8Array(sign('sha384', signed, leafKey));
    return tlv(0x30, signed, fields.outerAlgorithm, tlv(0x03, hex('00'), signature), fields.behindSignature);
  };
  const usage = (value: string) => [good.extensions[0] ?? hex(''), extension('55 1d 0f', hex(value))];
  const constraints = (value: string) => [extension('55 1d 13', hex(value))];

  it('reads the model', () => {
    const certificate = parseCertificate(build());
    expect(certificate?.maySignData).toBe(true);
    expect(certificate !== undefined && isSignedByIssuer(certificate, certificate)).toBe(true);
  });

  it.each<readonly [string, Change]>([
    ['version 1', { version: hex('') }],
    ['version 2', { version: hex('a0 03 02 01 01') }],
    ['a serial number of zero', { serial: hex('02 01 00') }],
    ['a negative serial number', { serial: hex('02 01 80') }],
    ['a serial number of 21 bytes', { serial: hex(`02 15 ${'11'.repeat(21)}`) }],
    ['an algorithm with parameters', { algorithm: hex('30 0c 06 08 2a8648ce3d040303 05 00') }],
    ['another algorithm outside', { outerAlgorithm: hex('30 0a 06 08 2a8648ce3d040302') }],
    ['a day that does not exist', { notAfter: tlv(0x17, text('490230000000Z')) }],
    ['a month that does not exist', { notAfter: tlv(0x17, text('491301000000Z')) }],
    ['an hour that does not exist', { notAfter: tlv(0x17, text('491231240000Z')) }],
    ['a time without seconds', { notAfter: tlv(0x17, text('4912312359Z')) }],
    ['a time with an offset', { notAfter: tlv(0x17, text('491231235959+0100')) }],
    ['parts of a second', { notAfter: tlv(0x18, text('20501231235959.5Z')) }],
    ['GeneralizedTime before 2050', { notAfter: tlv(0x18, text('20491231235959Z')) }],
    ['a unique id behind the key', { behindKey: hex('81 02 00 01') }],
    ['an extension twice', { extensions: [...good.extensions, ...good.extensions] }],
    ['no extension', { extensions: [] }],
    ['an unknown critical extension', { extensions: [extension('55 1d 25', hex('30 00'))] }],
    ['false that is written', { extensions: constraints('30 03 01 01 00') }],
    ['a path length without an authority', { extensions: constraints('30 03 02 01 00') }],
    ['a path length of two bytes', { extensions: constraints('30 07 01 01 ff 02 02 0100') }],
    ['bytes behind constraints', { extensions: constraints('30 00 00') }],
    ['zero bits at the end of key usage', { extensions: usage('03 02 00 80') }],
    ['unused bits that are set', { extensions: usage('03 02 07 81') }],
    ['empty key usage', { extensions: usage('03 01 00') }],
    ['key usage of three bytes', { extensions: usage('03 04 00 80 80 01') }],
    ['bytes behind the signature', { behindSignature: hex('05 00') }],
    [
      'a compressed key',
      {
        key: tlv(
          0x30,
          hex('3010 06072a8648ce3d0201 06052b81040022'),
          tlv(0x03, hex(`00 02 ${'11'.repeat(48)}`)),
        ),
      },
    ],
    [
      'a key off the curve',
      { key: concatBytes(new Uint8Array(key).subarray(0, -1), Uint8Array.of((key.at(-1) ?? 0) ^ 1)) },
    ],
  ])('refuses %s', (_name, change) => {
    expect(parseCertificate(build(change))).toBeUndefined();
  });

  it('refuses bytes behind the certificate, and one that is too long', () => {
    expect(parseCertificate(concatBytes(build(), hex('00')))).toBeUndefined();
    const long = extension('2a 03', new Uint8Array(2000), false);
    expect(parseCertificate(build({ extensions: [...good.extensions, long] }))).toBeUndefined();
    const fits = extension('2a 03', new Uint8Array(1000), false);
    expect(parseCertificate(build({ extensions: [...good.extensions, fits] }))).toBeDefined();
  });

  it('serves for nothing without key usage, and is no authority without constraints', () => {
    const certificate = parseCertificate(build({ extensions: [extension('2a 03', hex(''), false)] }));
    expect(certificate).toMatchObject({
      isAuthority: false,
      maySignData: false,
      maySignCertificates: false,
    });
  });

  it.each([
    ['500101000000Z', Date.UTC(1950, 0, 1)],
    ['991231235959Z', Date.UTC(1999, 11, 31, 23, 59, 59)],
    ['000229120000Z', Date.UTC(2000, 1, 29, 12)],
    ['240229000001Z', Date.UTC(2024, 1, 29, 0, 0, 1)],
    ['491231235959Z', Date.UTC(2049, 11, 31, 23, 59, 59)],
    ['20500301000000Z', Date.UTC(2050, 2, 1)],
    ['21000228235959Z', Date.UTC(2100, 1, 28, 23, 59, 59)],
    ['99991231235959Z', Date.UTC(9999, 11, 31, 23, 59, 59)],
  ])('reads the time %s', (written, expected) => {
    const notBefore = tlv(written.length === 13 ? 0x17 : 0x18, text(written));
    expect(parseCertificate(build({ notBefore }))?.notBeforeMs).toBe(expected);
  });

  it('knows that 2100 is no leap year', () => {
    expect(parseCertificate(build({ notAfter: tlv(0x18, text('21000229000000Z')) }))).toBeUndefined();
  });
});
