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
import { utf8 } from '../../consensus/primitives/bytes.ts';
import { hashPrefixed } from '../../consensus/primitives/hash.ts';

/** The text of an input that carries this transaction. @param transaction - Plain JSON. */
export function sealJson(transaction: unknown): string {
  const text = JSON.stringify(transaction);
  return `{"digest":"${sealOf(text)}","transaction":${text}}`;
}

/** The digest that stands beside the text of a transaction. */
export function sealOf(text: string): string {
  return hashPrefixed(utf8(text));
}
