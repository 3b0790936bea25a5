import { readFileSync } from 'node:fs';
import { bn254 } from '@noble/curves/bn254.js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BN254_ORDER, encodeG1, encodeG2 } from '../../../../../consensus/primitives/bn254.ts';
import { concatBytes, fromHex } from '../../../../../consensus/primitives/bytes.ts';
import { statementInputs } from '../../../../../settlement/atomic/proofs/groth16.ts';
import { encodeProof } from '../../../../../settlement/atomic/proofs/proofCodec.ts';
import { createProofTrust } from '../../../../../settlement/atomic/proofs/proofTrust.ts';
import {
  proofFromSnarkjs,
  verifyingKeyFromSnarkjs,
} from '../../../../../settlement/atomic/proofs/snarkjs.ts';
import type { ZeroKnowledgeProof } from '../../../../../settlement/atomic/proofs/types.ts';
import {
  encodeVerifyingKey,
  parseVerifyingKey,
  type VerifyingKeyPoints,
} from '../../../../../settlement/atomic/proofs/verifyingKey.ts';
import { verifyProof } from '../../../../../settlement/atomic/proofs/verifyProof.ts';
import { everyBit, flipBit, garbage, oneBitAByte } from '../../../../helpers/bitFlips.ts';
import { context, otherStatement, proofs, setup, statement } from './proofFixture.ts';

interface Vectors {
  readonly key: unknown;
  readonly keyWithoutContribution: unknown;
  readonly cases: readonly {
    readonly name: string;
    readonly statement: string;
    readonly proof: unknown;
    readonly publicInputs: readonly string[];
    /** What snarkjs says. */
    readonly valid: boolean;
  }[];
}

const url = new URL('../../../../fixtures/proofs/groth16.json', import.meta.url);
const vectors = JSON.parse(readFileSync(url, 'utf8')) as Vectors;
const snarkKey = verifyingKeyFromSnarkjs(vectors.key);
const snarkTrust = createProofTrust({ verifyingKeys: [snarkKey] });
const { id: snarkId } = parseVerifyingKey(snarkKey);

const proof: ZeroKnowledgeProof = proofs.zeroKnowledge;
function judge(each: ZeroKnowledgeProof, of = statement): string {
  const result = verifyProof(each, of, context);
  return result.ok ? 'holds' : result.reason;
}

describe('proofs made by snarkjs', () => {
  const judgeSnark = ({ proof: made, publicInputs, statement: of }: Vectors['cases'][number]) => {
    const result = verifyProof(proofFromSnarkjs(snarkId, made, publicInputs), fromHex(of), {
      trust: snarkTrust,
      timestampMs: 0,
    });
    return result.ok ? 'holds' : result.reason;
  };

  it.each(vectors.cases.map((each, index) => [index, each.name, each] as const))(
    '%i, %s: are judged as snarkjs judges them',
    (_index, _name, each) => {
      expect(judgeSnark(each) === 'holds').toBe(each.valid);
    },
  );

  it('say which public input is not the settlement’s', () => {
    const reasons = Object.fromEntries(vectors.cases.map((each) => [each.name, judgeSnark(each)]));
    expect(reasons).toEqual({
      'as made': 'holds',
      'public input 0 + 1': 'ZK_STATEMENT_MISMATCH',
      'public input 1 + 1': 'ZK_STATEMENT_MISMATCH',
      'public input 2 + 1': 'ZK_PROOF_INVALID',
      'A negated': 'ZK_PROOF_INVALID',
      'C negated': 'ZK_PROOF_INVALID',
      'A and C exchanged': 'ZK_PROOF_INVALID',
      'A of another proof': 'ZK_PROOF_INVALID',
      'B of another proof': 'ZK_PROOF_INVALID',
      'C of another proof': 'ZK_PROOF_INVALID',
      'the proof of another statement': 'ZK_PROOF_INVALID',
    });
  });

  it('are refused by a chain that does not know their key', () => {
    const [first] = vectors.cases;
    const made = proofFromSnarkjs(snarkId, first?.proof, first?.publicInputs);
    expect(judge(made, fromHex(first?.statement ?? ''))).toBe('ZK_KEY_UNKNOWN');
  });

  it('need a key whose set-up somebody contributed to', () => {
    const bytes = verifyingKeyFromSnarkjs(vectors.keyWithoutContribution);
    expect(() => parseVerifyingKey(bytes)).toThrow(expect.objectContaining({ code: 'ZK_KEY_INVALID' }));
  });
});

