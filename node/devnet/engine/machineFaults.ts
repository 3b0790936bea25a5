/**
 * Processes that are killed, come back on what their disks hold, or stand still: SIGKILL, a new process, SIGSTOP and
 * SIGCONT. A killed process loses nothing that it gave to the system, so what is lost is all or nothing here.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { TimeMs, View } from '../../../consensus/primitives/flavor.ts';
import type { Laws } from '../../laws/laws.ts';
import type { Trace } from '../../report/events.ts';
import type { NodeFault } from '../../scenario/types.ts';
import type { DevnetControl } from './control.ts';
import type { EngineNode } from './engineNode.ts';

/** Views above all views seen at its start until which a node without its vote log is silent (docs/protocol.md). */
const SILENT_VIEWS = 2;

type CrashFault = Extract<NodeFault, { readonly type: 'crash' }>;

export interface MachineFaultsDependencies {
  readonly control: DevnetControl;
  readonly laws: Laws;
  readonly trace: Trace;
  readonly nodeNamed: (name: string) => EngineNode;
  readonly nowMs: () => TimeMs;
  /** The newest view that anybody reported. */
  readonly newestView: () => View;
  /** Called when the health changes at another time than a fault's start and end. */
  readonly healthChanged: () => void;
  /** A process has come back and takes submissions. */
  readonly started: (node: EngineNode) => void;
  /** A process does not do what is asked of it. */
  readonly failed: (error: unknown) => void;
}

export class MachineFaults {
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
        if (node.crashes.size === 0) return;
        node.crashes.clear();
        this.#restart(node);
        return;
      case 'pause':
        this.#pause(node, fault);
        return;
      default:
        assert(false, `a real machine cannot play ${fault.type}`);
    }
  }

  end(fault: NodeFault): void {
    const node = this.#dependencies.nodeNamed(fault.node);
    if (fault.type === 'crash') {
      // An explicit restart has ended every crash before it.
      if (node.crashes.delete(fault) && node.crashes.size === 0) this.#restart(node);
    } else if (fault.type === 'pause' && node.pauses.delete(fault) && node.pauses.size === 0) {
      this.#do(node, () => this.#dependencies.control.resume(node.index));
    }
  }

  /** Why a node takes no part in agreement; undefined: it does. */
  obstacleOf(node: EngineNode): string | undefined {
    if (!node.isUp) return 'is down';
    if (node.silentUntilView > 0) return 'is silent since it lost its disk';
    if (node.isHalted) return 'has halted';
    return node.pauses.size > 0 ? 'is paused' : undefined;
  }

  #crash(node: EngineNode, fault: CrashFault): void {
    const { control, laws, trace, nowMs } = this.#dependencies;
    const isFirst = node.crashes.size === 0;
    node.crashes.add(fault);
    if (!isFirst) return;
    node.isUp = false;
    node.isHalted = false;
    // A pause belongs to the process.
    node.pauses.clear();
    this.#do(node, async () => {
      await control.kill(node.index);
      if (fault.lose === 'all') {
        await control.wipe(node.index);
        laws.diskWiped(node.index);
        node.finalizedHeight = 0;
        node.silentUntilView = Number.POSITIVE_INFINITY;
      }
      trace.reportOther(nowMs(), node.index, 'node_crashed', { lose: fault.lose });
    });
  }

  #pause(node: EngineNode, fault: NodeFault): void {
    if (node.crashes.size > 0) return;
    const isFirst = node.pauses.size === 0;
    node.pauses.add(fault);
    if (isFirst) this.#do(node, () => this.#dependencies.control.pause(node.index));
  }

  #restart(node: EngineNode): void {
    const { control, trace, nowMs, newestView, healthChanged, started } = this.#dependencies;
    this.#do(node, async () => {
      // A crash that began meanwhile has its own end.
      if (node.crashes.size > 0) return;
      trace.reportOther(nowMs(), node.index, 'node_restarted', {});
      if (node.silentUntilView > 0) node.silentUntilView = newestView() + SILENT_VIEWS;
      node.starts += 1;
      await control.startNode(node.index);
      if (node.crashes.size > 0) return;
      node.isUp = true;
      started(node);
      healthChanged();
    });
  }

  #do(node: EngineNode, work: () => Promise<void>): void {
    node.enqueue(work, this.#dependencies.failed);
  }
}
