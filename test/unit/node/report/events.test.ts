import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Trace } from '../../../../node/report/events.ts';
import { batchOf, confirmedFact, hashOf, settlementBlockAt } from '../laws/fixtures.ts';

function createTrace(): { trace: Trace; lines: string[] } {
  const lines: string[] = [];
  const trace = new Trace({
    nodeNames: ['node-0', 'north "one"'],
    labelOf: (address) => (address === '0xaa' ? 'alice' : undefined),
    onLine: (line) => lines.push(line),
  });
  return { trace, lines };
}

const finalized = {
  type: 'block_finalized',
  height: 5,
  view: 6,
  hash: hashOf('a'),
  timestampMs: 8000,
  leader: 1,
  stateRoot: hashOf('b'),
  originHeight: 1,
  facts: [],
  atomicFacts: [],
  crossChainFacts: [],
  postedFacts: [],
  transactions: [],
} as const;

describe('Trace', () => {
  it('writes the lines of every block as JSON with keys in one order', () => {
    const { trace, lines } = createTrace();
    trace.reportNode(1, 0, {
      type: 'block_proposed',
      height: 5,
      view: 6,
      hash: hashOf('a'),
      transactions: 3,
    });
    trace.reportNode(2, 1, { type: 'block_notarized', height: 5, view: 6, hash: hashOf('a') });
    trace.reportNode(3, 1, finalized);
    trace.reportNode(4, 0, finalized);
    trace.reportSettlementBlock(5, settlementBlockAt(2));
    expect(lines.map((line) => JSON.parse(line))).toEqual([
      {
        t: 1,
        node: 'node-0',
        type: 'block_proposed',
        height: 5,
        view: 6,
        hash: hashOf('a'),
        transactions: 3,
      },
      { t: 2, node: 'north "one"', type: 'block_notarized', height: 5, view: 6, hash: hashOf('a') },
      {
        t: 3,
        node: 'north "one"',
        type: 'block_finalized',
        height: 5,
        view: 6,
        hash: hashOf('a'),
        timestamp_ms: 8000,
        leader: 'north "one"',
        state_root: hashOf('b'),
        origin_height: 1,
      },
      expect.objectContaining({ t: 4, node: 'node-0', type: 'block_finalized', height: 5 }),
      expect.objectContaining({ t: 5, node: null, type: 'settlement_block', height: 2, base_fee: '1' }),
    ]);
    expect(lines[2]?.startsWith('{"t":3,"node":"north \\"one\\"","type":"block_finalized","height":5')).toBe(
      true,
    );
  });

  it('tells blocks of one height apart', () => {
    const { trace, lines } = createTrace();
    trace.reportNode(1, 0, { type: 'block_notarized', height: 5, view: 6, hash: hashOf('a') });
    trace.reportNode(2, 0, { type: 'block_notarized', height: 5, view: 7, hash: hashOf('c') });
    trace.reportNode(3, 0, finalized);
    trace.reportNode(4, 0, { ...finalized, hash: hashOf('c'), view: 7 });
    expect(lines.map((line) => (JSON.parse(line) as { hash: string }).hash[2])).toEqual(['a', 'c', 'a', 'c']);
  });

  it('reports facts and transactions for the network, with names, labels and amounts as text', () => {
    const { trace, lines } = createTrace();
    trace.reportFacts(9, {
      ...finalized,
      transactions: [{ transactionId: hashOf('1'), type: 'borrow', from: '0xaa', result: 'ok' }],
      facts: [
        { type: 'window_closed', index: 0, fromHeight: 1, toHeight: 5, empty: false, batch: 1 },
        { type: 'window_closed', index: 1, fromHeight: 6, toHeight: 10, empty: true, batch: undefined },
        { type: 'batch_sealed', batch: batchOf(1) },
        confirmedFact(batchOf(1)),
        {
          type: 'slashed',
          validator: 1,
          reason: 'missed_settlement',
          batch: 1,
          attempt: 1,
          amount: 12_345_678_901_234_567_890n,
        },
      ],
    });
    const events = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(events.map(({ type }) => type)).toEqual([
      'transaction_executed',
      'window_closed',
      'empty_window',
      'batch_sealed',
      'batch_confirmed',
      'slashed',
    ]);
    expect(events.every(({ t, node, height }) => t === 9 && node === null && height === 5)).toBe(true);
    expect(events[0]).toMatchObject({ operation: 'borrow', from: 'alice', result: 'ok', id: hashOf('1') });
    expect(events[2]).not.toHaveProperty('batch');
    expect(events[3]).toMatchObject({ batch: 1, net: { UM: '10' }, proposer: 'node-0' });
    expect(events[5]).toMatchObject({ validator: 'north "one"', amount: '12345678901234567890' });
  });

  it('hashes every line with its break, over many chunks', () => {
    const { trace, lines } = createTrace();
    for (let view = 1; view <= 5000; view += 1) trace.reportNode(view, 0, { type: 'view_nullified', view });
    expect(trace.lineCount).toBe(5000);
    const whole = createHash('sha256')
      .update(lines.map((line) => `${line}\n`).join(''))
      .digest('hex');
    expect(trace.finish()).toBe(`0x${whole}`);
  });
});
