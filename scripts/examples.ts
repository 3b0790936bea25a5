/**
 * `npm run examples`: writes the reports below docs/examples anew; with `-- --check` compares instead, and fails where a
 * byte differs. A report depends on every line of the simulation, so who changes what a run does writes them anew.
 *
 * Exit codes: 0 written or equal, 1 a report differs or a sweep failed.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

interface Example {
  /** Where the report is kept, from the root of the package. */
  readonly file: string;
  /** Of `sidereal`, without `--out`: as the report itself says. */
  readonly command: readonly string[];
}

const examples: readonly Example[] = [
  {
    file: 'docs/examples/aave/report.html',
    command: ['bench', 'scripts/scenarios/choosing-n-aave.yaml', '--batch-sizes', '1-20', '--seeds', '30'],
  },
];

const root = dirname(dirname(fileURLToPath(import.meta.url)));

function main(): number {
  const { values } = parseArgs({ options: { check: { type: 'boolean', default: false } } });
  const outcomes = examples.map((example) => remake(example, values.check));
  return outcomes.every((isGood) => isGood) ? 0 : 1;
}

/** @returns Whether all is well. */
function remake({ file, command }: Example, isCheck: boolean): boolean {
  const out = mkdtempSync(join(tmpdir(), 'sidereal-example-'));
  try {
    const { status } = spawnSync(process.execPath, ['bin/sidereal.js', ...command, '--out', out], {
      cwd: root,
      env: { PATH: process.env.PATH },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    if (status !== 0) return say(`${file}: npx sidereal ${command.join(' ')} failed`, false);
    const made = join(out, 'report.html');
    const kept = join(root, file);
    if (!isCheck) {
      mkdirSync(dirname(kept), { recursive: true });
      copyFileSync(made, kept);
      return say(`wrote ${file}`, true);
    }
    const isEqual = existsSync(kept) && readFileSync(kept).equals(readFileSync(made));
    return isEqual
      ? say(`${file} is what its command writes`, true)
      : say(`${file} is not what its command writes: run npm run examples, and look at what changed`, false);
  } finally {
    rmSync(out, { recursive: true, force: true });
  }
}

function say(line: string, isGood: boolean): boolean {
  (isGood ? process.stdout : process.stderr).write(`${line}\n`);
  return isGood;
}

process.exitCode = main();
