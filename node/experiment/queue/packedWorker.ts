/** A thread of a worker: unpacks an experiment once, takes one of its cells at a time, and answers with the cell's text. */
import { type MessagePort, parentPort } from 'node:worker_threads';
import { Reuse } from '../../simulation/reuse.ts';
import { runCell } from '../cell.ts';
import { signsOfLife } from '../lifeSigns.ts';
import type { Plan } from '../plan.ts';
import type { PackedCell } from './cellWorker.ts';
import { unpackExperiment } from './experimentPackage.ts';

if (parentPort !== null) work(parentPort);

function work(port: MessagePort): void {
  let latest: { readonly experiment: string; readonly plan: Plan; readonly reuse: Reuse } | undefined;
  port.on('message', ({ experiment, plan: planHash, package: bytes, index }: PackedCell) => {
    // A copy: what is shared cannot be unpacked in place.
    if (latest?.experiment !== experiment)
      latest = { experiment, plan: unpackExperiment(bytes.slice(), planHash), reuse: new Reuse() };
    const { plan, reuse } = latest;
    const cell = runCell(plan.task(index), { onProgress: signsOfLife(port), reuse });
    port.postMessage({ type: 'done', outcome: { type: 'done', text: JSON.stringify(cell) } });
  });
}
