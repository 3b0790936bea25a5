/**
 * One run of a scenario on a real network: drives what the timeline says, executes what the nodes report, and tells
 * those who watch. Everything happens on one thread in the order in which it comes in; times are of this process's clock,
 * counted from the genesis instant.
 */
import type { Block } from '../../../consensus/block.ts';
import { decode } from '../../../consensus/primitives/codec.ts';
import { CodedError } from '../../../consensus/primitives/codedError.ts';
import type {
  Hash,
  Height,
  SettlementHeight,
  TimeMs,
  ValidatorIndex,
  View,
} from '../../../consensus/primitives/flavor.ts';
import type { Crypto } from '../../../consensus/primitives/signature.ts';
import { type Certificate, readVote } from '../../../consensus/vote.ts';
import { createGenesisState, type GenesisState } from '../../../settlement/execution/genesisState.ts';
import type { ExecutionResult } from '../../../settlement/execution/result.ts';
import type { SettlementBlock, SettlementEvent } from '../../../settlement/net/settlement.ts';
import type { NodeEvent } from '../../core/events.ts';
import type { FinalHeight } from '../../laws/agreement.ts';
import { type Absence, Attendance } from '../../report/attendance.ts';
import type { BatchResult, WindowResult } from '../../report/result.ts';
import { createWatchers, type WatchedNetwork, type Watchers } from '../../report/watchers.ts';
import { SystemClock } from '../../runtime/systemClock.ts';
import type { GenesisParts } from '../../scenario/genesis.ts';
import { TransactionFeed } from '../../scenario/timeline.ts';
import type { Anchor, Scenario, TimelineEvent } from '../../scenario/types.ts';
import { Timeline } from '../../timeline/timeline.ts';
import { HEIGHTS_AHEAD_DEFAULT } from '../../timeline/transactionDelivery.ts';
import type { NodeReport } from '../nodeReporter.ts';
import type { DevnetControl, DevnetEvent } from './control.ts';
import { EngineFaults } from './engineFaults.ts';
import { EngineNode } from './engineNode.ts';
import { LinkState } from './linkState.ts';
import { BlockReplay } from './replay.ts';
import { Traffic } from './traffic.ts';

/** Errors kept word for word. */
const ERRORS_MAX = 20;
/** From the instant at which all nodes are ready to that of genesis, in ms: they learn of it within a second. */
const HEAD_START_MS = 2000;
/** Transactions reach the nodes this long before they can be needed, in ms: longer than a busy machine stands still. */
const HAND_OVER_MS = 1500;
/** Reports that may wait for their height; beyond, a network this far ahead of its watcher has other troubles. */
const UNJUDGED_MAX = 16_384;
const ALWAYS_PRESENT: Absence = { presence: 'present', reason: undefined };
const KILLED_LOSES_NOTHING =
  'a process that is killed loses nothing that it gave to the system: here `lose: unsynced` loses what `lose: none` loses';

