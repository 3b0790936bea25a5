/**
 * Runs one scenario in the simulation, from genesis to result. Synchronous, and a function of the scenario alone: the
 * clock that times it is handed in and reaches nothing but `wall_ms`.
 */
import { accept } from '../../consensus/primitives/codedError.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import { Random } from '../../consensus/primitives/random.ts';
import type { Signer } from '../../consensus/primitives/signature.ts';
import { DoubleSettlementWatch } from '../../settlement/chain/doubleSettlementWatch.ts';
import { createGenesisState, type GenesisState } from '../../settlement/execution/genesisState.ts';
import type { FinalityObserver } from '../core/ports.ts';
import { InputRecorder, type InputSink } from '../replay/inputLog.ts';
import type { BatchResult, RunResult, WindowResult } from '../report/result.ts';
import type { RunProbe } from '../report/runProbe.ts';
import { buildResult, createWatchers, type Watchers } from '../report/watchers.ts';
import { createGenesis } from '../scenario/genesis.ts';
import { createNodeFactory } from '../scenario/nodeFactory.ts';
import { createSettlementChain } from '../scenario/settlementChain.ts';
import { TransactionFeed } from '../scenario/timeline.ts';
import type { Scenario } from '../scenario/types.ts';
import { Links } from './network/links.ts';
import type { Reuse } from './reuse.ts';
import { SharedExecutions, SharedGoodItems, SharedMessages } from './sharedCaches.ts';
import { Simulation } from './simulation.ts';

/** Settlement blocks kept for nodes that come back: almost a day of them at the default interval. */
const SETTLEMENT_HISTORY_BLOCKS = 16_384;
/** Settlement blocks kept where no fault ever takes a node away: more than an hour of them. */
const SETTLEMENT_HISTORY_BLOCKS_QUIET = 1024;

/**
 * Final blocks kept where nobody ever lacks more than the last few: no fault, and every message comes in time. What lives
 * shorter costs the garbage collector less.
 */
const HISTORY_BLOCKS_QUIET = 64;

/** Events of one slice of a run: some ten milliseconds of the host. */
const EVENTS_PER_SLICE = 8192;

export interface RunOptions {
  /** Takes each line of `events.ndjson`, without its line break. */
  readonly onEvent?: (line: string) => void;
  /** Takes every batch and window of a run that has too many for its result. */
  readonly onRecord?: (record: BatchResult | WindowResult) => void;
  /** Events between two moments at which a caller of slices has control; some ten milliseconds of the host by default. */
  readonly sliceEvents?: number;
  /** Called every now and then with the virtual time reached, in ms. */
  readonly onProgress?: (virtualMs: number) => void;
  /** Takes the log of what the nodes took in, for replays. Recording costs time and space, so only who asks pays. */
  readonly inputs?: InputSink;
  /** What earlier runs of this process made and this one may need again. */
  readonly reuse?: Reuse;
  /** Measures along; told of every final block and settlement block. */
  readonly probe?: RunProbe;
  /** False leaves batches and windows out of the result, for who measured all there is to know of them. */
  readonly withRecords?: boolean;
  /** Host time in ms, for `wall_ms` alone. */
  readonly clock?: () => number;
}

/** Result of a run, and what a benchmark wants to know besides. */
export interface SimulationRun {
  readonly result: RunResult;
  /** Events of virtual time that happened. */
  readonly eventCount: number;
}

/** Runs a scenario to its end. */
export function runSimulation(scenario: Scenario, options: RunOptions = {}): RunResult {
  return runCounted(scenario, options).result;
}

/** Like `runSimulation`, with the number of events. */
export function runCounted(scenario: Scenario, options: RunOptions = {}): SimulationRun {
  const slices = runInSlices(scenario, options);
  for (;;) {
    const slice = slices.next();
    if (slice.done === true) return slice.value;
  }
}

/**
 * Like `runCounted`, handing control back every now and then, so that a caller can listen to its user meanwhile.
 * @yields The virtual time reached, in ms.
 */
export function* runInSlices(
  scenario: Scenario,
  options: RunOptions = {},
): Generator<number, SimulationRun, undefined> {
  const startedMs = options.clock?.() ?? 0;
  const world = createWorld(scenario, options);
  const { simulation } = world;
  const { sliceEvents = EVENTS_PER_SLICE } = options;
  while (simulation.advance(scenario.durationMs, sliceEvents)) {
    options.onProgress?.(simulation.nowMs);
    yield simulation.nowMs;
  }
  world.recorder?.finish();
  const { watchers, genesisState } = world;
  const { withRecords } = options;
  const engine = 'simulation';
  const result = buildResult({ scenario, engine, network: simulation, watchers, genesisState, withRecords });
  const cut = world.recorder?.describeCut();
  const warnings = cut === undefined ? result.warnings : [...result.warnings, cut];
  const wallMs = options.clock === undefined ? 0 : Math.max(0, options.clock() - startedMs);
  return { result: { ...result, warnings, wall_ms: wallMs }, eventCount: simulation.eventCount };
}