describe('zero_knowledge proofs', () => {
  it('hold for any statement and inputs that they were made for, and for no other', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.bigInt(0n, BN254_ORDER - 1n),
        fc.bigInt(20n, BN254_ORDER - 20n),
        (of, input, blinding) => {
          const made = setup.prove(of, [input], blinding);
          expect(judge(made, of)).toBe('holds');
          const [high, low] = statementInputs(of);
          const changed = { ...made, publicInputs: [high, low, (input + 1n) % BN254_ORDER] };
          expect(judge(changed, of)).toBe('ZK_PROOF_INVALID');
          expect(judge(made, flipBit(of, Number(input % 256n)))).toBe('ZK_STATEMENT_MISMATCH');
        },
      ),
      { numRuns: 8 },
    );
  });

  it('bind the statement: with its inputs changed to another’s the equation fails', () => {
    expect(judge(proof, otherStatement)).toBe('ZK_STATEMENT_MISMATCH');
    const publicInputs = [...statementInputs(otherStatement), 42n];
    expect(judge({ ...proof, publicInputs }, otherStatement)).toBe('ZK_PROOF_INVALID');
  });

  it('split the statement in halves that differ for different statements', () => {
    expect(statementInputs(fromHex(`0x${'ff'.repeat(16)}${'00'.repeat(15)}07`))).toEqual([
      2n ** 128n - 1n,
      7n,
    ]);
  });

  it('fail when any bit of a point changes', () => {
    let offCurve = 0;
    for (const { bytes, bit } of everyBit(proof.points)) {
      const reason = judge({ ...proof, points: bytes });
      expect(['ZK_POINT_INVALID', 'ZK_PROOF_INVALID'], `bit ${bit}`).toContain(reason);
      if (reason === 'ZK_POINT_INVALID') offCurve += 1;
    }
    expect(offCurve).toBeGreaterThan(2000);
  });

  it('fail when any bit of a public input changes', () => {
    const inputs = concatBytes(
      ...proof.publicInputs.map((each) => fromHex(`0x${each.toString(16).padStart(64, '0')}`)),
    );
    const read = (bytes: Uint8Array) =>
      [0, 32, 64].map((at) => BigInt(`0x${Buffer.from(bytes.subarray(at, at + 32)).toString('hex')}`));
    for (const { bytes, bit } of everyBit(inputs.subarray(0, 64))) {
      const reason = judge({ ...proof, publicInputs: read(concatBytes(bytes, inputs.subarray(64))) });
      expect(['ZK_STATEMENT_MISMATCH', 'ZK_INPUT_OUT_OF_RANGE'], `bit ${bit}`).toContain(reason);
    }
    for (const { bytes, bit } of oneBitAByte(inputs.subarray(64), 'input')) {
      const reason = judge({ ...proof, publicInputs: read(concatBytes(inputs.subarray(0, 64), bytes)) });
      expect(['ZK_PROOF_INVALID', 'ZK_INPUT_OUT_OF_RANGE'], `bit ${bit}`).toContain(reason);
    }
  });

  it('take no input from the order of the field up, though the equation would hold', () => {
    const [high = 0n, low = 0n, third = 0n] = proof.publicInputs;
    const inputsOf = (input: bigint) => ({ ...proof, publicInputs: [high, low, input] });
    expect(judge(inputsOf(third + BN254_ORDER))).toBe('ZK_INPUT_OUT_OF_RANGE');
    expect(judge({ ...proof, publicInputs: [high + BN254_ORDER, low, third] })).toBe('ZK_INPUT_OUT_OF_RANGE');
    expect(judge(inputsOf(BN254_ORDER))).toBe('ZK_INPUT_OUT_OF_RANGE');
    expect(judge(inputsOf(2n ** 256n - 1n))).toBe('ZK_INPUT_OUT_OF_RANGE');
    expect(judge(inputsOf(BN254_ORDER - 1n))).toBe('ZK_PROOF_INVALID');
  });

  it('need as many inputs as the key has', () => {
    for (const publicInputs of [[], proof.publicInputs.slice(0, 2), [...proof.publicInputs, 0n]]) {
      expect(judge({ ...proof, publicInputs })).toBe('ZK_INPUT_COUNT_WRONG');
    }
  });

  it('take no infinity, no coordinate from the prime up, and no point outside the group', () => {
    const [a, b, c] = [
      proof.points.subarray(0, 64),
      proof.points.subarray(64, 192),
      proof.points.subarray(192),
    ];
    const with_ = (...points: readonly Uint8Array[]) => judge({ ...proof, points: concatBytes(...points) });
    const none = new Uint8Array(128);
    expect(with_(a, b, c)).toBe('holds');
    expect(with_(none.subarray(64), b, c)).toBe('ZK_POINT_INVALID');
    expect(with_(a, none, c)).toBe('ZK_POINT_INVALID');
    expect(with_(a, b, none.subarray(64))).toBe('ZK_POINT_INVALID');
    const x = BigInt(`0x${Buffer.from(a.subarray(0, 32)).toString('hex')}`) + bn254.fields.Fp.ORDER;
    const shifted = concatBytes(fromHex(`0x${x.toString(16).padStart(64, '0')}`), a.subarray(32));
    expect(with_(shifted, b, c)).toBe('ZK_POINT_INVALID');
    expect(with_(a, outsideGroup(), c)).toBe('ZK_POINT_INVALID');
  });

  it('never throw, whatever the points and inputs', () => {
    const { points } = proof;
    for (const bytes of garbage(points, 10_000, 'points')) {
      if (bytes.length === points.length)
        expect(judge({ ...proof, points: bytes })).toMatch(/^(ZK_\w+|holds)$/);
      else expect(judge({ ...proof, points: bytes })).toBe('ZK_POINT_INVALID');
    }
  });

  /** On the twist, but not of the order of the group: nearly every point there is. */
  function outsideGroup(): Uint8Array {
    const { Fp2 } = bn254.fields;
    for (let c0 = 1n; ; c0 += 1n) {
      const x = Fp2.create({ c0, c1: 1n });
      const square = Fp2.add(Fp2.mul(Fp2.sqr(x), x), bn254.G2.Point.CURVE().b);
      try {
        const point = bn254.G2.Point.fromAffine({ x, y: Fp2.sqrt(square) });
        if (!point.isTorsionFree()) return encodeG2(point);
      } catch {
        // No root: no point with this x.
      }
    }
  }
});

