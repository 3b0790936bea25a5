/**
 * One node as a process runs it: store, core, libp2p, settlement chain, HTTP API and log, put together from its
 * configuration alone. What is wrong with any of them is one coded error before anything has changed.
 */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import { createProofTrust } from '../../settlement/atomic/proofs/proofTrust.ts';
import { ProofVerdicts } from '../../settlement/atomic/proofs/proofVerdicts.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { EventLog } from '../api/eventLog.ts';
import type { NodeLogger } from '../api/logger.ts';
import { ApiServer, apiListenRefused } from '../api/server.ts';
import type { Config } from '../config/types.ts';
import { archiveLimits } from '../core/archive.ts';
import type { NodeEvent } from '../core/events.ts';
import { NodeCore } from '../core/nodeCore.ts';
import { INPUT_FOLDER } from '../replay/inputFolder.ts';
import { NodeRecorder } from '../replay/nodeRecorder.ts';
import { HttpSettlement } from '../runtime/httpSettlement.ts';
import { LevelStore } from '../runtime/levelStore.ts';
import { Libp2pNetwork, p2pListenRefused } from '../runtime/libp2pNetwork.ts';
import { describeFailure, NodeRuntime } from '../runtime/nodeRuntime.ts';
import { checkBootstrapAddress, parseListenAddress } from '../runtime/peerAddress.ts';
import { PostingConditions } from '../runtime/postingConditions.ts';
import { ProofAhead } from '../runtime/proofAhead.ts';
import { ProofThreads } from '../runtime/proofThreads.ts';
import { SettlementConditions } from '../runtime/settlementConditions.ts';
import { SystemClock } from '../runtime/systemClock.ts';
import { genesisOf } from '../scenario/genesis.ts';
import { nodeOptionsOf } from '../scenario/nodeOptions.ts';
import { STORE_FOLDER } from './folders.ts';
import { InputService } from './inputService.ts';
import { namesOf, readIdentity } from './nodeIdentity.ts';
import type { NodeReporter } from './nodeReporter.ts';
import { OrderService } from './orderService.ts';
import { checkEndpoints } from './preflight.ts';
import { checkLog, openLog } from './processLog.ts';
import { EventTap, RuntimeView } from './runtimeView.ts';

/** Threads that judge proofs at most: a block has no work for more. They start with the first work that is worth it. */
const PROOF_THREADS_MAX = 8;

export interface NodeProcessOptions {
  /** Paths in it have been resolved. */
  readonly config: Config;
  readonly version: string;
}

export interface NodeProcessDependencies {
  readonly onEvent: (event: NodeEvent, nowMs: number) => void;
  /** Tells whoever watches the whole network more than events. */
  readonly reporterOf: ((self: ValidatorIndex) => NodeReporter) | undefined;
  /** Asks whoever started this process to start it anew; undefined where nobody did. */
  readonly restart: (() => void) | undefined;
  /** The node cannot go on, and has let go of everything it held. */
  readonly onFailure: (error: unknown) => void;
}

export interface NodeProcess {
  readonly index: ValidatorIndex;
  /** URL of its HTTP API. */
  readonly api: string;
  /** Its libp2p address. */
  readonly p2p: string;
  readonly runtime: NodeRuntime;
  readonly network: Libp2pNetwork;
  /** Between it and the settlement chain. */
  readonly conditions: SettlementConditions;
  readonly logger: NodeLogger;
  readonly clock: SystemClock;
  /** Takes nothing in any more, ends what is under way; leaves no timer, port or lock behind. */
  stop(): Promise<void>;
}

/**
 * Starts a node.
 * @throws {CodedError} `CONFIG_KEY_NEEDED`, `NODE_NOT_VALIDATOR`, `KEY_FILE_INVALID`, `NODE_KEY_OTHER`,
 *   `VALIDATOR_KEY_MISSING`, `P2P_ADDRESS_INVALID`, `LOG_UNWRITABLE`, `SETTLEMENT_OTHER_CHAIN`, and those of the store,
 *   of the database of orders, of the storage of inputs and their criteria, of libp2p and of the HTTP server.
 */
