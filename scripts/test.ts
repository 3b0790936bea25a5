/**
 * `npm test`: every test project, without the suites whose server or browser this machine lacks; those are named,
 * with the command that runs them. The last line is the count. Arguments go on to vitest (paths, -t, …).
 *
 * Exit codes: 0 all passed, 1 something failed, 2 a name in SIDEREAL_TEST_REQUIRE is unknown.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { guardedSuites, type RequirementName, requirements } from '../test/requirements.ts';
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

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function main(): number {
  const required = parseRequired(process.env[REQUIRE_VARIABLE], requirements);
  if (!required.ok) {
    process.stderr.write(`${required.message}\n`);
    return 2;
  }
  const skipped = planSkips(guardedSuites, isAvailable, required.value);
  const { report, exitCode } = runVitest(skipped, process.argv.slice(2));
  for (const suite of skipped) process.stdout.write(`${formatSkip(suite)}\n`);
  const count = countTests(report, exitCode, skipped);
  process.stdout.write(`${formatCount(count)}\n`);
  return count.failed === 0 ? 0 : 1;
}

function isAvailable(name: RequirementName): boolean {
  const requirement = requirements.find((candidate) => candidate.name === name);
  if (requirement === undefined) return false;
  if ((process.env[requirement.variable] ?? '') !== '') return true;
  const folders = [join(root, 'node_modules', '.bin'), ...(process.env.PATH ?? '').split(delimiter)];
  return requirement.commands.some((command) => folders.some((folder) => existsSync(join(folder, command))));
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

process.exitCode = main();
