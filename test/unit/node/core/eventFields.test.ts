import { describe, expect, it } from 'vitest';
import { amountsByAsset, eventLines, settlementBlockLine } from '../../../../node/core/eventFields.ts';
import { Trace } from '../../../../node/report/events.ts';
import { nodeEvents } from '../../../../scripts/docs/samples.ts';
import { settlementBlockAt } from '../laws/fixtures.ts';

describe('eventLines', () => {
  it('tells a live stream what the trace tells, whatever the event', () => {
    const names = ['node-0', 'node-1'];
    const traced: string[] = [];
    const trace = new Trace({
      nodeNames: names,
      labelOf: () => 'alice',
      onLine: (line) => traced.push(line),
    });
    const live = { nameOf: (node: number) => names[node] ?? '?', labelOf: () => 'alice' };
    const told: string[] = [];
    for (const event of Object.values(nodeEvents)) {
      trace.reportNode(7, 1, event);
      if (event.type === 'block_finalized') trace.reportFacts(7, event);
      told.push(...eventLines(7, 1, event, live).map((line) => JSON.stringify(line)));
    }
    trace.reportSettlementBlock(7, settlementBlockAt(3));
    told.push(JSON.stringify(settlementBlockLine(7, settlementBlockAt(3))));
    expect(told).toEqual(traced);
    expect(told.length).toBeGreaterThan(15);
  });
});

describe('amountsByAsset', () => {
  it('gives decimal text in the order of the list', () => {
    const amounts = amountsByAsset([
      { asset: 'UM', amount: -5n },
      { asset: 'USDC', amount: 2n ** 127n },
    ]);
    expect(JSON.stringify(amounts)).toBe('{"UM":"-5","USDC":"170141183460469231731687303715884105728"}');
  });
});
