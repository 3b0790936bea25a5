/**
 * How fast the simulation runs, with every law and the trace hash on, beside the floor measured in the same process
 * (docs/performance.md).
 *
 *   npm run bench:simulation                 a table, and which bars are met
 *   npm run bench:simulation -- --memory     memory of a run of 30 days instead; --days n for another length
 *   npm run bench:simulation -- --json       one JSON object
 */
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { CryptoPolicy } from '../../consensus/primitives/signature.ts';
import { tuneForSimulation } from '../../node/cli/collector.ts';
import { runCounted } from '../../node/simulation/run.ts';
import { cryptoFloor, heapFloor } from './floor.ts';
import { measureMemory } from './memory.ts';
import { benchmarkScenario } from './scenario.ts';
import { RUNS, timeOf } from './stopwatch.ts';

/** Most that memory may grow after the first hour. */
const MEMORY_GROWTH_MAX = 1.1;

interface Case {
  readonly crypto: CryptoPolicy;
  readonly nodes: number;
  readonly transactions: number;
  /** Virtual time: long enough for a steady state, short enough for a coffee. */
  readonly minutes: number;
  /** Virtual time over wall time that must be reached. */
  readonly speedMin?: number;
  /** Time of a block over that of its floor that must not be exceeded. */
  readonly floorRatioMax?: number;
}

const cases: readonly Case[] = [
  { crypto: 'modelled', nodes: 4, transactions: 0, minutes: 60, speedMin: 30_000 },
  { crypto: 'cached', nodes: 4, transactions: 0, minutes: 30, speedMin: 4000, floorRatioMax: 2.5 },
  { crypto: 'full', nodes: 4, transactions: 0, minutes: 15 },
  { crypto: 'modelled', nodes: 4, transactions: 100, minutes: 10, speedMin: 2500 },
  { crypto: 'cached', nodes: 4, transactions: 100, minutes: 5, speedMin: 200 },
  { crypto: 'full', nodes: 4, transactions: 100, minutes: 3 },
  { crypto: 'modelled', nodes: 64, transactions: 0, minutes: 3, speedMin: 150 },
];

interface Row extends Case {
  /** Virtual time over wall time. */
  readonly speed: number;
  /** Virtual time over processor time: what a busy machine spoils less. */
  readonly cpuSpeed: number;
  readonly blockUs: number;
  readonly heapUs: number;
  readonly cryptoUs: number;
  readonly floorRatio: number;
  /** Undefined where there is no bar. */
  readonly isMet: boolean | undefined;
}

function measure(one: Case): Row {
  const { crypto, nodes, transactions, minutes, speedMin, floorRatioMax } = one;
  const scenario = benchmarkScenario({ crypto, nodes, transactions, duration: `${minutes}m` });
  let blocks = 0;
  let events = 0;
  const { wallMs, cpuMs } = timeOf(() => {
    const { result, eventCount } = runCounted(scenario);
    if (!result.ok) throw new Error(`the benchmark's own run failed: ${JSON.stringify(result.laws)}`);
    blocks = result.finalized_height;
    events = eventCount;
  });
  const heapMs = heapFloor(events, nodes).wallMs;
  const cryptoMs = cryptoFloor(crypto, { nodes, blocks, transactions }).wallMs;
  const speed = scenario.durationMs / wallMs;
  const floorRatio = wallMs / (heapMs + cryptoMs);
  const hasBar = speedMin !== undefined || floorRatioMax !== undefined;
  return {
    ...one,
    speed,
    cpuSpeed: scenario.durationMs / cpuMs,
    blockUs: (wallMs * 1000) / blocks,
    heapUs: (heapMs * 1000) / blocks,
    cryptoUs: (cryptoMs * 1000) / blocks,
    floorRatio,
    isMet: hasBar
      ? speed >= (speedMin ?? 0) && floorRatio <= (floorRatioMax ?? Number.POSITIVE_INFINITY)
      : undefined,
  };
}

function barOf({ speedMin, floorRatioMax, isMet }: Row): string {
  if (isMet === undefined) return '-';
  const ratio = floorRatioMax === undefined ? '' : `, ${floorRatioMax} x floor`;
  return `${speedMin}${ratio}: ${isMet ? 'met' : 'NOT MET'}`;
}

function printTable(rows: readonly Row[]): void {
  const head = [
    'crypto',
    'nodes',
    'transactions',
    'x real time',
    'by CPU time',
    'us/block',
    'heap us',
    'crypto us',
    'of floor',
    'bar',
  ];
  const cells = rows.map((row) => [
    row.crypto,
    String(row.nodes),
    String(row.transactions),
    row.speed.toFixed(0),
    row.cpuSpeed.toFixed(0),
    row.blockUs.toFixed(1),
    row.heapUs.toFixed(1),
    row.cryptoUs.toFixed(1),
    `${row.floorRatio.toFixed(1)} x`,
    barOf(row),
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lineOf = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ');
  console.log(lineOf(head));
  for (const row of cells) console.log(lineOf(row));
}

function reportMemory(days: number, json: boolean): void {
  const report = measureMemory(days, ({ virtualHours, heapMb }) => {
    if (!json) console.log(`${virtualHours.toFixed(1).padStart(7)} h  ${heapMb.toFixed(1)} MB`);
  });
  if (json) {
    console.log(JSON.stringify(report));
    return;
  }
  const growth = ((report.growth - 1) * 100).toFixed(1);
  const isMet = report.growth <= MEMORY_GROWTH_MAX;
  console.log(
    `most after the first hour: ${growth} % more than then; at most 10 %: ${isMet ? 'met' : 'NOT MET'}`,
  );
}

function main(): void {
  tuneForSimulation();
  const { values } = parseArgs({
    options: {
      json: { type: 'boolean', default: false },
      memory: { type: 'boolean', default: false },
      days: { type: 'string', default: '30' },
    },
  });
  if (values.memory) {
    reportMemory(Number(values.days), values.json);
    return;
  }
  const loadBefore = loadavg()[0] ?? 0;
  const rows = cases.map((one) => {
    if (!values.json)
      console.error(`measuring ${one.crypto}, ${one.nodes} nodes, ${one.transactions} transactions a block`);
    return measure(one);
  });
  if (values.json) console.log(JSON.stringify({ runs: RUNS, load: loadBefore, rows }));
  else {
    printTable(rows);
    console.log(
      `medians of ${RUNS} runs; load of the machine before: ${loadBefore.toFixed(1)} (on a busy one bars may be missed)`,
    );
  }
}

main();
