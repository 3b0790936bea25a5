/**
 * The long checks: many seeds of the shipped scenarios and of random fault scenarios, against every law, each run twice
 * under different crypto policies and with shared execution on and off. Every case has a name that reproduces it:
 *
 *   npm run campaign -- --share 10%            a fixed tenth of the cases
 *   npm run campaign -- --case random/123      one case, with its scenario printed
 */
import { readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { isMainThread, parentPort, Worker } from 'node:worker_threads';
import { type CampaignCase, type CaseOutcome, listCases, runCase } from './campaign/cases.ts';
import { justiceScenario } from './campaign/justice.ts';
import { randomScenarioText } from './campaign/randomScenario.ts';

/** Seeds of each shipped scenario, and random scenarios, in a full campaign: about 20 minutes on 2 cores. */
const SHIPPED_SEEDS = 40;
const RANDOM_CASES = 4000;
/** Seeds in which nobody but the silent may be slashed: ten minutes of one core. */
const JUSTICE_CASES = 10_000;
const SCENARIO_FOLDER = 'scripts/scenarios';
/** A day: one run of it takes as long as hundreds of the others. */
const LONG_SCENARIO = 'day-with-faults.yaml';
/** Time between two progress lines, in ms. */
const PROGRESS_MS = 5000;
/** A case that takes longer than this many ms of host time is reported beside its outcome. */
const SLOW_CASE_MS = 60_000;

/** A worker thread does not inherit the loader for TypeScript on Node 20, so it starts by registering it. */
const workerStart = `
  import('tsx/esm/api').then(({ register }) => {
    register();
    return import(${JSON.stringify(import.meta.url)});
  });
`;

interface CampaignOptions {
  readonly share: number;
  readonly workers: number;
  readonly only: string | undefined;
}

const USAGE = `npm run campaign -- [options]
  --share <p%>    run a fixed share of the cases (default 100%)
  --workers <n>   threads (default: one for each core)
  --case <name>   run one case
  --help          show this`;

/** The options; undefined when only help was asked for. @throws {TypeError | RangeError} For arguments that do not fit. */
function readOptions(): CampaignOptions | undefined {
  const { values } = parseArgs({
    options: {
      share: { type: 'string', default: '100%' },
      workers: { type: 'string', default: String(availableParallelism()) },
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
  return { share: Number(share) / 100, workers, only: values.case };
}

function allCases(): CampaignCase[] {
  const files = readdirSync(SCENARIO_FOLDER)
    .filter((name) => name.endsWith('.yaml') && name !== LONG_SCENARIO)
    .sort()
    .map((name) => `${SCENARIO_FOLDER}/${name}`);
  return listCases({
    files,
    shippedSeeds: SHIPPED_SEEDS,
    randomCases: RANDOM_CASES,
    justiceCases: JUSTICE_CASES,
  });
}

/** The first of every 1/share cases, so a share is a fixed subset that holds every kind. */
function selectShare(cases: readonly CampaignCase[], share: number): CampaignCase[] {
  return cases.filter((_, index) => Math.floor((index + 1) * share) > Math.floor(index * share));
}

function reproduction({ name }: CampaignCase): string {
  return `npm run campaign -- --case ${name}`;
}

/** Runs cases on worker threads, each taking the next as it gets free. */
async function runAll(
  cases: readonly CampaignCase[],
  workerCount: number,
  done: (outcome: CaseOutcome) => void,
): Promise<void> {
  let next = 0;
  const take = (): CampaignCase | undefined => {
    const taken = cases[next];
    next += 1;
    return taken;
  };
  await Promise.all(
    Array.from({ length: Math.min(workerCount, cases.length) }, () => runOnWorker(take, done)),
  );
}

function runOnWorker(
  take: () => CampaignCase | undefined,
  done: (outcome: CaseOutcome) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(workerStart, { eval: true });
    const give = (): void => {
      const one = take();
      if (one === undefined) void worker.terminate().then(() => resolve(), reject);
      else worker.postMessage(one);
    };
    worker.on('message', (outcome: CaseOutcome) => {
      done(outcome);
      give();
    });
    worker.on('error', reject);
    give();
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
  const cases = selectShare(allCases(), options.share);
  console.log(`campaign: ${cases.length} cases on ${options.workers} workers`);
  let passed = 0;
  let failed = 0;
  let reportedMs = performance.now();
  const startedMs = reportedMs;
  await runAll(cases, options.workers, (outcome) => {
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
  console.log(`${passed} passed, ${failed} failed`);
  process.exitCode = failed === 0 ? 0 : 1;
}

function runOne(name: string): void {
  const one: CampaignCase = { name };
  if (name.startsWith('justice/')) console.log(justiceScenario(Number(name.slice('justice/'.length))).text);
  if (name.startsWith('random/')) console.log(randomScenarioText(Number(name.slice('random/'.length))));
  const { failures } = runCase(one, { clock: () => performance.now(), log: (line) => console.log(line) });
  for (const failure of failures) console.log(`FAILED ${name}: ${failure}`);
  console.log(failures.length === 0 ? '1 passed, 0 failed' : '0 passed, 1 failed');
  process.exitCode = failures.length === 0 ? 0 : 1;
}

if (isMainThread) await main();
else {
  parentPort?.on('message', (one: CampaignCase) => {
    parentPort?.postMessage(runCase(one, { clock: () => performance.now() }));
  });
}
