/**
 * Verifying keys of Groth16 proofs over BN254 as bytes: alpha, beta, gamma, delta, then one point for the constant and one
 * for each public input, uncompressed. The id is the hash of these bytes, so it names one key and no other.
 */
import {
  BN254_G1_BYTES,
  BN254_G2_BYTES,
  decodeG1,
  decodeG2,
  type G1Point,
  type G2Point,
} from '../../../consensus/primitives/bn254.ts';
import { DecodeError, decode, encode, type Reader } from '../../../consensus/primitives/codec.ts';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../../consensus/primitives/hash.ts';
import { PUBLIC_INPUTS_MAX } from './limits.ts';

/** The two halves of the statement come first, so no key has fewer. */
export const STATEMENT_INPUTS = 2;

export interface VerifyingKey {
  readonly id: Hash;
  readonly bytes: Uint8Array;
  readonly alpha: G1Point;
  readonly beta: G2Point;
  readonly gamma: G2Point;
  readonly delta: G2Point;
  /** Of the constant 1. */
  readonly constant: G1Point;
  /** One a public input. */
  readonly inputs: readonly G1Point[];
}

/** The points of a key as bytes, not yet looked at. */
export interface VerifyingKeyPoints {
  readonly alpha: Uint8Array;
  readonly beta: Uint8Array;
  readonly gamma: Uint8Array;
  readonly delta: Uint8Array;
  /** The constant's first. */
  readonly inputs: readonly Uint8Array[];
}

/** @throws {Error} an assertion: a point has another length, or there are more inputs than `PUBLIC_INPUTS_MAX`. */
export function encodeVerifyingKey({ alpha, beta, gamma, delta, inputs }: VerifyingKeyPoints): Uint8Array {
  return encode((writer) => {
    writer.fixed(alpha, BN254_G1_BYTES);
    for (const point of [beta, gamma, delta]) writer.fixed(point, BN254_G2_BYTES);
    writer.list(inputs, PUBLIC_INPUTS_MAX + 1, (each, point) => {
      each.fixed(point, BN254_G1_BYTES);
    });
  }, 1024);
}

/**
 * Reads a key once, where a network is set up.
 * @throws {CodedError} `ZK_KEY_INVALID`
 */
export function parseVerifyingKey(bytes: Uint8Array): VerifyingKey {
  const verdict = decode(bytes, readVerifyingKey);
  if (!verdict.ok) {
    throw new CodedError(
      'ZK_KEY_INVALID',
      `a verifying key cannot be used: ${verdict.message}. Export it again from the proving key that makes the proofs.`,
    );
  }
  return { ...verdict.value, bytes, id: hashBytes('verifyingKey', bytes) };
}

function readVerifyingKey(reader: Reader): Omit<VerifyingKey, 'id' | 'bytes'> {
  const alpha = readG1(reader);
  const beta = readG2(reader);
  const gamma = readG2(reader);
  const delta = readG2(reader);
  // A set-up nobody contributed to leaves the two equal, and then anybody can make a proof of anything.
  if (gamma.equals(delta)) throw new DecodeError('gamma equals delta: its set-up has had no contribution');
  const [constant, ...inputs] = reader.list(PUBLIC_INPUTS_MAX + 1, readG1);
  if (constant === undefined || inputs.length < STATEMENT_INPUTS) {
    throw new DecodeError(`fewer than ${STATEMENT_INPUTS} public inputs, so no settlement can be bound`);
  }
  return { alpha, beta, gamma, delta, constant, inputs };
}

/** Infinity is refused here too: an input whose point it is would not be bound by the proof. */
function readG1(reader: Reader): G1Point {
  const point = decodeG1(reader.fixed(BN254_G1_BYTES));
  if (point === undefined) throw new DecodeError('a point that is infinity or off its curve');
  return point;
}

function readG2(reader: Reader): G2Point {
  const point = decodeG2(reader.fixed(BN254_G2_BYTES));
  if (point === undefined)
    throw new DecodeError('a point that is infinity, off its curve or outside its group');
  return point;
}
