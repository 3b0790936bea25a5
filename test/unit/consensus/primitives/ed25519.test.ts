import { readFileSync } from 'node:fs';
import { ED25519_TORSION_SUBGROUP, ed25519 as noble } from '@noble/curves/ed25519.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../../consensus/primitives/bytes.ts';
import { assert } from '../../../../consensus/primitives/codedError.ts';
import { ed25519, ed25519Backend } from '../../../../consensus/primitives/ed25519.ts';
import { loadNativeEd25519 } from '../../../../consensus/primitives/ed25519Native.ts';
import { ed25519Reference } from '../../../../consensus/primitives/ed25519Reference.ts';
import { isStrictlyEncoded, smallOrderEncodings } from '../../../../consensus/primitives/ed25519Strict.ts';

const { Point } = noble;
const ORDER = Point.Fn.ORDER;
const FIELD = Point.Fp.ORDER;

interface SignVector {
  readonly name: string;
  readonly secretKey: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}

interface VerifyVector {
  readonly name: string;
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
  readonly valid: boolean;
}

function readVectors<Vector>(file: string): readonly Vector[] {
  const url = new URL(`../../../vectors/${file}`, import.meta.url);
  return (JSON.parse(readFileSync(url, 'utf8')) as { vectors: Vector[] }).vectors;
}

const native = loadNativeEd25519();
assert(native !== undefined, 'the differential tests need the native binary');
const schemes = [
  ['native', native],
  ['reference', ed25519Reference],
] as const;

const bytes = (hex: string) => fromHex(`0x${hex}`);
const encodeScalar = (value: bigint) => {
  const out = new Uint8Array(32);
  for (let index = 0, rest = value; index < 32; index += 1, rest >>= 8n) out[index] = Number(rest & 0xffn);
  return out;
};
const decodeScalar = (value: Uint8Array) => value.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** The verdict of both, which must be one. */
function verdictOf(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const [first, second] = schemes.map(([, scheme]) => scheme.verify(publicKey, message, signature));
  expect(first, `${toHex(publicKey)} ${toHex(message)} ${toHex(signature)}`).toBe(second);
  return first === true;
}

describe.each(schemes)('ed25519, %s', (_name, scheme) => {
  it.each(readVectors<SignVector>('ed25519Rfc8032.json'))('signs and verifies RFC 8032 $name', (vector) => {
    const secretKey = bytes(vector.secretKey);
    const message = bytes(vector.message);
    const prepared = scheme.prepare(secretKey);
    expect(toHex(scheme.publicKeyOf(secretKey))).toBe(`0x${vector.publicKey}`);
    expect(toHex(prepared.publicKey)).toBe(`0x${vector.publicKey}`);
    expect(toHex(scheme.sign(secretKey, message))).toBe(`0x${vector.signature}`);
    expect(toHex(prepared.sign(message))).toBe(`0x${vector.signature}`);
    expect(scheme.verify(bytes(vector.publicKey), message, bytes(vector.signature))).toBe(true);
    expect(
      scheme.verify(bytes(vector.publicKey), concatBytes(message, bytes('00')), bytes(vector.signature)),
    ).toBe(false);
  });

  it.each(readVectors<VerifyVector>('ed25519Speccheck.json'))('judges speccheck: $name', (vector) => {
    expect(scheme.verify(bytes(vector.publicKey), bytes(vector.message), bytes(vector.signature))).toBe(
      vector.valid,
    );
  });

  it('keeps the key it prepared when the caller wipes the seed', () => {
    const seed = bytes('5a'.repeat(32));
    const prepared = scheme.prepare(seed);
    const before = prepared.sign(bytes('01'));
    seed.fill(0);
    expect(prepared.sign(bytes('01'))).toEqual(before);
  });

  it('takes views into larger buffers', () => {
    const packet = concatBytes(bytes('ffff'), bytes('5a'.repeat(32)), bytes('c0ffee'));
    const prepared = scheme.prepare(packet.subarray(2, 34));
    const signature = prepared.sign(packet.subarray(34));
    const received = concatBytes(bytes('00'), signature, bytes('00')).subarray(1, 65);
    expect(scheme.verify(prepared.publicKey, packet.subarray(34), received)).toBe(true);
  });
});

