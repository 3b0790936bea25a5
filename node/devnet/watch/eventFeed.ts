/**
 * Follows the event stream of one node for as long as it is told to: after a break it comes back and goes on behind the
 * last event it saw. A node that is down costs nothing but a try now and then.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import type { EventLine } from '../../core/eventFields.ts';

/** Pause before the next try, in ms: what the server itself advises. */
const RETRY_MS = 1000;
/** Longest event taken, in characters: a final block's facts come one by one, so each is far below. */
const EVENT_CHARACTERS_MAX = 4 * 1024 * 1024;
/** An id of no process: the server then begins with the oldest event it still has. */
const FROM_OLDEST = 'none-0';

export interface FeedSink {
  readonly onLine: (line: EventLine) => void;
  /** The node forgot events of its running process before this reader could see them. */
  readonly onLost: (node: string) => void;
}

export interface FeedOptions {
  /** Name of the node. */
  readonly name: string;
  /** Address of its HTTP API. */
  readonly api: string;
  /** Pause before the next try, in ms. */
  readonly retryMs?: number;
}

export class EventFeed {
  readonly #options: FeedOptions;
  readonly #sink: FeedSink;
  readonly #stop = new AbortController();
  #running: Promise<void> | undefined;
  #lastId = FROM_OLDEST;
  #isBehindGap = false;

  constructor(options: FeedOptions, sink: FeedSink) {
    this.#options = options;
    this.#sink = sink;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Resolves when nothing more will be told. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (!signal.aborted) {
      await this.#read().catch(() => undefined);
      await sleep(this.#options.retryMs ?? RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Reads one connection to its end. */
  async #read(): Promise<void> {
    const response = await fetch(`${this.#options.api}/events`, {
      headers: { 'last-event-id': this.#lastId },
      signal: this.#stop.signal,
    });
    if (!response.ok || response.body === null) {
      await response.body?.cancel();
      return;
    }
    const parser = createParser({
      maxBufferSize: EVENT_CHARACTERS_MAX,
      onEvent: (message) => this.#take(message),
    });
    const decoder = new TextDecoder();
    for await (const chunk of response.body) {
      parser.feed(decoder.decode(chunk as Uint8Array, { stream: true }));
    }
  }

  #take({ event, id, data }: EventSourceMessage): void {
    if (event === 'lost') {
      this.#isBehindGap = true;
      return;
    }
    // After a restart the numbering begins anew, and what the old process had not told yet died with it.
    if (this.#isBehindGap && id !== undefined && epochOf(id) === epochOf(this.#lastId)) {
      this.#sink.onLost(this.#options.name);
    }
    this.#isBehindGap = false;
    this.#lastId = id ?? this.#lastId;
    this.#sink.onLine(JSON.parse(data) as EventLine);
  }
}

function epochOf(id: string): string {
  return id.slice(0, id.lastIndexOf('-'));
}
