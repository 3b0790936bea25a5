import { describe, expect, it } from 'vitest';
import { atomicBatchGas } from '../../../../settlement/atomic/gas.ts';
import { findBatchProblem } from '../../../../settlement/atomic/limits.ts';
import type { AtomicRules, SettlementRequest } from '../../../../settlement/atomic/types.ts';
import { addressOf, rules as ledger } from '../ledger/ledgerFixture.ts';
import { arbiter, batchOf, buyer, market, request, rules, seller, TNZO } from './atomicFixture.ts';

function problemOf(
  requests: readonly SettlementRequest[],
  changed: Partial<AtomicRules> = {},
  signers: readonly string[] = [],
) {
  const operation = { type: 'atomic_batch' as const, batch: batchOf(requests), signers };
  const problem = findBatchProblem(operation, buyer, { ...rules, ...changed }, ledger);
  return problem === undefined ? undefined : [problem.code, problem.details];
}

describe('findBatchProblem', () => {
  it('lets 1000 requests pass and refuses 1001 before anything else is looked at', () => {
    const requests = Array.from({ length: 1000 }, () => request({ amount: 1n }));
    expect(problemOf(requests)).toBeUndefined();
    expect(problemOf([...requests, request({ amount: 0n })])).toEqual([
      'BATCH_TOO_LARGE',
      { size: 1001, max: 1000, failedAt: 1000, completed: 0 },
    ]);
  });

  it('lets exactly 10,000,000 TNZO pass and refuses a unit more, at the request that brings it', () => {
    const whole = [request({ amount: 9_999_999n * TNZO }), request({ amount: TNZO })];
    expect(problemOf(whole)).toBeUndefined();
    const [value, max] = [`${10_000_000n * TNZO + 1n}`, `${10_000_000n * TNZO}`];
    expect(problemOf([...whole, request({ amount: 1n })])).toEqual([
      'BATCH_VALUE_TOO_HIGH',
      { asset: 'TNZO', value, max, failedAt: 2, completed: 0 },
    ]);
  });

  it('caps each asset by its own limit, and not at all where there is none', () => {
    const large = request({ asset: 'UM', amount: 2n ** 127n });
    expect(problemOf([large])).toBeUndefined();
    expect(problemOf([large], { valueMax: { UM: 5n } })?.[0]).toBe('BATCH_VALUE_TOO_HIGH');
    expect(problemOf([request({ asset: 'UM', amount: 5n })], { valueMax: { UM: 5n } })).toBeUndefined();
  });

  it('counts payers and payees once each', () => {
    const requests = [request(), request({ to: market }), request({ to: seller }), request({ to: arbiter })];
    expect(problemOf(requests, { accountsMax: 4 })).toBeUndefined();
    expect(problemOf(requests, { accountsMax: 3 })).toEqual([
      'BATCH_TOO_MANY_ACCOUNTS',
      { accounts: 4, max: 3, failedAt: 3, completed: 0 },
    ]);
  });

  it('refuses what costs more gas than a block has', () => {
    const operation = { type: 'atomic_batch' as const, batch: batchOf([request()]), signers: [] };
    const gas = atomicBatchGas(operation);
    expect(problemOf([request()], { gasMax: gas })).toBeUndefined();
    expect(problemOf([request()], { gasMax: gas - 1 })).toEqual([
      'BATCH_GAS_TOO_HIGH',
      { gas, max: gas - 1, failedAt: 0, completed: 0 },
    ]);
  });

  it('refuses a batch of nothing, and requests without sense', () => {
    const first = request();
    const { settlementId } = first;
    expect(problemOf([])).toEqual(['BATCH_EMPTY', { failedAt: 0, completed: 0 }]);
    expect(problemOf([first, { ...request(), settlementId }])).toEqual([
      'DUPLICATE_SETTLEMENT_ID',
      { settlementId, failedAt: 1, completed: 0 },
    ]);
    expect(problemOf([request({ to: buyer })])?.[0]).toBe('SELF_PAYMENT');
    expect(problemOf([request({ amount: 0n })])?.[0]).toBe('AMOUNT_ZERO');
    expect(problemOf([request({ asset: 'NONE' })])?.[0]).toBe('LEDGER_ASSET_UNKNOWN');
    // Names of what every object inherits are no caps.
    expect(problemOf([request({ asset: 'toString' })])?.[0]).toBe('LEDGER_ASSET_UNKNOWN');
  });

  it('demands the authorisation of every payer', () => {
    const carol = addressOf('carol');
    const foreign = request({ from: carol });
    const reason = 'PROOF_PAYER_MISSING';
    expect(problemOf([request(), foreign])).toEqual([
      'PROOF_VERIFICATION_FAILED',
      { settlementId: foreign.settlementId, reason, payer: carol, failedAt: 1, completed: 0 },
    ]);
    expect(problemOf([request(), foreign], {}, [carol])).toBeUndefined();
  });
});

describe('atomicBatchGas', () => {
  it('grows with requests, signers and metadata', () => {
    const gas = (requests: readonly SettlementRequest[], signers: readonly string[] = []) =>
      atomicBatchGas({ type: 'atomic_batch', batch: batchOf(requests), signers });
    const one = gas([request()]);
    expect(gas([request(), request()])).toBeGreaterThan(one);
    expect(gas([request()], [seller])).toBeGreaterThan(one);
    const metadata = (text: string) => gas([request({ metadata: text })]);
    expect(metadata('x'.repeat(4096))).toBeGreaterThan(one + 20);
    // Bytes cost, not characters.
    expect(metadata('é'.repeat(2048))).toBe(metadata('x'.repeat(4096)));
    expect(gas([request({ lastHeight: 9 })])).toBeGreaterThan(one);
  });
});
