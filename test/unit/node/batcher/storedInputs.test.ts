import { describe, expect, it } from 'vitest';
import { inputStorageLimits } from '../../../../node/batcher/storage/inputStorage.ts';
import { loadPostgres } from '../../../../node/batcher/storage/postgresLink.ts';
import { loadRedis } from '../../../../node/batcher/storage/redisLink.ts';
import type { ChangeSet, Shelf } from '../../../../node/batcher/storage/shelf.ts';
import { StoredInputs } from '../../../../node/batcher/storage/storedInputs.ts';
import { acceptedInput } from '../../../helpers/acceptedInput.ts';

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
