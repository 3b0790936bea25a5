/**
 * What the text of an input costs beside what the input does. A validator writes the text, folds it and hashes it before it can
 * check the signature, and again for the id of the request; all of that takes as long as the text is.
 */
import type { AtomicBatchOperation } from '../atomic/types.ts';
import { batchTextBytes } from './inputTextBytes.ts';

/** A microsecond buys this many bytes of text, of an EVM account, whose Keccak-256 is the dearest part (npm run bench:atomic). */
export const TEXT_BYTES_PER_GAS = 10;

/** Gas of the text of an atomic batch. All other inputs are a line long, and cost nothing like other transactions. */
export function batchTextGas(operation: AtomicBatchOperation): number {
  return Math.ceil(batchTextBytes(operation) / TEXT_BYTES_PER_GAS);
}
