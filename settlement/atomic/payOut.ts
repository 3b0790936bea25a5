/** The second half of a settlement, whatever its money comes from: the payee, the network fee and the receipt. */
import type { Refusal } from '../../consensus/primitives/codedError.ts';
import type { Address, Hash } from '../../consensus/primitives/flavor.ts';
import { assetIndexOf } from '../ledger/assets.ts';
import { networkFee } from '../networkFee.ts';
import { type AtomicCode, refuseAtomic } from './codes.ts';
import type { SettlementOverlay } from './overlay.ts';
import type { SettlementContext, SettlementRequest } from './types.ts';

/** A settlement without what only its batch is asked for. */
export type Payment = Omit<SettlementRequest, 'metadata' | 'proof'>;

/**
 * Gives the payee what was taken, less the network fee, and writes the receipt.
 * @param batchId - `ZERO_HASH`: settled without a batch.
 */
export function payOut(
  overlay: SettlementOverlay,
  { ledger, rules, height, timestampMs }: SettlementContext,
  batchId: Hash,
  { settlementId, from, to, asset, amount, kind }: Payment,
): Refusal<AtomicCode> | undefined {
  const index = assetIndexOf(ledger, asset);
  const fee = networkFee(amount, rules);
  const net = amount - fee;
  if (!overlay.credit(to, index, net)) return refuseOverflow(settlementId, to);
  overlay.withholdFee(index, fee);
  overlay.addReceipt({
    settlementId,
    batchId,
    from,
    to,
    gross: amount,
    net,
    fee,
    asset,
    kind,
    blockHeight: height,
    timestampMs,
  });
  return undefined;
}

/** Nobody holds so much but by a fault of genesis. */
export function refuseOverflow(settlementId: Hash, address: Address): Refusal<AtomicCode> {
  const error = `the balance of ${address} would exceed what the ledger can hold`;
  return refuseAtomic('PARTIAL_EXECUTION', { settlementId, error });
}
