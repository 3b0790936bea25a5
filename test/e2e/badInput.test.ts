import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { parse, stringify } from 'yaml';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { findFreePorts } from '../../node/devnet/ports.ts';
import { LevelStore } from '../../node/runtime/levelStore.ts';
import { deriveKeyHolder } from '../../node/scenario/genesis.ts';
import { chainIdOf } from '../../settlement/execution/genesisState.ts';
import { CliProcess } from '../helpers/cliProcess.ts';
import { waitUntil } from '../helpers/waitUntil.ts';

const holders = [0, 1].map((index) => deriveKeyHolder(7, `validator/node-${index}`));

/** A network of two validators of which one machine's files are here: `node.yaml`, `chain.yaml`, a key, stores that were used. */
let folder = '';
let ports = { api: 0, p2p: 0, chain: 0 };
const closers: (() => unknown)[] = [];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sidereal-bad-'));
  const free = await findFreePorts('127.0.0.1', 2);
  ports = { api: free.api[0] ?? 0, p2p: free.p2p[0] ?? 0, chain: free.settlement };
  const common = {
    chain: { id: 'bad-input', genesis_ms: 1_767_225_600_000 },
    validators: holders.map(({ address }, index) => ({ name: `node-${index}`, public_key: address })),
    settlement_chain: { urls: [`http://127.0.0.1:${ports.chain}`] },
  };
  writeFileSync(join(folder, 'validator.key'), `${toHex(holders[0]?.secretKey ?? new Uint8Array())}\n`);
  writeFileSync(join(folder, 'other.key'), `${toHex(holders[1]?.secretKey ?? new Uint8Array())}\n`);
  writeFileSync(join(folder, 'bad.key'), 'not a key\n');
  const write = (name: string, own: object): void =>
    writeFileSync(join(folder, name), stringify({ ...common, ...own }));
  write('node.yaml', {
    node: { name: 'node-0', key_file: 'validator.key' },
    p2p: { listen: `/ip4/127.0.0.1/tcp/${ports.p2p}` },
    api: { port: ports.api },
    storage: { path: 'node' },
    log: { file: 'node.log' },
  });
  write('chain.yaml', { api: { port: ports.chain }, storage: { path: 'chain' } });
  for (const name of ['node', 'chain']) {
    const process = new CliProcess([name, '--config', join(folder, `${name}.yaml`)]);
    await waitUntil(() => process.err.includes('is up'));
    expect(await process.stop()).toEqual({ code: 0, signal: null });
  }
});

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Every file under the folder with its content. */
function contentOf(path = folder): Readonly<Record<string, string>> {
  return Object.fromEntries(
    readdirSync(path, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      // A process that closes a locked file loses its lock on it: the file is empty, and not to be opened.
      .map((file) => [file, file.endsWith('/LOCK') ? '' : readFileSync(file).toString('hex')]),
  );
}

async function squat(port: number): Promise<void> {
  const server: Server = createServer();
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
}

/** Has the store of a process open, as another process would. */
async function hold(name: string): Promise<void> {
  const store = await LevelStore.open({
    directory: join(folder, name, 'store'),
    chainId: chainIdOf('bad-input'),
  });
  closers.push(() => store.close());
}

/** Puts something else in the place of a file for the time of one test. */
function replace(path: string, change: (text: string) => string): void {
  const text = readFileSync(join(folder, path), 'utf8');
  writeFileSync(join(folder, path), change(text));
  closers.push(() => writeFileSync(join(folder, path), text));
}

/** Starts the settlement chain of this network with another configuration, and an empty disk. */
async function startOtherChain(set: string): Promise<void> {
  const other = join(folder, 'other-chain');
  mkdirSync(other);
  const chain = new CliProcess([
    'chain',
    '--config',
    join(folder, 'chain.yaml'),
    '--set',
    `storage.path=${other}`,
    '--set',
    set,
  ]);
  closers.push(async () => {
    await chain.stop();
    rmSync(other, { recursive: true });
  });
  await waitUntil(() => chain.err.includes('is up'));
}

interface Row {
  readonly name: string;
  readonly command: 'node' | 'chain';
  readonly set?: () => readonly string[];
  readonly before?: () => void | Promise<void>;
  readonly code: string;
  readonly exit: 2 | 3;
  readonly says: () => string;
}

const isRoot = process.getuid?.() === 0;

const rows: readonly Row[] = [
  {
    name: 'a taken HTTP port',
    command: 'node',
    before: () => squat(ports.api),
    code: 'API_PORT_TAKEN',
    exit: 3,
    says: () => `127.0.0.1:${ports.api} is in use: stop the other program, or choose another`,
  },
  {
    name: 'a taken p2p port',
    command: 'node',
    before: () => squat(ports.p2p),
    code: 'P2P_LISTEN_FAILED',
    exit: 3,
    says: () => `/tcp/${ports.p2p}: it is in use; choose a free port under p2p.listen`,
  },
  {
    name: 'one port for both',
    command: 'node',
    set: () => [`api.port=${ports.p2p}`],
    code: 'P2P_LISTEN_FAILED',
    exit: 3,
    says: () => `/tcp/${ports.p2p}: it is in use`,
  },
  {
    name: 'a taken port of the settlement chain',
    command: 'chain',
    before: () => squat(ports.chain),
    code: 'SETTLEMENT_LISTEN_FAILED',
    exit: 3,
    says: () => `127.0.0.1:${ports.chain} is in use: stop the other program, or choose another`,
  },
  {
    name: 'an address of another machine',
    command: 'node',
    set: () => ['api.host=203.0.113.1'],
    code: 'API_LISTEN_FAILED',
    exit: 3,
    says: () => 'correct api.host',
  },
  ...(['node', 'chain'] as const).flatMap((command): Row[] => [
    {
      name: `a data directory of the ${command} that is a file`,
      command,
      set: () => ['storage.path=validator.key'],
      code: 'STORE_UNREADABLE',
      exit: 3,
      says: () => 'check the path and its permissions',
    },
    {
      name: `a store of the ${command} that another process has open`,
      command,
      before: () => hold(command),
      code: 'STORE_LOCKED',
      exit: 3,
      says: () => 'is in use by another process: stop that process, or choose another data directory',
    },
    {
      name: `a store of the ${command} that is another chain’s`,
      command,
      set: () => ['chain.id=another'],
      code: 'STORE_OTHER_CHAIN',
      exit: 3,
      says: () => 'correct chain.id',
    },
    {
      name: `a store of the ${command} in a format of another version`,
      command,
      before: () =>
        replace(`${command}/store/store.json`, (text) => text.replace('"version":1', '"version":99')),
      code: 'STORE_VERSION',
      exit: 3,
      says: () => 'is in store format 99, this program reads 1: use the program that wrote it',
    },
    {
      name: `a damaged store of the ${command}`,
      command,
      before: () => replace(`${command}/store/store.json`, () => '{'),
      code: 'STORE_UNREADABLE',
      exit: 3,
      says: () => 'for a damaged one see docs/machines.md',
    },
  ]),
  {
    name: 'a settlement chain of another genesis',
    command: 'node',
    before: () => startOtherChain('settlement_chain.gas_limit=9000000'),
    code: 'SETTLEMENT_OTHER_CHAIN',
    exit: 3,
    says: () => `http://127.0.0.1:${ports.chain}`,
  },
  {
    name: 'a settlement chain of another chain id',
    command: 'node',
    before: () => startOtherChain('chain.id=another'),
    code: 'SETTLEMENT_OTHER_CHAIN',
    exit: 3,
    says: () => `http://127.0.0.1:${ports.chain}`,
  },
  {
    name: 'a log that cannot be written',
    command: 'node',
    set: () => ['log.file=validator.key/node.log'],
    code: 'LOG_UNWRITABLE',
    exit: 3,
    says: () => 'choose another',
  },
  {
    name: 'a key file that is not there',
    command: 'node',
    set: () => ['node.key_file=nothing.key'],
    code: 'KEY_FILE_INVALID',
    exit: 2,
    says: () => 'nothing.key: no such file; make one with `npx sidereal keys',
  },
  {
    name: 'a key file that holds none',
    command: 'node',
    set: () => ['node.key_file=bad.key'],
    code: 'KEY_FILE_INVALID',
    exit: 2,
    says: () => 'expected 0x and 64 lower-case hex digits',
  },
  {
    name: 'the key of another validator',
    command: 'node',
    set: () => ['node.key_file=other.key'],
    code: 'NODE_KEY_OTHER',
    exit: 2,
    says: () => 'correct node.key_file or node.name',
  },
  {
    name: 'no key at all',
    command: 'node',
    set: () => ['node.key_file=""'],
    code: 'CONFIG_KEY_NEEDED',
    exit: 2,
    says: () => 'node.key_file: expected',
  },
  {
    name: 'no genesis instant',
    command: 'chain',
    set: () => ['chain.genesis_ms=null'],
    code: 'CONFIG_KEY_NEEDED',
    exit: 2,
    says: () => 'chain.genesis_ms: expected',
  },
  {
    name: 'no settlement chain',
    command: 'node',
    set: () => ['settlement_chain.urls=[]'],
    code: 'CONFIG_KEY_NEEDED',
    exit: 2,
    says: () => 'settlement_chain.urls: expected',
  },
  {
    name: 'an address of the settlement chain that is none',
    command: 'node',
    set: () => ['settlement_chain.urls=[10.0.0.9]'],
    code: 'CONFIG_RULE_BROKEN',
    exit: 2,
    says: () => 'expected an address such as http://10.0.0.9:5400',
  },
  {
    name: 'a validator without a key',
    command: 'chain',
    set: () => ['validators=[{ name: node-0 }]'],
    code: 'VALIDATOR_KEY_MISSING',
    exit: 2,
    says: () => 'npx sidereal keys',
  },
  {
    name: 'a name that is no validator’s',
    command: 'node',
    set: () => ['node.name=node-9'],
    code: 'NODE_NOT_VALIDATOR',
    exit: 2,
    says: () => 'node.name: expected one of the validators (node-0, node-1), got "node-9"',
  },
  {
    name: 'an address to listen on that is none',
    command: 'node',
    set: () => ['p2p.listen=/dns4/node-0/tcp/6400'],
    code: 'P2P_ADDRESS_INVALID',
    exit: 2,
    says: () => 'p2p.listen: expected /ip4/<address>/tcp/<port>',
  },
  {
    name: 'an address of a peer that is none',
    command: 'node',
    set: () => ['p2p.bootstrap=[node-1:6400]'],
    code: 'P2P_ADDRESS_INVALID',
    exit: 2,
    says: () => 'p2p.bootstrap: expected /ip4/<address>/tcp/<port>',
  },
  {
    name: 'an identity of a peer that is none',
    command: 'node',
    set: () => ['p2p.bootstrap=[/dns4/node-1/tcp/6400/p2p/12D3KooX]'],
    code: 'P2P_ADDRESS_INVALID',
    exit: 2,
    says: () => 'p2p.bootstrap: expected',
  },
];

describe('a process that cannot run', () => {
  it.each(rows)('says so in one line and changes nothing: $name', async (row) => {
    await row.before?.();
    const before = contentOf();
    const set = (row.set?.() ?? []).flatMap((setting) => ['--set', setting]);
    const process = new CliProcess([row.command, '--config', join(folder, `${row.command}.yaml`), ...set]);
    closers.push(() => process.stop('SIGKILL'));
    const { code } = await process.ended;
    expect(process.err).toContain(row.says());
    expect(process.err).toMatch(new RegExp(`^[^\\n]+ \\[${row.code}\\]\\n$`));
    expect(process.out).toBe('');
    expect(code).toBe(row.exit);
    // LevelDB begins its notes anew before it looks for the lock; the rows are another thing.
    const isNote = (file: string): boolean => row.code === 'STORE_LOCKED' && /\/LOG(\.old)?$/.test(file);
    const kept = (content: Readonly<Record<string, string>>) =>
      Object.entries(content).filter(([file]) => !isNote(file));
    expect(kept(contentOf())).toEqual(kept(before));
  });

  it.skipIf(isRoot)('says so in one line: a data directory without permission', async () => {
    const closed = join(folder, 'closed');
    mkdirSync(closed, { mode: 0o000 });
    const process = new CliProcess([
      'node',
      '--config',
      join(folder, 'node.yaml'),
      '--set',
      `storage.path=${closed}`,
    ]);
    expect(await process.ended).toMatchObject({ code: 3 });
    expect(process.err).toMatch(/^[^\n]+ \[STORE_UNREADABLE\]\n$/);
    chmodSync(closed, 0o700);
    rmSync(closed, { recursive: true });
  });
});

describe('a node and its surroundings', () => {
  const start = (set: readonly string[] = []): CliProcess => {
    const process = new CliProcess([
      'node',
      '--config',
      join(folder, 'node.yaml'),
      ...set.flatMap((setting) => ['--set', setting]),
    ]);
    closers.push(() => process.stop('SIGKILL'));
    return process;
  };

  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s ends it in good order', async (signal) => {
    const node = start();
    await waitUntil(() => node.err.includes('is up'));
    expect(await node.stop(signal)).toEqual({ code: 0, signal: null });
  });

  it('ends in good order when told to while it starts', async () => {
    rmSync(join(folder, 'node.log'));
    const node = start();
    // The log is opened once signals are heeded, and long before the node is up.
    await waitUntil(() => existsSync(join(folder, 'node.log')));
    expect(await node.stop()).toEqual({ code: 0, signal: null });
    expect(readFileSync(join(folder, 'node.log'), 'utf8')).toContain('"message":"stopped"');
  });

  it.skipIf(!existsSync('/dev/full'))(
    'goes on without its log when the disk of the log is full',
    async () => {
      const node = start(['log.file=/dev/full']);
      await waitUntil(() => node.err.includes('is up'));
      expect(node.err).toContain('node-0 goes on without its log, which cannot be written: ENOSPC');
      expect(node.err.match(/without its log/g)).toHaveLength(1);
      expect(await node.stop()).toEqual({ code: 0, signal: null });
    },
  );

  it('goes on when nobody reads its standard output', async () => {
    const node = start(['log.file=""', 'log.level=debug']);
    node.child.stdout?.destroy();
    await waitUntil(() => node.err.includes('is up'));
    const live = await fetch(`http://127.0.0.1:${ports.api}/health/live`);
    expect(await live.json()).toEqual({ status: 'ok' });
    expect(await node.stop()).toEqual({ code: 0, signal: null });
  });

  it('takes several files, later over earlier, and paths from the file that says them', async () => {
    const common = parse(readFileSync(join(folder, 'node.yaml'), 'utf8')) as Record<string, object>;
    const { node, storage, log, ...network } = common;
    mkdirSync(join(folder, 'own'));
    closers.push(() => rmSync(join(folder, 'own'), { recursive: true }));
    writeFileSync(
      join(folder, 'network.yaml'),
      stringify({ ...network, node: { key_file: 'validator.key', name: 'node-1' } }),
    );
    writeFileSync(
      join(folder, 'own/node-0.yaml'),
      stringify({ node: { name: 'node-0' }, storage: { path: 'data' }, log: { file: 'node.log' } }),
    );
    closers.push(() => rmSync(join(folder, 'network.yaml')));
    expect([node, storage, log].every((group) => group !== undefined)).toBe(true);
    const process = new CliProcess(['node', '--config', 'network.yaml', '--config', 'own/node-0.yaml'], {
      cwd: folder,
    });
    await waitUntil(() => process.err.includes('is up'));
    expect(await process.stop()).toEqual({ code: 0, signal: null });
    expect(existsSync(join(folder, 'own/data/store/store.json'))).toBe(true);
    expect(existsSync(join(folder, 'own/node.log'))).toBe(true);
  });
});
