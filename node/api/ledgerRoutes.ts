/** `GET /accounts/:address`, `/validators`, `/assets`, `/settlement`: final state as it stands. */
import { type Static, Type } from '@sinclair/typebox';
import { accountOf, treasuryOf } from '../../settlement/ledger/accounts.ts';
import { priceOf } from '../../settlement/ledger/health.ts';
import { poolOf } from '../../settlement/ledger/pools.ts';
import { addNet, netOf } from '../../settlement/net/flows.ts';
import {
  lastAttempt,
  netCounters,
  openWindow,
  pendingBatches,
  standings,
} from '../../settlement/net/netState.ts';
import { amountsByAsset } from '../core/eventFields.ts';
import type { NodeReader } from '../core/reader.ts';
import {
  addressExample,
  addressField,
  amountField,
  amountsField,
  closed,
  countField,
  hashExample,
  hashField,
  heightField,
  nameField,
  nullable,
  signedAmountField,
  signedAmountsField,
  timeField,
} from './fields.ts';
import type { NodeView } from './nodeView.ts';
import { defineRoute, ok, type Route } from './route.ts';

const accountSchema = Type.Object(
  {
    address: addressField,
    label: nullable(Type.String({ description: 'the name genesis gives the account' })),
    nonce: Type.Integer({ minimum: 0, description: 'transactions of the account in final blocks' }),
    next_nonce: Type.Integer({ minimum: 0, description: 'the same with those that wait here' }),
    assets: Type.Array(
      Type.Object(
        { asset: Type.String(), balance: amountField, deposit: amountField, debt: amountField },
        closed,
      ),
      { description: 'those of which it holds or owes something' },
    ),
  },
  closed,
);

const validatorSchema = Type.Object(
  {
    name: nameField,
    public_key: hashField,
    power: countField,
    stake: amountField,
    jailed: Type.Boolean(),
    jailed_until_height: nullable(heightField),
    tombstoned: Type.Boolean(),
    recent_duties: countField,
    recent_misses: countField,
  },
  closed,
);

const assetSchema = Type.Object(
  {
    symbol: Type.String(),
    decimals: countField,
    price: Type.String({ pattern: '^[0-9]+$', description: 'USD of a whole unit, times 10^8' }),
    collateral_factor_bps: countField,
    liquidation_threshold_bps: countField,
    liquidation_bonus_bps: countField,
    pool: Type.Object(
      {
        cash: amountField,
        deposits: amountField,
        debts: amountField,
        escrow: amountField,
        open_net: signedAmountField,
      },
      closed,
    ),
    treasury: amountField,
  },
  closed,
);

const settlementSchema = Type.Object(
  {
    chain: nullable(
      Type.Object(
        {
          height: heightField,
          hash: hashField,
          timestamp_ms: timeField,
          base_fee: amountField,
          gas_used: countField,
          gas_limit: countField,
          last_settled_seq: countField,
        },
        { ...closed, description: 'the newest settlement block this node knows' },
      ),
    ),
    origin_height: nullable(heightField),
    paused: Type.Boolean({ description: 'an operator holds this node’s settlements back' }),
    batch_size: Type.Integer({ minimum: 1, description: 'N of the next window, in blocks' }),
    window: Type.Object(
      {
        index: countField,
        from_height: heightField,
        to_height: heightField,
        blocks: Type.Integer({ minimum: 0, description: 'final blocks in it so far' }),
        batch_size: Type.Integer({ minimum: 1, description: 'N of this window, in blocks' }),
        borrowed: amountsField,
        repaid: amountsField,
        net: signedAmountsField,
        liquidations: countField,
      },
      { ...closed, description: 'the window that gathers blocks' },
    ),
    pending: Type.Array(
      Type.Object(
        {
          seq: countField,
          from_height: heightField,
          to_height: heightField,
          state: Type.Union([Type.Literal('sealed'), Type.Literal('included')]),
          net: signedAmountsField,
          proposer: nameField,
          attempt: countField,
          clock_count: countField,
          deadline: countField,
        },
        closed,
      ),
      { description: 'sealed and unconfirmed, oldest first' },
    ),
    unsettled: signedAmountsField,
  },
  closed,
);

