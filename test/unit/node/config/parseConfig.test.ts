import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readBaseFeeTrace } from '../../../../node/config/baseFeeTrace.ts';
import { readEnvironment, readSettings, readYamlFile } from '../../../../node/config/configSources.ts';
import { parseYaml } from '../../../../node/config/located.ts';
import { parseConfig, parseConfigSources } from '../../../../node/config/parseConfig.ts';
import { type Checked, formatProblem } from '../../../../node/config/problem.ts';
import { renderConfig } from '../../../../node/config/render.ts';
import { configJsonSchema, knownKeys, listGroups } from '../../../../node/config/schema.ts';
import type { Config } from '../../../../node/config/types.ts';

function valid(value: unknown): Config {
  const parsed = parseConfig(value);
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.value.config;
}

function problemsOf(checked: Checked<unknown>): string[] {
  return checked.ok
    ? []
    : checked.problems.map(
        ({ path, message, hint, code }) =>
          `${path}: ${message}${hint === undefined ? '' : `; ${hint}`} [${code}]`,
      );
}

function take<Value>(checked: Checked<Value>): Value {
  if (!checked.ok) throw new Error(checked.problems.map(formatProblem).join('\n'));
  return checked.value;
}

/** A valid configuration that sets something in every group that exists today. */
const base = {
  chain: { id: 'test', block_time_ms: 2000 },
  validators: [{ name: 'a', stake: 1000 }, { name: 'b' }],
  settlement: { batch_size: 5, batch_size_min: 2, batch_size_max: 20, tip: '5' },
  settlement_chain: {
    background: { type: 'constant', gas: 1000 },
    pools: [{ asset: 'UM', asset_reserve: '10', base_reserve: 10 }],
  },
  simulation: { crypto: 'cached' },
};

const batcherMutations: readonly (readonly [string, unknown, string])[] = [
  [
    'an unknown level',
    { confirmation_level: { sidechain: 'wait' } },
    'batcher.confirmation_level.sidechain: expected one of no-wait, wait-receipt, wait-effectstream-processed, got "wait" [CONFIG_VALUE_INVALID]',
  ],
  [
    'the level of a target that is not served',
    { confirmation_level: { midnight: 'no-wait' } },
    'batcher.confirmation_level.midnight: expected one of batcher.targets (sidechain, settlement), got `midnight` [CONFIG_RULE_BROKEN]',
  ],
  [
    'a default target that is not served',
    { default_target: 'evm' },
    'batcher.default_target: expected one of batcher.targets (sidechain, settlement), got `evm` [CONFIG_RULE_BROKEN]',
  ],
  [
    'targets without sidechain',
    { targets: [] },
    'batcher.targets: expected sidechain among the targets [CONFIG_RULE_BROKEN]',
  ],
  [
    'criteria without what they need',
    { batching_criteria: { sidechain: { criteria_type: 'hybrid', time_window_ms: 5 } } },
    'batcher.batching_criteria.sidechain.max_batch_size: expected a value, since criteria_type is hybrid [CONFIG_RULE_BROKEN]',
  ],
  [
    'criteria with what another type has',
    { batching_criteria: { sidechain: { criteria_type: 'size', max_batch_size: 5, time_window_ms: 5 } } },
    'batcher.batching_criteria.sidechain.time_window_ms: expected none, since criteria_type is size [CONFIG_RULE_BROKEN]',
  ],
  [
    'an unknown type of criteria',
    { batching_criteria: { sidechain: { criteria_type: 'always' } } },
    'batcher.batching_criteria.sidechain.criteria_type: expected one of time, size, value, hybrid, custom, got "always" [CONFIG_VALUE_INVALID]',
  ],
  [
    'value without a measure',
    { batching_criteria: { sidechain: { criteria_type: 'value', target_value: 5 } } },
    'batcher.batching_criteria.sidechain.value_field: expected either value_field or module [CONFIG_RULE_BROKEN]',
  ],
  [
    'a module without an export',
    { batching_criteria: { sidechain: { criteria_type: 'custom', module: './ready.js' } } },
    'batcher.batching_criteria.sidechain.module: expected a file and its export, such as ./ready.js#isReady [CONFIG_RULE_BROKEN]',
  ],
  [
    'the target evm without its chain',
    { targets: ['sidechain', 'evm'] },
    'batcher.evm: expected options where batcher.targets has evm, and null where it has not [CONFIG_RULE_BROKEN]',
  ],
  [
    'a chain that cannot be one',
    {
      targets: ['sidechain', 'evm'],
      evm: {
        urls: ['ftp://key@a'],
        chain_id: 1,
        inbox_address: `0x${'12'.repeat(20)}`,
        secret_key_file: 'k',
      },
    },
    'batcher.evm: options of the evm target: urls: expected one or more http: or https: addresses [CONFIG_RULE_BROKEN]',
  ],
  [
    'a server without its address',
    { storage: { type: 'postgres' } },
    'batcher.storage.url: expected the address of the postgres server [CONFIG_RULE_BROKEN]',
  ],
  [
    'an address for a folder',
    { storage: { type: 'level', url: 'redis://user:secret@127.0.0.1' } },
    'batcher.storage.url: expected none for level [CONFIG_RULE_BROKEN]',
  ],
  [
    'a retention below the span of signatures',
    { retention_ms: 3_899_999 },
    'batcher.retention_ms: requests are remembered for 3899999 ms and signatures are fresh for 3900000 ms: remember them for 3900000 ms at least, or take a shorter freshness [CONFIG_RULE_BROKEN]',
  ],
  [
    'more that wait than are kept',
    { queued_inputs_max: 11, kept_inputs_max: 10 },
    'batcher.queued_inputs_max: expected queued_inputs_max <= kept_inputs_max, got 11 and 10 [CONFIG_RULE_BROKEN]',
  ],
];

