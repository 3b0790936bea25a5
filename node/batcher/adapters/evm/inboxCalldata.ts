/**
 * The calldata of a batch: whoever reads the chain finds in it all that users signed, and their signatures.
 *
 * `postInputs(bytes)` in the contract ABI, so that an account and a contract can both be posted to; the bytes are in the
 * canonical encoding of this program (codec.ts), so one batch has one calldata: version, namespace, inputs.
 */
import { fromHex, isHex, toHex, utf8, utf8ByteCount } from '../../../../consensus/primitives/bytes.ts';
import {
  DecodeError,
  decode,
  encode,
  type Reader,
  type Writer,
} from '../../../../consensus/primitives/codec.ts';
import { refuse, type Verdict } from '../../../../consensus/primitives/codedError.ts';
import { addressTypes } from '../../../../settlement/input/signedText.ts';
import type { AddressType } from '../../../../settlement/input/types.ts';
import type { BatcherInput } from '../../input/types.ts';

/** What one calldata says. The signed text of each input follows from it (signedText.ts). */
export interface PostedBatch {
  readonly namespace: string;
  /** Addresses, types and signatures in lower case; no target where the default one was meant. */
  readonly inputs: readonly BatcherInput[];
}

/** First four bytes of the Keccak-256 of `postInputs(bytes)`. */
export const POST_INPUTS_SELECTOR = '0x9e4c06e1';

const VERSION = 1;
const WORD_BYTES = 32;
/** Selector, offset and count of the argument. */
const ABI_HEAD_BYTES = 4 + 2 * WORD_BYTES;
const NAMESPACE_BYTES_MAX = 1024;
const TARGET_BYTES_MAX = 64;
const TEXT_BYTES_MAX = 2 ** 20;
const INPUTS_MAX = 100_000;
const TIMESTAMP = /^[1-9][0-9]{12}$/;

const kinds: Readonly<
  Record<AddressType, { readonly addressBytes: number; readonly signatureBytes: number }>
> = {
  [addressTypes.evm]: { addressBytes: 20, signatureBytes: 65 },
  [addressTypes.ed25519]: { addressBytes: 32, signatureBytes: 64 },
};

/** @param batch - Inputs that passed the door: their addresses, signatures and timestamps have the form of their type. */
export function encodeInboxCalldata({ namespace, inputs }: PostedBatch): string {
  const payload = encode((writer) => {
    writer.u8(VERSION).string(namespace, NAMESPACE_BYTES_MAX);
    writer.list(inputs, INPUTS_MAX, writeInput);
  });
  const words = Math.ceil(payload.length / WORD_BYTES);
  const argument = new Uint8Array((2 + words) * WORD_BYTES);
  const view = new DataView(argument.buffer);
  view.setUint32(WORD_BYTES - 4, WORD_BYTES);
  view.setUint32(2 * WORD_BYTES - 4, payload.length);
  argument.set(payload, 2 * WORD_BYTES);
  return POST_INPUTS_SELECTOR + toHex(argument).slice(2);
}

/**
 * Reads calldata of a transaction to the inbox. Anybody may post there: signatures are the reader's to check.
 * @returns Or `ENCODING_INVALID` for anything `encodeInboxCalldata` would not have written.
 */
export function decodeInboxCalldata(calldata: string): Verdict<PostedBatch, 'ENCODING_INVALID'> {
  const text = calldata.toLowerCase();
  if (!text.startsWith(POST_INPUTS_SELECTOR) || !isHex(text, (text.length - 2) / 2))
    return refuse('ENCODING_INVALID', `calldata does not begin with ${POST_INPUTS_SELECTOR}`);
  const argument = fromHex(`0x${text.slice(POST_INPUTS_SELECTOR.length)}`);
  const byteCount =
    argument.length < 2 * WORD_BYTES ? 0 : new DataView(argument.buffer, argument.byteOffset).getUint32(60);
  const payload = argument.subarray(2 * WORD_BYTES, 2 * WORD_BYTES + byteCount);
  const read = decode(payload, readBatch);
  if (!read.ok) return read;
  const isCanonical = encodeInboxCalldata(read.value) === text;
  return isCanonical ? read : refuse('ENCODING_INVALID', 'the argument is not encoded as the ABI asks');
}

/** Bytes of calldata that a batch begins with, padding of its end included. */
export function inboxHeadBytes(namespace: string): number {
  return ABI_HEAD_BYTES + 1 + 2 + utf8ByteCount(namespace) + 4 + (WORD_BYTES - 1);
}

/** Bytes that one input adds. */
export function postedInputBytes({ addressType, target = '', input }: BatcherInput): number {
  const { addressBytes, signatureBytes } = kinds[addressType];
  return 2 + addressBytes + 8 + 2 + utf8ByteCount(target) + 4 + utf8ByteCount(input) + signatureBytes;
}

/** What an input adds besides its text, at most. */
export const POSTED_OVERHEAD_BYTES_MAX = 2 + 32 + 8 + 2 + TARGET_BYTES_MAX + 4 + 65;

function writeInput(writer: Writer, input: BatcherInput): void {
  const { addressBytes, signatureBytes } = kinds[input.addressType];
  writer
    .u16(input.addressType)
    .fixed(fromHex(input.address.toLowerCase()), addressBytes)
    .u64(Number(input.timestamp))
    .string(input.target ?? '', TARGET_BYTES_MAX)
    .bytes(utf8(input.input), TEXT_BYTES_MAX)
    .fixed(fromHex(input.signature.toLowerCase()), signatureBytes);
}

function readBatch(reader: Reader): PostedBatch {
  const version = reader.u8();
  if (version !== VERSION) throw new DecodeError(`version ${version} is unknown`);
  return { namespace: reader.string(NAMESPACE_BYTES_MAX), inputs: reader.list(INPUTS_MAX, readInput) };
}

function readInput(reader: Reader): BatcherInput {
  const addressType = reader.u16();
  if (addressType !== addressTypes.evm && addressType !== addressTypes.ed25519)
    throw new DecodeError(`address type ${addressType} is unknown`);
  const { addressBytes, signatureBytes } = kinds[addressType];
  const address = toHex(reader.fixed(addressBytes));
  const timestamp = String(reader.u64());
  if (!TIMESTAMP.test(timestamp)) throw new DecodeError(`timestamp ${timestamp} has not 13 digits`);
  const target = reader.string(TARGET_BYTES_MAX);
  const input = readText(reader);
  const signature = toHex(reader.fixed(signatureBytes));
  return { address, addressType, input, signature, timestamp, target: target === '' ? undefined : target };
}

function readText(reader: Reader): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(reader.bytes(TEXT_BYTES_MAX));
  } catch (cause) {
    if (cause instanceof DecodeError) throw cause;
    throw new DecodeError('text is not UTF-8');
  }
}
