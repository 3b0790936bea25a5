/**
 * BN254 (alt_bn128) for verifiers of pairing proofs, on @noble/curves. Points are uncompressed big-endian coordinates as
 * EIP-196 and EIP-197 write them, the imaginary part of a G2 coordinate first. Infinity is no point here: no honest proof
 * or key holds it, and it would take whatever it is multiplied with out of the equation.
 */
import { bn254 } from '@noble/curves/bn254.js';
import { concatBytes, fromHex, toHex } from './bytes.ts';

export const BN254_FIELD_BYTES = 32;
export const BN254_G1_BYTES = 2 * BN254_FIELD_BYTES;
export const BN254_G2_BYTES = 4 * BN254_FIELD_BYTES;
/** Order of both groups: scalars and public inputs are below it. */
export const BN254_ORDER: bigint = bn254.fields.Fr.ORDER;

const { Fp, Fp2, Fp12 } = bn254.fields;
const G1 = bn254.G1.Point;
const G2 = bn254.G2.Point;

export type G1Point = InstanceType<typeof G1>;
export type G2Point = InstanceType<typeof G2>;

/** A pair of the pairing product. */
export interface Pair {
  readonly g1: G1Point;
  readonly g2: G2Point;
}

/** @returns Undefined for a wrong length, coordinates from the field prime up, infinity, or a point off the curve. */
export function decodeG1(bytes: Uint8Array): G1Point | undefined {
  if (bytes.length !== BN254_G1_BYTES) return undefined;
  const x = readNumber(bytes, 0);
  const y = readNumber(bytes, 1);
  if (x >= Fp.ORDER || y >= Fp.ORDER || (x === 0n && y === 0n)) return undefined;
  const point = G1.fromAffine({ x, y });
  return isValid(point) ? point : undefined;
}

/** @returns Undefined also for a point of the curve outside the group of the right order (EIP-197). */
export function decodeG2(bytes: Uint8Array): G2Point | undefined {
  if (bytes.length !== BN254_G2_BYTES) return undefined;
  const [x1, x0, y1, y0] = [0, 1, 2, 3].map((index) => readNumber(bytes, index)) as [
    bigint,
    bigint,
    bigint,
    bigint,
  ];
  if (x0 >= Fp.ORDER || x1 >= Fp.ORDER || y0 >= Fp.ORDER || y1 >= Fp.ORDER) return undefined;
  if (x0 === 0n && x1 === 0n && y0 === 0n && y1 === 0n) return undefined;
  const point = G2.fromAffine({ x: Fp2.create({ c0: x0, c1: x1 }), y: Fp2.create({ c0: y0, c1: y1 }) });
  return isValid(point) ? point : undefined;
}

/** Affine coordinates as bytes. */
export function encodeG1(point: G1Point): Uint8Array {
  const { x, y } = point.toAffine();
  return concatBytes(fieldBytes(x), fieldBytes(y));
}

export function encodeG2(point: G2Point): Uint8Array {
  const { x, y } = point.toAffine();
  return concatBytes(fieldBytes(x.c1), fieldBytes(x.c0), fieldBytes(y.c1), fieldBytes(y.c0));
}

/** A number below 2^256 in 32 bytes. */
export function fieldBytes(value: bigint): Uint8Array {
  return fromHex(`0x${value.toString(16).padStart(2 * BN254_FIELD_BYTES, '0')}`);
}

/** `first + sum of scalars[i] * points[i]`; scalars are below the order. */
export function addMultiples(
  first: G1Point,
  points: readonly G1Point[],
  scalars: readonly bigint[],
): G1Point {
  let sum = first;
  points.forEach((point, index) => {
    const scalar = scalars[index] ?? 0n;
    // The scalars are public, so a time that depends on them gives nothing away.
    if (scalar !== 0n) sum = sum.add(point.multiplyUnsafe(scalar));
  });
  return sum;
}

/** Whether the product of the pairings of all pairs is one. A pair with infinity contributes one. */
export function isPairingProductOne(pairs: readonly Pair[]): boolean {
  const factors = pairs.filter(({ g1, g2 }) => !g1.is0() && !g2.is0());
  return Fp12.eql(bn254.pairingBatch([...factors]), Fp12.ONE);
}

function isValid(point: { assertValidity(): void }): boolean {
  try {
    point.assertValidity();
    return true;
  } catch {
    return false;
  }
}

function readNumber(bytes: Uint8Array, index: number): bigint {
  const start = index * BN254_FIELD_BYTES;
  return BigInt(toHex(bytes.subarray(start, start + BN254_FIELD_BYTES)));
}
