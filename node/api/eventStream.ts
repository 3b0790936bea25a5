/**
 * `GET /events`: the event log as server-sent events (WHATWG HTML, server-sent events). Each reader reads the log at its own
 * pace, so nothing piles up for it; one that falls so far behind that the log has moved on is dropped, and may come back
 * with the id of the last event it saw.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Type } from '@sinclair/typebox';
import type { EventLog, LoggedEvent } from './eventLog.ts';
import { hashExample } from './fields.ts';
import { defineRoute, ok, type Route, refusal } from './route.ts';

export interface EventStreamLimits {
  readonly readersMax: number;
  /** A comment line this often shows proxies and readers that the stream lives. */
  readonly heartbeatMs: number;
}

export const eventStreamLimits: EventStreamLimits = {
  readersMax: 64,
  heartbeatMs: 15_000,
};

/** What a reader's client waits before it comes back, in ms. */
const RECONNECT_MS = 1000;

export class EventStream {
  readonly #log: EventLog;
  readonly #limits: EventStreamLimits;
  readonly #readers = new Set<ServerResponse>();
  #droppedCount = 0;

  constructor(log: EventLog, limits: EventStreamLimits) {
    this.#log = log;
    this.#limits = limits;
  }

  get readerCount(): number {
    return this.#readers.size;
  }

  /** Readers that were cut off because they did not keep up. */
  get droppedCount(): number {
    return this.#droppedCount;
  }

  get isFull(): boolean {
    return this.#readers.size >= this.#limits.readersMax;
  }

  route(): Route {
    return defineRoute({
      method: 'GET',
      path: '/events',
      summary: 'Everything that happens on this node, as it happens (docs/results.md, events)',
      tag: 'events',
      codes: ['EVENT_READERS_MAX'],
      query: Type.Object(
        {
          last_event_id: Type.Optional(
            Type.String({
              maxLength: 64,
              description: 'for clients that cannot send the header Last-Event-ID; the header wins',
            }),
          ),
        },
        { additionalProperties: false },
      ),
      answers: [
        {
          status: 200,
          description:
            'server-sent events; each `data` is one JSON object. With Last-Event-ID it goes on behind that event; ' +
            'an event named `lost` (code EVENTS_LOST) comes first when some of those between are no longer kept',
          schema: Type.String(),
          example: `id: m3x-7\ndata: {"t":8000,"node":"node-0","type":"block_notarized","height":5,"view":5,"hash":"${hashExample}"}\n\n`,
          contentType: 'text/event-stream',
        },
      ],
      handle: () =>
        this.isFull
          ? refusal('EVENT_READERS_MAX', `${this.#limits.readersMax} readers follow already`)
          : ok(undefined),
      stream: (request, response) => this.#serve(request, response),
    });
  }

  /** Ends every stream, so that the server can close. */
  close(): void {
    for (const response of this.#readers) response.end();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    response.writeHead(200, {
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
      connection: 'keep-alive',
      'x-accel-buffering': 'no',
    });
    // A reader must see that it is connected before anything happens.
    response.flushHeaders();
    const lastId = lastEventId(request);
    const { isWhole, from } =
      lastId === undefined ? { isWhole: true, from: this.#log.newestNumber + 1 } : this.#log.resume(lastId);
    // An id without data: a reader that is cut off before its first event still knows where it was.
    response.write(`retry: ${RECONNECT_MS}\nid: ${lastId ?? this.#log.lastId}\n\n`);
    if (!isWhole) {
      const data = JSON.stringify({ code: 'EVENTS_LOST', after: lastId });
      response.write(`event: lost\ndata: ${data}\n\n`);
    }
    this.#follow(response, from);
  }

  #follow(response: ServerResponse, from: number): void {
    let next = from;
    const pump = (): void => {
      if (response.destroyed || response.writableEnded) return;
      if (next < this.#log.oldestNumber) {
        this.#droppedCount += 1;
        response.destroy();
        return;
      }
      while (!response.writableNeedDrain) {
        const event = this.#log.at(next);
        if (event === undefined) return;
        next += 1;
        response.write(frameOf(event));
      }
    };
    const heartbeat = setInterval(() => {
      if (!response.writableNeedDrain && !response.writableEnded) response.write(':\n\n');
    }, this.#limits.heartbeatMs);
    const end = this.#log.subscribe(pump);
    this.#readers.add(response);
    response.on('drain', pump);
    response.on('error', () => response.destroy());
    response.on('close', () => {
      clearInterval(heartbeat);
      end();
      this.#readers.delete(response);
    });
    pump();
  }
}

function frameOf({ id, line }: LoggedEvent): string {
  return `id: ${id}\ndata: ${JSON.stringify(line)}\n\n`;
}

function lastEventId(request: IncomingMessage): string | undefined {
  const header = request.headers['last-event-id'];
  if (typeof header === 'string' && header !== '') return header;
  return new URL(request.url ?? '', 'http://node').searchParams.get('last_event_id') ?? undefined;
}
