import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type {
  Hash,
  Height,
  SettlementHeight,
  TimeMs,
  ValidatorIndex,
} from '../../../consensus/primitives/flavor.ts';
import type { Crypto } from '../../../consensus/primitives/signature.ts';
import { createGenesisState, type GenesisState } from '../../../settlement/execution/genesisState.ts';
import { type Absence, Attendance } from '../../report/attendance.ts';
import type { BatchResult, WindowResult } from '../../report/result.ts';
import type { RunProbe } from '../../report/runProbe.ts';
import { createWatchers, type WatchedNetwork, type Watchers } from '../../report/watchers.ts';
import { SystemClock } from '../../runtime/systemClock.ts';
import type { GenesisParts } from '../../scenario/genesis.ts';
import { TransactionFeed } from '../../scenario/timeline.ts';
import type { Anchor, Scenario, TimelineEvent } from '../../scenario/types.ts';
import { Timeline } from '../../timeline/timeline.ts';
import { HEIGHTS_AHEAD_DEFAULT } from '../../timeline/transactionDelivery.ts';
import type { DevnetControl, DevnetEvent } from './control.ts';
import { EngineFaults } from './engineFaults.ts';
import { EngineNode } from './engineNode.ts';
import { LinkState } from './linkState.ts';
import { Observation } from './observation.ts';
import { Traffic } from './traffic.ts';

/** Errors kept word for word. */
const ERRORS_MAX = 20;
/** From the instant at which all nodes are ready to that of genesis, in ms: they learn of it within a second. */
const HEAD_START_MS = 2000;
/** Transactions reach the nodes this long before they can be needed, in ms: longer than a busy machine stands still. */
const HAND_OVER_MS = 1500;
const ALWAYS_PRESENT: Absence = { presence: 'present', reason: undefined };
const KILLED_LOSES_NOTHING =
  'a process that is killed loses nothing that it gave to the system: here `lose: unsynced` loses what `lose: none` loses';

export interface DevnetRunOptions {
  readonly onEvent: ((line: string) => void) | undefined;
  readonly onRecord: ((record: BatchResult | WindowResult) => void) | undefined;
  readonly probe: RunProbe | undefined;
  /** Called once a second with the time reached, in ms. */
  readonly onProgress: ((nowMs: TimeMs, run: WatchedNetwork) => void) | undefined;
  /** Ends the run before its time. */
  readonly signal: AbortSignal | undefined;
}

export class DevnetRun implements WatchedNetwork {
  readonly watchers: Watchers;
  readonly genesisState: GenesisState;
  readonly #scenario: Scenario;
  readonly #options: DevnetRunOptions;
  readonly #control: DevnetControl;
  readonly #nodes: readonly EngineNode[];
  readonly #links: LinkState;
  readonly #observation: Observation;
  readonly #faults: EngineFaults;
  readonly #attendance: Attendance<EngineNode> | undefined;
  readonly #traffic: Traffic;
  readonly #feed: TransactionFeed;
  readonly #errors: string[] = [];
  readonly #warnings: string[] = [];
  readonly #timers = new Set<() => void>();
  #timeline: Timeline | undefined;
  #clock: SystemClock | undefined;
  /** Fixed when the run is over: nothing that is said later counts. */
  #endedMs: TimeMs | undefined;
  #end: () => void = () => undefined;

