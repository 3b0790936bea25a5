/** Proofs as bytes (docs/protocol.md, proofs of a settlement): a tag for the kind, then its fields, every size bounded. */
import { readAddress, signatureBytesOf, writeAddress } from '../../../consensus/primitives/address.ts';
import { BN254_FIELD_BYTES, fieldBytes } from '../../../consensus/primitives/bn254.ts';
import { toHex } from '../../../consensus/primitives/bytes.ts';
import {
  DecodeError,
  decode,
  encode,
  type Reader,
  type Writer,
} from '../../../consensus/primitives/codec.ts';
import type { Verdict } from '../../../consensus/primitives/codedError.ts';
import {
  ATTESTATION_BYTES_MAX,
  GROTH16_POINTS_BYTES,
  PROOF_SIGNERS_MAX,
  PUBLIC_INPUTS_MAX,
} from './limits.ts';
import type { PartySignature, ProofKind, SettlementProof } from './types.ts';

/** Tag bytes: their meaning never changes and none is used twice. 0 stands for nothing, so zeroed bytes never decode. */
const kindTags = {
  cryptographic: 1,
  multi_party: 2,
  tee_attestation: 3,
  zero_knowledge: 4,
} as const satisfies Record<ProofKind, number>;

/** @throws {Error} an assertion: a field is longer than its kind allows. Proofs from outside are decoded or checked first. */
export function encodeProof(proof: SettlementProof): Uint8Array {
  return encode((writer) => writeProof(writer, proof));
}

/** @returns The proof, views into `bytes` within it, or `ENCODING_INVALID`. Never throws. */
export function decodeProof(bytes: Uint8Array): Verdict<SettlementProof, 'ENCODING_INVALID'> {
  return decode(bytes, readProof);
}

export function writeProof(writer: Writer, proof: SettlementProof): void {
  writer.u8(kindTags[proof.kind]);
  switch (proof.kind) {
    case 'cryptographic':
      writeAddress(writer, proof.signer);
      writer.fixed(proof.signature, signatureBytesOf(proof.signer));
      return;
    case 'multi_party':
      writer.u8(proof.threshold).list(proof.signers, PROOF_SIGNERS_MAX, writeParty);
      return;
    case 'tee_attestation':
      writer.bytes(proof.document, ATTESTATION_BYTES_MAX);
      return;
    case 'zero_knowledge':
      writer.hash(proof.verifyingKeyId).fixed(proof.points, GROTH16_POINTS_BYTES);
      writer.list(proof.publicInputs, PUBLIC_INPUTS_MAX, (each, input) => {
        each.fixed(fieldBytes(input), BN254_FIELD_BYTES);
      });
      return;
  }
}

/** @throws {DecodeError} for what `writeProof` would not have written. */
export function readProof(reader: Reader): SettlementProof {
  const tag = reader.u8();
  switch (tag) {
    case kindTags.cryptographic: {
      const signer = readAddress(reader);
      return { kind: 'cryptographic', signer, signature: reader.fixed(signatureBytesOf(signer)) };
    }
    case kindTags.multi_party:
      return {
        kind: 'multi_party',
        threshold: reader.u8(),
        signers: reader.list(PROOF_SIGNERS_MAX, readParty),
      };
    case kindTags.tee_attestation:
      return { kind: 'tee_attestation', document: reader.bytes(ATTESTATION_BYTES_MAX) };
    case kindTags.zero_knowledge:
      return {
        kind: 'zero_knowledge',
        verifyingKeyId: reader.hash(),
        points: reader.fixed(GROTH16_POINTS_BYTES),
        publicInputs: reader.list(PUBLIC_INPUTS_MAX, (each) => BigInt(toHex(each.fixed(BN254_FIELD_BYTES)))),
      };
    default:
      throw new DecodeError(`unknown kind of proof ${tag}`);
  }
}

function writeParty(writer: Writer, { signer, signature }: PartySignature): void {
  writeAddress(writer, signer);
  writer.boolean(signature !== undefined);
  if (signature !== undefined) writer.fixed(signature, signatureBytesOf(signer));
}

function readParty(reader: Reader): PartySignature {
  const signer = readAddress(reader);
  return { signer, signature: reader.boolean() ? reader.fixed(signatureBytesOf(signer)) : undefined };
}
