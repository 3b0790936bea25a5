/**
 * Reads verifying keys and proofs as snarkjs writes them: JSON with coordinates as decimal text, the real part of a G2
 * coordinate first, every point with a third coordinate of one.
 */
import { BN254_FIELD_BYTES, fieldBytes } from '../../../consensus/primitives/bn254.ts';
import { concatBytes } from '../../../consensus/primitives/bytes.ts';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { Hash } from '../../../consensus/primitives/flavor.ts';
import type { ProofTrustCode } from './codes.ts';
import { PUBLIC_INPUTS_MAX } from './limits.ts';
import type { ZeroKnowledgeProof } from './types.ts';
import { encodeVerifyingKey } from './verifyingKey.ts';

const NUMBER_MAX = 2n ** BigInt(8 * BN254_FIELD_BYTES);
const decimal = /^(?:0|[1-9][0-9]{0,77})$/;

/**
 * @param json - A parsed `verification_key.json`.
 * @returns Bytes for `ProofTrustSource.verifyingKeys`; the points are checked there.
 * @throws {CodedError} `ZK_KEY_INVALID`: not in this form.
 */
export function verifyingKeyFromSnarkjs(json: unknown): Uint8Array {
  const source = new Source(json, 'ZK_KEY_INVALID', 'a verifying key');
  source.expect('protocol', 'groth16');
  source.expect('curve', 'bn128');
  return encodeVerifyingKey({
    alpha: source.g1('vk_alpha_1'),
    beta: source.g2('vk_beta_2'),
    gamma: source.g2('vk_gamma_2'),
    delta: source.g2('vk_delta_2'),
    inputs: source.list('IC', PUBLIC_INPUTS_MAX + 1).map((point) => source.g1Of('IC', point)),
  });
}

/**
 * @param verifyingKeyId - Of the key that the proof is for.
 * @param proof - A parsed `proof.json`.
 * @param publicInputs - A parsed `public.json`.
 * @throws {CodedError} `ZK_PROOF_FORM_INVALID`: not in this form. Whether it holds is not looked at.
 */
export function proofFromSnarkjs(
  verifyingKeyId: Hash,
  proof: unknown,
  publicInputs: unknown,
): ZeroKnowledgeProof {
  const source = new Source(proof, 'ZK_PROOF_FORM_INVALID', 'a proof');
  source.expect('protocol', 'groth16');
  source.expect('curve', 'bn128');
  const points = concatBytes(source.g1('pi_a'), source.g2('pi_b'), source.g1('pi_c'));
  const inputs = new Source({ publicInputs }, 'ZK_PROOF_FORM_INVALID', 'a proof');
  return {
    kind: 'zero_knowledge',
    verifyingKeyId,
    points,
    publicInputs: inputs
      .list('publicInputs', PUBLIC_INPUTS_MAX)
      .map((each) => inputs.number('publicInputs', each)),
  };
}

/** One JSON object that is read field by field. */
class Source {
  readonly #fields: Readonly<Record<string, unknown>>;
  readonly #code: ProofTrustCode;
  readonly #what: string;

  constructor(json: unknown, code: ProofTrustCode, what: string) {
    this.#code = code;
    this.#what = what;
    if (typeof json !== 'object' || json === null) this.#refuse('it', 'an object');
    this.#fields = json as Readonly<Record<string, unknown>>;
  }

  expect(field: string, value: string): void {
    if (this.#fields[field] !== value) this.#refuse(field, `"${value}"`);
  }

  list(field: string, countMax: number): readonly unknown[] {
    const value = this.#fields[field];
    if (!Array.isArray(value) || value.length > countMax) this.#refuse(field, `at most ${countMax} items`);
    return value as readonly unknown[];
  }

  g1(field: string): Uint8Array {
    return this.g1Of(field, this.#fields[field]);
  }

  g1Of(field: string, value: unknown): Uint8Array {
    const [x, y, z] = this.#items(field, value, 3);
    if (z !== '1') this.#refuse(field, 'a point that is not infinity, its third coordinate "1"');
    return concatBytes(fieldBytes(this.number(field, x)), fieldBytes(this.number(field, y)));
  }

  g2(field: string): Uint8Array {
    const [x, y, z] = this.#items(field, this.#fields[field], 3);
    const [x0, x1] = this.#items(field, x, 2);
    const [y0, y1] = this.#items(field, y, 2);
    const [z0, z1] = this.#items(field, z, 2);
    if (z0 !== '1' || z1 !== '0') {
      this.#refuse(field, 'a point that is not infinity, its third coordinate "1", "0"');
    }
    return concatBytes(...[x1, x0, y1, y0].map((part) => fieldBytes(this.number(field, part))));
  }

  number(field: string, value: unknown): bigint {
    if (typeof value === 'string' && decimal.test(value)) {
      const number = BigInt(value);
      if (number < NUMBER_MAX) return number;
    }
    return this.#refuse(field, 'decimal text of a number below 2^256');
  }

  #items(field: string, value: unknown, count: number): readonly unknown[] {
    if (!Array.isArray(value) || value.length !== count) this.#refuse(field, `${count} coordinates`);
    return value as readonly unknown[];
  }

  #refuse(field: string, expected: string): never {
    throw new CodedError(this.#code, `${this.#what} in the form of snarkjs: ${field} must be ${expected}`, {
      field,
    });
  }
}
