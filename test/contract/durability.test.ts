import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { LevelStore } from '../../node/runtime/levelStore.ts';
import type { Store } from '../../node/runtime/store.ts';
import { SimulatedDisk } from '../../node/simulation/machine/disk.ts';
import { type CrashableStore, runDurability } from '../helpers/durableNetwork.ts';
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
    hasLostRows: false,
    rows: async () => disk.rows(),
    apply: async (writes, sync) => disk.apply(writes, sync),
    crash: async () => {
      disk.crash('unsynced');
    },
    close: async () => undefined,
  };
}

/** The lossy store says it synced, and what reaches it never does. */
async function forgetful(): Promise<CrashableStore> {
  const lossy = new LossyStore(await openLevel());
  const unsynced = new UnsyncedStore(lossy);
  return {
    hasLostRows: false,
    rows: () => unsynced.rows(),
    apply: (writes, sync) => unsynced.apply(writes, sync),
    crash: () => lossy.crash(false),
    close: () => unsynced.close(),
  };
}

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
  });
});

describe('durability: a store that does not sync', () => {
  it('is found out: votes that left and blocks called final are gone (seed 1)', async () => {
    const { violations } = await runDurability(forgetful, { seed: 1, untilMs: 40_000 });
    expect(violations.some((violation) => violation.includes('is forgotten'))).toBe(true);
    expect(violations.some((violation) => violation.includes('was final'))).toBe(true);
  });
});
