import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../../consensus/primitives/bytes.ts';
import { evmAddressOf, type RecoverableScheme } from '../../../../consensus/primitives/recoverable.ts';
import { loadNativeSecp256k1 } from '../../../../consensus/primitives/secp256k1Native.ts';
import { secp256k1Reference } from '../../../../consensus/primitives/secp256k1Reference.ts';

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n;
const native = loadNativeSecp256k1();
const schemes: readonly (readonly [string, RecoverableScheme])[] = [
  ['reference', secp256k1Reference],
  ...(native === undefined ? [] : [['native', native] as const]),
];
const secretKey = fromHex(`0x${'46'.repeat(32)}`);
const digest = fromHex(`0xdaf5a779ae972f972197303d7b574746c7ef83eadac0f2791ad23db92e4c8e53`);

function wide(value: bigint): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(64, '0')}`);
}

describe.each(schemes)('secp256k1, %s', (_name, scheme) => {
  // EIP-155, the example of the specification: key, digest, address and signature.
  it('signs the example of EIP-155', () => {
    expect(evmAddressOf(scheme.publicKeyOf(secretKey))).toBe('0x9d8a62f656a8d1615c1294fd71e9cfb3e4855a4f');
    expect(toHex(scheme.sign(secretKey, digest))).toBe(
      '0x28ef61340bd939bc2195fe537567866003e1a15d3c71ff63e1590620aa636276' +
        '67cbe9d8997f761aecb703304b3800ccf555c9f3dc64214b297fb1966a3b6d8300',
    );
  });

  it('recovers the signer of what it signed, and nobody else', () => {
    const signature = scheme.sign(secretKey, digest);
    expect(scheme.recover(digest, signature)).toEqual(scheme.publicKeyOf(secretKey));
    const other = digest.slice();
    other[0] = 0;
    expect(scheme.recover(other, signature)).not.toEqual(scheme.publicKeyOf(secretKey));
  });

  it('refuses the other form of a signature, and whatever is out of range', () => {
    const signature = scheme.sign(secretKey, digest);
    const s = BigInt(toHex(signature.subarray(32, 64)));
    const change = (at: number, bytes: Uint8Array, recovery = signature[64] ?? 0) => {
      const changed = signature.slice();
      changed.set(bytes, at);
      changed[64] = recovery;
      return changed;
    };
    for (const bad of [
      change(32, wide(ORDER - s), 1 - (signature[64] ?? 0)),
      change(0, wide(0n)),
      change(0, wide(ORDER)),
      change(32, wide(0n)),
      change(32, wide(ORDER)),
      change(0, new Uint8Array(), 2),
      change(0, new Uint8Array(), 27),
      signature.subarray(0, 64),
      new Uint8Array(66),
    ]) {
      expect(scheme.recover(digest, bad)).toBeUndefined();
    }
  });

  it('refuses an r that is no point’s', () => {
    const bad = new Uint8Array(65);
    bad.set(wide(5n), 0);
    bad.set(wide(1n), 32);
    expect(scheme.recover(digest, bad)).toBeUndefined();
  });
});

describe('secp256k1', () => {
  it.skipIf(native === undefined)('gives equal signatures and verdicts in both implementations', () => {
    const bytes = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
    const keys = fc.bigInt({ min: 1n, max: ORDER - 1n }).map(wide);
    fc.assert(
      fc.property(keys, bytes(32), fc.nat(64), fc.nat(7), (key, message, at, bit) => {
        const signature = native?.sign(key, message) ?? new Uint8Array();
        expect(secp256k1Reference.sign(key, message)).toEqual(signature);
        expect(secp256k1Reference.publicKeyOf(key)).toEqual(native?.publicKeyOf(key));
        const damaged = signature.slice();
        damaged[at] = (damaged[at] ?? 0) ^ (1 << bit);
        for (const one of [signature, damaged]) {
          expect(secp256k1Reference.recover(message, one)).toEqual(native?.recover(message, one));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('goes without the native one where it does not load', () => {
    const fail = () => {
      throw new Error('no binary');
    };
    expect(loadNativeSecp256k1(fail)).toBeUndefined();
  });
});
