/** The devnet of one run: four nodes and a settlement chain as processes, in a new folder, with accounts of the load funded at genesis. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DescribedNode } from '../../node/devnet/description.ts';
import { LocalNetwork } from '../../node/devnet/localNetwork.ts';
import { createNetworkFolder } from '../../node/devnet/networkFolder.ts';
import { findFreePorts } from '../../node/devnet/ports.ts';
import { genesisOf } from '../../node/scenario/genesis.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import type { Scenario } from '../../node/scenario/types.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';

/** Time for all processes to hear when genesis is, in ms. */
const BEGIN_MS = 200;
/** Ticks of processor time a second, as Linux tells them to everybody (proc(5), USER_HZ). */
const TICKS_PER_SECOND = 100;

/** Entries of `ledger.accounts`. */
export type Funding = readonly {
  readonly address: string;
  readonly balances: Readonly<Record<string, string>>;
}[];

export interface CpuTimes {
  /** In s. */
  readonly nodes: number | null;
  readonly chain: number | null;
  readonly client: number;
  /** Of all processors, busy and in all, in ms. */
  readonly busyMs: number;
  readonly allMs: number;
}

export class BenchNetwork {
  readonly genesis: Genesis;
  readonly #directory: string;
  readonly #network: LocalNetwork;

  private constructor(directory: string, network: LocalNetwork, genesis: Genesis) {
    this.#directory = directory;
    this.#network = network;
    this.genesis = genesis;
  }

  static async start(accounts: Funding): Promise<BenchNetwork> {
    const directory = mkdtempSync(join(tmpdir(), 'sidereal-bench-devnet-'));
    const folder = await createNetworkFolder(directory, scenarioOf(accounts), Date.now());
    const ports = await findFreePorts(folder.config.api.host, folder.config.validators.length);
    const network = new LocalNetwork(
      {
        ...{ folder, ports, restarts: false, adminToken: 'bench', report: 'none' },
        ...{ recordInputs: false, accounts: [] },
      },
      {
        report: () => undefined,
        crashed: (name, { code, signal }) => {
          throw new Error(`${name} ended with ${signal ?? code}`);
        },
        restarted: () => undefined,
      },
    );
    await network.start();
    await network.meet();
    await network.moveGenesis(Date.now() + BEGIN_MS);
    return new BenchNetwork(directory, network, genesisOf(folder.config));
  }

  get nodes(): readonly DescribedNode[] {
    return this.#network.description.nodes;
  }

  cpuTimes(): CpuTimes {
    const { nodes, settlement_chain: chain } = this.#network.description;
    const times = nodes.map(({ pid }) => cpuSecondsOf(pid)).filter((time) => time !== null);
    const { user, system } = process.cpuUsage();
    let [busyMs, allMs] = [0, 0];
    for (const { times: of } of cpus()) {
      busyMs += of.user + of.nice + of.sys + of.irq;
      allMs += of.user + of.nice + of.sys + of.irq + of.idle;
    }
    return {
      nodes: times.length < nodes.length ? null : times.reduce((sum, time) => sum + time, 0),
      chain: cpuSecondsOf(chain.pid),
      client: (user + system) / 1e6,
      busyMs,
      allMs,
    };
  }

  async stop(): Promise<void> {
    await this.#network.stop();
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

function scenarioOf(accounts: Funding): Scenario {
  const text = JSON.stringify({ name: 'autobatch', duration: '1h', config: { ledger: { accounts } } });
  const parsed = parseScenario(text, 'autobatch');
  if (!parsed.ok) throw new Error(parsed.problems.map(({ message }) => message).join('; '));
  return parsed.value.scenario;
}

/** Of all threads of a process since it began; null on systems without /proc. */
function cpuSecondsOf(pid: number): number | null {
  let text: string;
  try {
    text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch {
    return null;
  }
  // Behind the name, which may hold anything: state is the third field, user and system time the 14th and 15th.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}
