/**
 * Whole nodes of the real runtime in one process: libp2p on ports of the system's choice, stores in a temporary folder,
 * the system's clock, and one mock settlement chain that all of them reach without a wire.
 */
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import { archiveLimits } from '../../node/core/archive.ts';
import type { NodeEvent } from '../../node/core/events.ts';
import { NodeCore } from '../../node/core/nodeCore.ts';
import type { NodeReporter } from '../../node/devnet/nodeReporter.ts';
import type { EventTap } from '../../node/devnet/runtimeView.ts';
import { NodeRecorder, type RecordingEnded } from '../../node/replay/nodeRecorder.ts';
import { LevelStore } from '../../node/runtime/levelStore.ts';
import { Libp2pNetwork } from '../../node/runtime/libp2pNetwork.ts';
import { plainLink } from '../../node/runtime/linkConditions.ts';
import { LocalSettlement } from '../../node/runtime/localSettlement.ts';
import { NodeRuntime } from '../../node/runtime/nodeRuntime.ts';
import { SettlementConditions } from '../../node/runtime/settlementConditions.ts';
import { SettlementHost } from '../../node/runtime/settlementHost.ts';
import type { SettlementClient } from '../../node/runtime/settlementPort.ts';
import { SystemClock } from '../../node/runtime/systemClock.ts';
import { createGenesis, type GenesisParts } from '../../node/scenario/genesis.ts';
import { nodeOptionsOf } from '../../node/scenario/nodeOptions.ts';
import { createSettlementChain } from '../../node/scenario/settlementChain.ts';
import { TransactionFeed } from '../../node/scenario/timeline.ts';
import type { Scenario } from '../../node/scenario/types.ts';
import { DoubleSettlementWatch } from '../../settlement/chain/doubleSettlementWatch.ts';
import type { GenesisAccount } from '../../settlement/ledger/types.ts';
import type { NetFact, SealedBatch } from '../../settlement/net/types.ts';
import { scenarioOf } from './coreNetwork.ts';

export const fastScenario = `
seed: 5
duration: 60s
config:
  chain: { block_time_ms: 200 }
  consensus: { delta_ms: 300 }
  settlement: { batch_size: 5 }
  settlement_chain: { block_time_ms: 500 }
  simulation: { crypto: cached }
`;
/** Time between making the network and its genesis instant, in ms: nodes are to be up by then. */
const HEAD_START_MS = 1500;
const MESSAGE_BYTES_MAX = 2 * 1024 * 1024;

export interface RuntimeNetworkOptions {
  readonly createClient?: () => SettlementClient;
  /** Funded at genesis beside the scenario's own. */
  readonly extraAccounts?: readonly GenesisAccount[];
  /** Until the genesis instant, in ms. */
  readonly headStartMs?: number;
  /** Tells whoever watches the whole network. */
  readonly reporterOf?: (index: number) => NodeReporter;
  /** Told what a node does, for its HTTP API. */
  readonly tapOf?: (index: number) => EventTap | undefined;
}

export interface RunningNode {
  readonly core: NodeCore;
  readonly runtime: NodeRuntime;
  readonly network: Libp2pNetwork;
  /** Faults between it and the settlement chain. */
  readonly conditions: SettlementConditions;
}

