/** Gas of a transaction. Only batches have any: how many others a block holds is bounded by their count. */
import { atomicBatchGas } from '../atomic/gas.ts';
import type { TransactionBody } from './transactionBody.ts';

/** What executing the body takes of `atomic_batches.gas_max`. */
export function transactionGas(body: TransactionBody): number {
  return body.type === 'atomic_batch' ? atomicBatchGas(body) : 0;
}
