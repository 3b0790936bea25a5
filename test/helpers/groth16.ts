/**
 * Groth16 proofs for tests without a circuit: whoever knows the secrets of a set-up can make a proof of anything, so these
 * keys prove nothing to anybody, and give a valid proof for any statement at the price of a few multiplications.
 */
import { bn254 } from '@noble/curves/bn254.js';
import { encodeG1, encodeG2 } from '../../consensus/primitives/bn254.ts';
import { concatBytes } from '../../consensus/primitives/bytes.ts';
import { statementInputs } from '../../settlement/atomic/proofs/groth16.ts';
import type { ZeroKnowledgeProof } from '../../settlement/atomic/proofs/types.ts';
import { encodeVerifyingKey, parseVerifyingKey } from '../../settlement/atomic/proofs/verifyingKey.ts';

const { Fr } = bn254.fields;
const g1 = (scalar: bigint) => bn254.G1.Point.BASE.multiply(Fr.create(scalar));
const g2 = (scalar: bigint) => bn254.G2.Point.BASE.multiply(Fr.create(scalar));

/** A verifying key whose secrets are small numbers. */
const secrets = { alpha: 3n, beta: 5n, gamma: 7n, delta: 11n } as const;

/** @param inputCount - Public inputs, the two of the statement among them. */
export function createKnownSetup(inputCount: number) {
  const inputScalars = Array.from({ length: inputCount + 1 }, (_, index) => BigInt(13 + index));
  const bytes = encodeVerifyingKey({
    alpha: encodeG1(g1(secrets.alpha)),
    beta: encodeG2(g2(secrets.beta)),
    gamma: encodeG2(g2(secrets.gamma)),
    delta: encodeG2(g2(secrets.delta)),
    inputs: inputScalars.map((scalar) => encodeG1(g1(scalar))),
  });
  const { id } = parseVerifyingKey(bytes);
  return {
    id,
    bytes,
    /** @param blinding - A proof of its own for each. */
    prove(statement: Uint8Array, others: readonly bigint[] = [], blinding = 17n): ZeroKnowledgeProof {
      const publicInputs = [...statementInputs(statement), ...others];
      const a = Fr.create(blinding);
      const b = Fr.create(blinding + 2n);
      const [constant = 0n, ...scalars] = inputScalars;
      const sum = publicInputs.reduce(
        (total, input, index) => total + input * (scalars[index] ?? 0n),
        constant,
      );
      // The equation in the exponents, solved for C.
      const c = Fr.div(Fr.create(a * b - secrets.alpha * secrets.beta - sum * secrets.gamma), secrets.delta);
      const points = concatBytes(encodeG1(g1(a)), encodeG2(g2(b)), encodeG1(g1(c)));
      return { kind: 'zero_knowledge', verifyingKeyId: id, points, publicInputs };
    },
  };
}
