import { describe, expect, it } from 'vitest';
import { parseScenario } from '../../../../node/scenario/loadScenario.ts';

/** Line 1 to 3; further lines follow, and `timeline:` begins at line 2. */
function problemsOf(lines: readonly string[]): string[] {
  const parsed = parseScenario(lines.join('\n'), 'x.yaml');
  return parsed.ok
    ? []
    : parsed.problems.map(
        ({ line, column, code, message, hint }) =>
          `${line}:${column} [${code}] ${message}${hint === undefined ? '' : `; ${hint}`}`,
      );
}

function codesOf(lines: readonly string[]): string[] {
  return problemsOf(lines).map((text) => /^(\d+:\d+ \[\w+\])/.exec(text)?.[1] ?? text);
}

/** Events from line 2 on, in a run of ten minutes. */
function withEvents(...events: string[]): string[] {
  return [`{ duration: 10m, timeline: [`, ...events.map((event) => `{ ${event} },`), ']}'];
}

describe('a third of the power', () => {
  it('may not be dishonest, whenever it is', () => {
    expect(
      problemsOf(
        withEvents(
          'at: { time: 1s }, equivocate: { node: node-0 }, for: 5s',
          'at: { time: 9s }, garbage: { node: node-0 }, for: 5s',
          'at: { time: 20s }, twin: { node: node-3 }, for: 5s',
        ),
      ),
    ).toEqual([
      '4:22 [SCENARIO_BYZANTINE_THIRD] expected dishonest nodes of less than a third of the power, got node-0 and node-3 with 2000 of 4000; set `allow_unsafe: true` to run it all the same',
    ]);
  });

  it.each([
    'withhold_votes',
    'withhold_gossip',
    'equivocate',
    'forge_completion',
    'lie_about_net',
    'garbage',
    'twin',
  ])('counts %s', (behaviour) => {
    const both = ['node-0', 'node-1'].map((node) => `at: { time: 1s }, ${behaviour}: { node: ${node} }`);
    expect(codesOf(withEvents(...both))).toEqual(['3:21 [SCENARIO_BYZANTINE_THIRD]']);
    expect(problemsOf(withEvents(...both.slice(1)))).toEqual([]);
  });

  it('counts power, not heads', () => {
    const validators =
      'config: { validators: [{ name: a, stake: 1000 }, { name: b, stake: 499 }, { name: c, stake: 1 }, { name: d, stake: 1500 }] }';
    const event = (node: string): string => `timeline: [{ at: { time: 1s }, garbage: { node: ${node} } }]`;
    expect(codesOf([validators, event('a')])).toEqual(['2:32 [SCENARIO_BYZANTINE_THIRD]']);
    expect(codesOf([validators, event('b')])).toEqual([]);
    expect(codesOf([validators, event('d')])).toEqual(['2:32 [SCENARIO_BYZANTINE_THIRD]']);
  });

  it('may be dishonest when the scenario says so, and may withhold settlements', () => {
    const lines = withEvents('at: { time: 1s }, twin: { node: node-0 }, garbage: { node: node-1 }');
    expect(codesOf(lines)).toEqual(['2:45 [SCENARIO_BYZANTINE_THIRD]']);
    expect(codesOf([lines.join('\n').replace('{ duration', '{ allow_unsafe: true, duration')])).toEqual([]);
    const silent = ['node-0', 'node-1', 'node-2', 'node-3'].map(
      (node) => `at: { time: 1s }, withhold_settlement: { node: ${node} }`,
    );
    expect(codesOf(withEvents(...silent))).toEqual([]);
  });

  it('may be down: that only stops the chain', () => {
    const down = ['node-0', 'node-1', 'node-2'].map((node) => `at: { time: 1s }, crash: { node: ${node} }`);
    expect(codesOf(withEvents(...down))).toEqual([]);
  });
});

describe('slippage', () => {
  const slippage = (asset: string): string[] =>
    withEvents(`at: { time: 1s }, settlement_chain: { slippage: { asset: ${asset}, bps: 100 } }`);

  it('moves the price of a registered asset, of one that a transaction names too', () => {
    expect(codesOf(slippage('UM'))).toEqual([]);
    expect(codesOf(slippage('XX'))).toEqual(['2:21 [SCENARIO_ASSET_UNKNOWN]']);
    const named = 'at: { block: 2 }, borrow: { asset: XX, amount: 1 }';
    const moved = 'at: { time: 1s }, settlement_chain: { slippage: { asset: XX, bps: 100 } }';
    expect(codesOf(withEvents(moved, named))).toEqual([]);
  });

  it('moves no price of the base asset in itself', () => {
    expect(codesOf(slippage('USDC'))).toEqual(['2:21 [SCENARIO_FAULT_EMPTY]']);
  });
});

