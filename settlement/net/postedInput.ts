/**
 * What anybody may post on the settlement chain for the sidechain to execute: bytes that this chain carries and does not
 * read. Whoever censors an account on the sidechain cannot keep a header from naming the block that holds them
 * (docs/protocol.md, posted inputs). settlement/execution/postedInputs.ts says what the bytes mean.
 */
import { DecodeError, type Reader, type Writer } from '../../consensus/primitives/codec.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';

/** Most bytes of one post: a tenth of the gas of a block of the default limit, and many inputs. */
export const POSTED_INPUT_BYTES_MAX = 64 * 1024;
/** Most posts in one settlement block: with the next limit, what a sidechain block after a stall has to take in is bounded. */
export const POSTED_INPUTS_PER_BLOCK_MAX = 16;
/** Most posted bytes in one settlement block: two of the largest posts. */
export const POSTED_BYTES_PER_BLOCK_MAX = 2 * POSTED_INPUT_BYTES_MAX;

export interface InputPosted {
  readonly type: 'input_posted';
  /** Names the post by its bytes alone, so that whoever posts them again posts nothing new. */
  readonly transactionHash: Hash;
  /** At least one, at most `POSTED_INPUT_BYTES_MAX`. */
  readonly bytes: Uint8Array;
}

/** Known before anything is sent. */
export function postedInputHash(bytes: Uint8Array): Hash {
  return hashBytes('postedInput', bytes);
}

/** The hash does not travel: it follows from the bytes. */
export function writeInputPosted(writer: Writer, event: InputPosted): void {
  writer.bytes(event.bytes, POSTED_INPUT_BYTES_MAX);
}

export function readInputPosted(reader: Reader): InputPosted {
  const bytes = reader.bytes(POSTED_INPUT_BYTES_MAX);
  if (bytes.length === 0) throw new DecodeError('a post of no bytes');
  return { type: 'input_posted', transactionHash: postedInputHash(bytes), bytes };
}
