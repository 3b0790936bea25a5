/**
 * What a sweep consists of: points (settings of the configuration) by seeds. Every point sees the same seeds, and a seed
 * brings the same keys, users, workload, delays and phase to all of them (common random numbers), so that points differ
 * by their settings alone. A cell is what `sidereal run` makes of the same file, seed and settings.
 */
import { createHash } from 'node:crypto';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { Random } from '../../consensus/primitives/random.ts';
import { sharedBatcherOf } from '../config/batcherConfig.ts';
import { readSettings, type TextReader } from '../config/configSources.ts';
import type { Located } from '../config/located.ts';
import { type Checked, type Problem, sortProblems } from '../config/problem.ts';
import { parseScenario } from '../scenario/loadScenario.ts';
import type { Scenario } from '../scenario/types.ts';
import type { CellTask } from './cell.ts';
import type { ExperimentCode } from './codes.ts';

export const BATCH_SIZE_KEY = 'settlement.batch_size';
export const PHASE_KEY = 'settlement_chain.phase_ms';
/** Most points, and most runs, of one sweep. */
export const POINTS_MAX = 1000;
export const CELLS_MAX = 100_000;

/** A key of the configuration and what `--set` gives it. */
export interface Setting {
  readonly key: string;
  readonly value: string;
}

/** Settings that make one point. */
export type Settings = readonly Setting[];

export interface PlanOptions {
  /** The scenario, and its name for messages and the paths within it. */
  readonly text: string;
  readonly file: string;
  readonly points: readonly Settings[];
  readonly firstSeed: number;
  readonly seedCount: number;
  /** Replaces the scenario's. */
  readonly durationMs: number | undefined;
  /** Sources of the configuration below and above the scenario's own. */
  readonly below: readonly Located[];
  readonly above: readonly Located[];
  /** The phase is set or swept: seeds do not draw it. */
  readonly isPhaseFixed: boolean;
  readonly version: string;
  /** Where the files that the scenario names come from; the disk by default. */
  readonly readText?: TextReader | undefined;
}

export interface PlannedPoint {
  readonly settings: Settings;
  readonly batchSize: number;
  readonly settlementBlockTimeMs: number;
}

/** A sweep that can be run. */
export class Plan {
  readonly points: readonly PlannedPoint[];
  /** Point whose configuration is the scenario's own; the first where there is none. */
  readonly baseline: number;
  /** Of the first cell; name, duration and assets are the same in all of them. */
  readonly scenario: Scenario;
  readonly warnings: readonly Problem[];
  /** Hash of everything that decides what the cells measure, but for the program itself. */
  readonly hash: string;
  readonly options: PlanOptions;

  constructor(
    options: PlanOptions,
    parts: Pick<Plan, 'points' | 'baseline' | 'scenario' | 'warnings' | 'hash'>,
  ) {
    this.options = options;
    this.points = parts.points;
    this.baseline = parts.baseline;
    this.scenario = parts.scenario;
    this.warnings = parts.warnings;
    this.hash = parts.hash;
  }

  get seedCount(): number {
    return this.options.seedCount;
  }

  get cellCount(): number {
    return this.points.length * this.options.seedCount;
  }

  /** All cells, in the order in which they are best run: those of a seed after each other, which send the same transactions. */
  order(): number[] {
    const { seedCount } = this.options;
    return Array.from({ length: this.cellCount }, (_, place) => {
      const seed = Math.floor(place / this.points.length);
      return (place % this.points.length) * seedCount + seed;
    });
  }

  pointOf(index: number): number {
    return Math.floor(index / this.options.seedCount);
  }

  seedOf(index: number): number {
    return this.options.firstSeed + (index % this.options.seedCount);
  }

  /** Loads one cell. @throws {CodedError} `EXPERIMENT_INPUT_CHANGED`: what loaded when the sweep began loads no more. */
  task(index: number): CellTask {
    const loaded = loadPoint(this.options, this.settingsOf(index), this.seedOf(index));
    if (!loaded.ok) throw inputChanged(this.options.file);
    return { index, scenario: loaded.value.scenario, withSeries: index % this.options.seedCount === 0 };
  }

  /** Settings with which `sidereal run` repeats a cell. */
  settingsOf(index: number): Settings {
    const point = this.points[this.pointOf(index)];
    if (point === undefined) throw new RangeError(`no cell ${index}`);
    const { settings, settlementBlockTimeMs } = point;
    if (this.options.isPhaseFixed) return settings;
    const phaseMs = drawPhaseMs(this.seedOf(index), settlementBlockTimeMs);
    return [...settings, { key: PHASE_KEY, value: String(phaseMs) }];
  }

  /** @throws {CodedError} `EXPERIMENT_INPUT_CHANGED`: a file is not what it was when the sweep began. */
  assertUnchanged(): void {
    const again = planSweep(this.options);
    if (!again.ok || again.value.hash !== this.hash) throw inputChanged(this.options.file);
  }
}

