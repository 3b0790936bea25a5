/**
 * A local network of real processes: a settlement chain and a node for each validator, each a child of this process. It
 * starts them in order, keeps them running, plays faults on them, and leaves nothing behind.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { chainIdOf } from '../../settlement/execution/genesisState.ts';
import type { CrossChainDeposit } from '../../settlement/net/crossChain.ts';
import { plainConfigOf } from '../config/plainConfig.ts';
import type { Config } from '../config/types.ts';
import type { LinkEnd, LinkQuality } from '../runtime/linkConditions.ts';
import type { MessageJudgement } from '../runtime/peerNetwork.ts';
import type { SettlementChainFault } from '../scenario/types.ts';
import { getJson } from './apiClient.ts';
import type { ProcessReport, ReportLevel } from './control.ts';
import type { DevnetDescription } from './description.ts';
import type { FundedAccount } from './fundedAccounts.ts';
import {
  CHAIN_NAME,
  KEY_FILE,
  lockNetworkFolder,
  moveGenesis,
  type NetworkFolder,
  OPERATOR_KEY_FILE,
} from './networkFolder.ts';
import type { NodeReport } from './nodeReporter.ts';
import { findTakenPort, type NetworkPorts, portTaken } from './ports.ts';
import { type ProcessExit, type ProcessState, SupervisedProcess } from './supervisedProcess.ts';

/** Longest wait for an answer of the settlement chain's admin methods, in ms. */
const ADMIN_TIMEOUT_MS = 10_000;

/** How long nodes may take to find each other, and how often they are asked, in ms. */
const MEET_MS_MAX = 15_000;
const MEET_POLL_MS = 50;

export interface LocalNetworkOptions {
  readonly folder: NetworkFolder;
  readonly ports: NetworkPorts;
  /** For the admin methods of nodes and settlement chain. */
  readonly adminToken: string;
  /** Processes that die are started again. */
  readonly restarts: boolean;
  readonly report: ReportLevel;
  /** Which nodes write down what they take in: all, none, or those of these names. */
  readonly recordInputs: boolean | readonly string[];
  /** Whose keys the description shows. */
  readonly accounts: readonly FundedAccount[];
}

export interface LocalNetworkHandlers {
  /** What a node does. */
  readonly report: (node: ValidatorIndex, report: NodeReport) => void;
  readonly crashed: (name: string, exit: ProcessExit, restartInMs: number | undefined) => void;
  readonly restarted: (name: string) => void;
}

export class LocalNetwork {
  readonly #options: LocalNetworkOptions;
  #config: Config;
  readonly #handlers: LocalNetworkHandlers;
  readonly #chain: SupervisedProcess;
  readonly #nodes: readonly SupervisedProcess[];
  readonly #submissions = new Map<number, (judgement: MessageJudgement | undefined) => void>();
  /** Which submissions wait for which node. */
  readonly #openAt = new Map<number, ValidatorIndex>();
  #lastSubmission = 0;
  #isStopping = false;
  #unlock: (() => void) | undefined;

