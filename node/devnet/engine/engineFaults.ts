/**
 * Breaks and heals a real network as the timeline says: hands each fault to what plays it, reports it, and tells the laws
 * how whole the network is. Faults that the real world cannot have never come here (docs/scenarios.md).
 */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { TimeMs, View } from '../../../consensus/primitives/flavor.ts';
import { hindersSettlement, keepsBatchUnsettled, makesCallsUnreliable } from '../../laws/hindrance.ts';
import type { Laws } from '../../laws/laws.ts';
import { Quorum, type QuorumOptions } from '../../laws/quorum.ts';
import type { Trace } from '../../report/events.ts';
import { faultFields } from '../../report/faultFields.ts';
import { QuorumWatch } from '../../report/quorumWatch.ts';
import { isInstant } from '../../scenario/faultKinds.ts';
import type { Fault, LinkFault, SettlementChainFault } from '../../scenario/types.ts';
import type { DevnetControl } from './control.ts';
import type { EngineNode } from './engineNode.ts';
import type { LinkState } from './linkState.ts';
import { MachineFaults } from './machineFaults.ts';

export interface EngineFaultsDependencies extends QuorumOptions {
  readonly control: DevnetControl;
  readonly nodes: readonly EngineNode[];
  readonly links: LinkState;
  readonly laws: Laws;
  readonly trace: Trace;
  readonly nowMs: () => TimeMs;
  readonly newestView: () => View;
  /** A process has come back and takes submissions. */
  readonly started: (node: EngineNode) => void;
  /** The health changed at another time than a fault's start and end. */
  readonly healthChanged: () => void;
  /** Something that was asked of a process or chain was not done. */
  readonly failed: (error: unknown) => void;
}

export class EngineFaults {
  readonly #dependencies: EngineFaultsDependencies;
  readonly #machines: MachineFaults;
  readonly #quorum: Quorum<EngineNode>;
  /** Lasting faults of the settlement chain that are on. */
  readonly #chainFaults = new Set<SettlementChainFault>();
  #lastChainCall: Promise<void> = Promise.resolve();
  readonly #watch: QuorumWatch;

  constructor(dependencies: EngineFaultsDependencies) {
    this.#dependencies = dependencies;
    const nodeNamed = (name: string): EngineNode => this.#nodeNamed(name);
    this.#machines = new MachineFaults({ ...dependencies, nodeNamed });
    this.#quorum = new Quorum(dependencies, {
      ...dependencies,
      obstacleOf: (node) => this.#obstacleOf(node),
    });
    const describeLoss = (): string | undefined => this.#quorum.describeLoss();
    this.#watch = new QuorumWatch({ ...dependencies, describeLoss });
  }

  /** Tells every node what its links are like by the scenario's network model. */
  begin(): void {
    this.#sayLinks();
  }

  start(fault: Fault): void {
    this.#report('fault_started', fault);
    this.#carryOut(fault, true);
    this.tellHealth();
  }

  end(fault: Fault): void {
    this.#report('fault_ended', fault);
    this.#carryOut(fault, false);
    this.tellHealth();
  }

  /** Why a node could not settle right now, whatever it wants; undefined: it could. */
  absenceOf(node: EngineNode): string | undefined {
    const obstacle = this.#obstacleOf(node) ?? this.#obstacleToSettle(node);
    return obstacle ?? this.#quorum.obstacleOnTheWay(node);
  }

  /** Gains and losses of the quorum, in words. */
  get warnings(): readonly string[] {
    return this.#watch.warnings;
  }

  /** Tells the laws how whole the network is, and whoever watches the run when it loses its quorum. */
  tellHealth(): void {
    const { laws, nowMs } = this.#dependencies;
    const timely = this.#quorum.timely();
    const hasQuorum = this.#quorum.isQuorum(timely);
    const isHindered =
      [...this.#chainFaults].some(hindersSettlement) ||
      this.#dependencies.nodes.some(({ withholdings }) =>
        [...withholdings].some(({ type }) => keepsBatchUnsettled(type)),
      );
    const canSettle = this.#quorum.reachesChain(timely) && !isHindered;
    laws.healthChanged({ hasQuorum, canSettle, slowestClockMs: 0 }, nowMs());
    this.#watch.look();
  }

  /** Resolves when nothing that was asked is under way. */
  async settled(): Promise<void> {
    await Promise.all([this.#lastChainCall, ...this.#dependencies.nodes.map((node) => node.settled())]);
  }

  #carryOut(fault: Fault, on: boolean): void {
    switch (fault.type) {
      case 'crash':
      case 'restart':
      case 'pause':
        if (on) this.#machines.start(fault);
        else this.#machines.end(fault);
        return;
      case 'partition':
      case 'one_way':
      case 'isolate':
      case 'latency':
      case 'loss':
      case 'duplicate':
      case 'reorder':
        this.#changeLinks(fault, on);
        return;
      case 'settlement_chain':
        this.#changeChain(fault, on);
        return;
      case 'withhold_settlement': {
        const node = this.#nodeNamed(fault.node);
        if (on) node.withholdings.add(fault);
        else node.withholdings.delete(fault);
        this.#dependencies.control.setWithheld(node.index, node.withholdings.size > 0);
        return;
      }
      default:
        assert(false, `a real network cannot play ${fault.type}`);
    }
  }

  #changeLinks(fault: LinkFault, on: boolean): void {
    const { links } = this.#dependencies;
    if (on) links.start(fault);
    else links.end(fault);
    this.#sayLinks();
  }

  #sayLinks(): void {
    const { nodes, links, control } = this.#dependencies;
    for (const { index } of nodes) control.setLinks(index, links.linksTo(index));
  }

  /** One call after the other, so that a fault never ends before it has begun. */
  #changeChain(fault: SettlementChainFault, on: boolean): void {
    if (!on) this.#chainFaults.delete(fault);
    else if (!isInstant(fault)) this.#chainFaults.add(fault);
    const { control, failed } = this.#dependencies;
    this.#lastChainCall = this.#lastChainCall.then(() => control.setChainFault(fault, on)).catch(failed);
  }

  #obstacleOf(node: EngineNode): string | undefined {
    return this.#machines.obstacleOf(node) ?? (node.withholdings.size > 0 ? 'is dishonest' : undefined);
  }

  #obstacleToSettle(node: EngineNode): string | undefined {
    for (const fault of this.#chainFaults) {
      if (fault.kind === 'censor' && fault.node === node.name) return 'is censored';
      if (makesCallsUnreliable(fault)) return 'cannot rely on its calls';
    }
    return undefined;
  }

  #report(type: 'fault_started' | 'fault_ended', fault: Fault): void {
    const { trace, nowMs } = this.#dependencies;
    const node = 'node' in fault ? this.#nodeNamed(fault.node).index : undefined;
    trace.reportOther(nowMs(), node, type, faultFields(fault));
  }

  #nodeNamed(name: string): EngineNode {
    const node = this.#dependencies.nodes.find((one) => one.name === name);
    assert(node !== undefined, `no node is called ${name}`);
    return node;
  }
}
