import { afterEach, describe, expect, it } from 'vitest';
import type { EventLine } from '../../../../../node/core/eventFields.ts';
import { EventFeed } from '../../../../../node/devnet/watch/eventFeed.ts';
import { ApiHarness } from '../../../../helpers/apiHarness.ts';
import { lineOf } from '../../../../helpers/networkAnswers.ts';
import { waitUntil } from '../../../../helpers/waitUntil.ts';

const open: { stop(): Promise<void> }[] = [];
afterEach(async () => {
  for (const one of open.splice(0)) await one.stop();
});

async function startServer(options: Parameters<typeof ApiHarness.start>[0]): Promise<ApiHarness> {
  const harness = await ApiHarness.start(options);
  open.unshift(harness);
  return harness;
}

function follow(api: string) {
  const lines: EventLine[] = [];
  const lost: string[] = [];
  const feed = new EventFeed(
    { name: 'node-0', api, retryMs: 10 },
    { onLine: (line) => lines.push(line), onLost: (node) => lost.push(node) },
  );
  open.unshift(feed);
  feed.start();
  return {
    feed,
    lost,
    numbers: () => lines.filter(({ type }) => type === 'note').map(({ number }) => number),
  };
}

const note = (number: number) => lineOf('note', { number });

describe('EventFeed', () => {
  it('begins with the oldest event there is, goes on with what comes, and ends at once', async () => {
    const api = await startServer({});
    api.events.append(note(1));
    const { feed, numbers, lost } = follow(api.url);
    await waitUntil(() => numbers().length === 1);
    api.events.append(note(2));
    await waitUntil(() => numbers().length === 2);
    await feed.stop();
    api.events.append(note(3));
    expect(numbers()).toEqual([1, 2]);
    expect(lost).toEqual([]);
  });

  it('waits for a node that is down, and goes on after its restart with all that the new process tells', async () => {
    const first = await startServer({ epoch: 'first' });
    const port = Number(new URL(first.url).port);
    const { numbers, lost } = follow(first.url);
    first.events.append(note(1));
    await waitUntil(() => numbers().length === 1);
    await first.stop();
    const second = await startServer({ epoch: 'second', port });
    second.events.append(note(2));
    second.events.append(note(3));
    await waitUntil(() => numbers().length === 3);
    expect(numbers()).toEqual([1, 2, 3]);
    expect(lost).toEqual([]);
  });

  it('sees no event twice when only the connection broke, and says when a running node forgot some', async () => {
    const kept = 4;
    const first = await startServer({ eventsKept: kept });
    const port = Number(new URL(first.url).port);
    const { numbers, lost } = follow(first.url);
    first.events.append(note(1));
    await waitUntil(() => numbers().length === 1);
    const seen = first.events.newestNumber;
    await first.stop();
    // The same numbering, as far as a reader can tell, many events later.
    const again = await startServer({ eventsKept: kept, port });
    while (again.events.newestNumber < seen + 2 * kept) again.events.append(note(again.events.newestNumber));
    await waitUntil(() => numbers().length > kept);
    const newest = again.events.newestNumber - 1;
    expect(numbers().slice(1)).toEqual([3, 2, 1, 0].map((back) => newest - back));
    expect(lost).toEqual(['node-0']);
  });

  it('ends while nobody answers', async () => {
    const gone = await ApiHarness.start({});
    await gone.stop();
    const { feed, numbers } = follow(gone.url);
    await feed.stop();
    expect(numbers()).toEqual([]);
  });
});
