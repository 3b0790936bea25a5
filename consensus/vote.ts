/** Votes and certificates: what validators sign about a view, and a quorum of it. */
import { DecodeError, type Reader, Writer } from './primitives/codec.ts';
import { accept, refuse, type Verdict } from './primitives/codedError.ts';
import { type Hash, type ValidatorIndex, type View, ZERO_HASH } from './primitives/flavor.ts';
import { domains } from './primitives/hash.ts';
import { SIGNATURE_BYTES, type Signature, type Verifier } from './primitives/signature.ts';
import { VALIDATOR_COUNT_MAX, type ValidatorSet } from './validators.ts';

export type VoteKind = 'notarize' | 'nullify' | 'finalize';

/** What is voted on. `blockHash` is zero for `nullify`, and only then. */
export interface VoteSubject {
  readonly kind: VoteKind;
  readonly view: View;
  readonly blockHash: Hash;
}

export interface Vote extends VoteSubject {
  readonly voter: ValidatorIndex;
  readonly signature: Signature;
}

/** More than two thirds of the voting power behind one subject. */
export interface Certificate extends VoteSubject {
  /** Ascending, distinct. */
  readonly signers: readonly ValidatorIndex[];
  /** One for each signer, in the same order. */
  readonly signatures: readonly Signature[];
}

/** By their number in bytes. */
const kinds: readonly VoteKind[] = ['notarize', 'nullify', 'finalize'];
/** Domain, chain, kind, view, block. */
const VOTE_SIGNING_BYTES = 1 + 32 + 1 + 8 + 32;

/** The bytes a voter signs: domain, chain, kind, view, block. */
export function voteSigningBytes(chainId: Hash, subject: VoteSubject): Uint8Array {
  const writer = new Writer(VOTE_SIGNING_BYTES).u8(domains.vote).hash(chainId);
  writeSubject(writer, subject);
  return writer.finish();
}

export function writeSubject(writer: Writer, subject: VoteSubject): void {
  writer.u8(kindNumber(subject.kind)).u64(subject.view).hash(subject.blockHash);
}

function kindNumber(kind: VoteKind): number {
  return kind === 'notarize' ? 0 : kind === 'nullify' ? 1 : 2;
}

export function readSubject(reader: Reader): VoteSubject {
  const kind = kinds[reader.u8()];
  if (kind === undefined) throw new DecodeError('unknown vote kind');
  const view = reader.u64();
  const blockHash = reader.hash();
  if ((kind === 'nullify') !== (blockHash === ZERO_HASH)) throw new DecodeError('vote names the wrong block');
  return { kind, view, blockHash };
}

export function writeVote(writer: Writer, vote: Vote): void {
  writeSubject(writer, vote);
  writer.u16(vote.voter).fixed(vote.signature, SIGNATURE_BYTES);
}

export function readVote(reader: Reader): Vote {
  const { kind, view, blockHash } = readSubject(reader);
  return { kind, view, blockHash, voter: reader.u16(), signature: reader.fixed(SIGNATURE_BYTES) };
}

/** The signers travel as a bitmap, one bit a validator, so each set of signers has one encoding. */
export function writeCertificate(writer: Writer, certificate: Certificate): void {
  writeSubject(writer, certificate);
  const byteCount = Math.ceil(((certificate.signers.at(-1) ?? -1) + 1) / 8);
  const bitmap = new Uint8Array(byteCount);
  for (const signer of certificate.signers)
    bitmap[signer >> 3] = (bitmap[signer >> 3] ?? 0) | (1 << (signer & 7));
  writer.bytes(bitmap, VALIDATOR_COUNT_MAX / 8);
  for (const signature of certificate.signatures) writer.fixed(signature, SIGNATURE_BYTES);
}

export function readCertificate(reader: Reader): Certificate {
  const { kind, view, blockHash } = readSubject(reader);
  const bitmap = reader.bytes(VALIDATOR_COUNT_MAX / 8);
  if (bitmap.length > 0 && bitmap[bitmap.length - 1] === 0) throw new DecodeError('bitmap not minimal');
  const signers: ValidatorIndex[] = [];
  for (let index = 0; index < bitmap.length * 8; index += 1) {
    if (((bitmap[index >> 3] ?? 0) >> (index & 7)) & 1) signers.push(index);
  }
  const signatures = signers.map(() => reader.fixed(SIGNATURE_BYTES));
  return { kind, view, blockHash, signers, signatures };
}

/**
 * Checks signers, quorum and every signature of a certificate.
 *
 * The order of the signers is checked although no decoded certificate can break it: power counted twice for one
 * signer would make a quorum out of a minority.
 * @returns The certificate, or the first thing wrong with it.
 */
export function verifyCertificate(
  certificate: Certificate,
  options: { readonly chainId: Hash; readonly validators: ValidatorSet },
  verifier: Verifier,
): Verdict<
  Certificate,
  | 'CERTIFICATE_MALFORMED'
  | 'CERTIFICATE_SIGNER_UNKNOWN'
  | 'CERTIFICATE_NO_QUORUM'
  | 'CERTIFICATE_SIGNATURE_INVALID'
> {
  const { validators, chainId } = options;
  if (certificate.signatures.length !== certificate.signers.length) {
    return refuse('CERTIFICATE_MALFORMED', 'signers and signatures differ in number');
  }
  let power = 0;
  let previous = -1;
  for (const signer of certificate.signers) {
    if (signer <= previous) return refuse('CERTIFICATE_MALFORMED', 'signers are not ascending');
    previous = signer;
    if (!validators.has(signer)) return refuse('CERTIFICATE_SIGNER_UNKNOWN', `no validator ${signer}`);
    power += validators.at(signer).power;
  }
  if (!validators.isQuorum(power)) {
    return refuse('CERTIFICATE_NO_QUORUM', `power ${power} of ${validators.totalPower} is no quorum`);
  }
  const message = voteSigningBytes(chainId, certificate);
  for (const [position, signer] of certificate.signers.entries()) {
    const signature = certificate.signatures[position];
    if (signature === undefined || !verifier.verify(validators.at(signer).publicKey, message, signature)) {
      return refuse('CERTIFICATE_SIGNATURE_INVALID', `signature of validator ${signer} does not verify`);
    }
  }
  return accept(certificate);
}