describe('isStrictlyEncoded', () => {
  const key = ed25519.publicKeyOf(bytes('01'.repeat(32)));
  const signature = ed25519.sign(bytes('01'.repeat(32)), bytes('aa'));

  it('names the eight points of the torsion subgroup', () => {
    expect([...smallOrderEncodings].sort()).toEqual(ED25519_TORSION_SUBGROUP.map((hex) => `0x${hex}`).sort());
    const generator = Point.fromHex(smallOrderEncodings[6]?.slice(2) ?? '');
    let sum = Point.ZERO;
    const multiples: string[] = [];
    for (let count = 0; count < 8; count += 1, sum = sum.add(generator)) multiples.push(`0x${sum.toHex()}`);
    expect(multiples.sort()).toEqual([...smallOrderEncodings].sort());
  });

  it('lets an honest key and signature through', () => {
    expect(isStrictlyEncoded(key, signature)).toBe(true);
  });

  it.each(smallOrderEncodings)('refuses small-order %s as key and as R, with either sign bit', (hex) => {
    for (const flip of [0, 0x80]) {
      const point = fromHex(hex);
      point[31] = (point[31] ?? 0) ^ flip;
      expect(isStrictlyEncoded(point, signature)).toBe(false);
      expect(isStrictlyEncoded(key, concatBytes(point, signature.subarray(32)))).toBe(false);
      expect(isStrictlyEncoded(key, concatBytes(signature.subarray(0, 32), point))).toBe(isBelowOrder(point));
    }
  });

  it('refuses the 19 values of y from the field prime up, and takes the largest below', () => {
    for (let y = FIELD; y < 2n ** 255n; y += 1n) {
      for (const sign of [0n, 1n << 255n]) {
        const point = encodeScalar(y | sign);
        expect(isStrictlyEncoded(point, signature)).toBe(false);
        expect(isStrictlyEncoded(key, concatBytes(point, signature.subarray(32)))).toBe(false);
      }
    }
    expect(isStrictlyEncoded(encodeScalar(FIELD - 2n), signature)).toBe(true);
    expect(isStrictlyEncoded(key, concatBytes(encodeScalar(FIELD - 2n), signature.subarray(32)))).toBe(true);
  });

  it('refuses S from the group order up, and takes everything below', () => {
    const withS = (s: bigint) =>
      isStrictlyEncoded(key, concatBytes(signature.subarray(0, 32), encodeScalar(s)));
    for (const s of [ORDER, ORDER + 1n, 2n * ORDER, 2n ** 253n, 2n ** 256n - 1n])
      expect(withS(s)).toBe(false);
    for (const s of [0n, 1n, ORDER - 1n, 2n ** 252n, ORDER - 256n]) expect(withS(s)).toBe(true);
    fc.assert(
      fc.property(fc.bigInt({ min: 0n, max: 2n ** 256n - 1n }), (s) => withS(s) === s < ORDER),
      { numRuns: 300 },
    );
  });

  it('refuses every other length', () => {
    for (const count of [0, 31, 33, 64])
      expect(isStrictlyEncoded(new Uint8Array(count).fill(2), signature)).toBe(false);
    for (const count of [0, 32, 63, 65, 128])
      expect(isStrictlyEncoded(key, new Uint8Array(count).fill(2))).toBe(false);
  });

  function isBelowOrder(value: Uint8Array): boolean {
    return decodeScalar(value) < ORDER;
  }
});

