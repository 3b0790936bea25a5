/** A worker thread of a sweep: takes one cell at a time, answers with what it measured. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { Reuse } from '../simulation/reuse.ts';
import { type CellTask, runCell } from './cell.ts';
import { signsOfLife } from './lifeSigns.ts';

if (parentPort !== null) work(parentPort);

function work(port: MessagePort): void {
  const reuse = new Reuse();
  port.on('message', (task: CellTask) => {
    port.postMessage({ type: 'done', outcome: runCell(task, { onProgress: signsOfLife(port), reuse }) });
  });
}
