/**
 * The virtual world: many nodes, one settlement chain, one network, one clock that jumps from event to event. It carries
 * out what nodes ask for, in order, and injects the scenario's faults around the honest cores. Equal scenarios and seeds
 * give equal runs: every order is that of insertion, every draw comes from the seed.
 */
import type { Block } from '../../consensus/block.ts';
import { assert, CodedError } from '../../consensus/primitives/codedError.ts';
import type { Height, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Random } from '../../consensus/primitives/random.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import type { Certificate } from '../../consensus/vote.ts';
import type { DoubleSettlementWatch } from '../../settlement/chain/doubleSettlementWatch.ts';
import { outboxKeyOf } from '../../settlement/chain/submitter.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import type { CrossChainDeposit } from '../../settlement/net/crossChain.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import type { CrashPoints } from '../config/types.ts';
import { isAtomicCompletion } from '../core/atomicCompletion.ts';
import type { NodeEvent } from '../core/events.ts';
import type { FinalityObserver, MessageCache } from '../core/ports.ts';
import { completionKey } from '../core/store.ts';
import type { Input, Output, PeerId, TimerId } from '../core/types.ts';
import type { SentSettlement } from '../laws/outbox.ts';
import { type Absence, Attendance } from '../report/attendance.ts';
import type { BatchMilestone } from '../report/expectations.ts';
import type { WatchedNetwork, Watchers } from '../report/watchers.ts';
import type { Anchor, ScenarioPost, TimelineEvent } from '../scenario/types.ts';
import { Timeline } from '../timeline/timeline.ts';
import type { BlockTransactions } from '../timeline/transactionDelivery.ts';
import { Dishonesty, type DishonestyOptions } from './byzantine/dishonesty.ts';
import { EventQueue, type SimulationEvent } from './eventQueue.ts';
import { Faults } from './faults/faults.ts';
import { SimulatedDisk } from './machine/disk.ts';
import { Freezer } from './machine/freezer.ts';
import type { NodeProcess } from './machine/nodeProcess.ts';
import { QuietDisk } from './machine/quietDisk.ts';
import { type CrashFault, type NodeTimer, SimulatedNode } from './machine/simulatedNode.ts';
import { Gossip } from './network/gossip.ts';
import { GossipMemory } from './network/gossipMemory.ts';
import type { Links } from './network/links.ts';
import { Requests } from './network/requests.ts';
import type { SettlementChain } from './settlement/settlementChain.ts';
import { SettlementSide } from './settlement/settlementSide.ts';
import { SettlementWatch } from './settlement/settlementWatch.ts';
import { UserTraffic } from './userTraffic.ts';

/** Errors kept word for word. */
const ERRORS_MAX = 20;
const ALWAYS_PRESENT: Absence = { presence: 'present', reason: undefined };

/** Where transactions come from: those of a block, and those of a timeline event anchored elsewhere. */
export interface TransactionSource extends BlockTransactions {
  forEvent(event: TimelineEvent, height: Height, nowMs: TimeMs): readonly Uint8Array[];
  /** What an event has somebody deposit on the settlement chain. */
  depositsOf(event: TimelineEvent): readonly CrossChainDeposit[];
  postOf(
    post: ScenarioPost,
    nowMs: TimeMs,
  ): { readonly bytes: Uint8Array; readonly inputs: readonly Uint8Array[] };
}

export interface SimulationOptions {
  readonly validators: ValidatorSet;
  readonly blockTimeMs: number;
  readonly blockBytesMax: number;
  readonly deltaMs: number;
  readonly crashPoints: CrashPoints;
  readonly settlementBlockTimeMs: number;
  readonly settlementPhaseMs: number;
  readonly timeline: readonly TimelineEvent[];
}

export interface SimulationDependencies {
  readonly links: Links;
  readonly chain: SettlementChain;
  readonly doubleSettlements: DoubleSettlementWatch;
  /** Of the runtime itself; each part draws from a fork of its own. */
  readonly random: Random;
  readonly transactions: TransactionSource;
  /** The messages the nodes share, if they do. */
  readonly messages: MessageCache | undefined;
  /** Makes the process of a node; it reports finality to `observer`. */
  readonly createProcess: (index: ValidatorIndex, observer: FinalityObserver) => NodeProcess;
  /** What dishonest behaviour is made of; unused while all nodes are honest. */
  readonly dishonesty: DishonestyOptions;
  /** Made here, because they look at the simulation they watch. */
  readonly createWatchers: (simulation: Simulation) => Watchers;
}

