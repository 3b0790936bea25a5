/**
 * The last height of an order, judged in the block that would settle it, whoever carries it and in whatever batch. It holds because
 * the id of the order binds it: with another last height, or without one, no proof of the payer fits. For the same reason nothing
 * but an order may have one: in any other request it would be a term that nobody signed.
 */
import type { Hash, Height } from '../../consensus/primitives/flavor.ts';
import { refuseAtomic } from './codes.ts';
import { type BatchRefusal, failedAt } from './limits.ts';
import { isOrderSettlement } from './order.ts';
import type { AtomicBatch } from './types.ts';

/**
 * @param block - The one that executes the batch.
 * @returns `ORDER_EXPIRED` or `ORDER_ID_OTHER` at the first request whose last height has passed or is that of no order, or
 *   undefined.
 */
export function findOrderProblem(
  { requests }: Pick<AtomicBatch, 'requests'>,
  { chainId, height }: { readonly chainId: Hash; readonly height: Height },
): BatchRefusal | undefined {
  for (const [index, request] of requests.entries()) {
    const { settlementId, lastHeight } = request;
    if (lastHeight === undefined) continue;
    if (!isOrderSettlement(chainId, request))
      return failedAt(index, 0, refuseAtomic('ORDER_ID_OTHER', { settlementId }));
    if (height > lastHeight)
      return failedAt(index, 0, refuseAtomic('ORDER_EXPIRED', { settlementId, lastHeight, height }));
  }
  return undefined;
}
