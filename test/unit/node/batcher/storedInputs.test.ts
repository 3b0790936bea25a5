import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inputStorageLimits } from '../../../../node/batcher/storage/inputStorage.ts';
import { openInputStorage } from '../../../../node/batcher/storage/openInputStorage.ts';
import { loadPostgres } from '../../../../node/batcher/storage/postgresLink.ts';
import { loadRedis } from '../../../../node/batcher/storage/redisLink.ts';
import type { ChangeSet, Shelf } from '../../../../node/batcher/storage/shelf.ts';
import { StoredInputs } from '../../../../node/batcher/storage/storedInputs.ts';
import { INPUT_BYTES_MAX } from '../../../../settlement/input/inputText.ts';
import { acceptedInput } from '../../../helpers/acceptedInput.ts';
import { MemoryShelf, openMemoryInputs } from '../../../helpers/memoryInputs.ts';

/** A shelf without rows that answers as it is told. */
function emptyShelf(commit: Shelf['commit']): Shelf {
  return {
    rows: async (ids) => ids.map(() => undefined),
    batch: async () => undefined,
    batches: async () => [],
    waiting: async () => [],
    endedBefore: async () => [],
    tallies: async () => [],
    commit,
    close: async () => undefined,
  };
}

describe('StoredInputs', () => {
  it('has room for the longest input that the door lets in', async () => {
    const storage = openMemoryInputs(new MemoryShelf());
    const input = '"'.repeat(INPUT_BYTES_MAX);
    await expect(storage.add(acceptedInput(1, { input }))).resolves.toMatchObject({ ok: true });
  });

  it.each(['level', 'file'] as const)(
    'of kind %s takes no more text than it may keep in memory, also after a restart',
    async (type) => {
      const directory = mkdtempSync(join(tmpdir(), 'sidereal-held-'));
      const place = { type, directory, limits: { heldBytesMax: 1000 } };
      const of = (number: number) => acceptedInput(number, { input: 'ü'.repeat(200) });
      try {
        let storage = await openInputStorage(place);
        const added = await Promise.all([1, 2, 3].map((number) => storage.add(of(number))));
        expect(added.map(({ ok }) => ok)).toEqual([true, true, false]);
        await storage.close();
        storage = await openInputStorage(place);
        await expect(storage.add(of(3))).resolves.toMatchObject({ code: 'INPUT_STORAGE_FULL' });
        await expect(storage.add(of(2))).resolves.toMatchObject({ value: { isNew: false } });
        await storage.failWaiting(acceptedInput(1).requestId, 'X', 1);
        await storage.prune(2);
        await expect(storage.add(of(3))).resolves.toMatchObject({ ok: true });
        await expect(storage.add(of(4))).resolves.toMatchObject({ code: 'INPUT_STORAGE_FULL' });
        await storage.close();
      } finally {
        rmSync(directory, { recursive: true });
      }
    },
  );

  it('gives up after many lost races, and says that the same call may be made again', async () => {
    let tries = 0;
    const shelf = emptyShelf(async (sets) => {
      tries += 1;
      return sets.map(() => 'conflict');
    });
    const storage = new StoredInputs(shelf, inputStorageLimits);
    await expect(storage.add(acceptedInput(1))).rejects.toMatchObject({ code: 'INPUT_STORAGE_CONTENDED' });
    expect(tries).toBeGreaterThan(10);
  });

  it('hands over what comes while a sync is under way in one group, and answers after its sync alone', async () => {
    const groups: { readonly sets: readonly ChangeSet[]; readonly done: () => void }[] = [];
    const shelf = emptyShelf(
      (sets) =>
        new Promise((resolve) => {
          groups.push({ sets, done: () => resolve(sets.map(() => 'done')) });
        }),
    );
    const storage = new StoredInputs(shelf, inputStorageLimits);
    const answered: number[] = [];
    const add = async (number: number) => {
      await storage.add(acceptedInput(number));
      answered.push(number);
    };
    const first = add(0);
    await Promise.resolve();
    const rest = [1, 2, 3].map(add);
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    expect(groups.map(({ sets }) => sets.length)).toEqual([1]);
    expect(answered).toEqual([]);
    groups[0]?.done();
    await first;
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    expect(groups.map(({ sets }) => sets.length)).toEqual([1, 3]);
    expect(answered).toEqual([0]);
    groups[1]?.done();
    await Promise.all(rest);
    expect(answered).toEqual([0, 1, 2, 3]);
  });
});

describe('drivers of storages', () => {
  it('are asked for by name where they are not installed', async () => {
    const load = () => Promise.reject(new Error('Cannot find package'));
    for (const [driver, name] of [
      [loadPostgres(load), 'npm install pg'],
      [loadRedis(load), 'npm install ioredis'],
    ] as const)
      await expect(driver).rejects.toMatchObject({
        code: 'INPUT_STORAGE_DRIVER_MISSING',
        message: expect.stringContaining(name),
      });
  });
});