export class Simulation implements WatchedNetwork {
  readonly #dependencies: SimulationDependencies;
  readonly #queue: EventQueue;
  readonly #links: Links;
  readonly #memory: GossipMemory;
  readonly #nodes: readonly SimulatedNode[];
  readonly #settlement: SettlementSide;
  readonly #gossip: Gossip;
  readonly #requests: Requests;
  readonly #faults: Faults;
  /** Undefined where nothing keeps anybody away. */
  readonly #attendance: Attendance<SimulatedNode> | undefined;
  readonly #freezer = new Freezer();
  /** Decides after which output a dying process is gone. */
  readonly #crashRandom: Random;
  readonly #users: UserTraffic;
  readonly #timeline: Timeline;
  readonly #watchers: Watchers;
  readonly #observer: FinalityObserver;
  readonly #batchReached = (seq: number, state: BatchMilestone): void => {
    this.#watchers.judge.batchReached(seq, state, this.nowMs);
    this.#anchorReached({ batch: seq, state });
  };
  readonly #errors: string[] = [];
  readonly #chainWarnings: string[] = [];
  /** Agreement is broken: the nodes no longer share a history that anything could be judged by. */
  #hasForked = false;
  /** Height that some node finalised, and what stood there. */
  #finalizedHeight: Height = 0;
  #finalizedStateRoot: string | undefined;
  /** Height whose facts are in the trace. */
  #reportedHeight: Height = 0;

  constructor(options: SimulationOptions, dependencies: SimulationDependencies) {
    this.#dependencies = dependencies;
    this.#links = dependencies.links;
    this.#crashRandom = dependencies.random.fork('crash_points');
    this.#memory = new GossipMemory(options.validators.count);
    // Processes are up before the genesis instant, as the genesis block's own timestamp is.
    const startMs = -options.blockTimeMs;
    this.#queue = new EventQueue(startMs);
    const hasFaults = options.timeline.some(({ faults }) => faults.length > 0);
    this.#nodes = options.validators.validators.map(({ index, name, power }) => {
      const disk = hasFaults ? new SimulatedDisk(dependencies.random.fork(`disk/${name}`)) : new QuietDisk();
      return new SimulatedNode({ index, name, power, disk });
    });
    const surroundings = {
      queue: this.#queue,
      links: this.#links,
      nodes: this.#nodes,
      deliver: (node: SimulatedNode, input: Input) => this.#deliver(node, input),
    };
    this.#settlement = new SettlementSide(
      { blockTimeMs: options.settlementBlockTimeMs, phaseMs: options.settlementPhaseMs },
      {
        ...surroundings,
        chain: dependencies.chain,
        watch: hasFaults
          ? new SettlementWatch({ ...surroundings, watch: dependencies.doubleSettlements })
          : undefined,
        fail: (error) => this.#fail(error),
        refused: (code) => this.#submissionRefused(code),
        random: dependencies.random.fork('settlement_side'),
      },
    );
    this.#gossip = new Gossip({
      ...surroundings,
      memory: this.#memory,
      messages: dependencies.messages,
      voteSent: (vote) => this.#watchers.laws.voteSent(vote),
      proposalSent: (height) => this.#users.proposed(height),
    });
    this.#requests = new Requests(surroundings);
    this.#users = new UserTraffic({
      ...surroundings,
      transactions: dependencies.transactions,
      freezer: this.#freezer,
      nowMs: () => this.#queue.nowMs,
      scheduleAction: (timeMs, action) => this.#queue.scheduleAction(timeMs, action),
    });
    this.#observer = {
      finalized: (node, block, result, certificate) => this.#finalized(node, block, result, certificate),
    };
    this.#watchers = dependencies.createWatchers(this);
    this.#faults = new Faults({
      validators: options.validators,
      deltaMs: options.deltaMs,
      messageBytesMax: options.blockBytesMax,
      nodes: this.#nodes,
      settlement: this.#settlement,
      links: this.#links,
      laws: this.#watchers.laws,
      trace: this.#watchers.trace,
      dishonesty: new Dishonesty(dependencies.dishonesty, {
        queue: this.#queue,
        nodes: this.#nodes,
        gossip: this.#gossip,
        requests: this.#requests,
        settlement: this.#settlement,
        openTransactions: () => this.#users.open(),
      }),
      nowMs: () => this.#queue.nowMs,
      settlementReorganised: (height) => {
        this.#watchers.laws.settlementReorganised(height);
        this.#watchers.chronicle.settlementReorganised(height);
      },
      freezer: this.#freezer,
      crashPoints: options.crashPoints,
      scheduleAction: (timeMs, action) => this.#queue.scheduleAction(timeMs, action),
      handleHeld: (events) => {
        for (const event of events) this.#happen(event);
      },
      startNode: (node) => this.#start(node),
      clockShifted: (node) => this.#clockShifted(node),
    });
    this.#attendance = hasFaults
      ? new Attendance({ nodes: this.#nodes, absenceOf: (node) => this.#faults.absenceOf(node) })
      : undefined;
    for (const node of this.#nodes) this.#queue.scheduleAction(startMs, () => this.#start(node));
    this.#timeline = new Timeline(options.timeline, {
      scheduleAction: (timeMs, action) => this.#queue.scheduleAction(timeMs, action),
      nowMs: () => this.#queue.nowMs,
      submitTransactions: (event) => {
        const transactions = dependencies.transactions.forEvent(event, this.#finalizedHeight, this.nowMs);
        if (event.inputsTo === undefined) this.#users.submit(transactions);
        else this.#users.submitInputs(transactions, event.inputsTo);
      },
      makeDeposits: (event) => {
        for (const deposit of dependencies.transactions.depositsOf(event)) this.#settlement.deposit(deposit);
      },
      makePost: (post) => {
        const { bytes, inputs } = dependencies.transactions.postOf(post, this.#queue.nowMs);
        this.#settlement.post(bytes);
        if (post.isSent) this.#users.submit(inputs);
      },
      startFault: (fault) => this.#changeHealth(() => this.#faults.start(fault)),
      endFault: (fault) => this.#changeHealth(() => this.#faults.end(fault)),
    });
    for (const anchor of this.#watchers.judge.timeAnchors()) {
      if (!('timeMs' in anchor)) continue;
      this.#queue.scheduleAction(anchor.timeMs, () => this.#watchers.judge.anchorReached(anchor, this.nowMs));
    }
  }

  get nowMs(): TimeMs {
    return this.#queue.nowMs;
  }

  get eventCount(): number {
    return this.#queue.eventCount;
  }

  /** Events whose anchor never came. */
  get unfiredEvents(): readonly TimelineEvent[] {
    return this.#timeline.unfired;
  }

  get finalizedHeight(): Height {
    return this.#finalizedHeight;
  }

  get finalizedStateRoot(): string | undefined {
    return this.#finalizedStateRoot;
  }

  get settlementHeight(): number {
    return this.#settlement.height;
  }

  /** How present a node was in some settlement blocks. */
  presenceOf(node: ValidatorIndex, after: number, upTo: number): Absence {
    return this.#attendance?.between(node, after, upTo) ?? ALWAYS_PRESENT;
  }

  /** Whether a node was ever made to lie, or its disk forgot what it had promised to keep. */
  mayHaveEquivocated(index: ValidatorIndex): boolean {
    const node = this.#node(index);
    return node.hasLied || node.hasBrokenDisk;
  }

  /** What this node says is not vouched for any more. */
  hasLied(node: ValidatorIndex): boolean {
    return this.#node(node).hasLied;
  }

  get watchers(): Watchers {
    return this.#watchers;
  }

  /** The node runs and votes no more; undefined: some node. */
  isHalted(name: string | undefined): boolean {
    return this.#nodes.some((node) => (name === undefined || node.name === name) && node.isHalted);
  }

  /** What a user of the scenario should know although no rule was broken. */
  get warnings(): readonly string[] {
    return [...this.#faults.warnings, ...this.#chainWarnings];
  }

  /** What made the run itself wrong. */
  get errors(): readonly string[] {
    return this.#errors;
  }

  /** Height of the highest block that a running node saw notarised. */
  notarizedHeight(): Height {
    let height = this.#finalizedHeight;
    for (const { core } of this.#nodes) {
      if (core !== undefined) height = Math.max(height, core.status().height);
    }
    return height;
  }

  /** All running nodes agree and none is more than two blocks behind the first. Down or paused, a node does not run. */
  isConverged(): boolean {
    const { laws } = this.#watchers;
    const slowest = this.#nodes.reduce(
      (height, node) =>
        node.core === undefined || node.hasLied || this.#freezer.isFrozen(node)
          ? height
          : Math.min(height, node.finalizedHeight),
      this.#finalizedHeight,
    );
    return laws.isAgreed && slowest >= this.#finalizedHeight - 2;
  }

  /**
   * Lets a slice of what comes happen, up to an instant, that instant included.
   * @param sliceEvents - Events of the slice.
   * @returns False when nothing more comes.
   */
  advance(untilMs: TimeMs, sliceEvents: number): boolean {
    const end = this.#queue.eventCount + sliceEvents;
    while (this.#queue.eventCount < end) {
      if (this.#faults.isQuorumStale && this.#queue.isInstantOver) this.#faults.instantEnded();
      const event = this.#queue.next(untilMs);
      if (event === undefined) return false;
      this.#happen(event);
      if (this.#hasForked) return false;
    }
    return true;
  }

  // Events -----------------------------------------------------------------------------------------------

  #happen(event: SimulationEvent): void {
    if (this.#freezer.isActive && this.#freezer.holds(event)) return;
    switch (event.kind) {
      case 'gossip':
        this.#gossip.arrives(event);
        return;
      case 'timer':
        this.#timerFires(event);
        return;
      case 'settlement_tick':
        this.#settlementTick(event);
        return;
      case 'settlement_delivery':
        this.#settlement.arrives(event);
        return;
      case 'request':
        this.#requests.requestArrives(event);
        return;
      case 'response':
      case 'request_timeout':
        this.#requests.responseArrives(event);
        return;
      default:
        event.action?.();
    }
  }

  #timerFires({ node: index, number, timer }: SimulationEvent): void {
    if (timer === undefined || timer.generation !== number) return;
    timer.generation += 1;
    timer.dueMs = undefined;
    this.#deliver(this.#node(index), { type: 'timerFired', nowMs: this.#queue.nowMs, id: timer.id });
  }

  #settlementTick(event: SimulationEvent): void {
    const block = this.#settlement.tick(event);
    if (block === undefined) return;
    const { trace, laws, chronicle, judge } = this.#watchers;
    trace.reportSettlementBlock(this.nowMs, block);
    laws.settlementBlock(block);
    this.#attendance?.settlementBlock(block.height);
    chronicle.settlementBlock(block, this.#batchReached);
    this.#anchorReached({ settlementBlock: block.height });
    judge.changed(this.nowMs);
    if (this.#chainWarnings.length === 0 && this.#settlement.chain.traceRepeated) this.#warnOfRepeat(block);
  }

  #warnOfRepeat({ height }: SettlementBlock): void {
    const message = `the trace of base fees has ${height} rows and starts over at settlement block ${height}`;
    this.#chainWarnings.push(message);
    const { trace } = this.#watchers;
    trace.reportOther(this.nowMs, undefined, 'warning', { code: 'SETTLEMENT_TRACE_REPEATS', message });
  }

  #submissionRefused(code: string): void {
    if (code === 'NET_BATCH_ALREADY_SETTLED') return;
    this.#watchers.trace.reportOther(this.nowMs, undefined, 'warning', {
      code,
      message: 'the settlement chain refused a transaction',
    });
  }

  #deliver(node: SimulatedNode, input: Input): void {
    const { core, incarnation, dishonesty, clock } = node;
    if (core === undefined) return;
    if (dishonesty !== undefined && !dishonesty.receives(input)) return;
    const { isUnsafe } = this.#dependencies.dishonesty;
    const seen = clock.offsetMs === 0 ? input : { ...input, nowMs: clock.localMs(input.nowMs) };
    const outputs = isUnsafe ? this.#handleUnsafely(node, core, seen) : core.handle(seen);
    if (node.dying !== undefined && outputs.length > 1) {
      this.#carryOutLast(node, node.dying, outputs, input);
      return;
    }
    for (const output of outputs) {
      if (dishonesty !== undefined && !dishonesty.sends(output)) {
        if (output.type === 'submitSettlement' || output.type === 'askSettlement') {
          this.#settlement.calls.pretend(node, output);
        }
        continue;
      }
      this.#carryOut(node, output, input);
      if (node.incarnation !== incarnation) return;
    }
  }

  /** Where more is dishonest than the protocol stands, a core that finds its own rules broken stops, as a process would. */
  #handleUnsafely(node: SimulatedNode, core: NodeProcess, input: Input): readonly Output[] {
    try {
      return core.handle(input);
    } catch (error) {
      node.stop();
      const message = error instanceof Error ? error.message : String(error);
      if (!node.hasLied) {
        this.#watchers.laws.contradicted(node.index, message);
        this.#endForked();
      }
      return [];
    }
  }

  #endForked(): void {
    this.#hasForked = true;
    this.#fail(`agreement is broken: the run ends at ${this.nowMs} ms`);
  }

  /** A dying process carries out some first outputs, one at least and not all, and is gone. */
  #carryOutLast(node: SimulatedNode, fault: CrashFault, outputs: readonly Output[], input: Input): void {
    const { incarnation, dishonesty } = node;
    const count = this.#crashRandom.between(1, outputs.length - 1);
    for (const output of outputs.slice(0, count)) {
      if (dishonesty === undefined || dishonesty.sends(output)) this.#carryOut(node, output, input);
      if (node.incarnation !== incarnation) return;
    }
    this.#changeHealth(() => this.#faults.died(node, fault));
  }

  // Outputs ----------------------------------------------------------------------------------------------

  #carryOut(node: SimulatedNode, output: Output, input: Input): void {
    switch (output.type) {
      case 'persist':
        node.disk.apply(output.writes, output.sync);
        return;
      case 'publish':
        if (output.topic === 'settlements' && !node.hasLied) this.#checkCompletion(node, output.bytes);
        this.#gossip.publish(node, output.topic, output.bytes);
        return;
      case 'setTimer':
        this.#setTimer(node, output.id, output.at);
        return;
      case 'clearTimer': {
        const timer = node.timer(output.id);
        timer.generation += 1;
        timer.dueMs = undefined;
        return;
      }
      case 'emit':
        this.#report(node, output.event);
        return;
      case 'verdict':
        if (output.verdict === 'reject') this.#rejected(node, output.code, input);
        else if (output.verdict === 'accept' && input.type === 'message' && input.topic === 'settlements')
          this.#watchers.laws.completionAccepted(node.index, input.bytes);
        return;
      case 'submitSettlement':
        if (!node.hasLied) this.#checkOutbox(node, output);
        this.#settlement.calls.make(node, output);
        return;
      case 'askSettlement':
        this.#settlement.calls.make(node, output);
        return;
      case 'request':
        this.#requests.send(node, output);
        return;
      case 'respond':
        this.#requests.respond(output.requestId, output.bytes);
        return;
      case 'followSettlement':
        this.#settlement.follow(node, output.fromHeight);
        return;
    }
  }

  #setTimer(node: SimulatedNode, id: TimerId, localMs: TimeMs): void {
    const timer = node.timer(id);
    const at = node.clock.trueMs(localMs);
    timer.localDueMs = localMs;
    if (timer.dueMs === at) return;
    this.#arm(node, timer, at);
  }

  /** A clock that leaps forward makes what waits for it due sooner; one that leaps back does not hold it up. */
  #clockShifted(node: SimulatedNode): void {
    for (const timer of node.timers()) {
      const at = Math.max(this.#queue.nowMs, node.clock.trueMs(timer.localDueMs));
      if (timer.dueMs !== undefined && at < timer.dueMs) this.#arm(node, timer, at);
    }
  }

  #arm(node: SimulatedNode, timer: NodeTimer, at: TimeMs): void {
    timer.generation += 1;
    timer.dueMs = at;
    const event = this.#queue.schedule(at, 'timer');
    event.node = node.index;
    event.number = timer.generation;
    event.timer = timer;
  }

  #checkOutbox(node: SimulatedNode, sent: SentSettlement): void {
    const stored = node.disk.safeValue(outboxKeyOf(sent.batch, sent.attempt));
    this.#watchers.laws.settlementSent(node.index, sent, stored);
  }

  #checkCompletion(node: SimulatedNode, bytes: Uint8Array): void {
    if (!isAtomicCompletion(bytes)) return;
    const storedAt = (height: Height) => node.disk.safeValue(completionKey(height));
    this.#watchers.laws.atomicCompletionSent(node.index, bytes, storedAt);
  }

  /** Honest nodes never send what honest nodes must reject. */
  #rejected(node: SimulatedNode, code: string | undefined, input: Input): void {
    const sender = 'from' in input ? this.#node(input.from) : undefined;
    if (sender?.hasLied) return;
    const from = sender?.name ?? 'a user';
    const what = input.type === 'message' ? `a message on ${input.topic}` : `a ${input.type}`;
    this.#fail(`${node.name} rejected ${what} from ${from} at ${this.nowMs} ms: ${code ?? 'no code'}`);
  }

  // What nodes report ------------------------------------------------------------------------------------

  #report(node: SimulatedNode, event: NodeEvent): void {
    const { trace, chronicle, judge } = this.#watchers;
    const { nowMs } = this.#queue;
    trace.reportNode(nowMs, node.index, event);
    switch (event.type) {
      case 'block_proposed':
        this.#users.proposed(event.height);
        return;
      case 'block_finalized':
        node.finalizedHeight = event.height;
        if (event.height > this.#reportedHeight) {
          this.#reportedHeight = event.height;
          trace.reportFacts(nowMs, event);
          this.#anchorReached({ block: event.height });
        }
        judge.changed(nowMs);
        return;
      case 'batch_submitted':
        chronicle.submitted(event.seq, event.attempt, nowMs);
        return;
      case 'warning':
        if (event.code === 'SETTLEMENT_REORG_BELOW_ORIGIN') this.#halted(node);
        return;
      default:
        return;
    }
  }

  #halted(node: SimulatedNode): void {
    node.isHalted = true;
    this.#changeHealth(() => this.#faults.healthChanged());
  }

  /** The observer of every node: called while the node handles an input, before its outputs leave. */
  #finalized(
    index: ValidatorIndex,
    block: Block,
    result: ExecutionResult,
    certificate: Certificate | undefined,
  ): void {
    const { nowMs } = this.#queue;
    const { height } = block.header;
    const { laws, chronicle, verdicts } = this.#watchers;
    const node = this.#node(index);
    // What a node that lied holds for final binds nobody.
    if (node.hasLied) {
      this.#tookPart(node, block);
      return;
    }
    const isFirst = height > this.#finalizedHeight;
    if (isFirst) {
      if (height !== this.#finalizedHeight + 1)
        assert(false, `height ${height} final after ${this.#finalizedHeight}`);
      this.#finalizedHeight = height;
      this.#finalizedStateRoot = result.stateRoot;
    }
    if (isFirst) verdicts.begin(block);
    laws.finalized(index, block, result, isFirst, nowMs);
    if (isFirst) verdicts.finalized(block, result.facts, certificate, laws.runningDuty);
    this.#tookPart(node, block);
    if (!laws.isAgreed) {
      this.#endForked();
      return;
    }
    if (!isFirst) return;
    chronicle.finalized(block, result, nowMs, this.#batchReached);
    const missing = this.#users.finalized(block);
    // A dishonest leader may leave out what it likes.
    if (missing !== undefined && !this.#node(block.header.leader).hasLied)
      this.#fail(`${missing} transactions anchored to block ${height} missed it`);
  }

  /** A block is final for a node: after the loss of its disk that may end its silence. */
  #tookPart(node: SimulatedNode, { header }: Block): void {
    if (node.silentUntilView === 0 || header.view < node.silentUntilView) return;
    node.silentUntilView = 0;
    this.#faults.healthChanged();
  }

  #anchorReached(anchor: Anchor): void {
    const { judge } = this.#watchers;
    if (judge.hasAnchors) judge.anchorReached(anchor, this.nowMs);
    if (this.#timeline.isWaiting) this.#timeline.reached(anchor);
  }

  // Processes --------------------------------------------------------------------------------------------

  #changeHealth(change: () => void): void {
    change();
    this.#attendance?.changed();
    this.#watchers.judge.changed(this.nowMs);
  }

  #start(node: SimulatedNode): void {
    const { nowMs } = this.#queue;
    const peers: PeerId[] = [];
    for (const { index } of this.#nodes) if (index !== node.index) peers.push(index);
    // The first start is the only one of which nothing can have been forgotten.
    const mayHaveRun = node.incarnation > 0;
    node.incarnation += 1;
    node.core = this.#dependencies.createProcess(node.index, this.#observer);
    this.#memory.start(node.index, nowMs);
    try {
      this.#deliver(node, { type: 'started', nowMs, recovered: node.disk.read(), peers, mayHaveRun });
    } catch (cause) {
      if (!(cause instanceof CodedError) || cause.code !== 'STORE_CORRUPT') throw cause;
      this.#faults.storeRefused(node, cause);
      return;
    }
    this.#users.started(node);
  }

  #fail(error: string): void {
    if (this.#errors.length < ERRORS_MAX) this.#errors.push(error);
    else if (this.#errors.length === ERRORS_MAX) this.#errors.push('and more');
  }

  #node(index: number): SimulatedNode {
    const node = this.#nodes[index];
    if (node === undefined) assert(false, `no node ${index}`);
    return node;
  }
}
