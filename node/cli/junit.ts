/** JUnit XML: one suite a scenario, one case for each expectation, each law, and the run itself. */
import type { RunResult } from '../report/result.ts';

interface Case {
  readonly name: string;
  readonly className: string;
  readonly failure: string | undefined;
}

/** Renders results for continuous integration. Times are seconds of the host. */
export function renderJunit(results: readonly RunResult[]): string {
  const suites = results.map((result) => {
    const cases = casesOf(result);
    const failures = cases.filter(({ failure }) => failure !== undefined).length;
    const lines = cases.map(({ name, className, failure }) => {
      const open = `    <testcase name="${escapeXml(name)}" classname="${escapeXml(className)}"`;
      if (failure === undefined) return `${open}/>`;
      return `${open}>\n      <failure message="${escapeXml(failure)}"/>\n    </testcase>`;
    });
    const time = (result.wall_ms / 1000).toFixed(3);
    const head = `  <testsuite name="${escapeXml(result.scenario)}" tests="${cases.length}" failures="${failures}" time="${time}">`;
    return [head, ...lines, '  </testsuite>'].join('\n');
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', '<testsuites>', ...suites, '</testsuites>', ''].join(
    '\n',
  );
}

function casesOf(result: RunResult): Case[] {
  const { scenario } = result;
  const run: Case = {
    name: 'run completes',
    className: `${scenario}.run`,
    failure: result.errors.length === 0 ? undefined : result.errors.join('; '),
  };
  const expectations = result.expectations.map(({ text, ok, detail }) => ({
    name: text,
    className: `${scenario}.expectations`,
    failure: ok ? undefined : detail || 'does not hold',
  }));
  const laws = result.laws.map(({ name, violations }) => ({
    name,
    className: `${scenario}.laws`,
    failure: violations.length === 0 ? undefined : violations.slice(0, 5).join('; '),
  }));
  return [run, ...expectations, ...laws];
}

function escapeXml(text: string): string {
  return text
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd]/g, '?')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;')
    .replace(/\n/g, '&#10;');
}
