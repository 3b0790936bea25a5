import { describe, expect, it } from 'vitest';
import { batchRecordOf } from '../../../../settlement/atomic/batch.ts';
import { atomicBatchHash } from '../../../../settlement/atomic/codec.ts';
import { gatheredFees } from '../../../../settlement/atomic/fees.ts';
import { batchRecordsTable, receiptsTable } from '../../../../settlement/atomic/tables.ts';
import { networkFee } from '../../../../settlement/networkFee.ts';
import {
  AtomicChain,
  arbiter,
  batchOf,
  buyer,
  market,
  request,
  rules,
  seller,
  TNZO,
} from './atomicFixture.ts';

describe('executeAtomicBatch', () => {
  it('pays 10^18 at 50 bps as 5 * 10^15 of fee and 995 * 10^15 net, and writes a receipt', () => {
    const chain = new AtomicChain({ [buyer]: { TNZO: TNZO } });
    const payment = request();
    const batch = batchOf([payment]);
    const outcome = chain.execute(batch);
    const fee = 5n * 10n ** 15n;
    expect(outcome).toEqual({
      result: 'ok',
      facts: [
        {
          type: 'atomic_batch_completed',
          batchId: batch.batchId,
          requestCount: 1,
          fees: [{ asset: 'TNZO', amount: fee }],
        },
      ],
      fees: [{ asset: 'TNZO', amount: fee }],
    });
    expect([chain.balance(buyer), chain.balance(seller)]).toEqual([0n, 995n * 10n ** 15n]);
    expect(gatheredFees(chain.state, 'TNZO')).toBe(fee);
    expect(chain.state.get(receiptsTable, payment.settlementId)).toEqual({
      settlementId: payment.settlementId,
      batchId: batch.batchId,
      from: buyer,
      to: seller,
      gross: TNZO,
      net: 995n * 10n ** 15n,
      fee,
      asset: 'TNZO',
      kind: 'immediate',
      blockHeight: 10,
      timestampMs: 20_000,
    });
    expect(batchRecordOf(chain.state, batch.batchId)).toEqual({
      contentHash: atomicBatchHash(batch),
      blockHeight: 10,
      timestampMs: 20_000,
      settlementIds: [payment.settlementId],
      failure: undefined,
    });
  });

  it('splits a sale 85/10/5 over seller, market and arbiter', () => {
    const chain = new AtomicChain({ [buyer]: { TNZO: TNZO } });
    const shares = [
      { to: seller, amount: 850_000_000_000_000_000n },
      { to: market, amount: 100_000_000_000_000_000n },
      { to: arbiter, amount: 50_000_000_000_000_000n },
    ];
    expect(chain.execute(batchOf(shares.map((share) => request(share)))).result).toBe('ok');
    expect([seller, market, arbiter].map((address) => chain.balance(address))).toEqual([
      845_750_000_000_000_000n,
      99_500_000_000_000_000n,
      49_750_000_000_000_000n,
    ]);
    expect(gatheredFees(chain.state, 'TNZO')).toBe(5_000_000_000_000_000n);
  });

  it('is exact above 2^64', () => {
    const gross = 2n ** 125n + 12_345_678_901_234_567n;
    const chain = new AtomicChain({ [buyer]: { UM: gross } });
    expect(chain.execute(batchOf([request({ asset: 'UM', amount: gross })])).result).toBe('ok');
    const fee = (gross * 50n) / 10_000n;
    expect([chain.balance(seller, 'UM'), gatheredFees(chain.state, 'UM')]).toEqual([gross - fee, fee]);
  });

  it('lets a request spend what an earlier one brought, fee taken off', () => {
    const chain = new AtomicChain({ [buyer]: { TNZO: TNZO } });
    const net = TNZO - networkFee(TNZO, rules);
    const onward = [request(), request({ from: seller, to: market, amount: net })];
    expect(chain.execute(batchOf(onward)).result).toBe('ok');
    expect([chain.balance(seller), chain.balance(market)]).toEqual([0n, net - networkFee(net, rules)]);
  });

  it('fails in sequence what would pass by net balances, at the right request, and undoes all', () => {
    const chain = new AtomicChain({ [buyer]: { TNZO: TNZO } });
    const before = chain.rows([batchRecordsTable]);
    // The seller ends above zero, but must pay before it is paid.
    const backwards = [
      request({ amount: 10n }),
      request({ from: seller, to: market, amount: 11n }),
      request(),
    ];
    const batch = batchOf(backwards);
    const failure = {
      code: 'INSUFFICIENT_BALANCE',
      failedAt: 1,
      completed: 1,
      details: { address: seller, asset: 'TNZO', required: '11', available: '9' },
    };
    expect(chain.execute(batch)).toEqual({
      result: 'INSUFFICIENT_BALANCE',
      facts: [{ type: 'atomic_batch_failed', batchId: batch.batchId, failure }],
      fees: [],
    });
    expect(batchRecordOf(chain.state, batch.batchId)?.failure).toEqual(failure);
    expect(chain.rows([batchRecordsTable])).toEqual(before);
  });

  it('settles an id once, in whatever batch, and one of a failed batch still can', () => {
    const chain = new AtomicChain({ [buyer]: { TNZO: 10n * TNZO } });
    const payment = request();
    const failing = batchOf([payment, request({ amount: 100n * TNZO })]);
    expect(chain.execute(failing).result).toBe('INSUFFICIENT_BALANCE');
    expect(chain.execute(batchOf([payment])).result).toBe('ok');
    const again = batchOf([request(), payment]);
    expect(chain.execute(again).result).toBe('SETTLEMENT_ALREADY_SETTLED');
    expect(batchRecordOf(chain.state, again.batchId)?.failure).toEqual({
      code: 'SETTLEMENT_ALREADY_SETTLED',
      failedAt: 1,
      completed: 1,
      details: { settlementId: payment.settlementId },
    });
  });

  it('keeps the first result of an id, whoever sends it again and with whatever content', () => {
    const chain = new AtomicChain({ [buyer]: { TNZO: 10n * TNZO }, [market]: { TNZO: TNZO } });
    const batch = batchOf([request()]);
    chain.execute(batch);
    const after = chain.rows();
    expect(chain.execute(batch)).toEqual({ result: 'BATCH_ALREADY_EXECUTED', facts: [], fees: [] });
    const other = batchOf([request({ from: market })], { batchId: batch.batchId });
    expect(chain.execute(other)).toEqual({ result: 'BATCH_ID_TAKEN', facts: [], fees: [] });
    expect(chain.rows()).toEqual(after);
    const failed = batchOf([request({ amount: 100n * TNZO })]);
    expect(chain.execute(failed).result).toBe('INSUFFICIENT_BALANCE');
    expect(chain.execute(failed).result).toBe('BATCH_ALREADY_EXECUTED');
  });

  it('leaves no trace of a batch that is refused before execution', () => {
    const chain = new AtomicChain({ [buyer]: { TNZO: TNZO } });
    const before = chain.rows();
    const refused = [
      chain.execute(batchOf([])),
      chain.execute(batchOf([request({ from: market })]), { signers: [buyer] }),
      chain.execute(batchOf([request()], { expiresAtHeight: 26 })),
      chain.execute(batchOf([request()]), { changed: { gasMax: 1 } }),
    ];
    expect(refused.map(({ result }) => result)).toEqual([
      'BATCH_EMPTY',
      'PROOF_VERIFICATION_FAILED',
      'BATCH_EXPIRY_TOO_FAR',
      'BATCH_GAS_TOO_HIGH',
    ]);
    expect(refused.every(({ facts }) => facts.length === 0)).toBe(true);
    expect(chain.rows()).toEqual(before);
  });

  it('executes up to the last height of a batch and not after', () => {
    const chain = new AtomicChain({ [buyer]: { TNZO: 10n * TNZO } });
    expect(chain.execute(batchOf([request()], { expiresAtHeight: 10 })).result).toBe('ok');
    expect(chain.execute(batchOf([request()], { expiresAtHeight: 25 })).result).toBe('ok');
    const before = chain.rows([batchRecordsTable]);
    const late = batchOf([request()], { expiresAtHeight: 9 });
    expect(chain.execute(late).result).toBe('BATCH_TIMEOUT');
    expect(chain.rows([batchRecordsTable])).toEqual(before);
    expect(batchRecordOf(chain.state, late.batchId)?.failure).toEqual({
      code: 'BATCH_TIMEOUT',
      failedAt: 0,
      completed: 0,
      details: { expiresAtHeight: '9', height: '10' },
    });
  });

  it('fails where a payee could hold no more', () => {
    const chain = new AtomicChain({ [buyer]: { UM: 10n }, [seller]: { UM: 1n } });
    // Genesis lets no supply get there.
    chain.fill(seller, 'UM');
    const before = chain.rows([batchRecordsTable]);
    const batch = batchOf([request({ asset: 'UM', amount: 10n })]);
    expect(chain.execute(batch).result).toBe('PARTIAL_EXECUTION');
    expect(batchRecordOf(chain.state, batch.batchId)?.failure).toMatchObject({
      failedAt: 0,
      completed: 0,
      details: { error: `the balance of ${seller} would exceed what the ledger can hold` },
    });
    expect(chain.rows([batchRecordsTable])).toEqual(before);
  });
});
