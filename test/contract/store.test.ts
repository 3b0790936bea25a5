import { SimulatedDisk } from '../../node/simulation/disk.ts';
import { describeStore } from './storeSuite.ts';

describeStore('SimulatedDisk', () => {
  const disk = new SimulatedDisk();
  return {
    apply: (writes, sync) => disk.apply(writes, sync),
    rows: () => disk.rows(),
    reopen: () => disk.crash('unsynced'),
  };
});