/** Loads every point once. @returns The plan, or everything that is wrong with any of its points. */
export function planSweep(options: PlanOptions): Checked<Plan> {
  const { points, seedCount } = options;
  const cellCount = points.length * seedCount;
  if (cellCount === 0) throw refuse('EXPERIMENT_EMPTY', 'nothing to sweep: no point or no seed');
  if (points.length > POINTS_MAX || cellCount > CELLS_MAX) {
    const most = `at most ${POINTS_MAX} points and ${CELLS_MAX} runs`;
    throw refuse('EXPERIMENT_TOO_LARGE', `expected ${most}, got ${points.length} and ${cellCount}`);
  }
  const hash = createHash('sha256');
  const { version, firstSeed, isPhaseFixed } = options;
  hash.update(JSON.stringify(['sidereal sweep 1', version, firstSeed, seedCount, isPhaseFixed, points]));
  const problems: Problem[] = [];
  const planned: PlannedPoint[] = [];
  const configs: string[] = [];
  let first: LoadedPoint | undefined;
  for (const settings of points) {
    const loaded = loadPoint(options, settings, options.firstSeed);
    if (!loaded.ok) {
      problems.push(...loaded.problems.map(asSweep));
      continue;
    }
    const { scenario } = loaded.value;
    first ??= loaded.value;
    // What a scenario expects is not judged here, and is free to change.
    const {
      seed: _,
      file: _file,
      expectations: _expectations,
      config,
      ...facts
    } = withoutPhase(scenario, options);
    // How a node serves inputs and orders is nothing that a run reads.
    const { autoBatch: _autoBatch, ...read } = { ...config, batcher: sharedBatcherOf(config.batcher) };
    hash.update(plainText({ ...facts, config: read }));
    configs.push(plainText(config));
    const { settlement, settlementChain } = scenario.config;
    const { blockTimeMs: settlementBlockTimeMs } = settlementChain;
    planned.push({ settings, batchSize: settlement.batchSize, settlementBlockTimeMs });
  }
  if (problems.length > 0 || first === undefined) return { ok: false, problems: unique(problems) };
  const { scenario, warnings } = first;
  if (scenario.durationMs < scenario.config.chain.blockTimeMs) {
    throw refuse(
      'EXPERIMENT_EMPTY',
      `a run of ${scenario.durationMs} ms has no block: set a longer --duration`,
    );
  }
  const own = loadPoint(options, [], options.firstSeed);
  const ownConfig = own.ok ? plainText(withoutPhase(own.value.scenario, options).config) : undefined;
  const baseline = Math.max(0, configs.indexOf(ownConfig ?? ''));
  const parts = { points: planned, baseline, scenario, warnings, hash: hash.digest('hex') };
  return { ok: true, value: new Plan(options, parts) };
}

type LoadedPoint = { readonly scenario: Scenario; readonly warnings: readonly Problem[] };

/** As `sidereal run FILE --seed … --set …` loads it. */
function loadPoint(options: PlanOptions, settings: Settings, seed: number): Checked<LoadedPoint> {
  const { text, file, below, above, durationMs, readText } = options;
  const pointSources = readSettings(settings.map(({ key, value }) => `${key}=${value}`));
  if (!pointSources.ok) return pointSources;
  const sources = [...above, ...pointSources.value];
  return parseScenario(text, file, { below, above: sources, seed, durationMs, readText });
}

/** Uniform over a settlement block; the same share of it at every point. */
export function drawPhaseMs(seed: number, settlementBlockTimeMs: number): number {
  const share = new Random(`${seed}/experiment/phase`).uint32() / 2 ** 32;
  return Math.floor(share * settlementBlockTimeMs);
}

function withoutPhase(scenario: Scenario, { isPhaseFixed }: PlanOptions): Scenario {
  if (isPhaseFixed) return scenario;
  const { config } = scenario;
  return { ...scenario, config: { ...config, settlementChain: { ...config.settlementChain, phaseMs: 0 } } };
}

function plainText(value: unknown): string {
  return JSON.stringify(value, (_key, item: unknown) => (typeof item === 'bigint' ? `${item}n` : item));
}

/** A setting that came from `--sweep` or `--batch-sizes` is named so. */
function asSweep(problem: Problem): Problem {
  const file = problem.file
    .replace(`--set ${BATCH_SIZE_KEY}=`, '--batch-sizes ')
    .replace(/^--set /, '--sweep ');
  return { ...problem, file };
}

/** What is wrong at every point is said once. */
function unique(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return sortProblems(
    problems.filter((problem) => {
      const text = JSON.stringify(problem);
      if (seen.has(text)) return false;
      seen.add(text);
      return true;
    }),
  );
}

function refuse(code: ExperimentCode, message: string): CodedError {
  return new CodedError(code, message);
}

function inputChanged(file: string): CodedError {
  return refuse(
    'EXPERIMENT_INPUT_CHANGED',
    `${file}, or a file it names, changed while the sweep went on: start it again`,
  );
}
