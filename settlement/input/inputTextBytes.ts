/**
 * How long the text of an atomic batch is as an input, counted and not written: its gas has to be known before anything is done
 * that takes as long as the text is. It is inputText.ts that writes the text, and both say the same of every batch.
 */
import { signatureBytesOf } from '../../consensus/primitives/address.ts';
import { utf8ByteCount } from '../../consensus/primitives/bytes.ts';
import { proofToJson } from '../atomic/proofs/proofJson.ts';
import type { AtomicBatchOperation, SettlementRequest } from '../atomic/types.ts';

/** Digits and their `0x`. */
const HASH_CHARACTERS = 66;
const BATCH_CHARACTERS =
  '{"digest":"","transaction":{"type":"atomic_batch","batch_id":"","expires_at_height":,"requests":[]}}'
    .length +
  2 * HASH_CHARACTERS;
const SIGNERS_CHARACTERS = ',"signers":[]'.length;
const SIGNER_CHARACTERS = '{"address":"","signature":"0x"}'.length;
const REQUEST_CHARACTERS =
  '{"settlement_id":"","from":"","to":"","amount":"","asset":}'.length + HASH_CHARACTERS;
const KIND_CHARACTERS = ',"kind":""'.length;
const METADATA_CHARACTERS = ',"metadata":'.length;
const LAST_HEIGHT_CHARACTERS = ',"last_height":'.length;
const PROOF_CHARACTERS = ',"proof":'.length;

/** Bytes of UTF-8 of `inputTextOf` for the batch. */
export function batchTextBytes({ batch, signers }: AtomicBatchOperation): number {
  let byteCount = BATCH_CHARACTERS + String(batch.expiresAtHeight).length + commasOf(batch.requests);
  for (const request of batch.requests) byteCount += requestTextBytes(request);
  if (signers.length === 0) return byteCount;
  for (const signer of signers) {
    byteCount += SIGNER_CHARACTERS + (signer as string).length + 2 * signatureBytesOf(signer);
  }
  return byteCount + SIGNERS_CHARACTERS + commasOf(signers);
}

function requestTextBytes(request: SettlementRequest): number {
  const { from, to, amount, asset, kind, metadata, lastHeight, proof } = request;
  let byteCount = REQUEST_CHARACTERS + (from as string).length + (to as string).length;
  byteCount += String(amount).length + jsonBytes(asset);
  if (kind !== 'immediate') byteCount += KIND_CHARACTERS + kind.length;
  if (metadata !== '') byteCount += METADATA_CHARACTERS + jsonBytes(metadata);
  if (lastHeight !== undefined) byteCount += LAST_HEIGHT_CHARACTERS + String(lastHeight).length;
  if (proof !== undefined) byteCount += PROOF_CHARACTERS + jsonBytes(proofToJson(proof));
  return byteCount;
}

/** Marks and letters that JSON writes as more than themselves are up to six times as long. */
function jsonBytes(value: unknown): number {
  return utf8ByteCount(JSON.stringify(value));
}

function commasOf(items: readonly unknown[]): number {
  return Math.max(0, items.length - 1);
}
