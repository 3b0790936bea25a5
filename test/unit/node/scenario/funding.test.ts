import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFunding } from '../../../../node/scenario/funding.ts';
import { createGenesis } from '../../../../node/scenario/genesis.ts';
import { expandLiquidations, findPriceMove } from '../../../../node/scenario/liquidations.ts';
import { loadScenario } from '../../../../node/scenario/loadScenario.ts';
import { Positions } from '../../../../node/scenario/positions.ts';
import type { Scenario, ScenarioAccount } from '../../../../node/scenario/types.ts';
import { accountOf } from '../../../../settlement/ledger/accounts.ts';
import { loadText, replay } from './replay.ts';

function timeline(...events: readonly string[]): Scenario {
  return loadText(['timeline:', ...events.map((event) => `  - { ${event} }`)].join('\n'));
}

function fundedAccount(scenario: Scenario, label: string): ScenarioAccount | undefined {
  return createFunding(scenario).accounts.find((account) => account.label === label);
}

describe('createFunding', () => {
  it('gives what repayments exceed in debt and balance, and nothing beyond', () => {
    const scenario = timeline(
      'at: { block: 1 }, borrow: { asset: UM, amount: 100 }',
      'at: { block: 2 }, repay: { asset: UM, amount: 160 }',
      'at: { block: 3 }, borrow: { asset: UM, amount: 10 }',
    );
    const account = fundedAccount(scenario, 'scenario');
    expect(account).toMatchObject({ balances: { UM: 60n }, debts: { UM: 60n } });
    // 160 owed at most, at 75 % of collateral worth as much: 214 of the base asset.
    expect(account?.deposits).toEqual({ USDC: 214n });
    expect(createFunding(scenario).poolCash).toEqual({ UM: 170n });
    expect(replay(scenario, 3).refusals).toEqual([]);
  });

  it('is exact: one unit less and the ledger refuses', () => {
    const scenario = timeline(
      'at: { block: 1 }, account: ann, deposit: { asset: DAI, amount: 70 }',
      'at: { block: 1 }, account: ann, transfer: { to: bob, asset: DAI, amount: 5 }',
      'at: { block: 2 }, account: ann, withdraw: { asset: DAI, amount: 90 }',
      'at: { block: 2 }, account: ann, borrow: { asset: UM, amount: 40 }',
      'at: { block: 2 }, account: bob, transfer: { to: ann, asset: DAI, amount: 6 }',
    );
    const funding = createFunding(scenario);
    expect(replay(scenario, 2).refusals).toEqual([]);
    for (const { label, ...holdings } of funding.accounts) {
      for (const kind of ['balances', 'deposits'] as const) {
        for (const asset of Object.keys(holdings[kind])) {
          const accounts = funding.accounts.map((account) =>
            account.label === label
              ? { ...account, [kind]: { ...account[kind], [asset]: (account[kind][asset] ?? 0n) - 1n } }
              : account,
          );
          const poorer: Scenario = {
            ...scenario,
            autoFund: false,
            accounts,
            poolCash: { ...funding.poolCash, [asset]: (funding.poolCash[asset] ?? 0n) + 1n },
          };
          expect(replay(poorer, 2).refusals.length, `${label} ${kind} ${asset}`).toBeGreaterThan(0);
        }
      }
    }
  });

  it('funds transactions of unknown order as if nothing came before them', () => {
    const scenario = timeline(
      'at: { time: 5s }, borrow: { asset: UM, amount: 30 }',
      'at: { batch: 1, state: confirmed }, repay: { asset: UM, amount: 20 }',
      'at: { settlement_block: 2 }, withdraw: { asset: UM, amount: 5 }',
      'at: { block: 2 }, borrow: { asset: DAI, amount: 7 }',
    );
    const loose = scenario.timeline.slice(0, 3);
    for (const order of [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
      [1, 0, 2],
    ]) {
      const events = order.flatMap((index) => loose[index] ?? []);
      expect(replay(scenario, 2, events).refusals, order.join()).toEqual([]);
    }
  });

  it('makes any timeline of flows valid', () => {
    const assets = ['UM', 'USDC', 'DAI', 'WBTC', 'NEW'];
    const event = fc.record({
      block: fc.integer({ min: 1, max: 6 }),
      type: fc.constantFrom('borrow', 'repay', 'deposit', 'withdraw', 'transfer'),
      account: fc.constantFrom('ann', 'bob', 'cid'),
      asset: fc.constantFrom(...assets),
      amount: fc.bigInt({ min: 1n, max: 10n ** 24n }),
    });
    fc.assert(
      fc.property(fc.array(event, { minLength: 1, maxLength: 25 }), (events) => {
        const lines = events.map(({ block, type, account, asset, amount }) => {
          const to = type === 'transfer' ? `to: ${account === 'ann' ? 'bob' : 'ann'}, ` : '';
          return `at: { block: ${block} }, account: ${account}, ${type}: { ${to}asset: ${asset}, amount: "${amount}" }`;
        });
        expect(replay(timeline(...lines), 6).refusals).toEqual([]);
      }),
      { numRuns: 60 },
    );
  });

  it('makes every row of the shipped trace valid, in both placements', () => {
    const loaded = loadScenario('scripts/scenarios/aave-flows.yaml');
    if (!loaded.ok) throw new Error('the shipped scenario is valid');
    const { transactions, refusals, parts, state } = replay(loaded.value.scenario, 300);
    expect(refusals).toEqual([]);
    expect(transactions).toHaveLength(862 + 2 * 3);
    const byTime = loadText(
      'workload: { trace: data/aave-v2-polygon-2021.csv, time_scale: 0.0005 }',
      'scripts/scenarios/x.yaml',
    );
    expect(replay(byTime, 1100).refusals).toEqual([]);
    const liquidations = transactions.filter(({ body }) => body.type === 'liquidate');
    expect(liquidations).toHaveLength(3);
    // The oracle holds exactly what the three liquidations seized.
    const seized = liquidations.reduce(
      (sum, { body }) => sum + (body.type === 'liquidate' ? (body.exactCollateral ?? 0n) : 0n),
      0n,
    );
    const { ledger } = parts.genesis;
    const weth = ledger.assets.findIndex(({ symbol }) => symbol === 'WETH');
    expect(accountOf(state, ledger, ledger.oracle).deposits[weth]).toBe(seized);
  });

  it('registers assets of a trace by symbol, 18 decimals, 1 USD', () => {
    const loaded = loadScenario('scripts/scenarios/aave-flows.yaml');
    const assets = loaded.ok ? loaded.value.scenario.config.ledger.assets : [];
    expect(assets.slice(8).map(({ symbol }) => symbol)).toEqual(['AAVE', 'WMATIC', 'WPOL']);
  });
});

