import { describe, expect, it } from 'vitest';
import { formatProblem, type Problem } from '../../../../node/config/problem.ts';
import { metricsResultSchema } from '../../../../node/report/result.ts';
import { metricNames } from '../../../../node/scenario/expectationReader.ts';
import { scenarioJsonSchema } from '../../../../node/scenario/jsonSchema.ts';
import { type LoadOptions, parseScenario } from '../../../../node/scenario/loadScenario.ts';
import { eventKeys } from '../../../../node/scenario/timelineReader.ts';
import type { Scenario } from '../../../../node/scenario/types.ts';

/** One line each, so that a mutation of a line has a known place. */
const base = [
  /* 1 */ 'name: base',
  /* 2 */ 'seed: 7',
  /* 3 */ 'duration: 90s',
  /* 4 */ 'config: { settlement: { batch_size: 5 }, validators: { count: 4 } }',
  /* 5 */ 'network: { latency_ms: 50, jitter_ms: 10, loss: 0 }',
  /* 6 */ 'timeline:',
  /* 7 */ '  - { at: { block: 1 }, borrow: { asset: UM, amount: 1000 } }',
  /* 8 */ '  - { at: { block: 3 }, repay: { asset: UM, amount: "200" } }',
  /* 9 */ '  - { at: { time: 16s }, crash: { node: node-2, lose: unsynced }, for: 6s }',
  /* 10 */ 'expect:',
  /* 11 */ '  - { batch: 1, from_height: 1, to_height: 5, net: { UM: 800 }, action: swap, confirmed_by: 15s }',
  /* 12 */ '  - { final: { pending_batches: 0 } }',
];

function load(lines: readonly string[], options: LoadOptions = {}): Scenario {
  const parsed = parseScenario(lines.join('\n'), 'x.yaml', options);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.value.scenario;
}

function problemsOf(lines: readonly string[]): readonly Problem[] {
  const parsed = parseScenario(lines.join('\n'), 'x.yaml');
  return parsed.ok ? [] : parsed.problems;
}

function withLine(line: number, text: string): string[] {
  return base.map((before, index) => (index === line - 1 ? text : before));
}

function withEvent(text: string): string[] {
  return withLine(7, `  - { at: { block: 1 }, ${text} }`);
}

function withExpectation(text: string): string[] {
  return withLine(12, `  - { ${text} }`);
}

const flow = '{ asset: UM, amount: 1000 }';

type Mutation = readonly [
  lines: readonly string[],
  line: number,
  column: number,
  code: string,
  message: string,
];

