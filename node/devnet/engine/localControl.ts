/** The network that a devnet engine drives, as processes of this machine: a folder of its own, ports that nobody uses. */
import { randomBytes } from 'node:crypto';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { toHex } from '../../../consensus/primitives/bytes.ts';
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import type { CrossChainDeposit } from '../../../settlement/net/crossChain.ts';
import { HttpSettlement } from '../../runtime/httpSettlement.ts';
import type { LinkEnd, LinkQuality } from '../../runtime/linkConditions.ts';
import type { SettlementClient } from '../../runtime/settlementPort.ts';
import { proofGenesisMsOf } from '../../scenario/genesis.ts';
import type { Scenario, SettlementChainFault } from '../../scenario/types.ts';
import { STORE_FOLDER } from '../folders.ts';
import { LocalNetwork } from '../localNetwork.ts';
import { createNetworkFolder, removeNetworkFolder } from '../networkFolder.ts';
import { findFreePorts } from '../ports.ts';
import type { ProcessExit } from '../supervisedProcess.ts';
import type { DevnetControl, DevnetEvent } from './control.ts';

/** Where genesis lies until all processes serve, in ms from their start: farther than any start takes. */
const START_MS_MAX = 24 * 3_600_000;
/** Bytes of the token for the admin methods of one run. */
const ADMIN_TOKEN_BYTES = 16;

export interface LocalControlOptions {
  readonly scenario: Scenario;
  /** Of the network; an earlier one in it is replaced. */
  readonly dataDir: string;
  /** Which nodes write down what they take in: all, none, or those of these names. */
  readonly recordInputs: boolean | readonly string[];
}

export class LocalControl implements DevnetControl {
  readonly #options: LocalControlOptions;
  readonly #names: readonly string[];
  readonly #links: (ReadonlyMap<LinkEnd, LinkQuality> | undefined)[] = [];
  readonly #withheld: boolean[] = [];
  /** Processes that are to end: nobody is told. */
  readonly #ending = new Set<string>();
  #network: LocalNetwork | undefined;
  #starting: Promise<void> = Promise.resolve();

  constructor(options: LocalControlOptions) {
    this.#options = options;
    this.#names = options.scenario.config.validators.map(({ name }) => name);
  }

  async start(onEvent: (event: DevnetEvent) => void): Promise<void> {
    const { scenario, dataDir, recordInputs } = this.#options;
    removeNetworkFolder(dataDir);
    const { config } = scenario;
    // Genesis of a run is moved once all processes are up; certificates are judged as in a simulation.
    const atomicBatches = { ...config.atomicBatches, proofGenesisMs: proofGenesisMsOf(config) };
    const timed: Scenario = { ...scenario, config: { ...config, atomicBatches } };
    const folder = await createNetworkFolder(dataDir, timed, Date.now() + START_MS_MAX);
    const ports = await findFreePorts(folder.config.api.host, this.#names.length);
    const adminToken = toHex(randomBytes(ADMIN_TOKEN_BYTES));
    this.#network = new LocalNetwork(
      { folder, ports, adminToken, restarts: false, report: 'blocks', recordInputs, accounts: [] },
      {
        report: (node, report) => onEvent({ type: 'node', node, report }),
        crashed: (name, exit) => {
          if (this.#ending.has(name)) return;
          const index = this.#names.indexOf(name);
          onEvent({ type: 'exited', node: index < 0 ? undefined : index, reason: describeExit(exit) });
        },
        restarted: () => undefined,
      },
    );
    this.#starting = this.#network.start();
    await this.#starting;
    await this.#network.meet();
  }

  async begin(genesisMs: number): Promise<void> {
    await this.#running.moveGenesis(genesisMs);
  }

  async stop(): Promise<void> {
    for (const name of this.#network?.names ?? []) this.#ending.add(name);
    // A start that goes on would start what has been stopped.
    await Promise.all([this.#network?.stop(), this.#starting.catch(() => undefined)]);
    await this.#network?.stop();
  }

  async kill(node: ValidatorIndex): Promise<void> {
    const name = this.#nameOf(node);
    this.#ending.add(name);
    await this.#running.kill(name);
  }

  async wipe(node: ValidatorIndex): Promise<void> {
    rmSync(join(this.#options.dataDir, this.#nameOf(node), STORE_FOLDER), { recursive: true, force: true });
  }

  async startNode(node: ValidatorIndex): Promise<void> {
    const name = this.#nameOf(node);
    await this.#running.startProcess(name);
    this.#ending.delete(name);
    // A process that starts anew knows of no faults.
    const links = this.#links[node];
    if (links !== undefined) this.#running.setLinks(node, links);
    this.#running.setWithheld(node, this.#withheld[node] ?? false);
  }

  async pause(node: ValidatorIndex): Promise<void> {
    this.#running.pause(this.#nameOf(node));
  }

  async resume(node: ValidatorIndex): Promise<void> {
    this.#running.resume(this.#nameOf(node));
  }

  async submit(node: ValidatorIndex, bytes: Uint8Array): Promise<void> {
    await this.#running.submit(node, bytes);
  }

  setLinks(node: ValidatorIndex, links: ReadonlyMap<LinkEnd, LinkQuality>): void {
    this.#links[node] = links;
    this.#running.setLinks(node, links);
  }

  setWithheld(node: ValidatorIndex, on: boolean): void {
    this.#withheld[node] = on;
    this.#running.setWithheld(node, on);
  }

  setChainFault(fault: SettlementChainFault, on: boolean): Promise<void> {
    return this.#running.setChainFault(fault, on);
  }

  deposit(deposit: CrossChainDeposit): Promise<void> {
    return this.#running.deposit(deposit);
  }

  post(bytes: Uint8Array): Promise<void> {
    return this.#running.post(bytes);
  }

  createSettlementClient(): SettlementClient {
    return new HttpSettlement({ urls: [this.#running.settlementUrl] });
  }

  get #running(): LocalNetwork {
    assert(this.#network !== undefined, 'the network has not been started');
    return this.#network;
  }

  #nameOf(node: ValidatorIndex): string {
    const name = this.#names[node];
    if (name === undefined) throw new RangeError(`no node ${node}`);
    return name;
  }
}

function describeExit({ code, signal, failure }: ProcessExit): string {
  if (failure !== undefined) return `${failure.message} [${failure.code}]`;
  return signal === null ? `exit code ${code}` : `by ${signal}`;
}