describe('native and reference', () => {
  const seeds = fc.uint8Array({ minLength: 32, maxLength: 32 });
  const messages = fc.uint8Array({ maxLength: 200 });

  it('make equal keys and signatures, and accept each other', () => {
    fc.assert(
      fc.property(seeds, messages, (seed, message) => {
        const publicKey = native.publicKeyOf(seed);
        const signature = native.sign(seed, message);
        expect(publicKey).toEqual(ed25519Reference.publicKeyOf(seed));
        expect(signature).toEqual(ed25519Reference.sign(seed, message));
        expect(verdictOf(publicKey, message, signature)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('agree on any one changed bit, and refuse it', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.uint8Array({ minLength: 1, maxLength: 80 }),
        fc.nat(),
        fc.nat(2),
        (seed, message, at, part) => {
          const parts = [native.publicKeyOf(seed), message, native.sign(seed, message)] as const;
          const target = parts[part] ?? message;
          const bit = at % (target.length * 8);
          target[bit >> 3] = (target[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          expect(verdictOf(...parts)).toBe(false);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('agree on signatures with torsion in key and R', () => {
    const torsion = smallOrderEncodings.map((hex) => Point.fromHex(hex.slice(2)));
    let accepted = 0;
    fc.assert(
      fc.property(
        fc.bigInt(1n, ORDER - 1n),
        fc.bigInt(1n, ORDER - 1n),
        fc.nat(7),
        fc.nat(7),
        (a, r, i, j) => {
          const A = Point.BASE.multiply(a)
            .add(torsion[i] ?? Point.ZERO)
            .toBytes();
          const R = Point.BASE.multiply(r)
            .add(torsion[j] ?? Point.ZERO)
            .toBytes();
          const message = bytes('0102');
          const k = decodeScalar(sha512(concatBytes(R, A, message))) % ORDER;
          // Valid but for the torsion: with cofactor it always holds, without only where the small parts cancel.
          const signature = concatBytes(R, encodeScalar((r + k * a) % ORDER));
          if (verdictOf(A, message, signature)) accepted += 1;
        },
      ),
      { numRuns: 120, examples: [[3n, 5n, 2, 2]] },
    );
    expect(accepted).toBeGreaterThan(0);
    expect(accepted).toBeLessThan(120);
  });

  it('agree on a malleable signature and on keys off the curve', () => {
    const seed = bytes('07'.repeat(32));
    const message = bytes('abcd');
    const signature = native.sign(seed, message);
    const s = decodeScalar(signature.subarray(32));
    expect(
      verdictOf(
        native.publicKeyOf(seed),
        message,
        concatBytes(signature.subarray(0, 32), encodeScalar(s + ORDER)),
      ),
    ).toBe(false);
    for (let y = 2n; y < 12n; y += 1n) expect(verdictOf(encodeScalar(y), message, signature)).toBe(false);
  });

  it('agree that arbitrary bytes of any length are no signature, and never throw', () => {
    const anyBytes = fc.uint8Array({ maxLength: 70 });
    fc.assert(
      fc.property(anyBytes, anyBytes, anyBytes, (key, message, signature) => {
        expect(verdictOf(key, message, signature)).toBe(false);
      }),
    );
    fc.assert(
      fc.property(
        seeds,
        messages,
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
        (key, message, signature) => {
          signature[63] = (signature[63] ?? 0) & 0x0f;
          expect(verdictOf(key, message, signature)).toBe(false);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('loadNativeEd25519', () => {
  it('gives nothing when the binary does not load, so the reference takes over', () => {
    const load = () => {
      throw new Error('no binary for this machine');
    };
    expect(loadNativeEd25519(load)).toBeUndefined();
  });

  it('stands behind the scheme of the process where it loads', () => {
    expect(ed25519Backend).toBe('native');
    const seed = bytes('09'.repeat(32));
    expect(ed25519.verify(ed25519.publicKeyOf(seed), seed, ed25519.sign(seed, seed))).toBe(true);
  });
});
