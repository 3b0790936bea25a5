import { describe, expect, it } from 'vitest';
import { describeFaults } from '../../../../node/cli/faultLines.ts';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';

function linesOf(events: readonly string[]): string[] {
  const parsed = parseScenario(`timeline: [${events.map((event) => `{ ${event} }`).join(', ')}]`, 'x.yaml');
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('\n'));
  return describeFaults(parsed.value.scenario.timeline);
}

describe('describeFaults', () => {
  it('says when, what and how long, and passes over mere transactions', () => {
    expect(
      linesOf([
        'at: { time: 21s }, partition: [[node-0, node-1], [node-2]], for: 30s',
        'at: { block: 3 }, borrow: { asset: UM, amount: 5 }',
        'at: { block: 4 }, isolate: node-1, loss: 0.2',
        'at: { batch: 2, state: sealed }, settlement_chain: { slow: { factor: 3 } }, for: 2m',
      ]),
    ).toEqual([
      '21 s: partition [[node-0, node-1], [node-2]], for 30 s',
      'block 4: isolate node-1 and loss 0.2',
      'batch 2 is sealed: settlement_chain { slow: { factor: 3 } }, for 2 min',
    ]);
  });

  it('counts what is more than a screen of them', () => {
    const lines = linesOf(
      Array.from({ length: 15 }, (_, index) => `at: { time: ${index}s }, pause: { node: node-1 }, for: 1s`),
    );
    expect(lines).toHaveLength(13);
    expect(lines.at(-1)).toBe('and 3 more');
  });
});