  constructor(
    scenario: Scenario,
    parts: { readonly genesis: GenesisParts; readonly crypto: Crypto; readonly control: DevnetControl },
    options: DevnetRunOptions,
  ) {
    const { crypto, control } = parts;
    const { genesis } = parts.genesis;
    const { config } = scenario;
    this.#scenario = scenario;
    this.#options = options;
    this.#control = control;
    this.genesisState = createGenesisState(genesis);
    this.#nodes = genesis.validators.validators.map((validator) => new EngineNode(validator));
    this.#links = new LinkState(
      scenario.network,
      this.#nodes.map(({ name }) => name),
    );
    this.watchers = createWatchers(
      {
        scenario,
        genesisParts: parts.genesis,
        genesisState: this.genesisState,
        verifier: crypto,
        isSynchronous: this.#links.isTimely(0, this.#links.chain, 0, config.consensus.deltaMs),
        settlementBlockAt: (height) => this.#observation.settlementBlockAt(height),
        onEvent: options.onEvent,
        onRecord: options.onRecord,
        probe: options.probe,
      },
      this,
    );
    this.#feed = new TransactionFeed(scenario, parts.genesis, crypto);
    this.#traffic = new Traffic(heightsAheadOf(scenario), {
      transactions: this.#feed,
      nodes: this.#nodes,
      control,
      failed: (error) => this.#failed(error),
    });
    this.#observation = new Observation(genesis, crypto, {
      traffic: this.#traffic,
      watchers: () => this.watchers,
      nowMs: () => this.nowMs,
      anchorReached: (anchor) => this.#anchorReached(anchor),
      healthChanged: () => this.#changeHealth(() => this.#faults.tellHealth()),
      settlementBlock: (height) => this.#attendance?.settlementBlock(height),
      fail: (error) => this.#fail(error),
      contradicted: (node, message) => this.#contradicted(node, message),
    });
    this.#faults = new EngineFaults({
      validators: genesis.validators,
      deltaMs: config.consensus.deltaMs,
      messageBytesMax: genesis.blockBytesMax,
      control,
      nodes: this.#nodes,
      links: this.#links,
      laws: this.watchers.laws,
      trace: this.watchers.trace,
      nowMs: () => this.nowMs,
      newestView: () => this.#observation.newestView,
      started: (node) => this.#traffic.started(node),
      healthChanged: () => this.#changeHealth(() => this.#faults.tellHealth()),
      failed: (error) => this.#failed(error),
    });
    const hasFaults = scenario.timeline.some(({ faults }) => faults.length > 0);
    this.#attendance = hasFaults
      ? new Attendance({ nodes: this.#nodes, absenceOf: (node) => this.#faults.absenceOf(node) })
      : undefined;
    if (losesUnsynced(scenario)) this.#warnings.push(KILLED_LOSES_NOTHING);
  }

  // What there is to see ---------------------------------------------------------------------------------

  get nowMs(): TimeMs {
    return this.#endedMs ?? this.#clock?.now() ?? 0;
  }

  get finalizedHeight(): Height {
    return this.#observation.finalizedHeight;
  }

  get finalizedStateRoot(): Hash | undefined {
    return this.#observation.finalizedStateRoot;
  }

  get settlementHeight(): SettlementHeight {
    return this.#observation.settlementHeight;
  }

  get unfiredEvents(): readonly TimelineEvent[] {
    return this.#timeline?.unfired ?? this.#scenario.timeline;
  }

  get errors(): readonly string[] {
    return this.#errors;
  }

  get warnings(): readonly string[] {
    return [...this.#warnings, ...this.#faults.warnings];
  }

  notarizedHeight(): Height {
    return this.#observation.notarizedHeight;
  }

  isConverged(): boolean {
    const slowest = this.#nodes.reduce(
      (height, { isUp, pauses, finalizedHeight }) =>
        isUp && pauses.size === 0 ? Math.min(height, finalizedHeight) : height,
      this.finalizedHeight,
    );
    return this.watchers.laws.isAgreed && slowest >= this.finalizedHeight - 2;
  }

  isHalted(name: string | undefined): boolean {
    return this.#nodes.some((node) => (name === undefined || node.name === name) && node.isHalted);
  }

  presenceOf(node: ValidatorIndex, after: SettlementHeight, upTo: SettlementHeight): Absence {
    return this.#attendance?.between(node, after, upTo) ?? ALWAYS_PRESENT;
  }

  /** No fault here makes a node lie. */
  mayHaveEquivocated(): boolean {
    return false;
  }

  hasLied(): boolean {
    return false;
  }

  // The run ----------------------------------------------------------------------------------------------

  /**
   * Runs to the end of the scenario, or to the signal. The network is left running; whoever made it stops it.
   * @throws {CodedError} What keeps the network from starting.
   */
  async run(): Promise<void> {
    const { signal } = this.#options;
    const isStarted = await untilAborted(
      this.#control.start((event) => this.#happened(event)),
      signal,
    );
    if (!isStarted) {
      this.#endedMs = 0;
      return;
    }
    for (const node of this.#nodes) {
      node.isUp = true;
      node.starts = 1;
    }
    const settlement = this.#control.createSettlementClient();
    try {
      this.#faults.begin();
      await this.#traffic.begin();
      const genesisMs = Date.now() + HEAD_START_MS;
      await this.#control.begin(genesisMs);
      const clock = new SystemClock(genesisMs);
      this.#clock = clock;
      settlement.follow(0, async (block) => {
        if (this.#endedMs === undefined) this.#observation.settlementBlock(block);
      });
      this.#timeline = this.#createTimeline(this.#scenario.timeline);
      this.#announceTimeAnchors();
      this.#reportProgress();
      await new Promise<void>((resolve) => {
        this.#end = resolve;
        this.#schedule(this.#scenario.durationMs, resolve);
        signal?.addEventListener('abort', () => resolve(), { once: true });
        if (signal?.aborted === true) resolve();
      });
      this.#endedMs = Math.max(0, Math.min(clock.now(), this.#scenario.durationMs));
    } finally {
      for (const cancel of this.#timers) cancel();
      this.#timers.clear();
      await settlement.stop();
    }
  }

  #createTimeline(events: readonly TimelineEvent[]): Timeline {
    return new Timeline(events, {
      scheduleAction: (timeMs, action) => this.#schedule(timeMs, action),
      nowMs: () => this.nowMs,
      submitTransactions: (event) =>
        this.#traffic.submit(this.#feed.forEvent(event, this.finalizedHeight, this.nowMs)),
      makeDeposits: (event) => {
        for (const deposit of this.#feed.depositsOf(event)) {
          this.#control.deposit(deposit).catch((error: unknown) => this.#failed(error));
        }
      },
      makePost: (post) => {
        const { bytes, inputs } = this.#feed.postOf(post, this.nowMs);
        this.#control.post(bytes).catch((error: unknown) => this.#failed(error));
        if (post.isSent) this.#traffic.submit(inputs);
      },
      startFault: (fault) => this.#changeHealth(() => this.#faults.start(fault)),
      endFault: (fault) => this.#changeHealth(() => this.#faults.end(fault)),
    });
  }

  #announceTimeAnchors(): void {
    const { judge } = this.watchers;
    for (const anchor of judge.timeAnchors()) {
      if ('timeMs' in anchor) {
        this.#schedule(anchor.timeMs, () => judge.anchorReached(anchor, this.nowMs));
      }
    }
  }

  #reportProgress(): void {
    const { onProgress } = this.#options;
    if (onProgress === undefined) return;
    const again = (): void => {
      onProgress(this.nowMs, this);
      this.#schedule(this.nowMs + 1000, again);
    };
    again();
  }

  /** Calls at an instant, or right after what goes on now when it has passed; never once the run has ended. */
  #schedule(timeMs: TimeMs, action: () => void): void {
    if (this.#endedMs !== undefined || this.#clock === undefined) return;
    const cancel = this.#clock.callAt(timeMs, () => {
      this.#timers.delete(cancel);
      action();
    });
    this.#timers.add(cancel);
  }

  // What happens -----------------------------------------------------------------------------------------

  #happened(event: DevnetEvent): void {
    if (this.#endedMs !== undefined) return;
    if (event.type === 'exited') {
      const name = event.node === undefined ? 'the settlement chain' : this.#node(event.node).name;
      this.#fail(`${name} has ended by itself: ${event.reason}`);
      this.#end();
      return;
    }
    this.#observation.reported(this.#node(event.node), event.report);
  }

  #anchorReached(anchor: Anchor): void {
    const { judge } = this.watchers;
    if (judge.hasAnchors) judge.anchorReached(anchor, this.nowMs);
    this.#timeline?.reached(anchor);
  }

  #changeHealth(change: () => void): void {
    if (this.#endedMs !== undefined) return;
    change();
    this.#attendance?.changed();
    this.watchers.judge.changed(this.nowMs);
  }

  #contradicted(node: ValidatorIndex, message: string): void {
    this.watchers.laws.contradicted(node, message);
    this.#fail(`${this.#node(node).name} ${message}: the run ends`);
    this.#end();
  }

  #failed(error: unknown): void {
    if (this.#endedMs !== undefined) return;
    const message = error instanceof Error ? error.message : String(error);
    this.#fail(error instanceof CodedError ? `${message} [${error.code}]` : message);
    this.#end();
  }

  #fail(error: string): void {
    if (this.#errors.length < ERRORS_MAX) this.#errors.push(error);
    else if (this.#errors.length === ERRORS_MAX) this.#errors.push('and more');
  }

  #node(index: number): EngineNode {
    const node = this.#nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    return node;
  }
}

