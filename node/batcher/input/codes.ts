/** Refusals of an input before it is stored: meaning (docs/errors.md), HTTP status, and whether the same bytes may pass later. */
import { type Refusal, refuse } from '../../../consensus/primitives/codedError.ts';

export const inputCodes = {
  INPUT_ADDRESS_INVALID: 'the address of the input is not one of its address type',
  INPUT_AMOUNT_INVALID: 'the amount of a command is not written as the grammar asks, or out of range',
  INPUT_ARGUMENT_INVALID: 'an argument of a command is not written as the grammar asks',
  INPUT_ARGUMENTS_MISCOUNTED: 'the command takes another number of arguments',
  INPUT_ASSET_AMBIGUOUS: 'what is signed for the asset of a command could also mean something else',
  INPUT_ASSET_UNKNOWN: 'the command names an asset that the ledger does not have',
  INPUT_COMMAND_UNKNOWN: 'the input is neither a command of the target nor sealed JSON',
  INPUT_FROM_FUTURE: 'the signed timestamp lies further ahead of this node than clocks may differ',
  INPUT_JSON_INVALID: 'the JSON of the input is not written as the grammar asks',
  INPUT_JSON_UNSEALED: 'the digest in the JSON of the input is not that of its transaction',
  INPUT_NEVER_FITS: 'the input is larger than the largest batch of its target',
  INPUT_RATE_LIMITED: 'this client or this account sends more inputs than the node takes from one',
  INPUT_REQUEST_INVALID: 'the request does not have the documented shape',
  INPUT_SIGNATURE_INVALID: 'the account did not sign this input',
  INPUT_STALE: 'the signed timestamp is older than the node takes',
  INPUT_TARGET_UNKNOWN: 'the node has no target of that name',
  INPUT_TOO_LARGE: 'the text of the input is above the limit',
} as const;

export type InputCode = keyof typeof inputCodes;

export interface InputAnswer {
  readonly status: 400 | 401 | 404 | 413 | 422 | 429;
  readonly retryable: boolean;
}

const final = (status: InputAnswer['status']): InputAnswer => ({ status, retryable: false });

/** How each is answered over HTTP. */
export const inputAnswers = {
  INPUT_ADDRESS_INVALID: final(400),
  INPUT_AMOUNT_INVALID: final(400),
  INPUT_ARGUMENT_INVALID: final(400),
  INPUT_ARGUMENTS_MISCOUNTED: final(400),
  INPUT_ASSET_AMBIGUOUS: final(400),
  INPUT_ASSET_UNKNOWN: final(400),
  INPUT_COMMAND_UNKNOWN: final(400),
  // Later the same timestamp is fresh.
  INPUT_FROM_FUTURE: { status: 400, retryable: true },
  INPUT_JSON_INVALID: final(400),
  INPUT_JSON_UNSEALED: final(400),
  INPUT_NEVER_FITS: final(422),
  INPUT_RATE_LIMITED: { status: 429, retryable: true },
  INPUT_REQUEST_INVALID: final(400),
  INPUT_SIGNATURE_INVALID: final(401),
  INPUT_STALE: final(400),
  INPUT_TARGET_UNKNOWN: final(404),
  INPUT_TOO_LARGE: final(413),
} as const satisfies Readonly<Record<InputCode, InputAnswer>>;

/**
 * A refusal that says where and what to do.
 * @param path - Place in the body of the request, a JSON pointer; empty: all of it.
 * @param fix - What makes it pass.
 */
export function refuseInput(
  code: InputCode,
  path: string,
  fix: string,
  details: Readonly<Record<string, unknown>> = {},
): Refusal<InputCode> {
  const place = path === '' ? 'the body' : path;
  return refuse(code, `${place}: ${inputCodes[code]}: ${fix}`, { path, ...details });
}
