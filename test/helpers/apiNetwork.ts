/** Nodes of the real runtime with their HTTP APIs, all in this process, described as a devnet describes itself. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { EventLog } from '../../node/api/eventLog.ts';
import { NodeLogger } from '../../node/api/logger.ts';
import { ApiServer } from '../../node/api/server.ts';
import type { BatcherConfig } from '../../node/config/batcherConfig.ts';
import { writeDescription } from '../../node/devnet/description.ts';
import { deriveFundedAccounts } from '../../node/devnet/fundedAccounts.ts';
import { InputService } from '../../node/devnet/inputService.ts';
import { EventTap, RuntimeView } from '../../node/devnet/runtimeView.ts';
import { LocalSettlement } from '../../node/runtime/localSettlement.ts';
import { scenarioOf } from './coreNetwork.ts';
import { type CommandOutcome, runCommand } from './runCommand.ts';
import { fastScenario, RuntimeNetwork } from './runtimeNetwork.ts';

const accounts = deriveFundedAccounts();
export const fundedAssets = ['UM', 'USDC', 'USDT', 'DAI'];

/** Nodes of the real runtime with their HTTP APIs, described as a devnet describes itself. */
export class ApiNetwork {
  readonly folder = mkdtempSync(join(tmpdir(), 'sidereal-api-'));
  readonly network: RuntimeNetwork;
  readonly #events: EventLog[] = [];
  readonly #loggers: NodeLogger[] = [];
  readonly #servers: (ApiServer | undefined)[] = [];
  readonly #inputs: (InputService | undefined)[] = [];
  readonly urls: string[] = [];
  readonly #batcher: BatcherConfig;

  /** @param batcher - What its nodes are told of inputs, beside what makes them quick. */
  constructor(text = fastScenario, batcher: Partial<BatcherConfig> = {}) {
    const scenario = scenarioOf(text);
    const { config } = scenario;
    const quick = { criteriaType: 'hybrid', timeWindowMs: 20, maxBatchSize: 500 } as const;
    this.#batcher = {
      ...config.batcher,
      ...{ pollingIntervalMs: 20, batchingCriteria: { sidechain: quick } },
      ...batcher,
    };
    // Inputs say when they were signed, so blocks must know what time it is.
    const atomicBatches = { ...config.atomicBatches, proofGenesisMs: Date.now() };
    const whole = Object.fromEntries(fundedAssets.map((asset) => [asset, 10n ** 12n]));
    this.network = new RuntimeNetwork(
      { ...scenario, config: { ...config, atomicBatches } },
      {
        extraAccounts: accounts.map(({ address }) => ({
          address,
          label: address,
          balances: whole,
          deposits: whole,
          debts: {},
        })),
        tapOf: (index) => this.#tapOf(index),
      },
    );
  }

  get nodes(): readonly { readonly name: string; readonly api: string }[] {
    return this.urls.map((api, index) => ({ name: `node-${index}`, api }));
  }

  get accounts(): readonly { readonly address: string; readonly private_key: string }[] {
    return accounts.map(({ address, secretKey }) => ({ address, private_key: toHex(secretKey) }));
  }

  logOf(index: number): string {
    return join(this.folder, `node-${index}.log`);
  }

  async start(): Promise<void> {
    await this.network.startAll();
    for (let index = 0; index < this.network.count; index += 1) await this.startApi(index);
    writeDescription(this.folder, {
      type: 'devnet_started',
      chain_id: 'sidereal',
      nodes: this.urls.map((api, index) => ({
        name: `node-${index}`,
        api,
        p2p: this.network.node(index).network.addresses[0] ?? '',
        pid: process.pid,
        log: this.logOf(index),
      })),
      settlement_chain: { rpc: '', pid: process.pid },
      accounts: [...this.accounts],
      data_dir: this.folder,
    });
  }

  async startApi(index: number): Promise<void> {
    const { core, runtime, network } = this.network.node(index);
    const events = this.#events[index];
    const logger = this.#loggers[index];
    if (events === undefined || logger === undefined) throw new Error('the node has no tap');
    const node = new RuntimeView({
      self: index,
      version: '0.1.0',
      operator: undefined,
      core,
      runtime,
      network,
      clock: this.network.clock,
    });
    const { parts, clock } = this.network;
    const storage = { path: join(this.folder, `node-${index}`), recordInputs: false };
    const inputs = await InputService.open({
      config: { ...this.network.scenario.config, batcher: this.#batcher, storage },
      genesis: parts.genesis,
      self: index,
    });
    this.#inputs[index] = inputs;
    const chain = new LocalSettlement(() => this.network.host);
    const server = new ApiServer(
      { host: '127.0.0.1', port: this.#portOf(index), adminToken: 'token' },
      {
        ...{ node, events, logger, inputMetrics: inputs?.metrics },
        inputs: await inputs?.start({ node, chain, events, logger, clock }),
      },
    );
    this.#servers[index] = server;
    this.urls[index] = await server.start();
  }

  async stopApi(index: number): Promise<void> {
    await this.#inputs[index]?.stop();
    this.#inputs[index] = undefined;
    await this.#servers[index]?.stop();
    this.#servers[index] = undefined;
  }

  cli(line: string): Promise<CommandOutcome> {
    const args = [...line.split(' '), '--data-dir', this.folder];
    return runCommand(args, { clock: () => performance.now() });
  }

  async close(): Promise<void> {
    for (const [index] of this.#servers.entries()) await this.stopApi(index);
    await this.network.close();
    for (const logger of this.#loggers) logger.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** The port it had before, as a process that is restarted. */
  #portOf(index: number): number {
    const url = this.urls[index];
    return url === undefined ? 0 : Number(new URL(url).port);
  }

  #tapOf(index: number): EventTap {
    const names = { nameOf: (validator: number) => `node-${validator}`, labelOf: () => undefined };
    const events = new EventLog({ self: index, names, epoch: `e${this.#events.length}` });
    const logger = new NodeLogger({ node: `node-${index}`, level: 'debug', out: this.logOf(index) });
    this.#events[index] = events;
    this.#loggers[index] = logger;
    return new EventTap(events, logger, this.network.clock);
  }
}
