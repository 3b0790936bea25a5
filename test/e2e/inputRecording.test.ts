import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { getJson } from '../../node/devnet/apiClient.ts';
import { removeDescription, writeDescription } from '../../node/devnet/description.ts';
import { FileSource } from '../../node/replay/frames.ts';
import { INPUT_FOLDER, listLives } from '../../node/replay/inputFolder.ts';
import { readNodeLog } from '../../node/replay/nodeLog.ts';
import { replayLife } from '../../node/replay/replay.ts';
import { createGenesis } from '../../node/scenario/genesis.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import { TransactionFeed } from '../../node/scenario/timeline.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import { scenarioOf } from '../helpers/coreNetwork.ts';
import { ProcessNetwork } from '../helpers/processNetwork.ts';
import { type CommandOutcome, runCommand } from '../helpers/runCommand.ts';
import { fastScenario } from '../helpers/runtimeNetwork.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const LAST_BLOCK = 70;
const SCENARIO = `${fastScenario}
timeline:
  - { at: { block: 40 }, account: alice, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 43 }, account: alice, transfer: { to: bob, asset: UM, amount: 40 } }
  - { at: { block: 51 }, account: bob, borrow: { asset: UM, amount: 5 } }
  - { at: { block: 52 }, account: alice, repay: { asset: UM, amount: 300 } }
  - { at: { block: 52 }, account: bob, repay: { asset: UM, amount: 5 } }
  - { at: { block: ${LAST_BLOCK} }, account: alice, borrow: { asset: UM, amount: 1 } }
`;

let dataDir = '';
let network: ProcessNetwork;

beforeEach(async () => {
  dataDir = mkdtempSync(join(tmpdir(), 'sidereal-recording-'));
  network = await ProcessNetwork.open(join(dataDir, 'net'), SCENARIO, { recordInputs: true });
});

afterEach(async () => {
  await network.close();
  rmSync(dataDir, { recursive: true, force: true });
});

const cli = (...args: readonly string[]): Promise<CommandOutcome> =>
  runCommand(args, { clock: () => performance.now() });

/** Everything a timeline holds, to these nodes, long before its blocks. */
async function submitTimeline(nodes: readonly number[]): Promise<void> {
  const scenario = scenarioOf(SCENARIO);
  const feed = new TransactionFeed(scenario, createGenesis(scenario), createCrypto('full'));
  for (let height = 1; height <= LAST_BLOCK; height += 1) {
    for (const bytes of feed.forBlock(height)) {
      const judgements = await Promise.all(nodes.map((node) => network.network.submit(node, bytes)));
      for (const judgement of judgements) expect(judgement?.verdict).toBe('accept');
    }
  }
}

/** State roots by height of all lives of a node, replayed. */
function replayedRoots(name: string): {
  readonly roots: Map<number, string>;
  readonly ends: readonly string[];
} {
  const roots = new Map<number, string>();
  const ends: string[] = [];
  for (const { path } of listLives(join(dataDir, 'net', name, INPUT_FOLDER))) {
    const source = new FileSource(path);
    const log = readNodeLog(source);
    if (log === undefined) throw new Error(`${path} has no head`);
    for (const step of replayLife(log)) {
      expect(step.isAsRecorded, `input ${step.number} of ${path}`).toBe(true);
      for (const { height, stateRoot } of step.roots) roots.set(height, stateRoot);
    }
    source.close();
    ends.push(log.end);
  }
  return { roots, ends };
}

