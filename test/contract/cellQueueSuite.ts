/** What every job queue must do, over the real server: `redisQueue` and `postgresQueue` run it. */
import { randomBytes } from 'node:crypto';
import { Queue } from 'bullmq';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { openBullQueue } from '../../node/experiment/queue/bullQueue.ts';
import {
  type CellJob,
  type CellQueue,
  type CellWork,
  type QueueTimings,
  queueTimings,
} from '../../node/experiment/queue/cellQueue.ts';
import { parseQueueAddress } from '../../node/experiment/queue/queueAddress.ts';
import { QueueNamespace, type ServerName } from '../helpers/queueServers.ts';
import { TcpProxy } from '../helpers/tcpProxy.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

/** Quick, so that what has to be waited for takes seconds. */
export const quickTimings: QueueTimings = { ...queueTimings, lostMs: 5000, retryMs: 50, lookMs: 100 };

export class QueueHarness {
  readonly namespace: QueueNamespace;
  readonly #closers: (() => unknown)[] = [];

  constructor(server: ServerName) {
    this.namespace = new QueueNamespace(server);
  }

  /** A name for a build that no other test uses: PostgreSQL counts the workers of all namespaces together. */
  newBuild(): string {
    return randomBytes(6).toString('hex');
  }

  async open(build: string, options: { port?: number; timings?: QueueTimings } = {}): Promise<CellQueue> {
    const address = parseQueueAddress(this.namespace.url(options.port));
    const queue = await openBullQueue({ address, build, timings: options.timings ?? quickTimings });
    this.#closers.push(() => queue.close());
    return queue;
  }

  async proxy(): Promise<TcpProxy> {
    const proxy = await TcpProxy.open(new URL(this.namespace.url()));
    this.#closers.push(() => proxy.close());
    return proxy;
  }

  /** Takes jobs until the test is over, or the function that comes back is called. */
  async take(
    queue: CellQueue,
    work: (job: CellJob, signal: AbortSignal) => Promise<CellWork>,
    options: { concurrency?: number; lockMs?: number } = {},
  ): Promise<() => Promise<void>> {
    const stop = await queue.cells.take({ concurrency: 1, lockMs: 2000, ...options, work });
    this.#closers.push(stop);
    return stop;
  }