describe('verifying keys', () => {
  const g1 = (scalar: bigint) => encodeG1(bn254.G1.Point.BASE.multiply(scalar));
  const g2 = (scalar: bigint) => encodeG2(bn254.G2.Point.BASE.multiply(scalar));
  const points: VerifyingKeyPoints = {
    alpha: g1(3n),
    beta: g2(5n),
    gamma: g2(7n),
    delta: g2(11n),
    inputs: [g1(13n), g1(17n), g1(19n)],
  };
  const refused = expect.objectContaining({ code: 'ZK_KEY_INVALID' });

  it('are named by their bytes', () => {
    const first = parseVerifyingKey(encodeVerifyingKey(points));
    const second = parseVerifyingKey(encodeVerifyingKey({ ...points, alpha: g1(4n) }));
    expect(first.id).not.toBe(second.id);
    expect(first.bytes.length).toBe(64 + 3 * 128 + 4 + 3 * 64);
  });

  it.each<readonly [string, Partial<VerifyingKeyPoints>]>([
    ['alpha at infinity', { alpha: new Uint8Array(64) }],
    ['beta at infinity', { beta: new Uint8Array(128) }],
    ['an input at infinity, which would bind nothing', { inputs: [g1(13n), new Uint8Array(64), g1(19n)] }],
    ['a point off the curve', { alpha: new Uint8Array(64).fill(1) }],
    ['gamma equal to delta', { delta: g2(7n) }],
    ['one public input', { inputs: [g1(13n), g1(17n)] }],
    ['no public input', { inputs: [] }],
  ])('may not have %s', (_name, change) => {
    expect(() => parseVerifyingKey(encodeVerifyingKey({ ...points, ...change }))).toThrow(refused);
  });

  it('do not decode with a byte more or less', () => {
    const bytes = encodeVerifyingKey(points);
    expect(() => parseVerifyingKey(concatBytes(bytes, Uint8Array.of(0)))).toThrow(refused);
    expect(() => parseVerifyingKey(bytes.subarray(1))).toThrow(refused);
  });
});

