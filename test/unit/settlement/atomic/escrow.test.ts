import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { batchRecordOf } from '../../../../settlement/atomic/batch.ts';
import { escrowOf } from '../../../../settlement/atomic/escrow.ts';
import { gatheredFees } from '../../../../settlement/atomic/fees.ts';
import { batchRecordsTable } from '../../../../settlement/atomic/tables.ts';
import type { EscrowOpenOperation, SettlementRequest } from '../../../../settlement/atomic/types.ts';
import { addressOf } from '../ledger/ledgerFixture.ts';
import {
  AtomicChain,
  arbiter,
  batchOf,
  buyer,
  idOf,
  market,
  request,
  seller,
  TNZO,
} from './atomicFixture.ts';

const escrowId = idOf(0xe5c0);
const escrowAddress: string = escrowId;

/** One TNZO of the buyer, which two of buyer, seller and arbiter may release up to height 20. */
function opening(fields: Partial<EscrowOpenOperation> = {}): EscrowOpenOperation {
  return {
    type: 'escrow_open',
    escrowId,
    asset: 'TNZO',
    amount: TNZO,
    parties: [arbiter, seller].sort(),
    threshold: 2,
    expiresAtHeight: 20,
    ...fields,
  };
}

function release(fields: Partial<SettlementRequest> = {}): SettlementRequest {
  return request({ kind: 'escrow_release', from: escrowAddress, ...fields });
}

function openChain(fields: Partial<EscrowOpenOperation> = {}): AtomicChain {
  const chain = new AtomicChain({ [buyer]: { TNZO: 3n * TNZO } });
  expect(chain.escrow(buyer, opening(fields))).toBeUndefined();
  return chain;
}

describe('escrow_open', () => {
  it('takes the amount from its sender, and nothing more', () => {
    const chain = new AtomicChain({ [buyer]: { TNZO: 3n * TNZO } });
    const totals = chain.totals();
    expect(chain.escrow(buyer, opening())).toBeUndefined();
    expect(chain.balance(buyer)).toBe(2n * TNZO);
    expect(escrowOf(chain.state, escrowId)?.amount).toBe(TNZO);
    expect(chain.totals()).toEqual(totals);
  });

  it.each([
    ['an asset nobody registered', { asset: 'NONE' }, 'LEDGER_ASSET_UNKNOWN'],
    ['nothing', { amount: 0n }, 'LEDGER_AMOUNT_ZERO'],
    ['more than there is', { amount: 4n * TNZO }, 'INSUFFICIENT_BALANCE'],
    ['a threshold above the parties', { threshold: 3 }, 'ESCROW_THRESHOLD_INVALID'],
    ['a threshold of none', { threshold: 0 }, 'ESCROW_THRESHOLD_INVALID'],
    ['a threshold without parties', { parties: [], threshold: 1 }, 'ESCROW_THRESHOLD_INVALID'],
    ['a time that is over', { expiresAtHeight: 10 }, 'ESCROW_EXPIRED'],
  ])('refuses %s and writes nothing', (_, fields, code) => {
    const chain = new AtomicChain({ [buyer]: { TNZO: 3n * TNZO } });
    const before = chain.rows();
    expect(chain.escrow(buyer, opening(fields))).toBe(code);
    expect(chain.rows()).toEqual(before);
  });

  it('refuses an id that stands for an open escrow', () => {
    const chain = openChain();
    const before = chain.rows();
    expect(chain.escrow(buyer, opening({ amount: 1n }))).toBe('ESCROW_EXISTS');
    expect(chain.rows()).toEqual(before);
  });
});

