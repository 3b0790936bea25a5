/**
 * One node as the simulation sees it: a process that comes and goes around a disk that stays. The process is the honest
 * core, unchanged; what a fault does to it happens here and in the runtime around it.
 */
import type { Height, SettlementHeight, TimeMs, View } from '../../../consensus/primitives/flavor.ts';
import type { TimerId } from '../../core/types.ts';
import type { NodeFault } from '../../scenario/types.ts';
import type { DishonestNode } from '../byzantine/dishonestNode.ts';
import { NodeClock } from './clock.ts';
import type { Disk } from './disk.ts';
import type { NodeProcess } from './nodeProcess.ts';

export type CrashFault = Extract<NodeFault, { readonly type: 'crash' }>;

/** A timer of a node; one that is set again or cleared leaves its old event behind, with an older generation. */
export interface NodeTimer {
  readonly id: TimerId;
  generation: number;
  /** When it fires, in true time; undefined while it does not run. */
  dueMs: TimeMs | undefined;
  /** What the clock of its node was asked to show then. */
  localDueMs: TimeMs;
}

export class SimulatedNode {
  readonly index: number;
  readonly name: string;
  readonly power: number;
  readonly disk: Disk;
  readonly #timers = new Map<TimerId, NodeTimer>();
  /** The running process, or undefined while the node is down. */
  core: NodeProcess | undefined;
  /** Grows with every start and every crash: what was meant for an earlier one is lost. */
  incarnation = 0;
  /** What its processes read of time. */
  readonly clock = new NodeClock();
  /** Crash faults that hold the node down. */
  readonly crashes = new Set<NodeFault>();
  /** The crash that will kill its process among the outputs of the next input that has any to choose between. */
  dying: CrashFault | undefined;
  /** What surrounds the core while the node is dishonest. */
  dishonesty: DishonestNode | undefined;
  /** Its process refused what the disk held and is down until somebody has wiped it; each refusal is one of its own. */
  refusal: object | undefined;
  /** True from its first lie on: nothing it ever says is vouched for again, nor what is still under way. */
  hasLied = false;
  /** Its disk once lost or damaged what it had promised to keep: it may contradict itself without knowing. */
  hasBrokenDisk = false;
  /** It reported that it votes no more; its next process looks again. */
  isHalted = false;
  /** Next settlement-chain block to hand over; undefined until the node asks. */
  nextSettlementHeight: SettlementHeight | undefined;
  /** Highest block it reported final; stays over a crash. */
  finalizedHeight: Height = 0;
  /** After the loss of its disk: the view from which a final block shows that it takes part again. */
  silentUntilView: View = 0;

  constructor(options: {
    readonly index: number;
    readonly name: string;
    readonly power: number;
    readonly disk: Disk;
  }) {
    this.index = options.index;
    this.name = options.name;
    this.power = options.power;
    this.disk = options.disk;
  }

  timer(id: TimerId): NodeTimer {
    let timer = this.#timers.get(id);
    if (timer === undefined) {
      timer = { id, generation: 0, dueMs: undefined, localDueMs: 0 };
      this.#timers.set(id, timer);
    }
    return timer;
  }

  timers(): Iterable<NodeTimer> {
    return this.#timers.values();
  }

  /** The process is gone, with its timers and whatever was on its way to it. */
  stop(): void {
    this.core = undefined;
    this.incarnation += 1;
    this.nextSettlementHeight = undefined;
    this.isHalted = false;
    this.dying = undefined;
    for (const timer of this.#timers.values()) {
      timer.generation += 1;
      timer.dueMs = undefined;
    }
  }
}
