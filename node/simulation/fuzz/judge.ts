/**
 * Runs one fuzzed scenario and says what it broke: a law, an expectation, the run itself, or repeatability. What a run
 * throws is a failure like any other, and so is one that never ends.
 */
import { Random } from '../../../consensus/primitives/random.ts';
import type { CryptoPolicy } from '../../../consensus/primitives/signature.ts';
import type { RunResult } from '../../report/result.ts';
import type { Scenario } from '../../scenario/types.ts';
import { runSimulation } from '../run.ts';
import { type Coverage, CoverageCounter } from './coverage.ts';

export interface Failure {
  /**
   * The law by its name in result.json, or `expectation`; `error`: the run went wrong, such as an honest node that was
   * rejected; `exception`: something was thrown; `determinism`: two runs differ; `events`: it would not end.
   */
  readonly law: string;
  readonly text: string;
}

export interface Judgement {
  /** Empty when everything held. */
  readonly failures: readonly Failure[];
  readonly coverage: Coverage;
  readonly result: RunResult | undefined;
}

/** Runs a scenario; planted bugs put a network of their own in its place. */
export type Judge = (scenario: Scenario) => Judgement;

/** Reports of progress after which a run counts as endless; each stands for 65,536 events, a usual run has fewer. */
const PROGRESS_MAX = 400;
/** Most characters shown of what differs: proofs run to many thousands. */
const SHOWN_MAX = 200;
/** Share of seeds that run a second time under other settings. */
const REPEATED_SHARE = 0.1;

interface Engine {
  readonly crypto: CryptoPolicy;
  readonly sharedExecution: boolean;
}

const engines: readonly [Engine, ...Engine[]] = [
  { crypto: 'modelled', sharedExecution: false },
  { crypto: 'cached', sharedExecution: true },
  { crypto: 'cached', sharedExecution: false },
  { crypto: 'modelled', sharedExecution: true },
];

class EndlessRun extends Error {}

/** Runs a scenario once against all laws. */
export function judgeScenario(scenario: Scenario): Judgement {
  const counter = new CoverageCounter();
  let reports = 0;
  try {
    const result = runSimulation(scenario, {
      onEvent: (line) => counter.line(line),
      onProgress: (virtualMs) => {
        reports += 1;
        if (reports > PROGRESS_MAX) throw new EndlessRun(`too many events by ${virtualMs} ms`);
      },
    });
    countResult(counter, result);
    return { failures: failuresOf(result), coverage: counter.counts, result };
  } catch (cause) {
    const text = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
    const law = cause instanceof EndlessRun ? 'events' : 'exception';
    return { failures: [{ law, text }], coverage: counter.counts, result: undefined };
  }
}

/** Like `judgeScenario`; a share of seeds, the same ones always, runs again under other settings and must not differ. */
export function judgeRepeated(scenario: Scenario): Judgement {
  const first = judgeScenario(scenario);
  const random = new Random(`fuzz/${scenario.seed}/repeat`);
  if (first.result === undefined || !random.chance(REPEATED_SHARE)) return first;
  const engine = engines[random.below(engines.length)] ?? engines[0];
  const second = judgeScenario(withEngine(scenario, engine));
  const difference = findDifference(first.result, second.result);
  if (difference === undefined) return first;
  const { crypto, sharedExecution } = scenario.config.simulation;
  const text =
    `${difference} under crypto ${engine.crypto}, shared execution ${engine.sharedExecution}, not as under ` +
    `crypto ${crypto}, shared execution ${sharedExecution}`;
  return { ...first, failures: [...first.failures, { law: 'determinism', text }, ...second.failures] };
}

/** Changes how a scenario is run; never what happens in it. */
export function withEngine(scenario: Scenario, engine: Engine): Scenario {
  const { config } = scenario;
  return { ...scenario, config: { ...config, simulation: { ...config.simulation, ...engine } } };
}

/** Says in what two runs of one scenario differ, or nothing when they are equal. */
export function findDifference(first: RunResult, second: RunResult | undefined): string | undefined {
  if (second === undefined) return 'the run breaks';
  for (const [key, value] of Object.entries(first)) {
    const other = Object.entries(second).find(([name]) => name === key)?.[1];
    const text = textOf(other);
    if (textOf(value) === text) continue;
    return `${key} is ${text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text}`;
  }
  return undefined;
}

/** Without the certificates and evidence of proofs: signatures are all that may differ between crypto policies. */
function textOf(value: unknown): string {
  return JSON.stringify(value, (key, item) => (key === 'certificate' || key === 'evidence' ? null : item));
}

function failuresOf(result: RunResult): Failure[] {
  const failures: Failure[] = [];
  for (const { name, violations } of result.laws) {
    for (const text of violations) failures.push({ law: name, text });
  }
  for (const { wrongful, validator, batch, attempt, height } of result.verdicts.slashes) {
    if (!wrongful) continue;
    const text = `height ${height}: ${validator} slashed for batch ${batch}, attempt ${attempt}, though nothing kept it from settling`;
    failures.push({ law: 'justice', text });
  }
  for (const text of result.errors) failures.push({ law: 'error', text });
  for (const { ok, text, detail } of result.expectations) {
    if (!ok) failures.push({ law: 'expectation', text: `${text}: ${detail}` });
  }
  return failures;
}

function countResult(counter: CoverageCounter, { batches, transactions }: RunResult): void {
  for (const { attempts } of batches) {
    for (const { outcome, revert_code: code } of attempts) {
      if (outcome === 'superseded') counter.count('batch_superseded');
      if (code !== undefined) counter.count(`reverted.${code}`);
    }
  }
  for (const [code, count] of Object.entries(transactions.failed)) counter.count(`failed.${code}`, count);
}
