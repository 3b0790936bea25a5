/** One run of a devnet: starts its processes, shows what they do, drives its users, and leaves nothing behind. */
import { randomBytes } from 'node:crypto';
import { relative, resolve } from 'node:path';
import { getJson } from '../../devnet/apiClient.ts';
import { removeDescription, writeDescription } from '../../devnet/description.ts';
import { DEVNET_DIR_DEFAULT } from '../../devnet/folders.ts';
import { deriveFundedAccounts } from '../../devnet/fundedAccounts.ts';
import { LocalNetwork } from '../../devnet/localNetwork.ts';
import { FUNDED_UNITS, type OpenedNetwork } from '../../devnet/openNetwork.ts';
import { portsFrom } from '../../devnet/ports.ts';
import type { ProcessExit } from '../../devnet/supervisedProcess.ts';
import type { NetworkPicture } from '../../devnet/watch/networkPicture.ts';
import { NetworkWatch } from '../../devnet/watch/networkWatch.ts';
import { startWorkload, type Workload } from '../../devnet/workload/startWorkload.ts';
import { type ExitCode, exitCodes } from '../codes.ts';
import { counted, grouped } from '../format.ts';
import { type CliIo, colorsOf } from '../io.ts';
import { renderBanner } from './banner.ts';
import { DevnetFace } from './face.ts';
import { spell } from './liveTable.ts';
import type { StopRequest } from './stopRequest.ts';

/** Time for all processes to hear when genesis is, in ms. */
const BEGIN_MS = 200;

export interface DevnetRun {
  readonly opened: OpenedNetwork;
  /** Ends by itself when it has been up for this long, in ms. */
  readonly durationMs: number | undefined;
  readonly isJson: boolean;
  /** `demo`, `none` or a file. */
  readonly workload: string;
  /** When the command began, in ms of this process. */
  readonly startedMs: number;
}

export class Devnet {
  readonly #run: DevnetRun;
  readonly #io: CliIo;
  readonly #adminToken: string;
  readonly #network: LocalNetwork;
  readonly #watch: NetworkWatch;
  readonly #face: DevnetFace;
  readonly #stop: StopRequest;
  /** When a process that died is started again, by name, in ms of this process. */
  readonly #restartAtMs = new Map<string, number>();
  #workload: Workload | undefined;
  #isDescribed = false;
  /** Newest final block of any node. */
  #height = 0;

