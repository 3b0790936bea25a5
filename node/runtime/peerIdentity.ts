/**
 * The statement that binds a libp2p identity to a validator: signed with the validator's key over chain and libp2p public
 * key. The connection itself proves that the peer holds the libp2p key, so a copied statement helps nobody.
 */
import { fromHex, toHex } from '../../consensus/primitives/bytes.ts';
import { decode, encode, Writer } from '../../consensus/primitives/codec.ts';
import { refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash, PublicKey, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { domains } from '../../consensus/primitives/hash.ts';
import {
  SIGNATURE_BYTES,
  type Signature,
  type Signer,
  type Verifier,
} from '../../consensus/primitives/signature.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';

/** Largest statement, in bytes: a public key and a signature. */
export const STATEMENT_BYTES = 32 + SIGNATURE_BYTES;

interface Statement {
  readonly validator: PublicKey;
  readonly signature: Signature;
}

/** @param peerKey - The libp2p public key, 32 bytes. */
export function createStatement(chainId: Hash, peerKey: Uint8Array, signer: Signer): Uint8Array {
  const signature = signer.sign(statementSigningBytes(chainId, peerKey));
  return encode(
    (writer) => writer.fixed(fromHex(signer.publicKey), 32).fixed(signature, SIGNATURE_BYTES),
    STATEMENT_BYTES,
  );
}

/**
 * Says which validator a peer is.
 * @param peerKey - The libp2p public key that the connection proved.
 * @returns Its index, or `PEER_STATEMENT_INVALID` or `PEER_UNKNOWN`.
 */
export function verifyStatement(
  bytes: Uint8Array,
  peerKey: Uint8Array,
  network: { readonly chainId: Hash; readonly validators: ValidatorSet; readonly verifier: Verifier },
): Verdict<ValidatorIndex, 'PEER_STATEMENT_INVALID' | 'PEER_UNKNOWN'> {
  const decoded = decode<Statement>(bytes, (reader) => ({
    validator: toHex(reader.fixed(32)),
    signature: reader.fixed(SIGNATURE_BYTES),
  }));
  if (!decoded.ok) return refuse('PEER_STATEMENT_INVALID', decoded.message);
  const { validator, signature } = decoded.value;
  const index = network.validators.indexOf(validator);
  if (index === undefined) return refuse('PEER_UNKNOWN', `${validator} is no validator of this chain`);
  const message = statementSigningBytes(network.chainId, peerKey);
  if (!network.verifier.verify(validator, message, signature)) {
    return refuse('PEER_STATEMENT_INVALID', 'the signature does not bind this connection to that validator');
  }
  return { ok: true, value: index };
}

function statementSigningBytes(chainId: Hash, peerKey: Uint8Array): Uint8Array {
  return new Writer(65).u8(domains.peerIdentity).hash(chainId).fixed(peerKey, 32).finish();
}
