/** The storages of inputs on disk, over machines that lose what was not synced. */
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { Random } from '../../consensus/primitives/random.ts';
import { FileShelf } from '../../node/batcher/storage/fileShelf.ts';
import { type InputStorage, inputStorageLimits } from '../../node/batcher/storage/inputStorage.ts';
import { DiskFiles, JOURNAL_FILE } from '../../node/batcher/storage/journalFiles.ts';
import { openRowDatabase } from '../../node/batcher/storage/levelDatabase.ts';
import { LevelShelf } from '../../node/batcher/storage/levelShelf.ts';
import { openInputStorage } from '../../node/batcher/storage/openInputStorage.ts';
import { StoredInputs } from '../../node/batcher/storage/storedInputs.ts';
import { acceptedInput, requestIdOf } from '../helpers/acceptedInput.ts';
import { Folders } from '../helpers/folders.ts';
import { LossyFiles, type LossyFilesOptions } from '../helpers/lossyFiles.ts';
import { LossyRows } from '../helpers/lossyRowDatabase.ts';

const limits = inputStorageLimits;
const folders = new Folders();
afterAll(() => folders.remove());

interface Machine {
  open(): Promise<InputStorage>;
  crash(random: Random): void;
}

function levelMachine(isSyncing = true): Machine {
  const rows = new LossyRows(isSyncing);
  return {
    open: async () =>
      new StoredInputs(
        await LevelShelf.open({ directory: 'rows', limits, openDatabase: async () => rows.open() }),
        limits,
      ),
    crash: () => rows.crash(),
  };
}

function fileMachine(options: LossyFilesOptions = {}): Machine & { readonly files: LossyFiles } {
  const files = new LossyFiles(options);
  return {
    files,
    open: async () => {
      const openFiles = async () => files.open();
      const shelf = await FileShelf.open({
        ...{ directory: folders.next(), limits, compactBytes: 500 },
        openFiles,
      });
      return new StoredInputs(shelf, limits);
    },
    crash: (random) => files.crash(random.below(400)),
  };
}

const order = ['queued', 'batching', 'submitted', 'confirmed'];

/** What callers were told: the furthest state of each input. */
class Promises {
  readonly #furthest = new Map<number, number>();

  note(number: number, state: string): void {
    const rank = order.indexOf(state);
    this.#furthest.set(number, Math.max(rank, this.#furthest.get(number) ?? 0));
  }

  async broken(storage: InputStorage): Promise<readonly string[]> {
    const broken: string[] = [];
    for (const [number, rank] of this.#furthest) {
      const row = await storage.get(requestIdOf(number));
      if (row === undefined) broken.push(`input ${number} is forgotten`);
      else if (order.indexOf(row.state) < rank) broken.push(`input ${number} went back to ${row.state}`);
      else if (row.state === 'confirmed' && row.transactionHash !== `0x${row.input}`)
        broken.push(`input ${number} lost its verdict`);
    }
    return broken;
  }
}

/** Adds inputs and takes each to its verdict, alone in a batch, until the machine goes down. */
async function work(storage: InputStorage, promises: Promises, first: number): Promise<void> {
  for (let number = first; number < first + 20; number += 1) {
    const { requestId } = acceptedInput(number);
    const batchId = `batch ${number}`;
    await storage.add(acceptedInput(number, { input: String(number) }));
    promises.note(number, 'queued');
    const batch = { batchId, target: 'sidechain', owner: 'node-0', content: '', openedAtMs: 1 };
    if (!(await storage.openBatch({ ...batch, requestIds: [requestId] })).ok) continue;
    promises.note(number, 'batching');
    await storage.submitBatch(batchId, '0x1');
    promises.note(number, 'submitted');
    const verdict = { requestId, kind: 'confirmed', transactionHash: `0x${number}` } as const;
    await storage.concludeBatch(batchId, [verdict], 1);
    promises.note(number, 'confirmed');
  }
}

async function crashOften(machine: Machine, seed: number): Promise<readonly string[]> {
  const random = new Random(seed);
  const promises = new Promises();
  const broken: string[] = [];
  for (let life = 0; life < 8; life += 1) {
    const storage = await machine.open();
    broken.push(...(await promises.broken(storage)));
    const workers = [0, 1, 2, 3].map((worker) => work(storage, promises, life * 100 + worker * 20));
    const settled = Promise.allSettled(workers);
    for (let turns = random.below(3000); turns > 0; turns -= 1) await Promise.resolve();
    machine.crash(random);
    for (const result of await settled)
      if (result.status === 'rejected')
        expect(result.reason.code).toMatch(/^INPUT_STORAGE_(?:WRITE|READ)_FAILED$/);
    await storage.close();
  }
  const storage = await machine.open();
  broken.push(...(await promises.broken(storage)));
  await storage.close();
  return broken;
}

const seeds = Array.from({ length: 12 }, (_, seed) => seed);

