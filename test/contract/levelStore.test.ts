import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CodedError } from '../../consensus/primitives/codedError.ts';
import { ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { LevelStore } from '../../node/runtime/levelStore.ts';

const chainId = ZERO_HASH;
const otherChainId = `0x${'11'.repeat(32)}`;
let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'sidereal-level-'));
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function refusal(open: Promise<LevelStore>): Promise<CodedError> {
  const outcome = await open.then(
    (store) => store,
    (error: unknown) => error as CodedError,
  );
  if (outcome instanceof LevelStore) {
    await outcome.close();
    throw new Error('the store opened');
  }
  return outcome;
}

/** Every file below the directory with its bytes, but for the diary that LevelDB begins anew at every try. */
function snapshot(): Record<string, string> {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter(
    (entry) => entry.isFile() && !entry.name.startsWith('LOG'),
  );
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      join(parentPath, name),
      readFileSync(join(parentPath, name), 'hex'),
    ]),
  );
}

/** A process that has the rows open until its input ends. */
function spawnHolder(path: string): {
  readonly opened: Promise<void>;
  readonly release: () => Promise<void>;
} {
  const script = `
    const { Level } = await import('level');
    const database = new Level(process.argv[1]);
    await database.open();
    process.stdout.write('open');
    process.stdin.resume();
    process.stdin.on('end', () => database.close());
  `;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script, path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()));
  return {
    opened: new Promise((resolve) => child.stdout.once('data', () => resolve())),
    release: () => {
      child.stdin.end();
      return ended;
    },
  };
}

describe('LevelStore.open', () => {
  it('refuses a store that another process has open, and opens it afterwards', async () => {
    const store = await LevelStore.open({ directory, chainId });
    await store.apply([{ key: 'a', value: Uint8Array.of(1) }], true);
    await store.close();
    const holder = spawnHolder(join(directory, 'rows'));
    await holder.opened;
    const before = snapshot();
    const error = await refusal(LevelStore.open({ directory, chainId }));
    expect(error.code).toBe('STORE_LOCKED');
    expect(error.message).toContain('stop that process');
    expect(snapshot()).toEqual(before);
    await holder.release();
    const again = await LevelStore.open({ directory, chainId });
    expect((await again.rows()).map(({ key }) => key)).toEqual(['a']);
    await again.close();
  });

  it('refuses a store that this process has open', async () => {
    const store = await LevelStore.open({ directory, chainId });
    expect((await refusal(LevelStore.open({ directory, chainId }))).code).toBe('STORE_LOCKED');
    await store.close();
  });

  it('refuses the data of another chain and changes nothing', async () => {
    await (await LevelStore.open({ directory, chainId })).close();
    const before = snapshot();
    const error = await refusal(LevelStore.open({ directory, chainId: otherChainId }));
    expect(error.code).toBe('STORE_OTHER_CHAIN');
    expect(error.details).toMatchObject({ chainId, chainIdWanted: otherChainId });
    expect(error.message).toContain('chain.id');
    expect(snapshot()).toEqual(before);
  });

  it('refuses a format it does not read and changes nothing', async () => {
    await (await LevelStore.open({ directory, chainId })).close();
    writeFileSync(join(directory, 'store.json'), JSON.stringify({ version: 99, chain_id: chainId }));
    const before = snapshot();
    const error = await refusal(LevelStore.open({ directory, chainId }));
    expect(error.code).toBe('STORE_VERSION');
    expect(error.details).toMatchObject({ version: 99, versionWanted: 1 });
    expect(snapshot()).toEqual(before);
  });

  it('refuses a path that is no directory', async () => {
    const path = join(directory, 'file');
    writeFileSync(path, 'not a directory');
    expect((await refusal(LevelStore.open({ directory: path, chainId }))).code).toBe('STORE_UNREADABLE');
    expect(readFileSync(path, 'utf8')).toBe('not a directory');
  });

  it('refuses a damaged mark, rows without one, and a damaged store', async () => {
    await (await LevelStore.open({ directory, chainId })).close();
    const mark = readFileSync(join(directory, 'store.json'));
    writeFileSync(join(directory, 'store.json'), '{"version":1');
    expect((await refusal(LevelStore.open({ directory, chainId }))).code).toBe('STORE_UNREADABLE');
    rmSync(join(directory, 'store.json'));
    expect((await refusal(LevelStore.open({ directory, chainId }))).code).toBe('STORE_UNREADABLE');
    expect(existsSync(join(directory, 'store.json'))).toBe(false);
    writeFileSync(join(directory, 'store.json'), mark);
    writeFileSync(join(directory, 'rows', 'CURRENT'), 'no such manifest\n');
    expect((await refusal(LevelStore.open({ directory, chainId }))).code).toBe('STORE_UNREADABLE');
  });

  it('makes a directory that does not exist', async () => {
    const nested = join(directory, 'a', 'b');
    mkdirSync(join(directory, 'a'));
    const store = await LevelStore.open({ directory: nested, chainId });
    expect(await store.rows()).toEqual([]);
    expect(store.hasLostRows).toBe(false);
    await store.close();
  });

  it('knows that it was made together with the key of its node, until it has been opened', async () => {
    await LevelStore.prepare({ directory, chainId });
    const first = await LevelStore.open({ directory, chainId });
    expect(first).toMatchObject({ isNew: true, hasLostRows: false });
    await first.close();
    const second = await LevelStore.open({ directory, chainId });
    expect(second).toMatchObject({ isNew: false, hasLostRows: false });
    await second.close();
    rmSync(join(directory, 'rows'), { recursive: true });
    const third = await LevelStore.open({ directory, chainId });
    expect(third).toMatchObject({ isNew: false, hasLostRows: true });
    await third.close();
  });

  it('fears nothing less of a directory that nobody made for it', async () => {
    const store = await LevelStore.open({ directory, chainId });
    expect(store).toMatchObject({ isNew: false, hasLostRows: false });
    await store.close();
  });

  it('notices that rows are gone which were there', async () => {
    await (await LevelStore.open({ directory, chainId })).close();
    rmSync(join(directory, 'rows'), { recursive: true });
    const store = await LevelStore.open({ directory, chainId });
    expect(store.hasLostRows).toBe(true);
    await store.close();
  });
});

describe('LevelStore.apply', () => {
  it('says that a write was not taken', async () => {
    const store = await LevelStore.open({ directory, chainId });
    await store.close();
    await expect(store.apply([{ key: 'a', value: Uint8Array.of(1) }], true)).rejects.toMatchObject({
      code: 'STORE_WRITE_FAILED',
    });
  });
});
