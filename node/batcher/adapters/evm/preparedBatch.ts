/**
 * What is stored of a batch: everything of its transaction but the fees. All its transactions have one nonce, so at most one of
 * them lands, however often it is sent, and whoever sends it.
 */

import { assert } from '../../../../consensus/primitives/codedError.ts';
import type { Address } from '../../../../consensus/primitives/flavor.ts';

export interface PreparedBatch {
  readonly chainId: number;
  /** Who pays. */
  readonly account: Address;
  readonly nonce: number;
  readonly to: Address;
  readonly calldata: string;
  /** Gas that it may use; undefined: its chain would undo it, so it is never sent. */
  readonly gas: number | undefined;
  /** Why there is none. */
  readonly refusal: string | undefined;
}

export function writePreparedBatch(batch: PreparedBatch): string {
  return JSON.stringify(batch);
}

/** @param data - What `writePreparedBatch` gave. */
export function readPreparedBatch(data: string): PreparedBatch {
  const batch = JSON.parse(data) as PreparedBatch;
  assert(Number.isSafeInteger(batch.nonce), 'a stored batch of the evm target has a nonce');
  return batch;
}