describe('a reorganisation', () => {
  const reorg = (depth: number, confirmations: number, expectation: string): string[] => [
    `config: { settlement: { origin_confirmations: ${confirmations} } }`,
    `timeline: [{ at: { time: 60s }, settlement_chain: { reorg: { depth: ${depth} } } }]`,
    expectation,
  ];

  it('stays above settlement origins unless the scenario expects a halt', () => {
    expect(problemsOf(reorg(3, 2, ''))).toEqual([
      '2:33 [SCENARIO_REORG_TOO_DEEP] expected a depth of at most settlement.origin_confirmations (2), got 3: nodes may have to halt; raise `settlement.origin_confirmations`, or expect `{ eventually: { halted: true } }`',
    ]);
    expect(problemsOf(reorg(2, 2, ''))).toEqual([]);
  });

  it.each([
    ['{ eventually: { halted: true } }', true],
    ['{ final: { halted: node-1 } }', true],
    ['{ never: { halted: true } }', false],
    ['{ final: { halted: false } }', false],
    ['{ final: { converged: true } }', false],
  ])('%s: expects a halt %s', (expectation, isExpected) => {
    const codes = isExpected ? [] : ['2:33 [SCENARIO_REORG_TOO_DEEP]'];
    expect(codesOf(reorg(1, 0, `expect: [${expectation}]`))).toEqual(codes);
  });

  it('refuses a halt of nobody', () => {
    expect(codesOf(reorg(1, 0, 'expect: [{ final: { halted: node-9 } }]'))[0]).toBe(
      '2:33 [SCENARIO_REORG_TOO_DEEP]',
    );
    expect(codesOf(reorg(1, 0, 'expect: [{ final: { halted: node-9 } }]'))[1]).toBe(
      '3:29 [SCENARIO_NODE_UNKNOWN]',
    );
  });
});

describe('the history that peers keep', () => {
  const away = (events: string, more = ''): string[] => [
    `config: { simulation: { history_blocks: 100 }${more} }`,
    'duration: 20m',
    `timeline: [${events}]`,
  ];

  it.each([
    ['crash: { node: node-1 }', '3:32'],
    ['pause: { node: node-1 }', '3:32'],
    ['isolate: node-1', '3:32'],
    ['partition: [[node-1]]', '3:32'],
  ])('reaches back over %s', (fault, at) => {
    expect(codesOf(away(`{ at: { time: 60s }, ${fault}, for: 202s }`).map((line) => line))).toEqual([
      `${at.replace('32', '33')} [SCENARIO_HISTORY_SHORT]`,
    ]);
    expect(codesOf(away(`{ at: { time: 60s }, ${fault}, for: 200s }`))).toEqual([]);
  });

  it('says how long it must be', () => {
    expect(
      problemsOf(
        away(
          '{ at: { time: 1s }, crash: { node: node-1 } }, { at: { time: 301s }, restart: { node: node-1 } }',
        ),
      ),
    ).toEqual([
      '3:32 [SCENARIO_HISTORY_SHORT] expected node-1 to lack at most 100 blocks (simulation.history_blocks) when it is back, got 150: it can never catch up; set `config: { simulation: { history_blocks: 150 } }` or more',
    ]);
  });

  it('counts from genesis for a disk that is lost', () => {
    const lost = '{ at: { time: 300s }, crash: { node: node-1, lose: all }, for: 10s }';
    expect(codesOf(away(lost))).toEqual(['3:34 [SCENARIO_HISTORY_SHORT]']);
    expect(codesOf(away(lost.replace('300s', '100s')))).toEqual([]);
  });

  it('counts no block that nobody could make', () => {
    const all = ['node-0', 'node-1', 'node-2', 'node-3']
      .map((node) => `{ at: { time: 60s }, crash: { node: ${node} }, for: 10m }`)
      .join(', ');
    expect(codesOf(away(all))).toEqual([]);
    expect(
      codesOf(away('{ at: { time: 60s }, partition: [[node-0, node-1], [node-2, node-3]], for: 10m }')),
    ).toEqual([]);
  });

  it('need not reach back over what outlasts the run', () => {
    expect(codesOf(away('{ at: { time: 60s }, crash: { node: node-1 } }'))).toEqual([]);
  });
});

