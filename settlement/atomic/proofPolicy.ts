/**
 * What proofs count for beside being true: the signers of a proof stand behind its settlement as signers of the batch stand
 * behind all of it, and a chain may ask for proofs. A proof of signatures is good for its own settlement alone, whatever
 * else is in the batch: whoever pays only if others pay too signs the batch.
 */
import type { Refusal } from '../../consensus/primitives/codedError.ts';
import type { Address } from '../../consensus/primitives/flavor.ts';
import { type AtomicCode, refuseAtomic } from './codes.ts';
import type { SettlementProof } from './proofs/types.ts';
import type { RequiredProof, SettlementRequest } from './types.ts';

const nobody: readonly Address[] = [];

/** Who signed, as the proof says itself; that it is so is verified elsewhere. */
export function signersOfProof(proof: SettlementProof | undefined): readonly Address[] {
  if (proof?.kind === 'cryptographic') return [proof.signer];
  if (proof?.kind !== 'multi_party') return nobody;
  return proof.signers.flatMap(({ signer, signature }) => (signature === undefined ? [] : [signer]));
}

/** Those who authorised a batch, and those who signed the proof of one of its requests. */
export function authorisersOfRequest(
  authorisers: ReadonlySet<Address>,
  { proof }: SettlementRequest,
): ReadonlySet<Address> {
  const signers = signersOfProof(proof);
  return signers.length === 0 ? authorisers : new Set([...authorisers, ...signers]);
}

/**
 * Holds a request against what the chain asks for.
 * @param payer - Whose money it is; of a release, the payer of the escrow.
 * @param isPayers - Whether these signers can dispose of the money, for rules that name no signers.
 * @returns `PROOF_VERIFICATION_FAILED` with the first rule that is not met, or undefined.
 */
export function findMissingProof(
  required: readonly RequiredProof[],
  { settlementId, asset, proof }: SettlementRequest,
  payer: Address,
  isPayers: (signers: ReadonlySet<Address>) => boolean,
): Refusal<AtomicCode> | undefined {
  const broken = required.find(
    (rule) =>
      (rule.payer === undefined || rule.payer === payer) &&
      (rule.asset === undefined || rule.asset === asset) &&
      !isMet(rule, proof, isPayers),
  );
  if (broken === undefined) return undefined;
  const [reason, kinds] = ['PROOF_KIND_MISSING', broken.kinds.join(', ')];
  return refuseAtomic('PROOF_VERIFICATION_FAILED', { settlementId, reason, required: kinds });
}

function isMet(
  { kinds, signers, threshold }: RequiredProof,
  proof: SettlementProof | undefined,
  isPayers: (signers: ReadonlySet<Address>) => boolean,
): boolean {
  if (proof === undefined || !kinds.includes(proof.kind)) return false;
  if (proof.kind !== 'cryptographic' && proof.kind !== 'multi_party') return true;
  const signed = new Set(signersOfProof(proof));
  if (signers.length === 0) return isPayers(signed);
  return signers.filter((signer) => signed.has(signer)).length >= threshold;
}