export type SettlementAnswer = Static<typeof settlementSchema>;
export interface ValidatorsAnswer {
  readonly validators: readonly Static<typeof validatorSchema>[];
}
export type AccountAnswer = Static<typeof accountSchema>;
export interface AssetsAnswer {
  readonly assets: readonly Static<typeof assetSchema>[];
}

export function ledgerRoutes(node: NodeView): Route[] {
  return [
    defineRoute({
      method: 'GET',
      path: '/accounts/:address',
      summary: 'What an account holds and owes',
      tag: 'chain',
      codes: [],
      params: Type.Object({ address: addressField }, closed),
      answers: [
        {
          status: 200,
          description: 'the account; one that never held anything is empty',
          schema: accountSchema,
          example: {
            address: addressExample,
            label: null,
            nonce: 1,
            next_nonce: 2,
            assets: [{ asset: 'UM', balance: '1000000001000', deposit: '1000000000000', debt: '1000' }],
          },
        },
      ],
      handle: ({ params: { address } }) => ok(showAccount(node.reader(), address)),
    }),
    defineRoute({
      method: 'GET',
      path: '/validators',
      summary: 'Validators with stake and standing, in genesis order',
      tag: 'chain',
      codes: [],
      answers: [
        {
          status: 200,
          description: 'all validators',
          schema: Type.Object({ validators: Type.Array(validatorSchema) }, closed),
          example: {
            validators: [
              {
                name: 'node-0',
                public_key: hashExample,
                power: 1000,
                stake: '1000',
                jailed: false,
                jailed_until_height: null,
                tombstoned: false,
                recent_duties: 3,
                recent_misses: 0,
              },
            ],
          },
        },
      ],
      handle: () => ok({ validators: showValidators(node.reader()) }),
    }),
    defineRoute({
      method: 'GET',
      path: '/assets',
      summary: 'Registered assets with price, rules and lending pool',
      tag: 'chain',
      codes: [],
      answers: [
        {
          status: 200,
          description: 'all assets',
          schema: Type.Object({ assets: Type.Array(assetSchema) }, closed),
          example: {
            assets: [
              {
                symbol: 'UM',
                decimals: 6,
                price: '100000000',
                collateral_factor_bps: 7500,
                liquidation_threshold_bps: 8000,
                liquidation_bonus_bps: 500,
                pool: { cash: '1000', deposits: '0', debts: '0', escrow: '0', open_net: '0' },
                treasury: '0',
              },
            ],
          },
        },
      ],
      handle: () => ok({ assets: showAssets(node.reader()) }),
    }),
    defineRoute({
      method: 'GET',
      path: '/settlement',
      summary: 'The open window, batches under way, and the settlement chain as this node sees it',
      tag: 'chain',
      codes: [],
      answers: [
        {
          status: 200,
          description: 'settlement as it stands',
          schema: settlementSchema,
          example: {
            chain: {
              height: 3,
              hash: hashExample,
              timestamp_ms: 15_000,
              base_fee: '875000000',
              gas_used: 0,
              gas_limit: 10_000_000,
              last_settled_seq: 1,
            },
            origin_height: 2,
            paused: false,
            batch_size: 5,
            window: {
              index: 1,
              from_height: 6,
              to_height: 10,
              blocks: 3,
              batch_size: 5,
              borrowed: {},
              repaid: { UM: '500' },
              net: { UM: '-500' },
              liquidations: 0,
            },
            pending: [
              {
                seq: 1,
                from_height: 1,
                to_height: 5,
                state: 'included',
                net: { UM: '1700' },
                proposer: 'node-0',
                attempt: 1,
                clock_count: 1,
                deadline: 6,
              },
            ],
            unsettled: { UM: '1200' },
          },
        },
      ],
      handle: () => ok(showSettlement(node.reader())),
    }),
  ];
}

