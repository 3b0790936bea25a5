/**
 * How fast the simulation runs, with every law and the trace hash on, beside the floor measured in the same process: the
 * bare event heap with the same number of events, and the bare signatures and verifications of the same blocks.
 *
 *   npm run bench:simulation            a table
 *   npm run bench:simulation -- --json  one JSON object
 */
import { parseArgs } from 'node:util';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import type { CryptoPolicy } from '../../consensus/primitives/signature.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import type { Scenario } from '../../node/scenario/types.ts';
import { EventHeap } from '../../node/simulation/eventHeap.ts';
import { runCounted } from '../../node/simulation/run.ts';

const NODE_COUNT = 4;
/** Runs of each case that count, after one that does not. */
const RUNS = 5;
/** Events waiting at once in the floor's heap, as in a run. */
const HEAP_DEPTH = 64;
const MESSAGE_BYTES = 74;
const policies: readonly CryptoPolicy[] = ['modelled', 'cached', 'full'];
/** Virtual minutes long enough for a steady state, short enough for a coffee. */
const workloads = [
  { transactions: 0, minutes: { modelled: 60, cached: 30, full: 15 } },
  { transactions: 100, minutes: { modelled: 10, cached: 5, full: 3 } },
] as const;

interface Row {
  readonly crypto: CryptoPolicy;
  readonly transactions: number;
  readonly timesRealTime: number;
  readonly blockUs: number;
  readonly heapUs: number;
  readonly cryptoUs: number;
  /** Time of a block over that of its floor. */
  readonly ratio: number;
}

function scenarioOf(crypto: CryptoPolicy, transactions: number, minutes: number): Scenario {
  const text = [
    'name: benchmark',
    `duration: ${minutes}m`,
    `config: { validators: { count: ${NODE_COUNT} }, simulation: { crypto: ${crypto} } }`,
    ...(transactions === 0 ? [] : [`workload: { uniform: { transactions_per_block: ${transactions} } }`]),
  ].join('\n');
  const parsed = parseScenario(text, 'benchmark');
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
  return parsed.value.scenario;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

/** Median time of `action` in ms, after one run that does not count. */
function timeOf(action: () => void): number {
  action();
  return median(
    Array.from({ length: RUNS }, () => {
      const startedMs = performance.now();
      action();
      return performance.now() - startedMs;
    }),
  );
}

function heapFloorMs(eventCount: number): number {
  return timeOf(() => {
    const heap = new EventHeap();
    let order = 0;
    for (; order < HEAP_DEPTH; order += 1) heap.push(order % 7, order, order);
    for (let event = 0; event < eventCount; event += 1) {
      const timeMs = heap.nextTimeMs;
      const slot = heap.pop();
      order += 1;
      heap.push(timeMs + ((order * 37) % 101), order, slot);
    }
  });
}

/** Two votes of each node, checked by all others; each transaction signed once and checked by all. */
function cryptoFloorMs(policy: CryptoPolicy, blocks: number, transactions: number): number {
  return timeOf(() => {
    const crypto = createCrypto(policy);
    const signers = Array.from({ length: NODE_COUNT }, (_, index) =>
      crypto.createSigner(deriveSecretKey('benchmark', `node-${index}`)),
    );
    const message = new Uint8Array(MESSAGE_BYTES);
    const view = new DataView(message.buffer);
    let number = 0;
    const exchange = (signer: number, verifierCount: number): void => {
      number += 1;
      view.setUint32(0, number);
      const by = signers[signer % NODE_COUNT];
      if (by === undefined) return;
      const signed = message.slice();
      const signature = by.sign(signed);
      for (let verifier = 0; verifier < verifierCount; verifier += 1) {
        if (!crypto.verify(by.publicKey, signed, signature)) throw new Error('a signature does not verify');
      }
    };
    for (let block = 0; block < blocks; block += 1) {
      for (let vote = 0; vote < 2 * NODE_COUNT; vote += 1) exchange(vote, NODE_COUNT - 1);
      for (let transaction = 0; transaction < transactions; transaction += 1)
        exchange(transaction, NODE_COUNT);
    }
  });
}

function measure(crypto: CryptoPolicy, transactions: number, minutes: number): Row {
  const scenario = scenarioOf(crypto, transactions, minutes);
  let blocks = 0;
  let events = 0;
  const wallMs = timeOf(() => {
    const { result, eventCount } = runCounted(scenario);
    if (!result.ok) throw new Error(`the benchmark's own run failed: ${JSON.stringify(result.laws)}`);
    blocks = result.finalized_height;
    events = eventCount;
  });
  const heapMs = heapFloorMs(events);
  const cryptoMs = cryptoFloorMs(crypto, blocks, transactions);
  return {
    crypto,
    transactions,
    timesRealTime: scenario.durationMs / wallMs,
    blockUs: (wallMs * 1000) / blocks,
    heapUs: (heapMs * 1000) / blocks,
    cryptoUs: (cryptoMs * 1000) / blocks,
    ratio: wallMs / (heapMs + cryptoMs),
  };
}

function printTable(rows: readonly Row[]): void {
  const head = ['crypto', 'transactions', 'x real time', 'us/block', 'heap us', 'crypto us', 'of floor'];
  const cells = rows.map(({ crypto, transactions, timesRealTime, blockUs, heapUs, cryptoUs, ratio }) => [
    crypto,
    String(transactions),
    timesRealTime.toFixed(0),
    blockUs.toFixed(1),
    heapUs.toFixed(1),
    cryptoUs.toFixed(1),
    `${ratio.toFixed(1)} x`,
  ]);
  const widths = head.map((title, column) =>
    Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const lineOf = (row: readonly string[]): string =>
    row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join('  ');
  console.log(lineOf(head));
  for (const row of cells) console.log(lineOf(row));
}

function main(): void {
  const { values } = parseArgs({ options: { json: { type: 'boolean', default: false } } });
  const rows: Row[] = [];
  for (const { transactions, minutes } of workloads) {
    for (const crypto of policies) {
      if (!values.json) console.error(`measuring ${crypto}, ${transactions} transactions a block`);
      rows.push(measure(crypto, transactions, minutes[crypto]));
    }
  }
  if (values.json) console.log(JSON.stringify({ nodes: NODE_COUNT, runs: RUNS, rows }));
  else printTable(rows);
}

main();
