/**
 * A network for the devnet engine whose nodes are whole and real and share one process with it: quick to start, and as
 * good as processes for everything but ending and stopping one. A node is ended in good order, and none can be paused.
 */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { DevnetControl, DevnetEvent } from '../../node/devnet/engine/control.ts';
import { NodeReporter } from '../../node/devnet/nodeReporter.ts';
import type { LinkEnd, LinkQuality } from '../../node/runtime/linkConditions.ts';
import { LocalSettlement } from '../../node/runtime/localSettlement.ts';
import type { SettlementClient } from '../../node/runtime/settlementPort.ts';
import type { Scenario, SettlementChainFault } from '../../node/scenario/types.ts';
import type { CrossChainDeposit } from '../../settlement/net/crossChain.ts';
import { RuntimeNetwork } from './runtimeNetwork.ts';

/** Where genesis lies until all nodes serve, in ms from their start. */
const START_MS_MAX = 3_600_000;

export class InProcessControl implements DevnetControl {
  readonly #network: RuntimeNetwork;
  readonly #links: ReadonlyMap<LinkEnd, LinkQuality>[] = [];
  readonly #withheld: boolean[] = [];
  readonly #running = new Set<number>();
  #onEvent: (event: DevnetEvent) => void = () => undefined;

  constructor(scenario: Scenario) {
    this.#network = new RuntimeNetwork(scenario, {
      headStartMs: START_MS_MAX,
      reporterOf: (node) =>
        new NodeReporter(node, (report) => this.#onEvent(structuredClone({ type: 'node', node, report }))),
    });
  }

  async start(onEvent: (event: DevnetEvent) => void): Promise<void> {
    this.#onEvent = onEvent;
    await this.#network.startSettlementChain();
    for (let index = 0; index < this.#network.count; index += 1) await this.startNode(index);
  }

  async begin(genesisMs: number): Promise<void> {
    this.#network.clock.moveGenesis(genesisMs);
  }

  async stop(): Promise<void> {
    this.#onEvent = () => undefined;
    await this.#network.close();
  }

  async kill(node: number): Promise<void> {
    this.#running.delete(node);
    await this.#network.stopNode(node);
  }

  async wipe(node: number): Promise<void> {
    rmSync(join(this.#network.dataDir, `node-${node}`), { recursive: true, force: true });
  }

  async startNode(node: number): Promise<void> {
    await this.#network.startNode(node);
    this.#running.add(node);
    this.#applyFaults(node);
  }

  async pause(): Promise<void> {
    throw new Error('a node that shares a process cannot be paused');
  }

  async resume(): Promise<void> {
    throw new Error('a node that shares a process cannot be paused');
  }

  async submit(node: number, bytes: Uint8Array): Promise<void> {
    if (this.#running.has(node)) await this.#network.node(node).runtime.submit(bytes, { gossip: false });
  }

  setLinks(node: number, links: ReadonlyMap<LinkEnd, LinkQuality>): void {
    this.#links[node] = links;
    this.#applyFaults(node);
  }

  setWithheld(node: number, on: boolean): void {
    this.#withheld[node] = on;
    this.#applyFaults(node);
  }

  async setChainFault(fault: SettlementChainFault, on: boolean): Promise<void> {
    await this.#network.host.setFault(fault, on);
  }

  async deposit(deposit: CrossChainDeposit): Promise<void> {
    await this.#network.host.deposit(deposit);
  }

  async post(bytes: Uint8Array): Promise<void> {
    await this.#network.host.post(bytes);
  }

  createSettlementClient(): SettlementClient {
    return new LocalSettlement(() => this.#network.host);
  }

  #applyFaults(node: number): void {
    if (!this.#running.has(node)) return;
    const { network, conditions } = this.#network.node(node);
    network.links.set(this.#links[node] ?? new Map());
    conditions.setWithheld(this.#withheld[node] ?? false);
  }
}
