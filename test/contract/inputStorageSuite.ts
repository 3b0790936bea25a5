/** What every storage of inputs must do: the contract that `level`, `file`, `postgres` and `redis` run. */
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Verdict } from '../../consensus/primitives/codedError.ts';
import type { AcceptedInput } from '../../node/batcher/storage/inputRow.ts';
import type { InputOutcome, InputStorage } from '../../node/batcher/storage/inputStorage.ts';
import { type InputStorageOptions, openInputStorage } from '../../node/batcher/storage/openInputStorage.ts';
import { acceptedInput, requestIdOf } from '../helpers/acceptedInput.ts';
import { runAddingProcess } from '../helpers/addingProcess.ts';

export interface StorageHarness {
  /** Where an empty storage is. */
  place(): InputStorageOptions;
  start?(): Promise<void>;
  end(): Promise<void>;
  /** Whether two processes may use one place at once. */
  readonly isShared: boolean;
}

const HASH = `0x${'ab'.repeat(32)}`;
const NOW_MS = 5_000_000;
/** Acknowledgements after which a process is killed; more kills when asked for. */
const killsAfter = Array.from(
  { length: Number(process.env.SIDEREAL_TEST_KILLS ?? 3) },
  (_, kill) => 1 + ((kill * 37) % 150),
);

