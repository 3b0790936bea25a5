import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseYaml, toPlain } from '../../../../node/config/located.ts';
import { formatProblem, type Problem } from '../../../../node/config/problem.ts';
import { chainFaultKeys, faultKeys } from '../../../../node/scenario/faultKinds.ts';
import { scenarioJsonSchema } from '../../../../node/scenario/jsonSchema.ts';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';
import type { Fault, Scenario } from '../../../../node/scenario/types.ts';

/** A scenario of one event; the event's keys begin in column 26 of line 2. */
function withEvent(keys: string): string {
  return [
    'timeline:',
    `  - { at: { time: 1s }, ${keys} }`,
    'config: { settlement: { origin_confirmations: 2 } }',
  ].join('\n');
}

function load(text: string): Scenario {
  const parsed = parseScenario(text, 'x.yaml');
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.value.scenario;
}

function problemsOf(text: string): readonly Problem[] {
  const parsed = parseScenario(text, 'x.yaml');
  return parsed.ok ? [] : parsed.problems;
}

const accepted: readonly (readonly [text: string, faults: readonly Fault[]])[] = [
  [
    'partition: [[node-0], [node-1, node-2, node-3]]',
    [{ type: 'partition', groups: [['node-0'], ['node-1', 'node-2', 'node-3']] }],
  ],
  ['partition: [[node-0]]', [{ type: 'partition', groups: [['node-0']] }]],
  ['one_way: { from: [node-0], to: [node-1] }', [{ type: 'one_way', from: ['node-0'], to: ['node-1'] }]],
  ['isolate: node-2', [{ type: 'isolate', node: 'node-2' }]],
  ['isolate: { node: node-2 }', [{ type: 'isolate', node: 'node-2' }]],
  [
    'latency: { ms: 400, jitter_ms: 100, nodes: [node-1] }',
    [{ type: 'latency', ms: 400, jitterMs: 100, nodes: ['node-1'] }],
  ],
  ['latency: { ms: 2s }', [{ type: 'latency', ms: 2000, jitterMs: 10, nodes: undefined }]],
  ['loss: 0.2', [{ type: 'loss', probability: 0.2, nodes: undefined }]],
  ['duplicate: { p: 0.5 }', [{ type: 'duplicate', probability: 0.5, nodes: undefined }]],
  ['reorder: { p: 1, nodes: [node-3] }', [{ type: 'reorder', probability: 1, nodes: ['node-3'] }]],
  ['bandwidth: { mbps: 0.5 }', [{ type: 'bandwidth', mbps: 0.5, nodes: undefined }]],
  ['crash: { node: node-2 }', [{ type: 'crash', node: 'node-2', lose: 'unsynced' }]],
  ['crash: { node: node-2, lose: all }', [{ type: 'crash', node: 'node-2', lose: 'all' }]],
  ['restart: { node: node-2 }', [{ type: 'restart', node: 'node-2' }]],
  ['pause: { node: node-1 }', [{ type: 'pause', node: 'node-1' }]],
  ['clock_skew: { node: node-3, ms: -700 }', [{ type: 'clock_skew', node: 'node-3', ms: -700 }]],
  ['clock_step: { node: node-3, ms: -5s }', [{ type: 'clock_step', node: 'node-3', ms: -5000 }]],
  ['disk: { node: node-1, fault: torn }', [{ type: 'disk', node: 'node-1', fault: 'torn' }]],
  ['withhold_settlement: { node: node-0 }', [{ type: 'withhold_settlement', node: 'node-0' }]],
  ['withhold_votes: { node: node-0 }', [{ type: 'withhold_votes', node: 'node-0' }]],
  ['withhold_gossip: { node: node-0 }', [{ type: 'withhold_gossip', node: 'node-0' }]],
  ['equivocate: { node: node-0 }', [{ type: 'equivocate', node: 'node-0' }]],
  ['forge_completion: { node: node-0 }', [{ type: 'forge_completion', node: 'node-0' }]],
  ['lie_about_net: { node: node-0 }', [{ type: 'lie_about_net', node: 'node-0' }]],
  ['garbage: { node: node-0 }', [{ type: 'garbage', node: 'node-0' }]],
  ['twin: { node: node-0 }', [{ type: 'twin', node: 'node-0' }]],
  ['settlement_chain: { stall: true }', [{ type: 'settlement_chain', kind: 'stall' }]],
  ['settlement_chain: { slow: { factor: 2.5 } }', [{ type: 'settlement_chain', kind: 'slow', factor: 2.5 }]],
  ['settlement_chain: { censor: node-1 }', [{ type: 'settlement_chain', kind: 'censor', node: 'node-1' }]],
  [
    'settlement_chain: { lose_receipts: 0.5, rpc_errors: 0.25, rpc_timeouts: 0.125, duplicate_delivery: 1 }',
    [
      { type: 'settlement_chain', kind: 'lose_receipts', probability: 0.5 },
      { type: 'settlement_chain', kind: 'rpc_errors', probability: 0.25 },
      { type: 'settlement_chain', kind: 'rpc_timeouts', probability: 0.125 },
      { type: 'settlement_chain', kind: 'duplicate_delivery', probability: 1 },
    ],
  ],
  [
    'settlement_chain: { slippage: { asset: UM, bps: 900 } }',
    [{ type: 'settlement_chain', kind: 'slippage', asset: 'UM', bps: 900 }],
  ],
  [
    'settlement_chain: { base_fee: { factor: 20 } }',
    [{ type: 'settlement_chain', kind: 'base_fee', factor: 20 }],
  ],
  ['settlement_chain: { reorg: { depth: 2 } }', [{ type: 'settlement_chain', kind: 'reorg', depth: 2 }]],
  ['settlement_chain: { transfer_timeout: true }', [{ type: 'settlement_chain', kind: 'transfer_timeout' }]],
  [
    'pause: { node: node-1 }, loss: 0.1, settlement_chain: { full: true }, for: 5s',
    [
      { type: 'pause', node: 'node-1' },
      { type: 'loss', probability: 0.1, nodes: undefined },
      { type: 'settlement_chain', kind: 'full' },
    ],
  ],
];

