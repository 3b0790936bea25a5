/**
 * The long checks: seeds of the fuzzer and of justice, and the shipped scenarios over many seeds, against every law, and
 * sequences, bytes and requests against those of the ledger. Shipped scenarios and a share of the fuzzed ones run twice, under
 * different crypto policies and sharing. Every case has a name that reproduces it:
 *
 *   npm run campaign -- --share 10%            a fixed tenth of the cases
 *   npm run campaign -- --fresh 20             and seeds of the fuzzer that nobody has run before
 *   npm run campaign -- --case fuzz/123        one case, with its scenario printed
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort } from 'node:worker_threads';
import { runWorkerPool } from '../node/cli/workerPool.ts';
import { addCoverage, findMissed, NIGHTLY_SEEDS } from '../node/simulation/fuzz/coverage.ts';
import { drawScenario } from '../node/simulation/fuzz/draw.ts';
import { writeScenario } from '../node/simulation/fuzz/writeScenario.ts';
import { type CampaignCase, type CaseOutcome, listCases, runCase } from './campaign/cases.ts';
import { justiceScenario } from './campaign/justice.ts';

/** Seeds of each shipped scenario, and of the fuzzer, in a full campaign. */
const SHIPPED_SEEDS = 20;
const FUZZ_CASES = 2000;
/** Fresh seeds start here at the earliest, far from the fixed ones; which they are follows from the clock. */
const FRESH_SEED_MIN = 1_000_000;
/** Seeds in which nobody but the silent may be slashed: ten minutes of one core. */
const JUSTICE_CASES = 10_000;
/** Of each kind of check of the ledger: 125,000 changed transactions, 50,000 bodies and 25,000 scenarios among them. */
const LEDGER_CASES = 250;
const SCENARIO_FOLDER = 'scripts/scenarios';
/** A day: one run of it takes as long as hundreds of the others. */
const LONG_SCENARIO = 'day-with-faults.yaml';
/** Time between two progress lines, in ms. */
const PROGRESS_MS = 5000;
/** A case that takes longer than this many ms of host time is reported beside its outcome. */
const SLOW_CASE_MS = 60_000;

/** Silence after which a thread counts as stuck, in ms: several times the longest case. */
const SILENCE_MS_MAX = 600_000;

interface CampaignOptions {
  readonly share: number;
  readonly workers: number;
  readonly only: string | undefined;
  /** Seeds of the fuzzer beside the fixed cases. */
  readonly fresh: number;
}

const USAGE = `npm run campaign -- [options]
  --share <p%>    run a fixed share of the cases (default 100%)
  --workers <n>   threads (default: one for each core)
  --fresh <n>     run n more seeds of the fuzzer, from the clock; the first one is printed (default 0)
  --case <name>   run one case
  --help          show this`;

