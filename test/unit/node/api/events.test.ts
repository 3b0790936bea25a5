import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { EventLog } from '../../../../node/api/eventLog.ts';
import { ApiHarness, type ApiHarnessOptions } from '../../../helpers/apiHarness.ts';

interface Frame {
  readonly id?: string;
  readonly event?: string;
  readonly data?: Record<string, unknown>;
}

/** One reader of the stream, frame by frame. */
class Reader {
  readonly response: Response;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #abort: AbortController;
  #text = '';

  private constructor(response: Response, abort: AbortController) {
    if (response.body === null) throw new Error('no body');
    this.response = response;
    this.#abort = abort;
    this.#chunks = response.body[Symbol.asyncIterator]();
  }

  static async open(api: ApiHarness, lastEventId?: string): Promise<Reader> {
    const abort = new AbortController();
    const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
    return new Reader(await api.fetch('/events', { headers, signal: abort.signal }), abort);
  }

  async frame(): Promise<Frame | undefined> {
    while (!this.#text.includes('\n\n')) {
      const next = await this.#chunks.next();
      if (next.done === true) return undefined;
      this.#text += Buffer.from(next.value).toString();
    }
    const at = this.#text.indexOf('\n\n');
    const block = this.#text.slice(0, at);
    this.#text = this.#text.slice(at + 2);
    return parseFrame(block);
  }

  /** Frames that carry data, comments and the greeting left out. */
  async data(count: number): Promise<Frame[]> {
    const frames: Frame[] = [];
    while (frames.length < count) {
      const frame = await this.frame();
      if (frame === undefined) break;
      if (frame.data !== undefined) frames.push(frame);
    }
    return frames;
  }

  close(): void {
    this.#abort.abort();
  }
}

function parseFrame(block: string): Frame {
  const fields = Object.fromEntries(
    block
      .split('\n')
      .filter((line) => !line.startsWith(':'))
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
  );
  const { id, event, data } = fields as Record<string, string | undefined>;
  return {
    ...(id === undefined ? {} : { id }),
    ...(event === undefined ? {} : { event }),
    ...(data === undefined ? {} : { data: JSON.parse(data) as Record<string, unknown> }),
  };
}

