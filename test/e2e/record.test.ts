import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { makeRecording, type NetworkToRecord } from '../../node/cli/recording.ts';
import { getJson } from '../../node/devnet/apiClient.ts';
import { type ChainSource, sourceOfApi, sourceOfRows } from '../../node/devnet/record/chainRecord.ts';
import type { BatchResult } from '../../node/report/result.ts';
import { LevelStore } from '../../node/runtime/levelStore.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import { nodeOptionsOf } from '../../node/scenario/nodeOptions.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import { ApiNetwork } from '../helpers/apiNetwork.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

let running: ApiNetwork | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

type Batch = Record<string, unknown> & {
  readonly seq: number;
  readonly to_height: number;
  readonly state: string;
};

/** What a batch is, wherever it was made. */
function essenceOf(batch: Batch | BatchResult): object {
  const { seq, from_height, to_height, net, borrowed, repaid, liquidations, state } = batch;
  const actions = (batch.actions as BatchResult['actions']).map(({ type, asset, amount }) => ({
    type,
    asset,
    amount,
  }));
  return { seq, from_height, to_height, net, borrowed, repaid, liquidations, state, actions };
}

function networkOf(devnet: ApiNetwork, source: ChainSource, toHeight?: number): NetworkToRecord {
  const { scenario, parts } = devnet.network;
  return { config: scenario.config, seed: scenario.seed, genesis: parts.genesis, source, toHeight };
}

async function batchesOf(api: string): Promise<readonly Batch[]> {
  return (await getJson(api, '/batches')).batches as Batch[];
}

/**
 * Sends one after the other; a few are refused by the ledger, and stand in blocks all the same.
 * @returns The height of the last one, which moves value.
 */
async function work(devnet: ApiNetwork): Promise<number> {
  const lines = [
    'send borrow UM 1000 --account 0',
    'send borrow USDC 70 --account 1',
    'send transfer 1 UM 25 --account 0',
    'send transfer 0x00000000000000000000000000000000000000aa UM 5 --account 0',
    'send repay UM 300 --account 0',
    'send repay UM 999999 --account 1',
    'send transfer 0 UM 5 --account 0',
    'send deposit UM 40 --account 1',
    'send borrow UM 12 --account 1',
    'send withdraw UM 10 --account 1',
    'send repay UM 700 --account 0',
    'send borrow UM 33 --account 0',
  ];
  let height = 0;
  for (const line of lines) {
    const { out } = await devnet.cli(`${line} --wait final --json`);
    ({ height } = JSON.parse(out) as { height: number });
  }
  return height;
}

describe('a network of 4 real nodes, recorded', () => {
  it('gives the same batches in the simulation, read over HTTP or from the store of a stopped node', async () => {
    const devnet = new ApiNetwork();
    running = devnet;
    await devnet.start();
    const [api = ''] = devnet.urls;
    const worked = await work(devnet);
    let batches: readonly Batch[] = [];
    let asking: Promise<void> | undefined;
    await waitUntil(() => {
      asking ??= batchesOf(api).then((found) => {
        batches = found;
        asking = undefined;
      });
      const sealedTo = batches[0]?.to_height ?? 0;
      return sealedTo >= worked && batches.every(({ state }) => state === 'confirmed');
    }, 60_000);
    await asking;
    const toHeight = Math.max(...batches.map(({ to_height }) => to_height));

    const recording = await makeRecording(networkOf(devnet, sourceOfApi(api), toHeight), 'f.yaml');
    const parsed = parseScenario(recording.text, 'f.yaml');
    expect(parsed.ok).toBe(true);
    if (!parsed.ok) return;
    const result = runSimulation(parsed.value.scenario);
    expect(result.ok).toBe(true);
    const sealed = [...batches].reverse();
    expect(sealed.length).toBeGreaterThan(1);
    expect(result.batches.map(essenceOf)).toEqual(sealed.map(essenceOf));
    expect(recording).toMatchObject({
      blockCount: toHeight,
      batchCount: sealed.length,
      transactionCount: 11,
    });
    expect(recording.text).toMatch(/^# Made by `sidereal record` of the network sidereal/);
    expect(recording.text).toContain('# 1 transactions are left out');
    expect(recording.text).toMatch(
      / {2}- \{ at: \{ block: \d+ \}, account: account-0, borrow: \{ asset: UM, amount: "1000" \} \}/,
    );

    for (const index of [0, 1, 2, 3]) await devnet.stopApi(index);
    await devnet.network.stopAll();
    const { scenario, parts, dataDir } = devnet.network;
    const directory = join(dataDir, 'node-2', 'store');
    const store = await LevelStore.open({ directory, chainId: parts.genesis.chainId });
    const rows = await store.rows();
    await store.close();
    const stopped = sourceOfRows(rows, nodeOptionsOf(scenario.config, parts.genesis, 2));
    expect((await makeRecording(networkOf(devnet, stopped, toHeight), 'f.yaml')).text).toBe(recording.text);
  });
});