  async close(): Promise<void> {
    for (const close of this.#closers.splice(0).reverse()) await close();
  }
}

const jobs = (...indexes: readonly number[]) =>
  indexes.map((index) => ({ id: `e-${index}`, job: { experiment: 'e', index } }));
const done = (text: string): Promise<CellWork> => Promise.resolve({ type: 'done', text });
/** Works until it is told to give back. */
const never = (_job: CellJob, signal: AbortSignal): Promise<CellWork> =>
  new Promise((resolve) => signal.addEventListener('abort', () => resolve({ type: 'abandoned' })));

export function testCellQueue(server: ServerName): void {
  const harness = new QueueHarness(server);
  beforeAll(() => harness.namespace.clear());
  afterEach(() => harness.close());
  afterAll(() => harness.namespace.clear());

  describe(`a queue on ${server}`, { timeout: 60_000 }, () => {
    it('keeps texts under names, each as it was put first', async () => {
      const { experiments } = await harness.open(harness.newBuild());
      const text = '{"b":1,"a":"ü \\u0000","c":1e21}';
      await experiments.put('one', text);
      await experiments.put('one', 'other');
      await experiments.put('two', 'x'.repeat(1_500_000));
      expect(await experiments.get('one')).toBe(text);
      expect((await experiments.get('two'))?.length).toBe(1_500_000);
      expect(await experiments.has('one')).toBe(true);
      expect([...(await experiments.list(10))].map((each) => each.length).sort()).toEqual(
        [1_500_000, text.length].sort(),
      );
      expect(await experiments.list(1)).toHaveLength(1);
      for (const id of ['one', 'two', 'three']) await experiments.remove(id);
      expect(await experiments.get('one')).toBeUndefined();
      expect(await experiments.has('one')).toBe(false);
      expect(await harness.namespace.dump()).toBe('');
    });

    it('gives each job to one worker, and its text to whoever listens or looks, as it was', async () => {
      const build = harness.newBuild();
      const [sweep, one, other] = [
        await harness.open(build),
        await harness.open(build),
        await harness.open(build),
      ];
      const heard = new Map<string, unknown>();
      const stop = await sweep.cells.listen((id, end) => heard.set(id, end));
      const taken: number[] = [];
      const work = ({ experiment, index }: CellJob): Promise<CellWork> => {
        taken.push(index);
        return done(`{"z":"${experiment}","a":${index},"f":0.1}`);
      };
      await harness.take(one, work, { concurrency: 2 });
      await harness.take(other, work);
      await waitUntil(async () => (await sweep.cells.countWorkers()) === 2);
      await sweep.cells.add(jobs(0, 1, 2, 3, 4));
      await sweep.cells.add(jobs(4, 3));
      await waitUntil(() => heard.size > 0);
      for (const { id } of jobs(0, 1, 2, 3, 4))
        await waitUntil(async () => (await sweep.cells.look(id)) !== 'open');
      await stop();
      expect(taken.sort()).toEqual([0, 1, 2, 3, 4]);
      expect(await sweep.cells.look('e-3')).toEqual({ type: 'done', text: '{"z":"e","a":3,"f":0.1}' });
      for (const [id, end] of heard) expect(await sweep.cells.look(id)).toEqual(end);
      expect(await sweep.cells.look('e-9')).toBe('missing');
      for (const { id } of jobs(0, 1, 2, 3, 4)) await sweep.cells.remove(id);
      expect(await harness.namespace.dump()).toBe('');
    });

    it('gives a job that came back to the next worker', async () => {
      const build = harness.newBuild();
      const queue = await harness.open(build);
      let isTaken = false;
      const stop = await harness.take(await harness.open(build), (job, signal) => {
        isTaken = true;
        return never(job, signal);
      });
      await queue.cells.add(jobs(0));
      await waitUntil(() => isTaken);
      expect(await queue.cells.look('e-0')).toBe('open');
      await stop();
      await harness.take(queue, () => done('later'));
      await waitUntil(async () => (await queue.cells.look('e-0')) !== 'open');
      expect(await queue.cells.look('e-0')).toEqual({ type: 'done', text: 'later' });
      await queue.cells.remove('e-0');
    });

    it('tries a job three times that is lost, then says why; one that fails for good once', async () => {
      const queue = await harness.open(harness.newBuild());
      const tries = [0, 0];
      await harness.take(queue, async ({ index }) => {
        tries[index] = (tries[index] ?? 0) + 1;
        if (index === 0) return { type: 'lost', reason: `the thread ended, try ${tries[0]}` };
        return { type: 'failed', reason: 'the package is damaged' };
      });
      await queue.cells.add(jobs(0, 1));
      for (const { id } of jobs(0, 1)) await waitUntil(async () => (await queue.cells.look(id)) !== 'open');
      expect(await queue.cells.look('e-0')).toEqual({ type: 'failed', reason: 'the thread ended, try 3' });
      expect(await queue.cells.look('e-1')).toEqual({ type: 'failed', reason: 'the package is damaged' });
      expect(tries).toEqual([3, 1]);
      for (const { id } of jobs(0, 1)) await queue.cells.remove(id);
      // Put in again, it is as new.
      await queue.cells.add(jobs(0));
      await waitUntil(() => tries[0] === 6);
      await waitUntil(async () => (await queue.cells.look('e-0')) !== 'open');
      await queue.cells.remove('e-0');
    });

    it('forgets a job that nobody wants', async () => {
      const queue = await harness.open(harness.newBuild());
      const heard: string[] = [];
      const stop = await queue.cells.listen((id) => heard.push(id));
      await harness.take(queue, ({ index }) =>
        index === 0 ? Promise.resolve({ type: 'unwanted' }) : done('wanted'),
      );
      await queue.cells.add(jobs(0, 1));
      await waitUntil(async () => (await queue.cells.look('e-0')) === 'missing');
      await waitUntil(async () => (await queue.cells.look('e-1')) !== 'open');
      await stop();
      expect(heard).not.toContain('e-0');
      await queue.cells.remove('e-1');
    });

    it('shows jobs to their own build alone', async () => {
      const [ours, theirs] = [await harness.open(harness.newBuild()), await harness.open(harness.newBuild())];
      await harness.take(theirs, () => done('theirs'));
      await ours.cells.add(jobs(0));
      await theirs.cells.add(jobs(1));
      await waitUntil(async () => (await theirs.cells.look('e-1')) !== 'open');
      expect(await ours.cells.look('e-0')).toBe('open');
      expect(await theirs.cells.look('e-0')).toBe('missing');
      expect([await ours.cells.countWorkers(), await theirs.cells.countWorkers()]).toEqual([0, 1]);
      await ours.cells.remove('e-0');
      await theirs.cells.remove('e-1');
    });

    it('gives the jobs of a worker that is gone to others, and counts what comes late for nothing', async () => {
      const build = harness.newBuild();
      const [queue, proxy] = [await harness.open(build), await harness.proxy()];
      const far = await harness.open(build, { port: proxy.port });
      let finish: ((work: CellWork) => void) | undefined;
      await harness.take(far, () => new Promise((resolve) => (finish = resolve)), { lockMs: 1000 });
      await queue.cells.add(jobs(0));
      await waitUntil(() => finish !== undefined);
      proxy.cut();
      await harness.take(queue, () => done('mine'), { lockMs: 1000 });
      await waitUntil(async () => (await queue.cells.look('e-0')) !== 'open');
      proxy.mend();
      finish?.({ type: 'done', text: 'late' });
      await far.experiments.has('any');
      expect(await queue.cells.look('e-0')).toEqual({ type: 'done', text: 'mine' });
      await queue.cells.remove('e-0');
    });

    it('waits for a server that comes back, and says so of one that does not', async () => {
      const proxy = await harness.proxy();
      const queue = await harness.open(harness.newBuild(), { port: proxy.port });
      await queue.experiments.put('kept', 'text');
      proxy.cut();
      const answer = queue.experiments.get('kept');
      proxy.mend();
      expect(await answer).toBe('text');
      await queue.experiments.remove('kept');
      proxy.cut();
      await expect(queue.experiments.get('kept')).rejects.toMatchObject({
        code: 'QUEUE_LOST',
        message: expect.stringMatching(/:\/\/127\.0\.0\.1:\d+.* has not answered for 5 s: .*start again$/),
      });
    });

    it('says at once, and without the password, that there is no server or no way in', async () => {
      const closed = await TcpProxy.open(new URL(harness.namespace.url()));
      const { port } = closed;
      await closed.close();
      const attempt = (url: URL): Promise<unknown> => {
        const address = parseQueueAddress(url.href);
        return openBullQueue({ address, build: 'abc', timings: quickTimings }).then(
          () => undefined,
          (cause: unknown) => cause,
        );
      };
      const away = new URL(harness.namespace.url(port));
      away.password = 'se/cret';
      const unreachable = (await attempt(away)) as Error;
      expect(unreachable).toMatchObject({ code: 'QUEUE_UNREACHABLE' });
      expect(unreachable.message).toContain(`127.0.0.1:${port}`);
      expect(unreachable.message).toContain('start the server, or correct --queue');
      const strange = new URL(harness.namespace.url());
      strange.username = 'nobody_we_know';
      strange.password = 'se/cret';
      const refused = (await attempt(strange)) as Error;
      expect(refused).toMatchObject({ code: 'QUEUE_REFUSED' });
      for (const { message } of [unreachable, refused]) expect(message).not.toMatch(/se(?:\/|%2F)cret|\n/);
    });

    it('removes what nobody asked for in a week, and nothing younger', async () => {
      const build = harness.newBuild();
      const queue = await harness.open(build);
      await queue.cells.add(jobs(1));
      await queue.experiments.put('young', 'text');
      const week = 7 * 24 * 3_600_000;
      await addOld(harness.namespace, `cells-${build}`, 'e-0', Date.now() - week - 1000);
      await addOld(harness.namespace, 'experiments', 'old', Date.now() - week - 1000);
      expect([await queue.cells.look('e-0'), await queue.experiments.has('old')]).toEqual(['open', true]);
      await queue.expire();
      expect([await queue.cells.look('e-0'), await queue.experiments.has('old')]).toEqual(['missing', false]);
      expect([await queue.cells.look('e-1'), await queue.experiments.has('young')]).toEqual(['open', true]);
      await queue.cells.remove('e-1');
      await queue.experiments.remove('young');
    });
  });
}

/** A job as an earlier process left it. */
async function addOld(namespace: QueueNamespace, name: string, id: string, timestamp: number): Promise<void> {
  const url = new URL(namespace.url());
  const isRedis = namespace.server === 'redis';
  url.searchParams.delete('namespace');
  const { createPostgresBackend } = await import('bullmq');
  const queue = isRedis
    ? new Queue(name, { connection: { url: url.href }, prefix: namespace.name })
    : (new Queue(
        name,
        { connection: { connectionString: url.href, schema: namespace.name } as never },
        createPostgresBackend as never,
      ) as unknown as Queue);
  await queue.add('old', { text: 'old' }, { jobId: id, timestamp });
  await queue.close();
}
