/**
 * JSON in an input: `{"digest":"0x…","transaction":…}`, where the digest is the SHA-256 of the transaction's own text.
 *
 * JSON is mostly punctuation, and what is signed shows none of it: brackets, quotes, signs and letter case of any text
 * inside are gone. The digest is letters and digits at a fixed place, so the signature covers it, and through it every
 * byte: two inputs of equal signed text have equal digests, hence equal transactions, hence are equal. Restricting what
 * JSON may hold until its folded form is unique would rule out free text and mixed case and be harder to get right; a
 * signature inside would make users sign twice. The transaction is written as `JSON.stringify` writes it, so every reader
 * sees one value: no key twice, no number in two forms.
 */
import { utf8 } from '../../../consensus/primitives/bytes.ts';
import { accept, type Verdict } from '../../../consensus/primitives/codedError.ts';
import { hashPrefixed } from '../../../consensus/primitives/hash.ts';
import { type InputCode, refuseInput } from './codes.ts';

/** Deepest nesting: twice what a proof of a settlement needs, far from what a recursive reader can take. */
export const JSON_DEPTH_MAX = 32;

const SEALED = /^\{"digest":"(0x[0-9a-f]{64})","transaction":([\s\S]*)\}$/;
const INPUT_PATH = '/data/input';
const SHAPE_FIX =
  'write {"digest":"0x…","transaction":…} without blanks, digest being the SHA-256 of the text of the transaction';

/** True for what means to be JSON. */
export function looksLikeJson(text: string): boolean {
  return /^\s*[{[]/.test(text);
}

/** The text of an input that carries this transaction. @param transaction - Plain JSON. */
export function sealJson(transaction: unknown): string {
  const text = JSON.stringify(transaction);
  return `{"digest":"${digestOf(text)}","transaction":${text}}`;
}

/** @returns The transaction, of any shape; or `INPUT_JSON_INVALID`, `INPUT_JSON_UNSEALED`. */
export function readSealedJson(input: string): Verdict<unknown, InputCode> {
  const [, digest, text] = SEALED.exec(input) ?? [];
  if (digest === undefined || text === undefined)
    return refuseInput('INPUT_JSON_INVALID', INPUT_PATH, SHAPE_FIX);
  const expected = digestOf(text);
  if (digest !== expected) {
    const fix = `write ${expected}, and sign again`;
    return refuseInput('INPUT_JSON_UNSEALED', `${INPUT_PATH}/digest`, fix, { expected, got: digest });
  }
  const path = `${INPUT_PATH}/transaction`;
  if (isTooDeep(text)) {
    return refuseInput('INPUT_JSON_INVALID', path, `nest at most ${JSON_DEPTH_MAX} deep`);
  }
  const value = parse(text);
  if (value === undefined || JSON.stringify(value) !== text) {
    return refuseInput('INPUT_JSON_INVALID', path, 'write it as JSON.stringify does, each key once');
  }
  return accept(value);
}

function digestOf(text: string): string {
  return hashPrefixed(utf8(text));
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Before it is parsed: what writes JSON again goes as deep as the value. */
function isTooDeep(text: string): boolean {
  let depth = 0;
  for (const mark of text.replace(/"(?:[^"\\]|\\.)*"/g, '')) {
    if (mark === '{' || mark === '[') depth += 1;
    if (mark === '}' || mark === ']') depth -= 1;
    if (depth > JSON_DEPTH_MAX) return true;
  }
  return false;
}