/** Column counted from the first key of the event. */
type Refusal = readonly [keys: string, column: number, code: string, message: string];

const refusals: readonly Refusal[] = [
  [
    'partition: node-0',
    11,
    'SCENARIO_VALUE_INVALID',
    'expected groups of nodes such as [[node-0], [node-1, node-2]], got "node-0"',
  ],
  [
    'partition: [node-0]',
    12,
    'SCENARIO_VALUE_INVALID',
    'expected a list of nodes such as [node-0, node-1], got "node-0"',
  ],
  [
    'partition: []',
    11,
    'SCENARIO_FAULT_EMPTY',
    'expected at least two groups (nodes that are not named form one more), got one',
  ],
  [
    'partition: [[node-0, node-1, node-2, node-3]]',
    11,
    'SCENARIO_FAULT_EMPTY',
    'expected at least two groups (nodes that are not named form one more), got one',
  ],
  ['partition: [[node-0], []]', 22, 'SCENARIO_FAULT_EMPTY', 'expected at least one node, got none'],
  [
    'partition: [[node-0], [node-1, node-0]]',
    31,
    'SCENARIO_NODE_REPEATED',
    'expected each node once, got `node-0` again',
  ],
  [
    'partition: [[node-0, node-0], [node-1]]',
    21,
    'SCENARIO_NODE_REPEATED',
    'expected each node once, got `node-0` again',
  ],
  [
    'partition: [[nod-0], [node-1]]',
    13,
    'SCENARIO_NODE_UNKNOWN',
    'expected the name of a node, got "nod-0"; did you mean `node-0`?',
  ],
  [
    'one_way: { from: [node-0] }',
    9,
    'SCENARIO_KEY_MISSING',
    'expected a list of nodes such as [node-0, node-1], got nothing',
  ],
  [
    'one_way: { from: [node-0], to: [node-0] }',
    32,
    'SCENARIO_NODE_REPEATED',
    'expected each node once, got `node-0` again',
  ],
  [
    'one_way: { from: [node-0], to: [node-1], too: 1 }',
    41,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `too`; did you mean `to`?',
  ],
  ['isolate: 3', 9, 'SCENARIO_VALUE_INVALID', 'expected the name of a node, got 3'],
  [
    'isolate: node-4',
    9,
    'SCENARIO_NODE_UNKNOWN',
    'expected the name of a node, got "node-4"; did you mean `node-0`?',
  ],
  [
    'latency: 400',
    9,
    'SCENARIO_VALUE_INVALID',
    'expected a map such as { ms: 400, jitter_ms: 100, nodes: [node-1] }, got 400',
  ],
  ['latency: { jitter_ms: 5 }', 9, 'SCENARIO_KEY_MISSING', 'expected a delay in ms, got nothing'],
  ['latency: { ms: 2h }', 15, 'SCENARIO_VALUE_INVALID', 'expected at most 3600000 ms, got "2h"'],
  [
    'latency: { ms: -1 }',
    15,
    'SCENARIO_DURATION_INVALID',
    'expected a duration (an integer in ms, or 500ms, 40s, 5m, 6h), got -1',
  ],
  ['latency: { ms: 5, nodes: [] }', 25, 'SCENARIO_FAULT_EMPTY', 'expected at least one node, got none'],
  ['loss: 1.5', 6, 'SCENARIO_VALUE_INVALID', 'expected a number from 0 to 1, got 1.5'],
  ['loss: { p: 2 }', 11, 'SCENARIO_VALUE_INVALID', 'expected a number from 0 to 1, got 2'],
  ['duplicate: { nodes: [node-1] }', 11, 'SCENARIO_KEY_MISSING', 'expected a probability, got nothing'],
  [
    'reorder: { p: 0.1, node: [node-1] }',
    19,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `node`; did you mean `nodes`?',
  ],
  ['bandwidth: { mbps: 0 }', 19, 'SCENARIO_VALUE_INVALID', 'expected a number from 0.001 to 1000000, got 0'],
  [
    'crash: { node: node-2, lose: some }',
    29,
    'SCENARIO_VALUE_INVALID',
    'expected one of none, unsynced, all, got "some"; did you mean `none`?',
  ],
  [
    'restart: { node: node-2 }, for: 5s',
    27,
    'SCENARIO_KEYS_CONFLICT',
    'expected a fault that lasts beside `for`, got none',
  ],
  [
    'clock_step: { node: node-2, ms: 1 }, for: 5s',
    37,
    'SCENARIO_KEYS_CONFLICT',
    'expected a fault that lasts beside `for`, got none',
  ],
  [
    'settlement_chain: { reorg: { depth: 1 } }, for: 5s',
    43,
    'SCENARIO_KEYS_CONFLICT',
    'expected a fault that lasts beside `for`, got none',
  ],
  ['pause: node-1', 7, 'SCENARIO_VALUE_INVALID', 'expected a map such as { node: node-2 }, got "node-1"'],
  [
    'clock_skew: { node: node-3 }',
    12,
    'SCENARIO_KEY_MISSING',
    'expected by how much the clock is off, in ms, got nothing',
  ],
  [
    'clock_skew: { node: node-3, ms: 25h }',
    32,
    'SCENARIO_VALUE_INVALID',
    'expected from -86400000 to 86400000 ms, got "25h"',
  ],
  [
    'clock_step: { node: node-3, ms: soon }',
    32,
    'SCENARIO_DURATION_INVALID',
    'expected a duration (an integer in ms, or 500ms, 40s, 5m, 6h), or one with a minus, got "soon"',
  ],
  ['disk: { node: node-1 }', 6, 'SCENARIO_KEY_MISSING', 'expected one of lost, torn, corrupt, got nothing'],
  [
    'disk: { node: node-1, fault: thorn }',
    29,
    'SCENARIO_VALUE_INVALID',
    'expected one of lost, torn, corrupt, got "thorn"; did you mean `torn`?',
  ],
  ['equivocate: {}', 12, 'SCENARIO_KEY_MISSING', 'expected the name of a node, got nothing'],
  [
    'equivocat: { node: node-0 }',
    0,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `equivocat`; did you mean `equivocate`?',
  ],
  [
    'twin: { node: node-8 }',
    14,
    'SCENARIO_NODE_UNKNOWN',
    'expected the name of a node, got "node-8"; did you mean `node-0`?',
  ],
  [
    'settlement_chain: {}',
    18,
    'SCENARIO_EVENT_EMPTY',
    `expected one of ${chainFaultKeys.join(', ')}, got nothing`,
  ],
  [
    'settlement_chain: { slow: 3 }',
    26,
    'SCENARIO_VALUE_INVALID',
    'expected a map such as { factor: 3 }, got 3',
  ],
  [
    'settlement_chain: { slow: { factor: 0.5 } }',
    36,
    'SCENARIO_VALUE_INVALID',
    'expected a number from 1 to 1000, got 0.5',
  ],
  [
    'settlement_chain: { base_fee: { factor: 0 } }',
    40,
    'SCENARIO_VALUE_INVALID',
    'expected a number from 0.001 to 1000000, got 0',
  ],
  [
    'settlement_chain: { censor: node-9 }',
    28,
    'SCENARIO_NODE_UNKNOWN',
    'expected the name of a node, got "node-9"; did you mean `node-0`?',
  ],
  [
    'settlement_chain: { reorg: { depth: 0 } }',
    36,
    'SCENARIO_VALUE_INVALID',
    'expected an integer from 1 to 1000, got 0',
  ],
  [
    'settlement_chain: { rpc_errors: half }',
    32,
    'SCENARIO_VALUE_INVALID',
    'expected a number from 0 to 1, got "half"',
  ],
  [
    'settlement_chain: { slippage: { asset: UM, bps: 10000 } }',
    48,
    'SCENARIO_VALUE_INVALID',
    'expected an integer from 1 to 9999, got 10000',
  ],
  [
    'settlement_chain: { slippage: { asset: "1 UM", bps: 5 } }',
    39,
    'SCENARIO_VALUE_INVALID',
    'expected an asset symbol: a letter, then up to 15 letters, digits or dots, got "1 UM"',
  ],
  ['settlement_chain: { transfer_timeout: 5s }', 38, 'SCENARIO_VALUE_INVALID', 'expected true, got "5s"'],
];
/** Where the first key of the event stands. */
const FIRST_COLUMN = 25;

