import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import type { Write } from '../../node/core/types.ts';
import { LevelStore } from '../../node/runtime/levelStore.ts';
import type { Store } from '../../node/runtime/store.ts';
import { SimulatedDisk } from '../../node/simulation/machine/disk.ts';
import { batchRecordsTable, receiptsTable } from '../../settlement/atomic/tables.ts';
import { type CrashableStore, isOfKind, runDurability } from '../helpers/durableNetwork.ts';
import { LossyStore, UnsyncedStore } from '../helpers/lossyStore.ts';

let folder: string;
let folderCount = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidereal-durability-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function openLevel(): Promise<Store> {
  folderCount += 1;
  return LevelStore.open({ directory: join(folder, String(folderCount)), chainId: ZERO_HASH });
}

function simulated(): CrashableStore {
  const disk = new SimulatedDisk();
  return {
    isNew: false,
    hasLostRows: false,
    rows: async () => disk.rows(),
    apply: async (writes, sync) => disk.apply(writes, sync),
    crash: async () => {
      disk.crash('unsynced');
    },
    wipe: async () => {
      disk.crash('all');
    },
    close: async () => undefined,
  };
}

/** The lossy store says it synced, and what reaches it of such writes does not. */
async function forgetful(isDropped?: (write: Write) => boolean): Promise<CrashableStore> {
  const lossy = new LossyStore(await openLevel());
  const unsynced = new UnsyncedStore(lossy, isDropped);
  return {
    isNew: false,
    hasLostRows: false,
    rows: () => unsynced.rows(),
    apply: (writes, sync) => unsynced.apply(writes, sync),
    crash: () => lossy.crash(false),
    wipe: () => lossy.wipe(),
    close: () => unsynced.close(),
  };
}

/** Kinds of rows, whether disks must be lost to see them, and what is said when they are forgotten. */
const kinds: readonly (readonly [string, boolean, string])[] = [
  ['view/', false, 'is forgotten'],
  ['proposal/', false, 'is forgotten'],
  ['head', false, 'was final'],
  ['outbox/', false, 'the row outbox/'],
  ['transaction/', false, 'the row transaction/'],
  ['evidence/', false, 'the row evidence/'],
  ['guard', true, 'the row guard'],
  ['paused', false, 'the row paused'],
];

const stores: readonly (readonly [string, () => Promise<CrashableStore>])[] = [
  ['SimulatedDisk', async () => simulated()],
  ['LevelStore that loses unsynced writes', async () => new LossyStore(await openLevel())],
];

describe.each(stores)('durability: %s', (_name, createStore) => {
  it.each([1, 2, 3])('4 nodes crash between outputs: nothing said is forgotten (seed %i)', async (seed) => {
    const report = await runDurability(createStore, { seed, untilMs: 40_000 });
    expect(report.violations).toEqual([]);
    expect(report.crashes).toBeGreaterThan(5);
    expect(report.finalizedHeight).toBeGreaterThan(5);
    expect(Math.min(report.batches.completed, report.batches.failed)).toBeGreaterThan(0);
  });

  it('crashes around the write of a block with a batch: each batch is there whole or not at all', async () => {
    for (const aim of [`state/${batchRecordsTable.id}/`, `state/${receiptsTable.id}/`]) {
      const report = await runDurability(createStore, { seed: 4, untilMs: 40_000, aim });
      expect(report.violations).toEqual([]);
      expect(Math.min(report.aimed, report.batches.completed, report.batches.failed)).toBeGreaterThan(0);
    }
  });

  it.each(kinds)(
    'crashes soon after rows of %s were written: nothing promised is forgotten',
    async (aim, losesDisks) => {
      const report = await runDurability(createStore, { seed: 1, untilMs: 40_000, aim, losesDisks });
      expect(report.violations).toEqual([]);
      expect(report.aimed).toBeGreaterThan(0);
      expect(report.wipes > 0).toBe(losesDisks);
    },
  );
});

/** Writes what belongs together in two steps, and a crash takes the second. */
async function tearing(): Promise<CrashableStore> {
  const lossy = new LossyStore(await openLevel());
  return {
    isNew: false,
    hasLostRows: false,
    rows: () => lossy.rows(),
    apply: async (writes, sync) => {
      const receipts = writes.filter(({ key }) => key.startsWith(`state/${receiptsTable.id}/`)).slice(1);
      await lossy.apply(
        writes.filter((write) => !receipts.includes(write)),
        sync,
      );
      if (receipts.length > 0) await lossy.apply(receipts, false);
    },
    crash: () => lossy.crash(false),
    wipe: () => lossy.wipe(),
    close: () => lossy.close(),
  };
}

describe('durability: a store that does not write a block whole', () => {
  it('is found out: of a batch only a part is there', async () => {
    const found: string[] = [];
    for (let seed = 1; seed <= 4 && found.length === 0; seed += 1) {
      const options = { seed, untilMs: 40_000, aim: `state/${receiptsTable.id}/` };
      // A node that notices by itself refuses to start.
      const report = await runDurability(tearing, options).catch(() => undefined);
      found.push(
        ...(report?.violations ?? []).filter((violation) =>
          /of 3 settlements|receipts say|there were/.test(violation),
        ),
      );
    }
    expect(found).not.toEqual([]);
  });
});

describe('durability: a store that does not sync', () => {
  it.each(kinds)('of %s alone is found out', async (kind, losesDisks, what) => {
    const createStore = () => forgetful(({ key, value }) => isOfKind(key, value, kind));
    const found: string[] = [];
    for (let seed = 1; seed <= 3 && found.length === 0; seed += 1) {
      const options = { seed, untilMs: 40_000, aim: kind, losesDisks };
      const { violations } = await runDurability(createStore, options);
      found.push(...violations.filter((violation) => violation.includes(what)));
    }
    expect(found).not.toEqual([]);
  });

  it('is found out: votes that left and blocks called final are gone (seed 1)', async () => {
    const { violations } = await runDurability(() => forgetful(), { seed: 1, untilMs: 40_000 });
    expect(violations.some((violation) => violation.includes('is forgotten'))).toBe(true);
    expect(violations.some((violation) => violation.includes('was final'))).toBe(true);
  });
});
