/** A local network of real processes, with what its nodes report gathered for tests. */
import type { NodeEvent } from '../../node/core/events.ts';
import { LocalNetwork } from '../../node/devnet/localNetwork.ts';
import {
  createNetworkFolder,
  type NetworkFolder,
  readNetworkFolder,
} from '../../node/devnet/networkFolder.ts';
import { findFreePorts, type NetworkPorts } from '../../node/devnet/ports.ts';
import type { NetFact } from '../../settlement/net/types.ts';
import { scenarioOf } from './coreNetwork.ts';

/** Time between making a network and its genesis instant, in ms. */
const HEAD_START_MS = 1500;

export interface ProcessNetworkOptions {
  readonly restarts?: boolean;
  readonly ports?: NetworkPorts;
  /** Every node writes down what it takes in. */
  readonly recordInputs?: boolean;
}

export class ProcessNetwork {
  readonly network: LocalNetwork;
  /** What the network told of its processes, in words. */
  readonly told: string[] = [];
  readonly events: { readonly node: number; readonly event: NodeEvent }[] = [];
  /** State root by height, as each node reported it. */
  readonly #roots: Map<number, string>[];

  private constructor(
    folder: NetworkFolder,
    ports: NetworkPorts,
    { restarts = false, recordInputs = false }: ProcessNetworkOptions,
  ) {
    this.#roots = folder.config.validators.map(() => new Map());
    this.network = new LocalNetwork(
      { folder, ports, restarts, adminToken: 'test', report: 'events', recordInputs, accounts: [] },
      {
        report: (node, report) => {
          if (report.type !== 'event') return;
          const { event } = report;
          this.events.push({ node, event });
          if (event.type === 'block_finalized') this.#roots[node]?.set(event.height, event.stateRoot);
        },
        crashed: (name, { signal }, restartInMs) =>
          this.told.push(`crashed ${name} ${signal} ${restartInMs}`),
        restarted: (name) => this.told.push(`restarted ${name}`),
      },
    );
  }

  /** The network of a directory, or a new one. */
  static async open(
    dataDir: string,
    text: string,
    options: ProcessNetworkOptions = {},
  ): Promise<ProcessNetwork> {
    const folder =
      readNetworkFolder(dataDir) ??
      (await createNetworkFolder(dataDir, scenarioOf(text), Date.now() + HEAD_START_MS));
    const { host } = folder.config.api;
    const free = options.ports ?? (await findFreePorts(host, folder.config.validators.length));
    return new ProcessNetwork(folder, free, options);
  }

  start(): Promise<void> {
    return this.network.start();
  }

  get pids(): readonly number[] {
    const { nodes, settlement_chain: chain } = this.network.description;
    return [...nodes.map(({ pid }) => pid), chain.pid].filter((pid) => pid > 0);
  }

  /** State root by height, as a node reported it. */
  rootsOf(node: number): ReadonlyMap<number, string> {
    return this.#roots[node] ?? new Map();
  }

  /** Heights that a node reported final. */
  heightsOf(node: number): readonly number[] {
    return [...(this.#roots[node]?.keys() ?? [])];
  }

  heightOf(node: number): number {
    return Math.max(0, ...this.heightsOf(node));
  }

  get highest(): number {
    return Math.max(...this.#roots.map((_, node) => this.heightOf(node)));
  }

  /** Batches that some node saw sealed. */
  get sealed(): readonly number[] {
    return this.#facts().flatMap((fact) => (fact.type === 'batch_sealed' ? [fact.batch.seq] : []));
  }

  /** Batches that some node saw confirmed. */
  get confirmed(): readonly number[] {
    return this.#facts().flatMap((fact) => (fact.type === 'batch_confirmed' ? [fact.batch.seq] : []));
  }

  /** Validators that were slashed, one entry a slash. */
  get slashed(): readonly number[] {
    return this.#facts().flatMap((fact) => (fact.type === 'slashed' ? [fact.validator] : []));
  }

  /** Facts of final blocks, each once. */
  #facts(): readonly NetFact[] {
    const byHeight = new Map<number, readonly NetFact[]>();
    for (const { event } of this.events) {
      if (event.type === 'block_finalized') byHeight.set(event.height, event.facts);
    }
    return [...byHeight.values()].flat();
  }

  /** Heights at which two nodes have different state roots. */
  get disagreements(): readonly number[] {
    const heights = new Set(this.#roots.flatMap((roots) => [...roots.keys()]));
    return [...heights].filter(
      (height) =>
        new Set(this.#roots.map((roots) => roots.get(height)).filter((root) => root !== undefined)).size > 1,
    );
  }

  close(): Promise<void> {
    return this.network.stop();
  }
}
