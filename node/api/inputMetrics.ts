/**
 * Metrics of the input pipeline (docs/api.md): depths are asked of the pipeline when somebody reads them, the rest is counted
 * from its events and from what callers are told.
 */
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { BatcherEvent } from '../batcher/pipeline/events.ts';
import type { InputPipeline, TargetStats } from '../batcher/pipeline/inputPipeline.ts';
import { addCount, registerCounts } from './labelledCounts.ts';

/** Upper bounds of times from queue to end, in seconds: from a block in hand to a chain that was away for some minutes. */
const LATENCY_BUCKETS_S = [0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 300];
/** Inputs whose time in the queue is measured at once: the others end unmeasured. Some 8 MB. */
const TIMED_INPUTS_MAX = 65_536;

export interface InputMetricsDependencies {
  /** In ms, never set back. */
  readonly now: () => number;
}

export class InputMetrics {
  readonly #dependencies: InputMetricsDependencies;
  #pipeline: Pick<InputPipeline, 'stats'> | undefined;
  /** By label; hot code keeps plain numbers (metrics.ts). */
  readonly #counts = {
    submissions: new Map<string, number>(),
    confirmed: new Map<string, number>(),
    failed: new Map<string, number>(),
    parks: new Map<string, number>(),
    parkedMs: new Map<string, number>(),
    refusals: new Map<string, number>(),
  };
  /** When each was queued, the oldest first. */
  readonly #queuedAtMs = new Map<string, number>();
  readonly #latency = new Histogram({
    name: 'sidereal_input_latency_seconds',
    help: 'From the queue to the confirmation of an input',
    labelNames: ['target'],
    buckets: LATENCY_BUCKETS_S,
    registers: [],
  });

  constructor(dependencies: InputMetricsDependencies) {
    this.#dependencies = dependencies;
  }

  /** For the batcher's `emit`. */
  readonly onEvent = (event: BatcherEvent): void => {
    switch (event.type) {
      case 'input:queued':
        if (this.#queuedAtMs.size < TIMED_INPUTS_MAX)
          this.#queuedAtMs.set(event.requestId, this.#dependencies.now());
        return;
      case 'input:confirmed':
        addCount(this.#counts.confirmed, [event.target]);
        this.#noteEnd(event.requestId, event.target);
        return;
      case 'input:failed':
        addCount(this.#counts.failed, [event.target, event.code]);
        this.#queuedAtMs.delete(event.requestId);
        return;
      case 'batch:submit':
        addCount(this.#counts.submissions, [event.target]);
        return;
      case 'target:parked':
        addCount(this.#counts.parks, [event.target, event.code]);
        addCount(this.#counts.parkedMs, [event.target], event.restMs);
        return;
      default:
    }
  };

  /** The pipeline for the API: hands everything on, and counts what is refused. */
  around(pipeline: InputPipeline): InputPipeline {
    this.#pipeline = pipeline;
    return {
      send: async (body, clientKey, signal) => {
        const sent = await pipeline.send(body, clientKey, signal);
        if (!sent.ok) addCount(this.#counts.refusals, [sent.code]);
        return sent;
      },
      status: (requestId) => pipeline.status(requestId),
      stats: () => pipeline.stats(),
      forceBatch: (target) => pipeline.forceBatch(target),
      clearQueue: (target) => pipeline.clearQueue(target),
      targets: pipeline.targets,
      defaultTarget: pipeline.defaultTarget,
      namespace: pipeline.namespace,
      get isStopping() {
        return pipeline.isStopping;
      },
    };
  }

  register(registry: Registry): void {
    this.#addDepths(registry);
    this.#addCounter(registry, 'submissions', ['target'], 'Batches of inputs handed to their chain');
    this.#addCounter(registry, 'confirmed', ['target'], 'Inputs that ended on their chain');
    this.#addCounter(registry, 'failed', ['target', 'code'], 'Inputs that ended as failed');
    this.#addCounter(registry, 'parks', ['target', 'code'], 'Rests of a target that could not be reached');
    this.#addCounter(
      registry,
      'refusals',
      ['code'],
      'Inputs that were refused, by the code that was answered',
    );
    this.#addParkedSeconds(registry);
    registry.registerMetric(this.#latency);
  }

  #noteEnd(requestId: string, target: string): void {
    const queuedAtMs = this.#queuedAtMs.get(requestId);
    if (queuedAtMs === undefined) return;
    this.#queuedAtMs.delete(requestId);
    this.#latency.observe({ target }, (this.#dependencies.now() - queuedAtMs) / 1000);
  }

  #addDepths(registry: Registry): void {
    const readStats = async (): Promise<readonly TargetStats[]> => {
      const stats = await this.#pipeline?.stats();
      return stats?.ok === true ? stats.value : [];
    };
    // One question for the four of them; they are read together.
    let asked: Promise<readonly TargetStats[]> | undefined;
    const ask = (): Promise<readonly TargetStats[]> => {
      asked ??= readStats().finally(() => {
        asked = undefined;
      });
      return asked;
    };
    const addGauge = <Label extends string>(
      name: string,
      help: string,
      labelNames: readonly Label[],
      fill: (gauge: Gauge<Label>, stats: TargetStats) => void,
    ): void => {
      new Gauge({
        name,
        help,
        labelNames: [...labelNames],
        registers: [registry],
        async collect() {
          const targets = await ask();
          this.reset();
          for (const stats of targets) fill(this, stats);
        },
      });
    };
    addGauge(
      'sidereal_input_depth',
      'Inputs that are known, by state',
      ['target', 'state'],
      (gauge, stats) => {
        for (const [state, count] of Object.entries(stats.inputs))
          gauge.set({ target: stats.target, state }, count);
      },
    );
    addGauge('sidereal_input_open_batches', 'Batches of inputs under way', ['target'], (gauge, stats) =>
      gauge.set({ target: stats.target }, stats.openBatches),
    );
    addGauge(
      'sidereal_input_oldest_age_seconds',
      'Of the input that waits longest',
      ['target'],
      (gauge, stats) => gauge.set({ target: stats.target }, (stats.oldestAgeMs ?? 0) / 1000),
    );
    addGauge('sidereal_input_parked', '1 while the target rests after failures', ['target'], (gauge, stats) =>
      gauge.set({ target: stats.target }, stats.parkedUntilMs === undefined ? 0 : 1),
    );
  }

  #addCounter(
    registry: Registry,
    key: 'submissions' | 'confirmed' | 'failed' | 'parks' | 'refusals',
    labelNames: readonly string[],
    help: string,
  ): void {
    const name = `sidereal_input_${key}_total`;
    registerCounts(registry, { name, help, labelNames }, this.#counts[key]);
  }

  #addParkedSeconds(registry: Registry): void {
    const { parkedMs } = this.#counts;
    new Counter({
      name: 'sidereal_input_parked_seconds_total',
      help: 'Length of these rests together',
      labelNames: ['target'],
      registers: [registry],
      collect() {
        this.reset();
        for (const [target, ms] of parkedMs) this.inc({ target }, ms / 1000);
      },
    });
  }
}