function showAccount(reader: NodeReader, address: string): Static<typeof accountSchema> {
  const { genesis } = reader;
  const account = accountOf(reader.finalizedState(), genesis.ledger, address);
  const assets = genesis.ledger.assets.flatMap(({ symbol }, index) => {
    const balance = account.balances[index] ?? 0n;
    const deposit = account.deposits[index] ?? 0n;
    const debt = account.debts[index] ?? 0n;
    if (balance === 0n && deposit === 0n && debt === 0n) return [];
    return [{ asset: symbol, balance: String(balance), deposit: String(deposit), debt: String(debt) }];
  });
  const label = genesis.accounts.find((one) => one.address === address)?.label ?? null;
  return { address, label, nonce: account.nonce, next_nonce: reader.nextNonce(address), assets };
}

function showValidators(reader: NodeReader): Static<typeof validatorSchema>[] {
  const { genesis } = reader;
  return standings(reader.finalizedState()).map(
    ({ index, stake, jailedUntilHeight, tombstoned, recentDuties }) => {
      const { name, publicKey, power } = genesis.validators.at(index);
      return {
        name,
        public_key: publicKey,
        power,
        stake: String(stake),
        jailed: jailedUntilHeight !== undefined,
        jailed_until_height: jailedUntilHeight ?? null,
        tombstoned,
        recent_duties: recentDuties.length,
        recent_misses: recentDuties.filter((isMiss) => isMiss).length,
      };
    },
  );
}

function showAssets(reader: NodeReader): Static<typeof assetSchema>[] {
  const state = reader.finalizedState();
  return reader.genesis.ledger.assets.map((asset) => {
    const pool = poolOf(state, asset.symbol);
    return {
      symbol: asset.symbol,
      decimals: asset.decimals,
      price: String(priceOf(state, asset.symbol)),
      collateral_factor_bps: asset.collateralFactorBps,
      liquidation_threshold_bps: asset.liquidationThresholdBps,
      liquidation_bonus_bps: asset.liquidationBonusBps,
      pool: {
        cash: String(pool.cash),
        deposits: String(pool.deposits),
        debts: String(pool.debts),
        escrow: String(pool.escrow),
        open_net: String(pool.openNet),
      },
      treasury: String(treasuryOf(state, asset.symbol)),
    };
  });
}

function showSettlement(reader: NodeReader): Static<typeof settlementSchema> {
  const state = reader.finalizedState();
  const { finalizedHeight, isSettlementPaused } = reader.status();
  const newest = reader.newestSettlementBlock();
  const window = openWindow(state);
  const windowNet = netOf(window.borrowed, window.repaid);
  const pending = pendingBatches(state);
  const unsettled = pending.reduce((sum, { net }) => addNet(sum, net), windowNet);
  return {
    chain:
      newest === undefined
        ? null
        : {
            height: newest.height,
            hash: newest.hash,
            timestamp_ms: newest.timestampMs,
            base_fee: String(newest.baseFee),
            gas_used: newest.gasUsed,
            gas_limit: newest.gasLimit,
            last_settled_seq: newest.lastSettledSeq,
          },
    origin_height: reader.block(finalizedHeight)?.block.header.origin.height ?? null,
    paused: isSettlementPaused,
    batch_size: netCounters(state).batchSize,
    window: {
      index: window.index,
      from_height: window.fromHeight,
      to_height: window.windowFromHeight + window.batchSize - 1,
      blocks: finalizedHeight - window.windowFromHeight + 1,
      batch_size: window.batchSize,
      borrowed: amountsByAsset(window.borrowed),
      repaid: amountsByAsset(window.repaid),
      net: amountsByAsset(windowNet),
      liquidations: window.liquidations,
    },
    pending: pending.map((batch) => {
      const { attempt, proposer } = lastAttempt(batch);
      return {
        seq: batch.seq,
        from_height: batch.fromHeight,
        to_height: batch.toHeight,
        state: reader.unconfirmedSettlement(batch.seq) === undefined ? 'sealed' : 'included',
        net: amountsByAsset(batch.net),
        proposer: reader.genesis.validators.at(proposer).name,
        attempt,
        clock_count: batch.clockCount,
        deadline: reader.genesis.net.submissionDeadlineBlocks,
      };
    }),
    unsettled: amountsByAsset(unsettled),
  };
}
