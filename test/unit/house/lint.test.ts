import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

/** One file in a small tree under this repository's own lint rules. */
interface Fixture {
  readonly file: string;
  readonly code: string;
  /** Start of the message, or name of the rule, that the linter must give for it; undefined: nothing to say. */
  readonly complaint: string | undefined;
}

const root = fileURLToPath(new URL('../../../', import.meta.url));
const pure = 'Not here: this room must give the same result';
const draws = 'Not here: draws come from the seeded generator';
const locale = "Not here: the result depends on the machine's locale";
const plainBytes = 'Not here: bytes are Uint8Array';
const oneWay = 'Imports point one way';
const noNode = 'consensus and settlement are pure code';
const floors = 'Floors of settlement';
const bothEngines = 'What drives and judges a run serves both engines';
const onlyQueue = 'Only node/experiment/queue/bullQueue.ts imports the job queue';
const worlds = 'node/runtime and node/simulation are two worlds';
const pages = 'A page is a function of results';
const plots = 'Only node/page/chart.ts imports the plotting library';

let nextFile = 0;
const fixture = (folder: string, code: string, complaint?: string): Fixture => {
  nextFile += 1;
  return { file: `${folder}/fixture${nextFile}.ts`, code, complaint };
};
const importing = (folder: string, specifier: string, complaint?: string): Fixture =>
  fixture(folder, `import { thing } from '${specifier}';\n\nexport const other = thing;\n`, complaint);

const impure: readonly (readonly [string, string])[] = [
  ['export const now = Date.now();\n', pure],
  ['export const now = new Date();\n', pure],
  ['export const now = performance.now();\n', pure],
  ['export const draw = Math.random();\n', draws],
  ["export const draw = Math['random']();\n", draws],
  ['const { random } = Math;\n\nexport const draw = random();\n', draws],
  ['setTimeout(() => undefined, 1);\n', pure],
  ['export const wait = setInterval;\n', pure],
  ['setImmediate(() => undefined);\n', pure],
  ['queueMicrotask(() => undefined);\n', pure],
  ['export const home = process.env.HOME;\n', pure],
  ['export const now = globalThis.Date.now();\n', pure],
  ["export const order = 'a'.localeCompare('b');\n", locale],
  ['export const text = (1).toLocaleString();\n', locale],
  ["export const text = 'I'.toLocaleLowerCase();\n", locale],
  ['export const format = new Intl.NumberFormat();\n', pure],
];
const pureRooms = [
  'consensus/simplex',
  'consensus/primitives',
  'settlement/net',
  'node/core',
  'node/experiment',
  'node/experiment/queue',
  'node/laws',
  'node/page',
  'node/report',
  'node/timeline',
  'node/simulation',
];