export function testInputStorage(name: string, harness: StorageHarness): void {
  describe(`input storage: ${name}`, () => {
    beforeAll(() => harness.start?.(), 120_000);
    afterAll(() => harness.end());

    const within = async (
      work: (storage: InputStorage, place: InputStorageOptions) => Promise<void>,
      limits: InputStorageOptions['limits'] = {},
    ) => {
      const place = { ...harness.place(), limits };
      const storage = await openInputStorage(place);
      try {
        await work(storage, place);
      } finally {
        await storage.close();
      }
    };

    it('queues an input once, however many add it at once, and keeps it over a restart', async () => {
      const place = harness.place();
      const storage = await openInputStorage(place);
      const verdicts = await Promise.all(Array.from({ length: 50 }, () => storage.add(acceptedInput(1))));
      const added = verdicts.map(accepted);
      expect(added.filter(({ isNew }) => isNew)).toHaveLength(1);
      expect(new Set(added.map(({ row }) => row.requestId))).toEqual(new Set([requestIdOf(1)]));
      await storage.close();
      await expect(storage.get(requestIdOf(1))).rejects.toMatchObject({ code: 'INPUT_STORAGE_CLOSED' });

      const again = await openInputStorage(place);
      expect(await again.get(requestIdOf(1))).toEqual({
        ...acceptedInput(1),
        ...{ state: 'queued', attempts: 0, parks: 0, batchId: undefined, transactionHash: undefined },
        ...{ sidechainHeight: undefined, errorCode: undefined, endedAtMs: undefined },
      });
      expect(accepted(await again.add(acceptedInput(1))).isNew).toBe(false);
      expect(await again.tallies()).toEqual([{ target: 'sidechain', state: 'queued', rows: 1 }]);
      expect(await again.get(requestIdOf(2))).toBeUndefined();
      await again.close();
    });

    it('keeps every character of an input', () =>
      within(async (storage) => {
        const input = acceptedInput(1, { input: '"\u0000\n\u2028é😀\\u0000\ud800', address: 'ß|' });
        await storage.add(input);
        expect(await storage.get(input.requestId)).toMatchObject(input);
      }));

    it('gives what waits of a target, the oldest first, as much as was asked for', () =>
      within(async (storage) => {
        const inputs = [3, 1, 2].map((number) => acceptedInput(number, { input: 'é'.repeat(5) }));
        for (const input of inputs) await storage.add(input);
        await storage.add(acceptedInput(0, { target: 'evm' }));
        const numbers = async (rowsMax: number, bytesMax: number) =>
          (await storage.waiting({ target: 'sidechain', rowsMax, bytesMax })).map(
            ({ receivedAtMs }) => receivedAtMs - 1_000_000,
          );
        expect(await numbers(10, 1000)).toEqual([1, 2, 3]);
        expect(await numbers(2, 1000)).toEqual([1, 2]);
        expect(await numbers(10, 20)).toEqual([1, 2]);
        expect(await numbers(10, 1)).toEqual([1]);
        expect(await storage.oldestWaitingMs('evm')).toBe(1_000_000);
        expect(await storage.oldestWaitingMs('settlement')).toBeUndefined();
      }));

    it('takes an input from queued to confirmed, and tells of a batch that a restart interrupted', async () => {
      const place = harness.place();
      let storage = await openInputStorage(place);
      await addAll(storage, [1, 2, 3]);
      const opened = accepted(await storage.openBatch(batchOf('one', [1, 2])));
      expect(await storage.get(requestIdOf(1))).toMatchObject({ state: 'batching', batchId: 'one' });
      expect(await storage.openBatch(batchOf('one', [1, 2]))).toEqual({ ok: true, value: opened });
      await storage.close();

      storage = await openInputStorage(place);
      accepted(await storage.submitBatch('one', HASH));
      accepted(await storage.submitBatch('one', '0x02'));
      const [unfinished, ...others] = await storage.unfinishedBatches();
      expect(others).toEqual([]);
      expect(unfinished?.batch).toEqual({
        ...batchOf('one', [1, 2]),
        transactionHashes: [HASH, '0x02'],
      });
      expect(unfinished?.rows.map(({ requestId, state }) => [requestId, state])).toEqual([
        [requestIdOf(1), 'submitted'],
        [requestIdOf(2), 'submitted'],
      ]);
      accepted(await storage.concludeBatch('one', [confirmed(1)], NOW_MS));
      accepted(
        await storage.concludeBatch('one', [{ ...named(2), kind: 'failed', errorCode: 'POISON' }], NOW_MS),
      );
      expect(await storage.unfinishedBatches()).toEqual([]);
      accepted(await storage.noteHeight(requestIdOf(1), 77));
      await storage.close();

      storage = await openInputStorage(place);
      expect(await storage.get(requestIdOf(1))).toMatchObject({
        ...{ state: 'confirmed', transactionHash: HASH, sidechainHeight: 77, endedAtMs: NOW_MS },
        batchId: undefined,
      });
      expect(await storage.get(requestIdOf(2))).toMatchObject({ state: 'failed', errorCode: 'POISON' });
      expect(accepted(await storage.add(acceptedInput(1)))).toMatchObject({
        isNew: false,
        row: { state: 'confirmed' },
      });
      expect(await storage.tallies()).toEqual([
        { target: 'sidechain', state: 'confirmed', rows: 1 },
        { target: 'sidechain', state: 'failed', rows: 1 },
        { target: 'sidechain', state: 'queued', rows: 1 },
      ]);
      await storage.close();
    });

    it('gives inputs back for another try without moving them backwards, and counts what a try cost', () =>
      within(async (storage) => {
        await addAll(storage, [1, 2]);
        accepted(await storage.openBatch(batchOf('one', [1, 2])));
        accepted(await storage.chargeBatch('one', 'park'));
        accepted(await storage.chargeBatch('one', 'park'));
        expect(await storage.get(requestIdOf(1))).toMatchObject({ attempts: 0, parks: 2 });
        const back = { kind: 'returned', charge: 'attempt' } as const;
        accepted(await storage.concludeBatch('one', [{ ...named(1), ...back }], NOW_MS));
        expect(await storage.get(requestIdOf(1))).toMatchObject({
          ...{ state: 'batching', attempts: 1, parks: 0, batchId: undefined },
        });
        const [waiting] = await storage.waiting({ target: 'sidechain', rowsMax: 5, bytesMax: 500 });
        expect(waiting?.requestId).toBe(requestIdOf(1));
        accepted(await storage.submitBatch('one', HASH));
        accepted(
          await storage.concludeBatch('one', [{ ...named(2), kind: 'returned', charge: 'none' }], NOW_MS),
        );
        accepted(await storage.openBatch(batchOf('two', [1, 2])));
        expect(await storage.get(requestIdOf(2))).toMatchObject({ state: 'submitted', batchId: 'two' });
        expect(await storage.get(requestIdOf(1))).toMatchObject({ state: 'batching', batchId: 'two' });
      }));

    it('refuses what would move an input backwards or past its end, and changes nothing then', () =>
      within(async (storage) => {
        await addAll(storage, [1, 2, 3, 4]);
        accepted(await storage.openBatch(batchOf('one', [1, 2])));
        const before = await storage.get(requestIdOf(3));
        const taken = await storage.openBatch(batchOf('two', [3, 2]));
        expect(taken).toMatchObject({
          code: 'INPUT_ROWS_NOT_WAITING',
          details: { requestId: requestIdOf(2) },
        });
        expect(await storage.get(requestIdOf(3))).toEqual(before);
        const wrong = { ...batchOf('two', [3]), target: 'evm' };
        expect(await storage.openBatch(wrong)).toMatchObject({ code: 'INPUT_ROWS_NOT_WAITING' });
        const unknown = batchOf('two', [3, 99]);
        expect(await storage.openBatch(unknown)).toMatchObject({ code: 'INPUT_ROWS_NOT_WAITING' });
        for (const numbers of [[], [3, 3]])
          expect(await storage.openBatch(batchOf('two', numbers))).toMatchObject({
            code: 'INPUT_TRANSITION_REFUSED',
          });
        expect(await storage.openBatch(batchOf('one', [3]))).toMatchObject({
          code: 'INPUT_TRANSITION_REFUSED',
        });
        expect(await storage.submitBatch('two', HASH)).toMatchObject({ code: 'INPUT_BATCH_UNKNOWN' });
        // Nothing was submitted yet.
        expect(await storage.concludeBatch('one', [confirmed(1)], NOW_MS)).toMatchObject({
          code: 'INPUT_TRANSITION_REFUSED',
        });
        accepted(await storage.submitBatch('one', HASH));
        expect(await storage.concludeBatch('one', [confirmed(1), confirmed(3)], NOW_MS)).toMatchObject({
          code: 'INPUT_TRANSITION_REFUSED',
        });
        expect(await storage.get(requestIdOf(1))).toMatchObject({ state: 'submitted' });
        accepted(await storage.concludeBatch('one', [confirmed(1)], NOW_MS));
        expect(await storage.concludeBatch('one', [confirmed(1)], NOW_MS)).toMatchObject({
          code: 'INPUT_TRANSITION_REFUSED',
        });
        expect(await storage.openBatch(batchOf('two', [1]))).toMatchObject({
          code: 'INPUT_ROWS_NOT_WAITING',
        });
        expect(await storage.failWaiting(requestIdOf(1), 'X', NOW_MS)).toMatchObject({
          code: 'INPUT_ROWS_NOT_WAITING',
        });
        accepted(await storage.failWaiting(requestIdOf(3), 'RETRIES_USED_UP', NOW_MS));
        expect(await storage.get(requestIdOf(3))).toMatchObject({
          state: 'failed',
          errorCode: 'RETRIES_USED_UP',
        });
        accepted(await storage.noteHeight(requestIdOf(1), 7));
        accepted(await storage.noteHeight(requestIdOf(1), 7));
        for (const [number, height] of [
          [1, 8],
          [3, 7],
          [4, 7],
        ] as const)
          expect(await storage.noteHeight(requestIdOf(number), height)).toMatchObject({
            code: 'INPUT_TRANSITION_REFUSED',
          });
      }));

    it('has a limit on rows that wait, on all rows, and on their bytes; a known input is recognised all the same', async () => {
      await within(
        async (storage) => {
          const verdicts = await Promise.all(
            [1, 2, 3, 4].map((number) => storage.add(acceptedInput(number))),
          );
          expect(verdicts.filter(({ ok }) => ok)).toHaveLength(2);
          expect(verdicts[2]).toMatchObject({ code: 'INPUT_STORAGE_FULL' });
          expect(accepted(await storage.add(acceptedInput(1))).isNew).toBe(false);
          accepted(await storage.failWaiting(requestIdOf(1), 'X', NOW_MS));
          expect(accepted(await storage.add(acceptedInput(3))).isNew).toBe(true);
          accepted(await storage.failWaiting(requestIdOf(2), 'X', NOW_MS));
          expect(await storage.add(acceptedInput(4))).toMatchObject({ code: 'INPUT_STORAGE_FULL' });
          expect(await storage.prune(NOW_MS + 1)).toBe(2);
          expect(accepted(await storage.add(acceptedInput(4))).isNew).toBe(true);
        },
        { queuedRowsMax: 2, keptRowsMax: 3 },
      );
      await within(
        async (storage) => {
          const large = acceptedInput(1, { input: 'x'.repeat(500) });
          expect(await storage.add(large)).toMatchObject({ code: 'INPUT_ROW_TOO_LARGE' });
          await storage.add(acceptedInput(2));
          const batch = { ...batchOf('one', [2]), content: 'x'.repeat(1000) };
          expect(await storage.openBatch(batch)).toMatchObject({ code: 'INPUT_ROW_TOO_LARGE' });
          expect(await storage.tallies()).toEqual([{ target: 'sidechain', state: 'queued', rows: 1 }]);
        },
        { rowBytesMax: 500, batchBytesMax: 1000 },
      );
    });

    it('forgets ended inputs when they are old enough, and nothing else', () =>
      within(async (storage) => {
        await addAll(storage, [1, 2, 3]);
        accepted(await storage.failWaiting(requestIdOf(1), 'X', NOW_MS));
        accepted(await storage.failWaiting(requestIdOf(2), 'X', NOW_MS + 1));
        expect(await storage.prune(NOW_MS)).toBe(0);
        expect(await storage.prune(NOW_MS + 1)).toBe(1);
        expect(await storage.get(requestIdOf(1))).toBeUndefined();
        expect(accepted(await storage.add(acceptedInput(2))).isNew).toBe(false);
        expect(accepted(await storage.add(acceptedInput(1))).isNew).toBe(true);
      }));

    it('agrees with a plain map over any operations and restarts', { timeout: 120_000 }, () =>
      fc.assert(
        fc.asyncProperty(fc.array(operation, { minLength: 5, maxLength: 40 }), async (operations) => {
          const place = { ...harness.place(), limits: { queuedRowsMax: 6 } };
          let storage = await openInputStorage(place);
          const model = new Model();
          try {
            for (const step of operations) {
              if (step.kind === 'restart') {
                await storage.close();
                storage = await openInputStorage(place);
              } else expect(await model.real(storage, step)).toBe(model.play(step));
              expect(await seen(storage)).toEqual(model.seen());
            }
          } finally {
            await storage.close();
          }
        }),
        { numRuns: 15 },
      ),
    );

    it('keeps what it acknowledged when its process is killed, and nothing twice', {
      timeout: 120_000,
    }, async () => {
      const place = harness.place();
      const acknowledged = new Set<number>();
      for (const killAfter of killsAfter) {
        // Some known ones first.
        const first = Math.max(0, acknowledged.size - 10);
        const { added } = await runAddingProcess({ storage: place, first, count: 100_000, killAfter });
        for (const number of added) {
          expect(acknowledged.has(number)).toBe(false);
          acknowledged.add(number);
        }
        const storage = await openInputStorage(place);
        try {
          for (const number of acknowledged)
            expect(await storage.get(requestIdOf(number))).toMatchObject({ state: 'queued' });
          const rows = await storage.waiting({ target: 'sidechain', rowsMax: 100_000, bytesMax: 1e9 });
          const numbers = rows.map(({ receivedAtMs }) => receivedAtMs - 1_000_000);
          // Whatever else is there was asked for: its answer was on the way.
          expect(rows.map(({ requestId }) => requestId)).toEqual(numbers.map(requestIdOf));
          expect(new Set(numbers).size).toBe(numbers.length);
          expect(await storage.tallies()).toEqual([
            { target: 'sidechain', state: 'queued', rows: numbers.length },
          ]);
          // Those that no longer could be told of are not told as new again.
          for (const number of numbers) acknowledged.add(number);
        } finally {
          await storage.close();
        }
      }
    });

    if (harness.isShared)
      it('is one row when two processes add the same at once, and one batch when two take it', async () => {
        const place = harness.place();
        const count = 200;
        const reports = await Promise.all(
          [1, 2].map(() => runAddingProcess({ storage: place, first: 0, count })),
        );
        const added = reports.flatMap((report) => report.added);
        expect(added.sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, number) => number));
        expect(reports.flatMap(({ known }) => known)).toHaveLength(count);
        const storages = await Promise.all([1, 2].map(() => openInputStorage(place)));
        try {
          const batches = await Promise.all(
            storages.flatMap((storage, index) =>
              Array.from({ length: 20 }, (_, number) =>
                storage.openBatch(batchOf(`${index}-${number}`, [number, number + 1])),
              ),
            ),
          );
          const ids = batches.flatMap((verdict) => (verdict.ok ? verdict.value.requestIds : []));
          expect(ids.length).toBeGreaterThan(0);
          expect(new Set(ids).size).toBe(ids.length);
          const batching = (await storages[0]?.tallies())?.find(({ state }) => state === 'batching');
          expect(batching?.rows).toBe(ids.length);
        } finally {
          for (const storage of storages) await storage.close();
        }
      }, 120_000);
    else
      it('belongs to one process', () =>
        within(async (_, place) => {
          await expect(openInputStorage(place)).rejects.toMatchObject({ code: 'INPUT_STORAGE_LOCKED' });
        }));
  });
}

