import { describe, expect, it } from 'vitest';
import { SimulatedDisk } from '../../../../node/simulation/disk.ts';

function createDisk(): SimulatedDisk {
  const disk = new SimulatedDisk();
  disk.apply([{ key: 'synced', value: Uint8Array.of(1) }], true);
  disk.apply([{ key: 'new', value: Uint8Array.of(2) }], false);
  disk.apply([{ key: 'synced', value: undefined }], false);
  return disk;
}

function keysOf(disk: SimulatedDisk): string[] {
  return disk.rows().map(({ key }) => key);
}

describe('SimulatedDisk.crash', () => {
  it('none: keeps unsynced writes and deletions', () => {
    const disk = createDisk();
    disk.crash('none');
    expect(keysOf(disk)).toEqual(['new']);
    disk.crash('unsynced');
    expect(keysOf(disk)).toEqual(['new']);
  });

  it('unsynced: goes back to the last sync', () => {
    const disk = createDisk();
    expect(keysOf(disk)).toEqual(['new']);
    disk.crash('unsynced');
    expect(keysOf(disk)).toEqual(['synced']);
  });

  it('all: keeps nothing', () => {
    const disk = createDisk();
    disk.crash('all');
    expect(keysOf(disk)).toEqual([]);
  });
});
