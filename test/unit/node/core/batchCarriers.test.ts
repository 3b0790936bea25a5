import { describe, expect, it } from 'vitest';
import { BatchCarriers } from '../../../../node/core/batchCarriers.ts';
import { MEMPOOL_TRANSACTIONS_MAX, type PreparedTransaction } from '../../../../node/core/mempool.ts';
import { hashOf } from '../../../helpers/signatory.ts';

/** Only the batch's id is looked at. */
function carrierOf(batchId: string): PreparedTransaction {
  return {
    transaction: { body: { type: 'atomic_batch', batch: { batchId } } },
  } as unknown as PreparedTransaction;
}

describe('BatchCarriers', () => {
  it('lists those of one batch in order of arrival, until they leave', () => {
    const carriers = new BatchCarriers();
    const [first, second, other] = [hashOf('01'), hashOf('01'), hashOf('02')].map(carrierOf);
    if (first === undefined || second === undefined || other === undefined) throw new Error('three');
    for (const one of [first, other, second]) carriers.add(one);
    expect([...carriers.of(hashOf('01'))]).toEqual([first, second]);
    carriers.remove(first);
    carriers.remove(first);
    expect([...carriers.of(hashOf('01'))]).toEqual([second]);
    carriers.remove(second);
    expect([...carriers.of(hashOf('01'))]).toEqual([]);
    expect([...carriers.of(hashOf('02'))]).toEqual([other]);
  });

  // Nothing hinders one sender from giving all of his batches one id: work that grew with their square stood still for minutes.
  it('takes as many of one batch as a mempool holds', () => {
    const carriers = new BatchCarriers();
    const all = Array.from({ length: MEMPOOL_TRANSACTIONS_MAX }, () => carrierOf(hashOf('01')));
    for (const one of all) carriers.add(one);
    const [first, second] = all;
    expect(carriers.of(hashOf('01')).size).toBe(MEMPOOL_TRANSACTIONS_MAX);
    if (first !== undefined) carriers.remove(first);
    expect([...carriers.of(hashOf('01'))][0]).toBe(second);
    for (const one of all) carriers.remove(one);
    expect(carriers.of(hashOf('01')).size).toBe(0);
  });
});