function accepted<Value>(verdict: Verdict<Value>): Value {
  if (!verdict.ok) throw new Error(verdict.message);
  return verdict.value;
}

function named(number: number): { readonly requestId: string } {
  return { requestId: requestIdOf(number) };
}

function confirmed(number: number): InputOutcome {
  return { ...named(number), kind: 'confirmed', transactionHash: HASH };
}

function batchOf(batchId: string, numbers: readonly number[]) {
  const requestIds = numbers.map(requestIdOf);
  return { batchId, target: 'sidechain', owner: 'node-0', content: '0xc0ffee', requestIds, openedAtMs: 9 };
}

async function addAll(storage: InputStorage, numbers: readonly number[]): Promise<void> {
  for (const number of numbers) accepted(await storage.add(acceptedInput(number)));
}

const number = fc.integer({ min: 0, max: 9 });
const batch = fc.constantFrom('a', 'b', 'c');
const operation = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('add' as const), number }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ kind: fc.constant('open' as const), batch },
      numbers: fc.uniqueArray(number, { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('submit' as const), batch }) },
  {
    weight: 3,
    arbitrary: fc.record({
      ...{ kind: fc.constant('conclude' as const), batch, number },
      outcome: fc.constantFrom('confirmed' as const, 'failed' as const, 'returned' as const),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('prune' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);
type Operation = typeof operation extends fc.Arbitrary<infer Value> ? Value : never;

interface ModelRow {
  state: string;
  batch: string | undefined;
  attempts: number;
}

async function seen(storage: InputStorage): Promise<readonly unknown[]> {
  const rows = await Promise.all(Array.from({ length: 10 }, (_, index) => storage.get(requestIdOf(index))));
  const waiting = await storage.waiting({ target: 'sidechain', rowsMax: 100, bytesMax: 1e6 });
  const batches = await storage.unfinishedBatches();
  const tallies = await storage.tallies();
  return [
    rows.map((row) => row && [row.state, row.batchId, row.attempts]),
    waiting.map(({ requestId }) => requestId),
    batches.map(({ batch: row, rows: inputs }) => [row.batchId, inputs.map(({ requestId }) => requestId)]),
    tallies.map(({ state, rows: count }) => [state, count]),
  ];
}

/** What a storage does, in as few words as it can be said. */
class Model {
  readonly #rows = new Map<number, ModelRow>();
  readonly #batches = new Map<string, number[]>();

  async real(storage: InputStorage, step: Operation): Promise<unknown> {
    switch (step.kind) {
      case 'add': {
        const verdict = await storage.add(acceptedInput(step.number) satisfies AcceptedInput);
        return verdict.ok ? verdict.value.isNew : verdict.code;
      }
      case 'open':
        return (await storage.openBatch(batchOf(step.batch, step.numbers))).ok;
      case 'submit':
        return (await storage.submitBatch(step.batch, HASH)).ok;
      case 'conclude': {
        const base = named(step.number);
        const outcomes: Record<typeof step.outcome, InputOutcome> = {
          confirmed: confirmed(step.number),
          failed: { ...base, kind: 'failed', errorCode: 'X' },
          returned: { ...base, kind: 'returned', charge: 'attempt' },
        };
        return (await storage.concludeBatch(step.batch, [outcomes[step.outcome]], NOW_MS)).ok;
      }
      case 'prune':
        return storage.prune(NOW_MS + 1);
      case 'restart':
        return undefined;
    }
  }

  play(step: Operation): unknown {
    switch (step.kind) {
      case 'add': {
        if (this.#rows.has(step.number)) return false;
        if ([...this.#rows.values()].filter((row) => !hasEnded(row)).length >= 6) return 'INPUT_STORAGE_FULL';
        this.#rows.set(step.number, { state: 'queued', batch: undefined, attempts: 0 });
        return true;
      }
      case 'open': {
        const known = this.#batches.get(step.batch);
        if (known !== undefined) return known.join() === step.numbers.join();
        const rows = step.numbers.map((id) => this.#rows.get(id));
        if (!rows.every((row) => row !== undefined && row.batch === undefined && !hasEnded(row)))
          return false;
        for (const row of rows) {
          if (row === undefined) continue;
          row.batch = step.batch;
          if (row.state === 'queued') row.state = 'batching';
        }
        this.#batches.set(step.batch, [...step.numbers]);
        return true;
      }
      case 'submit': {
        const ids = this.#batches.get(step.batch);
        for (const id of ids ?? []) this.#change(id, { state: 'submitted' });
        return ids !== undefined;
      }
      case 'conclude':
        return this.#conclude(step.batch, step.number, step.outcome);
      case 'prune': {
        const ended = [...this.#rows].filter(([, row]) => hasEnded(row));
        for (const [id] of ended) this.#rows.delete(id);
        return ended.length;
      }
      case 'restart':
        return undefined;
    }
  }

  seen(): readonly unknown[] {
    const byState = new Map<string, number>();
    for (const { state } of this.#rows.values()) byState.set(state, (byState.get(state) ?? 0) + 1);
    const ids = Array.from({ length: 10 }, (_, id) => id);
    return [
      ids.map((id) => {
        const row = this.#rows.get(id);
        return row && [row.state, row.batch, row.attempts];
      }),
      ids
        .filter((id) => {
          const row = this.#rows.get(id);
          return row !== undefined && row.batch === undefined && !hasEnded(row);
        })
        .map(requestIdOf),
      [...this.#batches]
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([id, rows]) => [id, rows.map(requestIdOf)]),
      [...byState].sort(([a], [b]) => (a < b ? -1 : 1)),
    ];
  }

  #conclude(batchId: string, id: number, outcome: 'confirmed' | 'failed' | 'returned'): boolean {
    const ids = this.#batches.get(batchId);
    const row = this.#rows.get(id);
    if (ids === undefined || row === undefined || !ids.includes(id)) return false;
    if (outcome === 'confirmed' && row.state !== 'submitted') return false;
    const rest = ids.filter((other) => other !== id);
    if (rest.length === 0) this.#batches.delete(batchId);
    else this.#batches.set(batchId, rest);
    if (outcome === 'returned') this.#change(id, { batch: undefined, attempts: row.attempts + 1 });
    else this.#change(id, { batch: undefined, state: outcome });
    return true;
  }

  #change(id: number, changes: Partial<ModelRow>): void {
    const row = this.#rows.get(id);
    if (row !== undefined) Object.assign(row, changes);
  }
}

function hasEnded({ state }: ModelRow): boolean {
  return state === 'confirmed' || state === 'failed';
}
