/** Orders as their payers sign them, on a chain of a test. */
import type { SignedOrder } from '../../node/autobatch/store/order.ts';
import type { KeyHolder } from '../../node/scenario/genesis.ts';
import { type OrderTerms, orderIdOf, signOrder } from '../../settlement/atomic/order.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';

export function signedOrder(
  { chainId }: Pick<Genesis, 'chainId'>,
  { address: from, secretKey }: Pick<KeyHolder, 'address' | 'secretKey'>,
  terms: Pick<OrderTerms, 'to' | 'reference'> & Partial<OrderTerms>,
): SignedOrder {
  const whole = { asset: 'UM', amount: 10n, ...terms, from };
  const orderId = orderIdOf(chainId, whole);
  return { ...whole, orderId, signature: signOrder(secretKey, orderId) };
}
