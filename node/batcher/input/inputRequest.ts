/** The body of `POST /send-input`: from JSON of any shape to an input whose parts have the forms that what is signed needs. */
import { utf8ByteCount } from '../../../consensus/primitives/bytes.ts';
import { accept, type Refusal, type Verdict } from '../../../consensus/primitives/codedError.ts';
import { INPUT_BYTES_MAX } from '../../../settlement/input/inputText.ts';
import { addressTypes } from '../../../settlement/input/signedText.ts';
import type { AddressType } from '../../../settlement/input/types.ts';
import { confirmationLevels, isConfirmationLevel } from '../criteria/confirmationLevel.ts';
import { type InputCode, refuseInput } from './codes.ts';
import type { BatcherInput, InputRequest } from './types.ts';

/** Longest of the other texts, in characters: far above a signature. */
const TEXT_LENGTH_MAX = 256;

type Fields = Readonly<Record<string, unknown>>;

/** Keys by place; others are refused, for a misspelt one would be ignored. */
const bodyKeys = ['data', 'confirmationLevel'];
const dataKeys = ['address', 'addressType', 'input', 'signature', 'timestamp', 'target'];

/**
 * Judges the shape alone: whether the account signed it, and when, is asked later.
 * @returns Or `INPUT_REQUEST_INVALID`, `INPUT_TOO_LARGE`, `INPUT_ADDRESS_INVALID`, with the place.
 */
export function readInputRequest(body: unknown): Verdict<InputRequest, InputCode> {
  if (!isFields(body)) return refuseShape('', 'send an object with `data`');
  const { data, confirmationLevel } = body;
  const strange = findStrangeKey(body, bodyKeys, '');
  if (strange !== undefined) return strange;
  if (!isFields(data)) return refuseShape('/data', `send an object with ${dataKeys.join(', ')}`);
  if (confirmationLevel !== undefined && !isConfirmationLevel(confirmationLevel))
    return refuseShape(
      '/confirmationLevel',
      `write one of ${confirmationLevels.join(', ')}, or leave it out`,
    );
  const problem = findStrangeKey(data, dataKeys, '/data') ?? findTextProblem(data);
  if (problem !== undefined) return problem;
  const read = readData(data);
  return read.ok ? accept({ data: read.value, confirmationLevel }) : read;
}

/** @param data - Whose texts are texts. */
function readData(data: Fields): Verdict<BatcherInput, InputCode> {
  const { addressType } = data;
  const { address, input, signature, timestamp, target } = data as unknown as Omit<
    BatcherInput,
    'addressType'
  >;
  if (addressType !== addressTypes.evm && addressType !== addressTypes.ed25519)
    return refuseShape('/data/addressType', 'write 0 for an EVM account, 200 for an ed25519 key');
  if (!addressPatterns[addressType].test(address))
    return refuseInput('INPUT_ADDRESS_INVALID', '/data/address', addressFixes[addressType]);
  if (!/^[1-9][0-9]{12}$/.test(timestamp))
    return refuseShape('/data/timestamp', 'write ms since 1970 as text of 13 digits');
  return accept({ address, addressType, input, signature, timestamp, target });
}

const addressPatterns: Readonly<Record<AddressType, RegExp>> = {
  0: /^0x[0-9a-fA-F]{40}$/,
  200: /^0x[0-9a-fA-F]{64}$/,
};
const addressFixes: Readonly<Record<AddressType, string>> = {
  0: 'write 0x and 40 hex digits, or another address type',
  200: 'write the public key as 0x and 64 hex digits, or another address type',
};

/** All texts are texts, and not too long; an input may be empty here, which no grammar takes. */
function findTextProblem(data: Fields): Refusal<InputCode> | undefined {
  for (const key of ['address', 'input', 'signature', 'timestamp', 'target']) {
    const text = data[key];
    if (key === 'target' && text === undefined) continue;
    if (typeof text !== 'string') return refuseShape(`/data/${key}`, 'write text');
    if (key !== 'input' && text.length > TEXT_LENGTH_MAX)
      return refuseShape(`/data/${key}`, `write at most ${TEXT_LENGTH_MAX} characters`);
  }
  const input = data.input as string;
  const size = utf8ByteCount(input);
  if (size > INPUT_BYTES_MAX) {
    const fix = `send at most ${INPUT_BYTES_MAX} bytes`;
    return refuseInput('INPUT_TOO_LARGE', '/data/input', fix, { size, max: INPUT_BYTES_MAX });
  }
  // Half of a pair is no text: it would be stored as something else.
  return /\p{Surrogate}/u.test(input) ? refuseShape('/data/input', 'write well-formed Unicode') : undefined;
}

function findStrangeKey(
  fields: Fields,
  known: readonly string[],
  path: string,
): Refusal<InputCode> | undefined {
  const strange = Object.keys(fields).find((key) => !known.includes(key));
  if (strange === undefined) return undefined;
  return refuseShape(`${path}/${strange.slice(0, 80)}`, `leave it out; known are ${known.join(', ')}`);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function refuseShape(path: string, fix: string): Refusal<InputCode> {
  return refuseInput('INPUT_REQUEST_INVALID', path, fix);
}