describe('GET /events', () => {
  const running: ApiHarness[] = [];
  const start = async (options: ApiHarnessOptions = {}) => {
    const api = await ApiHarness.start(options);
    running.push(api);
    return api;
  };
  afterEach(async () => {
    for (const api of running.splice(0)) await api.stop();
  });

  it('answers at once, before anything happens, and tells what happens from then on', async () => {
    const api = await start();
    const reader = await Reader.open(api);
    expect(reader.response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(await reader.frame()).toEqual({ id: api.events.lastId });
    api.network.run(4_000);
    const [first, ...rest] = await reader.data(10);
    expect(first?.data).toMatchObject({ node: 'node-0', type: 'block_proposed', height: 1 });
    expect(rest.map(({ data }) => data?.type)).toContain('transaction_executed');
    reader.close();
  });

  it('goes on behind the last event a reader saw, without gap or repetition', async () => {
    const api = await start();
    const first = await Reader.open(api);
    api.network.run(8_000);
    const seen = await first.data(7);
    first.close();
    api.network.run(16_000);
    const second = await Reader.open(api, seen.at(-1)?.id);
    const last = Number(seen.at(-1)?.id?.split('-')[1]);
    const count = api.events.newestNumber - last;
    expect(count).toBeGreaterThan(10);
    const resumed = await second.data(count);
    expect(resumed.map(({ id }) => id)).toEqual(
      Array.from({ length: count }, (_, index) => `test-${last + 1 + index}`),
    );
    second.close();
  });

  it.each([
    ['an event that fell out of the ring', 'test-1'],
    ['an event of an earlier process', 'before-7'],
    ['an event that never was', 'test-999999'],
    ['nonsense', 'x'],
  ])('says so when it cannot go on behind %s, and gives what there is', async (_what, id) => {
    const api = await start({ eventsKept: 5 });
    api.network.run(10_000);
    const reader = await Reader.open(api, id);
    await reader.frame();
    const [lost, ...rest] = await reader.data(6);
    expect(lost).toMatchObject({ event: 'lost', data: { code: 'EVENTS_LOST', after: id } });
    expect(rest.at(-1)?.id).toBe(api.events.lastId);
    reader.close();
  });

  it('replays more than fits into a socket at the reader’s own pace', async () => {
    const api = await start();
    const message = 'x'.repeat(10_000);
    for (let t = 1; t <= 2_000; t += 1) api.events.append({ t, node: null, type: 'warning', message });
    const { newestNumber } = api.events;
    const reader = await Reader.open(api, 'test-0');
    const frames = await reader.data(newestNumber);
    expect(frames.at(-1)?.id).toBe(api.events.lastId);
    reader.close();
  });

  it('takes the last id from the query where a client cannot set the header', async () => {
    const api = await start();
    api.network.run(6_000);
    const response = await api.fetch('/events?last_event_id=test-3');
    const [chunk] = [await response.body?.getReader().read()];
    expect(Buffer.from(chunk?.value ?? []).toString()).toContain('id: test-4');
  });

  it('refuses readers above the limit, and serves again when one has left', async () => {
    const api = await start({ limits: { readersMax: 1 } });
    const first = await Reader.open(api);
    const refused = await api.fetch('/events');
    expect(refused.status).toBe(503);
    expect(await refused.json()).toMatchObject({ error: { code: 'EVENT_READERS_MAX', retryable: true } });
    first.close();
    let status = 503;
    while (status === 503) {
      const again = await api.fetch('/events');
      status = again.status;
      await again.body?.cancel();
    }
    expect(status).toBe(200);
  });

  it('drops a reader that does not keep up, and no other', async () => {
    const api = await start({ eventsKept: 50 });
    const good = await Reader.open(api);
    const { hostname, port } = new URL(api.url);
    const slow = connect(Number(port), hostname);
    const closed = new Promise<void>((resolve) => slow.on('close', () => resolve()));
    slow.on('error', () => undefined);
    slow.write('GET /events HTTP/1.1\r\nhost: x\r\n\r\n');
    await new Promise<void>((resolve) => slow.once('data', () => resolve()));
    slow.pause();
    const counted = async () =>
      (await (await api.fetch('/metrics')).text()).match(/readers_dropped_total (\d+)/)?.[1];
    const message = 'x'.repeat(20_000);
    let told = 0;
    while ((await counted()) !== '1') {
      for (let count = 0; count < 20; count += 1) {
        api.events.append({ t: told, node: null, type: 'warning', message });
        told += 1;
      }
      // The good one reads all of it in between.
      await good.data(20);
    }
    slow.resume();
    await closed;
    api.events.append({ t: told, node: null, type: 'warning', message: 'after' });
    expect((await good.data(1))[0]?.data).toMatchObject({ message: 'after' });
    good.close();
  });

  it('shows a sign of life while nothing happens', async () => {
    const api = await start({ limits: { heartbeatMs: 10 } });
    const reader = await Reader.open(api);
    expect(await reader.frame()).toHaveProperty('id');
    for (let count = 0; count < 3; count += 1) expect(await reader.frame()).toEqual({});
    reader.close();
  });

  it('ends the streams when the server stops', async () => {
    const api = await ApiHarness.start();
    const reader = await Reader.open(api);
    await reader.frame();
    await api.stop();
    expect(await reader.frame()).toBeUndefined();
  });
});

describe('EventLog', () => {
  const names = { nameOf: (index: number) => `node-${index}`, labelOf: () => undefined };
  const line = (t: number) => ({ t, node: null, type: 'warning' });

  it('keeps the newest in order whatever their number', () => {
    const log = new EventLog({ self: 0, names, epoch: 'e', kept: 3 });
    for (let count = 1; count <= 8; count += 1) {
      log.append(line(count));
      const kept = Array.from({ length: count + 2 }, (_, number) => log.at(number)?.id);
      expect(kept).toEqual(
        kept.map((_, number) =>
          number > count - 3 && number > 0 && number <= count ? `e-${number}` : undefined,
        ),
      );
    }
    expect(log.resume('e-5')).toEqual({ isWhole: true, from: 6 });
    expect(log.resume('e-4')).toEqual({ isWhole: false, from: 6 });
    expect(log.resume('other-7')).toEqual({ isWhole: false, from: 6 });
    expect(log.resume(log.lastId)).toEqual({ isWhole: true, from: 9 });
    expect(log.tally.get('warning')).toBe(8);
  });
});
