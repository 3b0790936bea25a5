import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import { LevelStore } from '../../node/runtime/levelStore.ts';
import { SimulatedDisk } from '../../node/simulation/machine/disk.ts';
import { LossyStore } from '../helpers/lossyStore.ts';
import { describeStore } from './storeSuite.ts';

let folder: string;
let folderCount = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'sidereal-store-'));
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

function newDirectory(): string {
  folderCount += 1;
  return join(folder, String(folderCount));
}

describeStore('SimulatedDisk', () => {
  const disk = new SimulatedDisk();
  return {
    apply: (writes, sync) => disk.apply(writes, sync),
    rows: () => disk.rows(),
    reopen: () => {
      disk.crash('unsynced');
    },
    close: () => undefined,
  };
});

describeStore('LevelStore', async () => {
  const options = { directory: newDirectory(), chainId: ZERO_HASH };
  let store = await LevelStore.open(options);
  return {
    apply: (writes, sync) => store.apply(writes, sync),
    rows: () => store.rows(),
    reopen: async () => {
      await store.close();
      store = await LevelStore.open(options);
    },
    close: () => store.close(),
  };
});

describeStore('LossyStore on LevelStore', async () => {
  const store = new LossyStore(await LevelStore.open({ directory: newDirectory(), chainId: ZERO_HASH }));
  return {
    apply: (writes, sync) => store.apply(writes, sync),
    rows: () => store.rows(),
    reopen: () => store.crash(false),
    close: () => store.close(),
  };
});
