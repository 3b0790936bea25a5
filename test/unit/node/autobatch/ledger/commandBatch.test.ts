import { describe, expect, it } from 'vitest';
import { isOrderPaid } from '../../../../../node/autobatch/ledger/commandBatch.ts';
import { receiptsTable } from '../../../../../settlement/atomic/tables.ts';
import type { SettlementReceipt } from '../../../../../settlement/atomic/types.ts';
import { State } from '../../../../../settlement/state.ts';
import { partyOf, testId, testOrder } from '../../../../helpers/autoBatchDatabase.ts';

const order = testOrder('anna', 'r1', 100n);
const { orderId: settlementId, from, to, asset, amount: gross } = order;
const receipt: SettlementReceipt = {
  settlementId,
  batchId: testId('any'),
  from,
  to,
  asset,
  gross,
  net: 99n,
  fee: 1n,
  kind: 'immediate',
  blockHeight: 5,
  timestampMs: 10_000,
};

function stateWith(changes: Partial<SettlementReceipt>): State {
  const state = new State([]);
  state.set(receiptsTable, settlementId, { ...receipt, ...changes });
  return state;
}

describe('isOrderPaid', () => {
  it('finds the payment of the order, whatever batch it came in', () => {
    expect(isOrderPaid(stateWith({}), order)).toBe(true);
    expect(isOrderPaid(stateWith({ batchId: testId('another') }), order)).toBe(true);
    expect(isOrderPaid(stateWith({}), testOrder('anna', 'r2', 100n))).toBe(false);
  });

  it.each([
    ['payer', { from: partyOf('bert') }],
    ['payee', { to: partyOf('bert') }],
    ['asset', { asset: 'USDC' }],
    ['amount', { gross: 2n }],
    ['kind', { kind: 'escrow_release' }],
  ] as const)('takes no settlement under its id of another %s', (_, changes) => {
    expect(isOrderPaid(stateWith(changes), order)).toBe(false);
  });
});
