/**
 * Proofs as JSON: what users write into requests over HTTP, and scenarios where they hold bytes. Keys are those of the
 * bytes (proofCodec.ts) in snake_case; bytes are lower-case `0x` hex, numbers of the field decimal text.
 */
import { isAddress, signatureBytesOf } from '../../../consensus/primitives/address.ts';
import { BN254_FIELD_BYTES } from '../../../consensus/primitives/bn254.ts';
import { fromHex, isHex, toHex } from '../../../consensus/primitives/bytes.ts';
import { accept, CodedError, refuse, type Verdict } from '../../../consensus/primitives/codedError.ts';
import type { Address } from '../../../consensus/primitives/flavor.ts';
import {
  ATTESTATION_BYTES_MAX,
  GROTH16_POINTS_BYTES,
  PROOF_SIGNERS_MAX,
  PUBLIC_INPUTS_MAX,
} from './limits.ts';
import { proofFromSnarkjs } from './snarkjs.ts';
import type { PartySignature, ProofKind, SettlementProof, ZeroKnowledgeProof } from './types.ts';

export const proofKinds: readonly ProofKind[] = [
  'cryptographic',
  'multi_party',
  'tee_attestation',
  'zero_knowledge',
];

/** Threshold and tags are single bytes. */
const THRESHOLD_MAX = 255;
const INPUT_MAX = 2n ** BigInt(8 * BN254_FIELD_BYTES);
const INPUT_DIGITS_MAX = 78;
const decimal = /^(?:0|[1-9][0-9]{0,77})$/;

const hex = (what: string, bytesMin: number, bytesMax: number): object => ({
  type: 'string',
  pattern: `^0x(?:[0-9a-f]{2}){${bytesMin},${bytesMax}}$`,
  description: what,
});
const closed = (kind: ProofKind, properties: object, required: readonly string[]): object => ({
  type: 'object',
  properties: { kind: { const: kind }, ...properties },
  required: ['kind', ...required],
  additionalProperties: false,
});
const addressSchema = {
  type: 'string',
  pattern: '^0x(?:[0-9a-f]{40}|[0-9a-f]{64})$',
  description: 'ed25519 public key, or EVM address',
} as const;
const signatureSchema = hex('ed25519: 64 bytes; secp256k1: r, s and recovery bit', 64, 65);

/** JSON Schema of what `readProofJson` reads, for descriptions and for checks before it. */
export const proofJsonSchema: object = {
  description: 'says that somebody stands behind the settlement (docs/protocol.md, proofs of a settlement)',
  oneOf: [
    closed('cryptographic', { signer: addressSchema, signature: signatureSchema }, ['signer', 'signature']),
    closed(
      'multi_party',
      {
        threshold: { type: 'integer', minimum: 0, maximum: THRESHOLD_MAX },
        signers: {
          type: 'array',
          maxItems: PROOF_SIGNERS_MAX,
          items: {
            type: 'object',
            properties: { signer: addressSchema, signature: signatureSchema },
            required: ['signer'],
            additionalProperties: false,
          },
          description: 'everybody who could sign, each once; without a signature: has not signed',
        },
      },
      ['threshold', 'signers'],
    ),
    closed('tee_attestation', { document: hex('COSE_Sign1 document', 0, ATTESTATION_BYTES_MAX) }, [
      'document',
    ]),
    {
      ...closed(
        'zero_knowledge',
        {
          verifying_key_id: hex('id of a verifying key of the chain', 32, 32),
          points: hex('A, B and C', GROTH16_POINTS_BYTES, GROTH16_POINTS_BYTES),
          proof: { type: 'object', description: 'proof.json of snarkjs, in place of `points`' },
          public_inputs: {
            type: 'array',
            maxItems: PUBLIC_INPUTS_MAX,
            items: { type: 'string', pattern: '^[0-9]+$', maxLength: INPUT_DIGITS_MAX },
            description: 'public.json of snarkjs; the halves of the statement first',
          },
        },
        ['verifying_key_id', 'public_inputs'],
      ),
      oneOf: [{ required: ['points'] }, { required: ['proof'] }],
    },
  ],
};

export type ProofJson = Readonly<Record<string, unknown>>;

/**
 * Reads a proof from JSON that may come from anybody. Whether it holds is not looked at.
 * @returns The proof, or `PROOF_FORM_INVALID` with the place, from `proof` on, and what was expected there. Never throws.
 */
export function readProofJson(json: unknown): Verdict<SettlementProof, 'PROOF_FORM_INVALID'> {
  try {
    return accept(readProof(json));
  } catch (cause) {
    if (cause instanceof FormError) return refuse('PROOF_FORM_INVALID', cause.message, { at: cause.at });
    if (cause instanceof CodedError) return refuse('PROOF_FORM_INVALID', cause.message, { at: 'proof' });
    throw cause;
  }
}

/** The proof as `readProofJson` reads it. */
export function proofToJson(proof: SettlementProof): ProofJson {
  switch (proof.kind) {
    case 'cryptographic':
      return { kind: proof.kind, signer: proof.signer, signature: toHex(proof.signature) };
    case 'multi_party':
      return {
        kind: proof.kind,
        threshold: proof.threshold,
        signers: proof.signers.map(({ signer, signature }) =>
          signature === undefined ? { signer } : { signer, signature: toHex(signature) },
        ),
      };
    case 'tee_attestation':
      return { kind: proof.kind, document: toHex(proof.document) };
    case 'zero_knowledge':
      return {
        kind: proof.kind,
        verifying_key_id: proof.verifyingKeyId,
        points: toHex(proof.points),
        public_inputs: proof.publicInputs.map(String),
      };
  }
}

