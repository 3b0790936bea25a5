/**
 * What verifying a proof costs, in gas: a unit is about a microsecond of one core of the machine these were measured on, in
 * JavaScript where no native library takes part. It follows from the proof's form alone, before anything is verified, and
 * covers the dearest proof of that form, so a block within its budget is quick on every node.
 */
import { isKeyAddress } from '../../../consensus/primitives/address.ts';
import type { Address } from '../../../consensus/primitives/flavor.ts';
import { BUNDLE_CERTIFICATES_MAX } from './limits.ts';
import type { SettlementProof } from './types.ts';
import { STATEMENT_INPUTS } from './verifyingKey.ts';

/** One verification each (npm run bench:atomic). */
const ED25519_GAS = 60;
const SECP256K1_GAS = 80;
const P384_GAS = 6000;
/** Two G1 points, one G2 point with its group, four pairings. */
const GROTH16_GAS = 26_000;
/** A multiple of a point by 16 bytes, and by 32. */
const STATEMENT_INPUT_GAS = 1000;
const INPUT_GAS = 2200;
/** Every certificate but the trusted root, the leaf, and the document itself; however many there are. */
const ATTESTATION_SIGNATURES = BUNDLE_CERTIFICATES_MAX + 1;

/** @returns Gas of verifying the proof, a whole number above zero. */
export function proofGas(proof: SettlementProof): number {
  switch (proof.kind) {
    case 'cryptographic':
      return signatureGas(proof.signer);
    case 'multi_party':
      // At least one, so that a proof nobody signed costs something too.
      return proof.signers.reduce(
        (sum, { signer, signature }) => sum + (signature === undefined ? 0 : signatureGas(signer)),
        ED25519_GAS,
      );
    case 'tee_attestation':
      return ATTESTATION_SIGNATURES * P384_GAS;
    case 'zero_knowledge': {
      const others = Math.max(0, proof.publicInputs.length - STATEMENT_INPUTS);
      return GROTH16_GAS + STATEMENT_INPUTS * STATEMENT_INPUT_GAS + others * INPUT_GAS;
    }
  }
}

function signatureGas(signer: Address): number {
  return isKeyAddress(signer) ? ED25519_GAS : SECP256K1_GAS;
}
