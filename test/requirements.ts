/**
 * The one table of what tests may need beyond this package: servers and browsers, and which suite needs which.
 * `npm test` leaves out a suite whose needs the machine does not have, and says so (scripts/test.ts).
 */

export type RequirementName = 'postgres' | 'redis' | 'anvil' | 'chromium' | 'redis-server';

/** Something a machine may have. It counts as there when the variable is set, the port answers, or one of the commands is on the path. */
export interface Requirement {
  readonly name: RequirementName;
  /** Address of a running one, or path of a browser; suites read it too. */
  readonly variable: string;
  /** Where a server usually is on this machine; suites go there when the variable is not set. */
  readonly port?: number;
  readonly commands: readonly string[];
}

/** One test file that cannot run without what it names. */
export interface GuardedSuite {
  /** Path from the root of the package, with `/`. */
  readonly file: string;
  readonly needs: readonly RequirementName[];
}

export const requirements: readonly Requirement[] = [
  { name: 'postgres', variable: 'SIDEREAL_TEST_POSTGRES_URL', port: 5432, commands: [] },
  { name: 'redis', variable: 'SIDEREAL_TEST_REDIS_URL', port: 6379, commands: [] },
  // It comes with the packages; the variable names another one.
  { name: 'anvil', variable: 'SIDEREAL_TEST_ANVIL_PATH', commands: ['anvil'] },
  {
    name: 'chromium',
    variable: 'SIDEREAL_TEST_CHROMIUM_PATH',
    commands: ['chromium', 'chromium-browser', 'google-chrome'],
  },
  // Suites that kill it or want settings of their own start it themselves.
  { name: 'redis-server', variable: 'SIDEREAL_TEST_REDIS_SERVER_PATH', commands: ['redis-server'] },
];

export const guardedSuites: readonly GuardedSuite[] = [
  { file: 'test/contract/redisQueue.test.ts', needs: ['redis'] },
  { file: 'test/contract/postgresQueue.test.ts', needs: ['postgres'] },
  { file: 'test/contract/redisInputs.test.ts', needs: ['redis-server'] },
  { file: 'test/contract/postgresInputs.test.ts', needs: ['postgres'] },
  { file: 'test/contract/autoBatchPsql.test.ts', needs: ['postgres'] },
  { file: 'test/contract/evmTarget.test.ts', needs: ['anvil'] },
  { file: 'test/contract/evmTargetFaults.test.ts', needs: ['anvil'] },
  { file: 'test/e2e/report.test.ts', needs: ['chromium'] },
  { file: 'test/e2e/playground.test.ts', needs: ['chromium'] },
  { file: 'test/e2e/queuedBench.test.ts', needs: ['redis', 'postgres', 'redis-server'] },
];
