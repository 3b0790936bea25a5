import { describe, expect, it } from 'vitest';
import { CoverageCounter, expectedHits, findMissed } from '../../../../../node/simulation/fuzz/coverage.ts';

function countLines(...lines: readonly object[]): Readonly<Record<string, number>> {
  const counter = new CoverageCounter();
  for (const line of lines) counter.line(JSON.stringify(line));
  return counter.counts;
}

describe('CoverageCounter', () => {
  it('counts faults by kind, slashes by reason and warnings by code', () => {
    expect(
      countLines(
        { t: 1, node: 'node-0', type: 'fault_started', fault: 'crash', lose: 'all' },
        { t: 1, node: null, type: 'fault_started', fault: 'settlement_chain', slow: true, factor: 3 },
        { t: 2, node: null, type: 'slashed', reason: 'equivocation' },
        { t: 3, node: 'node-1', type: 'warning', code: 'SYNC_HISTORY_GONE' },
        { t: 3, node: 'node-0', type: 'node_crashed', lose: 'all' },
      ),
    ).toEqual({
      'fault.crash': 1,
      'fault.settlement_chain.slow': 1,
      'slashed.equivocation': 1,
      'warning.SYNC_HISTORY_GONE': 1,
      node_crashed: 1,
      disk_wiped: 1,
    });
  });

  it('tells a higher fee from a resend, and a rescue from a settlement in time', () => {
    const submitted = { t: 1, node: 'node-0', type: 'batch_submitted', batch: 1, attempt: 1, fee_cap: '10' };
    expect(countLines(submitted, submitted).fee_bumped).toBeUndefined();
    expect(countLines(submitted, { ...submitted, fee_cap: '11' }).fee_bumped).toBe(1);
    const confirmed = { t: 3, node: null, type: 'batch_confirmed', batch: 1 };
    expect(countLines(confirmed).rescued).toBeUndefined();
    expect(countLines({ t: 2, node: null, type: 'batch_missed', batch: 1 }, confirmed).rescued).toBe(1);
  });

  it('sees a node that finalises many blocks at once', () => {
    const block = (node: string, height: number) => ({ t: 5, node, type: 'block_finalized', height });
    expect(countLines(...[1, 2, 3].map((height) => block('node-0', height))).caught_up).toBeUndefined();
    expect(countLines(...[1, 2, 3, 4, 5].map((height) => block('node-0', height))).caught_up).toBe(1);
  });
});

describe('findMissed', () => {
  it('names what was never hit', () => {
    const all = Object.fromEntries(expectedHits().map((name) => [name, 1]));
    expect(findMissed(all)).toEqual([]);
    expect(findMissed({ ...all, jailed: 0 })).toEqual(['jailed']);
  });
});
