/** Medians of wall time and of processor time: the first is what a user waits, the second what others on the machine leave alone. */

/** Runs that count, after one that does not. */
export const RUNS = 5;

export interface Timing {
  readonly wallMs: number;
  /** Of all threads, so the garbage collector's helpers count. */
  readonly cpuMs: number;
}

/** Medians over `RUNS` runs of `action`, after one that lets the compiler see it. */
export function timeOf(action: () => void): Timing {
  action();
  const wall: number[] = [];
  const cpu: number[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    const startedMs = performance.now();
    const usedBefore = process.cpuUsage();
    action();
    const { user, system } = process.cpuUsage(usedBefore);
    wall.push(performance.now() - startedMs);
    cpu.push((user + system) / 1000);
  }
  return { wallMs: median(wall), cpuMs: median(cpu) };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