const fixtures: readonly Fixture[] = [
  ...pureRooms.flatMap((room) => impure.map(([code, complaint]) => fixture(room, code, complaint))),
  ...['node/runtime', 'node/cli', 'scripts', 'test/unit'].flatMap((room) => [
    fixture(room, 'export const now = Date.now() + Math.random();\n'),
  ]),
  {
    file: 'node/experiment/queue/pace.ts',
    code: 'export const now = performance.now();\n',
    complaint: undefined,
  },

  ...[
    'consensus',
    'consensus/simplex',
    'settlement/ledger',
    'node/core',
    'node/laws',
    'node/page',
    'node/report',
    'node/timeline',
    'node/simulation',
  ].map((room) => fixture(room, 'export const bytes = Buffer.alloc(1);\n', plainBytes)),
  fixture('consensus/primitives', 'export const bytes = Buffer.alloc(1);\n'),

  importing('consensus/simplex', '../../settlement/state.ts', oneWay),
  importing('consensus', '../node/core/types.ts', oneWay),
  importing('consensus', 'node:crypto', noNode),
  importing('consensus/primitives', 'node:crypto'),
  importing('consensus/primitives', '../../settlement/state.ts', oneWay),
  importing('consensus/primitives', '../vote.ts', 'primitives stand below'),
  importing('consensus/simplex', '../vote.ts'),
  importing('settlement/net', '../../consensus/vote.ts'),
  importing('settlement/net', '../../node/core/types.ts', oneWay),
  importing('settlement/execution', 'node:fs', noNode),
  importing('settlement/net', '../ledger/types.ts', floors),
  importing('settlement/ledger', '../net/types.ts', floors),
  importing('settlement/net', '../state.ts'),
  importing('settlement', './net/types.ts', floors),
  importing('settlement/atomic', '../ledger/types.ts'),
  importing('settlement/atomic', '../net/types.ts', floors),
  importing('settlement/chain', '../net/types.ts'),
  importing('settlement/bridge', '../atomic/types.ts'),
  importing('settlement/bridge', '../chain/codes.ts', floors),
  importing('settlement/atomic', '../bridge/types.ts', floors),
  importing('settlement/input', '../atomic/types.ts'),
  importing('settlement/input', '../execution/genesis.ts', floors),
  importing('settlement/atomic', '../input/types.ts', floors),
  importing('settlement/execution', '../input/types.ts'),
  importing('settlement/chain', '../ledger/types.ts', floors),
  importing('settlement/execution', '../ledger/types.ts'),
  importing('settlement/ledger', '../execution/genesis.ts', floors),
  importing('node/core', '../../settlement/state.ts'),
  importing('node/core', '../simulation/disk.ts', 'node/core is a deterministic state machine'),
  importing('node/core', 'node:fs', 'node/core is a deterministic state machine'),
  importing('node/core', '../../test/helpers/network.ts', oneWay),
  importing('node/cli', '../../scripts/campaign.ts', oneWay),
  importing('node/simulation', '../runtime/clock.ts', worlds),
  importing('node/runtime', '../simulation/disk.ts', worlds),
  ...['node/laws', 'node/report', 'node/timeline'].flatMap((room) => [
    importing(room, '../simulation/disk.ts', bothEngines),
    importing(room, '../runtime/clock.ts', bothEngines),
    importing(room, '../devnet/description.ts', bothEngines),
  ]),
  ...['../simulation/disk.ts', '../runtime/clock.ts', '../devnet/description.ts'].map((file) =>
    importing('node/replay', file, 'Recording and replaying serve both engines'),
  ),
  ...['../simulation/run.ts', '../runtime/clock.ts', '../devnet/description.ts', '../cli/program.ts'].map(
    (file) => importing('node/page', file, pages),
  ),
  importing('node/page', '../experiment/results.ts'),
  ...['node/page', 'node/page/charts', 'node/cli', 'node/experiment', 'node/report', 'node/api'].map((room) =>
    importing(room, 'echarts/core', plots),
  ),
  importing('node/replay', 'node:fs'),
  importing('node/runtime', 'libp2p'),
  importing('node/runtime', '@libp2p/tcp'),
  importing('node/runtime', 'level'),
  importing('node/devnet', 'libp2p', 'Only node/runtime imports libp2p'),
  importing('node/batcher', '@libp2p/tcp', 'Only node/runtime imports libp2p'),
  importing('node/batcher', 'level'),
  importing('node/api', 'level', 'Only node/runtime imports level'),
  importing('node/api', 'fastify'),
  importing('node/batcher', 'fastify', 'Only node/api imports the HTTP framework'),
  importing('node/runtime', '@fastify/cors', 'Only node/api imports the HTTP framework'),
  ...['node/core', 'node/runtime', 'node/simulation', 'node/report', 'node/replay', 'node/api'].map((room) =>
    importing(room, 'bullmq', onlyQueue),
  ),
  ...['bullmq', 'ioredis', 'pg'].flatMap((name) => [
    importing('node/experiment/queue', name, onlyQueue),
    importing('node/batcher/storage', name, onlyQueue),
  ]),
  ...['postgresLink', 'redisLink'].map((name) => ({
    file: `node/batcher/storage/${name}.ts`,
    code: "import { thing } from 'ioredis';\n\nexport const load = () => [thing, import('pg')];\n",
    complaint: undefined,
  })),
  {
    file: 'node/autobatch/database/psqlDatabase.ts',
    code: "export const load = () => import('pg');\n",
    complaint: undefined,
  },
  importing('node/autobatch', 'pg', onlyQueue),
  fixture('node/cli', "export const load = () => import('bullmq');\n", onlyQueue),
  {
    file: 'node/experiment/queue/bullQueue.ts',
    code: "import { thing } from 'bullmq';\n\nexport const load = () => [thing, import('bullmq')];\n",
    complaint: undefined,
  },

  fixture('node/runtime', 'export async function work() {}\n\nwork();\n', 'lint/nursery/noFloatingPromises'),
  fixture('node/config', 'export const any = (value: any) => value;\n', 'lint/suspicious/noExplicitAny'),
  fixture(
    'node/config',
    'export const first = (list: string[]) => list[0]!;\n',
    'lint/style/noNonNullAssertion',
  ),
  fixture('node/config', 'export default 1;\n', 'lint/style/noDefaultExport'),
  fixture('node/config', 'export enum Kind {\n  One,\n}\n', 'lint/style/noEnum'),
  fixture('node/config', "export * from './other.ts';\n", 'lint/performance/noReExportAll'),
  fixture(
    'node/config',
    "import { other } from './other';\n\nexport const it = other;\n",
    'lint/correctness/useImportExtensions',
  ),
  { file: 'node/config/other.ts', code: 'export const other = 1;\n', complaint: undefined },
  {
    file: 'settlement/ledger/cycleA.ts',
    code: "import { b } from './cycleB.ts';\n\nexport const a = () => b;\n",
    complaint: 'lint/suspicious/noImportCycles',
  },
  {
    file: 'settlement/ledger/cycleB.ts',
    code: "import { a } from './cycleA.ts';\n\nexport const b = () => a;\n",
    complaint: 'lint/suspicious/noImportCycles',
  },
];

