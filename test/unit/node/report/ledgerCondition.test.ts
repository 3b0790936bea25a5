import { describe, expect, it } from 'vitest';
import { evaluateLedgerCondition } from '../../../../node/report/ledgerCondition.ts';
import type { LedgerView } from '../../../../node/report/ledgerWatch.ts';
import type { LedgerCondition } from '../../../../node/scenario/ledgerConditions.ts';

const hash = `0x${'00'.repeat(32)}`;
const record = { contentHash: hash, blockHeight: 3, timestampMs: 4000, settlementIds: [] };
const ledger: LedgerView = {
  balance: (account, asset) => (account === 'seller' && asset === 'UM' ? 995n : 0n),
  treasury: () => 7n,
  gatheredFees: () => 5n,
  escrow: (id) => (id === 'deal' ? 1000n : 0n),
  channel: (id) => (id === 'tab' ? 600n : 0n),
  atomicBatch: (id) => {
    if (id === 'sale') return { ...record, failure: undefined };
    if (id !== 'short') return undefined;
    const details = { address: hash, asset: 'UM', required: '9', available: '8' };
    return { ...record, failure: { code: 'INSUFFICIENT_BALANCE', failedAt: 2, completed: 2, details } };
  },
  receipt: (id) => {
    if (id !== 'price') return undefined;
    const where = { settlementId: hash, batchId: hash, from: hash, to: hash, asset: 'UM' };
    const amounts = { gross: 1000n, net: 995n, fee: 5n };
    return { ...where, ...amounts, kind: 'immediate', blockHeight: 3, timestampMs: 4000 };
  },
  networkFeeBps: () => 30,
  nameOf: (address) => (address === hash ? 'buyer' : address),
};

const ofSeller = { type: 'balance', account: 'seller', asset: 'UM' } as const;
const shortOf = (error: string | undefined, failedAt: number | undefined): LedgerCondition => ({
  type: 'atomic_batch',
  id: 'short',
  outcome: { status: 'failed', error, failedAt },
});
const seenFailure =
  'failed at request 2 with INSUFFICIENT_BALANCE (address buyer, asset UM, required 9, available 8)';

describe('conditions on the ledger', () => {
  it.each<readonly [LedgerCondition, boolean, string]>([
    [{ ...ofSeller, bound: { equals: 995n } }, true, 'expected 995 UM, seen 995 UM'],
    [{ ...ofSeller, bound: { equals: 994n } }, false, 'expected 994 UM, seen 995 UM'],
    [
      { ...ofSeller, bound: { atLeast: 995n, atMost: 995n } },
      true,
      'expected at least 995 and at most 995 UM, seen 995 UM',
    ],
    [{ ...ofSeller, bound: { atLeast: 996n } }, false, 'expected at least 996 UM, seen 995 UM'],
    [{ ...ofSeller, bound: { atMost: 994n } }, false, 'expected at most 994 UM, seen 995 UM'],
    [{ type: 'treasury', asset: 'UM', bound: { equals: 8n } }, false, 'expected 8 UM, seen 7 UM'],
    [{ type: 'gathered_fees', asset: 'UM', bound: { equals: 5n } }, true, 'expected 5 UM, seen 5 UM'],
    [{ type: 'escrow', id: 'deal', bound: { equals: 0n } }, false, 'expected 0, seen 1000'],
    [{ type: 'channel', id: 'tab', bound: { atLeast: 600n } }, true, 'expected at least 600, seen 600'],
    [
      { type: 'atomic_batch', id: 'sale', outcome: { status: 'completed' } },
      true,
      'expected completed, seen completed',
    ],
    [
      { type: 'atomic_batch', id: 'short', outcome: { status: 'completed' } },
      false,
      `expected completed, seen ${seenFailure}`,
    ],
    [shortOf(undefined, undefined), true, `expected failed, seen ${seenFailure}`],
    [
      shortOf('INSUFFICIENT_BALANCE', 2),
      true,
      `expected failed at request 2 with INSUFFICIENT_BALANCE, seen ${seenFailure}`,
    ],
    [
      shortOf('INSUFFICIENT_BALANCE', 1),
      false,
      `expected failed at request 1 with INSUFFICIENT_BALANCE, seen ${seenFailure}`,
    ],
    [
      shortOf('BATCH_TIMEOUT', 2),
      false,
      `expected failed at request 2 with BATCH_TIMEOUT, seen ${seenFailure}`,
    ],
    [
      {
        type: 'atomic_batch',
        id: 'sale',
        outcome: { status: 'failed', error: undefined, failedAt: undefined },
      },
      false,
      'expected failed, seen completed',
    ],
    [
      { type: 'atomic_batch', id: 'late', outcome: { status: 'completed' } },
      false,
      'expected completed, seen none: no final block has executed it',
    ],
    [
      { type: 'receipt', id: 'price', facts: {} },
      true,
      'expected gross 1000, net 995, fee 5, seen gross 1000, net 995, fee 5',
    ],
    [
      { type: 'receipt', id: 'price', facts: { fee: 6n } },
      false,
      'expected gross 1000, net 995, fee 6, seen gross 1000, net 995, fee 5',
    ],
    [
      { type: 'receipt', id: 'price', facts: { gross: 1001n } },
      false,
      'expected gross 1001, net 995, fee 5, seen gross 1000, net 995, fee 5',
    ],
    [
      { type: 'receipt', id: 'price', facts: { net: 1n } },
      false,
      'expected gross 1000, net 1, fee 5, seen gross 1000, net 995, fee 5',
    ],
    [{ type: 'receipt', id: 'other', facts: {} }, false, 'expected a receipt, seen none'],
    [{ type: 'network_fee_bps', bps: 30 }, true, 'expected 30 basis points, seen 30'],
    [{ type: 'network_fee_bps', bps: 50 }, false, 'expected 50 basis points, seen 30'],
  ])('case %#', (condition, holds, detail) => {
    expect(evaluateLedgerCondition(condition, ledger)).toEqual({ holds, detail });
  });
});
