/** Accounts, statements and one good proof of each kind. */
import { fromHex, toHex, utf8 } from '../../../../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../../../../consensus/primitives/ed25519.ts';
import type { Address } from '../../../../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../../../../consensus/primitives/hash.ts';
import { deriveSecretKey } from '../../../../../consensus/primitives/keys.ts';
import { evmAddressOf } from '../../../../../consensus/primitives/recoverable.ts';
import { secp256k1 } from '../../../../../consensus/primitives/secp256k1.ts';
import { createProofTrust } from '../../../../../settlement/atomic/proofs/proofTrust.ts';
import {
  signStatement,
  signStatementAsEvmAccount,
} from '../../../../../settlement/atomic/proofs/signatureProof.ts';
import type {
  AttestationProof,
  CryptographicProof,
  MultiPartyProof,
  PartySignature,
} from '../../../../../settlement/atomic/proofs/types.ts';
import { ATTESTED_MS, makeDocument, readAttestationVectors } from '../../../../helpers/attestation.ts';
import { createKnownSetup } from '../../../../helpers/groth16.ts';

export const statement = fromHex(hashBytes('message', utf8('a settlement')));
export const otherStatement = fromHex(hashBytes('message', utf8('another settlement')));

export interface Account {
  readonly address: Address;
  readonly sign: (statement: Uint8Array) => Uint8Array;
}

export function keyAccount(label: string): Account {
  const secretKey = deriveSecretKey('proofs', label);
  return {
    address: toHex(ed25519.publicKeyOf(secretKey)),
    sign: (each) => signStatement(secretKey, each),
  };
}

export function evmAccount(label: string): Account {
  const secretKey = deriveSecretKey('proofs', label);
  return {
    address: evmAddressOf(secp256k1.publicKeyOf(secretKey)),
    sign: (each) => signStatementAsEvmAccount(secretKey, each),
  };
}

export const alice = keyAccount('alice');
export const bob = keyAccount('bob');
export const carol = evmAccount('carol');

export function signedBy(account: Account): CryptographicProof {
  return { kind: 'cryptographic', signer: account.address, signature: account.sign(statement) };
}

export function party(account: Account, signs = true): PartySignature {
  return { signer: account.address, signature: signs ? account.sign(statement) : undefined };
}

export const setup = createKnownSetup(3);

export const trust = createProofTrust({
  attestationRoots: [fromHex(readAttestationVectors().chain.root)],
  verifyingKeys: [setup.bytes],
});
export const context = { trust, timestampMs: ATTESTED_MS };

export const proofs = {
  ed25519: signedBy(alice),
  secp256k1: signedBy(carol),
  parties: {
    kind: 'multi_party',
    threshold: 2,
    signers: [party(alice), party(bob, false), party(carol)],
  } satisfies MultiPartyProof,
  attestation: { kind: 'tee_attestation', document: makeDocument(statement) } satisfies AttestationProof,
  zeroKnowledge: setup.prove(statement, [42n]),
} as const;
