import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  countTests,
  formatCount,
  formatSkip,
  parseRequired,
  planSkips,
  type TestReport,
} from '../../../scripts/testPlan.ts';
import { findCommand, guardedSuites, type RequirementName, requirements } from '../../requirements.ts';

const suites = [
  { file: 'test/contract/queuePostgres.test.ts', needs: ['postgres'] },
  { file: 'test/e2e/dashboard.test.ts', needs: ['chromium', 'redis'] },
] as const;
const none: ReadonlySet<RequirementName> = new Set();
const without =
  (...missing: RequirementName[]) =>
  (name: RequirementName) =>
    !missing.includes(name);

describe('parseRequired', () => {
  it('reads names between commas', () => {
    expect(parseRequired('postgres, redis,', requirements)).toEqual({
      ok: true,
      value: new Set(['postgres', 'redis']),
    });
    expect(parseRequired(undefined, requirements)).toEqual({ ok: true, value: none });
    expect(parseRequired('', requirements)).toEqual({ ok: true, value: none });
  });

  it('refuses a name it does not know, and says which there are', () => {
    const verdict = parseRequired('postgres,postgre', requirements);
    expect(verdict).toMatchObject({ ok: false, code: 'TEST_REQUIREMENT_UNKNOWN' });
    expect(verdict.ok ? '' : verdict.message).toContain(
      '"postgre" is none of postgres, redis, anvil, chromium',
    );
  });
});

describe('planSkips', () => {
  it('skips nothing on a machine that has everything', () => {
    expect(planSkips(suites, () => true, new Set(['postgres']))).toEqual([]);
  });

  it('skips what lacks something and names what is missing', () => {
    expect(planSkips(suites, without('chromium'), none)).toEqual([
      { file: 'test/e2e/dashboard.test.ts', missing: ['chromium'], isFailure: false },
    ]);
  });

  it('makes a skip a failure only for what was demanded', () => {
    const plan = planSkips(suites, without('postgres', 'chromium', 'redis'), new Set(['redis', 'anvil']));
    expect(plan.map(({ isFailure }) => isFailure)).toEqual([false, true]);
  });
});

describe('formatSkip', () => {
  it('gives the command that runs the suite', () => {
    const skip = { file: 'test/e2e/a.test.ts', missing: ['redis', 'anvil'], isFailure: false } as const;
    expect(formatSkip(skip)).toBe(
      'skipped: test/e2e/a.test.ts needs redis, anvil; run it with: npx vitest run test/e2e/a.test.ts',
    );
    expect(formatSkip({ ...skip, isFailure: true })).toMatch(/^FAILED .*required/);
  });
});

describe('countTests', () => {
  const report = (over: Partial<TestReport>): TestReport => ({
    numPassedTests: 5,
    numFailedTests: 0,
    testResults: [{ name: 'a', status: 'passed', assertionResults: [{ status: 'passed' }] }],
    ...over,
  });

  it('takes over what vitest counted', () => {
    expect(countTests(report({}), 0, [])).toEqual({ passed: 5, failed: 0 });
    const oneFailed = report({
      numFailedTests: 1,
      testResults: [{ name: 'a', status: 'failed', assertionResults: [{ status: 'failed' }] }],
    });
    expect(countTests(oneFailed, 1, [])).toEqual({ passed: 5, failed: 1 });
  });

  it('counts a file that did not load', () => {
    const broken = report({ testResults: [{ name: 'a', status: 'failed', assertionResults: [] }] });
    expect(countTests(broken, 1, [])).toEqual({ passed: 5, failed: 1 });
  });

  it('never calls a failed run passed', () => {
    expect(countTests(report({}), 1, [])).toEqual({ passed: 5, failed: 1 });
    expect(countTests(undefined, 1, [])).toEqual({ passed: 0, failed: 1 });
  });

  it('adds demanded suites that were skipped', () => {
    const skipped = planSkips(suites, () => false, new Set(['postgres']));
    expect(countTests(report({}), 0, skipped)).toEqual({ passed: 5, failed: 1 });
  });
});

describe('formatCount', () => {
  it('is the line other tools read', () => {
    expect(formatCount({ passed: 12, failed: 0 })).toBe('12 passed, 0 failed');
  });
});

describe('findCommand', () => {
  it('takes the variable, then the path, then the newest version', () => {
    const folder = mkdtempSync(join(tmpdir(), 'sidereal-commands-'));
    try {
      for (const place of ['path', 'versions/9/bin', 'versions/15/bin']) {
        mkdirSync(join(folder, place), { recursive: true });
        writeFileSync(join(folder, place, 'no-such-server'), '');
      }
      const wanted = { name: 'postgres-server', variable: 'SERVER', commands: ['no-such-server'] } as const;
      const versions = join(folder, 'versions');
      const path = join(folder, 'path');
      const find = (environment: NodeJS.ProcessEnv, known = { ...wanted, versions }) =>
        findCommand(known, environment);
      expect(find({ SERVER: '/elsewhere', PATH: path })).toBe('/elsewhere');
      expect(find({ SERVER: '', PATH: path })).toBe(join(path, 'no-such-server'));
      expect(find({})).toBe(join(versions, '15/bin/no-such-server'));
      expect(find({}, { ...wanted, versions: join(folder, 'none') })).toBeUndefined();
      expect(findCommand(wanted, {})).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the table of requirements', () => {
  const root = new URL('../../../', import.meta.url);

  it('names files that exist', () => {
    for (const { file, needs } of guardedSuites) {
      expect(existsSync(new URL(file, root)), file).toBe(true);
      expect(needs.length).toBeGreaterThan(0);
    }
  });

  it('has each name and variable once', () => {
    expect(new Set(requirements.map(({ name }) => name)).size).toBe(requirements.length);
    expect(new Set(requirements.map(({ variable }) => variable)).size).toBe(requirements.length);
  });

  it('is what CONTRIBUTING.md tells people', () => {
    const text = readFileSync(new URL('CONTRIBUTING.md', root), 'utf8');
    for (const { name, variable } of requirements) {
      expect(text).toContain(name);
      expect(text).toContain(variable);
    }
  });
});
