/** Runs scenario text in the simulation, and keeps every event beside the result. */
import { formatProblem } from '../../node/config/problem.ts';
import type { RunResult } from '../../node/report/result.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import type { Scenario } from '../../node/scenario/types.ts';
import { runSimulation } from '../../node/simulation/run.ts';

export type TraceEvent = Readonly<Record<string, unknown>> & { readonly t: number; readonly type: string };

export interface ScenarioRun {
  readonly result: RunResult;
  readonly events: readonly TraceEvent[];
}

/** @throws {Error} with every problem of the text. */
export function scenarioOf(text: string): Scenario {
  const parsed = parseScenario(text, 'test.yaml');
  if (!parsed.ok) throw new Error(parsed.problems.map(formatProblem).join('\n'));
  return parsed.value.scenario;
}

/** @param simulation - Replaces keys of `config.simulation`. */
export function runScenario(
  text: string,
  simulation: Partial<Scenario['config']['simulation']> = {},
): ScenarioRun {
  const scenario = scenarioOf(text);
  const events: TraceEvent[] = [];
  const config = { ...scenario.config, simulation: { ...scenario.config.simulation, ...simulation } };
  const result = runSimulation(
    { ...scenario, config },
    { onEvent: (line) => events.push(JSON.parse(line) as TraceEvent) },
  );
  return { result, events };
}

/** Violations of every law, with the law's name. */
export function violationsOf(result: RunResult): string[] {
  return result.laws.flatMap(({ name, violations }) =>
    violations.map((violation) => `${name}: ${violation}`),
  );
}
