/**
 * Breaks and heals things around the honest cores, as the timeline says: hands each fault to the handler of its family,
 * reports it, and tells the laws how whole the network is.
 */
import { assert, type CodedError } from '../../../consensus/primitives/codedError.ts';
import type { SettlementHeight, TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { CrashPoints } from '../../config/types.ts';
import type { Laws } from '../../laws/laws.ts';
import { Quorum, type QuorumOptions } from '../../laws/quorum.ts';
import type { Trace } from '../../report/events.ts';
import { faultFields } from '../../report/faultFields.ts';
import { QuorumWatch } from '../../report/quorumWatch.ts';
import type { Fault } from '../../scenario/types.ts';
import type { Dishonesty } from '../byzantine/dishonesty.ts';
import type { SimulationEvent } from '../eventQueue.ts';
import type { Freezer } from '../machine/freezer.ts';
import type { CrashFault, SimulatedNode } from '../machine/simulatedNode.ts';
import type { Links } from '../network/links.ts';
import type { SettlementSide } from '../settlement/settlementSide.ts';
import { ByzantineFaults } from './byzantineFaults.ts';
import { ChainFaults } from './chainFaults.ts';
import type { FaultHandler } from './faultHandler.ts';
import { LinkFaults } from './linkFaults.ts';
import { MachineFaults } from './machineFaults.ts';

export interface FaultsDependencies extends QuorumOptions {
  readonly nodes: readonly SimulatedNode[];
  readonly settlement: SettlementSide;
  readonly links: Links;
  readonly laws: Laws;
  readonly trace: Trace;
  readonly freezer: Freezer;
  readonly crashPoints: CrashPoints;
  readonly dishonesty: Dishonesty;
  readonly nowMs: () => TimeMs;
  /** The settlement chain took back its blocks above a height. */
  readonly settlementReorganised: (height: SettlementHeight) => void;
  readonly scheduleAction: (timeMs: TimeMs, action: () => void) => void;
  /** Lets a process handle what waited for it. */
  readonly handleHeld: (events: readonly SimulationEvent[]) => void;
  /** Starts the process of a node on what its disk holds. */
  readonly startNode: (node: SimulatedNode) => void;
  /** The clock of a node was set: its timers may be due. */
  readonly clockShifted: (node: SimulatedNode) => void;
}

export class Faults {
  readonly #dependencies: FaultsDependencies;
  readonly #machines: MachineFaults;
  readonly #links: LinkFaults;
  readonly #chain: ChainFaults;
  readonly #byzantine: ByzantineFaults;
  readonly #families: readonly FaultHandler<never>[];
  readonly #quorum: Quorum<SimulatedNode>;
  readonly #watch: QuorumWatch;
  #isQuorumStale = false;

  constructor(dependencies: FaultsDependencies) {
    this.#dependencies = dependencies;
    const nodeNamed = (name: string): SimulatedNode => this.#nodeNamed(name);
    this.#machines = new MachineFaults({
      ...dependencies,
      nodeNamed,
      healthChanged: () => this.healthChanged(),
    });
    this.#links = new LinkFaults({ ...dependencies, nodeNamed });
    this.#chain = new ChainFaults({ ...dependencies, nodeNamed });
    this.#byzantine = new ByzantineFaults({ ...dependencies, nodeNamed });
    this.#families = [this.#machines, this.#links, this.#chain, this.#byzantine];
    this.#quorum = new Quorum(dependencies, {
      ...dependencies,
      obstacleOf: (node) => this.#obstacleOf(node),
    });
    const describeLoss = (): string | undefined => this.#quorum.describeLoss();
    this.#watch = new QuorumWatch({ ...dependencies, describeLoss });
  }

  start(fault: Fault): void {
    this.#report('fault_started', fault);
    this.#carryOut(fault, 'start');
    this.healthChanged();
  }

  end(fault: Fault): void {
    this.#report('fault_ended', fault);
    this.#carryOut(fault, 'end');
    this.healthChanged();
  }

  /** The process of a node that was dying has carried out its last output. */
  died(node: SimulatedNode, fault: CrashFault): void {
    this.#machines.die(node, fault);
    this.healthChanged();
  }

  /** A process did not start on what its disk holds. */
  storeRefused(node: SimulatedNode, reason: CodedError): void {
    this.#machines.storeRefused(node, reason);
  }

  /** Why a node could not settle right now, whatever it wants; undefined: it could. */
  absenceOf(node: SimulatedNode): string | undefined {
    const obstacle = this.#obstacleOf(node) ?? this.#chain.obstacleToSettle(node);
    return obstacle ?? this.#quorum.obstacleOnTheWay(node);
  }

  /** Gains and losses of the quorum, in words. */
  get warnings(): readonly string[] {
    return this.#watch.warnings;
  }

  /** Tells the laws how whole the network is, at once; who watches the run is told at the end of the instant. */
  healthChanged(): void {
    const { laws, nowMs } = this.#dependencies;
    const timely = this.#quorum.timely();
    let hasQuorum = this.#quorum.isQuorum(timely);
    let canSettle = this.#quorum.reachesChain(timely);
    for (const family of this.#families) {
      const health = family.health();
      hasQuorum &&= health.hasQuorum;
      canSettle &&= health.canSettle;
    }
    const slowestClockMs = timely.reduce((ms, { clock }) => Math.min(ms, clock.offsetMs), 0);
    laws.healthChanged({ hasQuorum, canSettle, slowestClockMs }, nowMs());
    this.#isQuorumStale = true;
  }

  /** True when something changed in this instant that may be told when it is over. */
  get isQuorumStale(): boolean {
    return this.#isQuorumStale;
  }

  /** All changes of an instant are made: what breaks and heals within one is no loss of the quorum. */
  instantEnded(): void {
    this.#isQuorumStale = false;
    this.#watch.look();
  }

  #carryOut(fault: Fault, change: 'start' | 'end'): void {
    switch (fault.type) {
      case 'crash':
      case 'restart':
      case 'pause':
      case 'clock_skew':
      case 'clock_step':
      case 'disk':
        this.#machines[change](fault);
        return;
      case 'partition':
      case 'one_way':
      case 'isolate':
      case 'latency':
      case 'loss':
      case 'duplicate':
      case 'reorder':
      case 'bandwidth':
        this.#links[change](fault);
        return;
      case 'settlement_chain':
        this.#chain[change](fault);
        return;
      default:
        this.#byzantine[change](fault);
    }
  }

  #report(type: 'fault_started' | 'fault_ended', fault: Fault): void {
    const { trace, nowMs } = this.#dependencies;
    const node = 'node' in fault ? this.#nodeNamed(fault.node).index : undefined;
    trace.reportOther(nowMs(), node, type, faultFields(fault));
  }

  #obstacleOf(node: SimulatedNode): string | undefined {
    for (const family of this.#families) {
      const obstacle = family.obstacleOf?.(node);
      if (obstacle !== undefined) return obstacle;
    }
    return undefined;
  }

  #nodeNamed(name: string): SimulatedNode {
    const node = this.#dependencies.nodes.find((one) => one.name === name);
    assert(node !== undefined, `no node is called ${name}`);
    return node;
  }
}
