/**
 * What the input pipeline costs, as ratios within one run (docs/performance.md, inputs): a node's HTTP server with a batcher on
 * `level`, beside the same framework that reads the same bodies, verifies the same signatures and does nothing else.
 * The server, and autocannon as its client, are processes of their own; all inputs are signed before anything is measured.
 *
 *   npm run bench:batcher                     a table, and which bars are met
 *   npm run bench:batcher -- --minutes 10     memory of a batcher that takes inputs for so long
 *   npm run bench:batcher -- --json           one JSON object
 */
import { rmSync } from 'node:fs';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { median } from './batcherFigures.ts';
import { makeInputFile } from './batcherInputs.ts';
import { type LoadOrder, runLoad } from './batcherLoad.ts';
import { BenchServer, type ServerKind } from './batcherProcess.ts';

/** Of each server, in turns: what else the machine does strikes both. */
const ROUNDS = 5;
/** Inputs of one round at saturation, and of the one before that does not count. */
const ROUND_INPUTS = 8000;
/** Enough that either server always has something to do. */
const CONNECTIONS = 64;
/** How long answers are timed at half of the batcher's saturation. */
const STEADY_MS = 20_000;
/** Inputs a second while memory is watched, and how often it is looked at. */
const MEMORY_RATE = 400;
const MEMORY_SAMPLE_MS = 15_000;
const MEMORY_WARM_UP_SAMPLES = 4;

const RATIO_MIN = 0.5;
const TAIL_RATIO_MAX = 3;
const MEMORY_GROWTH_MAX = 1.25;

const { values } = parseArgs({
  options: {
    json: { type: 'boolean', default: false },
    minutes: { type: 'string' },
    profile: { type: 'boolean', default: false },
  },
});
const load = loadavg()[0] ?? 0;
const report = values.minutes === undefined ? await compare() : await watchMemory(Number(values.minutes));
if (values.json) console.log(JSON.stringify({ load, ...report }));
else console.log(`load of the machine before: ${load.toFixed(1)} (on a busy one bars may be missed)`);

async function compare() {
  const steadyInputs = 40_000;
  const files = {
    baseline: makeInputFile(1, (ROUNDS + 1) * ROUND_INPUTS + steadyInputs),
    batcher: makeInputFile(2, (ROUNDS + 1) * ROUND_INPUTS + steadyInputs),
  };
  const servers = {
    baseline: await BenchServer.start('baseline'),
    batcher: await BenchServer.start('batcher', { isProfiled: values.profile }),
  };
  const used = { baseline: 0, batcher: 0 };
  const drive = (kind: ServerKind, order: Pick<LoadOrder, 'count' | 'rate'>) => {
    const from = used[kind];
    used[kind] += order.count;
    return runLoad({
      ...order,
      url: servers[kind].url,
      file: files[kind],
      from,
      connections: CONNECTIONS,
    });
  };
  try {
    const cpuMs: Record<ServerKind, number> = { baseline: 0, batcher: 0 };
    const rates: Record<ServerKind, number[]> = { baseline: [], batcher: [] };
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const kind of ['baseline', 'batcher'] as const) {
        const before = await servers[kind].usage();
        const { perSecond } = await drive(kind, { count: ROUND_INPUTS, rate: undefined });
        const after = await servers[kind].usage();
        // The first lets the compiler see it.
        if (round === 0) continue;
        rates[kind].push(perSecond);
        cpuMs[kind] += after.cpuMs - before.cpuMs;
      }
    }
    const saturation = { baseline: median(rates.baseline), batcher: median(rates.batcher) };
    const rate = Math.floor(saturation.batcher / 2);
    const count = Math.min(steadyInputs, Math.floor((rate * STEADY_MS) / 1000));
    const baseline = await drive('baseline', { count, rate });
    const batcher = await drive('batcher', { count, rate });
    const cpuUs = {
      baseline: (1000 * cpuMs.baseline) / (ROUNDS * ROUND_INPUTS),
      batcher: (1000 * cpuMs.batcher) / (ROUNDS * ROUND_INPUTS),
    };
    const ratio = saturation.batcher / saturation.baseline;
    const tailRatio = batcher.p99Ms / baseline.p99Ms;
    if (!values.json) {
      console.log('accepted inputs a second, each signed, level, no-wait:');
      console.log(`  baseline ${saturation.baseline.toFixed(0)}, batcher ${saturation.batcher.toFixed(0)}`);
      tell(`  ratio ${ratio.toFixed(2)}`, ratio >= RATIO_MIN, `at least ${RATIO_MIN}`);
      console.log(
        `  processor time an input, all threads, in us: ${cpuUs.baseline.toFixed(0)}, ${cpuUs.batcher.toFixed(0)}`,
      );
      console.log(`answers at ${rate} inputs a second, p50 / p99 in ms:`);
      console.log(
        `  baseline ${baseline.p50Ms} / ${baseline.p99Ms}, batcher ${batcher.p50Ms} / ${batcher.p99Ms}`,
      );
      tell(
        `  ratio of p99 ${tailRatio.toFixed(2)}`,
        tailRatio <= TAIL_RATIO_MAX,
        `at most ${TAIL_RATIO_MAX}`,
      );
    }
    return { rates, saturation, cpuUs, ratio, rate, baseline, batcher, tailRatio };
  } finally {
    await servers.baseline.stop();
    await servers.batcher.stop();
    for (const file of Object.values(files)) rmSync(file);
  }
}

async function watchMemory(minutes: number) {
  const durationMs = minutes * 60_000;
  const count = Math.floor((MEMORY_RATE * durationMs) / 1000);
  const file = makeInputFile(3, count);
  const server = await BenchServer.start('batcher');
  const samples: { readonly atMs: number; readonly heapMb: number; readonly rssMb: number }[] = [];
  const startedMs = performance.now();
  const timer = setInterval(() => {
    void server.usage().then(({ heapMb, rssMb }) => {
      const atMs = Math.round(performance.now() - startedMs);
      samples.push({ atMs, heapMb, rssMb });
      if (!values.json)
        console.log(
          `${(atMs / 60_000).toFixed(1)} min: heap ${heapMb.toFixed(1)} MB, rss ${rssMb.toFixed(0)} MB`,
        );
    });
  }, MEMORY_SAMPLE_MS);
  try {
    const order = { url: server.url, file, from: 0, count, rate: MEMORY_RATE, connections: CONNECTIONS };
    const { perSecond } = await runLoad(order);
    clearInterval(timer);
    const heaps = samples.slice(MEMORY_WARM_UP_SAMPLES).map(({ heapMb }) => heapMb);
    const half = Math.ceil(heaps.length / 2);
    const growth = median(heaps.slice(half)) / median(heaps.slice(0, half));
    if (!values.json) {
      console.log(
        `${perSecond.toFixed(0)} inputs a second for ${minutes} minutes, live heap after a collection:`,
      );
      const words = `  second half over first, after the first minute: ${growth.toFixed(2)}`;
      tell(words, growth <= MEMORY_GROWTH_MAX, `at most ${MEMORY_GROWTH_MAX}`);
    }
    return { perSecond, samples, growth };
  } finally {
    clearInterval(timer);
    await server.stop();
    rmSync(file);
  }
}

function tell(words: string, isMet: boolean, bar: string): void {
  console.log(`${words}: ${isMet ? 'met' : 'MISSED'} (bar: ${bar})`);
}
