/** How a thread that runs a cell says that it is alive. */
import type { MessagePort } from 'node:worker_threads';

/** Slices of a run, some ten milliseconds each, between two signs of life. */
const SLICES_PER_SIGN = 100;

/** @returns To be called after every slice of one run. */
export function signsOfLife(port: MessagePort): () => void {
  let slices = 0;
  return () => {
    slices += 1;
    if (slices % SLICES_PER_SIGN === 0) port.postMessage({ type: 'alive' });
  };
}
