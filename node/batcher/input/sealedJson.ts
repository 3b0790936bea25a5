/** Reads JSON of an input as settlement/input/sealedJson.ts writes it, whatever it says. */
import { accept, type Verdict } from '../../../consensus/primitives/codedError.ts';
import { sealOf } from '../../../settlement/input/sealedJson.ts';
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

/** @returns The transaction, of any shape; or `INPUT_JSON_INVALID`, `INPUT_JSON_UNSEALED`. */
export function readSealedJson(input: string): Verdict<unknown, InputCode> {
  const [, digest, text] = SEALED.exec(input) ?? [];
  if (digest === undefined || text === undefined)
    return refuseInput('INPUT_JSON_INVALID', INPUT_PATH, SHAPE_FIX);
  const expected = sealOf(text);
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