/**
 * For how many heights transactions lie ready. Where users also send at other instants no more than the simulation has:
 * an account's nonces are given out in the order of signing, and what is signed far ahead would hold up what comes between.
 */
function heightsAheadOf({ timeline, config }: Scenario): number {
  const sendsBetween = timeline.some(({ at, transactions }) => transactions.length > 0 && !('block' in at));
  const heights = Math.ceil(HAND_OVER_MS / config.chain.blockTimeMs);
  return sendsBetween ? HEIGHTS_AHEAD_DEFAULT : Math.max(HEIGHTS_AHEAD_DEFAULT, heights);
}

/** @returns False when the signal came first; what becomes of the work is then nobody's business. */
async function untilAborted(work: Promise<void>, signal: AbortSignal | undefined): Promise<boolean> {
  if (signal === undefined) return work.then(() => true);
  const aborted = new Promise<boolean>((resolve) => {
    signal.addEventListener('abort', () => resolve(false), { once: true });
    if (signal.aborted) resolve(false);
  });
  return Promise.race([work.then(() => true), aborted]);
}

function losesUnsynced({ timeline }: Scenario): boolean {
  return timeline.some(({ faults }) =>
    faults.some((fault) => fault.type === 'crash' && fault.lose === 'unsynced'),
  );
}
