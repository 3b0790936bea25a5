import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { texts } from '../../../../../node/config/plainConfig.ts';
import type { Problem } from '../../../../../node/config/problem.ts';
import { parseScenario } from '../../../../../node/scenario/loadScenario.ts';
import { plainModelOf } from '../../../../../node/scenario/model/plainModel.ts';
import type { WorkloadModel } from '../../../../../node/scenario/model/types.ts';
import { loadText } from '../replay.ts';

function modelOf(lines: readonly string[]): WorkloadModel {
  const { workload } = loadText(['workload:', '  model:', ...lines].join('\n'));
  if (workload.type !== 'model') throw new Error(workload.type);
  return workload.model;
}

function problemsOf(lines: readonly string[]): readonly Problem[] {
  const parsed = parseScenario(['workload:', '  model:', ...lines].join('\n'), 'x.yaml');
  return parsed.ok ? [] : parsed.problems;
}

const rate = '    arrivals: { transactions_per_block: 5 }';
const whole = [
  '    accounts: 9',
  '    arrivals: { transactions_per_hour: 900, bursts: { factor: 3, quiet: 1m, busy: 20ms }, daily: { swing: 0.25 } }',
  '    repay_share: 0.4',
  '    persistence: -0.5',
  '    assets:',
  '      UM: { weight: 2.5, amount: { constant: 7 }, opening_debt: 0, debt_max: 7 }',
  '      ABC: { amount: { log_normal: { median: "90071992547409931", sigma: 1.25 } }, repay_share: 0.5, persistence: 0.1 }',
  '      USDC: { amount: { pareto: { min: 5, alpha: 1.5, max: 500 } } }',
  '      DAI: { amount: { uniform: { min: 1, max: 3 } } }',
  '      TNZO: { amount: { quantiles: [1, 10, "100000000000000000000"] } }',
];

type Mutation = readonly [
  lines: readonly string[],
  line: number,
  column: number,
  code: string,
  message: string,
];

const mutations: Readonly<Record<string, Mutation>> = {
  'no arrivals': [
    ['    accounts: 3'],
    3,
    5,
    'SCENARIO_KEY_MISSING',
    'transactions_per_block: 5 }, got nothing',
  ],
  'no rate': [
    ['    arrivals: { daily: { swing: 0.5 } }'],
    3,
    15,
    'SCENARIO_KEYS_CONFLICT',
    'expected exactly one of transactions_per_block and transactions_per_hour',
  ],
  'two rates': [
    ['    arrivals: { transactions_per_block: 5, transactions_per_hour: 5 }'],
    3,
    15,
    'SCENARIO_KEYS_CONFLICT',
    'expected exactly one of transactions_per_block and transactions_per_hour',
  ],
  'a key misspelt': [
    ['    arrivals: { transactions_per_blok: 5 }'],
    3,
    17,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `transactions_per_blok`',
  ],
  'more than a block holds in the mean': [
    ['    arrivals: { transactions_per_hour: 3600000 }'],
    3,
    40,
    'SCENARIO_BLOCK_OVERFULL',
    'at most 1000 transactions a block in the mean (chain.block_transactions_max), got 2000',
  ],
  'a stay too short': [
    ['    arrivals: { transactions_per_block: 5, bursts: { factor: 2, quiet: 1m, busy: 19ms } }'],
    3,
    82,
    'SCENARIO_VALUE_INVALID',
    'expected at least 20 ms, a hundredth of a block',
  ],
  'a burst without factor': [
    ['    arrivals: { transactions_per_block: 5, bursts: { quiet: 1m, busy: 1m } }'],
    3,
    52,
    'SCENARIO_KEY_MISSING',
    'expected a factor, got nothing',
  ],
  'a swing above 1': [
    ['    arrivals: { transactions_per_block: 5, daily: { swing: 1.5 } }'],
    3,
    60,
    'SCENARIO_VALUE_INVALID',
    'expected a number from 0 to 1, got 1.5',
  ],
  'a day without length': [
    ['    arrivals: { transactions_per_block: 5, daily: { swing: 1, period: 0 } }'],
    3,
    71,
    'SCENARIO_VALUE_INVALID',
    'expected a duration above 0, got 0',
  ],
  'directions that cannot alternate so much': [
    [rate, '    repay_share: 0.2', '    persistence: -0.5'],
    5,
    18,
    'SCENARIO_VALUE_INVALID',
    'expected a persistence of at least -0.250 with a repay_share of 0.2, got -0.5',
  ],
  'no assets': [
    [rate, '    assets: {}'],
    4,
    13,
    'SCENARIO_VALUE_INVALID',
    'expected a map of assets such as',
  ],
  'assets without weight': [
    [rate, '    assets: { UM: { weight: 0 } }'],
    4,
    13,
    'SCENARIO_VALUE_INVALID',
    'expected a weight above 0',
  ],
  'a symbol that is none': [
    [rate, '    assets: { "U-M": {} }'],
    4,
    15,
    'SCENARIO_VALUE_INVALID',
    'expected an asset symbol: a letter, then up to 15 letters, digits or dots, got',
  ],
  'an amount of two kinds': [
    [rate, '    assets: { UM: { amount: { constant: 1, uniform: { min: 1, max: 2 } } } }'],
    4,
    29,
    'SCENARIO_KEYS_CONFLICT',
    'expected exactly one of constant, uniform, log_normal, pareto, quantiles',
  ],
  'a quantile table of one': [
    [rate, '    assets: { UM: { amount: { quantiles: [5] } } }'],
    4,
    42,
    'SCENARIO_VALUE_INVALID',
    'expected a list of 2 to 1001 amounts, ascending, got 1',
  ],
  'a quantile table that falls': [
    [rate, '    assets: { UM: { amount: { quantiles: [5, 9, 8] } } }'],
    4,
    49,
    'SCENARIO_VALUE_INVALID',
    'expected at least the amount before it, 9, got 8',
  ],
  'a median out of bounds': [
    [rate, '    assets: { UM: { amount: { log_normal: { median: 5, sigma: 1, min: 6 } } } }'],
    4,
    43,
    'SCENARIO_VALUE_INVALID',
    'expected min <= median <= max, got 6, 5, 5000',
  ],
  'bounds the wrong way round': [
    [rate, '    assets: { UM: { amount: { uniform: { min: 5, max: 4 } } } }'],
    4,
    40,
    'SCENARIO_VALUE_INVALID',
    'expected min <= max, got 5, 4',
  ],
  'a Pareto amount without tail': [
    [rate, '    assets: { UM: { amount: { pareto: { min: 5 } } } }'],
    4,
    39,
    'SCENARIO_KEY_MISSING',
    'expected a number for alpha, got nothing',
  ],
  'a debt that allows no transaction': [
    [rate, '    assets: { UM: { amount: { constant: 10 }, debt_max: 9 } }'],
    4,
    57,
    'SCENARIO_VALUE_INVALID',
    'expected at least the largest amount, 10, got 9',
  ],
  'an opening debt above the most': [
    [rate, '    assets: { UM: { amount: { constant: 10 }, debt_max: 10, opening_debt: 11 } }'],
    4,
    75,
    'SCENARIO_VALUE_INVALID',
    'expected at most debt_max, 10, got 11',
  ],
  'more than a ledger holds': [
    [rate, '    assets: { UM: { amount: { constant: "100000000000000000000000000000000000000" } } }'],
    1,
    1,
    'FUNDING_IMPOSSIBLE',
    'more than 2^126',
  ],
  'a trace beside it': [
    [rate, '  trace: flows.csv'],
    2,
    3,
    'SCENARIO_KEYS_CONFLICT',
    'expected exactly one of trace, uniform and model',
  ],
  'blocks beside it': [
    [rate, '  blocks: 3'],
    4,
    3,
    'SCENARIO_KEYS_CONFLICT',
    'expected no blocks beside model',
  ],
};

