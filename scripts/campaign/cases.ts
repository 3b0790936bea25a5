/** What a campaign consists of, and how one case is judged. A case is named by its scenario and seed alone. */
import { Random } from '../../consensus/primitives/random.ts';
import type { CryptoPolicy } from '../../consensus/primitives/signature.ts';
import { formatProblem } from '../../node/config/problem.ts';
import type { RunResult } from '../../node/report/result.ts';
import { loadScenario } from '../../node/scenario/loadScenario.ts';
import type { Scenario } from '../../node/scenario/types.ts';
import type { Coverage } from '../../node/simulation/fuzz/coverage.ts';
import { defaultDrawOptions } from '../../node/simulation/fuzz/draw.ts';
import { findDifference } from '../../node/simulation/fuzz/judge.ts';
import { runSeed } from '../../node/simulation/fuzz/seedRun.ts';
import { runSimulation } from '../../node/simulation/run.ts';
import { runJusticeSeed } from './justice.ts';
import { ledgerCaseKinds, runLedgerCase } from './ledger/ledgerCases.ts';

/** `fuzz/<seed>`, `justice/<seed>`, those of ledger/ledgerCases.ts, or `<file>/<seed>` for a shipped scenario. */
export interface CampaignCase {
  readonly name: string;
}

export interface CaseOutcome extends CampaignCase {
  /** Empty when everything held. */
  readonly failures: readonly string[];
  /** What a seed of the fuzzer has been through. */
  readonly coverage: Coverage | undefined;
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

const FUZZ_PREFIX = 'fuzz/';
const JUSTICE_PREFIX = 'justice/';

export function listCases(options: {
  readonly files: readonly string[];
  readonly shippedSeeds: number;
  readonly fuzzCases: number;
  readonly justiceCases: number;
  /** Cases of each kind of ledger/ledgerCases.ts. */
  readonly ledgerCases: number;
}): CampaignCase[] {
  const cases: CampaignCase[] = [];
  for (let seed = 1; seed <= options.shippedSeeds; seed += 1) {
    for (const file of options.files) cases.push({ name: `${file}/${seed}` });
  }
  for (let seed = 1; seed <= options.fuzzCases; seed += 1) cases.push({ name: `${FUZZ_PREFIX}${seed}` });
  for (let seed = 1; seed <= options.justiceCases; seed += 1)
    cases.push({ name: `${JUSTICE_PREFIX}${seed}` });
  for (let seed = 1; seed <= options.ledgerCases; seed += 1) {
    for (const kind of ledgerCaseKinds) cases.push({ name: `${kind}/${seed}` });
  }
  return cases;
}

/** Runs and judges a case. Never throws: what a run throws is a failure of the case. */
export function runCase(one: CampaignCase, tools: CaseTools): CaseOutcome {
  const startedMs = tools.clock();
  const failures: string[] = [];
  let coverage: Coverage | undefined;
  try {
    if (one.name.startsWith(FUZZ_PREFIX)) coverage = judgeFuzzed(one.name, failures, tools);
    else judgeCase(one.name, failures, tools);
  } catch (cause) {
    failures.push(cause instanceof Error ? (cause.stack ?? cause.message) : String(cause));
  }
  return { name: one.name, failures, coverage, wallMs: tools.clock() - startedMs };
}

/** A seed of the fuzzer; shrinking one that fails is left to `sidereal fuzz`. */
function judgeFuzzed(name: string, failures: string[], tools: CaseTools): Coverage {
  const seed = Number(name.slice(FUZZ_PREFIX.length));
  const outcome = runSeed({ seed, draw: defaultDrawOptions, shrinkAttemptsMax: 0 });
  for (const { law, text } of outcome.failures) failures.push(`${law}: ${text}`);
  if (outcome.failures.length > 0) failures.push(`shrink it: npx sidereal fuzz --from ${seed} --seeds 1`);
  tools.log?.(JSON.stringify(outcome.coverage));
  return outcome.coverage;
}

function judgeCase(name: string, failures: string[], tools: CaseTools): void {
  const seed = Number(name.slice(name.lastIndexOf('/') + 1));
  if (name.startsWith(JUSTICE_PREFIX)) {
    const { failures: found, duties, slashes, silentDuties } = runJusticeSeed(seed);
    failures.push(...found);
    tools.log?.(`${duties} duties, ${silentDuties} with a silent holder, ${slashes} slashes`);
    return;
  }
  const ledger = runLedgerCase(name);
  if (ledger !== undefined) {
    failures.push(...ledger.failures);
    for (const [what, count] of ledger.counts) tools.log?.(`${count} ${what}`);
    return;
  }
  const parsed = loadScenario(name.slice(0, name.lastIndexOf('/')), { seed });
  if (!parsed.ok) {
    failures.push(...parsed.problems.map(formatProblem));
    return;
  }
  const { scenario } = parsed.value;
  const first = run(scenario, { crypto: 'modelled', sharedExecution: true }, tools);
  judgeResult(first, failures);
  const variant = variants[new Random(`variant/${name}`).below(variants.length)] ?? variants[0];
  const second = run(scenario, variant, tools);
  const difference = findDifference(first, second);
  if (difference !== undefined) {
    failures.push(
      `two runs differ: with crypto ${variant.crypto}, shared execution ${variant.sharedExecution}, ${difference}`,
    );
  }
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

/** A shipped scenario is judged by the laws and on what it expects. */
function judgeResult(result: RunResult, failures: string[]): void {
  failures.push(...result.errors);
  for (const { name, violations } of result.laws) {
    for (const violation of violations) failures.push(`${name}: ${violation}`);
  }
  for (const { ok, text, detail } of result.expectations) if (!ok) failures.push(`${text}: ${detail}`);
}
