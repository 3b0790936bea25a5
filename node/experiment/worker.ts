/** A worker thread of a sweep: takes one cell at a time, answers with what it measured. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { Reuse } from '../simulation/reuse.ts';
import { type CellTask, runCell } from './cell.ts';

/** Slices of a run, some ten milliseconds each, between two signs of life. */
const SLICES_PER_SIGN = 100;

if (parentPort !== null) work(parentPort);

function work(port: MessagePort): void {
  const reuse = new Reuse();
  port.on('message', (task: CellTask) => {
    let slices = 0;
    const onProgress = (): void => {
      slices += 1;
      if (slices % SLICES_PER_SIGN === 0) port.postMessage({ type: 'alive' });
    };
    port.postMessage({ type: 'done', outcome: runCell(task, { onProgress, reuse }) });
  });
}