/** The options; undefined when only help was asked for. @throws {TypeError | RangeError} For arguments that do not fit. */
function readOptions(): CampaignOptions | undefined {
  const { values } = parseArgs({
    options: {
      share: { type: 'string', default: '100%' },
      workers: { type: 'string', default: String(availableParallelism()) },
      fresh: { type: 'string', default: '0' },
      case: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return undefined;
  const share = /^(\d+(?:\.\d+)?)%$/.exec(values.share)?.[1];
  const workers = Number(values.workers);
  if (share === undefined || Number(share) <= 0 || Number(share) > 100) {
    throw new RangeError(`--share takes a percentage such as 10%, got ${values.share}`);
  }
  if (!Number.isInteger(workers) || workers < 1) {
    throw new RangeError(`--workers takes a whole number from 1, got ${values.workers}`);
  }
  const fresh = Number(values.fresh);
  if (!Number.isInteger(fresh) || fresh < 0) {
    throw new RangeError(`--fresh takes a whole number from 0, got ${values.fresh}`);
  }
  return { share: Number(share) / 100, workers, only: values.case, fresh };
}

function allCases(): CampaignCase[] {
  const files = readdirSync(SCENARIO_FOLDER)
    .filter((name) => name.endsWith('.yaml') && name !== LONG_SCENARIO)
    .sort()
    .map((name) => `${SCENARIO_FOLDER}/${name}`);
  return listCases({
    files,
    shippedSeeds: SHIPPED_SEEDS,
    fuzzCases: FUZZ_CASES,
    justiceCases: JUSTICE_CASES,
    ledgerCases: LEDGER_CASES,
  });
}

/** The first of every 1/share cases, so a share is a fixed subset that holds every kind. */
function selectShare(cases: readonly CampaignCase[], share: number): CampaignCase[] {
  return cases.filter((_, index) => Math.floor((index + 1) * share) > Math.floor(index * share));
}

function reproduction({ name }: CampaignCase): string {
  return `npm run campaign -- --case ${name}`;
}

/** Runs cases on worker threads, each taking the next as it gets free; a thread that dies fails its case. */
async function runAll(
  cases: readonly CampaignCase[],
  workerCount: number,
  done: (outcome: CaseOutcome) => void,
): Promise<void> {
  let next = 0;
  await runWorkerPool<CampaignCase, CaseOutcome>({
    module: new URL(import.meta.url),
    workerCount: Math.min(workerCount, cases.length),
    silenceMsMax: SILENCE_MS_MAX,
    next: () => {
      const taken = cases[next];
      next += 1;
      return taken;
    },
    done,
    lost: ({ name }, reason) => done({ name, failures: [reason], coverage: undefined, wallMs: 0 }),
  });
}

async function main(): Promise<void> {
  let options: CampaignOptions | undefined;
  try {
    options = readOptions();
  } catch (cause) {
    console.error(`${(cause as Error).message.split('\n')[0]} (see --help)`);
    process.exitCode = 2;
    return;
  }
  if (options === undefined) {
    console.log(USAGE);
    return;
  }
  if (options.only !== undefined) {
    runOne(options.only);
    return;
  }
  const cases = [...selectShare(allCases(), options.share), ...freshCases(options.fresh)];
  console.log(`campaign: ${cases.length} cases on ${options.workers} workers`);
  const coverage: Record<string, number> = {};
  let fuzzed = 0;
  let passed = 0;
  let failed = 0;
  let reportedMs = performance.now();
  const startedMs = reportedMs;
  await runAll(cases, options.workers, (outcome) => {
    if (outcome.coverage !== undefined) {
      fuzzed += 1;
      addCoverage(coverage, outcome.coverage);
    }
    if (outcome.failures.length === 0) passed += 1;
    else {
      failed += 1;
      console.log(`FAILED ${outcome.name}: ${outcome.failures.join('; ')}\n  ${reproduction(outcome)}`);
    }
    if (outcome.wallMs > SLOW_CASE_MS)
      console.log(`slow: ${outcome.name} took ${Math.round(outcome.wallMs)} ms`);
    const nowMs = performance.now();
    if (nowMs - reportedMs < PROGRESS_MS) return;
    reportedMs = nowMs;
    const seconds = Math.round((nowMs - startedMs) / 1000);
    console.log(`${passed + failed} of ${cases.length} after ${seconds} s, ${failed} failed`);
  });
  for (const name of fuzzed >= NIGHTLY_SEEDS ? findMissed(coverage) : []) {
    failed += 1;
    console.log(`FAILED coverage: ${fuzzed} seeds of the fuzzer never hit ${name}`);
  }
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

/** Seeds that follow from the clock; they are printed, so that anybody can run them again. */
function freshCases(count: number): CampaignCase[] {
  if (count === 0) return [];
  const from = FRESH_SEED_MIN + (Date.now() % 1_000_000_000);
  console.log(`fresh seeds: npx sidereal fuzz --from ${from} --seeds ${count}`);
  return Array.from({ length: count }, (_, index) => ({ name: `fuzz/${from + index}` }));
}

function runOne(name: string): void {
  const one: CampaignCase = { name };
  if (name.startsWith('justice/')) console.log(justiceScenario(Number(name.slice('justice/'.length))).text);
  if (name.startsWith('fuzz/')) console.log(writeScenario(drawScenario(Number(name.slice('fuzz/'.length)))));
  const { failures } = runCase(one, { clock: () => performance.now(), log: (line) => console.log(line) });
  for (const failure of failures) console.log(`FAILED ${name}: ${failure}`);
  console.log(failures.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
  process.exitCode = failures.length === 0 ? 0 : 1;
}

if (isMainThread) await main();
else {
  parentPort?.on('message', (one: CampaignCase) => {
    const outcome = runCase(one, { clock: () => performance.now() });
    parentPort?.postMessage({ type: 'done', outcome });
  });
}
