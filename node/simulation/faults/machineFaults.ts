/** Machines: processes that crash, come back on what their disks hold, or stand still; clocks that are off. */
import type { CodedError } from '../../../consensus/primitives/codedError.ts';
import type { TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { CrashPoints } from '../../config/types.ts';
import type { Laws } from '../../laws/laws.ts';
import type { Health } from '../../laws/progress.ts';
import type { Trace } from '../../report/events.ts';
import type { NodeFault } from '../../scenario/types.ts';
import type { SimulationEvent } from '../eventQueue.ts';
import type { Freezer } from '../machine/freezer.ts';
import type { CrashFault, SimulatedNode } from '../machine/simulatedNode.ts';
import type { FaultHandler } from './faultHandler.ts';

/** Views above all views seen at its start until which a node without its vote log is silent (docs/protocol.md). */
const SILENT_VIEWS = 2;

/** How long it takes an operator to come and wipe the disk of a node that stopped with a corrupt store, in ms. */
const OPERATOR_MS = 20_000;

export interface MachineFaultsDependencies {
  readonly nodes: readonly SimulatedNode[];
  readonly laws: Laws;
  readonly trace: Trace;
  readonly freezer: Freezer;
  readonly crashPoints: CrashPoints;
  readonly nowMs: () => TimeMs;
  readonly scheduleAction: (timeMs: TimeMs, action: () => void) => void;
  /** Called when the health changes at another time than a fault's start and end. */
  readonly healthChanged: () => void;
  /** Lets a process handle what waited for it. */
  readonly handleHeld: (events: readonly SimulationEvent[]) => void;
  /** Starts the process of a node on what its disk holds. */
  readonly startNode: (node: SimulatedNode) => void;
  /** The clock of a node was set: its timers may be due. */
  readonly clockShifted: (node: SimulatedNode) => void;
  readonly nodeNamed: (name: string) => SimulatedNode;
}

export class MachineFaults implements FaultHandler<NodeFault> {
  readonly #dependencies: MachineFaultsDependencies;

  constructor(dependencies: MachineFaultsDependencies) {
    this.#dependencies = dependencies;
  }

  start(fault: NodeFault): void {
    const node = this.#dependencies.nodeNamed(fault.node);
    switch (fault.type) {
      case 'crash':
        this.#crash(node, fault);
        return;
      case 'restart':
        this.#endCrashes(node);
        return;
      case 'pause':
        if (node.core !== undefined) this.#dependencies.freezer.pause(node, fault);
        return;
      case 'clock_skew':
      case 'clock_step':
        this.#shift(node, fault.ms);
        return;
      case 'disk':
        node.disk.begin(fault);
    }
  }

  end(fault: NodeFault): void {
    const node = this.#dependencies.nodeNamed(fault.node);
    if (fault.type === 'crash') this.#endCrash(node, fault);
    else if (fault.type === 'pause') this.#resume(node, fault);
    else if (fault.type === 'clock_skew') this.#shift(node, -fault.ms);
    else if (fault.type === 'disk') node.disk.end(fault);
  }

  /**
   * A process found its store corrupt and stopped. After a while, or at an explicit restart, an operator wipes the disk,
   * and the node begins anew as one that lost it.
   */
  storeRefused(node: SimulatedNode, { code, message }: CodedError): void {
    const { trace, nowMs, scheduleAction, healthChanged } = this.#dependencies;
    node.stop();
    const refusal = {};
    node.refusal = refusal;
    trace.reportOther(nowMs(), node.index, 'warning', { code, message });
    scheduleAction(nowMs() + OPERATOR_MS, () => {
      if (node.refusal !== refusal) return;
      this.#wipe(node);
      if (node.crashes.size === 0) this.#restart(node);
      healthChanged();
    });
  }

  /** Why a node takes no part in agreement; undefined: it does. */
  obstacleOf(node: SimulatedNode): string | undefined {
    if (node.refusal !== undefined) return 'is down with a corrupt store';
    if (node.core === undefined) return 'is down';
    if (node.silentUntilView > 0) return 'is silent since it lost its disk';
    if (node.isHalted) return 'has halted';
    return this.#dependencies.freezer.isFrozen(node) ? 'is paused' : undefined;
  }

  health(): Health {
    return { hasQuorum: true, canSettle: true };
  }

  #shift(node: SimulatedNode, ms: number): void {
    node.clock.shift(ms);
    this.#dependencies.clockShifted(node);
  }

  #crash(node: SimulatedNode, fault: CrashFault): void {
    node.crashes.add(fault);
    if (node.core === undefined) return;
    const { crashPoints, freezer } = this.#dependencies;
    if (crashPoints === 'within_outputs' && !freezer.isFrozen(node)) node.dying ??= fault;
    else this.die(node, fault);
  }

  /** Kills the process, here and now. */
  die(node: SimulatedNode, fault: CrashFault): void {
    const { trace, nowMs, freezer, laws } = this.#dependencies;
    freezer.drop(node);
    node.stop();
    if (fault.lose === 'all') this.#wipe(node);
    else if (node.disk.crash(fault.lose)) {
      // No less than a lost disk, but the node cannot know it.
      node.finalizedHeight = 0;
      if (node.disk.rows().length === 0) node.silentUntilView = Number.POSITIVE_INFINITY;
      node.hasBrokenDisk = true;
      laws.diskBroke(node.index);
    }
    trace.reportOther(nowMs(), node.index, 'node_crashed', { lose: fault.lose });
  }

  #wipe(node: SimulatedNode): void {
    node.disk.crash('all');
    this.#dependencies.laws.diskWiped(node.index);
    node.refusal = undefined;
    node.finalizedHeight = 0;
    node.silentUntilView = Number.POSITIVE_INFINITY;
  }

  #endCrash(node: SimulatedNode, fault: CrashFault): void {
    if (node.dying === fault) this.die(node, fault);
    // An explicit restart has ended every crash before it.
    if (!node.crashes.delete(fault) || node.crashes.size > 0 || node.refusal !== undefined) return;
    this.#restart(node);
  }

  #endCrashes(node: SimulatedNode): void {
    if (node.dying !== undefined) this.die(node, node.dying);
    node.crashes.clear();
    if (node.refusal !== undefined) this.#wipe(node);
    if (node.core === undefined) this.#restart(node);
  }

  #resume(node: SimulatedNode, fault: NodeFault): void {
    const { freezer, handleHeld } = this.#dependencies;
    const held = freezer.resume(node, fault);
    if (held !== undefined) handleHeld(held);
  }

  #restart(node: SimulatedNode): void {
    const { trace, laws, nodes, nowMs, startNode } = this.#dependencies;
    trace.reportOther(nowMs(), node.index, 'node_restarted', {});
    if (node.silentUntilView > 0) {
      const views = nodes.map(({ core }) => core?.status().view ?? 0);
      node.silentUntilView = Math.max(...views) + SILENT_VIEWS;
    }
    const heightBefore = node.finalizedHeight;
    startNode(node);
    if (node.refusal !== undefined) return;
    laws.recovered(node.index, heightBefore, node.core?.status().finalizedHeight ?? 0);
  }
}
