/**
 * Requests as scenarios hold them, changed, through the reader and, where it takes them, through a whole run: problems with
 * codes of the table, or a run in which every law holds. Nothing throws.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';
import { configCodes } from '../../../node/config/codes.ts';
import { scenarioCodes } from '../../../node/scenario/codes.ts';
import { parseScenario } from '../../../node/scenario/loadScenario.ts';
import { runSimulation } from '../../../node/simulation/run.ts';
import type { CaseReport, Choices } from './ledgerWorld.ts';
import { mutateJson } from './mutateJson.ts';
import { scenarioSeed } from './requestSeeds.ts';

const readerCodes: ReadonlySet<string> = new Set([
  ...Object.keys(scenarioCodes),
  ...Object.keys(configCodes),
]);
/** Longest run of a scenario that was taken, in ms of virtual time: a changed duration may be a century. */
const DURATION_MS_MAX = 13_000;

export function fuzzRequests(choices: Choices, caseCount: number): CaseReport {
  const failures: string[] = [];
  const counts = new Map<string, number>();
  const note = (depth: string): void => void counts.set(depth, (counts.get(depth) ?? 0) + 1);
  for (let index = 0; index < caseCount && failures.length === 0; index += 1) {
    const text = mutateJson(scenarioSeed, choices);
    try {
      judge(text, note);
    } catch (cause) {
      const reason = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      failures.push(`case ${index}, ${text.slice(0, 4000)}: ${reason}`);
    }
  }
  return { failures, counts };
}

function judge(text: string, note: (depth: string) => void): void {
  const parsed = parseScenario(text, 'fuzz.yaml');
  if (!parsed.ok) {
    assert(parsed.problems.length > 0, 'refused without a reason');
    for (const { code, message } of parsed.problems) {
      assert(readerCodes.has(code), `the code ${code} is not in the tables`);
      assert(message.length > 0, `${code} says nothing`);
    }
    note(`refused ${parsed.problems[0]?.code}`);
    return;
  }
  const { scenario } = parsed.value;
  const durationMs = Math.min(scenario.durationMs, DURATION_MS_MAX);
  const { laws } = runSimulation({ ...scenario, durationMs });
  const broken = laws.flatMap(({ name, violations }) =>
    violations.map((violation) => `${name}: ${violation}`),
  );
  assert(broken.length === 0, broken.join('; '));
  note('ran');
}
