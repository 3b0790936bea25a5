import { afterEach, describe, expect, it } from 'vitest';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import type { EventLine } from '../../node/core/eventFields.ts';
import { NetworkWatch } from '../../node/devnet/watch/networkWatch.ts';
import { DemoWorkload } from '../../node/devnet/workload/demoWorkload.ts';
import { ReplayWorkload } from '../../node/devnet/workload/replayWorkload.ts';
import { TransactionFeed } from '../../node/scenario/timeline.ts';
import { ApiNetwork, fundedAssets } from '../helpers/apiNetwork.ts';
import { scenarioOf } from '../helpers/coreNetwork.ts';
import { fastScenario } from '../helpers/runtimeNetwork.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

interface Workload {
  readonly acceptedCount: number;
  noteHeight(height: number): void;
  stop(): Promise<void>;
}

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.close();
});

/** Watches a network and drives it, as the devnet does. */
function drive(devnet: ApiNetwork, workload: Workload) {
  const lines: EventLine[] = [];
  const watch = new NetworkWatch({
    nodes: devnet.nodes,
    now: () => devnet.network.clock.now(),
    onLine: (line) => {
      lines.push(line);
      if (line.type === 'block_finalized') workload.noteHeight(Number(line.height));
    },
  });
  open.unshift({
    close: async () => {
      await workload.stop();
      await watch.stop();
    },
  });
  watch.start();
  workload.noteHeight(0);
  return { watch, of: (type: string) => lines.filter((line) => line.type === type) };
}

async function startNetwork(text?: string): Promise<ApiNetwork> {
  const devnet = new ApiNetwork(text);
  open.unshift(devnet);
  await devnet.start();
  return devnet;
}

function demoOf(devnet: ApiNetwork): DemoWorkload {
  return new DemoWorkload({
    seed: 7,
    nodes: devnet.nodes,
    assets: fundedAssets,
    accounts: devnet.accounts,
  });
}

describe('the demo workload on 4 real nodes', () => {
  it('makes nets of both signs that are settled, over the stop and the return of a node', async () => {
    const devnet = await startNetwork();
    const { watch, of } = drive(devnet, demoOf(devnet));
    await waitUntil(() => of('batch_confirmed').length > 0, 60_000);
    await devnet.stopApi(0);
    await devnet.network.stopNode(0);
    const before = of('batch_sealed').length;
    await waitUntil(() => of('batch_sealed').length >= before + 2, 60_000);
    await devnet.network.startNode(0);
    await devnet.startApi(0);
    const directions = () =>
      new Set(
        of('batch_confirmed').flatMap(({ batch }) =>
          of('batch_sealed')
            .filter((sealed) => sealed.batch === batch)
            .flatMap(({ net }) =>
              Object.values(net as Record<string, string>).map((amount) => Math.sign(Number(amount))),
            ),
        ),
      );
    await waitUntil(() => directions().size === 2, 60_000);
    await waitUntil(() => watch.picture().nodes.every(({ status }) => status?.peers === 3), 60_000);
    const executed = of('transaction_executed');
    expect(executed.filter(({ result }) => result !== 'ok')).toEqual([]);
    expect(new Set(executed.map(({ id }) => id)).size).toBe(executed.length);
    expect(of('input_confirmed').length).toBeGreaterThan(5);
    expect(of('input_failed')).toEqual([]);
    const sealed = of('batch_sealed').map(({ batch }) => batch);
    expect(sealed).toEqual(sealed.map((_, index) => index + 1));
    const picture = watch.picture();
    expect(picture.agreement).toBe('yes');
    expect(picture.counts.transactions).toBeGreaterThan(10);
    expect(devnet.network.failures).toEqual([]);
  });

  it('goes on where the chain stands when whoever sends is started again', async () => {
    const devnet = await startNetwork();
    const first = demoOf(devnet);
    const { of } = drive(devnet, first);
    await waitUntil(() => of('transaction_executed').length > 6);
    await first.stop();
    const accepted = first.acceptedCount;
    const second = demoOf(devnet);
    const again = drive(devnet, second);
    await waitUntil(() => second.acceptedCount > 6);
    await waitUntil(() => again.of('transaction_executed').length > accepted + 6);
    expect(first.acceptedCount).toBe(accepted);
    expect(again.of('transaction_executed').filter(({ result }) => result !== 'ok')).toEqual([]);
  });
});

describe('a generator on 4 real nodes', () => {
  const text = `${fastScenario}workload: { uniform: { transactions_per_block: 4 } }\n`;

  function replayOf(devnet: ApiNetwork, refused: string[]): ReplayWorkload {
    const { parts } = devnet.network;
    const options = {
      chainId: parts.genesis.chainId,
      nodes: devnet.nodes,
      onRefused: (code: string) => refused.push(code),
    };
    const crypto = createCrypto('full');
    return new ReplayWorkload(options, new TransactionFeed(scenarioOf(text), parts, crypto), crypto);
  }

  it('is sent whole and once, over a restart of the sender and of a node', async () => {
    const devnet = await startNetwork(text);
    const refused: string[] = [];
    const first = replayOf(devnet, refused);
    const { of } = drive(devnet, first);
    await waitUntil(() => of('transaction_executed').length >= 20, 60_000);
    await first.stop();
    await devnet.stopApi(1);
    await devnet.network.stopNode(1);
    const second = replayOf(devnet, refused);
    const again = drive(devnet, second);
    await waitUntil(() => again.of('transaction_executed').length >= 60, 60_000);
    await devnet.network.startNode(1);
    await devnet.startApi(1);
    // Nonces make a sender's transactions an unbroken row: as many as planned are those that were planned.
    const planned = new TransactionFeed(scenarioOf(text), devnet.network.parts, createCrypto('full'));
    const left = new Map<string, number>();
    for (let block = 1; block <= 25; block += 1) {
      for (const { sender } of planned.prepareBlock(block)) {
        left.set(sender.address, (left.get(sender.address) ?? 0) + 1);
      }
    }
    expect(left.size).toBeGreaterThan(4);
    const executedBy = (address: string) =>
      again.of('transaction_executed').filter(({ from }) => from === address).length;
    await waitUntil(() => [...left].every(([address, count]) => executedBy(address) >= count), 60_000);
    const executed = again.of('transaction_executed');
    expect(executed.filter(({ result }) => result !== 'ok')).toEqual([]);
    expect(refused).toEqual([]);
    expect(new Set(executed.map(({ id }) => id)).size).toBe(executed.length);
  });
});
