/**
 * Memory of a long run: live heap after a forced collection, when an hour has passed and every day from then on. What a
 * run keeps is bounded, so it must not grow any more by then.
 */
import v8 from 'node:v8';
import vm from 'node:vm';
import { runCounted } from '../../node/simulation/run.ts';
import { benchmarkScenario } from './scenario.ts';

const HOUR_MS = 3_600_000;
const WARM_UP_HOURS = 2;
const SAMPLE_INTERVAL_MS = 24 * HOUR_MS;

export interface MemorySample {
  readonly virtualHours: number;
  readonly heapMb: number;
}

export interface MemoryReport {
  readonly days: number;
  /** The first is the one after an hour. */
  readonly samples: readonly MemorySample[];
  /** Largest heap over that of the first sample. */
  readonly growth: number;
}

export function measureMemory(days: number, onSample: (sample: MemorySample) => void): MemoryReport {
  const collect = collector();
  const samples: MemorySample[] = [];
  let nextMs = HOUR_MS;
  const scenario = benchmarkScenario({
    crypto: 'modelled',
    nodes: 4,
    transactions: 0,
    duration: `${Math.round(days * 24)}h`,
  });
  // What the compiler keeps of code that ran is no memory of the run: let it see all of it before.
  runCounted(
    benchmarkScenario({ crypto: 'modelled', nodes: 4, transactions: 0, duration: `${WARM_UP_HOURS}h` }),
  );
  const { result } = runCounted(scenario, {
    onProgress: (virtualMs) => {
      if (virtualMs < nextMs) return;
      nextMs = virtualMs + SAMPLE_INTERVAL_MS;
      // The second one takes what the first one's finalisers let go.
      collect();
      collect();
      const sample = { virtualHours: virtualMs / HOUR_MS, heapMb: process.memoryUsage().heapUsed / 1e6 };
      samples.push(sample);
      onSample(sample);
    },
  });
  if (!result.ok) throw new Error(`the benchmark's own run failed: ${JSON.stringify(result.laws)}`);
  const first = samples[0]?.heapMb ?? Number.NaN;
  return { days, samples, growth: Math.max(...samples.map(({ heapMb }) => heapMb)) / first };
}

/** A full collection, without asking the user to start Node with a flag. */
function collector(): () => void {
  v8.setFlagsFromString('--expose-gc');
  return vm.runInNewContext('gc') as () => void;
}
