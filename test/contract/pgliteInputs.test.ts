/** The SQL of the storage `postgres`, also on machines that have no server. */
import { randomBytes } from 'node:crypto';
import { PgliteServer } from '../helpers/pgliteServer.ts';
import { testInputStorage } from './inputStorageSuite.ts';

let server: PgliteServer | undefined;

testInputStorage('postgres, within the process', {
  start: async () => {
    server = await PgliteServer.start();
  },
  place: () => ({
    type: 'postgres',
    url: server?.url ?? '',
    namespace: `sidereal_test_${randomBytes(6).toString('hex')}`,
  }),
  end: async () => server?.end(),
  isShared: true,
});
