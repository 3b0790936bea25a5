import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';

function problemsOf(lines: readonly string[], engine: 'simulation' | 'devnet' = 'devnet'): string[] {
  const parsed = parseScenario(lines.join('\n'), 'x.yaml', { engine });
  return parsed.ok
    ? []
    : parsed.problems.map(
        ({ line, column, code, message, hint }) => `${line}:${column} [${code}] ${message}; ${hint}`,
      );
}

function timelineOf(...faults: string[]): string[] {
  return ['{ duration: 10m, timeline: [', ...faults.map((fault) => `{ at: { block: 3 }, ${fault} },`), ']}'];
}

describe('what the devnet cannot play', () => {
  it.each([
    ['clock_skew: { node: node-1, ms: 5 }, for: 5s', 'clock_skew', 'latency on the links of node-1'],
    ['clock_step: { node: node-1, ms: 5 }', 'clock_step', 'latency on the links of node-1'],
    ['disk: { node: node-1, fault: torn }, for: 5s', 'disk', 'crash: { node: node-1, lose: all }'],
    ['bandwidth: { mbps: 1 }, for: 5s', 'bandwidth', 'latency'],
    ['withhold_votes: { node: node-2 }, for: 5s', 'withhold_votes', 'pause: { node: node-2 }'],
    ['withhold_gossip: { node: node-2 }, for: 5s', 'withhold_gossip', 'one_way with from: [node-2]'],
    ['equivocate: { node: node-2 }, for: 5s', 'equivocate', 'withhold_settlement'],
    ['forge_completion: { node: node-2 }, for: 5s', 'forge_completion', 'withhold_settlement'],
    ['lie_about_net: { node: node-2 }, for: 5s', 'lie_about_net', 'withhold_settlement'],
    ['garbage: { node: node-2 }, for: 5s', 'garbage', 'withhold_settlement'],
    ['twin: { node: node-2 }, for: 5s', 'twin', 'withhold_settlement'],
  ])('%s', (fault, name, nearest) => {
    expect(problemsOf(timelineOf(fault), 'simulation')).toEqual([]);
    const [problem, ...others] = problemsOf(timelineOf(fault));
    expect(others).toEqual([]);
    expect(problem).toContain(
      `2:21 [SCENARIO_FAULT_NOT_REAL] expected a fault that the devnet can play, got ${name}`,
    );
    expect(problem).toContain(`nearest: ${nearest}`);
    expect(problem).toContain('or run it with `--engine simulation`');
  });

  it('is a reorganisation deeper than the chain keeps, and a bandwidth of the network', () => {
    const reorg = (depth: number): string[] => [
      'config: { settlement: { origin_confirmations: 100, origin_lag_max: 200, submission_deadline_blocks: 300 } }',
      `timeline: [{ at: { time: 60s }, settlement_chain: { reorg: { depth: ${depth} } } }]`,
      'network: { latency_ms: 5, bandwidth_mbps: 10 }',
    ];
    const [first, ...others] = problemsOf(reorg(65));
    expect(first).toContain(
      '2:33 [SCENARIO_FAULT_NOT_REAL] expected a depth of at most 64 on the devnet, got 65',
    );
    expect(others).toEqual([
      '3:27 [SCENARIO_FAULT_NOT_REAL] expected no bandwidth_mbps on the devnet: its links are those of one machine; ' +
        'leave it out; latency_ms and jitter_ms are played',
    ]);
    expect(problemsOf(reorg(64))).toEqual(others);
    expect(problemsOf(reorg(65), 'simulation')).toEqual([]);
  });

  it('is listed all at once, beside everything else that is wrong', () => {
    const faults = [
      'clock_skew: { node: node-1, ms: 5 }',
      'crash: { node: node-9 }',
      'garbage: { node: node-2 }',
    ];
    expect(problemsOf(timelineOf(...faults)).map((text) => text.split(']')[0])).toEqual([
      '2:21 [SCENARIO_FAULT_NOT_REAL',
      '3:36 [SCENARIO_NODE_UNKNOWN',
      '4:21 [SCENARIO_FAULT_NOT_REAL',
    ]);
  });

  it('is nothing of what it can play', () => {
    const playable = [
      'partition: [[node-0], [node-1]]',
      'one_way: { from: [node-0], to: [node-1] }',
      'isolate: node-2',
      'latency: { ms: 40 }',
      'loss: 0.2',
      'duplicate: 0.2',
      'reorder: 0.2',
      'crash: { node: node-1, lose: all }',
      'restart: { node: node-1 }',
      'pause: { node: node-3 }',
      'withhold_settlement: { node: node-0 }',
      'settlement_chain: { stall: true }',
    ];
    expect(problemsOf(timelineOf(...playable))).toEqual([]);
  });
});
