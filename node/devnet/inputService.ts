/**
 * The input pipeline of a node: its storage, its adapters and the batcher, from the configuration. Opened before the node
 * touches anything, started once the node runs, stopped before it does.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { assert, CodedError } from '../../consensus/primitives/codedError.ts';
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { EventLog } from '../api/eventLog.ts';
import { inputEventLine, logInputEvent } from '../api/inputEvents.ts';
import { InputMetrics } from '../api/inputMetrics.ts';
import type { NodeLogger } from '../api/logger.ts';
import type { NodeView } from '../api/nodeView.ts';
import { pause } from '../backOff.ts';
import type { BatcherAdapter } from '../batcher/adapters/adapter.ts';
import { type EvmAdapter, openEvmAdapter } from '../batcher/adapters/evm/evmAdapter.ts';
import { SettlementAdapter } from '../batcher/adapters/settlementAdapter.ts';
import type { SettlementTargetPort } from '../batcher/adapters/settlementTargetPort.ts';
import { SidechainAdapter } from '../batcher/adapters/sidechainAdapter.ts';
import type { SidechainPort } from '../batcher/adapters/sidechainPort.ts';
import type { BatchingCriteria } from '../batcher/criteria/criteria.ts';
import { loadCriteria } from '../batcher/criteria/loadCriteria.ts';
import type { InputLimits } from '../batcher/input/inputLimiter.ts';
import { inputLimitsDefault } from '../batcher/input/inputLimiter.ts';
import type { BatcherInput } from '../batcher/input/types.ts';
import type { Batcher } from '../batcher/pipeline/batcher.ts';
import type { BatcherEvent } from '../batcher/pipeline/events.ts';
import type { InputPipeline } from '../batcher/pipeline/inputPipeline.ts';
import { startBatcher } from '../batcher/pipeline/startBatcher.ts';
import type { InputStorage } from '../batcher/storage/inputStorage.ts';
import { type InputStorageOptions, openInputStorage } from '../batcher/storage/openInputStorage.ts';
import type { TargetKind } from '../config/batcherSchema.ts';
import type { Config } from '../config/types.ts';
import type { PostingClient } from '../runtime/settlementPort.ts';
import type { Clock } from '../runtime/systemClock.ts';
import { BATCHER_FOLDER } from './folders.ts';

/** Namespace on a server unless the configuration says another. */
const NAMESPACE = 'sidereal';

export interface InputServiceOptions {
  /** Paths in it have been resolved. */
  readonly config: Pick<Config, 'batcher' | 'settlement' | 'settlementChain' | 'storage'>;
  readonly genesis: Genesis;
  readonly self: ValidatorIndex;
}

export interface InputServiceDependencies {
  readonly node: Pick<NodeView, 'reader' | 'submit'>;
  /** For inputs that are posted there. */
  readonly chain: PostingClient;
  readonly events: Pick<EventLog, 'append' | 'at' | 'newestNumber' | 'subscribe'>;
  readonly logger: NodeLogger;
  readonly clock: Clock;
}

export class InputService {
  readonly metrics = new InputMetrics({ now: () => performance.now() });
  readonly #options: InputServiceOptions;
  readonly #storage: InputStorage;
  readonly #criteria: Readonly<Record<string, BatchingCriteria<BatcherInput>>>;
  #batcher: Batcher | undefined;
  /** The storage is the batcher's, which closes it. */
  #isHandedOver = false;

  private constructor(
    options: InputServiceOptions,
    storage: InputStorage,
    criteria: Readonly<Record<string, BatchingCriteria<BatcherInput>>>,
  ) {
    this.#options = options;
    this.#storage = storage;
    this.#criteria = criteria;
  }

  /**
   * Loads criteria and opens the storage.
   * @returns Undefined: the configuration has it off.
   * @throws {CodedError} `CRITERIA_…`; `INPUT_STORAGE_…`, saying which keys it is about.
   */
  static async open(options: InputServiceOptions): Promise<InputService | undefined> {
    const { batcher } = options.config;
    if (!batcher.enabled) return undefined;
    const criteria = await loadCriteria<BatcherInput>(batcher.targets, batcher.batchingCriteria);
    return new InputService(options, await openStorage(options), criteria);
  }

