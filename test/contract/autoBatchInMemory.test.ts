import { describe, expect, it } from 'vitest';
import { InMemoryDatabase } from '../../node/autobatch/database/inMemoryDatabase.ts';
import { testChainId } from '../helpers/autoBatchDatabase.ts';
import { testAutoBatchDatabase } from './autoBatchDatabaseSuite.ts';
import { testAutoBatchEngine } from './autoBatchEngineSuite.ts';

testAutoBatchDatabase('in-memory');
testAutoBatchEngine('in-memory');

describe('orders and batches: the package of in-memory', () => {
  it('says how to install it where it is missing', async () => {
    const opened = InMemoryDatabase.open({ schema: 'orders', chainId: testChainId }, () =>
      Promise.reject(new Error('not installed')),
    );
    await expect(opened).rejects.toMatchObject({
      code: 'AUTO_BATCH_DATABASE_DRIVER_MISSING',
      message: expect.stringContaining('npm install'),
    });
  });
});
