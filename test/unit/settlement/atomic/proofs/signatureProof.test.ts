import { secp256k1 as noble } from '@noble/curves/secp256k1.js';
import { describe, expect, it } from 'vitest';
import { concatBytes, fromHex, toHex } from '../../../../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../../../../consensus/primitives/ed25519.ts';
import { smallOrderEncodings } from '../../../../../consensus/primitives/ed25519Strict.ts';
import { deriveSecretKey } from '../../../../../consensus/primitives/keys.ts';
import { decodeProof, encodeProof } from '../../../../../settlement/atomic/proofs/proofCodec.ts';
import { proofDigest, proofSigningBytes } from '../../../../../settlement/atomic/proofs/signatureProof.ts';
import type { MultiPartyProof, PartySignature } from '../../../../../settlement/atomic/proofs/types.ts';
import { verifyProof } from '../../../../../settlement/atomic/proofs/verifyProof.ts';
import { everyBit } from '../../../../helpers/bitFlips.ts';
import {
  alice,
  bob,
  carol,
  context,
  keyAccount,
  otherStatement,
  party,
  proofs,
  signedBy,
  statement,
} from './proofFixture.ts';

const holds = { ok: true };
const because = (reason: string) => ({ ok: false, reason });
const invalid = because('PROOF_SIGNATURE_INVALID');

describe('cryptographic proofs', () => {
  const cases = [
    ['ed25519', proofs.ed25519],
    ['secp256k1', proofs.secp256k1],
  ] as const;

  it.each(cases)('%s: hold for the settlement that was signed, and for no other', (_name, proof) => {
    expect(verifyProof(proof, statement, context)).toEqual(holds);
    expect(verifyProof(proof, otherStatement, context)).toEqual(invalid);
  });

  it.each(cases)('%s: fail when any bit of the statement changes', (_name, proof) => {
    for (const { bytes } of everyBit(statement)) expect(verifyProof(proof, bytes, context)).toEqual(invalid);
  });

  it.each(cases)('%s: fail when any bit of signer or signature changes', (_name, proof) => {
    for (const { bytes, bit } of everyBit(encodeProof(proof))) {
      const decoded = decodeProof(bytes);
      if (decoded.ok) expect(verifyProof(decoded.value, statement, context), `bit ${bit}`).toEqual(invalid);
      // Kind and address length: everything behind them decodes whatever it is.
      else expect(bit).toBeLessThan(16);
    }
  });

  it('take no signature over the bare statement', () => {
    const secretKey = deriveSecretKey('proofs', 'alice');
    const signature = ed25519.sign(secretKey, statement);
    expect(verifyProof({ ...proofs.ed25519, signature }, statement, context)).toEqual(invalid);
    expect(toHex(proofSigningBytes(statement))).toBe(`0x20${toHex(statement).slice(2)}`);
  });

  it('take no ed25519 signature of a small-order key, which would sign everything', () => {
    for (const key of smallOrderEncodings) {
      const signature = concatBytes(fromHex(key), new Uint8Array(32));
      expect(verifyProof({ kind: 'cryptographic', signer: key, signature }, statement, context)).toEqual(
        invalid,
      );
    }
  });

  it('take no secp256k1 signature with the high s, nor with another recovery bit', () => {
    const { signature } = proofs.secp256k1;
    const s = BigInt(toHex(signature.subarray(32, 64)));
    const high = (noble.Point.Fn.ORDER - s).toString(16).padStart(64, '0');
    const bit = signature[64] ?? 0;
    const malleable = concatBytes(signature.subarray(0, 32), fromHex(`0x${high}`), Uint8Array.of(bit ^ 1));
    // It is a signature of this very account, as the library sees it.
    const recovered = concatBytes(Uint8Array.of(bit ^ 1), malleable.subarray(0, 64));
    const digest = proofDigest(statement);
    const original = concatBytes(Uint8Array.of(bit), signature.subarray(0, 64));
    expect(noble.recoverPublicKey(recovered, digest, { prehash: false })).toEqual(
      noble.recoverPublicKey(original, digest, { prehash: false }),
    );
    expect(verifyProof({ ...proofs.secp256k1, signature: malleable }, statement, context)).toEqual(invalid);
    for (const last of [bit ^ 1, 2, 27, 28]) {
      const other = concatBytes(signature.subarray(0, 64), Uint8Array.of(last));
      expect(verifyProof({ ...proofs.secp256k1, signature: other }, statement, context)).toEqual(invalid);
    }
  });

  it('take no signature of another length', () => {
    for (const length of [0, 63, 65, 66]) {
      const signature = new Uint8Array(length);
      expect(verifyProof({ ...proofs.ed25519, signature }, statement, context)).toEqual(invalid);
      if (length !== 65)
        expect(verifyProof({ ...proofs.secp256k1, signature }, statement, context)).toEqual(invalid);
    }
  });
});

