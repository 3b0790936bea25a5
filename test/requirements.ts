/**
 * The one table of what tests may need beyond this package: servers and browsers, and which suite needs which.
 * `npm test` leaves out a suite whose needs the machine does not have, and says so (scripts/test.ts).
 */

import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export type RequirementName =
  | 'postgres'
  | 'postgres-server'
  | 'redis'
  | 'redis-server'
  | 'anvil'
  | 'chromium';

/** Something a machine may have. It counts as there when the variable is set, the port answers, or one of the commands is found. */
export interface Requirement {
  readonly name: RequirementName;
  /** Address of a running one, or path of a browser; suites read it too. */
  readonly variable: string;
  /** Where a server usually is on this machine; suites go there when the variable is not set. */
  readonly port?: number;
  readonly commands: readonly string[];
  /** A folder off the path that has a folder for each version, in each of which `bin` has the commands. */
  readonly versions?: string;
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
  // With its `initdb` beside it. Debian keeps both off the path.
  {
    name: 'postgres-server',
    variable: 'SIDEREAL_TEST_POSTGRES_SERVER_PATH',
    commands: ['postgres'],
    versions: '/usr/lib/postgresql',
  },
];

export const guardedSuites: readonly GuardedSuite[] = [
  { file: 'test/contract/redisQueue.test.ts', needs: ['redis'] },
  { file: 'test/contract/postgresQueue.test.ts', needs: ['postgres'] },
  { file: 'test/contract/redisInputs.test.ts', needs: ['redis-server'] },
  { file: 'test/contract/postgresInputs.test.ts', needs: ['postgres'] },
  { file: 'test/contract/autoBatchPsql.test.ts', needs: ['postgres'] },
  { file: 'test/contract/evmTarget.test.ts', needs: ['anvil'] },
  { file: 'test/contract/evmTargetFaults.test.ts', needs: ['anvil'] },
  { file: 'test/e2e/orders.test.ts', needs: ['postgres-server'] },
  { file: 'test/e2e/report.test.ts', needs: ['chromium'] },
  { file: 'test/e2e/playground.test.ts', needs: ['chromium'] },
  { file: 'test/e2e/orderPage.test.ts', needs: ['chromium'] },
  { file: 'test/e2e/queuedBench.test.ts', needs: ['redis', 'postgres', 'redis-server'] },
];

/** The program of a requirement on this machine: what the variable says, else in the packages, on the path, or of the newest version. */
export function findCommand(
  { variable, commands, versions }: Requirement,
  environment: NodeJS.ProcessEnv,
): string | undefined {
  const given = environment[variable] ?? '';
  if (given !== '') return given;
  const packages = fileURLToPath(new URL('../node_modules/.bin', import.meta.url));
  const folders = [packages, ...(environment.PATH ?? '').split(delimiter), ...versionFolders(versions)];
  return folders
    .flatMap((folder) => commands.map((command) => join(folder, command)))
    .find((path) => existsSync(path));
}

function versionFolders(versions: string | undefined): readonly string[] {
  if (versions === undefined || !existsSync(versions)) return [];
  const newestFirst = readdirSync(versions).sort((a, b) => Number(b) - Number(a));
  return newestFirst.map((version) => join(versions, version, 'bin'));
}