  constructor(run: DevnetRun, stop: StopRequest, io: CliIo) {
    const { folder } = run.opened;
    const { config } = folder;
    const { adminToken, port } = config.api;
    this.#run = run;
    this.#io = io;
    this.#stop = stop;
    stop.onSecond(() => this.#abandon());
    this.#adminToken = adminToken === '' ? randomBytes(16).toString('hex') : adminToken;
    this.#network = new LocalNetwork(
      {
        folder,
        ports: portsFrom(port, config.validators.length),
        adminToken: this.#adminToken,
        restarts: true,
        report: 'none',
        recordInputs: config.storage.recordInputs,
        accounts: deriveFundedAccounts(),
      },
      {
        report: () => undefined,
        crashed: (name, exit, restartInMs) => this.#noteCrash(name, exit, restartInMs),
        restarted: (name) => this.#noteRestart(name),
      },
    );
    const { isJson, startedMs } = run;
    this.#face = new DevnetFace({ isJson, startedMs, genesisMs: () => this.#network.genesisMs }, io);
    this.#watch = new NetworkWatch({
      nodes: this.#network.description.nodes,
      now: () => this.#now(),
      onLine: (line) => {
        this.#face.tell(line);
        if (line.type === 'block_finalized') this.#noteHeight(Number(line.height));
      },
    });
  }

  /** @returns The exit code, when everything has stopped. @throws What keeps it from starting. */
  async run(): Promise<ExitCode> {
    const { signal } = this.#stop;
    const stopEarly = (): void => void this.#network.stop();
    signal.addEventListener('abort', stopEarly);
    try {
      if (signal.aborted) return exitCodes.ok;
      await this.#start();
      await this.#show(signal);
    } catch (error) {
      // Told to stop while it started: what the processes say of that is no news.
      if (!signal.aborted) throw error;
    } finally {
      await this.#end();
    }
    this.#sayGoodbye();
    return exitCodes.ok;
  }

  async #start(): Promise<void> {
    const { opened, isJson } = this.#run;
    const nodes = counted(opened.folder.config.validators.length, 'node');
    if (!isJson) this.#io.err(`Starting a settlement chain and ${nodes}; Ctrl-C stops them.\n`);
    await this.#network.start();
    if (opened.isNew) await this.#begin();
    this.#describe();
    this.#workload = startWorkload(opened, this.#network.description, (code) => {
      const message = 'a transaction of the workload is refused, and left out';
      this.#watch.noteLine({ t: this.#now(), node: null, type: 'warning', code, message });
    });
  }

  /** Genesis comes when everybody is there to see it: a leader whom nobody hears yet costs a view. */
  async #begin(): Promise<void> {
    await this.#network.meet();
    await this.#network.moveGenesis(Date.now() + BEGIN_MS);
  }

  async #show(signal: AbortSignal): Promise<void> {
    const { durationMs, isJson } = this.#run;
    const { description } = this.#network;
    this.#io.out(isJson ? `${JSON.stringify(description)}\n` : await this.#banner());
    if (durationMs !== undefined) this.#stop.after(durationMs);
    this.#watch.start();
    this.#workload?.noteHeight(0);
    await this.#face.show(() => this.#picture(), signal);
  }

  #picture(): NetworkPicture {
    for (const { name } of this.#network.description.nodes) {
      this.#watch.noteProcess(name, this.#network.stateOf(name), this.#restartAtMs.get(name));
    }
    return this.#watch.picture();
  }

  async #banner(): Promise<string> {
    const { opened, workload } = this.#run;
    const { folder, isNew } = opened;
    const { chain, settlement, settlementChain, ledger, autoBatch } = folder.config;
    const holder = autoBatch.dbType === 'psql' ? autoBatch.dbType : autoBatch.node;
    const isDefault = resolve(DEVNET_DIR_DEFAULT) === folder.dataDir;
    const { description } = this.#network;
    return renderBanner(
      {
        description,
        seed: folder.seed,
        continuedAt: isNew ? undefined : await heightOf(description.nodes[0]?.api ?? ''),
        blockTimeMs: chain.blockTimeMs,
        batchSize: settlement.batchSize,
        settlementBlockTimeMs: settlementChain.blockTimeMs,
        assets: ledger.assets.map(({ symbol }) => symbol),
        fundedUnits: FUNDED_UNITS,
        adminToken: this.#adminToken,
        workload,
        orders: autoBatch.enabled ? holder : undefined,
        pathOf,
        dataDirOption: isDefault ? undefined : pathOf(folder.dataDir),
      },
      colorsOf(this.#io),
    );
  }

  #noteHeight(height: number): void {
    this.#height = Math.max(this.#height, height);
    this.#workload?.noteHeight(height);
  }

  #noteCrash(name: string, exit: ProcessExit, restartInMs: number | undefined): void {
    if (restartInMs !== undefined) this.#restartAtMs.set(name, performance.now() + restartInMs);
    const { code, signal, failure } = exit;
    this.#watch.noteLine({
      t: this.#now(),
      node: name,
      type: 'node_crashed',
      exit_code: code,
      signal,
      ...(failure === undefined ? {} : { code: failure.code, message: failure.message }),
      restart_in_ms: restartInMs ?? null,
    });
  }

  #noteRestart(name: string): void {
    this.#restartAtMs.delete(name);
    this.#watch.noteLine({ t: this.#now(), node: name, type: 'node_restarted' });
    // Its process has another number now.
    this.#describe();
  }

  #describe(): void {
    if (this.#stop.signal.aborted) return;
    writeDescription(this.#run.opened.folder.dataDir, this.#network.description);
    this.#isDescribed = true;
  }

  async #end(): Promise<void> {
    this.#face.close();
    await Promise.all([this.#workload?.stop(), this.#watch.stop(), this.#network.stop()]);
    this.#removeDescription();
  }

  /** Told twice to stop: nobody waits for anything. */
  #abandon(): void {
    this.#face.close();
    this.#network.abandon();
    this.#removeDescription();
  }

  #removeDescription(): void {
    if (this.#isDescribed) removeDescription(this.#run.opened.folder.dataDir);
  }

  #sayGoodbye(): void {
    const { startedMs, isJson, opened } = this.#run;
    if (isJson) return;
    const { counts } = this.#watch.picture();
    this.#io.out(
      `Stopped after ${spell(performance.now() - startedMs)}: block ${grouped(this.#height)} final, ` +
        `${counted(counts.settled, 'batch', 'batches')} settled. ${pathOf(opened.folder.dataDir)} keeps it for the next start.\n`,
    );
  }

  /** ms after genesis. */
  #now(): number {
    return Date.now() - this.#network.genesisMs;
  }
}

/** Relative to where the user stands, where that is shorter. */
function pathOf(path: string): string {
  const short = relative(process.cwd(), path);
  if (short === '') return '.';
  return short.startsWith('..') ? path : short;
}

async function heightOf(api: string): Promise<number> {
  return Number((await getJson(api, '/status')).finalized_height);
}
