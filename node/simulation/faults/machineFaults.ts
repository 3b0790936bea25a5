/** Processes that crash and come back on what their disks hold. */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { ValidatorSet } from '../../../consensus/validators.ts';
import type { NodeFault } from '../../scenario/types.ts';
import type { DiskLoss } from '../disk.ts';
import type { Trace } from '../events.ts';
import type { Laws } from '../laws/laws.ts';
import type { Health } from '../laws/progress.ts';
import type { SimulatedNode } from '../simulatedNode.ts';
import type { FaultHandler } from './faultHandler.ts';

/** Views above all views seen at its start until which a node without its vote log is silent (docs/protocol.md). */
const SILENT_VIEWS = 2;

export interface MachineFaultsDependencies {
  readonly validators: ValidatorSet;
  readonly nodes: readonly SimulatedNode[];
  readonly laws: Laws;
  readonly trace: Trace;
  readonly nowMs: () => TimeMs;
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
    if (fault.type === 'crash') this.#crash(node, fault.lose);
    else if (fault.type === 'restart') this.#endCrashes(node);
    else assert(false, `${fault.type} cannot be carried out`);
  }

  end(fault: NodeFault): void {
    if (fault.type === 'crash') this.#endCrash(this.#dependencies.nodeNamed(fault.node));
  }

  health(): Health {
    const { nodes, validators } = this.#dependencies;
    let power = 0;
    for (const node of nodes) {
      const isWell = node.core !== undefined && node.silentUntilView === 0 && !node.isHalted;
      if (isWell && node.dishonesty === undefined) power += node.power;
    }
    return { hasQuorum: validators.isQuorum(power), canSettle: true };
  }

  #crash(node: SimulatedNode, lose: DiskLoss): void {
    node.downCount += 1;
    if (node.core === undefined) return;
    node.stop();
    node.disk.crash(lose);
    if (lose === 'all') {
      node.finalizedHeight = 0;
      node.silentUntilView = Number.POSITIVE_INFINITY;
    }
    const { trace, nowMs } = this.#dependencies;
    trace.reportOther(nowMs(), node.index, 'node_crashed', { lose });
  }

  #endCrash(node: SimulatedNode): void {
    // An explicit restart has ended every crash of the node before.
    if (node.downCount === 0) return;
    node.downCount -= 1;
    if (node.downCount === 0) this.#restart(node);
  }

  #endCrashes(node: SimulatedNode): void {
    node.downCount = 0;
    if (node.core === undefined) this.#restart(node);
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
