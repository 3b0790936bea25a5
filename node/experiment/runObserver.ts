/** What the report of a single run draws, gathered while either engine runs it: measures, their course, and an excerpt. */
import { ExcerptRecorder, type RunExcerpt } from '../report/excerpt.ts';
import type { RunProbe } from '../report/runProbe.ts';
import type { Scenario } from '../scenario/types.ts';
import type { Series } from './cell.ts';
import { type Forecast, forecastRun } from './forecast.ts';
import { PooledLatencies } from './latencyHistogram.ts';
import { thinSteps } from './resultRow.ts';
import { RunMeasurement, type RunMeasures } from './runMeasurement.ts';
import { excerptOptionsOf } from './sampleRun.ts';

export interface RunObservation {
  readonly measures: RunMeasures;
  /** Latency from a block to its settlement: ms, and the share that is settled by then. */
  readonly cdf: readonly (readonly [number, number])[];
  readonly series: Series;
  readonly excerpt: RunExcerpt;
  readonly forecast: Forecast;
}

/** Longer traffic is not drawn again for the closed form, in blocks: it would take as long as a part of the run. */
const FORECAST_BLOCKS_MAX = 50_000;

export class RunObserver {
  readonly #scenario: Scenario;
  readonly #measurement: RunMeasurement;
  readonly #excerpt: ExcerptRecorder;

  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    const { config, durationMs } = scenario;
    this.#measurement = new RunMeasurement({ assets: config.ledger.assets, durationMs, withSeries: true });
    this.#excerpt = new ExcerptRecorder(excerptOptionsOf(scenario));
  }

  /** To be told of the run. */
  get probe(): RunProbe {
    return this.#measurement;
  }

  /** @param line - Of events.ndjson. */
  event(line: string): void {
    this.#excerpt.event(line);
  }

  /** @param endMs - When the run ended, in virtual time. */
  finish(endMs: number): RunObservation {
    const measures = this.#measurement.finish(endMs);
    const { latency, series } = measures;
    if (series === undefined) throw new RangeError('the course of the run was not kept');
    const steps = new PooledLatencies([latency]).steps();
    return {
      measures,
      cdf: thinSteps(steps),
      series: series as Series,
      excerpt: this.#excerpt.finish(),
      forecast: this.#forecast(),
    };
  }

  #forecast(): Forecast {
    const scenario = this.#scenario;
    if (scenario.durationMs / scenario.config.chain.blockTimeMs > FORECAST_BLOCKS_MAX)
      return { limits: ['the run is too long'], latency: undefined, feePerBlock: undefined };
    return forecastRun(scenario, false);
  }
}