describe('the form of snarkjs', () => {
  const [first] = vectors.cases;
  const keyWith = (change: object) => () =>
    verifyingKeyFromSnarkjs({ ...(vectors.key as object), ...change });
  const proofWith =
    (change: object, inputs: unknown = first?.publicInputs) =>
    () =>
      proofFromSnarkjs(snarkId, { ...(first?.proof as object), ...change }, inputs);

  it('gives a proof that encodes', () => {
    expect(encodeProof(proofWith({})()).length).toBe(1 + 32 + 256 + 4 + 3 * 32);
  });

  it.each<readonly [string, () => unknown, string]>([
    ['another protocol', keyWith({ protocol: 'plonk' }), 'protocol'],
    ['another curve', keyWith({ curve: 'bls12381' }), 'curve'],
    ['a missing point', keyWith({ vk_alpha_1: undefined }), 'vk_alpha_1'],
    ['infinity', keyWith({ vk_alpha_1: ['0', '1', '0'] }), 'vk_alpha_1'],
    ['G1 for G2', keyWith({ vk_beta_2: ['1', '2', '1'] }), 'vk_beta_2'],
    ['too many inputs', keyWith({ IC: Array.from({ length: 34 }, () => ['1', '2', '1']) }), 'IC'],
    ['no list', keyWith({ IC: 'x' }), 'IC'],
    ['no key', () => verifyingKeyFromSnarkjs(null), 'it'],
  ])('refuses a key with %s', (_name, read, field) => {
    expect(read).toThrow(expect.objectContaining({ code: 'ZK_KEY_INVALID', details: { field } }));
  });

  it.each<readonly [string, () => unknown, string]>([
    ['a number', proofWith({ pi_a: [1, '2', '1'] }), 'pi_a'],
    ['hexadecimal', proofWith({ pi_c: ['0x1', '2', '1'] }), 'pi_c'],
    ['a zero in front', proofWith({ pi_c: ['01', '2', '1'] }), 'pi_c'],
    ['a number of 257 bits', proofWith({ pi_c: [(2n ** 256n).toString(), '2', '1'] }), 'pi_c'],
    ['a minus', proofWith({}, ['-1']), 'publicInputs'],
    ['no inputs', proofWith({}, undefined), 'publicInputs'],
    [
      '33 inputs',
      proofWith(
        {},
        Array.from({ length: 33 }, () => '1'),
      ),
      'publicInputs',
    ],
  ])('refuses a proof with %s', (name, read, field) => {
    if (name === 'no inputs') {
      expect(() => proofFromSnarkjs(snarkId, first?.proof, undefined)).toThrow(
        expect.objectContaining({ code: 'ZK_PROOF_FORM_INVALID', details: { field } }),
      );
      return;
    }
    expect(read).toThrow(expect.objectContaining({ code: 'ZK_PROOF_FORM_INVALID', details: { field } }));
  });
});
