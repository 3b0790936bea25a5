/**
 * The job queue on BullMQ, over Redis or PostgreSQL: the one place that imports it, and only when somebody asks for a
 * queue. Every question has an end: an error of the server is tried again until the connection counts as lost.
 */
import { isIP } from 'node:net';
import type { BackendFactory, IQueueBackend, Job, Queue, QueueEvents, Worker } from 'bullmq';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { ExperimentCode } from '../codes.ts';
import type {
  CellEnd,
  CellJob,
  CellJobs,
  CellQueue,
  CellWork,
  QueueTimings,
  Shelf,
  TakeOptions,
} from './cellQueue.ts';
import { Bell, Stopwatch, TimeIsUp, within } from './pace.ts';
import { type QueueAddress, redact } from './queueAddress.ts';
import { tlsConnectorOf } from './tlsConnector.ts';

type Bull = typeof import('bullmq');

/** Tries of a cell whose thread dies, before its sweep is told. */
const ATTEMPTS_MAX = 3;
/** Workers that a cell may take with it, before its sweep is told: more than die by chance, few enough to end. */
const STALLS_MAX = 20;
/** What nobody has asked for after so long is removed, in ms: a week, enough to come back to a sweep after a holiday. */
const KEPT_MS = 7 * 24 * 3_600_000;
/** Jobs of each kind removed at a time. */
const EXPIRED_MAX = 1000;
/** News kept for whoever listens: they hold results, and what is missed is looked up. */
const EVENTS_MAX = 200;
/** Longest wait for news before the next look at them, in ms: a call that comes between two looks is heard then. */
const NEWS_WAIT_MS = 1_000;
/** Connections of each part to PostgreSQL, given up when nobody needs them. */
const POOL_SIZE = 2;
const POOL_IDLE_MS = 5_000;
/** Longest word of a server or a dead thread that is passed on. */
const REASON_CHARS_MAX = 2_000;

export interface OpenOptions {
  readonly address: QueueAddress;
  /** Build of the program whose cells are to be seen. */
  readonly build: string;
  readonly timings: QueueTimings;
  /** Loads the package; another in a test. */
  readonly load?: () => Promise<Bull>;
}

/**
 * Connects.
 * @throws {CodedError} `QUEUE_DRIVER_MISSING`, `QUEUE_UNREACHABLE`, `QUEUE_REFUSED`.
 */
export async function openBullQueue(options: OpenOptions): Promise<CellQueue> {
  const { load = () => import('bullmq'), address } = options;
  let bull: Bull;
  let tls: object;
  try {
    bull = await load();
    tls = address.isTls ? await tlsOptionsOf(address) : {};
  } catch (cause) {
    throw driverMissing(cause);
  }
  const link = new Link(bull, options, tls);
  try {
    const [experiments, parts, cells] = [
      link.queue('experiments'),
      link.queue('parts'),
      link.queue(`cells-${options.build}`),
    ];
    for (const queue of [experiments, parts, cells]) {
      await within(options.timings.connectMs, queue.waitUntilReady());
      link.isUp = true;
    }
    return new BullQueue(link, { experiments, parts, cells });
  } catch (cause) {
    await link.close();
    throw link.explainStart(cause);
  }
}

/** What the driver of Redis needs to connect over TLS. */
async function tlsOptionsOf({ host, port }: QueueAddress): Promise<object> {
  const driver = (await import('ioredis' as string)) as typeof import('ioredis');
  // A server is asked for by name alone (RFC 6066, section 3), and its certificate is held against the host either way.
  const tls = isIP(host) === 0 ? { servername: host } : {};
  return { tls, Connector: tlsConnectorOf(driver, { host, port, ...tls }) };
}

function driverMissing(cause: unknown): CodedError {
  const code: ExperimentCode = 'QUEUE_DRIVER_MISSING';
  const message = '--queue needs packages that are not installed: npm install bullmq ioredis pg';
  return new CodedError(code, message, {}, { cause });
}

type JobData = Readonly<Record<string, unknown>>;
type TextQueue = Queue<JobData, string | null>;
type Closable = Pick<Queue, 'close' | 'disconnect'> | Pick<Worker, 'close' | 'disconnect'>;

