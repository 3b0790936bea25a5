/** Test projects by what they stand on; `npm test` runs them all, leaving out suites that lack a server or browser. */
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';
import { plantBugs } from './test/simulation/planted/plantBugs.ts';

/** Pure code and no module state: suites share a worker's modules, which makes them several times quicker. */
const shared = { pool: 'threads', isolate: false, setupFiles: 'test/setup.ts' } as const;
/** Processes, ports and disks: a worker of its own for each file. */
const isolated = { pool: 'forks', isolate: true, setupFiles: 'test/setup.ts' } as const;

export default defineConfig({
  test: {
    // On two cores vitest would leave one to itself, which it hardly needs.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    projects: [
      // Properties take seconds on a busy machine; the limit is for what hangs.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 120_000, ...shared } },
      {
        test: { name: 'contract', include: ['test/contract/**/*.test.ts'], testTimeout: 30_000, ...isolated },
      },
      {
        test: {
          name: 'simulation',
          include: ['test/simulation/**/*.test.ts'],
          exclude: ['test/simulation/planted/**'],
          testTimeout: 120_000,
          ...shared,
        },
      },
      {
        plugins: [plantBugs()],
        // A copy of the program for each planted bug.
        test: {
          name: 'planted',
          include: ['test/simulation/planted/**/*.test.ts'],
          testTimeout: 300_000,
          pool: 'forks',
          isolate: false,
          setupFiles: 'test/setup.ts',
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          globalSetup: 'test/e2e/build.ts',
          testTimeout: 120_000,
          // Real time: when everything that computes is done.
          sequence: { groupOrder: 1 },
          ...isolated,
        },
      },
    ],
    coverage: {
      provider: 'v8',
      include: ['consensus/**/*.ts', 'settlement/**/*.ts'],
      reporter: ['text-summary', 'json-summary', 'html'],
      reportsDirectory: 'coverage',
      reportOnFailure: true,
      thresholds: { lines: 90 },
    },
  },
});
