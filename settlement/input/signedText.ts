/**
 * The text that a user signs. Clients in browsers make it with this very file, so it stands on nothing.
 *
 * The text is lossy: its parts stand together without marks, and every character but letters and digits becomes a hyphen.
 * That no two inputs of one account share a text rests on three things. A timestamp has 13 digits and an address begins
 * with `0x` and has the length of its kind, so where the target ends and the input begins can be told (names of targets
 * keep digits out of the way: node/batcher/input/target.ts). And each target has a grammar of canonical forms that stay
 * apart in the text (`command.ts`, `sealedJson.ts`).
 *
 * The text names no chain: it is fixed by the clients that there are. Chains are told apart by their namespace, and one
 * input is good on every chain that has the same.
 */
import type { AddressType } from './types.ts';

const HYPHEN = 0x2d;

/** What each ASCII character becomes. */
const FOLDED_CODES = Uint8Array.from({ length: 128 }, (_, code) => {
  const character = String.fromCharCode(code);
  return /[a-zA-Z0-9]/.test(character) ? character.toLowerCase().charCodeAt(0) : HYPHEN;
});

/** Address types that there are, and whether the address is an ed25519 key. */
export const addressTypes = { evm: 0, ed25519: 200 } as const satisfies Record<string, AddressType>;

/** What of an input is signed: texts as they came. */
export interface SignedParts {
  /** Undefined: none is named; it counts as empty. */
  readonly target: string | undefined;
  /** Ms since 1970, 13 digits. */
  readonly timestamp: string;
  readonly address: string;
  readonly input: string;
}

/**
 * What wallets are given to sign: all parts, every UTF-16 code unit but `[a-zA-Z0-9]` as a hyphen, in lower case.
 * @param namespace - Of the node: `batcher.namespace`.
 */
export function signedTextOf({ target, timestamp, address, input }: SignedParts, namespace: string): string {
  return foldText(namespace + (target ?? '') + timestamp + address + input);
}

/**
 * One character for each UTF-16 code unit, so no letter of another alphabet comes out as one of these. A table is three times as
 * fast as patterns, and every validator folds every input.
 */
export function foldText(text: string): string {
  const folded = new Uint8Array(text.length);
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    folded[index] = code < FOLDED_CODES.length ? (FOLDED_CODES[code] as number) : HYPHEN;
  }
  return new TextDecoder().decode(folded);
}