describe('escrow_release', () => {
  it('splits an escrow 85/10/5 at once, with the leave of two parties', () => {
    const chain = openChain();
    const totals = chain.totals();
    const shares = [
      { to: seller, amount: 850_000_000_000_000_000n },
      { to: market, amount: 100_000_000_000_000_000n },
      { to: arbiter, amount: 50_000_000_000_000_000n },
    ];
    const requests = shares.map((share) => release(share));
    const { result, facts } = chain.execute(batchOf(requests), { signers: [seller, arbiter] });
    expect(result).toBe('ok');
    expect(facts.slice(1)).toEqual(
      requests.map(({ settlementId, amount }, index) => ({
        type: 'escrow_released',
        escrowId,
        settlementId,
        asset: 'TNZO',
        amount,
        left: [150_000_000_000_000_000n, 50_000_000_000_000_000n, 0n][index],
      })),
    );
    expect([seller, market, arbiter].map((address) => chain.balance(address))).toEqual([
      845_750_000_000_000_000n,
      99_500_000_000_000_000n,
      49_750_000_000_000_000n,
    ]);
    expect(gatheredFees(chain.state, 'TNZO')).toBe(5_000_000_000_000_000n);
    expect(escrowOf(chain.state, escrowId)).toBeUndefined();
    expect(chain.totals()).toEqual(totals);
  });

  it('needs the payer, or the threshold of its parties: strangers do not count', () => {
    const stranger = addressOf('stranger');
    const outcomes = [[buyer], [seller, arbiter], [stranger, seller, arbiter]].map(
      (signers) => openChain().execute(batchOf([release({ amount: 5n })]), { signers }).result,
    );
    expect(outcomes).toEqual(['ok', 'ok', 'ok']);
    for (const signers of [[seller], [stranger], [stranger, arbiter], [market, stranger]]) {
      const chain = openChain();
      const before = chain.rows([batchRecordsTable]);
      const batch = batchOf([release({ amount: 5n })]);
      expect(chain.execute(batch, { signers }).result).toBe('PROOF_VERIFICATION_FAILED');
      expect(batchRecordOf(chain.state, batch.batchId)?.failure?.details.reason).toBe(
        'PROOF_RELEASE_MISSING',
      );
      expect(chain.rows([batchRecordsTable])).toEqual(before);
    }
    // No parties: nobody together is enough.
    const own = openChain({ parties: [], threshold: 0 });
    expect(own.execute(batchOf([release()]), { signers: [seller] }).result).toBe('PROOF_VERIFICATION_FAILED');
    expect(own.execute(batchOf([release()]), { signers: [buyer] }).result).toBe('ok');
  });

  it.each([
    ['another asset', { asset: 'UM', amount: 1n }, 'ESCROW_ASSET_OTHER'],
    ['more than is left', { amount: TNZO + 1n }, 'INSUFFICIENT_BALANCE'],
    ['an escrow that is none', { from: idOf(0xdead) as string }, 'ESCROW_UNKNOWN'],
  ])('refuses %s, and undoes what the batch did before', (_, fields, code) => {
    const chain = openChain();
    const before = chain.rows([batchRecordsTable]);
    const batch = batchOf([release({ amount: 7n }), request({ amount: 3n }), release(fields)]);
    expect(chain.execute(batch, { signers: [buyer] }).result).toBe(code);
    expect(batchRecordOf(chain.state, batch.batchId)?.failure).toMatchObject({ failedAt: 2, completed: 2 });
    expect(chain.rows([batchRecordsTable])).toEqual(before);
  });

  it('gives no account the money of an escrow that has its name', () => {
    const chain = openChain();
    const batch = batchOf([request({ from: escrowAddress })]);
    expect(chain.execute(batch, { signers: [escrowAddress] }).result).toBe('INSUFFICIENT_BALANCE');
  });
});

describe('escrow_refund', () => {
  it('is possible from the first height at which a release is not', () => {
    const chain = openChain();
    const totals = chain.totals();
    const pay = () => batchOf([release({ amount: 1000n })], { expiresAtHeight: chain.height });
    chain.height = 20;
    expect(chain.escrow(seller, { type: 'escrow_refund', escrowId })).toBe('ESCROW_NOT_EXPIRED');
    expect(chain.execute(pay(), { signers: [buyer] }).result).toBe('ok');
    chain.height = 21;
    expect(chain.execute(pay(), { signers: [buyer] }).result).toBe('ESCROW_EXPIRED');
    expect(chain.escrow(seller, { type: 'escrow_refund', escrowId })).toBeUndefined();
    expect(chain.balance(buyer)).toBe(3n * TNZO - 1000n);
    expect(chain.escrow(seller, { type: 'escrow_refund', escrowId })).toBe('ESCROW_UNKNOWN');
    expect(chain.totals()).toEqual(totals);
  });
});

describe('escrows', () => {
  it('conserve every unit over any sequence of openings, releases and refunds', () => {
    const step = fc.record({
      kind: fc.constantFrom('open', 'release', 'refund', 'wait'),
      id: fc.integer({ min: 1, max: 2 }),
      amounts: fc.array(fc.bigInt({ min: 1n, max: 90n }), { minLength: 1, maxLength: 3 }),
      by: fc.constantFrom([buyer], [seller, arbiter], [seller]),
    });
    let released = 0;
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 40 }), (steps) => {
        const chain = new AtomicChain({ [buyer]: { TNZO: 1000n, UM: 1000n } });
        const totals = chain.totals();
        for (const { kind, id, amounts, by } of steps) {
          const own = idOf(0xe000 + id);
          const asset = id === 1 ? 'TNZO' : 'UM';
          const amount = 200n;
          if (kind === 'open') {
            chain.escrow(buyer, opening({ escrowId: own, asset, amount, expiresAtHeight: chain.height + 3 }));
          } else if (kind === 'refund') chain.escrow(market, { type: 'escrow_refund', escrowId: own });
          else if (kind === 'wait') chain.height += 1;
          else {
            const requests = amounts.map((each) => release({ from: own as string, asset, amount: each }));
            const before = chain.rows([batchRecordsTable]);
            const batch = batchOf(requests, { expiresAtHeight: chain.height });
            if (chain.execute(batch, { signers: by }).result === 'ok') released += 1;
            else expect(chain.rows([batchRecordsTable])).toEqual(before);
          }
          expect(chain.totals()).toEqual(totals);
        }
      }),
    );
    expect(released).toBeGreaterThan(20);
  });
});
