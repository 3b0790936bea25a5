/**
 * Breaks and heals things around the honest cores: processes that crash and come back, settlements that are held back,
 * a settlement chain that stalls or is full. Faults of one kind may overlap; a thing is whole again when all have ended.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import type { Fault } from '../scenario/types.ts';
import type { DiskLoss } from './disk.ts';
import type { Trace } from './events.ts';
import type { Laws } from './laws/laws.ts';
import type { SettlementSide } from './settlementSide.ts';
import type { SimulatedNode } from './simulatedNode.ts';

/** Views above all views seen at its start until which a node without its vote log is silent (docs/protocol.md). */
const SILENT_VIEWS = 2;

export interface FaultsDependencies {
  readonly validators: ValidatorSet;
  readonly nodes: readonly SimulatedNode[];
  readonly settlement: SettlementSide;
  readonly laws: Laws;
  readonly trace: Trace;
  readonly nowMs: () => TimeMs;
  /** Starts the process of a node on what its disk holds. */
  readonly startNode: (node: SimulatedNode) => void;
}

export class Faults {
  readonly #dependencies: FaultsDependencies;

  constructor(dependencies: FaultsDependencies) {
    this.#dependencies = dependencies;
  }

  start(fault: Fault): void {
    this.#report('fault_started', fault);
    switch (fault.type) {
      case 'crash':
        this.#crash(this.#nodeNamed(fault.node), fault.lose);
        break;
      case 'restart':
        this.#endCrashes(this.#nodeNamed(fault.node));
        break;
      case 'withhold_settlement':
        this.#nodeNamed(fault.node).withholdCount += 1;
        break;
      case 'settlement_chain':
        this.#setChainFault(fault, true);
        break;
    }
    this.healthChanged();
  }

  end(fault: Fault): void {
    this.#report('fault_ended', fault);
    switch (fault.type) {
      case 'crash':
        this.#endCrash(this.#nodeNamed(fault.node));
        break;
      case 'restart':
        break;
      case 'withhold_settlement':
        this.#nodeNamed(fault.node).withholdCount -= 1;
        break;
      case 'settlement_chain':
        this.#setChainFault(fault, false);
        break;
    }
    this.healthChanged();
  }

  /** Tells the laws how whole the network is. */
  healthChanged(): void {
    const { nodes, validators, settlement, laws, nowMs } = this.#dependencies;
    let power = 0;
    let isWithheld = false;
    for (const node of nodes) {
      if (node.core !== undefined && node.silentUntilView === 0) power += node.power;
      if (node.withholdCount > 0) isWithheld = true;
    }
    const hasQuorum = validators.isQuorum(power);
    laws.healthChanged({ hasQuorum, canSettle: settlement.isOpen && !isWithheld }, nowMs());
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

  #setChainFault(fault: Extract<Fault, { type: 'settlement_chain' }>, on: boolean): void {
    if ('stall' in fault) this.#dependencies.settlement.stall(on);
    else this.#dependencies.settlement.fill(on);
  }

  #report(type: 'fault_started' | 'fault_ended', fault: Fault): void {
    const { trace, nowMs } = this.#dependencies;
    const fields: Record<string, unknown> = { fault: fault.type };
    for (const [key, value] of Object.entries(fault))
      if (key !== 'type' && key !== 'node') fields[key] = value;
    const node = 'node' in fault ? this.#nodeNamed(fault.node).index : undefined;
    trace.reportOther(nowMs(), node, type, fields);
  }

  #nodeNamed(name: string): SimulatedNode {
    const node = this.#dependencies.nodes.find((one) => one.name === name);
    assert(node !== undefined, `no node is called ${name}`);
    return node;
  }
}
