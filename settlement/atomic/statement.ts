/**
 * What a proof of a settlement is about, as 32 bytes. They bind the settlement to one batch on one chain and to the last
 * height of that batch, so a proof is good once, nowhere else, and not for longer than its batch may wait. Only what pays an
 * order (order.ts) is bound to that alone: it was signed before there was a batch.
 */
import { writeAddress } from '../../consensus/primitives/address.ts';
import { fromHex } from '../../consensus/primitives/bytes.ts';
import { encode } from '../../consensus/primitives/codec.ts';
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { hashBytes } from '../../consensus/primitives/hash.ts';
import { writeSymbol } from '../ledger/assets.ts';
import { writeKind } from './codec.ts';
import { isOrderSettlement } from './order.ts';
import type { ProofTask } from './proofs/types.ts';
import type { AtomicBatch, SettlementRequest } from './types.ts';

/** Longest encoding of what a statement binds, rounded up, for the first size of a buffer. */
const STATEMENT_BYTES_HINT = 256;

/**
 * The statement of a request: hash of chain, batch, last height, settlement, kind, payer (or escrow, or channel), payee,
 * asset and amount. Metadata and the proof itself are not part of it.
 * @param batch - The batch that holds the request; its other requests are not part of it either.
 * @returns 32 bytes.
 */
export function settlementStatement(
  chainId: Hash,
  { batchId, expiresAtHeight }: Pick<AtomicBatch, 'batchId' | 'expiresAtHeight'>,
  { settlementId, kind, from, to, asset, amount }: Omit<SettlementRequest, 'metadata' | 'proof'>,
): Uint8Array {
  const bytes = encode((writer) => {
    writer.hash(chainId).hash(batchId).u64(expiresAtHeight).hash(settlementId);
    writeKind(writer, kind);
    writeAddress(writer, from);
    writeAddress(writer, to);
    writeSymbol(writer, asset);
    writer.amount(amount);
  }, STATEMENT_BYTES_HINT);
  return fromHex(hashBytes('settlementStatement', bytes));
}

/** The proof of a request with what it has to prove; undefined without a proof. */
export function proofTaskOf(
  chainId: Hash,
  batch: AtomicBatch,
  request: SettlementRequest,
): ProofTask | undefined {
  const { proof, settlementId } = request;
  if (proof === undefined) return undefined;
  const statement = isOrderSettlement(chainId, request)
    ? fromHex(settlementId)
    : settlementStatement(chainId, batch, request);
  return { proof, statement };
}
