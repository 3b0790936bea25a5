/** What a campaign consists of, and how one case is judged. A case is named by its scenario and seed alone. */
import { Random } from '../../consensus/primitives/random.ts';
import type { CryptoPolicy } from '../../consensus/primitives/signature.ts';
import { formatProblem } from '../../node/config/problem.ts';
import { loadScenario, parseScenario } from '../../node/scenario/loadScenario.ts';
import type { Scenario } from '../../node/scenario/types.ts';
import type { RunResult } from '../../node/simulation/result.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import { runJusticeSeed } from './justice.ts';
import { randomScenarioText } from './randomScenario.ts';

/** `random/<seed>`, `justice/<seed>`, or `<file>/<seed>` for a shipped scenario. */
export interface CampaignCase {
  readonly name: string;
}

export interface CaseOutcome extends CampaignCase {
  /** Empty when everything held. */
  readonly failures: readonly string[];
  readonly wallMs: number;
}

export interface CaseTools {
  readonly clock: () => number;
  /** Takes a line about each run; for a case that is looked at by hand. */
  readonly log?: (line: string) => void;
}

interface Variant {
  readonly crypto: CryptoPolicy;
  readonly sharedExecution: boolean;
}

/** What the second run of a case changes; none of it may change the result. */
const variants: readonly [Variant, ...Variant[]] = [
  { crypto: 'modelled', sharedExecution: false },
  { crypto: 'cached', sharedExecution: true },
  { crypto: 'modelled', sharedExecution: true },
  { crypto: 'full', sharedExecution: false },
];

const RANDOM_PREFIX = 'random/';
const JUSTICE_PREFIX = 'justice/';

export function listCases(options: {
  readonly files: readonly string[];
  readonly shippedSeeds: number;
  readonly randomCases: number;
  readonly justiceCases: number;
}): CampaignCase[] {
  const cases: CampaignCase[] = [];
  for (let seed = 1; seed <= options.shippedSeeds; seed += 1) {
    for (const file of options.files) cases.push({ name: `${file}/${seed}` });
  }
  for (let seed = 1; seed <= options.randomCases; seed += 1) cases.push({ name: `${RANDOM_PREFIX}${seed}` });
  for (let seed = 1; seed <= options.justiceCases; seed += 1)
    cases.push({ name: `${JUSTICE_PREFIX}${seed}` });
  return cases;
}

/** Runs a case, twice unless justice alone is asked for, and judges it. Never throws: what a run throws is a failure of the case. */
export function runCase(one: CampaignCase, tools: CaseTools): CaseOutcome {
  const startedMs = tools.clock();
  const failures: string[] = [];
  try {
    judgeCase(one.name, failures, tools);
  } catch (cause) {
    failures.push(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
  }
  return { name: one.name, failures, wallMs: tools.clock() - startedMs };
}

function judgeCase(name: string, failures: string[], tools: CaseTools): void {
  const seed = Number(name.slice(name.lastIndexOf('/') + 1));
  if (name.startsWith(JUSTICE_PREFIX)) {
    const { failures: found, duties, slashes, silentDuties } = runJusticeSeed(seed);
    failures.push(...found);
    tools.log?.(`${duties} duties, ${silentDuties} with a silent holder, ${slashes} slashes`);
    return;
  }
  const isRandom = name.startsWith(RANDOM_PREFIX);
  const parsed = isRandom
    ? parseScenario(randomScenarioText(seed), name, { seed })
    : loadScenario(name.slice(0, name.lastIndexOf('/')), { seed });
  if (!parsed.ok) {
    failures.push(...parsed.problems.map(formatProblem));
    return;
  }
  const { scenario } = parsed.value;
  const first = run(scenario, { crypto: 'modelled', sharedExecution: true }, tools);
  judgeResult(first, isRandom, failures);
  const variant = variants[new Random(`variant/${name}`).below(variants.length)] ?? variants[0];
  const second = run(scenario, variant, tools);
  if (JSON.stringify(first) !== JSON.stringify(second)) {
    const parts = Object.keys(first).filter((key) => textOf(first, key) !== textOf(second, key));
    failures.push(
      `two runs differ in ${parts.join(', ')}: trace ${first.trace_hash}, and ${second.trace_hash} with crypto ` +
        `${variant.crypto}, shared execution ${variant.sharedExecution}`,
    );
  }
}

function textOf(result: RunResult, key: string): string {
  return JSON.stringify(Object.entries(result).find(([name]) => name === key));
}

function run(scenario: Scenario, variant: Variant, tools: CaseTools): RunResult {
  const config = { ...scenario.config, simulation: { ...scenario.config.simulation, ...variant } };
  const result = runSimulation({ ...scenario, config });
  tools.log?.(
    `${variant.crypto}, shared execution ${variant.sharedExecution}: height ${result.finalized_height}, ` +
      `${result.batches.length} batches, ${result.slashes.length} slashes, trace ${result.trace_hash}`,
  );
  return result;
}

/** A random scenario expects nothing but the laws; a shipped one is judged on what it expects as well. */
function judgeResult(result: RunResult, isRandom: boolean, failures: string[]): void {
  failures.push(...result.errors);
  for (const { name, violations } of result.laws) {
    for (const violation of violations) failures.push(`${name}: ${violation}`);
  }
  if (isRandom) return;
  for (const { ok, text, detail } of result.expectations) if (!ok) failures.push(`${text}: ${detail}`);
}