type Mutation = readonly [string, (config: Record<string, Record<string, unknown>>) => void, string];

const set =
  (group: string, key: string, value: unknown) =>
  (config: Record<string, Record<string, unknown>>): void => {
    config[group] = { ...config[group], [key]: value };
  };

const mutations: readonly Mutation[] = [
  [
    'unknown group',
    (c) => Object.assign(c, { settlment: {} }),
    'settlment: unknown key; did you mean `settlement`? [CONFIG_KEY_UNKNOWN]',
  ],
  [
    'unknown key',
    set('settlement', 'batchsize', 3),
    'settlement.batchsize: unknown key; did you mean `batch_size`? [CONFIG_KEY_UNKNOWN]',
  ],
  [
    'key of another group',
    set('chain', 'batch_size', 3),
    'chain.batch_size: unknown key; `batch_size` belongs to `settlement` [CONFIG_KEY_UNKNOWN]',
  ],
  [
    'number out of range',
    set('settlement', 'batch_size', 0),
    'settlement.batch_size: expected an integer from 1 to 10000, got 0 [CONFIG_VALUE_INVALID]',
  ],
  [
    'fraction',
    set('chain', 'block_time_ms', 1.5),
    'chain.block_time_ms: expected an integer from 10 to 86400000, got 1.5 [CONFIG_VALUE_INVALID]',
  ],
  [
    'text for a number',
    set('chain', 'block_time_ms', '2s'),
    'chain.block_time_ms: expected an integer from 10 to 86400000, got "2s" [CONFIG_VALUE_INVALID]',
  ],
  [
    'negative amount',
    set('settlement', 'tip', -1),
    'settlement.tip: expected a whole number of smallest units from 0 to 2^128-1, above 2^53 in quotes, got -1 [CONFIG_VALUE_INVALID]',
  ],
  [
    'amount above 2^128-1',
    set('settlement', 'tip', String(1n << 128n)),
    'settlement.tip: expected a whole number of smallest units from 0 to 2^128-1, above 2^53 in quotes, got "340282366920938463463374607431768211456" [CONFIG_VALUE_INVALID]',
  ],
  [
    'unknown choice',
    set('settlement', 'adaptive', 'always'),
    'settlement.adaptive: expected one of fixed, seed003, aligned, got "always" [CONFIG_VALUE_INVALID]',
  ],
  [
    'not a boolean',
    set('settlement', 'open_rescue', 'yes'),
    'settlement.open_rescue: expected true or false, got "yes" [CONFIG_VALUE_INVALID]',
  ],
  [
    'group that is no map',
    (c) => Object.assign(c, { consensus: 3 }),
    'consensus: expected a map of keys, got 3 [CONFIG_VALUE_INVALID]',
  ],
  [
    'validators of no form',
    (c) => Object.assign(c, { validators: 3 }),
    'validators: expected { count, stake } or a list of { name, stake, public_key }, got 3 [CONFIG_VALUE_INVALID]',
  ],
  [
    'no validator',
    (c) => Object.assign(c, { validators: [] }),
    'validators: expected at least one validator, got a list of 0 [CONFIG_VALUE_INVALID]',
  ],
  [
    'misspelt key of a validator',
    (c) => Object.assign(c, { validators: [{ name: 'a', stak: 1 }] }),
    'validators.0.stak: unknown key; did you mean `stake`? [CONFIG_KEY_UNKNOWN]',
  ],
  [
    'one name twice',
    (c) => Object.assign(c, { validators: [{ name: 'a' }, { name: 'a' }] }),
    'validators.1.name: expected a name of its own for each validator, got `a` twice [CONFIG_RULE_BROKEN]',
  ],
  [
    'background of one form with a key of none',
    set('settlement_chain', 'background', { type: 'constant', gass: 3 }),
    'settlement_chain.background.gas: expected an integer >= 0, got nothing [CONFIG_VALUE_INVALID]',
  ],
  [
    'N below its minimum',
    set('settlement', 'batch_size', 1),
    'settlement.batch_size: expected batch_size within batch_size_min 2 and batch_size_max 20, got 1 [CONFIG_RULE_BROKEN]',
  ],
  [
    'bounds of N crossed',
    set('settlement', 'batch_size_min', 30),
    'settlement.batch_size_min: expected batch_size_min <= batch_size_max, got 30 and 20 [CONFIG_RULE_BROKEN]',
  ],
  [
    'more misses than duties',
    set('settlement', 'jail_after_misses', 11),
    'settlement.jail_after_misses: expected jail_after_misses <= jail_window, got 11 and 10 [CONFIG_RULE_BROKEN]',
  ],
  [
    'fee cap below the base fee',
    set('settlement', 'fee_cap', 5),
    'settlement.fee_cap: expected fee_cap >= base_fee_initial + tip, got 5 below 1000000005 [CONFIG_RULE_BROKEN]',
  ],
  [
    'fee that no transaction can carry',
    set('settlement', 'fee_cap', String(10n ** 28n)),
    `settlement.fee_cap: expected a fee of at most 10^27, got ${10n ** 28n} [CONFIG_RULE_BROKEN]`,
  ],
  [
    'gas reserve above the limit',
    set('settlement_chain', 'gas_limit', 900_000),
    'settlement_chain.gas_limit: expected settlement_gas_reserve <= gas_limit, got 1000000 and 900000; every settlement block would count as full [CONFIG_RULE_BROKEN]',
  ],
  [
    'gas limit below any settlement',
    (c) => {
      set('settlement', 'settlement_gas_reserve', 0)(c);
      set('settlement_chain', 'gas_limit', 110_000)(c);
    },
    'settlement_chain.gas_limit: expected gas_limit >= 116112, the least that a settlement of this many validators needs, got 110000; no settlement would fit into a block [CONFIG_RULE_BROKEN]',
  ],
  [
    'unregistered base asset',
    set('settlement', 'base_asset', 'EUR'),
    'settlement.base_asset: expected an asset of ledger.assets, got `EUR`; registered: UM, USDC, USDT, TNZO, DAI, WETH, ETH, WBTC [CONFIG_RULE_BROKEN]',
  ],
  [
    'bound of the exposure of an unknown asset',
    set('settlement', 'exposure_max', { EUR: 1 }),
    'settlement.exposure_max.EUR: expected an asset symbol: a letter, then up to 15 letters, digits or dots that ledger.assets holds, got `EUR` [CONFIG_RULE_BROKEN]',
  ],
  [
    'operator key that is none',
    set('settlement', 'operator_keys', ['0x12']),
    'settlement.operator_keys.0: expected distinct ed25519 public keys (0x and 64 lower-case hex digits), got "0x12" [CONFIG_RULE_BROKEN]',
  ],
  [
    'pool of the base asset',
    set('settlement_chain', 'pools', [{ asset: 'USDC', asset_reserve: 1, base_reserve: 1 }]),
    'settlement_chain.pools.0.asset: expected one pool for a registered asset other than base_asset, got `USDC` [CONFIG_RULE_BROKEN]',
  ],
  [
    'treasury of an unknown asset',
    set('settlement_chain', 'treasury', { EUR: 1 }),
    'settlement_chain.treasury.EUR: expected an asset symbol: a letter, then up to 15 letters, digits or dots that ledger.assets holds, got `EUR` [CONFIG_RULE_BROKEN]',
  ],
  [
    'confirmations beyond the lag',
    set('settlement', 'origin_confirmations', 12),
    'settlement.origin_confirmations: expected origin_confirmations < origin_lag_max, got 12 and 12 [CONFIG_RULE_BROKEN]',
  ],
  [
    'a deadline that nobody can meet',
    set('settlement', 'origin_confirmations', 6),
    'settlement.origin_confirmations: expected submission_deadline_blocks > origin_confirmations, got 6 and 6; a settlement is seen that many blocks after its inclusion: whoever is on duty would be slashed whatever it does [CONFIG_RULE_BROKEN]',
  ],
  [
    'keepers of the treasury who are fewer than must agree',
    set('ledger', 'treasury_keepers', ['ann', 'ben']),
    'ledger.treasury_keepers: expected treasury_threshold <= 2, the number of keepers, got 3; nothing could ever be withdrawn [CONFIG_RULE_BROKEN]',
  ],
  [
    'a keeper of the treasury named twice',
    set('ledger', 'treasury_keepers', ['ann', 'ben', 'cem', 'ann']),
    'ledger.treasury_keepers.3: expected distinct addresses (0x and 40 or 64 lower-case hex digits) or labels of accounts, got "ann" [CONFIG_RULE_BROKEN]',
  ],
  [
    'more keepers of the treasury than there may be',
    set(
      'ledger',
      'treasury_keepers',
      Array.from({ length: 33 }, (_, index) => `keeper-${index}`),
    ),
    'ledger.treasury_keepers: expected at most 32 keepers, got 33 [CONFIG_RULE_BROKEN]',
  ],
  [
    'BLS certificates',
    set('consensus', 'certificates', 'bls12381'),
    'consensus.certificates: expected "ed25519", got "bls12381": needs BLS12-381 certificates, which this version does not have [NOT_AVAILABLE_YET]',
  ],
  [
    'EVM chain',
    set('settlement_chain', 'kind', 'evm'),
    'settlement_chain.kind: expected "mock", got "evm": needs settlement on an EVM chain, which this version does not have [NOT_AVAILABLE_YET]',
  ],
  [
    'a block that fits into no message',
    set('p2p', 'message_bytes_max', 1_048_576),
    'p2p.message_bytes_max: expected message_bytes_max >= 1052672, room for a block or for two settlements, got 1048576 [CONFIG_RULE_BROKEN]',
  ],
  [
    'a public key of the wrong length',
    (c) => Object.assign(c, { validators: [{ name: 'a', public_key: '0x12' }] }),
    'validators.0.public_key: expected an ed25519 public key (0x and 64 lower-case hex digits), got "0x12" [CONFIG_VALUE_INVALID]',
  ],
  [
    'one key for two validators',
    (c) =>
      Object.assign(c, {
        validators: ['a', 'b'].map((name) => ({ name, public_key: `0x${'ab'.repeat(32)}` })),
      }),
    `validators.1.public_key: expected a key of its own for each validator, got 0x${'ab'.repeat(32)} twice [CONFIG_RULE_BROKEN]`,
  ],
  [
    'an account without an address',
    set('ledger', 'accounts', [{ label: 'a' }]),
    'ledger.accounts.0.address: expected an address (0x and 40 or 64 lower-case hex digits), got nothing [CONFIG_VALUE_INVALID]',
  ],
  [
    'an account twice',
    set('ledger', 'accounts', [{ address: `0x${'12'.repeat(20)}` }, { address: `0x${'12'.repeat(20)}` }]),
    `ledger.accounts.1.address: expected each account once, got 0x${'12'.repeat(20)} twice [CONFIG_RULE_BROKEN]`,
  ],
  [
    'pool cash of an asset that is not registered',
    set('ledger', 'pool_cash', { GOLD: 1 }),
    'ledger.pool_cash.GOLD: expected an asset symbol: a letter, then up to 15 letters, digits or dots that ledger.assets holds, got `GOLD` [CONFIG_RULE_BROKEN]',
  ],
  [
    'an oracle without a key',
    set('ledger', 'oracle_key', 'me'),
    'ledger.oracle_key: expected an ed25519 public key (0x and 64 lower-case hex digits), or empty text, got "me" [CONFIG_VALUE_INVALID]',
  ],
  [
    'base-fee trace without a reader',
    set('settlement_chain', 'background', { type: 'trace', file: 'fees.csv' }),
    'settlement_chain.background.file: no file can be read here; give base_fees, or load the configuration from a file [FILE_UNREADABLE]',
  ],
  [
    'base-fee trace of two kinds',
    set('settlement_chain', 'background', { type: 'trace', file: 'x', base_fees: [1] }),
    'settlement_chain.background: expected exactly one of file and base_fees [CONFIG_VALUE_INVALID]',
  ],
];