describe('storages of inputs on a machine that loses what is not synced', () => {
  it('level: nothing that was acknowledged is forgotten', async () => {
    for (const seed of seeds) expect(await crashOften(levelMachine(), seed)).toEqual([]);
  });

  it('file: nothing that was acknowledged is forgotten, also while the file is written anew', async () => {
    let renames = 0;
    for (const seed of seeds) {
      const machine = fileMachine();
      expect(await crashOften(machine, seed)).toEqual([]);
      renames += machine.files.renames;
    }
    expect(renames).toBeGreaterThan(seeds.length);
  });

  it('a storage that does not sync is found out', async () => {
    const machines = [
      () => levelMachine(false),
      () => fileMachine({ forgets: 'journal' }),
      () => fileMachine({ forgets: 'replacement' }),
    ];
    for (const machine of machines) {
      const found: string[] = [];
      for (let seed = 0; seed < 60 && found.length === 0; seed += 1)
        found.push(...(await crashOften(machine(), seed)));
      expect(found.some((line) => line.includes('is forgotten'))).toBe(true);
    }
  });
});

describe('FileShelf', () => {
  const filled = async (count: number): Promise<string> => {
    const directory = folders.next();
    const storage = await openInputStorage({ type: 'file', directory });
    for (let number = 0; number < count; number += 1) await storage.add(acceptedInput(number));
    await storage.close();
    return directory;
  };
  const journal = (directory: string) => join(directory, JOURNAL_FILE);
  const numbers = async (directory: string): Promise<number> => {
    const storage = await openInputStorage({ type: 'file', directory });
    const rows = await storage.waiting({ target: 'sidechain', rowsMax: 100, bytesMax: 1e6 });
    await storage.close();
    return rows.length;
  };

  it('leaves out a last line that a machine did not finish, and goes on behind the one before', async () => {
    const directory = await filled(3);
    const whole = readFileSync(journal(directory));
    appendFileSync(journal(directory), whole.subarray(0, 50));
    expect(await numbers(directory)).toBe(3);
    expect(readFileSync(journal(directory))).toEqual(whole);
    // Pages of it were not written: they read as zeros.
    appendFileSync(journal(directory), Buffer.concat([Buffer.alloc(80), Buffer.from('tail"]\n')]));
    expect(await numbers(directory)).toBe(3);
    expect(readFileSync(journal(directory))).toEqual(whole);
  });

  it('refuses a damaged line with its number and what to do, and changes nothing', async () => {
    for (const line of [1, 3]) {
      const directory = await filled(3);
      const lines = readFileSync(journal(directory), 'utf8').split('\n');
      lines[line - 1] = (lines[line - 1] ?? '').replace('deposit', 'deposIt');
      writeFileSync(journal(directory), lines.join('\n'));
      await expect(numbers(directory)).rejects.toMatchObject({
        code: 'INPUT_STORAGE_DAMAGED',
        message: expect.stringMatching(new RegExp(`line ${line}: its checksum .* remove the line`)),
      });
      expect(readFileSync(journal(directory), 'utf8')).toBe(lines.join('\n'));
      writeFileSync(journal(directory), lines.filter((_, index) => index !== line - 1).join('\n'));
      expect(await numbers(directory)).toBe(2);
    }
  });

  it('keeps the file in proportion to the rows that are left', async () => {
    const directory = folders.next();
    const shelf = await FileShelf.open({ directory, limits, compactBytes: 4000 });
    const storage = new StoredInputs(shelf, limits);
    for (let number = 0; number < 200; number += 1) {
      await storage.add(acceptedInput(number));
      await storage.failWaiting(requestIdOf(number), 'X', number);
      await storage.prune(number);
    }
    await storage.close();
    expect(readFileSync(journal(directory)).length).toBeLessThan(8000);
    const again = await openInputStorage({ type: 'file', directory });
    expect(await again.tallies()).toEqual([{ target: 'sidechain', state: 'failed', rows: 1 }]);
    await again.close();
  });

  it('takes writes again when the disk does, and none that failed is there twice', async () => {
    const directory = folders.next();
    let isFull = false;
    const shelf = await FileShelf.open({
      ...{ directory, limits },
      openFiles: async (path) => {
        const files = await DiskFiles.open(path);
        const append = files.append.bind(files);
        files.append = async (bytes) => {
          await append(isFull ? bytes.subarray(0, 30) : bytes);
          if (isFull) throw new Error('ENOSPC: no space left on device');
        };
        return files;
      },
    });
    const storage = new StoredInputs(shelf, limits);
    await storage.add(acceptedInput(1));
    isFull = true;
    await expect(storage.add(acceptedInput(2))).rejects.toMatchObject({
      code: 'INPUT_STORAGE_WRITE_FAILED',
      message: expect.stringContaining('ENOSPC'),
    });
    expect(await storage.get(requestIdOf(2))).toBeUndefined();
    isFull = false;
    expect(await storage.add(acceptedInput(2))).toMatchObject({ value: { isNew: true } });
    await storage.close();
    expect(await numbers(directory)).toBe(2);
  });
});

describe('LevelShelf', () => {
  it('leaves rows of a newer version and rows it cannot read alone', async () => {
    for (const [change, code] of [
      [{ type: 'put', key: 'version', value: '999' }, 'INPUT_STORAGE_VERSION'],
      [{ type: 'put', key: 'row/x', value: '[]' }, 'INPUT_STORAGE_DAMAGED'],
    ] as const) {
      const directory = folders.next();
      await (await openInputStorage({ type: 'level', directory })).close();
      const database = await openRowDatabase(directory);
      await database.batch([change], { sync: true });
      await database.close();
      await expect(openInputStorage({ type: 'level', directory })).rejects.toMatchObject({ code });
    }
  });
});
