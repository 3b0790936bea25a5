/**
 * Runs shipped scenarios in processes of their own, twice under the Node that runs this and once under another major
 * version, and compares their trace hashes and state roots. The other Node is `SIDEREAL_OTHER_NODE`, or comes through npm
 * into a temporary folder; where neither works that part is skipped, with a line that says so.
 *
 *   npm run check:determinism              a choice of scenarios; others: -- a.yaml b.yaml
 *
 * Exit codes: 0 all equal, 1 something differs or a run failed.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { differencesOf, type Fingerprint } from './determinism/differences.ts';

const SCENARIOS = [
  'seed-timeline',
  'aave-flows',
  'crash-lose-disk',
  'slow-links-and-loss',
  'equivocation',
  'settlement-chain-reorg',
  'bursty-flows',
  'bursty-real-fees',
].map((name) => `scripts/scenarios/${name}.yaml`);
/** Most that one run or download may take, in ms. */
const TIMEOUT_MS = 300_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;
/** npm packages that hold nothing but a Node binary, pinned; the first of another major version is taken. */
const OTHER_VERSIONS = ['24.9.0', '20.19.5'];

const root = fileURLToPath(new URL('..', import.meta.url));

interface Runtime {
  readonly label: string;
  readonly binary: string;
}

function main(): number {
  const files = process.argv.length > 2 ? process.argv.slice(2) : SCENARIOS;
  const folder = mkdtempSync(join(tmpdir(), 'sidereal-node-'));
  try {
    const own = `Node ${process.version}`;
    const runtimes: Runtime[] = [
      { label: `${own}, first process`, binary: process.execPath },
      { label: `${own}, second process`, binary: process.execPath },
    ];
    const other = otherNode(folder);
    if (other !== undefined) runtimes.push(other);
    return compare(files, runtimes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function compare(files: readonly string[], runtimes: readonly Runtime[]): number {
  let differing = 0;
  for (const file of files) {
    const fingerprints = runtimes.map((runtime) => fingerprintOf(file, runtime));
    const differences = differencesOf(fingerprints);
    console.log(
      `${differences.length === 0 ? 'equal ' : 'DIFFER'} ${file} ${fingerprints[0]?.traceHash ?? ''}`,
    );
    for (const difference of differences) console.log(`       ${difference}`);
    if (differences.length > 0) differing += 1;
  }
  console.log(
    `${files.length - differing} of ${files.length} equal under ${runtimes.map(({ label }) => label).join('; ')}`,
  );
  return differing === 0 ? 0 : 1;
}

function fingerprintOf(file: string, { label, binary }: Runtime): Fingerprint {
  const { stdout, stderr, status, error } = spawnSync(
    binary,
    [join(root, 'bin', 'sidereal.js'), 'run', file, '--json'],
    { cwd: root, encoding: 'utf8', timeout: TIMEOUT_MS, maxBuffer: OUTPUT_BYTES_MAX },
  );
  if (error !== undefined || status !== 0) {
    const reason = error?.message ?? `exit code ${status}: ${stderr.slice(-400).trim()}`;
    return { label, traceHash: undefined, stateRoot: undefined, problem: reason };
  }
  const result = JSON.parse(stdout) as { readonly trace_hash: string; readonly state_root: string };
  return { label, traceHash: result.trace_hash, stateRoot: result.state_root, problem: undefined };
}

function otherNode(folder: string): Runtime | undefined {
  const given = process.env.SIDEREAL_OTHER_NODE;
  const binary = given ?? installedNode(folder);
  if (binary === undefined || !existsSync(binary)) {
    console.log('skipped: no other version of Node; set SIDEREAL_OTHER_NODE to the path of one');
    return undefined;
  }
  try {
    const version = execFileSync(binary, ['--version'], { encoding: 'utf8', timeout: TIMEOUT_MS }).trim();
    return { label: `Node ${version}`, binary };
  } catch (cause) {
    console.log(
      `skipped: ${binary} does not start: ${cause instanceof Error ? cause.message : String(cause)}`,
    );
    return undefined;
  }
}

/** Outside of this package, so that its lock file never knows. @returns Undefined where npm cannot fetch it. */
function installedNode(folder: string): string | undefined {
  const major = process.version.slice(1).split('.')[0];
  const version = OTHER_VERSIONS.find((one) => one.split('.')[0] !== major);
  const name = `node-${process.platform}-${process.arch}`;
  writeFileSync(join(folder, 'package.json'), '{}\n');
  const { status } = spawnSync(
    'npm',
    ['install', '--no-audit', '--no-fund', '--no-save', `${name}@${version}`],
    {
      cwd: folder,
      encoding: 'utf8',
      timeout: TIMEOUT_MS,
    },
  );
  if (status !== 0) console.log(`npm did not bring ${name}@${version}`);
  return status === 0 ? join(folder, 'node_modules', name, 'bin', 'node') : undefined;
}

process.exitCode = main();