/** Everything that is open to one server, and what to do about its errors. */
class Link {
  readonly bull: Bull;
  readonly address: QueueAddress;
  readonly timings: QueueTimings;
  /** It has answered once: from now on a lost connection is waited for. */
  isUp = false;
  #isClosed = false;
  #lastError: unknown;
  readonly #open = new Set<Closable>();
  readonly #tls: object;

  /** @param tls - Options of the driver for a connection over TLS. */
  constructor(bull: Bull, { address, timings }: OpenOptions, tls: object) {
    this.bull = bull;
    this.#tls = tls;
    this.address = address;
    this.timings = timings;
  }

  queue(name: string): TextQueue {
    const options = { ...this.#base(), streams: { events: { maxLen: EVENTS_MAX } } };
    return this.#keep(new this.bull.Queue<JobData, string | null>(name, options, this.#factory()));
  }

  events(name: string): QueueEvents {
    // From the oldest news on: where it started with the next one, those of its first moments would be missed.
    const options = { ...this.#base(), lastEventId: '0', blockingTimeout: NEWS_WAIT_MS };
    return this.#keep(new this.bull.QueueEvents(name, options, this.#factory()));
  }

  worker(
    name: string,
    processor: (job: Job<CellJob, string | null>, token: string) => Promise<string | null>,
    options: { readonly concurrency: number; readonly lockMs: number },
  ): Worker<CellJob, string | null> {
    const { lockMs, concurrency } = options;
    return this.#keep(
      new this.bull.Worker<CellJob, string | null>(
        name,
        (job, token = '') => processor(job, token),
        {
          ...this.#base(),
          concurrency,
          lockDuration: lockMs,
          lockRenewTime: Math.floor(lockMs / 3),
          stalledInterval: Math.floor(lockMs / 2),
          maxStalledCount: STALLS_MAX,
          runRetryDelay: this.timings.retryMs,
          drainDelay: 1,
        },
        this.#factory(),
      ),
    );
  }

  /**
   * Asks until there is an answer.
   * @throws {CodedError} `QUEUE_LOST`: for too long there was none.
   */
  async ask<Value>(question: () => Promise<Value>): Promise<Value> {
    const { lostMs, retryMs } = this.timings;
    const watch = new Stopwatch();
    for (;;) {
      try {
        return await within(Math.max(1, lostMs - watch.elapsedMs), question());
      } catch (cause) {
        // Ours, not the server's: it would never get better.
        if (cause instanceof TypeError) throw cause;
        this.#lastError = cause instanceof TimeIsUp ? (this.#lastError ?? cause) : cause;
        if (this.#isClosed || watch.elapsedMs >= lostMs - retryMs) throw this.#lost();
        await new Bell().wait(retryMs);
      }
    }
  }

  async shut(item: Closable): Promise<void> {
    this.#open.delete(item);
    try {
      await within(this.timings.farewellMs, item.close());
    } catch {
      // A server that is gone takes no leave; the connection is dropped.
      await within(this.timings.farewellMs, item.disconnect()).catch(() => undefined);
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#open].map((item) => this.shut(item)));
  }

  explainStart(cause: unknown): CodedError {
    if (cause instanceof CodedError) return cause;
    const { shown } = this.address;
    const text = this.#wordsOf(cause instanceof TimeIsUp ? (this.#lastError ?? cause) : cause);
    if (/could not load the optional/.test(text)) return driverMissing(cause);
    if (refusals.some((pattern) => pattern.test(`${codeOf(cause)} ${text}`)))
      return coded('QUEUE_REFUSED', `${shown} refuses: ${text}: correct user, password, database or rights`);
    return coded(
      'QUEUE_UNREACHABLE',
      `${shown} cannot be reached: ${text}: start the server, or correct --queue`,
    );
  }

  #lost(): CodedError {
    const { shown } = this.address;
    const seconds = this.timings.lostMs / 1000;
    return coded(
      'QUEUE_LOST',
      `${shown} has not answered for ${seconds} s: ${this.#wordsOf(this.#lastError)}: see to the server, then start again`,
    );
  }

  /** One line, without the password. */
  #wordsOf(cause: unknown): string {
    const first = cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause;
    const text = first instanceof Error ? first.message || codeOf(first) : String(first);
    return redact(text, this.address).replace(/\s+/g, ' ').trim().slice(0, REASON_CHARS_MAX);
  }

  /** What a connection says while nobody asks is kept for the moment in which somebody does. */
  #keep<Item extends Closable & { on(event: 'error', listener: (error: Error) => void): unknown }>(
    item: Item,
  ): Item {
    item.on('error', (error) => {
      this.#lastError = error;
    });
    this.#open.add(item);
    return item;
  }

