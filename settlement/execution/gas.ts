/** Gas of a transaction. Only what may bring more signatures than its sender's has any: of others a block holds a bounded count. */
import { atomicBatchGas, channelGas } from '../atomic/gas.ts';
import type { TransactionBody } from './transactionBody.ts';

/** What executing the body takes of `atomic_batches.gas_max`. */
export function transactionGas(body: TransactionBody): number {
  switch (body.type) {
    case 'atomic_batch':
      return atomicBatchGas(body);
    case 'channel_close':
    case 'channel_unilateral_close':
    case 'channel_dispute':
      return channelGas(body);
    default:
      return 0;
  }
}