/** Rule names and messages by file. */
let complaints: ReadonlyMap<string, readonly string[]>;
let folder: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidereal-lint-'));
  cpSync(join(root, 'biome.json'), join(folder, 'biome.json'));
  cpSync(join(root, 'scripts/lint'), join(folder, 'scripts/lint'), { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{ "type": "module" }\n');
  for (const { file, code } of fixtures) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    writeFileSync(join(folder, file), code);
  }
  const biome = createRequire(import.meta.url).resolve('@biomejs/biome/bin/biome');
  const args = ['lint', '--vcs-enabled=false', '--reporter=json', '--max-diagnostics=none', '.'];
  const { stdout } = spawnSync(process.execPath, [biome, ...args], { cwd: folder, encoding: 'utf8' });
  const report = JSON.parse(stdout) as {
    readonly diagnostics: readonly {
      readonly category: string;
      readonly severity: string;
      readonly message: string;
      readonly location: { readonly path: string };
    }[];
  };
  const found = new Map<string, string[]>();
  for (const { category, severity, message, location } of report.diagnostics) {
    if (severity !== 'error') continue;
    const list = found.get(location.path) ?? [];
    list.push(category === 'plugin' || category === 'lint/style/noRestrictedImports' ? message : category);
    found.set(location.path, list);
  }
  complaints = found;
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('lint rules', () => {
  it.each(fixtures.filter(({ complaint }) => complaint !== undefined))(
    'refuse $file: $code',
    ({ file, complaint }) => {
      const given = complaints.get(file) ?? [];
      expect(
        given.some((text) => text.startsWith(complaint ?? '')),
        given.join('\n'),
      ).toBe(true);
    },
  );

  it.each(fixtures.filter(({ complaint }) => complaint === undefined))('allow $file: $code', ({ file }) => {
    expect(complaints.get(file) ?? []).toEqual([]);
  });
});
