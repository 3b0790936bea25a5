/**
 * Signatures over the text of an input, as the ledger holds them. They are really made and checked under each crypto policy,
 * for users' wallets make them.
 */
import { isKeyAddress } from '../../consensus/primitives/address.ts';
import { fromHex, utf8 } from '../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../consensus/primitives/ed25519.ts';
import type { Address } from '../../consensus/primitives/flavor.ts';
import { isPersonallySigned, withPlainRecovery } from '../../consensus/primitives/personalSign.ts';
import { RECOVERABLE_SIGNATURE_BYTES } from '../../consensus/primitives/recoverable.ts';
import type { Signature } from '../../consensus/primitives/signature.ts';

/**
 * Whether the account signed this text. Strict, so that nobody but the account can make another signature of one: the low s,
 * and the recovery bit in one spelling.
 */
export function isTextSigned(account: Address, signedText: string, signature: Signature): boolean {
  if (isKeyAddress(account)) return ed25519.verify(fromHex(account), utf8(signedText), signature);
  if ((signature[RECOVERABLE_SIGNATURE_BYTES - 1] ?? 2) > 1) return false;
  return isPersonallySigned(account, signedText, signature);
}

/** The signature as the ledger holds it. @param signature - Of a wallet, with whatever recovery byte it writes. */
export function ledgerSignatureOf(account: Address, signature: Signature): Signature {
  return isKeyAddress(account) ? signature : withPlainRecovery(signature);
}