export async function startNodeProcess(
  { config, version }: NodeProcessOptions,
  dependencies: NodeProcessDependencies,
): Promise<NodeProcess> {
  const genesis = genesisOf(config);
  const crypto = createCrypto('full');
  const identity = readIdentity(config, genesis, crypto);
  const { self, name, signer, operator } = identity;
  await checkSurroundings(config);
  const settlement = new HttpSettlement({ urls: identity.urls });
  const chainProblem = await findChainProblem(settlement, genesis);
  const { chainId } = genesis;
  const { store, logger, inputs, orders } = await openDisk(config, {
    genesis,
    self,
    name,
    validatorKey: identity.secretKey,
  });
  if (chainProblem !== undefined) logger.warn(chainProblem.message, { code: chainProblem.code });
  const clock = new SystemClock(identity.genesisMs);
  const network = new Libp2pNetwork(
    {
      chainId,
      validators: genesis.validators,
      self,
      // Stable over restarts, and not the validator's key itself.
      peerSecretKey: deriveSecretKey(toHex(identity.secretKey), 'peer'),
      listen: [config.p2p.listen],
      bootstrap: config.p2p.bootstrap,
      messageBytesMax: config.p2p.messageBytesMax,
    },
    { signer, verifier: crypto },
  );
  const nodeOptions = { ...nodeOptionsOf(config, genesis, self), archive: archiveLimits };
  const recorder = config.storage.recordInputs
    ? new NodeRecorder({
        directory: join(config.storage.path, INPUT_FOLDER),
        node: nodeOptions,
        onEnded: ({ reason, message }) => logger.warn(`recording has ended: ${message}`, { reason }),
      })
    : undefined;
  const reporter = dependencies.reporterOf?.(self);
  const trust = createProofTrust(genesis.atomic.proofs.trust);
  const verdicts = new ProofVerdicts(trust);
  const threads = new ProofThreads({
    trust,
    threadCount: Math.min(PROOF_THREADS_MAX, availableParallelism()),
  });
  const core = new NodeCore(nodeOptions, {
    crypto,
    signer: recorder?.signer(signer) ?? signer,
    executions: undefined,
    messages: undefined,
    goodItems: undefined,
    verdicts,
    observer: reporter,
  });
  const events = new EventLog({ self, names: namesOf(config, genesis), epoch: Date.now().toString(36) });
  const tap = new EventTap(events, logger, clock);
  const conditions = new SettlementConditions(settlement, network.links);
  const reported = reporter?.aroundCore(core) ?? core;
  let server: ApiServer | undefined;
  const runtime = new NodeRuntime(
    {
      self,
      peers: genesis.validators.validators.map(({ index }) => index).filter((index) => index !== self),
    },
    {
      core: tap.around(recorder?.around(reported) ?? reported),
      store,
      network: reporter?.aroundNetwork(network) ?? network,
      settlement: conditions,
      clock,
      proofs: new ProofAhead(genesis, { threads, verdicts, verifier: crypto }),
      onEvent: (event) => {
        tap.onEvent(event);
        dependencies.onEvent(event, clock.now());
      },
      onFailure: (error) => {
        logger.error('the node cannot go on', error, { code: describeFailure(error).code });
        void stopAll().finally(() => dependencies.onFailure(error));
      },
    },
  );
  const stopAll = async (): Promise<void> => {
    // Whoever waits for an input is answered before the port closes, and nothing is taken in from here on.
    await inputs?.stop();
    await orders.stop();
    await server?.stop();
    await orders.close();
    await runtime.stop();
    await threads.close();
    recorder?.close();
    logger.info('stopped');
    logger.close();
  };
  try {
    await runtime.start();
    const { restart } = dependencies;
    const view = new RuntimeView({ self, version, operator, core, runtime, network, clock, restart });
    const { host, port, adminToken } = config.api;
    // The port opens only once inputs can be served.
    const chain = new PostingConditions(settlement, network.links);
    const pipeline = await inputs?.start({ node: view, chain, events, logger, clock });
    const desk = orders.start({ node: view, events, logger, clock });
    server = new ApiServer(
      { host, port, adminToken, hasDebugEndpoints: config.batcher.debugEndpoints },
      {
        node: view,
        events,
        logger,
        inputs: pipeline,
        inputMetrics: inputs?.metrics,
        orders: desk,
        orderMetrics: desk.type === 'engine' ? orders.metrics : undefined,
      },
    );
    const api = await server.start();
    const p2p = network.addresses[0] ?? config.p2p.listen;
    logger.info('started', { api, p2p, pid: process.pid, version, height: core.status().finalizedHeight });
    return { index: self, api, p2p, runtime, network, conditions, logger, clock, stop: stopAll };
  } catch (error) {
    logger.error('the node did not start', error);
    await stopAll();
    throw error;
  }
}

/** The store, the log, and what orders and inputs are kept in, in this order; where one cannot be had, those before it are free again. */
async function openDisk(
  config: Config,
  {
    genesis,
    self,
    name,
    validatorKey,
  }: {
    readonly genesis: Genesis;
    readonly self: ValidatorIndex;
    readonly name: string;
    readonly validatorKey: Uint8Array;
  },
): Promise<{
  readonly store: LevelStore;
  readonly logger: NodeLogger;
  readonly inputs: InputService | undefined;
  readonly orders: OrderService;
}> {
  const directory = join(config.storage.path, STORE_FOLDER);
  const store = await LevelStore.open({ directory, chainId: genesis.chainId });
  const logger = await openLog(config.log, name, store);
  let orders: OrderService | undefined;
  try {
    orders = await OrderService.open({ config, genesis, self, validatorKey });
    return { store, logger, orders, inputs: await InputService.open({ config, genesis, self }) };
  } catch (error) {
    await orders?.close();
    logger.close();
    await store.close();
    throw error;
  }
}

/** Addresses, ports and log, before the data is touched. */
async function checkSurroundings({ p2p, api, log }: Config): Promise<void> {
  for (const address of p2p.bootstrap) checkBootstrapAddress(address);
  checkLog(log);
  const { host, port } = api;
  await checkEndpoints([
    { host, port, refused: (cause) => apiListenRefused(host, port, cause) },
    { ...parseListenAddress(p2p.listen), refused: (cause) => p2pListenRefused(p2p.listen, cause) },
  ]);
}

/**
 * A chain that does not answer may come yet; one of another genesis never fits.
 * @returns Why it cannot be reached.
 */
async function findChainProblem(
  settlement: HttpSettlement,
  genesis: Genesis,
): Promise<CodedError | undefined> {
  try {
    await settlement.check({ chainId: genesis.chainId, genesisHash: genesis.settlementGenesisHash });
    return undefined;
  } catch (error) {
    if (error instanceof CodedError && error.code === 'SETTLEMENT_UNREACHABLE') return error;
    throw error;
  }
}