describe('createGenesis', () => {
  it('is a function of scenario and seed', () => {
    const text = 'seed: 3\ntimeline: [{ at: { block: 1 }, borrow: { asset: UM, amount: 1 } }]';
    const one = createGenesis(loadText(text));
    const two = createGenesis(loadText(text));
    const other = createGenesis(loadText(text.replace('3', '4')));
    expect(two.genesis).toEqual(one.genesis);
    expect(two.accounts).toEqual(one.accounts);
    expect(other.accounts.get('scenario')?.address).not.toBe(one.accounts.get('scenario')?.address);
    expect(one.genesis.validators.validators.map(({ name, power }) => [name, power])).toEqual(
      [0, 1, 2, 3].map((index) => [`node-${index}`, 1000]),
    );
    expect(one.genesis.operators).toEqual([one.operator?.address]);
    expect(one.genesis.ledger.oracle).toBe(one.accounts.get('oracle')?.address);
  });

  it('takes configured operator keys and then derives none', () => {
    const key = `0x${'ab'.repeat(32)}`;
    const parts = createGenesis(loadText(`config: { settlement: { operator_keys: ["${key}"] } }`));
    expect(parts.genesis.operators).toEqual([key]);
    expect(parts.operator).toBeUndefined();
  });
});

describe('expandLiquidations', () => {
  const assets = loadText('name: x').config.ledger.assets;
  const row = {
    block: 2,
    transaction: {
      account: 'oracle',
      operation: {
        type: 'liquidate',
        borrower: 'bob',
        debtAsset: 'UM',
        amount: 10n,
        collateralAsset: 'WETH',
        collateralAmount: 3n,
      },
    },
  } as const;

  it('puts a price that breaks the position before a liquidation and the old price behind it', () => {
    const accounts = [{ label: 'bob', balances: {}, deposits: { USDC: 1000n }, debts: { UM: 100n } }];
    const { transactions, impossible } = expandLiquidations({ assets, accounts, timeline: [], rows: [row] });
    expect(impossible).toEqual([]);
    // 100 UM at p against 1000 USDC at 1 USD, of which 80 % count: more than 8 USD.
    expect(transactions.map(({ transaction }) => transaction.operation)).toEqual([
      { type: 'price', asset: 'UM', price: 800_000_001n },
      row.transaction.operation,
      { type: 'price', asset: 'UM', price: 100_000_000n },
    ]);
  });

  it('restores the price that a timeline set before', () => {
    const accounts = [{ label: 'bob', balances: {}, deposits: { USDC: 1000n }, debts: { UM: 100n } }];
    const { timeline: events } = timeline('at: { block: 2 }, price: { asset: UM, price: 5 }');
    const { transactions } = expandLiquidations({ assets, accounts, timeline: events, rows: [row] });
    expect(transactions.at(-1)?.transaction.operation).toEqual({ type: 'price', asset: 'UM', price: 5n });
  });

  it('lowers the collateral when the debt is covered in kind, and gives up when all of it is', () => {
    const positions = new Positions(assets);
    positions.holding('bob', 'UM').deposit = 1000n;
    positions.holding('bob', 'UM').debt = 100n;
    expect(findPriceMove(positions, 'bob', ['UM', 'WETH'])).toBeUndefined();
    positions.holding('bob', 'DAI').debt = 5n * 10n ** 14n;
    expect(findPriceMove(positions, 'bob', ['UM', 'WETH'])).toEqual({ asset: 'UM', price: 71_428_571n });
    const covered = [{ label: 'bob', balances: {}, deposits: { UM: 1000n }, debts: { UM: 100n } }];
    expect(expandLiquidations({ assets, accounts: covered, timeline: [], rows: [row] })).toEqual({
      transactions: [],
      impossible: [0],
    });
  });
});