describe('multi_party proofs', () => {
  const of = (threshold: number, ...signers: readonly PartySignature[]): MultiPartyProof => ({
    kind: 'multi_party',
    threshold,
    signers,
  });
  const judge = (proof: MultiPartyProof) => verifyProof(proof, statement, context);

  it('hold when as many of the named parties signed as the threshold asks for', () => {
    expect(judge(of(2, party(alice), party(bob, false), party(carol)))).toEqual(holds);
    expect(judge(of(1, party(alice)))).toEqual(holds);
    expect(judge(of(2, party(alice), party(bob), party(carol)))).toEqual(holds);
    const sixteen = Array.from({ length: 16 }, (_, index) => party(keyAccount(`party ${index}`)));
    expect(judge(of(16, ...sixteen))).toEqual(holds);
  });

  it('fail when too few signed', () => {
    const reason = because('PROOF_THRESHOLD_NOT_MET');
    expect(judge(of(2, party(alice), party(bob, false), party(carol, false)))).toEqual(reason);
    expect(judge(of(1, party(alice, false)))).toEqual(reason);
  });

  it('fail with a threshold that nobody or everybody meets', () => {
    const reason = because('PROOF_THRESHOLD_INVALID');
    expect(judge(of(0, party(alice)))).toEqual(reason);
    expect(judge(of(2, party(alice)))).toEqual(reason);
    expect(judge(of(0))).toEqual(reason);
    expect(judge(of(1))).toEqual(reason);
  });

  it('fail when a party is named twice, signed or not', () => {
    const reason = because('PROOF_SIGNERS_REPEATED');
    expect(judge(of(2, party(alice), party(alice)))).toEqual(reason);
    expect(judge(of(1, party(alice), party(alice, false)))).toEqual(reason);
    expect(judge(of(2, party(carol), party(bob), party(carol)))).toEqual(reason);
  });

  it('fail when one signature is wrong, even beyond the threshold', () => {
    const forged = { signer: bob.address, signature: alice.sign(statement) };
    expect(judge(of(1, party(alice), forged))).toEqual(invalid);
    const stale = { signer: bob.address, signature: bob.sign(otherStatement) };
    expect(judge(of(2, party(alice), stale))).toEqual(invalid);
  });

  it('fail for another settlement, and when any bit of a signature or a name changes', () => {
    expect(verifyProof(proofs.parties, otherStatement, context)).toEqual(invalid);
    let invalidCount = 0;
    for (const { bytes } of everyBit(encodeProof(proofs.parties))) {
      const decoded = decodeProof(bytes);
      if (!decoded.ok) continue;
      const result = verifyProof(decoded.value, statement, context);
      // A threshold of 3, an unsigned party with another name or fewer parties are other proofs, not forged ones.
      const isOther = decoded.value.kind === 'multi_party' && decoded.value.threshold !== 2;
      const [, second] = decoded.value.kind === 'multi_party' ? decoded.value.signers : [];
      if (isOther) expect(['PROOF_THRESHOLD_INVALID', 'PROOF_THRESHOLD_NOT_MET']).toContain(reasonOf(result));
      else if (second?.signer !== bob.address) expect(result).toEqual(holds);
      else {
        expect(result).toEqual(invalid);
        invalidCount += 1;
      }
    }
    expect(invalidCount).toBeGreaterThan(8 * (32 + 64 + 20 + 65) - 1);
  });

  function reasonOf(result: ReturnType<typeof verifyProof>): string | undefined {
    return result.ok ? undefined : result.reason;
  }
});

it('a statement of another length is a bug of the caller', () => {
  expect(() => verifyProof(signedBy(alice), statement.subarray(1), context)).toThrow('assertion failed');
});
