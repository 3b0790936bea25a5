/** A worker thread of the fuzzer: takes one seed at a time, answers with its outcome. */
import { parentPort } from 'node:worker_threads';
import { runSeed, type SeedTask } from './seedRun.ts';

parentPort?.on('message', (task: SeedTask) => {
  const outcome = runSeed(task, () => parentPort?.postMessage({ type: 'alive' }));
  parentPort?.postMessage({ type: 'done', outcome });
});
