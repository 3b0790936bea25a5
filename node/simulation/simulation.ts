/**
 * The virtual world: many nodes, one settlement chain, one network, one clock that jumps from event to event. It carries
 * out what nodes ask for, in order, and injects the scenario's faults around the honest cores. Equal scenarios and seeds
 * give equal runs: every order is that of insertion, every draw comes from the seed.
 */
import type { Block } from '../../consensus/block.ts';
import { assert, type Verdict } from '../../consensus/primitives/codedError.ts';
import type { Height, TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import type { Vote } from '../../consensus/vote.ts';
import type { ExecutionResult } from '../../settlement/execution/result.ts';
import type { NodeEvent } from '../core/events.ts';
import { decodeProposal, decodeVotes, type ProposalMessage, type VotesMessage } from '../core/messages.ts';
import type { FinalityObserver, MessageCache } from '../core/ports.ts';
import type { Input, Output, PeerId, Topic } from '../core/types.ts';
import type { Anchor, Fault, TimelineEvent } from '../scenario/types.ts';
import type { Chronicle } from './chronicle.ts';
import { SimulatedDisk } from './disk.ts';
import { EventQueue, type SimulationEvent } from './eventQueue.ts';
import type { Trace } from './events.ts';
import type { ExpectationJudge } from './expectations.ts';
import type { Laws } from './laws/laws.ts';
import { LOST, type SimulatedNetwork } from './network.ts';
import { RequestTable } from './requestTable.ts';
import { type SettlementChain, SettlementSide } from './settlementSide.ts';
import { type NodeProcess, SimulatedNode } from './simulatedNode.ts';
import { Timeline } from './timeline.ts';
import { type BlockTransactions, TransactionDelivery } from './transactionDelivery.ts';

/** A request without an answer fails after this long, in ms. */
const REQUEST_TIMEOUT_MS = 5000;
/** Errors kept word for word. */
const ERRORS_MAX = 20;
/** Events between two reports of progress. */
const EVENTS_PER_PROGRESS = 65_536;

/** Where transactions come from: those of a block, and those of a timeline event anchored elsewhere. */
export interface TransactionSource extends BlockTransactions {
  forEvent(event: TimelineEvent): readonly Uint8Array[];
}

export interface SimulationOptions {
  readonly validators: ValidatorSet;
  readonly blockTimeMs: number;
  readonly settlementBlockTimeMs: number;
  readonly settlementPhaseMs: number;
  readonly timeline: readonly TimelineEvent[];
}

/** What watches the run and never touches it. */
export interface Watchers {
  readonly trace: Trace;
  readonly chronicle: Chronicle;
  readonly laws: Laws;
  readonly judge: ExpectationJudge;
}

export interface SimulationDependencies {
  readonly network: SimulatedNetwork;
  readonly chain: SettlementChain;
  readonly transactions: TransactionSource;
  /** The messages the nodes share, if they do. */
  readonly messages: MessageCache | undefined;
  /** Makes the process of a node; it reports finality to `observer`. */
  readonly createProcess: (index: ValidatorIndex, observer: FinalityObserver) => NodeProcess;
  /** Made here, because they look at the simulation they watch. */
  readonly createWatchers: (simulation: Simulation) => Watchers;
}

export class Simulation {
  readonly #options: SimulationOptions;
  readonly #dependencies: SimulationDependencies;
  readonly #queue: EventQueue;
  readonly #network: SimulatedNetwork;
  readonly #nodes: readonly SimulatedNode[];
  readonly #settlement: SettlementSide;
  readonly #requests = new RequestTable();
  readonly #delivery: TransactionDelivery;
  readonly #timeline: Timeline;
  readonly #watchers: Watchers;
  readonly #observer: FinalityObserver;
  readonly #errors: string[] = [];
  #proposedHeight: Height = 0;
  /** Height that some node finalised, and what stood there. */
  #finalizedHeight: Height = 0;
  #finalizedStateRoot: string | undefined;
  /** Height whose facts are in the trace. */
  #reportedHeight: Height = 0;

  constructor(options: SimulationOptions, dependencies: SimulationDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
    this.#network = dependencies.network;
    // Processes are up before the genesis instant, as the genesis block's own timestamp is.
    const startMs = -options.blockTimeMs;
    this.#queue = new EventQueue(startMs);
    this.#nodes = options.validators.validators.map(
      ({ index, name, power }) => new SimulatedNode({ index, name, power, disk: new SimulatedDisk() }),
    );
    this.#settlement = new SettlementSide(
      { blockTimeMs: options.settlementBlockTimeMs, phaseMs: options.settlementPhaseMs },
      { chain: dependencies.chain, queue: this.#queue, network: this.#network, nodes: this.#nodes },
    );
    this.#delivery = new TransactionDelivery(dependencies.transactions);
    this.#observer = { finalized: (node, block, result) => this.#finalized(node, block, result) };
    this.#watchers = dependencies.createWatchers(this);
    this.#delivery.proposed(0);
    for (const node of this.#nodes) this.#queue.scheduleAction(startMs, () => this.#start(node));
    this.#timeline = new Timeline(options.timeline, {
      scheduleAction: (timeMs, action) => this.#queue.scheduleAction(timeMs, action),
      nowMs: () => this.#queue.nowMs,
      submitTransactions: (event) => this.#handToAll(dependencies.transactions.forEvent(event)),
      startFault: (fault) => this.#startFault(fault),
      endFault: (fault) => this.#endFault(fault),
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

  get finalizedHeight(): Height {
    return this.#finalizedHeight;
  }

  get finalizedStateRoot(): string | undefined {
    return this.#finalizedStateRoot;
  }

  get settlementHeight(): number {
    return this.#settlement.height;
  }

  get watchers(): Watchers {
    return this.#watchers;
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

  /** All running nodes agree and none is more than two blocks behind the first. */
  isConverged(): boolean {
    const { laws } = this.#watchers;
    const slowest = this.#nodes.reduce(
      (height, node) => (node.core === undefined ? height : Math.min(height, node.finalizedHeight)),
      this.#finalizedHeight,
    );
    return laws.isAgreed && slowest >= this.#finalizedHeight - 2;
  }

  /**
   * Lets everything happen up to an instant, that instant included.
   * @param onProgress - Called every now and then with the virtual time reached.
   */
  run(untilMs: TimeMs, onProgress?: (nowMs: TimeMs) => void): void {
    let next = this.#queue.eventCount + EVENTS_PER_PROGRESS;
    for (;;) {
      const event = this.#queue.next(untilMs);
      if (event === undefined) return;
      this.#happen(event);
      if (onProgress !== undefined && this.#queue.eventCount >= next) {
        next += EVENTS_PER_PROGRESS;
        onProgress(this.#queue.nowMs);
      }
    }
  }

  // Events -----------------------------------------------------------------------------------------------

  #happen(event: SimulationEvent): void {
    switch (event.kind) {
      case 'gossip':
        this.#gossipArrives(event);
        return;
      case 'timer':
        this.#timerFires(event);
        return;
      case 'settlement_tick':
        this.#settlementTick(event);
        return;
      case 'settlement_delivery':
        this.#settlementArrives(event);
        return;
      case 'submission':
        if (event.bytes !== undefined) this.#submissionArrives(event.bytes);
        return;
      case 'request':
        this.#requestArrives(event);
        return;
      case 'response':
        this.#responseArrives(event.number, event.bytes);
        return;
      case 'request_timeout':
        this.#responseArrives(event.number, undefined);
        return;
      default:
        event.action?.();
    }
  }

  #gossipArrives({ node: index, incarnation, peer, message }: SimulationEvent): void {
    const node = this.#node(index);
    const { nowMs } = this.#queue;
    if (node.incarnation !== incarnation || message === undefined) return;
    if (!this.#network.receive(index, message, nowMs)) return;
    this.#deliver(node, { type: 'message', nowMs, topic: message.topic, from: peer, bytes: message.bytes });
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
    chronicle.settlementBlock(block, (seq, state) => this.#batchReached(seq, state));
    this.#anchorReached({ settlementBlock: block.height });
    judge.changed(this.nowMs);
  }

  #settlementArrives({ node: index, incarnation, number }: SimulationEvent): void {
    const node = this.#node(index);
    if (node.incarnation !== incarnation) return;
    for (;;) {
      const height = node.nextSettlementHeight;
      if (height === undefined || height > number) return;
      const block = this.#settlement.blockAt(height);
      if (block === undefined) {
        this.#fail(`settlement block ${height}, which ${node.name} needs, is no longer kept`);
        return;
      }
      node.nextSettlementHeight = height + 1;
      this.#deliver(node, { type: 'settlementBlock', nowMs: this.#queue.nowMs, block });
    }
  }

  #submissionArrives(bytes: Uint8Array): void {
    const code = this.#settlement.arrive(bytes);
    if (code !== undefined && code !== 'NET_BATCH_ALREADY_SETTLED') {
      this.#watchers.trace.reportOther(this.nowMs, undefined, 'warning', {
        code,
        message: 'the settlement chain refused a transaction',
      });
    }
  }

  #requestArrives({ node: index, incarnation, number, bytes }: SimulationEvent): void {
    const node = this.#node(index);
    const request = this.#requests.get(number);
    if (request === undefined || bytes === undefined) return;
    if (node.incarnation !== incarnation) {
      this.#sendResponse(number, undefined);
      return;
    }
    const { nowMs } = this.#queue;
    const from = request.requester;
    this.#deliver(node, { type: 'request', nowMs, requestId: number, from, protocol: 'sync', bytes });
  }

  #responseArrives(number: number, bytes: Uint8Array | undefined): void {
    const request = this.#requests.take(number);
    if (request === undefined) return;
    const { requestId, responder: from } = request;
    const node = this.#node(request.requester);
    if (node.incarnation !== request.incarnation) return;
    this.#deliver(node, { type: 'response', nowMs: this.#queue.nowMs, requestId, from, bytes });
  }

  #deliver(node: SimulatedNode, input: Input): void {
    const { core, incarnation } = node;
    if (core === undefined) return;
    for (const output of core.handle(input)) {
      this.#carryOut(node, output, input);
      if (node.incarnation !== incarnation) return;
    }
  }

  // Outputs ----------------------------------------------------------------------------------------------

  #carryOut(node: SimulatedNode, output: Output, input: Input): void {
    switch (output.type) {
      case 'persist':
        node.disk.apply(output.writes, output.sync);
        return;
      case 'publish':
        this.#publish(node, output.topic, output.bytes);
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
        return;
      case 'submitSettlement':
        if (node.withholdCount === 0) this.#settlement.submit(output.bytes);
        return;
      case 'request':
        this.#sendRequest(node, output);
        return;
      case 'respond':
        this.#sendResponse(output.requestId, output.bytes);
        return;
      case 'followSettlement':
        this.#settlement.follow(node, output.fromHeight);
        return;
    }
  }

  #publish(node: SimulatedNode, topic: Topic, bytes: Uint8Array): void {
    const { nowMs } = this.#queue;
    const message = this.#network.publish(node.index, topic, bytes, nowMs);
    if (message === undefined) return;
    if (topic === 'votes' || topic === 'blocks') this.#watchVotes(node, topic, bytes);
    for (const peer of this.#nodes) {
      if (peer === node || peer.core === undefined) continue;
      const delayMs = this.#network.drawDelayMs();
      if (delayMs === LOST) continue;
      const event = this.#queue.schedule(nowMs + delayMs, 'gossip');
      event.node = peer.index;
      event.incarnation = peer.incarnation;
      event.peer = node.index;
      event.message = message;
    }
  }

  #watchVotes(node: SimulatedNode, topic: 'votes' | 'blocks', bytes: Uint8Array): void {
    for (const vote of this.#votesIn(topic, bytes)) {
      if (vote.voter === node.index) this.#watchers.laws.voteSent(vote);
    }
  }

  /** What the sender put into the shared messages is what its bytes decode to. */
  #votesIn(topic: 'votes' | 'blocks', bytes: Uint8Array): readonly Vote[] {
    const shared = this.#dependencies.messages?.get(bytes);
    if (topic === 'votes') {
      const verdict = (shared as Verdict<VotesMessage> | undefined) ?? decodeVotes(bytes);
      return verdict.ok ? verdict.value.votes : [];
    }
    const verdict = (shared as Verdict<ProposalMessage> | undefined) ?? decodeProposal(bytes);
    return verdict.ok ? [verdict.value.vote] : [];
  }

  #setTimer(node: SimulatedNode, id: Parameters<SimulatedNode['timer']>[0], at: TimeMs): void {
    const timer = node.timer(id);
    if (timer.dueMs === at) return;
    timer.generation += 1;
    timer.dueMs = at;
    const event = this.#queue.schedule(at, 'timer');
    event.node = node.index;
    event.number = timer.generation;
    event.timer = timer;
  }

  #sendRequest(node: SimulatedNode, output: Extract<Output, { type: 'request' }>): void {
    const { nowMs } = this.#queue;
    const { requestId, peer, bytes } = output;
    const responder = this.#node(peer);
    const { incarnation } = node;
    const number = this.#requests.add({ requester: node.index, incarnation, requestId, responder: peer });
    this.#queue.schedule(nowMs + REQUEST_TIMEOUT_MS, 'request_timeout').number = number;
    const delayMs = this.#network.drawDelayMs();
    if (delayMs === LOST) return;
    const event = this.#queue.schedule(nowMs + delayMs, 'request');
    event.node = peer;
    // A node that is down refuses the connection; -1 is no process of it.
    event.incarnation = responder.core === undefined ? -1 : responder.incarnation;
    event.number = number;
    event.bytes = bytes;
  }

  #sendResponse(number: number, bytes: Uint8Array | undefined): void {
    const delayMs = this.#network.drawDelayMs();
    if (delayMs === LOST) return;
    const event = this.#queue.schedule(this.#queue.nowMs + delayMs, 'response');
    event.number = number;
    event.bytes = bytes;
  }

  /** Honest nodes never send what honest nodes must reject. */
  #rejected(node: SimulatedNode, code: string | undefined, input: Input): void {
    const from = 'from' in input ? this.#node(input.from).name : 'a user';
    const what = input.type === 'message' ? `a message on ${input.topic}` : `a ${input.type}`;
    this.#fail(`${node.name} rejected ${what} from ${from} at ${this.nowMs} ms: ${code ?? 'no code'}`);
  }

  // What nodes report ------------------------------------------------------------------------------------

  #report(node: SimulatedNode, event: NodeEvent): void {
    const { trace, chronicle, judge } = this.#watchers;
    const { nowMs } = this.#queue;
    // The honest core believes it sent what the fault held back.
    if (event.type === 'batch_submitted' && node.withholdCount > 0) return;
    trace.reportNode(nowMs, node.index, event);
    switch (event.type) {
      case 'block_proposed':
        if (event.height > this.#proposedHeight) this.#proposed(event.height);
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
      default:
        return;
    }
  }

  #proposed(height: Height): void {
    this.#proposedHeight = height;
    const due = this.#delivery.proposed(height);
    if (due !== undefined) this.#queue.scheduleAction(this.nowMs, () => this.#handToAll(due));
  }

  #handToAll(transactions: Iterable<Uint8Array>): void {
    for (const bytes of transactions) for (const node of this.#nodes) this.#hand(node, bytes);
  }

  #hand(node: SimulatedNode, bytes: Uint8Array): void {
    this.#deliver(node, { type: 'transactionSubmitted', nowMs: this.#queue.nowMs, bytes, gossip: false });
  }

  /** The observer of every node: called while the node handles an input, before its outputs leave. */
  #finalized(index: ValidatorIndex, block: Block, result: ExecutionResult): void {
    const { nowMs } = this.#queue;
    const { height, view } = block.header;
    const { laws, chronicle } = this.#watchers;
    const node = this.#node(index);
    const isFirst = height > this.#finalizedHeight;
    if (isFirst) {
      assert(height === this.#finalizedHeight + 1, `height ${height} final after ${this.#finalizedHeight}`);
      this.#finalizedHeight = height;
      this.#finalizedStateRoot = result.stateRoot;
    }
    laws.finalized(index, block, result, isFirst, nowMs);
    if (node.silentUntilView > 0 && view >= node.silentUntilView) {
      node.silentUntilView = 0;
      this.#healthChanged();
    }
    if (!isFirst) return;
    chronicle.finalized(block, result, nowMs, (seq, state) => this.#batchReached(seq, state));
    const missing = this.#delivery.finalized(block);
    if (missing !== undefined) this.#fail(`${missing} transactions anchored to block ${height} missed it`);
  }

  #batchReached(seq: number, state: 'sealed' | 'included' | 'confirmed' | 'missed'): void {
    this.#watchers.judge.batchReached(seq, state, this.nowMs);
    this.#anchorReached({ batch: seq, state });
  }

  #anchorReached(anchor: Anchor): void {
    const { judge } = this.#watchers;
    if (judge.hasAnchors) judge.anchorReached(anchor, this.nowMs);
    if (this.#timeline.isWaiting) this.#timeline.reached(anchor);
  }

  // Faults -----------------------------------------------------------------------------------------------

  #startFault(fault: Fault): void {
    this.#reportFault('fault_started', fault);
    switch (fault.type) {
      case 'crash':
        this.#crash(this.#nodeNamed(fault.node), fault.lose);
        break;
      case 'restart': {
        const node = this.#nodeNamed(fault.node);
        node.downCount = 0;
        if (node.core === undefined) this.#restart(node);
        break;
      }
      case 'withhold_settlement':
        this.#nodeNamed(fault.node).withholdCount += 1;
        break;
      case 'settlement_chain':
        if ('stall' in fault) this.#settlement.stall(true);
        else this.#settlement.fill(true);
        break;
    }
    this.#healthChanged();
  }

  #endFault(fault: Fault): void {
    this.#reportFault('fault_ended', fault);
    switch (fault.type) {
      case 'crash': {
        const node = this.#nodeNamed(fault.node);
        // An explicit restart has ended all crashes of the node already.
        if (node.downCount === 0) break;
        node.downCount -= 1;
        if (node.downCount === 0) this.#restart(node);
        break;
      }
      case 'restart':
        break;
      case 'withhold_settlement':
        this.#nodeNamed(fault.node).withholdCount -= 1;
        break;
      case 'settlement_chain':
        if ('stall' in fault) this.#settlement.stall(false);
        else this.#settlement.fill(false);
        break;
    }
    this.#healthChanged();
  }

  #crash(node: SimulatedNode, lose: 'none' | 'unsynced' | 'all'): void {
    node.downCount += 1;
    if (node.core === undefined) return;
    node.stop();
    node.disk.crash(lose);
    if (lose === 'all') {
      node.finalizedHeight = 0;
      node.silentUntilView = Number.POSITIVE_INFINITY;
    }
    this.#watchers.trace.reportOther(this.nowMs, node.index, 'node_crashed', { lose });
  }

  #restart(node: SimulatedNode): void {
    this.#watchers.trace.reportOther(this.nowMs, node.index, 'node_restarted', {});
    if (node.silentUntilView > 0) {
      const views = this.#nodes.map(({ core }) => core?.status().view ?? 0);
      node.silentUntilView = Math.max(...views) + 2;
    }
    const heightBefore = node.finalizedHeight;
    this.#start(node);
    const heightNow = node.core?.status().finalizedHeight ?? 0;
    this.#watchers.laws.recovered(node.index, heightBefore, heightNow);
    this.#watchers.judge.changed(this.nowMs);
  }

  #start(node: SimulatedNode): void {
    const { nowMs } = this.#queue;
    const peers: PeerId[] = [];
    for (const { index } of this.#nodes) if (index !== node.index) peers.push(index);
    node.incarnation += 1;
    node.core = this.#dependencies.createProcess(node.index, this.#observer);
    this.#network.start(node.index, nowMs);
    this.#deliver(node, { type: 'started', nowMs, recovered: node.disk.rows(), peers });
    for (const bytes of this.#delivery.open()) this.#hand(node, bytes);
  }

  #healthChanged(): void {
    let power = 0;
    let withheld = false;
    for (const node of this.#nodes) {
      if (node.core !== undefined && node.silentUntilView === 0) power += node.power;
      if (node.withholdCount > 0) withheld = true;
    }
    const hasQuorum = this.#options.validators.isQuorum(power);
    this.#watchers.laws.healthChanged(
      { hasQuorum, canSettle: this.#settlement.isOpen && !withheld },
      this.nowMs,
    );
    this.#watchers.judge.changed(this.nowMs);
  }

  #reportFault(type: 'fault_started' | 'fault_ended', fault: Fault): void {
    const { type: name, ...fields } = fault;
    const node = 'node' in fault ? this.#nodeNamed(fault.node).index : undefined;
    const { node: _name, ...others } = { node: undefined, ...fields };
    this.#watchers.trace.reportOther(this.nowMs, node, type, { fault: name, ...others });
  }

  #fail(error: string): void {
    if (this.#errors.length < ERRORS_MAX) this.#errors.push(error);
    else if (this.#errors.length === ERRORS_MAX) this.#errors.push('and more');
  }

  #node(index: number): SimulatedNode {
    const node = this.#nodes[index];
    assert(node !== undefined, `no node ${index}`);
    return node;
  }

  #nodeNamed(name: string): SimulatedNode {
    const node = this.#nodes.find((one) => one.name === name);
    assert(node !== undefined, `no node is called ${name}`);
    return node;
  }
}