const mutations: Readonly<Record<string, Mutation>> = {
  'root key misspelt': [
    withLine(2, 'sead: 7'),
    2,
    1,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `sead`; did you mean `seed`?',
  ],
  'seed below zero': [
    withLine(2, 'seed: -1'),
    2,
    7,
    'SCENARIO_VALUE_INVALID',
    'expected an integer >= 0, got -1',
  ],
  'duration without unit': [
    withLine(3, 'duration: 90sec'),
    3,
    11,
    'SCENARIO_DURATION_INVALID',
    'expected a duration (an integer in ms, or 500ms, 40s, 5m, 6h), got "90sec"',
  ],
  'negative duration': [
    withLine(3, 'duration: -5'),
    3,
    11,
    'SCENARIO_DURATION_INVALID',
    'expected a duration (an integer in ms, or 500ms, 40s, 5m, 6h), got -5',
  ],
  'batch size 0': [
    withLine(4, 'config: { settlement: { batch_size: 0 } }'),
    4,
    37,
    'CONFIG_VALUE_INVALID',
    'expected an integer from 1 to 10000, got 0',
  ],
  'config key misspelt': [
    withLine(4, 'config: { settlement: { batchsize: 5 } }'),
    4,
    25,
    'CONFIG_KEY_UNKNOWN',
    'unknown key; did you mean `batch_size`?',
  ],
  'loss above one': [
    withLine(5, 'network: { loss: 2 }'),
    5,
    18,
    'SCENARIO_VALUE_INVALID',
    'expected a number from 0 to 1, got 2',
  ],
  'timeline that is no list': [
    withLine(6, 'timeline: {}\nother:'),
    6,
    11,
    'SCENARIO_VALUE_INVALID',
    'expected a list of events, got a map',
  ],
  'event key misspelt': [
    withEvent(`borow: ${flow}`),
    7,
    25,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `borow`; did you mean `borrow`?',
  ],
  'event without anchor': [
    withLine(7, `  - { borrow: ${flow} }`),
    7,
    5,
    'SCENARIO_KEY_MISSING',
    'expected an anchor ({ block }, { time }, { settlement_block } or { batch, state: sealed|included|confirmed|missed }), got nothing',
  ],
  'block 0': [
    withLine(7, `  - { at: { block: 0 }, borrow: ${flow} }`),
    7,
    20,
    'SCENARIO_BLOCK_INVALID',
    'expected an integer from 1 to 1000000000, got 0',
  ],
  'two anchors': [
    withLine(7, `  - { at: { block: 1, time: 2s }, borrow: ${flow} }`),
    7,
    11,
    'SCENARIO_KEYS_CONFLICT',
    'expected one of { block: h }, { time: 12s }, { settlement_block: k } or { batch: seq, state: sealed }, got block, time',
  ],
  'signed inputs anchored to a block': [
    withLine(7, '  - { at: { block: 1 }, repay: { asset: UM, amount: 1 }, inputs_to: [node-0] }'),
    7,
    58,
    'SCENARIO_KEYS_CONFLICT',
    'expected no anchor to a block beside `inputs_to`; anchor the event to a time',
  ],
  'signed inputs of the oracle': [
    withLine(7, '  - { at: { time: 2s }, price: { asset: UM, price: 1 }, inputs_to: [node-0] }'),
    7,
    57,
    'SCENARIO_KEYS_CONFLICT',
    'expected only borrow, repay, deposit, withdraw, transfer, liquidate of users beside `inputs_to`',
  ],
  'signed inputs for a node twice': [
    withLine(7, '  - { at: { time: 2s }, repay: { asset: UM, amount: 1 }, inputs_to: [node-0, node-0] }'),
    7,
    69,
    'SCENARIO_NODE_REPEATED',
    'expected each node once',
  ],
  'anchor misspelt': [
    withLine(7, `  - { at: { blok: 1 }, borrow: ${flow} }`),
    7,
    13,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `blok`; did you mean `block`?',
  ],
  'batch anchor without state': [
    withLine(7, `  - { at: { batch: 1 }, borrow: ${flow} }`),
    7,
    11,
    'SCENARIO_KEY_MISSING',
    'expected one of sealed, included, confirmed, missed, got nothing',
  ],
  'batch state misspelt': [
    withLine(7, `  - { at: { batch: 1, state: seeled }, borrow: ${flow} }`),
    7,
    30,
    'SCENARIO_VALUE_INVALID',
    'expected one of sealed, included, confirmed, missed, got "seeled"; did you mean `sealed`?',
  ],
  'event that does nothing': [
    withLine(7, '  - { at: { block: 1 } }'),
    7,
    5,
    'SCENARIO_EVENT_EMPTY',
    'expected a transaction, a deposit, a post or a fault, got none',
  ],
  '`for` without a lasting fault': [
    withEvent(`borrow: ${flow}, for: 2s`),
    7,
    62,
    'SCENARIO_KEYS_CONFLICT',
    'expected a fault that lasts beside `for`, got none',
  ],
  'amount missing': [
    withEvent('borrow: { asset: UM }'),
    7,
    33,
    'SCENARIO_KEY_MISSING',
    'expected an amount, got nothing',
  ],
  'amount below zero': [
    withEvent('borrow: { asset: UM, amount: -1 }'),
    7,
    54,
    'AMOUNT_NEGATIVE',
    'expected an amount >= 0, got -1',
  ],
  'amount of zero': [
    withEvent('borrow: { asset: UM, amount: 0 }'),
    7,
    54,
    'AMOUNT_ZERO',
    'expected an amount above 0, got 0',
  ],
  'amount with a fraction': [
    withEvent('borrow: { asset: UM, amount: 1.5 }'),
    7,
    54,
    'AMOUNT_FRACTIONAL',
    'expected whole smallest units, got 1.5',
  ],
  'amount text with a fraction': [
    withEvent('borrow: { asset: UM, amount: "1.0" }'),
    7,
    54,
    'AMOUNT_FRACTIONAL',
    'expected whole smallest units, got "1.0"',
  ],
  'amount above 2^128-1': [
    withEvent(`borrow: { asset: UM, amount: "${1n << 128n}" }`),
    7,
    54,
    'AMOUNT_TOO_LARGE',
    `expected an amount of at most 2^128-1, got "${1n << 128n}"`,
  ],
  'unsafe number as amount': [
    withEvent('borrow: { asset: UM, amount: 9007199254740993 }'),
    7,
    54,
    'AMOUNT_UNSAFE',
    'expected a number above 2^53 in quotes, got 9007199254740993; write "9007199254740993"',
  ],
  'amount in words': [
    withEvent('borrow: { asset: UM, amount: lots }'),
    7,
    54,
    'AMOUNT_INVALID',
    'expected an amount in digits, got "lots"',
  ],
  'asset that is no symbol': [
    withEvent('borrow: { asset: "U M", amount: 1 }'),
    7,
    42,
    'SCENARIO_VALUE_INVALID',
    'expected an asset symbol: a letter, then up to 15 letters, digits or dots, got "U M"',
  ],
  'transfer to oneself': [
    withEvent('account: bob, transfer: { to: bob, asset: UM, amount: 1 }'),
    7,
    49,
    'SCENARIO_ACCOUNT_INVALID',
    'expected two accounts, got `bob` twice',
  ],
  'price from an account': [
    withEvent('account: bob, price: { asset: UM, price: 1 }'),
    7,
    46,
    'SCENARIO_ACCOUNT_INVALID',
    'expected the oracle as sender, got `bob`; leave `account` out',
  ],
  'unjail of nobody': [
    withEvent('unjail: node-9'),
    7,
    33,
    'SCENARIO_NODE_UNKNOWN',
    'expected the name of a node, got "node-9"; did you mean `node-0`?',
  ],
  'set_batch_size out of bounds': [
    withEvent('set_batch_size: 101'),
    7,
    41,
    'SCENARIO_BATCH_SIZE_INVALID',
    'expected an integer from 1 to 100, got 101',
  ],
  'settle_now: false': [
    withEvent('settle_now: false'),
    7,
    37,
    'SCENARIO_VALUE_INVALID',
    'expected true, got false',
  ],
  'transactions with an unknown kind': [
    withEvent('transactions: [{ mint: 1 }]'),
    7,
    42,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `mint`; known here: account, borrow, repay, deposit, withdraw, transfer, liquidate, price, unjail, settle_now, set_batch_size, atomic_batch, escrow_open, escrow_refund, channel_open, channel_close, channel_unilateral_close, channel_dispute, channel_settle, treasury_propose, treasury_approve, fee_propose, fee_vote, cross_chain_send',
  ],
  'a vote that is neither yes nor no': [
    withEvent('fee_vote: { node: node-0, id: a, network_fee_bps: 3, vote: maybe }'),
    7,
    84,
    'SCENARIO_VALUE_INVALID',
    'expected yes or no, got "maybe"',
  ],
  'a network fee proposed by an account': [
    withEvent('account: x, fee_propose: { node: node-0, id: a, network_fee_bps: 3 }'),
    7,
    37,
    'SCENARIO_ACCOUNT_INVALID',
    'expected no account: the validator `node` sends `fee_propose`',
  ],
  'a withdrawal to nobody': [
    withEvent('treasury_approve: { id: a, asset: UM, amount: 3 }'),
    7,
    43,
    'SCENARIO_KEY_MISSING',
    'expected an account, got nothing',
  ],
  'atomic batch of nothing': [
    withEvent('atomic_batch: { id: rent, requests: [] }'),
    7,
    61,
    'SCENARIO_VALUE_INVALID',
    'expected at least one request, got a list of 0',
  ],
  'atomic batch with a payment to oneself': [
    withEvent('atomic_batch: { id: rent, requests: [{ id: a, from: x, to: x, asset: UM, amount: 1 }] }'),
    7,
    62,
    'SCENARIO_ACCOUNT_INVALID',
    'expected two accounts, got `x` twice',
  ],
  'a request that pays from an escrow and closes a channel': [
    withEvent(
      'atomic_batch: { id: r, requests: [{ id: a, escrow: e, channel: c, to: y, asset: UM, amount: 1 }] }',
    ),
    7,
    59,
    'SCENARIO_KEYS_CONFLICT',
    'expected one of `from`, `escrow` and `channel`, got more',
  ],
  'a voucher with a nonce of 0': [
    withEvent('channel_dispute: { id: tab, voucher: { payer: x, amount: 1, nonce: 0 } }'),
    7,
    92,
    'SCENARIO_VALUE_INVALID',
    'expected an integer >= 1, got 0',
  ],
  'a dispute without a voucher': [
    withEvent('channel_dispute: { id: tab }'),
    7,
    42,
    'SCENARIO_KEY_MISSING',
    'expected a voucher, got nothing',
  ],
  'atomic batch with a misspelt key': [
    withEvent('atomic_batch: { id: rent, requests: [{ id: a, form: x, to: y, asset: UM, amount: 1 }] }'),
    7,
    71,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `form`; did you mean `from`?',
  ],
  'unknown node': [
    withEvent('crash: { node: nod-2 }'),
    7,
    40,
    'SCENARIO_NODE_UNKNOWN',
    'expected the name of a node, got "nod-2"; did you mean `node-2`?',
  ],
  'unknown loss at a crash': [
    withEvent('crash: { node: node-2, lose: some }'),
    7,
    54,
    'SCENARIO_VALUE_INVALID',
    'expected one of none, unsynced, all, got "some"; did you mean `none`?',
  ],
  'settlement chain fault misspelt': [
    withEvent('settlement_chain: { stal: true }'),
    7,
    45,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `stal`; did you mean `stall`?',
  ],
  'settlement chain fault off': [
    withEvent('settlement_chain: { full: 1 }'),
    7,
    51,
    'SCENARIO_VALUE_INVALID',
    'expected true, got 1',
  ],
  'expectation of no kind': [
    withExpectation('sometimes: {}'),
    12,
    5,
    'SCENARIO_KEY_MISSING',
    'expected one of always, never, eventually, final, within, batch, got none',
  ],
  'condition misspelt': [
    withExpectation('final: { pending_batch: 0 }'),
    12,
    16,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `pending_batch`; did you mean `pending_batches`?',
  ],
  'two conditions': [
    withExpectation('final: { pending_batches: 0, converged: true }'),
    12,
    14,
    'SCENARIO_KEYS_CONFLICT',
    'expected exactly one condition, got 2; known here: converged, height_at_least, pending_batches, confirmed_batches, open_transfers, completed_transfers, refunded_transfers, slashed, jailed, missed, halted, balance, escrow, channel, atomic_batch, receipt, treasury, gathered_fees, network_fee_bps, metrics.<name>',
  ],
  'balance without a bound': [
    withExpectation('final: { balance: { account: a, asset: UM } }'),
    12,
    25,
    'SCENARIO_KEY_MISSING',
    'expected one of equals, at_least, at_most, got none',
  ],
  'code of a completed atomic batch': [
    withExpectation('final: { atomic_batch: { id: a, status: completed, error: BATCH_TIMEOUT } }'),
    12,
    58,
    'SCENARIO_KEYS_CONFLICT',
    'expected `error` and `failed_at` beside `status: failed` alone',
  ],
  'code in small letters': [
    withExpectation('final: { atomic_batch: { id: a, status: failed, error: timeout } }'),
    12,
    62,
    'SCENARIO_VALUE_INVALID',
    'expected a code such as INSUFFICIENT_BALANCE, got "timeout"',
  ],
  'atomic batch without an ending': [
    withExpectation('final: { atomic_batch: { id: a } }'),
    12,
    30,
    'SCENARIO_KEY_MISSING',
    'expected one of completed, failed, got nothing',
  ],
  'treasury of an unknown asset': [
    withExpectation('final: { treasury: { asset: NONE, equals: 1 } }'),
    12,
    35,
    'SCENARIO_ASSET_UNKNOWN',
    'expected a registered asset, got `NONE`; known here: UM, USDC, USDT, TNZO, DAI, WETH, ETH, WBTC',
  ],
  'receipt below zero': [
    withExpectation('final: { receipt: { id: a, fee: -1 } }'),
    12,
    39,
    'AMOUNT_NEGATIVE',
    'expected an amount >= 0, got -1',
  ],
  'fee above the whole': [
    withExpectation('final: { network_fee_bps: 10001 }'),
    12,
    33,
    'SCENARIO_VALUE_INVALID',
    'expected an integer from 0 to 10000, got 10001',
  ],
  'comparison of no kind': [
    withExpectation('final: { pending_batches: "~ 3" }'),
    12,
    33,
    'SCENARIO_VALUE_INVALID',
    'expected a number, or a comparison such as ">= 3", got "~ 3"',
  ],
  'slashed nobody known': [
    withExpectation('never: { slashed: node-7 }'),
    12,
    25,
    'SCENARIO_NODE_UNKNOWN',
    'expected the name of a node, got "node-7"; did you mean `node-0`?',
  ],
  'fact misspelt': [
    withExpectation('batch: 1, to_hight: 5'),
    12,
    17,
    'SCENARIO_KEY_UNKNOWN',
    'unknown key `to_hight`; did you mean `to_height`?',
  ],
  'batch without facts': [
    withExpectation('batch: 1'),
    12,
    5,
    'SCENARIO_KEY_MISSING',
    'expected a fact of the batch beside its number, got none; known here: from_height, to_height, net, borrowed, repaid, action, actions, state, proposer, attempts, settlement_height, included_at, confirmed_by, liquidations',
  ],
  'net of an asset nobody moves': [
    withExpectation('batch: 1, net: { UMM: 5 }'),
    12,
    24,
    'SCENARIO_ASSET_UNKNOWN',
    'expected a registered asset, got `UMM`; did you mean `UM`?',
  ],
  'within without limit': [
    withExpectation('within: {}, after: { batch: 1, state: sealed }, state: confirmed, batch: 1'),
    12,
    15,
    'SCENARIO_KEYS_CONFLICT',
    'expected exactly one of settlement_blocks, blocks, time',
  ],
  'within without state': [
    withExpectation('within: 5s, after: { block: 1 }, batch: 1'),
    12,
    5,
    'SCENARIO_KEY_MISSING',
    'expected one of sealed, included, confirmed, missed, got nothing',
  ],
  'accounts beside auto_fund': [
    [...base, 'accounts: {}'],
    13,
    1,
    'SCENARIO_KEYS_CONFLICT',
    'expected auto_fund: false beside `accounts`',
  ],
  'duration and blocks': [
    [...base, 'blocks: 12'],
    13,
    1,
    'SCENARIO_KEYS_CONFLICT',
    'expected one of duration and blocks, got both',
  ],
  'workload of two kinds': [
    [...base, 'workload: { trace: a.csv, uniform: { transactions_per_block: 5 } }'],
    13,
    11,
    'SCENARIO_KEYS_CONFLICT',
    'expected exactly one of trace, uniform and model',
  ],
  'trace with two placements': [
    [...base, 'workload: { trace: a.csv, time_scale: 1, blocks: 3 }'],
    13,
    11,
    'SCENARIO_KEYS_CONFLICT',
    'expected only one of time_scale and blocks beside trace',
  ],
  'trace that does not exist': [
    [...base, 'workload: { trace: nowhere.csv, blocks: 3 }'],
    13,
    20,
    'FILE_UNREADABLE',
    'nowhere.csv: no such file',
  ],
  'uniform without rate': [
    [...base, 'workload: { uniform: {} }'],
    13,
    22,
    'SCENARIO_KEY_MISSING',
    'expected a count, got nothing',
  ],
  'more than a block holds': [
    [...base, 'workload: { uniform: { transactions_per_block: 1000 } }'],
    7,
    1,
    'SCENARIO_BLOCK_OVERFULL',
    'expected at most 1000 transactions in block 1 (chain.block_transactions_max)',
  ],
  'more than a ledger holds': [
    withEvent(`borrow: { asset: UM, amount: "${(1n << 128n) - 1n}" }`),
    7,
    1,
    'FUNDING_IMPOSSIBLE',
    `this scenario needs ${(1n << 128n) - 1n} of UM at genesis, more than 2^126`,
  ],
};