/** The JSON is not of the form; becomes a verdict. */
class FormError extends Error {
  readonly at: string;

  constructor(at: string, expected: string) {
    super(`${at}: expected ${expected}`);
    this.at = at;
  }
}

function readProof(json: unknown): SettlementProof {
  const kind = objectOf(json, 'proof').kind;
  switch (kind) {
    case 'cryptographic': {
      const fields = fieldsOf(json, 'proof', ['kind', 'signer', 'signature']);
      const signer = addressOf(fields.signer, 'proof.signer');
      return { kind, signer, signature: signatureOf(signer, fields.signature, 'proof.signature') };
    }
    case 'multi_party': {
      const fields = fieldsOf(json, 'proof', ['kind', 'threshold', 'signers']);
      const signers = listOf(fields.signers, 'proof.signers', PROOF_SIGNERS_MAX);
      return { kind, threshold: thresholdOf(fields.threshold), signers: signers.map(readParty) };
    }
    case 'tee_attestation': {
      const { document } = fieldsOf(json, 'proof', ['kind', 'document']);
      return { kind, document: bytesOf(document, 'proof.document', ATTESTATION_BYTES_MAX) };
    }
    case 'zero_knowledge':
      return readZeroKnowledge(json);
    default:
      throw new FormError('proof.kind', `one of ${proofKinds.join(', ')}`);
  }
}

function readZeroKnowledge(json: unknown): ZeroKnowledgeProof {
  const names = ['kind', 'verifying_key_id', 'points', 'proof', 'public_inputs'];
  const fields = fieldsOf(json, 'proof', names);
  const verifyingKeyId = fields.verifying_key_id;
  if (typeof verifyingKeyId !== 'string' || !isHex(verifyingKeyId, 32)) {
    throw new FormError('proof.verifying_key_id', hexExpected(32));
  }
  if ((fields.points === undefined) === (fields.proof === undefined)) {
    throw new FormError('proof', 'exactly one of `points` and `proof`');
  }
  const inputs = listOf(fields.public_inputs, 'proof.public_inputs', PUBLIC_INPUTS_MAX);
  if (fields.proof !== undefined) return proofFromSnarkjs(verifyingKeyId, fields.proof, inputs);
  const { points } = fields;
  if (typeof points !== 'string' || !isHex(points, GROTH16_POINTS_BYTES)) {
    throw new FormError('proof.points', hexExpected(GROTH16_POINTS_BYTES));
  }
  const publicInputs = inputs.map((input, index) => inputOf(input, `proof.public_inputs[${index}]`));
  return { kind: 'zero_knowledge', verifyingKeyId, points: fromHex(points), publicInputs };
}

function readParty(json: unknown, index: number): PartySignature {
  const at = `proof.signers[${index}]`;
  const fields = fieldsOf(json, at, ['signer', 'signature']);
  const signer = addressOf(fields.signer, `${at}.signer`);
  const { signature } = fields;
  if (signature === undefined) return { signer, signature };
  return { signer, signature: signatureOf(signer, signature, `${at}.signature`) };
}

function objectOf(json: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw new FormError(at, 'an object');
  return json as Readonly<Record<string, unknown>>;
}

function fieldsOf(json: unknown, at: string, names: readonly string[]): Readonly<Record<string, unknown>> {
  const fields = objectOf(json, at);
  const unknown = Object.keys(fields).find((name) => !names.includes(name));
  if (unknown !== undefined) throw new FormError(at, `no keys but ${names.join(', ')}, got \`${unknown}\``);
  return fields;
}

function listOf(json: unknown, at: string, countMax: number): readonly unknown[] {
  if (!Array.isArray(json) || json.length > countMax)
    throw new FormError(at, `a list of at most ${countMax}`);
  return json;
}

function addressOf(json: unknown, at: string): Address {
  if (typeof json === 'string' && isAddress(json)) return json;
  throw new FormError(at, 'an address, lower-case 0x hex of 32 or 20 bytes');
}

function signatureOf(signer: Address, json: unknown, at: string): Uint8Array {
  const byteCount = signatureBytesOf(signer);
  if (typeof json === 'string' && isHex(json, byteCount)) return fromHex(json);
  throw new FormError(at, hexExpected(byteCount));
}

function thresholdOf(json: unknown): number {
  if (typeof json === 'number' && Number.isInteger(json) && json >= 0 && json <= THRESHOLD_MAX) return json;
  throw new FormError('proof.threshold', `an integer from 0 to ${THRESHOLD_MAX}`);
}

function bytesOf(json: unknown, at: string, bytesMax: number): Uint8Array {
  if (typeof json === 'string' && json.length <= 2 + 2 * bytesMax && isHex(json, (json.length - 2) / 2)) {
    return fromHex(json);
  }
  throw new FormError(at, `at most ${bytesMax} bytes of lower-case 0x hex`);
}

function inputOf(json: unknown, at: string): bigint {
  if (typeof json === 'string' && decimal.test(json)) {
    const input = BigInt(json);
    if (input < INPUT_MAX) return input;
  }
  throw new FormError(at, 'decimal text of a number below 2^256');
}

function hexExpected(byteCount: number): string {
  return `${byteCount} bytes of lower-case 0x hex`;
}
