/** From a wish to what is sent: the text that is signed, the signature, and JSON that says what the text hides. */
import { sha256 } from '@noble/hashes/sha2.js';
import { utf8ToBytes } from '@noble/hashes/utils.js';
import { signedTextOf } from '../../../settlement/input/signedText.ts';
import type { BatcherInput } from '../input/types.ts';
import { writeHex } from './hex.ts';
import type { InputSigner } from './signer.ts';

/** An input before it is signed. */
export interface WishedInput {
  /** `command|argument|…`, or what `sealTransaction` makes. */
  readonly input: string;
  /** Left out: the default target of the node. */
  readonly target?: string | undefined;
  /** Ms since 1970. The same wish at another time is another input. */
  readonly timestampMs: number;
}

/** What goes into the body of a request; a target that is left out is not in it. */
export type SignedInput = Omit<BatcherInput, 'target'> & { readonly target?: string };

/** What a signer is asked to sign. @param namespace - Of the node: `batcher.namespace` of `GET /status`. */
export function writeSignedText(wish: WishedInput, address: string, namespace: string): string {
  const { input, target, timestampMs } = wish;
  return signedTextOf({ target, timestamp: String(timestampMs), address, input }, namespace);
}

/** @throws What the signer throws, such as when the user of a wallet declines. */
export async function signInput(
  wish: WishedInput,
  signer: InputSigner,
  namespace: string,
): Promise<SignedInput> {
  const { input, target, timestampMs } = wish;
  const { address, addressType } = signer;
  const signature = await signer.sign(writeSignedText(wish, address, namespace));
  const signed = { address, addressType, input, signature, timestamp: String(timestampMs) };
  return target === undefined ? signed : { ...signed, target };
}

/** The text of an input that carries a transaction as JSON, sealed by its digest (docs/api.md, inputs). */
export function sealTransaction(transaction: unknown): string {
  const text = JSON.stringify(transaction);
  return `{"digest":"${writeHex(sha256(utf8ToBytes(text)))}","transaction":${text}}`;
}
