/**
 * `GET /metrics` in the Prometheus text format. Hot code keeps plain numbers; they are copied when somebody asks, so
 * counting costs the node nothing.
 */
import { Type } from '@sinclair/typebox';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { counterHelp } from '../runtime/counters.ts';
import type { AutoBatchMetrics } from './autoBatchMetrics.ts';
import type { EventLog } from './eventLog.ts';
import type { EventStream } from './eventStream.ts';
import type { InputMetrics } from './inputMetrics.ts';
import type { NodeView } from './nodeView.ts';
import { defineRoute, ok, type Route } from './route.ts';
import { headAge } from './statusRoutes.ts';

/** Upper bounds of answer times, in seconds: from a look-up to a synced write on a slow disk. */
const DURATION_BUCKETS_S = [0.001, 0.005, 0.025, 0.1, 0.5, 2.5];

export interface MetricsSources {
  readonly node: NodeView;
  readonly events: EventLog;
  readonly stream: Pick<EventStream, 'readerCount' | 'droppedCount'>;
  /** Undefined: the batcher is off. */
  readonly inputs?: InputMetrics | undefined;
  /** Undefined: no order engine is configured. */
  readonly orders?: AutoBatchMetrics | undefined;
}

export class Metrics {
  readonly #registry = new Registry();
  readonly #requests: Counter<'method' | 'route' | 'status'>;
  readonly #durations: Histogram<'route'>;
  /** Counters of the runtime, by name; one that has no words yet is made when it is first seen. */
  readonly #runtimeCounters = new Map<string, Counter<'label'>>();
  readonly #sources: MetricsSources;

  constructor(sources: MetricsSources) {
    this.#sources = sources;
    const registers = [this.#registry];
    this.#requests = new Counter({
      name: 'sidereal_http_requests_total',
      help: 'Answers of the HTTP API',
      labelNames: ['method', 'route', 'status'],
      registers,
    });
    this.#durations = new Histogram({
      name: 'sidereal_http_request_duration_seconds',
      help: 'From the first byte of a request to the end of its answer',
      labelNames: ['route'],
      buckets: DURATION_BUCKETS_S,
      registers,
    });
    this.#addChainGauges();
    this.#addProcessGauges();
    this.#addEventCounters();
    sources.inputs?.register(this.#registry);
    sources.orders?.register(this.#registry);
    for (const [name, help] of Object.entries(counterHelp)) this.#addRuntimeCounter(name, help);
  }

  /** @param route - As documented, never the path of the request, which anybody may make up. */
  noteRequest(method: string, route: string, status: number, durationMs: number): void {
    this.#requests.inc({ method, route, status: String(status) });
    this.#durations.observe({ route }, durationMs / 1000);
  }

  route(): Route {
    return defineRoute({
      method: 'GET',
      path: '/metrics',
      summary: 'Metrics in the Prometheus text format',
      tag: 'node',
      codes: [],
      answers: [
        {
          status: 200,
          description: 'names begin with `sidereal_` and end with their unit',
          schema: Type.String(),
          example: 'sidereal_finalized_height_blocks 12\n',
          contentType: 'text/plain',
        },
      ],
      handle: async () => {
        this.#copyRuntimeCounters();
        const text = await this.#registry.metrics();
        return { ...ok(text), headers: { 'content-type': this.#registry.contentType } };
      },
    });
  }

  #gauge(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.#registry],
      collect() {
        this.set(read());
      },
    });
  }

  #addChainGauges(): void {
    const { node, stream } = this.#sources;
    const status = () => node.reader().status();
    this.#gauge('sidereal_height_blocks', 'Newest notarised height', () => status().height);
    this.#gauge('sidereal_finalized_height_blocks', 'Newest final height', () => status().finalizedHeight);
    this.#gauge('sidereal_head_age_seconds', 'Age of the newest final block', () => headAge(node) / 1000);
    this.#gauge('sidereal_view', 'View of agreement', () => status().view);
    this.#gauge(
      'sidereal_settlement_height_blocks',
      'Newest settlement block known',
      () => status().settlementHeight,
    );
    this.#gauge('sidereal_pending_batches', 'Sealed and unconfirmed', () => status().pendingBatches);
    this.#gauge('sidereal_mempool_transactions', 'Waiting for a block', () => status().mempoolCount);
    this.#gauge('sidereal_peers', 'Connected validators', () => node.peers().length);
    this.#gauge('sidereal_settlement_paused', '1 while an operator holds settlements back', () =>
      status().isSettlementPaused ? 1 : 0,
    );
    this.#gauge('sidereal_halted', '1 while the node does not vote', () =>
      status().halted === undefined ? 0 : 1,
    );
    this.#gauge('sidereal_event_readers', 'Readers of the event stream', () => stream.readerCount);
  }

  #addProcessGauges(): void {
    this.#gauge('sidereal_resident_memory_bytes', 'Memory of the process', () => process.memoryUsage.rss());
    this.#gauge('sidereal_heap_used_bytes', 'JavaScript heap in use', () => process.memoryUsage().heapUsed);
    this.#gauge('sidereal_uptime_seconds', 'Since the process started', () => process.uptime());
    const cpu = (): number => {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000_000;
    };
    this.#counter('sidereal_cpu_seconds_total', 'CPU time of the process', [], (counter) =>
      counter.inc(cpu()),
    );
  }

  #addEventCounters(): void {
    const { events, stream } = this.#sources;
    this.#counter(
      'sidereal_events_total',
      'Events of this process by type (docs/results.md)',
      ['type'],
      (counter) => {
        for (const [type, count] of events.tally) counter.inc({ type }, count);
      },
    );
    this.#counter('sidereal_event_readers_dropped_total', 'Readers that did not keep up', [], (counter) =>
      counter.inc(stream.droppedCount),
    );
  }

  /** A counter that is kept elsewhere and copied in. */
  #counter<Label extends string>(
    name: string,
    help: string,
    labelNames: readonly Label[],
    copy: (counter: Counter<Label>) => void,
  ): void {
    new Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect() {
        this.reset();
        copy(this);
      },
    });
  }

  #addRuntimeCounter(name: string, help: string): Counter<'label'> {
    const counter = new Counter({
      name: `sidereal_${name}_total`,
      help,
      labelNames: ['label'] as const,
      registers: [this.#registry],
    });
    this.#runtimeCounters.set(name, counter);
    return counter;
  }

  #copyRuntimeCounters(): void {
    for (const counter of this.#runtimeCounters.values()) counter.reset();
    for (const [key, count] of Object.entries(this.#sources.node.counters())) {
      const at = key.indexOf('/');
      const name = at < 0 ? key : key.slice(0, at);
      const words = `${name.replaceAll('_', ' ')}, counted by the runtime`;
      const counter = this.#runtimeCounters.get(name) ?? this.#addRuntimeCounter(name, words);
      counter.inc({ label: at < 0 ? '' : key.slice(at + 1) }, count);
    }
  }
}
