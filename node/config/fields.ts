/**
 * Building blocks of the configuration schema: each field carries its default, unit, description and the words with
 * which a wrong value is answered, so that schema, config.yaml, messages and JSON Schema come from one place.
 */
import { z } from 'zod';
import { AMOUNT_MAX } from '../../consensus/primitives/flavor.ts';

/** What is known of a field beside its type. */
export interface FieldMeta {
  readonly description: string;
  /** `ms`, `blocks`, `bps`, … */
  readonly unit?: string;
  /** Name of the feature without which only the default is accepted (`NOT_AVAILABLE_YET`). */
  readonly feature?: string;
}

const amountPattern = /^(?:0|[1-9][0-9]{0,38})$/;

/** The words for a wrong amount; shared with scenarios. */
export const AMOUNT_EXPECTED = 'a whole number of smallest units from 0 to 2^128-1, above 2^53 in quotes';

export function integerExpected(min: number, max: number): string {
  return max === Number.MAX_SAFE_INTEGER ? `an integer >= ${min}` : `an integer from ${min} to ${max}`;
}

export function integer(defaultValue: number, min: number, max: number, meta: FieldMeta) {
  const error = integerExpected(min, max);
  return z
    .int({ error })
    .min(min, { error })
    .max(max, { error })
    .default(defaultValue)
    .meta({ ...meta });
}

/** An integer that may be left to a rule given in the description: `null`. */
export function optionalInteger(min: number, max: number, meta: FieldMeta) {
  const error = `${integerExpected(min, max)}, or null`;
  return z
    .union([z.int({ error }).min(min, { error }).max(max, { error }), z.null()], { error })
    .default(null)
    .meta({ ...meta });
}

export function bps(defaultValue: number, meta: Omit<FieldMeta, 'unit'>) {
  return integer(defaultValue, 0, 10_000, { ...meta, unit: 'bps' });
}

/** An amount without default, for lists and records: a decimal string, or a safe integer. */
export function amountValue(error = AMOUNT_EXPECTED) {
  return z.union(
    [
      z.string().refine((text) => amountPattern.test(text) && BigInt(text) <= AMOUNT_MAX, { error }),
      z.int({ error }).min(0, { error }),
    ],
    { error },
  );
}

export function amount(defaultValue: string, meta: FieldMeta) {
  return amountValue()
    .default(defaultValue)
    .meta({ ...meta });
}

export function optionalAmount(meta: FieldMeta) {
  const error = `${AMOUNT_EXPECTED}, or null`;
  return z
    .union([amountValue(error), z.null()], { error })
    .default(null)
    .meta({ ...meta });
}

export function flag(defaultValue: boolean, meta: FieldMeta) {
  return z
    .boolean({ error: 'true or false' })
    .default(defaultValue)
    .meta({ ...meta });
}

export function choice<const Choices extends readonly [string, ...string[]]>(
  choices: Choices,
  defaultValue: Choices[number],
  meta: FieldMeta,
) {
  return z
    .enum(choices, { error: `one of ${choices.join(', ')}` })
    .default(defaultValue as never)
    .meta({ ...meta });
}

export function text(defaultValue: string, meta: FieldMeta) {
  return z
    .string({ error: 'text' })
    .max(1024, { error: 'text of at most 1024 characters' })
    .default(defaultValue)
    .meta({ ...meta });
}

export function textList(meta: FieldMeta) {
  return z
    .array(z.string({ error: 'text' }), { error: 'a list of texts' })
    .max(1024, { error: 'at most 1024 entries' })
    .default([])
    .meta({ ...meta });
}

/** Names of validators, accounts and assets: what fits into a file name, a label and a command line unquoted. */
export const namePattern = /^[A-Za-z0-9][A-Za-z0-9_.:@-]{0,63}$/;
export const NAME_EXPECTED = 'a name of 1 to 64 letters, digits, `_`, `.`, `:`, `@` or `-`';

export function name() {
  return z.string({ error: NAME_EXPECTED }).regex(namePattern, { error: NAME_EXPECTED });
}

/** Symbols are keys of plain records, so names that every record inherits are left out. */
export const symbolPattern =
  /^(?!(?:constructor|hasOwnProperty|isPrototypeOf|toLocaleString|toString|valueOf)$)[A-Za-z][A-Za-z0-9.]{0,15}$/;
export const SYMBOL_EXPECTED = 'an asset symbol: a letter, then up to 15 letters, digits or dots';

export function symbol() {
  return z.string({ error: SYMBOL_EXPECTED }).regex(symbolPattern, { error: SYMBOL_EXPECTED });
}

/** A group of keys; absent means all its defaults. */
export function group<Shape extends z.ZodRawShape>(shape: Shape, description: string) {
  return z
    .strictObject(shape, { error: (issue) => (issue.code === 'invalid_type' ? 'a map of keys' : undefined) })
    .prefault({} as never)
    .meta({ description });
}

export const publicKeyPattern = /^0x[0-9a-f]{64}$/;
const PUBLIC_KEY_EXPECTED = 'an ed25519 public key (0x and 64 lower-case hex digits)';
/** A key, or an EVM address. */
const addressPattern = /^0x(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const ADDRESS_EXPECTED = 'an address (0x and 40 or 64 lower-case hex digits)';

export function publicKey() {
  return z.string({ error: PUBLIC_KEY_EXPECTED }).regex(publicKeyPattern, { error: PUBLIC_KEY_EXPECTED });
}

/** A key that may be left to a rule given in the description: empty text. */
export function optionalPublicKey(meta: FieldMeta) {
  const error = `${PUBLIC_KEY_EXPECTED}, or empty text`;
  return z
    .string({ error })
    .refine((text) => text === '' || publicKeyPattern.test(text), { error })
    .default('')
    .meta({ ...meta });
}

export function address() {
  return z.string({ error: ADDRESS_EXPECTED }).regex(addressPattern, { error: ADDRESS_EXPECTED });
}
