/**
 * A network of many nodes on this machine for some minutes: whether it keeps the pace of its blocks, and what each node
 * takes of memory and processor. Prints a line a minute.
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalNetwork } from '../../node/devnet/localNetwork.ts';
import { createNetworkFolder } from '../../node/devnet/networkFolder.ts';
import { findFreePorts } from '../../node/devnet/ports.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';

export interface SoakOptions {
  readonly validators: number;
  readonly minutes: number;
}

const BLOCK_TIME_MS = 2000;
const MINUTE_MS = 60_000;
/** Time for each process to start before the genesis instant, in ms. */
const START_MS_PER_NODE = 1000;
/** Blocks that may be missing from the pace at the end: the one under way, and one that a busy moment held up. */
const BLOCKS_MISSING_MAX = 2;
/** Growth from the second minute to the last that counts as none: pages that the allocator has not given back yet. */
const GROWTH_MAX = 1.1;

/** @returns Whether the pace was kept and memory did not grow. */
export async function runSoak({ validators, minutes }: SoakOptions): Promise<boolean> {
  const dataDir = mkdtempSync(join(tmpdir(), 'sidereal-soak-'));
  const text = `seed: 1\nduration: 60s\nconfig: { validators: { count: ${validators} } }\nworkload: { uniform: { transactions_per_block: 5 } }\n`;
  const loaded = parseScenario(text, 'soak.yaml');
  if (!loaded.ok) throw new Error('the scenario of the soak is not right');
  const genesisMs = Date.now() + 3000 + START_MS_PER_NODE * validators;
  const folder = await createNetworkFolder(dataDir, loaded.value.scenario, genesisMs);
  const heights = Array.from({ length: validators }, () => 0);
  let nullified = 0;
  const network = new LocalNetwork(
    {
      folder,
      ports: await findFreePorts('127.0.0.1', validators),
      adminToken: 'soak',
      restarts: false,
      report: 'events',
      recordInputs: false,
      accounts: [],
    },
    {
      report: (node, report) => {
        if (report.type !== 'event') return;
        if (report.event.type === 'block_finalized') heights[node] = report.event.height;
        if (report.event.type === 'view_nullified' && node === 0) nullified += 1;
      },
      crashed: (name) => console.log(`${name} died`),
      restarted: () => undefined,
    },
  );
  try {
    const startedMs = Date.now();
    await network.start();
    console.log(`${validators} nodes serve after ${Date.now() - startedMs} ms`);
    await sleep(Math.max(0, genesisMs - Date.now()));
    const memory: number[][] = [];
    let isOnPace = true;
    for (let minute = 1; minute <= minutes; minute += 1) {
      await sleep(genesisMs + minute * MINUTE_MS - Date.now());
      const resident = network.description.nodes.map(({ pid }) => residentMb(pid));
      memory.push(resident);
      const due = Math.floor((minute * MINUTE_MS) / BLOCK_TIME_MS);
      const lowest = Math.min(...heights);
      isOnPace &&= lowest >= due - BLOCKS_MISSING_MAX;
      console.log(
        `minute ${minute}: heights ${lowest} to ${Math.max(...heights)} of ${due} due, ${nullified} views nullified; MB a node: ` +
          `mean ${mean(resident).toFixed(1)}, most ${Math.max(...resident).toFixed(1)}`,
      );
    }
    const before = memory[Math.min(1, memory.length - 1)] ?? [];
    const growth = mean(memory.at(-1) ?? []) / mean(before);
    console.log(
      `memory of the last minute against the second: ${growth.toFixed(3)}; pace ${isOnPace ? 'kept' : 'LOST'}`,
    );
    return isOnPace && growth <= GROWTH_MAX;
  } finally {
    await network.stop();
    rmSync(dataDir, { recursive: true, force: true });
  }
}

function residentMb(pid: number): number {
  const [, kilobytes = '0'] =
    /^VmRSS:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kilobytes) / 1024;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
