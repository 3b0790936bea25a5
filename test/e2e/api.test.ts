import { afterEach, describe, expect, it } from 'vitest';
import { getJson } from '../../node/devnet/apiClient.ts';
import { ApiNetwork } from '../helpers/apiNetwork.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

let running: ApiNetwork | undefined;
afterEach(async () => {
  await running?.close();
  running = undefined;
});

async function start(): Promise<ApiNetwork> {
  running = new ApiNetwork();
  await running.start();
  return running;
}

describe('4 nodes of the real runtime behind their HTTP APIs', () => {
  it('take a transaction from the command line to its end and its batch to settlement', async () => {
    const devnet = await start();
    const [api = '', other = ''] = devnet.urls;
    const stream = await fetch(`${api}/events`);
    const sent = await devnet.cli('send borrow UM 1000 --account 0 --wait final --json');
    expect(sent).toMatchObject({ code: 0, err: '' });
    const { id } = JSON.parse(sent.out) as { id: string };
    let batches: readonly unknown[] = [];
    let ended: Promise<void> | undefined;
    await waitUntil(() => {
      ended ??= getJson(other, '/batches').then((page) => {
        batches = page.batches as unknown[];
        ended = undefined;
      });
      return batches.some((batch) => (batch as { state: string }).state === 'confirmed');
    }, 60_000);
    await ended;
    expect(batches).toContainEqual(expect.objectContaining({ net: { UM: '1000' }, state: 'confirmed' }));
    let told = '';
    for await (const chunk of stream.body ?? []) {
      told += Buffer.from(chunk as Uint8Array).toString();
      if (told.includes('"batch_confirmed"')) break;
    }
    expect(told).toContain(`"type":"transaction_executed","height"`);
    expect(told).toContain(id);
    expect(told).toContain('"settlement_block"');
    const status = await devnet.cli('status --json');
    expect(JSON.parse(status.out)).toMatchObject({ nodes: [{ status: { peers: 3 } }, {}, {}, {}] });
    expect((await devnet.cli('logs node-0 --lines 1000')).out).toContain('batch confirmed');
    const metrics = await (await fetch(`${api}/metrics`)).text();
    expect(metrics).toMatch(/sidereal_gossip_accepted_total\{label="[a-z]+"\} [1-9]/);
    expect((await getJson(api, '/health/ready')).status).toBe('ok');
    expect(devnet.network.failures).toEqual([]);
  });

  it('keep what they acknowledged when the node that took it stops at once', async () => {
    const devnet = await start();
    const sent = await devnet.cli('send deposit UM 7 --account 1 --node node-0 --json');
    expect(sent.code).toBe(0);
    const { id } = JSON.parse(sent.out) as { id: string };
    await devnet.stopApi(0);
    await devnet.network.stopNode(0);
    await devnet.network.startNode(0);
    await devnet.startApi(0);
    let status: unknown;
    let asking: Promise<void> | undefined;
    await waitUntil(() => {
      asking ??= getJson(devnet.urls[0] ?? '', `/transactions/${id}`).then((standing) => {
        ({ status } = standing);
        asking = undefined;
      });
      return status === 'final';
    }, 60_000);
    await asking;
    expect(devnet.network.disagreements).toEqual([]);
    expect(devnet.network.failures).toEqual([]);
  });
});