interface World {
  readonly simulation: Simulation;
  readonly watchers: Watchers;
  readonly genesisState: GenesisState;
  readonly recorder: InputRecorder | undefined;
}

function createWorld(scenario: Scenario, options: RunOptions): World {
  const { config, seed } = scenario;
  const { reuse } = options;
  reuse?.begin(scenario);
  const random = new Random(seed);
  const crypto = createCrypto(config.simulation.crypto);
  const parts = createGenesis(scenario);
  const { genesis } = parts;
  const { chainId, validators } = genesis;
  const hasFaults = scenario.timeline.some(({ faults }) => faults.length > 0);
  const chain = createSettlementChain(scenario, {
    chainId,
    validators,
    verifier: crypto,
    historyBlocks: hasFaults ? SETTLEMENT_HISTORY_BLOCKS : SETTLEMENT_HISTORY_BLOCKS_QUIET,
    reorgDepthMax: reorgDepthMaxOf(scenario),
  });
  const genesisState = createGenesisState(genesis);
  const links = new Links(
    { model: scenario.network, nodeCount: genesis.validators.count },
    { random: random.fork('network') },
  );
  const isShared = config.simulation.sharedExecution;
  const messages = isShared ? new SharedMessages(validators.count) : undefined;
  // `full` means that every node checks every signature.
  const goodItems = isShared && crypto.policy !== 'full' ? new SharedGoodItems(validators.count) : undefined;
  const signers = parts.validators.map(({ secretKey }) => crypto.createSigner(secretKey));
  const signerOf = (index: ValidatorIndex): Signer => {
    const signer = signers[index];
    if (signer === undefined) throw new RangeError(`no validator ${index}`);
    return signer;
  };
  const recorder = options.inputs === undefined ? undefined : new InputRecorder(scenario, options.inputs);
  const isSynchronous = links.isTimely(0, links.chain, genesis.blockBytesMax, config.consensus.deltaMs);
  const createNode = createNodeFactory(scenario, genesis, crypto, {
    signerOf,
    executions: isShared ? new SharedExecutions() : undefined,
    messages,
    goodItems,
    roots: reuse?.roots,
    // A replay of the log is told of no limit but the configured one.
    historyBlocksMax:
      hasFaults || !isSynchronous || recorder !== undefined ? undefined : HISTORY_BLOCKS_QUIET,
  });
  const createProcess =
    recorder === undefined
      ? createNode
      : (index: ValidatorIndex, observer: FinalityObserver | undefined) =>
          recorder.record(index, createNode(index, observer));
  const simulation = new Simulation(
    {
      validators: genesis.validators,
      blockTimeMs: genesis.blockTimeMs,
      blockBytesMax: genesis.blockBytesMax,
      deltaMs: config.consensus.deltaMs,
      crashPoints: config.simulation.crashPoints,
      settlementBlockTimeMs: config.settlementChain.blockTimeMs,
      settlementPhaseMs: config.settlementChain.phaseMs,
      timeline: scenario.timeline,
    },
    {
      links,
      chain,
      doubleSettlements: new DoubleSettlementWatch(genesis, { verifier: crypto }),
      random,
      transactions: new TransactionFeed(scenario, parts, crypto, {
        signed: reuse?.signed,
        onSigned: (signed) => {
          messages?.set(signed.bytes, accept(signed));
          goodItems?.add(signed);
        },
      }),
      messages,
      createProcess,
      dishonesty: {
        genesis,
        random: random.fork('byzantine'),
        isUnsafe: scenario.allowUnsafe,
        signerOf,
        createProcess,
      },
      createWatchers: (network) =>
        createWatchers(
          {
            scenario,
            genesisParts: parts,
            genesisState,
            verifier: crypto,
            isSynchronous,
            settlementBlockAt: (height) => chain.blockAt(height),
            onEvent: options.onEvent,
            onRecord: options.onRecord,
            probe: options.probe,
          },
          network,
        ),
    },
  );
  return { simulation, watchers: simulation.watchers, genesisState, recorder };
}

/** The deepest reorganisation that the timeline asks for, in settlement-chain blocks. */
function reorgDepthMaxOf({ timeline }: Scenario): number {
  let depthMax = 0;
  for (const { faults } of timeline) {
    for (const fault of faults) {
      if (fault.type === 'settlement_chain' && fault.kind === 'reorg')
        depthMax = Math.max(depthMax, fault.depth);
    }
  }
  return depthMax;
}
