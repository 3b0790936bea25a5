/** Runs a network in which some nodes are dishonest, and says what honest eyes may see of it. */

import type { RunResult } from '../../node/report/result.ts';
import type { ByzantineBehaviour, Scenario, TimelineEvent } from '../../node/scenario/types.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import { scenarioOf, type TraceEvent } from './runScenario.ts';

export interface DishonestRun {
  readonly result: RunResult;
  readonly events: readonly TraceEvent[];
}

export interface DishonestOptions {
  readonly validators: number;
  readonly seed: number;
  /** By node; from 3 s on to the end of the run, unless `fromMs` and `untilMs` say otherwise. */
  readonly behaviours: Readonly<Record<string, readonly ByzantineBehaviour[]>>;
  readonly durationMs: number;
  readonly fromMs?: number;
  readonly untilMs?: number;
  /** More events of the timeline. */
  readonly timeline?: readonly TimelineEvent[];
  readonly allowUnsafe?: boolean;
  readonly simulation?: Partial<Scenario['config']['simulation']>;
  /** Lines of YAML on the top level. */
  readonly settings?: string;
}

/** When dishonesty begins unless told, in ms: the first blocks are made in peace. */
const STARTS_MS = 3000;

export function runDishonest(options: DishonestOptions): DishonestRun {
  const { validators, seed, behaviours, durationMs, fromMs = STARTS_MS, untilMs, timeline = [] } = options;
  const scenario = scenarioOf(`
name: dishonesty
seed: ${seed}
duration: ${durationMs}ms
config: { validators: { count: ${validators} }, settlement: { batch_size: 5 } }
workload: { uniform: { transactions_per_block: 2 } }
${options.settings ?? ''}
`);
  const faults: TimelineEvent[] = Object.entries(behaviours).map(([node, types]) => ({
    at: { timeMs: fromMs },
    forMs: untilMs === undefined ? undefined : untilMs - fromMs,
    transactions: [],
    faults: types.map((type) => ({ type, node })),
    line: 1,
  }));
  const { config } = scenario;
  const events: TraceEvent[] = [];
  const result = runSimulation(
    {
      ...scenario,
      allowUnsafe: options.allowUnsafe ?? false,
      config: { ...config, simulation: { ...config.simulation, ...options.simulation } },
      timeline: [...faults, ...timeline],
    },
    { onEvent: (line) => events.push(JSON.parse(line) as TraceEvent) },
  );
  return { result, events };
}
