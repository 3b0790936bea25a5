/** What holds whatever is sent to the ledger, shares of what the campaign tries at length (scripts/campaign/ledger/). */
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../consensus/primitives/random.ts';
import { checkConservation } from '../../../../scripts/campaign/ledger/conservation.ts';
import { transactionKinds } from '../../../../scripts/campaign/ledger/drawTransaction.ts';
import { findUnjudgedTables } from '../../../../scripts/campaign/ledger/holdings.ts';
import { type Choices, createLedgerCast } from '../../../../scripts/campaign/ledger/ledgerWorld.ts';
import { fuzzRequests } from '../../../../scripts/campaign/ledger/requestFuzz.ts';
import { fuzzBodies, fuzzTransactions } from '../../../../scripts/campaign/ledger/transactionFuzz.ts';

const cast = createLedgerCast();

/** Numbers of a property, over and over: fewer of them are a simpler sequence. */
class DrawnChoices implements Choices {
  readonly #numbers: readonly number[];
  #next = 0;

  constructor(numbers: readonly number[]) {
    this.#numbers = numbers;
  }

  below(bound: number): number {
    const number = this.#numbers[this.#next % this.#numbers.length] ?? 0;
    this.#next += 1;
    return number % bound;
  }
}

describe('conservation', () => {
  it('knows of every table whether it holds money', () => {
    expect(findUnjudgedTables()).toEqual([]);
  });

  it('holds to the last unit over any sequence of transactions, across windows and flushes', () => {
    const sequence = fc.array(fc.nat(), { minLength: 1, maxLength: 400, size: 'max' });
    fc.assert(
      fc.property(sequence, (numbers) => {
        expect(checkConservation(cast, new DrawnChoices(numbers), 12).failures).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('is tried with transactions of every kind that succeed', () => {
    const counts = new Map<string, number>();
    for (let seed = 1; seed <= 30; seed += 1) {
      const report = checkConservation(cast, new Random(`share/${seed}`), 60);
      expect(report.failures).toEqual([]);
      for (const [name, count] of report.counts) counts.set(name, (counts.get(name) ?? 0) + count);
    }
    const succeeded = transactionKinds.filter((kind) => counts.has(`${kind} ok`));
    expect(succeeded).toEqual(transactionKinds);
    for (const fact of [
      'atomic_batch ORDER_EXPIRED',
      'atomic_batch ORDER_ID_OTHER',
      'treasury_flushed',
      'batch_confirmed',
      'slashed',
      'escrow_released',
      'atomic_batch_failed',
      'treasury_withdrawn',
      'proposal_activated',
      'cross_chain_decided outbound complete',
      'cross_chain_decided outbound refund',
      'cross_chain_decided inbound complete',
      'cross_chain_decided inbound refund',
    ]) {
      expect(counts.get(fact), fact).toBeGreaterThan(0);
    }
  });
});

describe('what is changed on its way', () => {
  it('in the bytes of a transaction is refused with a code or executed right, and leaves no trace when refused', () => {
    const counts = new Map<string, number>();
    for (let seed = 1; seed <= 6; seed += 1) {
      const report = fuzzTransactions(cast, new Random(`share/${seed}`), 500);
      expect(report.failures).toEqual([]);
      for (const [name, count] of report.counts) counts.set(name, (counts.get(name) ?? 0) + count);
    }
    // Without these nothing would have got behind the decoder.
    for (const depth of [
      'decoded',
      'signed',
      'executed ok',
      'failed ESCROW_UNKNOWN',
      'refused by the block LEDGER_NONCE_AHEAD',
    ]) {
      expect(counts.get(depth), depth).toBeGreaterThan(20);
    }
  });

  it('in a batch over HTTP is refused with a code or executed right', () => {
    const { failures, counts } = fuzzBodies(cast, new Random('share'), 2000);
    expect(failures).toEqual([]);
    for (const depth of ['no JSON', 'refused by the schema', 'decoded', 'executed ok']) {
      expect(counts.get(depth), depth).toBeGreaterThan(2);
    }
  });

  it('in a request of a scenario is a problem with a code or a run in which the laws hold', () => {
    const { failures, counts } = fuzzRequests(new Random('share'), 200);
    expect(failures).toEqual([]);
    expect(counts.get('ran')).toBeGreaterThan(10);
    expect(counts.size).toBeGreaterThan(8);
  });
});
