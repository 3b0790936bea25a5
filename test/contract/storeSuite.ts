/**
 * What every store behind a node must do, whatever it is made of: the modelled disk and the real one. Methods may
 * answer at once or with a promise.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { RecoveredRow, Write } from '../../node/core/types.ts';

export interface StoreUnderTest {
  apply(writes: readonly Write[], sync: boolean): void | Promise<void>;
  rows(): readonly RecoveredRow[] | Promise<readonly RecoveredRow[]>;
  /** Stops without warning, and is opened again on what a machine keeps over that: synced writes for certain. */
  reopen(): void | Promise<void>;
  close(): void | Promise<void>;
}

function put(key: string, ...value: number[]): Write {
  return { key, value: Uint8Array.from(value) };
}

function remove(key: string): Write {
  return { key, value: undefined };
}

async function contentOf(store: StoreUnderTest): Promise<[string, number[]][]> {
  return [...(await store.rows())].map(({ key, value }) => [key, [...value]]);
}

/** @param create - A fresh, empty store for each test. */
export function describeStore(
  name: string,
  createStore: () => StoreUnderTest | Promise<StoreUnderTest>,
): void {
  describe(`store: ${name}`, () => {
    let open: StoreUnderTest[] = [];
    const create = async (): Promise<StoreUnderTest> => {
      const store = await createStore();
      open.push(store);
      return store;
    };
    afterEach(async () => {
      for (const store of open) await store.close();
      open = [];
    });

    it('starts empty', async () => {
      expect(await contentOf(await create())).toEqual([]);
    });

    it('gives rows by ascending key, whatever the order of writes', async () => {
      const store = await create();
      await store.apply([put('block/0000000000000010', 1), put('a', 2)], true);
      await store.apply([put('block/0000000000000009', 3), put('Z', 4)], false);
      expect((await contentOf(store)).map(([key]) => key)).toEqual([
        'Z',
        'a',
        'block/0000000000000009',
        'block/0000000000000010',
      ]);
    });

    it('applies writes in order: the last one of a key counts, a deletion removes', async () => {
      const store = await create();
      await store.apply([put('a', 1), put('a', 2), put('b', 1), remove('b')], true);
      expect(await contentOf(store)).toEqual([['a', [2]]]);
      await store.apply([remove('a'), put('a', 3)], true);
      expect(await contentOf(store)).toEqual([['a', [3]]]);
      await store.apply([remove('a'), remove('never there')], false);
      expect(await contentOf(store)).toEqual([]);
    });

    it('keeps empty values apart from absent ones', async () => {
      const store = await create();
      await store.apply([put('empty')], true);
      expect(await contentOf(store)).toEqual([['empty', []]]);
    });

    it('has synced writes after a stop, and everything written before them', async () => {
      const store = await create();
      await store.apply([put('a', 1), put('b', 1)], false);
      await store.apply([put('c', 1), remove('b')], true);
      await store.reopen();
      expect(await contentOf(store)).toEqual([
        ['a', [1]],
        ['c', [1]],
      ]);
    });

    it('makes everything before safe with a synced write of nothing', async () => {
      const store = await create();
      await store.apply([put('a', 1)], false);
      await store.apply([], true);
      await store.reopen();
      expect(await contentOf(store)).toEqual([['a', [1]]]);
    });

    it('gives back many rows', async () => {
      const store = await create();
      const writes = Array.from({ length: 2500 }, (_, index) => put(`row/${10_000 + index}`, index % 256));
      await store.apply(writes, true);
      await store.reopen();
      expect(await store.rows()).toEqual(writes);
    });

    it('goes on after a stop', async () => {
      const store = await create();
      await store.apply([put('a', 1)], true);
      await store.reopen();
      await store.apply([put('a', 2), put('b', 1)], true);
      await store.reopen();
      expect(await contentOf(store)).toEqual([
        ['a', [2]],
        ['b', [1]],
      ]);
    });
  });
}
