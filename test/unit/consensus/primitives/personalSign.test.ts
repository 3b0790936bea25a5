import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex, utf8 } from '../../../../consensus/primitives/bytes.ts';
import {
  isPersonallySigned,
  personalDigest,
  signPersonally,
} from '../../../../consensus/primitives/personalSign.ts';
import { evmAddressOf } from '../../../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../../../consensus/primitives/secp256k1.ts';
import { secp256k1Reference } from '../../../../consensus/primitives/secp256k1Reference.ts';
import { readPersonalSignVectors } from '../../../helpers/personalSignVectors.ts';

describe('personal_sign', () => {
  for (const { name, secretKey, address, signedText, signature } of readPersonalSignVectors()) {
    it(`makes and takes what viem signs: ${name}`, () => {
      expect(toHex(signPersonally(fromHex(secretKey), signedText))).toBe(signature);
      expect(isPersonallySigned(address.toLowerCase(), signedText, fromHex(signature))).toBe(true);
    });
  }

  it('counts bytes of a text, not characters', () => {
    expect(toHex(personalDigest('é'))).not.toBe(toHex(personalDigest('e')));
    const key = new Uint8Array(32).fill(9);
    const address = evmAddressOf(secp256k1Reference.publicKeyOf(key));
    expect(isPersonallySigned(address, 'é☃', signPersonally(key, 'é☃'))).toBe(true);
  });

  it('takes the recovery bit with and without 27, and leaves the bytes it is given alone', () => {
    const key = new Uint8Array(32).fill(3);
    const address = evmAddressOf(secp256k1.publicKeyOf(key));
    const signature = Buffer.from(signPersonally(key, 'text'));
    const before = toHex(signature);
    expect(isPersonallySigned(address, 'text', signature)).toBe(true);
    expect(toHex(signature)).toBe(before);
    signature[64] = (signature[64] as number) - 27;
    expect(isPersonallySigned(address, 'text', signature)).toBe(true);
  });

  it('refuses another text, another account, the high s, and bytes of any length', () => {
    const key = new Uint8Array(32).fill(5);
    const address = evmAddressOf(secp256k1.publicKeyOf(key));
    const signature = signPersonally(key, 'pay 1');
    expect(isPersonallySigned(address, 'pay 2', signature)).toBe(false);
    expect(isPersonallySigned(`0x${'11'.repeat(20)}`, 'pay 1', signature)).toBe(false);
    const order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
    const high = (order - BigInt(toHex(signature.subarray(32, 64)))).toString(16).padStart(64, '0');
    const flipped = fromHex(
      `${toHex(signature.subarray(0, 32))}${high}${(signature[64] === 27 ? 28 : 27).toString(16)}`,
    );
    expect(isPersonallySigned(address, 'pay 1', flipped)).toBe(false);
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 130 }), (bytes) => {
        expect(isPersonallySigned(address, 'pay 1', bytes)).toBe(false);
      }),
    );
    expect(isPersonallySigned(address, 'pay 1', utf8(''))).toBe(false);
  });
});
