import { bn254 } from '@noble/curves/bn254.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addMultiples,
  BN254_ORDER,
  decodeG1,
  decodeG2,
  encodeG1,
  encodeG2,
  fieldBytes,
  isPairingProductOne,
} from '../../../../consensus/primitives/bn254.ts';
import { concatBytes, fromHex } from '../../../../consensus/primitives/bytes.ts';
import { garbage } from '../../../helpers/bitFlips.ts';

const G1 = bn254.G1.Point;
const G2 = bn254.G2.Point;
const PRIME = bn254.fields.Fp.ORDER;

describe('points of BN254', () => {
  it('are written as EIP-197 writes the generators', () => {
    expect(encodeG1(G1.BASE)).toEqual(concatBytes(fieldBytes(1n), fieldBytes(2n)));
    // P2 of EIP-197: the coefficient of i first.
    const x = [
      11559732032986387107991004021392285783925812861821192530917403151452391805634n,
      10857046999023057135944570762232829481370756359578518086990519993285655852781n,
    ];
    const y = [
      4082367875863433681332203403145435568316851327593401208105741076214120093531n,
      8495653923123431417604973247489272438418190587263600148770280649306958101930n,
    ];
    expect(encodeG2(G2.BASE)).toEqual(concatBytes(...[...x, ...y].map(fieldBytes)));
  });

  it('come back from their bytes', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, BN254_ORDER - 1n), (scalar) => {
        const g1 = G1.BASE.multiply(scalar);
        const g2 = G2.BASE.multiply(scalar);
        expect(decodeG1(encodeG1(g1))?.equals(g1)).toBe(true);
        expect(decodeG2(encodeG2(g2))?.equals(g2)).toBe(true);
      }),
      { numRuns: 5 },
    );
  });

  it('are refused at infinity, off the curve, beyond the prime and in another length', () => {
    for (const bad of [
      new Uint8Array(64),
      concatBytes(fieldBytes(1n), fieldBytes(3n)),
      concatBytes(fieldBytes(1n + PRIME), fieldBytes(2n)),
      concatBytes(fieldBytes(1n), fieldBytes(2n + PRIME)),
      encodeG1(G1.BASE).subarray(1),
    ]) {
      expect(decodeG1(bad)).toBeUndefined();
    }
    const base = encodeG2(G2.BASE);
    const beyond = concatBytes(
      fieldBytes(BigInt(`0x${Buffer.from(base.subarray(0, 32)).toString('hex')}`) + PRIME),
      base.subarray(32),
    );
    for (const bad of [new Uint8Array(128), new Uint8Array(128).fill(1), beyond, base.subarray(1)]) {
      expect(decodeG2(bad)).toBeUndefined();
    }
  });

  it('never throw, whatever the bytes', () => {
    for (const bytes of garbage(encodeG1(G1.BASE), 5000, 'g1')) expect(() => decodeG1(bytes)).not.toThrow();
    for (const bytes of garbage(encodeG2(G2.BASE), 5000, 'g2')) expect(() => decodeG2(bytes)).not.toThrow();
  });

  it('add up in multiples', () => {
    const points = [2n, 3n, 5n].map((scalar) => G1.BASE.multiply(scalar));
    const sum = addMultiples(G1.BASE, points, [7n, 0n, BN254_ORDER - 1n]);
    expect(sum.equals(G1.BASE.multiply(1n + 14n - 5n))).toBe(true);
    const none = addMultiples(G1.BASE, [G1.BASE], [BN254_ORDER - 1n]);
    expect(none.is0()).toBe(true);
  });
});

describe('isPairingProductOne', () => {
  const g1 = (scalar: bigint) => G1.BASE.multiply(scalar);
  const g2 = (scalar: bigint) => G2.BASE.multiply(scalar);

  it('is bilinear', () => {
    const product = (third: bigint) =>
      isPairingProductOne([
        { g1: g1(6n).negate(), g2: g2(35n) },
        { g1: g1(10n), g2: g2(third) },
      ]);
    expect(product(21n)).toBe(true);
    expect(product(22n)).toBe(false);
  });

  it('counts a pair with infinity as one', () => {
    expect(isPairingProductOne([])).toBe(true);
    expect(isPairingProductOne([{ g1: G1.ZERO, g2: g2(2n) }])).toBe(true);
    expect(
      isPairingProductOne([
        { g1: G1.ZERO, g2: g2(2n) },
        { g1: g1(1n), g2: g2(1n) },
      ]),
    ).toBe(false);
  });

  // The example of the precompile's tests in EIP-197 implementations: e(P1, P2) e(-P1, P2) = 1, in bytes.
  it('takes pairs from bytes', () => {
    const negated = concatBytes(fieldBytes(1n), fieldBytes(PRIME - 2n));
    const [p, q, r] = [
      decodeG1(fromHex(`0x${'00'.repeat(31)}01${'00'.repeat(31)}02`)),
      decodeG1(negated),
      decodeG2(encodeG2(G2.BASE)),
    ];
    if (p === undefined || q === undefined || r === undefined) throw new Error('the generators decode');
    expect(
      isPairingProductOne([
        { g1: p, g2: r },
        { g1: q, g2: r },
      ]),
    ).toBe(true);
  });
});
