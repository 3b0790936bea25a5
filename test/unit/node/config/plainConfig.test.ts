import { describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { parseConfig } from '../../../../node/config/parseConfig.ts';
import { plainConfigOf } from '../../../../node/config/plainConfig.ts';
import type { Config } from '../../../../node/config/types.ts';
import { createGenesis, genesisOf, networkConfigOf } from '../../../../node/scenario/genesis.ts';
import { scenarioOf } from '../../../helpers/coreNetwork.ts';

function configOf(value: unknown): Config {
  const parsed = parseConfig(value);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value.config;
}

describe('plainConfigOf', () => {
  it('writes what gives the same configuration when a file is read', () => {
    const config = configOf({
      chain: { id: 'other', block_time_ms: 300, genesis_ms: 1_700_000_000_000 },
      validators: [{ name: 'a', stake: 5, public_key: `0x${'ab'.repeat(32)}` }, { name: 'b' }],
      settlement: {
        base_asset: 'stETH',
        stake_asset: 'stETH',
        adaptive: 'aligned',
        exposure_max: { stETH: '340282366920938463463374607431768211455' },
        seal_lead_ms: 700,
        operator_keys: [`0x${'cd'.repeat(32)}`],
      },
      settlement_chain: {
        urls: ['http://127.0.0.1:1'],
        seed: 9,
        background: { type: 'trace', base_fees: ['7', '8'] },
        treasury: { stETH: '340282366920938463463374607431768211455' },
      },
      ledger: {
        assets: [{ symbol: 'stETH', decimals: 18 }],
        accounts: [
          { address: `0x${'12'.repeat(20)}`, label: 'me', balances: { stETH: 3 } },
          // A key without a label, whose address is longer than labels are.
          { address: `0x${'34'.repeat(32)}`, balances: { stETH: 4 } },
        ],
        pool_cash: { stETH: '10' },
        oracle_key: `0x${'ef'.repeat(32)}`,
      },
      batcher: {
        confirmation_level: { sidechain: 'no-wait' },
        batching_criteria: {
          sidechain: { criteria_type: 'value', target_value: '9', value_field: 'amount' },
        },
        storage: { type: 'postgres', url: 'postgres://127.0.0.1/test' },
        max_retries: 4,
      },
      node: { name: 'a', key_file: 'a.key' },
      log: { file: 'a.log' },
    });
    expect(configOf(parse(stringify(plainConfigOf(config))))).toEqual(config);
    expect(plainConfigOf(configOf({}))).toEqual(plainConfigOf(configOf(plainConfigOf(configOf({})))));
  });
});

describe('genesisOf', () => {
  it('makes from a written configuration the genesis of the scenario it was written for', () => {
    const scenario = scenarioOf(
      `
seed: 11
duration: 20s
config: { settlement_chain: { background: { type: bursts, gas_mean: 100000, burst_probability: 0.5, burst_blocks: 2 } } }
timeline:
  - { at: { block: 1 }, borrow: { asset: UM, amount: 5 } }
  - { at: { block: 2 }, repay: { asset: GOLD, amount: 5 }, account: me }
`.replace(', account: me', ''),
    );
    const parts = createGenesis(scenario);
    const config = configOf(parse(stringify(plainConfigOf(networkConfigOf(scenario, parts)))));
    expect(genesisOf(config)).toEqual(parts.genesis);
    expect(config.settlementChain.seed).toBe(11);
  });

  it('needs the address of every keeper of the treasury', () => {
    const validators = [{ name: 'node-0', public_key: `0x${'11'.repeat(32)}` }];
    const keeper = `0x${'22'.repeat(20)}`;
    const accounts = [{ address: `0x${'33'.repeat(32)}`, label: 'ann' }];
    const ledger = { accounts, treasury_keepers: [keeper, 'ann'], treasury_threshold: 2 };
    expect(genesisOf(configOf({ validators, ledger })).atomic.treasury.keepers).toEqual([
      keeper,
      accounts[0]?.address,
    ]);
    const unknown = { ...ledger, treasury_keepers: [keeper, 'ben'] };
    expect(() => genesisOf(configOf({ validators, ledger: unknown }))).toThrow(
      expect.objectContaining({ code: 'TREASURY_KEEPER_UNKNOWN' }),
    );
  });

  it('needs the key of every validator', () => {
    expect(() => genesisOf(configOf({}))).toThrow(expect.objectContaining({ code: 'VALIDATOR_KEY_MISSING' }));
  });
});
