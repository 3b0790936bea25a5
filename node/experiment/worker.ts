/** A worker thread of a sweep: takes one cell at a time, answers with what it measured. */
import { parentPort } from 'node:worker_threads';
import { type CellTask, runCell } from './cell.ts';

/** Slices of a run, some ten milliseconds each, between two signs of life. */
const SLICES_PER_SIGN = 100;

parentPort?.on('message', (task: CellTask) => {
  let slices = 0;
  const outcome = runCell(task, () => {
    slices += 1;
    if (slices % SLICES_PER_SIGN === 0) parentPort?.postMessage({ type: 'alive' });
  });
  parentPort?.postMessage({ type: 'done', outcome });
});
