/**
 * Inputs of targets that hand them on unread: `command|argument|…` of lower-case letters and digits, or sealed JSON. Only
 * the bars become hyphens in what is signed, so two such inputs of equal signed text are equal.
 */
import { accept, type Verdict } from '../../../consensus/primitives/codedError.ts';
import { type InputCode, refuseInput } from './codes.ts';
import { looksLikeJson, readSealedJson } from './sealedJson.ts';

const PLAIN = /^[a-z][a-z0-9]*(?:\|[a-z0-9]*)*$/;

/** What a plain input says: its parts, command first, or the JSON. */
export type PlainCommand =
  | { readonly type: 'parts'; readonly parts: readonly string[] }
  | { readonly type: 'json'; readonly value: unknown };

/** @returns Or `INPUT_COMMAND_UNKNOWN`, `INPUT_JSON_INVALID`, `INPUT_JSON_UNSEALED`. */
export function parsePlainInput(text: string): Verdict<PlainCommand, InputCode> {
  if (looksLikeJson(text)) {
    const sealed = readSealedJson(text);
    return sealed.ok ? accept({ type: 'json', value: sealed.value }) : sealed;
  }
  if (PLAIN.test(text)) return accept({ type: 'parts', parts: text.split('|') });
  const fix =
    'write `command|argument|…` in lower-case letters and digits, which what is signed can tell apart, or seal JSON';
  return refuseInput('INPUT_COMMAND_UNKNOWN', '/data/input', fix, { got: text.slice(0, 80) });
}