describe('readModel', () => {
  it('fills in the documented defaults', () => {
    const { accountCount, arrivals, assets } = modelOf([rate]);
    expect({ accountCount, arrivals }).toEqual({
      accountCount: 20,
      arrivals: { rate: { perBlock: 5 }, bursts: undefined, daily: undefined },
    });
    expect(assets.map(({ symbol }) => symbol)).toEqual(['UM', 'USDC', 'USDT']);
    expect(assets[0]).toEqual({
      symbol: 'UM',
      weight: 1,
      repayShare: 0.45,
      persistence: 0,
      amount: { type: 'log_normal', median: 10n ** 6n, sigma: 1.5, min: 1n, max: 10n ** 9n },
      openingDebt: 5n * 10n ** 11n,
      debtMax: 10n ** 12n,
    });
  });

  it('reads everything, and writes it so that it reads the same', () => {
    const model = modelOf(whole);
    expect(model.arrivals).toEqual({
      rate: { perHour: 900 },
      bursts: { factor: 3, quietMs: 60_000, busyMs: 20 },
      daily: { swing: 0.25, peakMs: 43_200_000, periodMs: 86_400_000 },
    });
    expect(
      model.assets.map(({ symbol, repayShare, persistence }) => [symbol, repayShare, persistence]),
    ).toEqual([
      ['UM', 0.4, -0.5],
      ['ABC', 0.5, 0.1],
      ['USDC', 0.4, -0.5],
      ['DAI', 0.4, -0.5],
      ['TNZO', 0.4, -0.5],
    ]);
    const text = stringify(texts({ workload: { model: plainModelOf(model) } }));
    const { workload } = loadText(text);
    expect(workload).toEqual({ type: 'model', model });
  });

  it.each(Object.entries(mutations))(
    'refuses %s where it stands',
    (_, [lines, line, column, code, message]) => {
      const problems = problemsOf(lines);
      expect(problems.map(({ code: found }) => found)).toContain(code);
      const problem = problems.find((candidate) => candidate.code === code);
      expect(problem).toMatchObject({ file: 'x.yaml', line, column });
      expect(problem?.message).toContain(message);
    },
  );

  it('lists all that is wrong at once', () => {
    expect(
      problemsOf(['    accounts: 0', '    arrivals: { transactions_per_block: -1 }', '    repay_share: 2'])
        .length,
    ).toBe(3);
  });
});