describe('faults of an event', () => {
  it.each(accepted)('reads %s', (text, faults) => {
    expect(load(withEvent(text)).timeline[0]?.faults).toEqual(faults);
  });

  it.each(refusals)('refuses %s', (text, column, code, message) => {
    const texts = problemsOf(withEvent(text)).map(
      (problem) =>
        `${problem.line}:${Number(problem.column) - FIRST_COLUMN} ${problem.message}${problem.hint === undefined ? '' : `; ${problem.hint}`} [${problem.code}]`,
    );
    expect(texts).toEqual([`2:${column} ${message} [${code}]`]);
  });

  it('lists every mistake of one event at once', () => {
    const problems = problemsOf(
      withEvent(
        'partition: [[node-0], [node-0]], loss: 3, pause: { node: node-7 }, settlement_chain: { slow: 1 }',
      ),
    );
    expect(problems.map(({ code }) => code)).toEqual([
      'SCENARIO_NODE_REPEATED',
      'SCENARIO_VALUE_INVALID',
      'SCENARIO_NODE_UNKNOWN',
      'SCENARIO_VALUE_INVALID',
    ]);
  });

  it('has an example here of every fault there is', () => {
    const read = new Set<string>(
      accepted.flatMap(([, faults]) => faults.map((fault) => ('kind' in fault ? fault.kind : fault.type))),
    );
    read.add('settlement_chain');
    expect([...read].sort()).toEqual([...faultKeys, ...chainFaultKeys].sort());
  });

  it('reads the model of every link', () => {
    const network =
      'network: { latency_ms: 1s, jitter_ms: 5, loss: 0.1, duplicate: 0.2, reorder: 0.3, bandwidth_mbps: 2.5 }';
    expect(load(network).network).toEqual({
      latencyMs: 1000,
      jitterMs: 5,
      loss: 0.1,
      duplicate: 0.2,
      reorder: 0.3,
      bandwidthMbps: 2.5,
    });
    const problems = problemsOf('network: { latency_ms: 2h, duplicate: 2, bandwidth_mbps: 0 }');
    expect(problems.map(({ path, code }) => [path, code])).toEqual([
      ['network.latency_ms', 'SCENARIO_VALUE_INVALID'],
      ['network.duplicate', 'SCENARIO_VALUE_INVALID'],
      ['network.bandwidth_mbps', 'SCENARIO_VALUE_INVALID'],
    ]);
  });
});

