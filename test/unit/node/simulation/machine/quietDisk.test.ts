import { describe, expect, it } from 'vitest';
import { QuietDisk } from '../../../../../node/simulation/machine/quietDisk.ts';

const rowOf = (key: string, ...bytes: readonly number[]) => ({ key, value: Uint8Array.from(bytes) });

describe('QuietDisk', () => {
  it('keeps outbox rows as a crash would leave them, and no others', () => {
    const disk = new QuietDisk();
    disk.apply([rowOf('head', 1), rowOf('outbox/1/1', 2)], false);
    expect(disk.safeValue('outbox/1/1')).toBeUndefined();
    disk.apply([rowOf('view/1', 3)], true);
    expect(disk.safeValue('outbox/1/1')).toEqual(Uint8Array.of(2));
    expect(disk.rows().map(({ key }) => key)).toEqual(['outbox/1/1']);
    disk.apply([{ key: 'outbox/1/1', value: undefined }, rowOf('outbox/1/2', 4)], true);
    expect(disk.rows()).toEqual([rowOf('outbox/1/2', 4)]);
  });

  it('is empty for the first start, and none other may come', () => {
    const disk = new QuietDisk();
    expect(disk.read()).toEqual([]);
    disk.apply([rowOf('outbox/1/1', 2)], true);
    expect(() => disk.read()).toThrow('kept its outbox alone');
    for (const happens of [() => disk.crash(), () => disk.begin(), () => disk.end()])
      expect(happens).toThrow('without faults');
  });
});
