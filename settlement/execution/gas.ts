/**
 * Gas of a transaction. Only what may bring more signatures than its sender's, or the text of a batch, has any: of others a block
 * holds a bounded count.
 */
import { atomicBatchGas, channelGas } from '../atomic/gas.ts';
import type { AtomicBatchOperation } from '../atomic/types.ts';
import { batchTextGas } from '../input/gas.ts';
import type { Auth } from './auth.ts';
import type { TransactionBody } from './transactionBody.ts';

/** What verifying and executing the transaction takes of `atomic_batches.gas_max`. */
export function transactionGas({ auth, body }: PricedTransaction): number {
  return body.type === 'atomic_batch' ? batchGasBy(auth)(body) : bodyGas(body);
}

/** What counts the gas of a batch that is authorised so. */
export function batchGasBy({ type }: Pick<Auth, 'type'>): (operation: AtomicBatchOperation) => number {
  return type === 'input' ? inputBatchGas : atomicBatchGas;
}

/** Gas of a batch that comes as an input: that of its text too. */
export function inputBatchGas(operation: AtomicBatchOperation): number {
  return atomicBatchGas(operation) + batchTextGas(operation);
}

/** Of a transaction, what decides its gas. */
interface PricedTransaction {
  readonly auth: Pick<Auth, 'type'>;
  readonly body: TransactionBody;
}

function bodyGas(body: Exclude<TransactionBody, AtomicBatchOperation>): number {
  switch (body.type) {
    case 'channel_close':
    case 'channel_unilateral_close':
    case 'channel_dispute':
      return channelGas(body);
    default:
      return 0;
  }
}