export class RuntimeNetwork {
  readonly parts: GenesisParts;
  readonly clock: SystemClock;
  readonly crypto = createCrypto('full');
  readonly failures: unknown[] = [];
  /** State root by height, as each node reported it. */
  readonly roots: Map<number, string>[] = [];
  readonly events: { readonly node: number; readonly event: NodeEvent }[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'sidereal-runtime-'));
  readonly #scenario: Scenario;
  readonly #nodes: (RunningNode | undefined)[] = [];
  readonly #addresses: (string | undefined)[] = [];
  readonly #options: RuntimeNetworkOptions;
  readonly #recorders: (NodeRecorder | undefined)[] = [];
  #host: SettlementHost | undefined;

  /** @param scenario - It, or its text. */
  constructor(scenario: string | Scenario = fastScenario, options: RuntimeNetworkOptions = {}) {
    this.#scenario = typeof scenario === 'string' ? scenarioOf(scenario) : scenario;
    const parts = createGenesis(this.#scenario);
    const accounts = [...parts.genesis.accounts, ...(options.extraAccounts ?? [])];
    this.parts = { ...parts, genesis: { ...parts.genesis, accounts } };
    this.clock = new SystemClock(Date.now() + (options.headStartMs ?? HEAD_START_MS));
    this.#options = options;
  }

  get scenario(): Scenario {
    return this.#scenario;
  }

  get count(): number {
    return this.parts.validators.length;
  }

  get host(): SettlementHost {
    if (this.#host === undefined) throw new Error('the settlement chain does not run');
    return this.#host;
  }

  async startAll(): Promise<void> {
    await this.startSettlementChain();
    for (let index = 0; index < this.count; index += 1) await this.startNode(index);
  }

  async startSettlementChain(): Promise<void> {
    const { chainId, validators } = this.parts.genesis;
    const chain = createSettlementChain(this.#scenario, {
      chainId,
      validators,
      verifier: this.crypto,
      reorgDepthMax: 16,
    });
    const store = await LevelStore.open({ directory: join(this.#folder, 'settlement'), chainId });
    this.#host = await SettlementHost.open(
      { blockTimeMs: this.#scenario.config.settlementChain.blockTimeMs },
      {
        chain,
        doubleSettlements: new DoubleSettlementWatch(this.parts.genesis, { verifier: this.crypto }),
        store,
        clock: this.clock,
        indexOf: (name) => validators.validators.find((validator) => validator.name === name)?.index,
        onFailure: (error) => this.failures.push(error),
      },
    );
  }

  async startNode(index: number): Promise<RunningNode> {
    const validator = this.parts.validators[index];
    if (validator === undefined) throw new RangeError(`no validator ${index}`);
    const { genesis } = this.parts;
    const signer = this.crypto.createSigner(validator.secretKey);
    const network = new Libp2pNetwork(
      {
        chainId: genesis.chainId,
        validators: genesis.validators,
        self: index,
        peerSecretKey: deriveSecretKey(this.#scenario.seed, `peer/${index}`),
        listen: [this.#addresses[index]?.replace(/\/p2p\/.*/, '') ?? '/ip4/127.0.0.1/tcp/0'],
        bootstrap: this.#addresses.filter(
          (address, peer) => address !== undefined && peer !== index,
        ) as string[],
        messageBytesMax: MESSAGE_BYTES_MAX,
      },
      { signer, verifier: this.crypto },
    );
    const roots = this.roots[index] ?? new Map<number, string>();
    this.roots[index] = roots;
    const { config } = this.#scenario;
    const options = { ...nodeOptionsOf(config, genesis, index), archive: archiveLimits };
    const onEnded = (ended: RecordingEnded) => this.failures.push(ended);
    const inputs = join(this.#folder, `node-${index}`, 'inputs');
    const recorder = new NodeRecorder({ directory: inputs, node: options, onEnded });
    this.#recorders[index] = recorder;
    const reporter = this.#options.reporterOf?.(index);
    const core = new NodeCore(options, {
      crypto: this.crypto,
      signer: recorder.signer(signer),
      executions: undefined,
      messages: undefined,
      goodItems: undefined,
      observer: reporter,
    });
    const directory = join(this.#folder, `node-${index}`, 'store');
    // It got its key just now: a start that takes longer than the head start is no lost disk.
    if (!existsSync(directory)) await LevelStore.prepare({ directory, chainId: genesis.chainId });
    const store = await LevelStore.open({ directory, chainId: genesis.chainId });
    const peers = genesis.validators.validators.map((peer) => peer.index).filter((peer) => peer !== index);
    const tap = this.#options.tapOf?.(index);
    const client = this.#options.createClient?.() ?? new LocalSettlement(() => this.#host);
    const conditions = new SettlementConditions(client, network.links);
    const recorded = recorder.around(reporter?.aroundCore(core) ?? core);
    const runtime = new NodeRuntime(
      { self: index, peers },
      {
        core: tap === undefined ? recorded : tap.around(recorded),
        store,
        network: reporter?.aroundNetwork(network) ?? network,
        settlement: conditions,
        clock: this.clock,
        onEvent: (event) => {
          tap?.onEvent(event);
          reporter?.event(event, this.clock.now());
          this.events.push({ node: index, event });
          if (event.type === 'block_finalized') roots.set(event.height, event.stateRoot);
        },
        onFailure: (error) => this.failures.push(error),
      },
    );
    await runtime.start();
    this.#addresses[index] = network.addresses[0];
    const node = { core, runtime, network, conditions };
    this.#nodes[index] = node;
    return node;
  }

  node(index: number): RunningNode {
    const node = this.#nodes[index];
    if (node === undefined) throw new Error(`node-${index} does not run`);
    return node;
  }

  async stopNode(index: number): Promise<void> {
    await this.#nodes[index]?.runtime.stop();
    this.#recorders[index]?.close();
    this.#recorders[index] = undefined;
    this.#nodes[index] = undefined;
  }

  async stopSettlementChain(): Promise<void> {
    await this.#host?.stop();
    this.#host = undefined;
  }

  /** Shaped as a devnet's: a folder a node, with its store and the logs of what it took in. */
  get dataDir(): string {
    return this.#folder;
  }

  /** Cuts all links between two groups of nodes, both ways, or mends them. */
  setPartition(groups: readonly (readonly number[])[] | undefined): void {
    for (const [index, node] of this.#nodes.entries()) {
      const group = groups?.find((members) => members.includes(index));
      const others = group === undefined ? [] : (groups ?? []).flat().filter((peer) => !group.includes(peer));
      node?.network.links.set(new Map(others.map((peer) => [peer, { ...plainLink, cut: true }])));
    }
  }

  async stopAll(): Promise<void> {
    for (let index = 0; index < this.count; index += 1) await this.stopNode(index);
  }

  /** Hands the transactions of the scenario's timeline to every node, up to a height. */
  async submitTimeline(toHeight: number): Promise<void> {
    const feed = new TransactionFeed(this.#scenario, this.parts, this.crypto);
    for (let height = 1; height <= toHeight; height += 1) {
      for (const bytes of feed.forBlock(height)) {
        for (const node of this.#nodes) await node?.runtime.submit(bytes, { gossip: false });
      }
    }
  }

  sealedBatches(index: number): readonly SealedBatch[] {
    return this.#facts(index).flatMap((fact) => (fact.type === 'batch_sealed' ? [fact.batch] : []));
  }

  /** Batches that a node saw confirmed. */
  confirmedBatches(index: number): readonly number[] {
    return this.#facts(index).flatMap((fact) => (fact.type === 'batch_confirmed' ? [fact.batch.seq] : []));
  }

  /** Validators that a node saw slashed, one entry a slash. */
  slashed(index: number): readonly number[] {
    return this.#facts(index).flatMap((fact) => (fact.type === 'slashed' ? [fact.validator] : []));
  }

  #facts(index: number): readonly NetFact[] {
    return this.events.flatMap(({ node, event }) =>
      node === index && event.type === 'block_finalized' ? event.facts : [],
    );
  }

  /** Height that a node reported final. */
  heightOf(index: number): number {
    return Math.max(0, ...(this.roots[index]?.keys() ?? []));
  }

  /** Heights at which two nodes have different state roots. */
  get disagreements(): readonly number[] {
    const heights = new Set(this.roots.flatMap((roots) => [...roots.keys()]));
    return [...heights].filter(
      (height) =>
        new Set(this.roots.map((roots) => roots.get(height)).filter((root) => root !== undefined)).size > 1,
    );
  }

  async close(): Promise<void> {
    await this.stopAll();
    await this.stopSettlementChain();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
