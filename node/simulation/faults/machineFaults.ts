/** Machines: processes that crash, come back on what their disks hold, or stand still; clocks that are off. */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { NodeFault } from '../../scenario/types.ts';
import type { SimulationEvent } from '../eventQueue.ts';
import type { Trace } from '../events.ts';
import type { Freezer } from '../freezer.ts';
import type { Laws } from '../laws/laws.ts';
import type { Health } from '../laws/progress.ts';
import type { SimulatedNode } from '../simulatedNode.ts';
import type { FaultHandler } from './faultHandler.ts';

/** Views above all views seen at its start until which a node without its vote log is silent (docs/protocol.md). */
const SILENT_VIEWS = 2;

type CrashFault = Extract<NodeFault, { readonly type: 'crash' }>;

export interface MachineFaultsDependencies {
  readonly nodes: readonly SimulatedNode[];
  readonly laws: Laws;
  readonly trace: Trace;
  readonly freezer: Freezer;
  readonly nowMs: () => TimeMs;
  /** Lets a process handle what waited for it. */
  readonly handleHeld: (events: readonly SimulationEvent[]) => void;
  /** Starts the process of a node on what its disk holds. */
  readonly startNode: (node: SimulatedNode) => void;
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
        node.clock.shift(fault.ms);
        return;
      case 'disk':
        assert(false, 'disk cannot be carried out');
    }
  }

  end(fault: NodeFault): void {
    const node = this.#dependencies.nodeNamed(fault.node);
    if (fault.type === 'crash') this.#endCrash(node, fault);
    else if (fault.type === 'pause') this.#resume(node, fault);
    else if (fault.type === 'clock_skew') node.clock.shift(-fault.ms);
  }

  /** Why a node takes no part in agreement; undefined: it does. */
  obstacleOf(node: SimulatedNode): string | undefined {
    if (node.core === undefined) return 'is down';
    if (node.silentUntilView > 0) return 'is silent since it lost its disk';
    if (node.isHalted) return 'has halted';
    return this.#dependencies.freezer.isFrozen(node) ? 'is paused' : undefined;
  }

  health(): Health {
    return { hasQuorum: true, canSettle: true };
  }

  #crash(node: SimulatedNode, fault: CrashFault): void {
    node.crashes.add(fault);
    if (node.core === undefined) return;
    const { trace, nowMs, freezer } = this.#dependencies;
    freezer.drop(node);
    node.stop();
    node.disk.crash(fault.lose);
    if (fault.lose === 'all') {
      node.finalizedHeight = 0;
      node.silentUntilView = Number.POSITIVE_INFINITY;
    }
    trace.reportOther(nowMs(), node.index, 'node_crashed', { lose: fault.lose });
  }

  #endCrash(node: SimulatedNode, fault: CrashFault): void {
    // An explicit restart has ended every crash before it.
    if (node.crashes.delete(fault) && node.crashes.size === 0) this.#restart(node);
  }

  #endCrashes(node: SimulatedNode): void {
    node.crashes.clear();
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
    laws.recovered(node.index, heightBefore, node.core?.status().finalizedHeight ?? 0);
  }
}