describe('parseScenario', () => {
  it('reads the base of the mutations', () => {
    const scenario = load(base);
    expect(scenario).toMatchObject({
      name: 'base',
      seed: 7,
      durationMs: 90_000,
      network: { latencyMs: 50, jitterMs: 10, loss: 0, duplicate: 0, reorder: 0, bandwidthMbps: 100 },
      allowUnsafe: false,
      autoFund: true,
    });
    expect(scenario.timeline).toEqual([
      {
        at: { block: 1 },
        forMs: undefined,
        faults: [],
        line: 7,
        transactions: [{ account: undefined, operation: { type: 'borrow', asset: 'UM', amount: 1000n } }],
      },
      {
        at: { block: 3 },
        forMs: undefined,
        faults: [],
        line: 8,
        transactions: [{ account: undefined, operation: { type: 'repay', asset: 'UM', amount: 200n } }],
      },
      {
        at: { timeMs: 16_000 },
        forMs: 6000,
        faults: [{ type: 'crash', node: 'node-2', lose: 'unsynced' }],
        line: 9,
        transactions: [],
      },
    ]);
    expect(scenario.expectations[0]).toEqual({
      type: 'batch',
      facts: {
        batch: 1,
        fromHeight: 1,
        toHeight: 5,
        net: { UM: 800n },
        action: 'swap',
        confirmedByMs: 15_000,
      },
      line: 11,
      text: 'batch 1: blocks 1 to 5, net UM +800, swap, confirmed by 15 s',
    });
  });

  it.each(Object.entries(mutations))('refuses %s', (_, [lines, line, column, code, message]) => {
    const problems = problemsOf(lines);
    const texts = problems.map(
      (problem) =>
        `${problem.line}:${problem.column} ${problem.message}${problem.hint === undefined ? '' : `; ${problem.hint}`} [${problem.code}]`,
    );
    expect(texts).toContain(`${line}:${column} ${message} [${code}]`);
    expect(problems.every(({ file }) => file === 'x.yaml' || file === 'nowhere.csv')).toBe(true);
  });

  it('lists every mistake of a file at once, in file order', () => {
    const problems = problemsOf([
      'sed: 7',
      'config: { settlement: { batch_sise: 5 } }',
      'timeline:',
      '  - { at: { block: 0 }, borrow: { asset: UM, amount: -1 } }',
      '  - { at: { block: 1 }, crash: { node: node-1, loose: all } }',
      'expect: [{ final: { pending_batch: 0 } }]',
    ]);
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [1, 'SCENARIO_KEY_UNKNOWN'],
      [2, 'CONFIG_KEY_UNKNOWN'],
      [4, 'SCENARIO_BLOCK_INVALID'],
      [4, 'AMOUNT_NEGATIVE'],
      [5, 'SCENARIO_KEY_UNKNOWN'],
      [6, 'SCENARIO_KEY_UNKNOWN'],
    ]);
    expect(formatProblem(problems[1] as Problem)).toBe(
      'x.yaml:2:25: config.settlement.batch_sise: unknown key; did you mean `batch_size`? [CONFIG_KEY_UNKNOWN]',
    );
  });

  it('reads every transaction, fault and anchor', () => {
    const scenario = load([
      'timeline:',
      '  - at: { time: 500ms }',
      '    account: ann',
      '    transactions:',
      '      - { deposit: { asset: UM, amount: 5 } }',
      '      - { account: bob, withdraw: { asset: UM, amount: 5 } }',
      '      - { transfer: { to: bob, asset: UM, amount: 5 } }',
      '      - { liquidate: { borrower: bob, debt_asset: UM, amount: 1, collateral_asset: DAI } }',
      '  - { at: { settlement_block: 3 }, price: { asset: UM, price: 5 }, unjail: node-1, settle_now: true, set_batch_size: 7 }',
      '  - { at: { batch: 2, state: missed }, liquidate: { borrower: bob, debt_asset: UM, amount: 1, collateral_asset: DAI, collateral_amount: 2 } }',
      '  - { at: { block: 4 }, restart: { node: node-1 }, withhold_settlement: { node: node-0 }, settlement_chain: { stall: true, full: true }, for: 1m }',
    ]);
    expect(scenario.timeline.map(({ at }) => at)).toEqual([
      { timeMs: 500 },
      { settlementBlock: 3 },
      { batch: 2, state: 'missed' },
      { block: 4 },
    ]);
    const operations = scenario.timeline.flatMap(({ transactions }) => transactions);
    expect(operations.map(({ account, operation }) => [account, operation.type])).toEqual([
      ['ann', 'deposit'],
      ['bob', 'withdraw'],
      ['ann', 'transfer'],
      ['ann', 'liquidate'],
      ['oracle', 'price'],
      [undefined, 'unjail'],
      [undefined, 'settle_now'],
      [undefined, 'set_batch_size'],
      ['oracle', 'liquidate'],
    ]);
    expect(scenario.timeline[3]).toMatchObject({
      forMs: 60_000,
      faults: [
        { type: 'restart', node: 'node-1' },
        { type: 'withhold_settlement', node: 'node-0' },
        { type: 'settlement_chain', kind: 'stall' },
        { type: 'settlement_chain', kind: 'full' },
      ],
    });
  });

  it.each([
    ['always: { converged: true }', 'always all nodes agree'],
    ['never: { slashed: node-1 }', 'never node-1 is slashed'],
    ['never: { jailed: anybody }', 'never anybody is jailed'],
    [
      'final: { missed: { node: node-1, count: ">= 2" } }',
      'in the end node-1 misses a settlement at least 2 times',
    ],
    ['final: { slashed: 0 }', 'in the end anybody is slashed exactly 0 times'],
    ['eventually: { height_at_least: 9 }', 'eventually height >= 9'],
    ['always: { pending_batches: { "<=": 3 } }', 'always pending batches <= 3'],
    ['final: { confirmed_batches: "> 2" }', 'in the end confirmed batches > 2'],
    [
      'final: { metrics.settlement_latency_ms.p90: "< 9000.5" }',
      'in the end metrics.settlement_latency_ms.p90 < 9000.5',
    ],
    ['final: { metrics.max_exposure.UM: "<= 5" }', 'in the end metrics.max_exposure.UM <= 5'],
    [
      'within: { settlement_blocks: 4 }, after: { batch: 2, state: sealed }, state: confirmed, batch: 2',
      'batch 2 is confirmed within 4 settlement blocks after batch 2 is sealed',
    ],
    [
      'within: 90s, after: { block: 3 }, state: sealed, batch: 1',
      'batch 1 is sealed within 90 s after block 3',
    ],
    [
      'within: { blocks: 4 }, after: { time: 1m }, state: missed, batch: 1',
      'batch 1 is missed within 4 blocks after 1 min',
    ],
    [
      'batch: 2, from_height: 6, to_height: 6, net: { UM: -5, DAI: 3 }, actions: [{ type: swap, asset: DAI, amount: 3 }], proposer: node-1, attempts: 1, liquidations: 1, state: confirmed, included_at: 10s',
      'batch 2: block 6, net UM -5 and DAI +3, swap 3 DAI, 1 liquidation, by node-1, in one attempt, confirmed, included at 10 s',
    ],
  ])('puts { %s } into words', (text, words) => {
    expect(load(withExpectation(text)).expectations[1]?.text).toBe(words);
  });

  it('ends 30 s after the last event, or after so many blocks', () => {
    expect(load(base.filter((line) => !line.startsWith('duration'))).durationMs).toBe(16_000 + 6000 + 30_000);
    expect(load([...base.filter((line) => !line.startsWith('duration')), 'blocks: 12']).durationMs).toBe(
      23_999,
    );
    expect(load(['name: idle']).durationMs).toBe(30_000);
  });

  it('registers assets that it moves, unless it funds by hand', () => {
    const added = load(withEvent('borrow: { asset: XYZ, amount: 1 }')).config.ledger.assets.at(-1);
    expect(added).toMatchObject({ symbol: 'XYZ', decimals: 18, price: 100_000_000n });
    expect(
      problemsOf([...withEvent('borrow: { asset: XYZ, amount: 1 }'), 'auto_fund: false']).map(
        ({ code }) => code,
      ),
    ).toEqual(['SCENARIO_ASSET_UNKNOWN']);
  });

  it('takes genesis from the file when it funds by hand', () => {
    const scenario = load([
      ...base,
      'auto_fund: false',
      'accounts: { ann: { balances: { UM: 5 }, debts: { DAI: "7" } } }',
      'pool_cash: { DAI: 9 }',
    ]);
    expect(scenario.accounts).toEqual([
      { label: 'ann', balances: { UM: 5n }, deposits: {}, debts: { DAI: 7n } },
    ]);
    expect(scenario.poolCash).toEqual({ DAI: 9n });
    expect(
      problemsOf([
        ...base,
        'auto_fund: false',
        'accounts:',
        '  bob: { balances: { DAI: 2 } }',
        '  ann: { debts: { DAI: 7 } }',
      ]),
    ).toMatchObject([{ code: 'FUNDING_IMPOSSIBLE', line: 16, column: 3 }]);
    expect(
      problemsOf([...base, 'auto_fund: false', `pool_cash: { DAI: 1, UM: "${1n << 127n}" }`]),
    ).toMatchObject([{ code: 'FUNDING_IMPOSSIBLE', line: 14, column: 22 }]);
  });

  it('names the event with which the sums no longer fit a ledger', () => {
    const third = (1n << 126n) / 3n;
    const borrow = (block: number): string =>
      `  - { at: { block: ${block} }, borrow: { asset: UM, amount: "${third}" } }`;
    const events = [borrow(4), borrow(1), borrow(3), borrow(2), borrow(5)];
    const problems = problemsOf([...base.slice(0, 6), ...events]);
    // The third third of UM is one too many, and its collateral is so already before.
    expect(problems).toMatchObject([
      { code: 'FUNDING_IMPOSSIBLE', line: 9, message: expect.stringContaining('USDC') },
      { code: 'FUNDING_IMPOSSIBLE', line: 10, message: expect.stringContaining('of UM') },
    ]);
  });

  it('replaces the seed and warns of events behind the end', () => {
    const parsed = parseScenario(withLine(3, 'duration: 10s').join('\n'), 'x.yaml', { seed: 99 });
    expect(parsed.ok && parsed.value.scenario.seed).toBe(99);
    expect(parsed.ok && parsed.value.warnings.map(({ code, line }) => [code, line])).toEqual([
      ['SCENARIO_EVENT_AFTER_END', 9],
    ]);
  });

  it('knows the metrics that results have', () => {
    const { settlement_latency_ms: latency, ...others } = metricsResultSchema.shape;
    const names = [
      ...Object.keys(others).filter((name) => name !== 'max_exposure'),
      ...Object.keys(latency.shape).map((name) => `settlement_latency_ms.${name}`),
    ];
    expect([...metricNames].sort()).toEqual(names.sort());
  });

  it('has a JSON Schema with the same keys', () => {
    const schema = scenarioJsonSchema() as {
      properties: Record<string, { items?: { properties?: object } }>;
    };
    expect(Object.keys(schema.properties.timeline?.items?.properties ?? {}).sort()).toEqual(
      [...eventKeys].sort(),
    );
    const [unknown] = problemsOf(['zzzzzzzzzz: 1']);
    expect(unknown?.hint).toBe(`known here: ${Object.keys(schema.properties).join(', ')}`);
  });
});
