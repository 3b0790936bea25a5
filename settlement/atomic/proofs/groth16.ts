/**
 * Groth16 (IACR ePrint 2016/260) over BN254: e(A, B) = e(alpha, beta) e(sum of inputs, gamma) e(C, delta). Anybody can turn
 * a valid proof into other valid ones for the same public inputs, so nothing may be named by a proof's bytes.
 */
import {
  addMultiples,
  BN254_G1_BYTES,
  BN254_G2_BYTES,
  BN254_ORDER,
  decodeG1,
  decodeG2,
  isPairingProductOne,
} from '../../../consensus/primitives/bn254.ts';
import { toHex } from '../../../consensus/primitives/bytes.ts';
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import type { ProofFailure } from './codes.ts';
import type { ZeroKnowledgeProof } from './types.ts';
import { STATEMENT_INPUTS, type VerifyingKey } from './verifyingKey.ts';

/** The statement as public inputs: its first 16 bytes and its last 16, each as a number, so both fit the field. */
export function statementInputs(statement: Uint8Array): readonly [bigint, bigint] {
  return [BigInt(toHex(statement.subarray(0, 16))), BigInt(toHex(statement.subarray(16, 32)))];
}

/** @returns Why the proof fails, or undefined when it holds. */
export function judgeZeroKnowledge(
  proof: ZeroKnowledgeProof,
  statement: Uint8Array,
  verifyingKeys: ReadonlyMap<Hash, VerifyingKey>,
): ProofFailure | undefined {
  const key = verifyingKeys.get(proof.verifyingKeyId);
  if (key === undefined) return 'ZK_KEY_UNKNOWN';
  const { publicInputs } = proof;
  if (publicInputs.length !== key.inputs.length) return 'ZK_INPUT_COUNT_WRONG';
  // From the order on a number would stand for a smaller one: two ways to say the same.
  if (publicInputs.some((input) => input < 0n || input >= BN254_ORDER)) return 'ZK_INPUT_OUT_OF_RANGE';
  const bound = statementInputs(statement);
  for (let index = 0; index < STATEMENT_INPUTS; index += 1) {
    if (publicInputs[index] !== bound[index]) return 'ZK_STATEMENT_MISMATCH';
  }
  return judgeEquation(proof, key);
}

function judgeEquation(
  { points, publicInputs }: ZeroKnowledgeProof,
  key: VerifyingKey,
): ProofFailure | undefined {
  const a = decodeG1(points.subarray(0, BN254_G1_BYTES));
  const c = decodeG1(points.subarray(BN254_G1_BYTES + BN254_G2_BYTES));
  if (a === undefined || c === undefined) return 'ZK_POINT_INVALID';
  // Last, because only here the group costs as much as a pairing.
  const b = decodeG2(points.subarray(BN254_G1_BYTES, BN254_G1_BYTES + BN254_G2_BYTES));
  if (b === undefined) return 'ZK_POINT_INVALID';
  const inputs = addMultiples(key.constant, key.inputs, publicInputs);
  const holds = isPairingProductOne([
    { g1: a.negate(), g2: b },
    { g1: key.alpha, g2: key.beta },
    { g1: inputs, g2: key.gamma },
    { g1: c, g2: key.delta },
  ]);
  return holds ? undefined : 'ZK_PROOF_INVALID';
}