describe('parseConfig', () => {
  it('gives the documented defaults', () => {
    const config = valid({});
    expect(config.validators).toEqual([0, 1, 2, 3].map((index) => ({ name: `node-${index}`, stake: 1000 })));
    expect(config.chain.blockTimeMs).toBe(2000);
    expect(config.settlement).toMatchObject({
      batchSize: 5,
      baseAsset: 'USDC',
      stakeAsset: 'TNZO',
      slippageBps: 100,
      submissionDeadlineBlocks: 6,
      resubmitAfterBlocks: 2,
      maxAttempts: 3,
      missedSlashBps: 100,
      equivocationSlashBps: 500,
      jailAfterMisses: 3,
      jailWindow: 10,
      jailBlocks: 150,
      settlementGasReserve: 1_000_000,
      originDelayMs: 1000,
      originLagMax: 12,
      openRescue: false,
      operatorKeys: [],
    });
    expect(config.settlementChain).toMatchObject({
      blockTimeMs: 5000,
      phaseMs: 0,
      gasLimit: 10_000_000,
      background: { type: 'none' },
    });
    expect(config.settlement.feeCap).toBe(1000n * config.settlementChain.baseFeeInitial);
    expect(config.simulation).toEqual({
      crypto: 'modelled',
      sharedExecution: true,
      historyBlocks: 2048,
      crashPoints: 'between_inputs',
    });
    expect(config.ledger.assets.map(({ symbol, decimals }) => [symbol, decimals])).toEqual([
      ['UM', 6],
      ['USDC', 6],
      ['USDT', 6],
      ['TNZO', 18],
      ['DAI', 18],
      ['WETH', 18],
      ['ETH', 18],
      ['WBTC', 8],
    ]);
  });

  it('works out what is left to a rule', () => {
    const config = valid({
      chain: { block_time_ms: 3001 },
      settlement_chain: { base_fee_initial: 200_000_000 },
    });
    expect(config.settlement.originDelayMs).toBe(1500);
    expect(config.settlement.feeCap).toBe(200_000_000_000n);
    expect(valid({ settlement: { origin_delay_ms: 0, fee_cap: '2000000000' } }).settlement).toMatchObject({
      originDelayMs: 0,
      feeCap: 2_000_000_000n,
    });
  });

  it('accepts the base of the mutations and freezes it', () => {
    const config = valid(base);
    expect(config.validators).toEqual([
      { name: 'a', stake: 1000 },
      { name: 'b', stake: 1000 },
    ]);
    expect(config.settlementChain.pools).toEqual([{ asset: 'UM', assetReserve: 10n, baseReserve: 10n }]);
    expect(Object.isFrozen(config.settlement)).toBe(true);
    expect(Object.isFrozen(config.ledger.assets[0])).toBe(true);
  });

  it.each(mutations)('refuses %s', (_, mutate, message) => {
    const config = structuredClone(base) as unknown as Record<string, Record<string, unknown>>;
    mutate(config);
    expect(problemsOf(parseConfig(config))).toContain(message);
  });

  it.each(batcherMutations)('refuses %s', (_, batcher, message) => {
    expect(problemsOf(parseConfig({ batcher }))).toContain(message);
  });

  it('takes everything that the batcher can be told', () => {
    const { batcher } = valid({
      batcher: {
        confirmation_level: { sidechain: 'no-wait' },
        batching_criteria: {
          sidechain: { criteria_type: 'value', target_value: '5', value_field: 'amount' },
        },
        storage: { type: 'redis', url: 'redis://127.0.0.1:6379/2', namespace: 'inputs_2' },
      },
    });
    expect(batcher).toMatchObject({
      enabled: true,
      confirmationLevel: { sidechain: 'no-wait' },
      batchingCriteria: { sidechain: { criteriaType: 'value', targetValue: 5n, valueField: 'amount' } },
      storage: { type: 'redis', url: 'redis://127.0.0.1:6379/2', namespace: 'inputs_2', timeoutMs: 10_000 },
    });
  });

  it('lists everything at once: keys, values, rules and features', () => {
    const problems = problemsOf(
      parseConfig({
        settlement: { batch_sise: 3, slippage_bps: -1, jail_after_misses: 11 },
        consensus: { certificates: 'bls12381' },
        foo: 1,
      }),
    );
    expect(problems.map((problem) => /\[(.*)\]$/.exec(problem)?.[1]).sort()).toEqual([
      'CONFIG_KEY_UNKNOWN',
      'CONFIG_KEY_UNKNOWN',
      'CONFIG_RULE_BROKEN',
      'CONFIG_VALUE_INVALID',
      'NOT_AVAILABLE_YET',
    ]);
  });

  it('has no prototype to pollute', () => {
    expect(problemsOf(parseConfig(JSON.parse('{"__proto__": {"x": 1}}')))).toEqual([
      expect.stringContaining('__proto__: unknown key'),
    ]);
  });
});