  /**
   * Starts to serve: what was under way when the node stopped goes on.
   * @returns For the API.
   */
  async start(dependencies: InputServiceDependencies): Promise<InputPipeline> {
    const { config, genesis, self } = this.#options;
    const { batcher } = config;
    const name = genesis.validators.at(self).name;
    const { events, logger, clock } = dependencies;
    const emit = (event: BatcherEvent): void => {
      this.metrics.onEvent(event);
      events.append(inputEventLine(Math.floor(clock.now()), name, event));
      logInputEvent(logger, event);
    };
    const adapters = await this.#adaptersOf(dependencies);
    this.#isHandedOver = true;
    this.#batcher = await startBatcher(
      {
        adapters,
        defaultTarget: batcher.defaultTarget,
        batchingCriteria: this.#criteria,
        namespace: batcher.namespace,
        pollingIntervalMs: batcher.pollingIntervalMs,
        confirmationLevel: batcher.confirmationLevel,
        freshness: { pastMs: batcher.freshnessPastMs, futureMs: batcher.freshnessFutureMs },
        retentionMs: batcher.retentionMs,
        maxRetries: batcher.maxRetries,
        maxParks: batcher.maxParks,
        receiptTimeoutMs: batcher.receiptTimeoutMs,
        owner: name,
        rateLimits: rateLimitsOf(config),
      },
      { storage: this.#storage, emit },
    );
    return this.metrics.around(this.#batcher);
  }

  /** Lets what is under way end; what waits stays in the storage. */
  async stop(): Promise<void> {
    await this.#batcher?.stop();
    if (!this.#isHandedOver) await this.#storage.close();
  }

  async #adaptersOf({
    node,
    chain,
    events,
  }: InputServiceDependencies): Promise<Readonly<Record<string, BatcherAdapter>>> {
    const { config, genesis } = this.#options;
    const { gasLimit } = config.settlementChain;
    const { feeCap } = config.settlement;
    const port: SidechainPort & SettlementTargetPort = {
      chain,
      submit: (bytes) => node.submit(bytes),
      reader: () => node.reader(),
      onFinalized: (listener) =>
        events.subscribe(() => {
          if (events.at(events.newestNumber)?.line.type === 'block_finalized') listener();
        }),
    };
    const makers: Readonly<Record<TargetKind, () => BatcherAdapter | Promise<BatcherAdapter>>> = {
      sidechain: () => new SidechainAdapter(genesis, { port, wait: pause }) as BatcherAdapter,
      settlement: () =>
        new SettlementAdapter(
          genesis,
          { gasLimit, feeCap },
          { port, wait: pause, random: Math.random },
        ) as BatcherAdapter,
      evm: () => this.#openEvm() as Promise<BatcherAdapter>,
    };
    const adapters: Record<string, BatcherAdapter> = {};
    for (const target of config.batcher.targets) adapters[target] = await makers[target]();
    return adapters;
  }

  async #openEvm(): Promise<EvmAdapter> {
    const { config, genesis, self } = this.#options;
    const { evm, namespace } = config.batcher;
    assert(evm !== undefined, 'rules ask for the chain of the target');
    const { secretKeyFile: path } = evm;
    const { name } = genesis.validators.at(self);
    const isFolder = statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    const secretKeyFile = isFolder ? join(path, `${name}.key`) : path;
    return openEvmAdapter({ ...evm, secretKeyFile, namespace });
  }
}

async function openStorage({ config, genesis, self }: InputServiceOptions): Promise<InputStorage> {
  const { storage, queuedInputsMax, keptInputsMax } = config.batcher;
  const limits = { queuedRowsMax: queuedInputsMax, keptRowsMax: keptInputsMax };
  const { type, timeoutMs, url } = storage;
  const { name } = genesis.validators.at(self);
  // Nodes of one machine may be told the same path.
  const directory =
    storage.path === '' ? join(config.storage.path, BATCHER_FOLDER) : join(storage.path, name);
  const namespace = `${storage.namespace === '' ? NAMESPACE : storage.namespace}_${self}`;
  const options: InputStorageOptions =
    type === 'level' || type === 'file'
      ? { type, directory, limits }
      : { type, url, namespace, timeoutMs, limits };
  try {
    return await openInputStorage(options);
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    const message = `batcher.storage: ${error.message}`;
    throw new CodedError(error.code, message, error.details, { cause: error });
  }
}

function rateLimitsOf({ batcher }: Pick<Config, 'batcher'>): InputLimits {
  const { client, account } = inputLimitsDefault;
  return {
    client: { ...client, burst: batcher.clientBurst, perSecond: batcher.clientPerSecond },
    account: { ...account, burst: batcher.accountBurst, perSecond: batcher.accountPerSecond },
  };
}
