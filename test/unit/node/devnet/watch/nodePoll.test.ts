import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type NetworkAnswer, NodePoll } from '../../../../../node/devnet/watch/nodePoll.ts';
import { ApiHarness } from '../../../../helpers/apiHarness.ts';
import { waitUntil } from '../../../../helpers/waitUntil.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

/** Takes questions and never answers, as a process that is paused. */
async function startSilent(): Promise<string> {
  const server: Server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  open.unshift({
    stop: async () => {
      server.closeAllConnections();
      server.close();
    },
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

describe('NodePoll', () => {
  it('tells how every node is, and is held up by none', async () => {
    const [good, gone] = [await ApiHarness.start(), await ApiHarness.start()];
    open.unshift(good);
    await gone.stop();
    good.network.run(30_000);
    const statuses = new Map<string, (string | undefined)[]>();
    const answers: NetworkAnswer[] = [];
    const poll = new NodePoll(
      {
        nodes: [
          { name: 'gone', api: gone.url },
          { name: 'silent', api: await startSilent() },
          { name: 'good', api: good.url },
        ],
        intervalMs: 5,
      },
      {
        onStatus: (name, status) => statuses.set(name, [...(statuses.get(name) ?? []), status?.name]),
        onNetwork: (answer) => answers.push(answer),
      },
    );
    open.unshift(poll);
    poll.start();
    await waitUntil(() => (statuses.get('good')?.length ?? 0) > 3 && answers.length > 1);
    await waitUntil(() => statuses.has('silent'));
    expect(new Set(statuses.get('good'))).toEqual(new Set(['node-0']));
    expect(new Set(statuses.get('gone'))).toEqual(new Set([undefined]));
    expect(new Set(statuses.get('silent'))).toEqual(new Set([undefined]));
    const [answer] = answers;
    expect(answer?.settlement.window.batch_size).toBe(2);
    expect(answer?.validators.validators).toHaveLength(4);
    expect(answer?.batches.batches[0]?.state).toBe('confirmed');
  });

  it('ends while a question is under way, and tells nothing after that', async () => {
    const api = await startSilent();
    let told = 0;
    const count = (): void => {
      told += 1;
    };
    const poll = new NodePoll({ nodes: [{ name: 'silent', api }] }, { onStatus: count, onNetwork: count });
    poll.start();
    await poll.stop();
    expect(told).toBe(0);
  });
});
