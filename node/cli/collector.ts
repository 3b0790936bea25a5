/**
 * How V8 collects the garbage of simulations (docs/performance.md). Its settings are those of the whole process, and
 * what they change is how long a run takes.
 */
import { setFlagsFromString } from 'node:v8';

/**
 * Before a simulation runs: no object is placed among the old ones from the start because others of its place in the program
 * lived long. A simulation's windows move on, and what then dies among the old keeps alive whatever it refers to.
 */
export function tuneForSimulation(): void {
  setFlagsFromString('--no-allocation-site-pretenuring');
}

/**
 * Before threads are started that simulate and keep all processors busy: each collects alone as well. A helper would
 * take its time from another thread, and both would wait for each other.
 */
export function tuneForThreads(): void {
  tuneForSimulation();
  setFlagsFromString('--no-parallel-scavenge');
}