  #base(): { readonly connection: Record<string, unknown>; readonly prefix: string } {
    const { address, timings } = this;
    const { namespace } = address;
    if (address.backend === 'postgres') {
      const connection = {
        connectionString: address.connectionString,
        schema: namespace,
        migrate: true,
        max: POOL_SIZE,
        idleTimeoutMillis: POOL_IDLE_MS,
        connectionTimeoutMillis: timings.connectMs,
      };
      return { connection, prefix: namespace };
    }
    const connection = {
      host: address.host,
      port: address.port,
      // Whichever kind of address the name has.
      family: 0,
      db: Number(address.database),
      ...(address.username === '' ? {} : { username: address.username }),
      ...(address.password === '' ? {} : { password: address.password }),
      ...this.#tls,
      connectTimeout: timings.connectMs,
      maxRetriesPerRequest: null,
      retryStrategy: () => (this.isUp && !this.#isClosed ? timings.retryMs : null),
    };
    return { connection, prefix: namespace };
  }

  /** BullMQ's types know the backend of each object; here both are one. */
  #factory(): undefined {
    if (this.address.backend === 'redis') return undefined;
    const factory: BackendFactory<IQueueBackend, never> = this.bull.createPostgresBackend as never;
    return factory as unknown as undefined;
  }
}

/** What servers say to whom they know and do not let in; codes are PostgreSQL's (appendix A of its manual). */
const refusals: readonly RegExp[] = [
  /WRONGPASS|NOAUTH|NOPERM|invalid password|invalid username-password|DB index is out of range/,
  /^(?:28000|28P01|3D000|42501|3F000) /,
  /password must be a string|no password supplied|requires server version|needs to be greater or equal/,
];

function codeOf(cause: unknown): string {
  const { code } = (cause ?? {}) as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}

function coded(code: ExperimentCode, message: string): CodedError {
  return new CodedError(code, message);
}

interface Queues {
  readonly experiments: TextQueue;
  readonly parts: TextQueue;
  readonly cells: TextQueue;
}

class BullQueue implements CellQueue {
  readonly shown: string;
  readonly experiments: Shelf;
  readonly parts: Shelf;
  readonly cells: CellJobs;
  readonly #link: Link;
  readonly #queues: Queues;

  constructor(link: Link, queues: Queues) {
    this.#link = link;
    this.#queues = queues;
    this.shown = link.address.shown;
    this.experiments = new BullShelf(link, queues.experiments);
    this.parts = new BullShelf(link, queues.parts);
    this.cells = new BullCells(link, queues.cells);
  }

  async expire(): Promise<void> {
    const { experiments, parts, cells } = this.#queues;
    const clean = (queue: TextQueue, kind: 'wait' | 'completed' | 'failed'): Promise<unknown> =>
      this.#link.ask(() => queue.clean(KEPT_MS, EXPIRED_MAX, kind));
    for (const queue of [experiments, parts]) await clean(queue, 'wait');
    for (const kind of ['wait', 'completed', 'failed'] as const) await clean(cells, kind);
  }

  async close(): Promise<void> {
    await this.#link.close();
  }
}

/** Texts are the data of jobs that nobody ever takes: both servers keep them the same way. */
class BullShelf implements Shelf {
  readonly #link: Link;
  readonly #queue: TextQueue;

  constructor(link: Link, queue: TextQueue) {
    this.#link = link;
    this.#queue = queue;
  }

  async put(id: string, text: string): Promise<void> {
    await this.#link.ask(() => this.#queue.add('text', { text }, { jobId: id }));
  }

  async get(id: string): Promise<string | undefined> {
    const job = await this.#link.ask(() => this.#queue.getJob(id));
    return job === undefined ? undefined : textOf(job);
  }

