import { Folders } from '../helpers/folders.ts';
import { testInputStorage } from './inputStorageSuite.ts';

for (const type of ['level', 'file'] as const) {
  const folders = new Folders();
  testInputStorage(type, {
    place: () => ({ type, directory: folders.next() }),
    end: async () => folders.remove(),
    isShared: false,
  });
}
