/**
 * Whether a transaction is the input that its account signed, and the id of that input.
 *
 * One transaction is one input, and the other way round. The text is written from everything that the transaction's id
 * covers, so equal ids are equal texts. And equal texts of one account are equal ids: the target is one of three names of
 * which none begins like another followed by digits, timestamp and address have fixed lengths, a sealed JSON is named by its
 * digest, and a command is judged to be one that the text can tell from all others (`findInputProblem`).
 */
import { isKeyAddress } from '../../consensus/primitives/address.ts';
import { type Refusal, refuse } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash } from '../../consensus/primitives/flavor.ts';
import type { Signature } from '../../consensus/primitives/signature.ts';
import { isAmbiguousSymbol } from '../input/commandAssets.ts';
import { isTextSigned } from '../input/inputSignature.ts';
import { INPUT_BYTES_MAX, inputTextOf } from '../input/inputText.ts';
import { batchTextBytes } from '../input/inputTextBytes.ts';
import { requestIdOf } from '../input/requestId.ts';
import { addressTypes, signedTextOf } from '../input/signedText.ts';
import type { InputBody, InputRules, SignedInput } from '../input/types.ts';
import type { LedgerRules } from '../ledger/types.ts';
import type { InputAuth } from './auth.ts';
import type { TransactionBody } from './transactionBody.ts';

/** Of a transaction, what makes it an input. */
export interface InputParts {
  readonly from: Address;
  readonly body: TransactionBody;
  readonly auth: InputAuth;
  readonly cosignatures?: readonly Signature[];
}

/** What inputs are judged by; part of genesis. */
export interface InputJudgement {
  readonly inputs: InputRules;
  readonly ledger: LedgerRules;
}

export type InputProblem = 'TRANSACTION_INPUT_INVALID' | 'TRANSACTION_SIGNATURE_INVALID';

/** True for what inputs can ask for, in that form. What only the oracle may do is nothing for users. */
export function isInputBody(body: TransactionBody, form: InputAuth['form']): body is InputBody {
  switch (body.type) {
    case 'borrow':
    case 'repay':
    case 'deposit':
    case 'withdraw':
    case 'transfer':
      return true;
    case 'liquidate':
      return body.exactCollateral === undefined;
    case 'atomic_batch':
      return form === 'json';
    default:
      return false;
  }
}

/** What the account of an input transaction signed. @param parts - Whose body inputs can ask for. */
export function signedInputOf({ from, body, auth, cosignatures = [] }: InputParts): SignedInput {
  const { timestamp, target, form } = auth;
  return { from, timestamp, target, form, body: body as InputBody, cosignatures };
}

/** The text that the account of an input signs. */
export function signedTextOfInput(input: SignedInput, namespace: string): string {
  const { from, timestamp, target } = input;
  const parts = { target, timestamp: String(timestamp), address: from as string, input: inputTextOf(input) };
  return signedTextOf(parts, namespace);
}

/** The id under which callers of the batcher know the input, and the key of its mark. */
export function inputRequestId(parts: InputParts, namespace: string): Hash {
  return requestIdOfText(parts.from, signedTextOfInput(signedInputOf(parts), namespace));
}

/**
 * Judges an input by itself: whether it is one that the door of a batcher would let in, and signed by its account. Time and
 * mark are the state's business.
 * @returns Undefined: it holds.
 */
export function findInputProblem(
  parts: InputParts,
  { inputs, ledger }: InputJudgement,
): Refusal<InputProblem> | undefined {
  const { from, auth } = parts;
  if (auth.target === undefined && !inputs.takesUntargeted) {
    return refuseInput('it names no target, and means another one than this ledger');
  }
  const input = signedInputOf(parts);
  const reason = findBodyProblem(input, ledger);
  if (reason !== undefined) return refuseInput(reason);
  if (isTextSigned(from, signedTextOfInput(input, inputs.namespace), auth.signature)) return undefined;
  return refuse('TRANSACTION_SIGNATURE_INVALID', 'the account did not sign the text of this input', {
    address: from,
  });
}

/** A batch is told from others by its digest; limits of it are judged where it is executed. */
function findBodyProblem(input: SignedInput, { assets }: LedgerRules): string | undefined {
  const { body, form } = input;
  if (body.type === 'atomic_batch') {
    // As the door has it; told before a text is written.
    return batchTextBytes(body) > INPUT_BYTES_MAX
      ? `the text is longer than ${INPUT_BYTES_MAX} bytes`
      : undefined;
  }
  if (body.amount === 0n) return 'an amount of zero is no input';
  const symbols = assets.map(({ symbol }) => symbol);
  const named = body.type === 'liquidate' ? [body.debtAsset, body.collateralAsset] : [body.asset];
  for (const symbol of named) {
    // One that looks like another in the text would be a way to make somebody's input fail.
    if (!symbols.includes(symbol)) return `the ledger has no asset ${symbol}`;
    if (form === 'command' && isAmbiguousSymbol(symbol, symbols)) {
      return `what is signed for ${symbol} could also mean something else`;
    }
  }
  return undefined;
}

function requestIdOfText(from: Address, signedText: string): Hash {
  const type = isKeyAddress(from) ? addressTypes.ed25519 : addressTypes.evm;
  return requestIdOf(type, from as string, signedText);
}

function refuseInput(reason: string): Refusal<'TRANSACTION_INPUT_INVALID'> {
  return refuse('TRANSACTION_INPUT_INVALID', reason, { reason });
}