  constructor(options: LocalNetworkOptions, handlers: LocalNetworkHandlers) {
    const { folder, restarts, report } = options;
    this.#options = options;
    this.#config = folder.config;
    this.#handlers = handlers;
    const configOf = (name: string): string => join(folder.dataDir, name, 'config.yaml');
    this.#chain = new SupervisedProcess(
      {
        name: CHAIN_NAME,
        args: ['chain', '--config', configOf(CHAIN_NAME)],
        logFile: this.#logOf(CHAIN_NAME),
        restarts,
      },
      this.#handlersOf(CHAIN_NAME, undefined),
    );
    this.#nodes = folder.config.validators.map(
      ({ name }, index) =>
        new SupervisedProcess(
          {
            name,
            args: ['node', '--config', configOf(name), '--report', report],
            logFile: this.#logOf(name),
            restarts,
          },
          this.#handlersOf(name, index),
        ),
    );
  }

  /** Names of all processes, the settlement chain's first. */
  get names(): readonly string[] {
    return [this.#chain, ...this.#nodes].map(({ name }) => name);
  }

  /** In ms since 1970. */
  get genesisMs(): number {
    return this.#config.chain.genesisMs ?? 0;
  }

  get settlementUrl(): string {
    return `http://${this.#config.api.host}:${this.#options.ports.settlement}`;
  }

  /** Where its processes answer, as they run now. */
  get description(): DevnetDescription {
    const { folder, ports, accounts } = this.#options;
    const { host } = this.#config.api;
    return {
      type: 'devnet_started',
      chain_id: chainIdOf(this.#config.chain.id),
      nodes: this.#nodes.map(({ name, pid }, index) => ({
        name,
        api: this.#apiOf(index),
        p2p: p2pAddress(host, ports.p2p[index] ?? 0),
        pid: pid ?? 0,
        log: this.#logOf(name),
      })),
      settlement_chain: { rpc: this.settlementUrl, pid: this.#chain.pid ?? 0 },
      accounts: accounts.map(({ address, secretKey }) => ({ address, private_key: toHex(secretKey) })),
      data_dir: folder.dataDir,
      admin_token: this.#options.adminToken,
    };
  }

  /**
   * Starts the settlement chain, then all nodes at once. A `stop` meanwhile ends it with an error.
   * @returns When all of them serve.
   * @throws {CodedError} `DEVNET_RUNNING`, `PORT_TAKEN`, and what a process says that cannot start; nothing is left running.
   */
  async start(): Promise<void> {
    const { folder, ports } = this.#options;
    const { host } = this.#config.api;
    this.#isStopping = false;
    this.#unlock = await lockNetworkFolder(folder.dataDir);
    try {
      const taken = await findTakenPort(host, ports);
      if (taken !== undefined) throw portTaken(host, taken);
      this.#writeConfigs();
      this.#refuseWhileStopping();
      await this.#chain.start();
      this.#refuseWhileStopping();
      const started = await Promise.allSettled(this.#nodes.map((node) => node.start()));
      for (const outcome of started) if (outcome.status === 'rejected') throw outcome.reason;
    } catch (error) {
      await this.stop();
      throw error;
    }
  }

  /** Waits until every node is connected with every other; one that is not may be later. */
  async meet(): Promise<void> {
    const endMs = Date.now() + MEET_MS_MAX;
    for (const { api } of this.description.nodes) {
      while (Date.now() < endMs) {
        const { peers } = await getJson(api, '/status');
        if (peers === this.#nodes.length - 1) break;
        await new Promise((resolve) => setTimeout(resolve, MEET_POLL_MS));
      }
    }
  }

  /**
   * Moves the genesis instant of a network that has just started: what its processes wait for comes when all of them serve,
   * however long that took them. Neither the new instant nor the one before may have come when they hear of it.
   */
  async moveGenesis(genesisMs: number): Promise<void> {
    this.#config = (await moveGenesis(this.#options.folder, genesisMs)).config;
    // For processes that start anew.
    this.#writeConfigs();
    for (const process of [this.#chain, ...this.#nodes]) process.send({ type: 'genesis', genesisMs });
  }

  /** Stops all processes, nodes first. Leaves no process, port or lock behind. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await Promise.all(this.#nodes.map((node) => node.stop()));
    await this.#chain.stop();
    this.#unlock?.();
    this.#unlock = undefined;
  }

  /** Kills all processes and lets go of the directory, for whoever cannot wait. */
  abandon(): void {
    this.#isStopping = true;
    for (const process of [...this.#nodes, this.#chain]) void process.kill();
    this.#unlock?.();
    this.#unlock = undefined;
  }

  stateOf(name: string): ProcessState {
    return this.#process(name).state;
  }

  /** Kills a process as a power failure would. @returns When it is gone. */
  kill(name: string): Promise<void> {
    return this.#process(name).kill();
  }

  /** Starts a process that has ended. @throws {CodedError} What it says when it cannot start. */
  startProcess(name: string): Promise<void> {
    return this.#process(name).start();
  }

  /** Stops a process in order, and starts it again. @throws {CodedError} What it says when it cannot start. */
  async restart(name: string): Promise<void> {
    const process = this.#process(name);
    await process.stop();
    this.#refuseWhileStopping();
    await process.start();
  }

  #refuseWhileStopping(): void {
    if (this.#isStopping) throw new CodedError('DEVNET_NOT_RUNNING', 'the network is being stopped');
  }

  pause(name: string): void {
    this.#process(name).pause();
  }

  resume(name: string): void {
    this.#process(name).resume();
  }

  /** Sets the state of a node's incoming links; a node that starts anew has plain ones. @returns False when it does not run. */
  setLinks(node: ValidatorIndex, links: ReadonlyMap<LinkEnd, LinkQuality>): boolean {
    return this.#node(node).send({ type: 'links', links });
  }

  /** A node submits no settlement while this is on; one that starts anew does. @returns False when it does not run. */
  setWithheld(node: ValidatorIndex, on: boolean): boolean {
    return this.#node(node).send({ type: 'withhold', on });
  }

  /** Hands a transaction to one node, which keeps it to itself. @returns Undefined when the node does not run, or dies over it. */
  submit(node: ValidatorIndex, bytes: Uint8Array): Promise<MessageJudgement | undefined> {
    this.#lastSubmission += 1;
    const id = this.#lastSubmission;
    return new Promise((resolve) => {
      this.#submissions.set(id, resolve);
      this.#openAt.set(id, node);
      if (!this.#node(node).send({ type: 'submit', id, bytes })) this.#answer(id, undefined);
    });
  }

  /**
   * Turns a fault of the settlement chain on or off.
   * @throws {CodedError} `SETTLEMENT_ADMIN_FAILED`.
   */
  setChainFault(fault: SettlementChainFault, on: boolean): Promise<void> {
    return this.#administer('admin_fault', { fault, on }, fault.kind);
  }

  /**
   * Has an account of the settlement chain deposit for one of the sidechain.
   * @throws {CodedError} `SETTLEMENT_ADMIN_FAILED`.
   */
  deposit({ timeoutBlocks, amount, ...parties }: CrossChainDeposit): Promise<void> {
    const params = { ...parties, amount: String(amount), timeout_blocks: timeoutBlocks };
    return this.#administer('admin_deposit', params, 'a deposit');
  }

  /**
   * Posts inputs on the settlement chain.
   * @throws {CodedError} `SETTLEMENT_ADMIN_FAILED`.
   */
  post(bytes: Uint8Array): Promise<void> {
    return this.#administer('settlement_post', { bytes: toHex(bytes) }, 'a post');
  }

  /** @param what - What the settlement chain is asked to take, for messages. */
  async #administer(method: string, params: object, what: string): Promise<void> {
    let reason: string;
    try {
      const answer = await fetch(this.settlementUrl, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#options.adminToken}` },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
        signal: AbortSignal.timeout(ADMIN_TIMEOUT_MS),
      });
      const { error, result } = (await answer.json()) as {
        readonly error?: { readonly message: string };
        readonly result?: { readonly type: string; readonly code: string } | null;
      };
      if (error === undefined && result?.type !== 'refused') return;
      reason = error?.message ?? `${result?.code}`;
    } catch (cause) {
      reason = cause instanceof Error ? cause.message : String(cause);
    }
    throw new CodedError('SETTLEMENT_ADMIN_FAILED', `the settlement chain did not take ${what}: ${reason}`, {
      what,
    });
  }

  #handlersOf(name: string, index: ValidatorIndex | undefined) {
    return {
      report: (report: ProcessReport) => {
        if (index === undefined) return;
        if (report.type === 'submitted') this.#answer(report.id, report.judgement);
        // A start that fails is a crash, and told as one.
        else if (report.type === 'restart') void this.restart(name).catch(() => undefined);
        else if (report.type !== 'ready' && report.type !== 'failed') this.#handlers.report(index, report);
      },
      crashed: (exit: ProcessExit, restartInMs: number | undefined) => {
        for (const [id, node] of this.#openAt) if (node === index) this.#answer(id, undefined);
        this.#handlers.crashed(name, exit, restartInMs);
      },
      restarted: () => this.#handlers.restarted(name),
    };
  }

  #answer(id: number, judgement: MessageJudgement | undefined): void {
    this.#submissions.get(id)?.(judgement);
    this.#submissions.delete(id);
    this.#openAt.delete(id);
  }

  #writeConfigs(): void {
    const { folder, ports, adminToken, recordInputs } = this.#options;
    const config = this.#config;
    const { host } = config.api;
    const bootstrap = ports.p2p.map((port) => p2pAddress(host, port));
    const settlementChain = { ...config.settlementChain, urls: [this.settlementUrl] };
    const write = (name: string, own: Partial<Config>): void => {
      const text = stringify(plainConfigOf({ ...config, settlementChain, ...own }), { lineWidth: 0 });
      // It holds the admin token.
      writeFileSync(join(folder.dataDir, name, 'config.yaml'), text, { mode: 0o600 });
    };
    write(CHAIN_NAME, {
      api: { host, port: ports.settlement, adminToken },
      storage: { path: '.', recordInputs: false },
      log: { ...config.log, file: `../${CHAIN_NAME}.log` },
    });
    for (const [index, { name }] of this.#nodes.entries()) {
      const hasOperator = this.#holdsOperatorKey();
      write(name, {
        node: { name, keyFile: KEY_FILE, operatorKeyFile: hasOperator ? OPERATOR_KEY_FILE : '' },
        api: { host, port: ports.api[index] ?? 0, adminToken },
        p2p: {
          ...config.p2p,
          listen: bootstrap[index] ?? config.p2p.listen,
          bootstrap: bootstrap.filter((_, peer) => peer !== index),
        },
        autoBatch: this.#autoBatch(),
        storage: {
          path: '.',
          recordInputs: typeof recordInputs === 'boolean' ? recordInputs : recordInputs.includes(name),
        },
        log: { ...config.log, file: `../${name}.log` },
      });
    }
  }

  /** With the address of the node that runs the engine, unless somebody said it. */
  #autoBatch(): Config['autoBatch'] {
    const { autoBatch } = this.#config;
    const index = this.#nodes.findIndex(({ name }) => name === autoBatch.node);
    return autoBatch.nodeApi !== '' || index < 0 ? autoBatch : { ...autoBatch, nodeApi: this.#apiOf(index) };
  }

  #apiOf(node: ValidatorIndex): string {
    return `http://${this.#config.api.host}:${this.#options.ports.api[node]}`;
  }

  #holdsOperatorKey(): boolean {
    const { folder } = this.#options;
    const [first] = this.#config.validators;
    return first !== undefined && existsSync(join(folder.dataDir, first.name, OPERATOR_KEY_FILE));
  }

  #logOf(name: string): string {
    return join(this.#options.folder.dataDir, `${name}.log`);
  }

  #node(index: ValidatorIndex): SupervisedProcess {
    const node = this.#nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    return node;
  }

  #process(name: string): SupervisedProcess {
    const found = [this.#chain, ...this.#nodes].find((process) => process.name === name);
    if (found !== undefined) return found;
    throw new CodedError('NODE_UNKNOWN', `no process is called ${name}: ${this.names.join(', ')}`, { name });
  }
}

function p2pAddress(host: string, port: number): string {
  return `/${host.includes(':') ? 'ip6' : 'ip4'}/${host}/tcp/${port}`;
}