describe('parseConfigSources', () => {
  const file = (text: string, name = 'config.yaml') => take(parseYaml(text, name));

  it('lays later sources over earlier ones, key by key', () => {
    const { config } = take(
      parseConfigSources([
        file('settlement: { batch_size: 6, slippage_bps: 1, tip: 1, jail_blocks: 1 }'),
        file('settlement: { slippage_bps: 2, tip: 2, jail_blocks: 2 }', 'scenario.yaml'),
        ...take(
          readEnvironment({
            SIDEREAL_SETTLEMENT__TIP: '3',
            SIDEREAL_SETTLEMENT__JAIL_BLOCKS: '3',
            HOME: '/',
          }),
        ),
        ...take(readSettings(['settlement.jail_blocks=4'])),
      ]),
    );
    expect(config.settlement).toMatchObject({ batchSize: 6, slippageBps: 2, tip: 3n, jailBlocks: 4 });
  });

  it('resolves paths of the batcher from the file that says them', () => {
    const { config } = take(
      parseConfigSources(
        [
          file(
            'batcher: { storage: { path: q }, batching_criteria: { sidechain: { criteria_type: custom, module: ./a.js#b } } }',
            '/etc/one.yaml',
          ),
          ...take(readSettings(['batcher.storage.path=r'])),
        ],
        { resolvePath: (path, from) => `${from ?? 'here'}|${path}` },
      ),
    );
    expect([config.batcher.storage.path, config.batcher.batchingCriteria.sidechain?.module]).toEqual([
      'here|r',
      '/etc/one.yaml|./a.js#b',
    ]);
  });

  it('says in which source and where the wrong value stands', () => {
    const checked = parseConfigSources([
      file('chain:\n  block_time_ms: 1\nsettlement:\n  batch_size: 9\n'),
      ...take(readEnvironment({ SIDEREAL_SETTLEMENT__TIPP: '3' })),
      ...take(readSettings(['settlement.batch_size=0'])),
    ]);
    expect(checked.ok).toBe(false);
    const places = checked.ok
      ? []
      : checked.problems.map(({ file: name, line, column, path }) => [name, line, column, path]);
    expect(places).toEqual([
      ['--set settlement.batch_size=0', undefined, undefined, 'settlement.batch_size'],
      ['environment SIDEREAL_SETTLEMENT__TIPP', undefined, undefined, 'settlement.tipp'],
      ['config.yaml', 2, 18, 'chain.block_time_ms'],
    ]);
  });

  it('takes lists, big amounts and booleans from options', () => {
    const { config } = take(
      parseConfigSources(
        take(
          readSettings([
            'validators=[{name: x, stake: 5}]',
            'settlement.fee_cap=900719925474099300',
            'settlement.open_rescue=true',
          ]),
        ),
      ),
    );
    expect(config.validators).toEqual([{ name: 'x', stake: 5 }]);
    expect(config.settlement).toMatchObject({ feeCap: 900_719_925_474_099_300n, openRescue: true });
  });

  it('leaves variables alone that are no keys, but not misspelt groups of keys', () => {
    const names = (environment: Record<string, string>): string[] =>
      take(readEnvironment(environment)).map(({ at }) => at.file);
    expect(
      names({ SIDEREAL_TEST_SEED: '3', SIDEREAL_VALIDATORS: '{ count: 7 }', SIDEREAL_LOGG__LEVEL: 'x' }),
    ).toEqual(['environment SIDEREAL_LOGG__LEVEL', 'environment SIDEREAL_VALIDATORS']);
    const validators = take(readEnvironment({ SIDEREAL_VALIDATORS: '{ count: 7 }' }));
    expect(take(parseConfigSources(validators)).config.validators).toHaveLength(7);
  });

  it('refuses an option without a value', () => {
    expect(problemsOf(readSettings(['settlement.batch_size']))).toEqual([
      ': expected key=value, such as settlement.batch_size=10 [CONFIG_VALUE_INVALID]',
    ]);
  });

  it('reads base fees of a trace beside the file that names it', () => {
    const dir = mkdtempSync(join(tmpdir(), 'sidereal-'));
    try {
      writeFileSync(join(dir, 'fees.csv'), 'block,base_fee_gwei\n1,11.189797\n2,9\n');
      writeFileSync(
        join(dir, 'config.yaml'),
        'settlement_chain: { background: { type: trace, file: fees.csv } }\n',
      );
      const source = take(readYamlFile(join(dir, 'config.yaml')));
      const { config } = take(parseConfigSources([source], { readBaseFees: readBaseFeeTrace }));
      expect(config.settlementChain.background).toEqual({
        type: 'trace',
        baseFees: [11_189_797_000n, 9_000_000_000n],
      });
      writeFileSync(join(dir, 'fees.csv'), 'block,base_fee_gwie\n1,x\n');
      expect(problemsOf(parseConfigSources([source], { readBaseFees: readBaseFeeTrace }))).toEqual([
        ': expected a column base_fee_gwei; did you mean `base_fee_gwie`? [CONFIG_VALUE_INVALID]',
      ]);
      writeFileSync(join(dir, 'fees.csv'), 'block,base_fee_gwei\n1,3\n2,-4\n');
      expect(problemsOf(parseConfigSources([source], { readBaseFees: readBaseFeeTrace }))).toEqual([
        ': expected a base fee in gwei, got "-4" [CONFIG_VALUE_INVALID]',
      ]);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});

describe('config.yaml', () => {
  it('is what the schema renders', () => {
    const shipped = take(readYamlFile('config.yaml'));
    expect(renderConfig()).toContain('batch_size: 5');
    expect(take(parseConfigSources([shipped])).file).toEqual(take(parseConfig({})).file);
    expect(renderConfig(take(parseConfigSources([shipped])).file)).toBe(renderConfig());
  });

  it('holds every key with a comment in front of it', async () => {
    const { readFile } = await import('node:fs/promises');
    const text = await readFile('config.yaml', 'utf8');
    expect(text).toBe(renderConfig());
    const lines = text.split('\n');
    for (const { path } of listGroups().flatMap(({ fields }) => fields)) {
      const key = path[path.length - 1] ?? '';
      const index = lines.findIndex((line) => line.trim().startsWith(`${key}:`));
      expect(index, path.join('.')).toBeGreaterThan(0);
      expect(lines[index - 1], path.join('.')).toMatch(/^ *# .+\[.*default .+\]$/);
    }
  });
});

describe('configJsonSchema', () => {
  it('describes the same keys as the checks know', () => {
    const schema = configJsonSchema() as {
      properties: Record<string, { properties?: Record<string, unknown> }>;
    };
    expect(Object.keys(schema.properties)).toEqual(knownKeys([]));
    expect(Object.keys(schema.properties.settlement?.properties ?? {})).toEqual(knownKeys(['settlement']));
    expect(schema.properties.settlement?.properties?.batch_size).toMatchObject({
      default: 5,
      minimum: 1,
      unit: 'blocks',
    });
  });
});