  async has(id: string): Promise<boolean> {
    return (await this.#link.ask(() => this.#queue.getJobState(id))) !== 'unknown';
  }

  async list(countMax: number): Promise<readonly string[]> {
    const jobs = await this.#link.ask(() => this.#queue.getWaiting(0, countMax - 1));
    return jobs.flatMap((job) => textOf(job) ?? []);
  }

  async remove(id: string): Promise<void> {
    await this.#link.ask(() => this.#queue.remove(id));
  }
}

function textOf(job: Job<JobData> | undefined): string | undefined {
  const text = job?.data?.text;
  return typeof text === 'string' ? text : undefined;
}

class BullCells implements CellJobs {
  readonly #link: Link;
  readonly #queue: TextQueue;

  constructor(link: Link, queue: TextQueue) {
    this.#link = link;
    this.#queue = queue;
  }

  async add(jobs: Parameters<CellJobs['add']>[0]): Promise<void> {
    const bulk = jobs.map(({ id, job: { experiment, index } }) => ({
      name: 'cell',
      data: { experiment, index },
      opts: {
        jobId: id,
        attempts: ATTEMPTS_MAX,
        stackTraceLimit: 1,
        removeOnComplete: { age: KEPT_MS / 1000 },
        removeOnFail: { age: KEPT_MS / 1000 },
      },
    }));
    await this.#link.ask(() => this.#queue.addBulk(bulk));
  }

  async look(id: string): ReturnType<CellJobs['look']> {
    const state = await this.#link.ask(() => this.#queue.getJobState(id));
    if (state !== 'completed' && state !== 'failed') return state === 'unknown' ? 'missing' : 'open';
    const job = await this.#link.ask(() => this.#queue.getJob(id));
    if (job === undefined) return 'missing';
    if (state === 'failed') return failed(job.failedReason);
    return job.returnvalue === null ? 'open' : done(job.returnvalue);
  }

  async remove(id: string): Promise<void> {
    await this.#link.ask(() => this.#queue.remove(id));
  }

  async countWorkers(): Promise<number> {
    return (await this.#link.ask(() => this.#queue.getWorkers())).length;
  }

  async listen(ended: (id: string, end: CellEnd) => void): Promise<() => Promise<void>> {
    const events = this.#link.events(this.#queue.name);
    events.on('completed', ({ jobId, returnvalue }: { jobId: string; returnvalue: unknown }) => {
      // Nothing in it: a worker is about to remove it.
      if (returnvalue !== null) ended(jobId, done(returnvalue));
    });
    events.on('failed', ({ jobId, failedReason }) => ended(jobId, failed(failedReason)));
    await this.#link.ask(() => events.waitUntilReady());
    return () => this.#link.shut(events);
  }

  async take({ concurrency, lockMs, work }: TakeOptions): Promise<() => Promise<void>> {
    const returning = new AbortController();
    const { bull } = this.#link;
    const handle = async (job: Job<CellJob, string | null>, token: string): Promise<string | null> => {
      const end: CellWork = await work(job.data, returning.signal);
      if (end.type === 'done') return end.text;
      if (end.type === 'unwanted') return null;
      if (end.type === 'abandoned') {
        await job.moveToWait(token);
        throw new bull.WaitingError();
      }
      const reason = end.reason.slice(0, REASON_CHARS_MAX);
      throw end.type === 'failed' ? new bull.UnrecoverableError(reason) : new Error(reason);
    };
    const worker = this.#link.worker(this.#queue.name, handle, { concurrency, lockMs });
    // Nobody waits for what nobody wants.
    worker.on('completed', (job, text) => {
      if (text === null && job.id !== undefined)
        void within(this.#link.timings.lostMs, this.#queue.remove(job.id)).catch(() => undefined);
    });
    await this.#link.ask(() => worker.waitUntilReady());
    return async () => {
      await within(this.#link.timings.farewellMs, worker.pause(true)).catch(() => undefined);
      returning.abort();
      await this.#link.shut(worker);
    };
  }
}

function done(text: unknown): CellEnd {
  return typeof text === 'string' ? { type: 'done', text } : failed('a worker gave no cell');
}

function failed(reason: string | undefined): CellEnd {
  return { type: 'failed', reason: reason ?? 'nobody knows why' };
}
