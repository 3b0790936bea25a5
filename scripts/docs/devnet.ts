/** What a devnet prints, for README.md: the beginning of its banner and its live table, by the very functions that draw them. */
import pc from 'picocolors';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { type BannerFacts, renderBanner } from '../../node/cli/devnet/banner.ts';
import { renderLiveTable } from '../../node/cli/devnet/liveTable.ts';
import { parseConfig } from '../../node/config/parseConfig.ts';
import type { EventLine } from '../../node/core/eventFields.ts';
import { DEVNET_DIR_DEFAULT } from '../../node/devnet/folders.ts';
import { deriveFundedAccounts } from '../../node/devnet/fundedAccounts.ts';
import { FUNDED_UNITS } from '../../node/devnet/openNetwork.ts';
import { portsFrom } from '../../node/devnet/ports.ts';
import { PictureKeeper } from '../../node/devnet/watch/networkPicture.ts';
import { chainIdOf } from '../../settlement/execution/genesisState.ts';
import type { Parts } from './markdown.ts';

const colors = pc.createColors(false);
const names = ['node-0', 'node-1', 'node-2', 'node-3'];
/** Process number of the settlement chain in the sample. */
const FIRST_PID = 4101;

export function devnetParts(): Parts {
  const banner = renderBanner(sampleFacts(), colors).trimEnd().split('\n');
  const accounts = banner.findIndex((line) => line.startsWith('Accounts'));
  const next = banner.findIndex((line) => line.startsWith('Next'));
  const text = [
    '$ npm start',
    ...banner.slice(0, accounts),
    '…  ten funded accounts with their keys',
    '',
    ...banner.slice(next),
    '',
    ...sampleTable(),
  ].join('\n');
  return { devnet: `\`\`\`console\n${text}\n\`\`\`` };
}

/** A devnet as it comes out of the box. */
export function sampleFacts(): BannerFacts {
  const parsed = parseConfig({});
  if (!parsed.ok) throw new Error('the default configuration is not valid');
  const { chain, settlement, settlementChain, ledger, api, validators } = parsed.value.config;
  const ports = portsFrom(api.port, validators.length);
  return {
    description: {
      type: 'devnet_started',
      chain_id: chainIdOf(chain.id),
      nodes: validators.map(({ name }, index) => ({
        name,
        api: `http://${api.host}:${ports.api[index]}`,
        p2p: `/ip4/${api.host}/tcp/${ports.p2p[index]}`,
        pid: FIRST_PID + 1 + index,
        log: `${DEVNET_DIR_DEFAULT}/${name}.log`,
      })),
      settlement_chain: { rpc: `http://${api.host}:${ports.settlement}`, pid: FIRST_PID },
      accounts: deriveFundedAccounts().map(({ address, secretKey }) => ({
        address,
        private_key: toHex(secretKey),
      })),
      data_dir: DEVNET_DIR_DEFAULT,
    },
    seed: 1,
    continuedAt: undefined,
    blockTimeMs: chain.blockTimeMs,
    batchSize: settlement.batchSize,
    settlementBlockTimeMs: settlementChain.blockTimeMs,
    assets: ledger.assets.map(({ symbol }) => symbol),
    fundedUnits: FUNDED_UNITS,
    adminToken: '1f6e0c2b5d7a4938a1c4e7f09b2d6853',
    workload: 'demo',
    orders: undefined,
    pathOf: (path) => path,
    dataDirOption: undefined,
  };
}

/** The table of a run of 32 s, as events and answers of its nodes made it. */
function sampleTable(): string[] {
  const keeper = new PictureKeeper(names);
  const root = `0x${'5d'.repeat(32)}`;
  for (const name of names) {
    keeper.noteProcess(name, 'running');
    keeper.noteStatus(name, {
      name,
      chain_id: root,
      version: '',
      now_ms: 0,
      height: 14,
      finalized_height: 13,
      state_root: root,
      view: 14,
      leader: 'node-1',
      settlement_height: 5,
      pending_batches: 1,
      peers: 3,
      mempool_transactions: 0,
      settlement_paused: false,
      halted: null,
      batcher: null,
      auto_batch: null,
    });
  }
  keeper.noteNetwork(sampleNetwork());
  for (const line of sampleNews()) keeper.noteLine(line);
  const frame = { columns: 79, rows: 40, colors, nowMs: 32_000, startedMs: 0, timeOf: clockTime };
  return renderLiveTable(keeper.picture(), frame);
}

function sampleNetwork(): Parameters<PictureKeeper['noteNetwork']>[0] {
  const hash = `0x${'5d'.repeat(32)}`;
  return {
    settlement: {
      chain: {
        height: 5,
        hash,
        timestamp_ms: 25_000,
        base_fee: '586181641',
        gas_used: 0,
        gas_limit: 10_000_000,
        last_settled_seq: 1,
      },
      origin_height: 5,
      paused: false,
      batch_size: 5,
      window: {
        index: 2,
        from_height: 11,
        to_height: 15,
        blocks: 3,
        batch_size: 5,
        borrowed: {},
        repaid: {},
        net: { DAI: '350', UM: '680', USDC: '-120' },
        liquidations: 0,
      },
      pending: [
        {
          seq: 2,
          from_height: 6,
          to_height: 10,
          state: 'sealed',
          net: {},
          proposer: 'node-1',
          attempt: 1,
          clock_count: 1,
          deadline: 6,
        },
      ],
      unsettled: {},
    },
    validators: {
      validators: names.map((name) => ({
        name,
        public_key: hash,
        power: 1000,
        stake: '1000',
        jailed: false,
        jailed_until_height: null,
        tombstoned: false,
        recent_duties: 1,
        recent_misses: 0,
      })),
    },
    batches: {
      batches: [
        {
          seq: 1,
          from_height: 1,
          to_height: 5,
          state: 'confirmed',
          borrowed: {},
          repaid: {},
          net: {},
          fees: {},
          liquidations: 0,
          commitment: hash,
          actions: [{ type: 'swap', asset: 'UM', amount: '930' }],
          attempts: [],
          settler: 'node-0',
          settlement_height: 3,
        },
      ],
    },
  };
}

function sampleNews(): EventLine[] {
  const network = { node: null };
  return [
    ...Array.from({ length: 39 }, () => ({ t: 0, ...network, type: 'transaction_executed', result: 'ok' })),
    { t: 14_100, ...network, type: 'batch_confirmed', batch: 1, settler: 'node-0' },
    {
      t: 20_200,
      ...network,
      type: 'batch_sealed',
      batch: 2,
      from_height: 6,
      to_height: 10,
      net: { UM: '-500', USDC: '480' },
      proposer: 'node-1',
    },
    { t: 20_210, node: 'node-1', type: 'batch_submitted', batch: 2, attempt: 1 },
  ];
}

function clockTime(t: number): string {
  return `14:03:${String(Math.floor(t / 1000)).padStart(2, '0')}`;
}
