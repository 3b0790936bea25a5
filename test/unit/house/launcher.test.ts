import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const launcher = fileURLToPath(new URL('../../../bin/sidereal.js', import.meta.url));

describe('bin/sidereal.js', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sidereal-bin-'));
    cpSync(launcher, join(folder, 'bin/sidereal.js'));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  });

  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(folder, 'bin/sidereal.js'), ...args], { encoding: 'utf8' });

  it('says in one line what to run when nothing was built', () => {
    const { status, stdout, stderr } = run('--help');
    expect(status).toBe(3);
    expect(stdout).toBe('');
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
    expect(stderr).toContain('npm run build');
  });

  it('hands its arguments to the compiled command line and ends as that does', () => {
    mkdirSync(join(folder, 'dist/node/cli'), { recursive: true });
    writeFileSync(
      join(folder, 'dist/node/cli/main.js'),
      'process.stdout.write(process.argv.slice(2).join(" "));\nprocess.exitCode = 7;\n',
    );
    expect(run('run', 'a.yaml')).toMatchObject({ status: 7, stdout: 'run a.yaml', stderr: '' });
  });
});
