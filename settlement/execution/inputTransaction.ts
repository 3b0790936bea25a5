/** A user's input as a ledger transaction: of one input every node makes the same one. */
import { accept, refuse, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { Signature, Verifier } from '../../consensus/primitives/signature.ts';
import { ledgerSignatureOf } from '../input/inputSignature.ts';
import type { SignedInput } from '../input/types.ts';
import type { InputJudgement, InputParts } from './inputAuth.ts';
import {
  type DecodedTransaction,
  type EncodedTransaction,
  encodeTransaction,
  type Transaction,
  transactionId,
  verifyTransaction,
} from './transaction.ts';

/** An input shows no signature but real ones, which no policy of signatures is asked about. */
const noVerifier: Verifier = { verify: () => false };

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

/**
 * Checks of bytes that came from anybody that they are an input, and that its account signed it for this ledger. Whether it may
 * be executed, the state says.
 * @param chain - Of genesis.
 */
export function verifyInputTransaction(
  decoded: DecodedTransaction,
  chain: InputJudgement & { readonly chainId: Hash },
): Verdict<InputParts> {
  const { auth } = decoded.transaction;
  if (auth.type !== 'input') return refuse('TRANSACTION_INPUT_INVALID', 'it is no input of a user');
  const verified = verifyTransaction(decoded, chain, noVerifier);
  return verified.ok ? accept({ ...decoded.transaction, auth }) : verified;
}
