/** Which suites `npm test` leaves out and whether that is allowed, and the count it ends with. Pure; test.ts acts on it. */
import { accept, refuse, type Verdict } from '../consensus/primitives/codedError.ts';
import type { GuardedSuite, Requirement, RequirementName } from '../test/requirements.ts';

/** Names requirements that must be there, separated by commas: a suite skipped for one of them is a failure. */
export const REQUIRE_VARIABLE = 'SIDEREAL_TEST_REQUIRE';

export interface SkippedSuite {
  readonly file: string;
  readonly missing: readonly RequirementName[];
  /** The skip counts as a failure, because a missing requirement was demanded. */
  readonly isFailure: boolean;
}

/** What vitest's JSON report says, as far as the count needs it. */
export interface TestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

export interface TestCount {
  readonly passed: number;
  readonly failed: number;
}

/**
 * Reads the names in `SIDEREAL_TEST_REQUIRE`.
 * @param text - The variable; undefined or empty demands nothing.
 */
export function parseRequired(
  text: string | undefined,
  known: readonly Requirement[],
): Verdict<ReadonlySet<RequirementName>, 'TEST_REQUIREMENT_UNKNOWN'> {
  const required = new Set<RequirementName>();
  const names = (text ?? '').split(',').map((name) => name.trim());
  for (const name of names.filter((part) => part !== '')) {
    const requirement = known.find((candidate) => candidate.name === name);
    if (requirement === undefined) {
      const choices = known.map((candidate) => candidate.name).join(', ');
      return refuse('TEST_REQUIREMENT_UNKNOWN', `${REQUIRE_VARIABLE}: "${name}" is none of ${choices}`);
    }
    required.add(requirement.name);
  }
  return accept(required);
}

/** Finds the suites that lack something, in table order. */
export function planSkips(
  suites: readonly GuardedSuite[],
  isAvailable: (name: RequirementName) => boolean,
  required: ReadonlySet<RequirementName>,
): readonly SkippedSuite[] {
  const skipped: SkippedSuite[] = [];
  for (const { file, needs } of suites) {
    const missing = needs.filter((name) => !isAvailable(name));
    if (missing.length > 0) {
      skipped.push({ file, missing, isFailure: missing.some((name) => required.has(name)) });
    }
  }
  return skipped;
}

/** One line about a skipped suite, with the command that runs it once the machine has what it needs. */
export function formatSkip({ file, missing, isFailure }: SkippedSuite): string {
  const verb = isFailure ? 'FAILED (required, but skipped)' : 'skipped';
  return `${verb}: ${file} needs ${missing.join(', ')}; run it with: npx vitest run ${file}`;
}

/**
 * Counts tests over a report. A file that failed without a failed test (it did not load, or a hook threw) counts as
 * one failure, and so does a run that vitest calls failed for no reason the report shows.
 * @param exitCode - Of vitest.
 */
export function countTests(
  report: TestReport | undefined,
  exitCode: number,
  skipped: readonly SkippedSuite[],
): TestCount {
  const passed = report?.numPassedTests ?? 0;
  let failed = report?.numFailedTests ?? 0;
  for (const { status, assertionResults } of report?.testResults ?? []) {
    if (status === 'failed' && !assertionResults.some((result) => result.status === 'failed')) failed += 1;
  }
  if (exitCode !== 0 && failed === 0) failed = 1;
  return { passed, failed: failed + skipped.filter(({ isFailure }) => isFailure).length };
}

/** The last line of a run; other tools read it. */
export function formatCount({ passed, failed }: TestCount): string {
  return `${passed} passed, ${failed} failed`;
}