describe('an expectation that can never be evaluated', () => {
  const base = (expectation: string, more = ''): string[] => [
    `duration: 60s${more}`,
    'timeline: [{ at: { block: 1 }, borrow: { asset: UM, amount: 5 } }, { at: { block: 7 }, repay: { asset: UM, amount: 5 } }, { at: { block: 8 }, borrow: { asset: UM, amount: 5 } }]',
    `expect: [{ ${expectation} }]`,
  ];

  it.each([
    ['batch: 1, from_height: 1', undefined],
    ['batch: 3, state: confirmed', undefined],
    ['batch: 4, from_height: 1', '12 3 transactions move a net amount, so batch 4 is never sealed'],
    ['batch: 1, settlement_height: 12', undefined],
    [
      'batch: 1, settlement_height: 13',
      '22 settlement block 13 cannot come before 65 s, and the run ends at 1 min',
    ],
    ['batch: 1, included_at: 61s', '22 61 s never comes: the run ends at 1 min'],
    ['final: { height_at_least: 31 }', undefined],
    ['final: { height_at_least: 32 }', '12 block 32 cannot come before 62 s, and the run ends at 1 min'],
    ['eventually: { height_at_least: 32 }', '12 block 32 cannot come before 62 s, and the run ends at 1 min'],
    ['never: { height_at_least: 32 }', undefined],
    ['within: 5s, after: { block: 31 }, batch: 1, state: sealed', undefined],
    [
      'within: 5s, after: { block: 32 }, batch: 1, state: sealed',
      '24 block 32 cannot come before 62 s, and the run ends at 1 min',
    ],
    [
      'within: 5s, after: { time: 61s }, batch: 1, state: sealed',
      '24 61 s never comes: the run ends at 1 min',
    ],
    [
      'within: 5s, after: { settlement_block: 13 }, batch: 1, state: sealed',
      '24 settlement block 13 cannot come before 65 s, and the run ends at 1 min',
    ],
    [
      'within: 5s, after: { batch: 9, state: sealed }, batch: 1, state: sealed',
      '24 3 transactions move a net amount, so batch 9 is never sealed',
    ],
    [
      'within: 5s, after: { block: 1 }, batch: 9, state: sealed',
      '45 3 transactions move a net amount, so batch 9 is never sealed',
    ],
  ])('%s: %s', (expectation, problem) => {
    const found = problemsOf(base(expectation)).map((text) =>
      text.replace('[SCENARIO_EXPECTATION_UNREACHABLE] ', ''),
    );
    expect(found).toEqual(problem === undefined ? [] : [`3:${problem}`]);
  });

  it('knows how many windows fit, and that operators end them early', () => {
    const many = (more: string): string[] => [
      'duration: 28s',
      'workload: { uniform: { transactions_per_block: 2 } }',
      'expect: [{ batch: 4, state: confirmed }]',
      more,
    ];
    expect(problemsOf(many(''))).toEqual([
      '3:12 [SCENARIO_EXPECTATION_UNREACHABLE] batch 4 cannot come before 38 s, and the run ends at 28 s',
    ]);
    expect(problemsOf(many('config: { settlement: { batch_size: 3 } }'))).toEqual([]);
    expect(problemsOf(many('timeline: [{ at: { block: 3 }, settle_now: true }]'))).toEqual([]);
  });

  it('has batches only where something is borrowed', () => {
    expect(problemsOf(['duration: 60s', 'expect: [{ batch: 1, state: confirmed }]'])).toEqual([
      '2:12 [SCENARIO_EXPECTATION_UNREACHABLE] nothing is borrowed or repaid, so batch 1 is never sealed',
    ]);
  });

  it('knows the accounts and ids that the scenario names', () => {
    const sale = (...conditions: string[]): string[] => [
      'timeline:',
      '  - { at: { block: 1 }, account: buyer, escrow_open: { id: deal, asset: UM, amount: 9, parties: [judge], expires_after_blocks: 5 } }',
      '  - { at: { block: 2 }, atomic_batch: { id: sale, requests: [{ id: price, from: buyer, to: seller, asset: UM, amount: 9 }] } }',
      'expect:',
      ...conditions.map((condition) => `  - { final: { ${condition} } }`),
    ];
    const good = [
      ...['buyer', 'seller', 'judge', 'node-0', 'oracle'].map(
        (account) => `balance: { account: ${account}, asset: UM, equals: 0 }`,
      ),
      'escrow: { id: deal, equals: 0 }',
      'atomic_batch: { id: sale, status: completed }',
      'receipt: { id: price }',
    ];
    expect(problemsOf(sale(...good))).toEqual([]);
    const bad = [
      'escrow: { id: sale, equals: 0 }',
      'channel: { id: deal, equals: 0 }',
      'atomic_batch: { id: price, status: completed }',
      'receipt: { id: sale }',
    ];
    expect(
      problemsOf(sale(...bad)).map((text) => text.replace('[SCENARIO_EXPECTATION_UNREACHABLE] ', '')),
    ).toEqual([
      '5:7 nothing in the scenario names the escrow sale; it has deal',
      '6:7 nothing in the scenario names the channel deal; it has none',
      '7:7 nothing in the scenario names the atomic batch price; it has sale',
      '8:7 nothing in the scenario names the settlement sale; it has price',
    ]);
    const stranger = ['balance: { account: sellar, asset: UM, equals: 0 }'];
    expect(problemsOf(sale(...stranger))[0]).toMatch(/names the account sellar; it has buyer, judge, node-0/);
    const generated = ['workload: { uniform: { transactions_per_block: 1 } }', ...sale(...stranger)];
    expect(problemsOf(generated)).toEqual([]);
  });

  it('gives clocks that run ahead their lead', () => {
    const late = base('final: { height_at_least: 32 }');
    expect(problemsOf(late).length).toBe(1);
    const skewed = late.map((line) =>
      line.replace('timeline: [', 'timeline: [{ at: { time: 0s }, clock_skew: { node: node-0, ms: 2s } }, '),
    );
    expect(problemsOf(skewed)).toEqual([]);
  });
});