describe('the JSON Schema of faults', () => {
  const schema = z.fromJSONSchema(scenarioJsonSchema() as Parameters<typeof z.fromJSONSchema>[0]);
  const isDescribed = (event: object): boolean =>
    schema.safeParse({ timeline: [{ at: { time: '1s' }, ...event }] }).success;
  const isAccepted = (event: object): boolean =>
    problemsOf(
      JSON.stringify({
        timeline: [{ at: { time: '1s' }, ...event }],
        config: { settlement: { origin_confirmations: 2 } },
      }),
    ).length === 0;

  /** Values near the border between right and wrong. */
  const name = fc.constantFrom<unknown>('node-0', 'node-1', 'node-2', 'node-3', 7);
  const names = fc.oneof(fc.array(name, { maxLength: 4 }), name);
  const numeric = fc.constantFrom<unknown>(
    -1,
    0,
    0.0005,
    0.5,
    1,
    1.5,
    2,
    900,
    5000,
    10_000,
    2_000_000,
    '5',
    true,
  );
  const time = fc.constantFrom<unknown>(0, 5, -700, 1.5, '5s', '-5s', '1m', 's', '5 s', true);
  const inner = fc.record(
    {
      node: name,
      nodes: names,
      from: names,
      to: names,
      ms: time,
      jitter_ms: time,
      p: numeric,
      mbps: numeric,
      factor: numeric,
      depth: numeric,
      bps: numeric,
      asset: fc.constantFrom<unknown>('UM', 5),
      lose: fc.constantFrom('none', 'unsynced', 'all', 'some'),
      fault: fc.constantFrom('lost', 'torn', 'corrupt', 'bent'),
    },
    { requiredKeys: [] },
  );
  const value: fc.Arbitrary<unknown> = fc.oneof(inner, numeric, names, fc.array(names, { maxLength: 3 }));
  /** The keys that the map of a fault has; of one that is not here: `node`. */
  const keysOf: Readonly<Record<string, readonly string[]>> = {
    one_way: ['from', 'to'],
    latency: ['ms', 'jitter_ms', 'nodes'],
    loss: ['p', 'nodes'],
    duplicate: ['p', 'nodes'],
    reorder: ['p', 'nodes'],
    bandwidth: ['mbps', 'nodes'],
    crash: ['node', 'lose'],
    clock_skew: ['node', 'ms'],
    clock_step: ['node', 'ms'],
    disk: ['node', 'fault'],
    slow: ['factor'],
    base_fee: ['factor'],
    reorg: ['depth'],
    slippage: ['asset', 'bps'],
  };
  const entryOf = (keys: readonly string[]): fc.Arbitrary<Record<string, unknown>> =>
    fc
      .tuple(fc.constantFrom(...keys), fc.oneof({ weight: 3, arbitrary: inner }, value))
      .map(([key, given]) => {
        const known = keysOf[key] ?? ['node'];
        const isMap = typeof given === 'object' && given !== null && !Array.isArray(given);
        const kept = isMap
          ? Object.fromEntries(Object.entries(given).filter(([name]) => known.includes(name)))
          : given;
        return { [key]: kept };
      });

  it('describes every fault that the reader accepts', () => {
    let acceptedCount = 0;
    fc.assert(
      fc.property(
        fc.oneof(
          entryOf(faultKeys),
          entryOf(chainFaultKeys).map((fault) => ({ settlement_chain: fault })),
        ),
        (event) => {
          if (!isAccepted(event)) return;
          acceptedCount += 1;
          expect(isDescribed(event), JSON.stringify(event)).toBe(true);
        },
      ),
      { numRuns: 3000, seed: 7 },
    );
    expect(acceptedCount).toBeGreaterThan(300);
  });

  it.each(accepted)('describes { %s }', (text) => {
    const parsed = parseYaml(`{ ${text} }`, 'x.yaml');
    if (!parsed.ok) throw new Error(text);
    expect(isDescribed(toPlain(parsed.value) as object)).toBe(true);
  });

  it.each([
    { loss: 1.5 },
    { partition: [[]] },
    { partition: [['node-0', 'node-0']] },
    { one_way: { from: ['node-0'] } },
    { latency: { jitter_ms: 5 } },
    { crash: { node: 'node-0', lose: 'some' } },
    { disk: { node: 'node-0' } },
    { equivocate: {} },
    { settlement_chain: {} },
    { settlement_chain: { stall: false } },
    { settlement_chain: { reorg: { depth: 0 } } },
    { settlement_chain: { slippage: { asset: 'UM', bps: 10_000 } } },
  ])('refuses %o, as the reader does', (event) => {
    expect(isDescribed(event)).toBe(false);
    expect(isAccepted(event)).toBe(false);
  });
});
