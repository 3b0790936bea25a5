/**
 * The pasted run of README.md and the sample of docs/results.md, from the command line itself. Reads the scenario
 * relative to the current folder, which npm scripts and tests start in: the root of the package.
 */
import { runCli } from '../../node/cli/program.ts';
import { type RunResult, runResultSchema } from '../../node/report/result.ts';
import type { Parts } from './markdown.ts';

export const SAMPLE_SCENARIO = 'scripts/scenarios/seed-timeline.yaml';

/** What the host took differs from run to run; two texts are compared with it masked. */
export function maskHostTime(text: string): string {
  return text.replace(/in [0-9.]+ m?s(, [0-9,]+ times real time)?; block/g, 'in … s; block');
}

export async function readmeParts(): Promise<Parts> {
  return { run: fence('console', `$ npx sidereal run ${SAMPLE_SCENARIO}\n${await run([])}`) };
}

/** A whole result with the second batch and most validators, laws and expectations left out. */
export async function resultSampleParts(): Promise<Parts> {
  const result: RunResult = runResultSchema.parse(JSON.parse(await run(['--json'])));
  const sample = {
    ...result,
    wall_ms: 0,
    batches: result.batches.slice(0, 1),
    windows: result.windows.slice(0, 1),
    validators: result.validators.slice(0, 1),
    verdicts: {
      ...result.verdicts,
      validators: result.verdicts.validators.slice(0, 1),
      deadlines: result.verdicts.deadlines.slice(0, 1),
      duties: result.verdicts.duties.slice(0, 1),
    },
    laws: result.laws.slice(0, 1),
    expectations: result.expectations.slice(0, 1),
  };
  return { sample: fence('json', JSON.stringify(sample, undefined, 2)) };
}

async function run(options: readonly string[]): Promise<string> {
  let output = '';
  let messages = '';
  const exitCode = await runCli(['run', SAMPLE_SCENARIO, ...options], {
    out: (text) => {
      output += text;
    },
    err: (text) => {
      messages += text;
    },
    environment: {},
    isOutTerminal: false,
    isErrTerminal: false,
    columns: 80,
    clock: () => performance.now(),
  });
  if (exitCode !== 0) throw new Error(`the sample run ended with ${exitCode}: ${messages}${output}`);
  return output.trimEnd();
}

function fence(language: string, text: string): string {
  return `\`\`\`${language}\n${text}\n\`\`\``;
}