describe('4 node processes that record their inputs', () => {
  it('replay offline to their own roots at every height, one of them killed twice; recorded, they give the same batches', async () => {
    await network.start();
    await submitTimeline([0, 1, 2, 3]);
    for (let kills = 0; kills < 2; kills += 1) {
      const reached = network.heightOf(1);
      await waitUntil(() => network.heightOf(1) > reached + 3, 60_000);
      await network.network.kill('node-1');
      await network.network.startProcess('node-1');
      // What is not gossiped dies with the process, and it may lead one of those blocks.
      await submitTimeline([1]);
    }
    const [{ api = '' } = {}] = network.network.description.nodes;
    let confirmed = 0;
    let asking: Promise<void> | undefined;
    await waitUntil(() => {
      // A node that is too busy to answer is asked again.
      asking ??= getJson(api, '/batches')
        .then(({ batches }) => {
          confirmed = (batches as { state: string }[]).filter(({ state }) => state === 'confirmed').length;
        })
        .catch(() => undefined)
        .finally(() => {
          asking = undefined;
        });
      return confirmed >= 3 && [0, 1, 2, 3].every((node) => network.heightOf(node) > LAST_BLOCK + 10);
    }, 120_000);
    await asking;

    const net = join(dataDir, 'net');
    const live = join(dataDir, 'live.yaml');
    writeDescription(net, network.network.description);
    const recorded = await cli('record', '--devnet', net, '--out', live, '--json');
    expect(recorded).toMatchObject({ code: 0, err: '' });
    expect(JSON.parse(recorded.out)).toMatchObject({ ok: true, batches: 3, transactions: 6 });
    const parsed = parseScenario(readFileSync(live, 'utf8'), live);
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
    const { batches } = await getJson(api, '/batches');
    const nets = (batches as { from_height: number; to_height: number; net: object }[])
      .map(({ from_height, to_height, net: amounts }) => ({ from_height, to_height, net: amounts }))
      .reverse();
    expect(
      runSimulation(parsed.value.scenario).batches.map(({ from_height, to_height, net: amounts }) => ({
        from_height,
        to_height,
        net: amounts,
      })),
    ).toEqual(nets);

    await network.close();
    for (const [node, name] of ['node-0', 'node-1', 'node-2', 'node-3'].entries()) {
      const { roots, ends } = replayedRoots(name);
      // A killed process may have reported less than it wrote down, never more.
      for (const [height, stateRoot] of network.rootsOf(node)) expect(roots.get(height)).toBe(stateRoot);
      const highest = Math.max(...roots.keys());
      expect([...roots.keys()].sort((a, b) => a - b)).toEqual(
        Array.from({ length: highest }, (_, at) => at + 1),
      );
      expect(ends).toEqual(node === 1 ? ['torn', 'torn', 'stopped'] : ['stopped']);
      const inspected = await cli('inspect', net, '--node', name, '--summary', '--json');
      expect(inspected.code).toBe(0);
      const last: unknown = JSON.parse(inspected.out.trimEnd().split('\n').at(-1) ?? '');
      expect(last).toMatchObject({
        type: 'replay_finished',
        ok: true,
        lives: ends.length,
        heights: highest,
        height: highest,
        state_root: roots.get(highest),
        unrecorded: [],
      });
    }

    // The same from the stores, with nobody running.
    removeDescription(net);
    const again = await cli(
      'record',
      '--devnet',
      net,
      '--out',
      join(dataDir, 'again.yaml'),
      '--to-height',
      '80',
    );
    expect(again).toMatchObject({ code: 0, err: '' });
    expect(again.out).toMatch(
      /80 blocks, 6 transactions, 3 batches, read from .*store; the simulation gives the same batches/,
    );
  }, 240_000);

  it('are refused a recording where none of them ever ran, and start as new ones afterwards', async () => {
    const net = join(dataDir, 'net');
    const refused = await cli('record', '--devnet', net, '--out', join(dataDir, 'none.yaml'));
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('[RECORD_NO_BLOCKS]') });
    expect((await cli('record', '--devnet', dataDir, '--out', join(dataDir, 'none.yaml'))).err).toContain(
      '[DEVNET_NOT_RUNNING]',
    );
    await network.start();
    await waitUntil(() => network.heightOf(0) > 2, 60_000);
  });
});
