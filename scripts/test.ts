/**
 * `npm test`: every test project, without the suites whose server or browser this machine lacks; those are named,
 * with the command that runs them. The last line is the count. Arguments go on to vitest (paths, -t, …).
 *
 * Exit codes: 0 all passed, 1 something failed, 2 a name in SIDEREAL_TEST_REQUIRE is unknown.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  findCommand,
  guardedSuites,
  type Requirement,
  type RequirementName,
  requirements,
} from '../test/requirements.ts';
import {
  countTests,
  formatCount,
  formatSkip,
  parseRequired,
  planSkips,
  REQUIRE_VARIABLE,
  type SkippedSuite,
  type TestReport,
} from './testPlan.ts';

/** A server of this machine that has not answered by then does not, in ms. */
const ANSWER_MS_MAX = 2000;

const root = dirname(dirname(fileURLToPath(import.meta.url)));

async function main(): Promise<number> {
  const required = parseRequired(process.env[REQUIRE_VARIABLE], requirements);
  if (!required.ok) {
    process.stderr.write(`${required.message}\n`);
    return 2;
  }
  const available = new Set<RequirementName>();
  for (const requirement of requirements) if (await isAvailable(requirement)) available.add(requirement.name);
  const skipped = planSkips(guardedSuites, (name) => available.has(name), required.value);
  const { report, exitCode } = runVitest(skipped, process.argv.slice(2));
  for (const suite of skipped) process.stdout.write(`${formatSkip(suite)}\n`);
  const count = countTests(report, exitCode, skipped);
  process.stdout.write(`${formatCount(count)}\n`);
  return count.failed === 0 ? 0 : 1;
}

async function isAvailable(requirement: Requirement): Promise<boolean> {
  const { variable, port } = requirement;
  if ((process.env[variable] ?? '') !== '') return true;
  if (port !== undefined && (await answers(port))) return true;
  return findCommand(requirement, process.env) !== undefined;
}

/** Whether a server of this machine takes connections. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const end = (isThere: boolean): void => {
      socket.destroy();
      resolve(isThere);
    };
    socket.setTimeout(ANSWER_MS_MAX, () => end(false));
    socket.once('connect', () => end(true));
    socket.once('error', () => end(false));
  });
}

/** Runs vitest in a process of its own: its exit code then also covers what no reporter sees. */
function runVitest(
  skipped: readonly SkippedSuite[],
  passedOn: readonly string[],
): { readonly report: TestReport | undefined; readonly exitCode: number } {
  const folder = mkdtempSync(join(tmpdir(), 'sidereal-test-'));
  try {
    const reportFile = join(folder, 'report.json');
    const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
    const { status } = spawnSync(
      process.execPath,
      [
        vitest,
        'run',
        '--reporter=default',
        '--reporter=json',
        `--outputFile.json=${reportFile}`,
        ...skipped.map(({ file }) => `--exclude=${file}`),
        ...passedOn,
      ],
      { cwd: root, stdio: 'inherit' },
    );
    const report = existsSync(reportFile)
      ? (JSON.parse(readFileSync(reportFile, 'utf8')) as TestReport)
      : undefined;
    return { report, exitCode: status ?? 1 };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

process.exitCode = await main();