export interface DevnetRunOptions {
  readonly onEvent: ((line: string) => void) | undefined;
  readonly onRecord: ((record: BatchResult | WindowResult) => void) | undefined;
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
  readonly #replay: BlockReplay;
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
  /** What nodes reported of heights that are not executed here yet. */
  #unjudged: (FinalHeight & { readonly node: ValidatorIndex })[] = [];
  /** Settlement blocks, with those of their settlements whose batch is not known to be sealed yet. */
  #early: SettlementBlock[] = [];
  #finalizedHeight: Height = 0;
  #finalizedStateRoot: Hash | undefined;
  #notarizedHeight: Height = 0;
  #newestView: View = 0;

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
    this.#replay = new BlockReplay(genesis, createGenesisState(genesis), {
      crypto,
      onFinal: (node, block, result, certificate) => this.#finalized(node, block, result, certificate),
      onInvalid: (node, message) => this.#contradicted(node, message),
    });
    this.watchers = createWatchers(
      {
        scenario,
        genesisParts: parts.genesis,
        genesisState: this.genesisState,
        verifier: crypto,
        isSynchronous: this.#links.isTimely(0, this.#links.chain, 0, config.consensus.deltaMs),
        settlementBlockAt: (height) => this.#replay.settlementBlockAt(height),
        onEvent: options.onEvent,
        onRecord: options.onRecord,
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
      newestView: () => this.#newestView,
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
    return this.#finalizedHeight;
  }

  get finalizedStateRoot(): Hash | undefined {
    return this.#finalizedStateRoot;
  }

  get settlementHeight(): SettlementHeight {
    return this.#replay.settlementHeight;
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
    return Math.max(this.#notarizedHeight, this.#finalizedHeight);
  }

  isConverged(): boolean {
    const slowest = this.#nodes.reduce(
      (height, { isUp, pauses, finalizedHeight }) =>
        isUp && pauses.size === 0 ? Math.min(height, finalizedHeight) : height,
      this.#finalizedHeight,
    );
    return this.watchers.laws.isAgreed && slowest >= this.#finalizedHeight - 2;
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
      settlement.follow(0, async (block) => this.#settlementBlock(block));
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
      submitTransactions: (event) => this.#traffic.submit(this.#feed.forEvent(event)),
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
    this.#reported(this.#node(event.node), event.report);
  }

  #reported(node: EngineNode, report: NodeReport): void {
    const { laws } = this.watchers;
    switch (report.type) {
      case 'event':
        this.#nodeEvent(node, report.event);
        return;
      case 'block': {
        const { height, hash, stateRoot } = report;
        if (this.#unjudged.length < UNJUDGED_MAX) {
          this.#unjudged.push({ node: node.index, height, hash, stateRoot, headerRoot: stateRoot });
        }
        this.#replay.addFinal({ node: node.index, ...report });
        this.#judgeReports();
        return;
      }
      case 'votes_sent':
        for (const bytes of report.votes) {
          const vote = decode(bytes, readVote);
          if (vote.ok) laws.voteSent(vote.value);
        }
        return;
      case 'recovered':
        if (node.starts > 1) laws.recovered(node.index, node.finalizedHeight, report.height);
        node.finalizedHeight = Math.max(node.finalizedHeight, report.height);
        return;
    }
  }

  /** What nodes hold for final is compared once the height is executed here. */
  #judgeReports(): void {
    const { laws } = this.watchers;
    this.#unjudged = this.#unjudged.filter(({ node, ...final }) => {
      if (final.height > this.#finalizedHeight) return true;
      laws.reportedFinal(node, final);
      return false;
    });
  }

  #nodeEvent(node: EngineNode, event: NodeEvent): void {
    const { trace, chronicle, judge } = this.watchers;
    const { nowMs } = this;
    trace.reportNode(nowMs, node.index, event);
    if ('view' in event && event.view !== undefined && event.type !== 'equivocation_seen') {
      this.#newestView = Math.max(this.#newestView, event.view);
    }
    switch (event.type) {
      case 'block_proposed':
        this.#traffic.proposed(event.height);
        return;
      case 'block_notarized':
        this.#notarizedHeight = Math.max(this.#notarizedHeight, event.height);
        return;
      case 'block_finalized':
        node.finalizedHeight = Math.max(node.finalizedHeight, event.height);
        if (node.silentUntilView > 0 && event.view >= node.silentUntilView) {
          node.silentUntilView = 0;
          this.#changeHealth(() => this.#faults.tellHealth());
        }
        judge.changed(nowMs);
        return;
      case 'batch_submitted':
        chronicle.submitted(event.seq, event.attempt, nowMs);
        return;
      case 'warning':
        if (event.code !== 'SETTLEMENT_REORG_BELOW_ORIGIN') return;
        node.isHalted = true;
        this.#changeHealth(() => this.#faults.tellHealth());
        return;
      default:
        return;
    }
  }

  /** A block is final and executed here: the first that is known of its height. */
  #finalized(
    node: ValidatorIndex,
    block: Block,
    result: ExecutionResult,
    certificate: Certificate | undefined,
  ): void {
    const { nowMs } = this;
    const { laws, chronicle, verdicts, trace, judge } = this.watchers;
    const { header, hash } = block;
    const { height, view, timestampMs, leader, origin } = header;
    this.#finalizedHeight = height;
    this.#finalizedStateRoot = result.stateRoot;
    verdicts.begin(block);
    laws.finalized(node, block, result, true, nowMs);
    this.#judgeReports();
    verdicts.finalized(block, result.facts, certificate, laws.runningDuty);
    chronicle.finalized(block, result, nowMs, (seq, state) => this.#batchReached(seq, state));
    for (const early of this.#early.splice(0)) this.#tellIncluded(early);
    const missing = this.#traffic.finalized(block);
    if (missing !== undefined) this.#fail(`${missing} transactions anchored to block ${height} missed it`);
    trace.reportFacts(nowMs, {
      type: 'block_finalized',
      height,
      view,
      hash,
      timestampMs,
      leader,
      stateRoot: result.stateRoot,
      originHeight: origin.height,
      facts: result.facts,
      transactions: result.receipts,
    });
    this.#anchorReached({ block: height });
    judge.changed(nowMs);
  }

  #settlementBlock(block: SettlementBlock): void {
    if (this.#endedMs !== undefined) return;
    const { trace, laws, chronicle, judge } = this.watchers;
    const before = this.#replay.settlementHeight;
    const { height } = block;
    if (height === 0) {
      this.#replay.addSettlementBlock(block);
      return;
    }
    if (height <= before) {
      trace.reportOther(this.nowMs, undefined, 'settlement_reorg', {
        height: height - 1,
        depth: before - height + 1,
      });
      this.#early = this.#early.filter((early) => early.height < height);
      laws.settlementReorganised(height - 1);
      chronicle.settlementReorganised(height - 1);
    }
    trace.reportSettlementBlock(this.nowMs, block);
    laws.settlementBlock(block);
    this.#attendance?.settlementBlock(height);
    this.#tellIncluded(block);
    this.#replay.addSettlementBlock(block);
    this.#anchorReached({ settlementBlock: height });
    judge.changed(this.nowMs);
  }

  /** What the chain settled before the seal has been executed here is told once it has. */
  #tellIncluded(block: SettlementBlock): void {
    const { chronicle } = this.watchers;
    const isKnown = (event: SettlementEvent): boolean =>
      event.type !== 'batch_settled' || chronicle.batch(event.seq) !== undefined;
    chronicle.settlementBlock({ ...block, events: block.events.filter(isKnown) }, (seq, state) =>
      this.#batchReached(seq, state),
    );
    const early = block.events.filter((event) => !isKnown(event));
    if (early.length > 0) this.#early.push({ ...block, events: early });
  }

  #batchReached(seq: number, state: 'sealed' | 'included' | 'confirmed' | 'missed'): void {
    this.watchers.judge.batchReached(seq, state, this.nowMs);
    this.#anchorReached({ batch: seq, state });
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
