import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../../consensus/primitives/bytes.ts';
import { isP384PublicKey, verifyP384 } from '../../../../consensus/primitives/p384.ts';
import { everyBit, oneBitAByte } from '../../../helpers/bitFlips.ts';

const hex = (text: string) => fromHex(`0x${text.toLowerCase()}`);
/** RFC 6979, A.2.6: key, and the signature of "sample" with SHA-384. */
const publicKey = hex(
  '04EC3A4E415B4E19A4568618029F427FA5DA9A8BC4AE92E02E06AAE5286B300C64DEF8F0EA9055866064A254515480BC13' +
    '8015D9B72D7D57244EA8EF9AC0C621896708A59367F9DFB9F54CA84B3F1C9DB1288B231C3AE0D4FE7344FD2533264720',
);
const signature = hex(
  '94EDBB92A5ECB8AAD4736E56C691916B3F88140666CE9FA73D64C4EA95AD133C81A648152E44ACF96E36DD1E80FABE46' +
    '99EF4AEB15F178CEA1FE40DB2603138F130E740A19624526203B6351D0A3A94FA329C145786E679E7B82C71A38628AC8',
);
const message = new TextEncoder().encode('sample');

describe('verifyP384', () => {
  it('takes the example of RFC 6979', () => {
    expect(verifyP384(publicKey, message, signature)).toBe(true);
    expect(verifyP384(publicKey, new TextEncoder().encode('test'), signature)).toBe(false);
  });

  it('refuses it with any bit of message, signature or key changed', () => {
    for (const { bytes } of everyBit(message)) expect(verifyP384(publicKey, bytes, signature)).toBe(false);
    for (const { bytes } of oneBitAByte(signature, 'p384')) {
      expect(verifyP384(publicKey, message, bytes)).toBe(false);
    }
    for (const { bytes } of oneBitAByte(publicKey, 'p384')) {
      expect(verifyP384(bytes, message, signature)).toBe(false);
      expect(isP384PublicKey(bytes)).toBe(false);
    }
  });

  it('refuses other lengths and forms of keys and signatures, and numbers out of range', () => {
    const order = hex(
      'ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973',
    );
    const withR = (r: Uint8Array) => new Uint8Array([...r, ...signature.subarray(48)]);
    for (const bad of [signature.subarray(1), new Uint8Array(96), withR(order), withR(new Uint8Array(48))]) {
      expect(verifyP384(publicKey, message, bad)).toBe(false);
    }
    const compressed = new Uint8Array([2, ...publicKey.subarray(1, 49)]);
    for (const bad of [compressed, publicKey.subarray(1), new Uint8Array(97), new Uint8Array([0])]) {
      expect(verifyP384(bad, message, signature)).toBe(false);
    }
  });

  it('agrees with OpenSSL on its keys and signatures', () => {
    for (let round = 0; round < 5; round += 1) {
      const pair = generateKeyPairSync('ec', { namedCurve: 'P-384' });
      const privateKey = createPrivateKey(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
      const spki = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
      const data = Uint8Array.from({ length: 100 * round }, (_, index) => index & 0xff);
      const key = { key: privateKey, dsaEncoding: 'ieee-p1363' } as const;
      const made = new Uint8Array(sign('sha384', data, key));
      const own = new Uint8Array(spki.subarray(-97));
      expect(verifyP384(own, data, made)).toBe(true);
      for (const { bytes } of oneBitAByte(made, `round ${round}`, 24)) {
        expect(verifyP384(own, data, bytes)).toBe(
          verify('sha384', data, { ...key, key: pair.publicKey }, bytes),
        );
      }
    }
  });
});
