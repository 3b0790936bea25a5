/** A user's input as a ledger transaction: of one input every node makes the same one. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { Signature } from '../../consensus/primitives/signature.ts';
import { ledgerSignatureOf } from '../input/inputSignature.ts';
import type { SignedInput } from '../input/types.ts';
import {
  type EncodedTransaction,
  encodeTransaction,
  type Transaction,
  transactionId,
} from './transaction.ts';

/** Whether a transaction is a user's input, which takes no nonce. */
export function isInputTransaction({ auth }: Pick<Transaction, 'auth'>): boolean {
  return auth.type === 'input';
}

/**
 * The transaction that an input is.
 * @param signature - As the wallet gave it; whether it holds is judged by `verifyTransaction`.
 */
export function createInputTransaction(
  chainId: Hash,
  { from, timestamp, target, form, body, cosignatures }: SignedInput,
  signature: Signature,
): EncodedTransaction {
  const unsigned = { chainId, from, nonce: 0, expiresAtHeight: 0, onlyAtHeight: 0, body };
  const auth = {
    type: 'input',
    form,
    timestamp,
    target,
    signature: ledgerSignatureOf(from, signature),
  } as const;
  const transaction: Transaction =
    cosignatures.length === 0 ? { ...unsigned, auth } : { ...unsigned, auth, cosignatures };
  const bytes = encodeTransaction(transaction);
  const signingBytes = bytes.subarray(0, bytes.length - auth.signature.length);
  return { transaction, id: transactionId(transaction), signingBytes, bytes };
}
