import { describe, expect, it } from 'vitest';
import { utf8 } from '../../../../../consensus/primitives/bytes.ts';
import { type DiskFault, SimulatedDisk } from '../../../../../node/simulation/machine/disk.ts';

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

describe('SimulatedDisk.safeValue', () => {
  it('shows one row as a crash would leave it', () => {
    const disk = createDisk();
    expect(disk.safeValue('synced')).toEqual(Uint8Array.of(1));
    expect(disk.safeValue('new')).toBeUndefined();
    disk.apply([], true);
    expect(disk.safeValue('synced')).toBeUndefined();
    expect(disk.safeValue('new')).toEqual(Uint8Array.of(2));
  });
});

describe('a broken disk', () => {
  const fault = (kind: DiskFault['fault']): DiskFault => ({ type: 'disk', node: 'node-0', fault: kind });
  const write = (disk: SimulatedDisk, key: string): void => {
    disk.apply([{ key, value: utf8(`the value of ${key}`) }], true);
  };

  it('lost: what it claimed to have synced since is gone at the next crash, if it has not ended by then', () => {
    for (const [isOver, keys] of [
      [false, ['a']],
      [true, ['a', 'b']],
    ] as const) {
      const disk = new SimulatedDisk();
      const lost = fault('lost');
      write(disk, 'a');
      disk.begin(lost);
      write(disk, 'b');
      if (isOver) disk.end(lost);
      expect(disk.crash('unsynced')).toBe(!isOver);
      expect(keysOf(disk)).toEqual(keys);
      expect(disk.read()).toEqual(disk.rows());
    }
  });

  it('lost: breaks no promise when nothing was written, and lies again after a crash', () => {
    const disk = new SimulatedDisk();
    write(disk, 'a');
    disk.begin(fault('lost'));
    expect(disk.crash('unsynced')).toBe(false);
    write(disk, 'b');
    expect(disk.crash('none')).toBe(true);
    write(disk, 'c');
    expect(disk.crash('unsynced')).toBe(true);
    expect(keysOf(disk)).toEqual(['a']);
  });

  it('torn: leaves a part of the newest batch, which is refused until the disk is wiped', () => {
    const disk = new SimulatedDisk();
    write(disk, 'a');
    disk.begin(fault('torn'));
    write(disk, 'b');
    write(disk, 'c');
    expect(disk.crash('unsynced')).toBe(true);
    expect(() => disk.read()).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    expect(() => disk.read()).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    disk.crash('all');
    expect(disk.read()).toEqual([]);
  });

  it('torn: does nothing without a crash, or without a write', () => {
    const disk = new SimulatedDisk();
    write(disk, 'a');
    disk.begin(fault('torn'));
    expect(disk.crash('unsynced')).toBe(false);
    expect(disk.read()).toHaveLength(1);
    write(disk, 'b');
    expect(disk.read()).toHaveLength(2);
  });

  it('corrupt: gives back wrong bits while it lasts, and the right ones afterwards', () => {
    const disk = new SimulatedDisk();
    const corrupt = fault('corrupt');
    disk.begin(corrupt);
    expect(disk.read()).toEqual([]);
    write(disk, 'a');
    expect(() => disk.read()).toThrow(expect.objectContaining({ code: 'STORE_CORRUPT' }));
    disk.end(corrupt);
    expect(disk.read()).toHaveLength(1);
  });
});
