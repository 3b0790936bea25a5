import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { getJson } from '../../node/devnet/apiClient.ts';
import { createNetworkFolder, readNetworkFolder } from '../../node/devnet/networkFolder.ts';
import { findFreePorts } from '../../node/devnet/ports.ts';
import { scenarioOf } from '../helpers/coreNetwork.ts';
import { ProcessNetwork } from '../helpers/processNetwork.ts';
import { fastScenario } from '../helpers/runtimeNetwork.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

let dataDir = '';
let networks: ProcessNetwork[] = [];

beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'sidereal-local-'));
});

afterEach(async () => {
  for (const network of networks) await network.close();
  networks = [];
  rmSync(dataDir, { recursive: true, force: true });
});

async function open(options: { readonly restarts?: boolean } = {}): Promise<ProcessNetwork> {
  const network = await ProcessNetwork.open(dataDir, fastScenario, options);
  networks.push(network);
  return network;
}

async function refusalOf(action: Promise<unknown>): Promise<CodedError> {
  const error = await action.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof CodedError)) throw new Error(`no refusal: ${String(error)}`);
  return error;
}

describe('LocalNetwork: a settlement chain and 4 nodes as processes', () => {
  it('makes blocks, settles, stops without a trace, and goes on where it stopped', async () => {
    const first = await open();
    await first.start();
    await waitUntil(() => first.heightOf(0) >= 12, 60_000);
    const { nodes, chain_id } = first.network.description;
    expect(await getJson(nodes[0]?.api ?? '', '/status')).toMatchObject({
      name: 'node-0',
      chain_id,
    });
    const pids = first.pids;
    expect(pids).toHaveLength(5);
    await first.close();
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
    const reached = first.heightOf(0);
    expect(first.disagreements).toEqual([]);

    const second = await open();
    await second.start();
    await waitUntil(() => second.heightOf(3) > reached + 3, 60_000);
    expect(Math.min(...second.heightsOf(3))).toBeGreaterThan(reached - 3);
  });

  it('has every node back at the head after it was killed, whichever it was', async () => {
    const network = await open();
    await network.start();
    for (const [index, name] of ['node-0', 'node-1', 'node-2', 'node-3'].entries()) {
      await waitUntil(() => network.heightOf(index) > 2, 60_000);
      await network.network.kill(name);
      expect(network.network.stateOf(name)).toBe('exited');
      await network.network.startProcess(name);
      const head = network.highest;
      await waitUntil(() => network.heightOf(index) > head + 3, 60_000);
    }
    expect(network.disagreements).toEqual([]);
  });

  it('starts a process that died again by itself, the settlement chain too', async () => {
    const network = await open({ restarts: true });
    await network.start();
    await network.network.kill('node-2');
    await network.network.kill('settlement');
    await waitUntil(() => network.told.includes('restarted node-2'), 60_000);
    await waitUntil(() => network.told.includes('restarted settlement'), 60_000);
    expect(network.told.slice(0, 2)).toEqual([
      'crashed node-2 SIGKILL 1000',
      'crashed settlement SIGKILL 1000',
    ]);
    const head = network.highest;
    await waitUntil(() => network.heightOf(2) > head + 3, 60_000);
  });

  it('lets a paused node stand still and catch up', async () => {
    const network = await open();
    await network.start();
    await waitUntil(() => network.heightOf(1) > 2, 60_000);
    network.network.pause('node-1');
    const stood = network.heightOf(1);
    await waitUntil(() => network.heightOf(0) > stood + 6, 60_000);
    expect(network.heightOf(1)).toBeLessThanOrEqual(stood + 1);
    network.network.resume('node-1');
    const head = network.highest;
    await waitUntil(() => network.heightOf(1) > head, 60_000);
  });

  it('refuses a directory in use, a taken port and a foreign directory, and changes nothing', async () => {
    const network = await open();
    await network.start();
    const again = await ProcessNetwork.open(dataDir, fastScenario);
    expect((await refusalOf(again.start())).code).toBe('DEVNET_RUNNING');
    expect(network.network.stateOf('node-0')).toBe('running');
    await network.close();

    const ports = await findFreePorts('127.0.0.1', 4);
    const squatter = createServer().listen(ports.p2p[2], '127.0.0.1');
    const blocked = await ProcessNetwork.open(dataDir, fastScenario, { ports });
    const refusal = await refusalOf(blocked.start());
    expect(refusal).toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringContaining(String(ports.p2p[2])),
    });
    expect(blocked.pids).toEqual([]);
    squatter.close();

    const scenario = scenarioOf(fastScenario);
    expect((await refusalOf(createNetworkFolder(dataDir, scenario, 0))).code).toBe('DEVNET_DIR_TAKEN');
    expect(readNetworkFolder(join(dataDir, 'nothing'))).toBeUndefined();
    expect((await refusalOf(createNetworkFolder('/proc/sidereal', scenario, 0))).code).toBe(
      'DEVNET_DIR_UNUSABLE',
    );
  });

  it('says what a process says that cannot start', async () => {
    const network = await open();
    await network.start();
    await network.close();
    rmSync(join(dataDir, 'node-1', 'validator.key'));
    const broken = await ProcessNetwork.open(dataDir, fastScenario);
    const refusal = await refusalOf(broken.start());
    expect(refusal).toMatchObject({
      code: 'KEY_FILE_INVALID',
      message: expect.stringContaining('no such file'),
    });
    expect(broken.pids).toEqual([]);
  });
});
