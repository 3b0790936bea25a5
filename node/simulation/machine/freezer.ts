/**
 * Paused processes: what comes to one waits, timers that run out included, and is handled in order when it goes on. What
 * waits from the network is bounded, as a socket's buffer is; timers and blocks of the settlement chain all wait. A
 * pause belongs to a process: one that starts after a crash runs.
 */
import type { NodeFault } from '../../scenario/types.ts';
import { createBlankEvent, type EventKind, type SimulationEvent } from '../eventQueue.ts';
import type { SimulatedNode } from './simulatedNode.ts';

/** Messages and requests that wait for one process; those beyond are lost. */
export const HELD_MESSAGES_MAX = 10_000;

interface Frozen {
  readonly pauses: Set<NodeFault>;
  readonly held: SimulationEvent[];
  messageCount: number;
}

export class Freezer {
  readonly #frozen = new Map<number, Frozen>();

  /** True while some process is paused: only then need anything else here be asked. */
  get isActive(): boolean {
    return this.#frozen.size > 0;
  }

  isFrozen(node: SimulatedNode): boolean {
    return this.#frozen.has(node.index);
  }

  pause(node: SimulatedNode, fault: NodeFault): void {
    const frozen = this.#frozen.get(node.index);
    if (frozen !== undefined) frozen.pauses.add(fault);
    else this.#frozen.set(node.index, { pauses: new Set([fault]), held: [], messageCount: 0 });
  }

  /** @returns What the process has to handle now, in order; undefined while another pause holds it. */
  resume(node: SimulatedNode, fault: NodeFault): readonly SimulationEvent[] | undefined {
    const frozen = this.#frozen.get(node.index);
    if (frozen === undefined || !frozen.pauses.delete(fault) || frozen.pauses.size > 0) return undefined;
    this.#frozen.delete(node.index);
    return frozen.held;
  }

  /** The process is gone, with all that waited for it. */
  drop(node: SimulatedNode): void {
    this.#frozen.delete(node.index);
  }

  /** Keeps something that reaches a paused process outside the network. */
  hold(node: SimulatedNode, action: () => void): void {
    this.#frozen.get(node.index)?.held.push({ ...createBlankEvent(), kind: 'action', action });
  }

  /** Keeps an event that a paused process cannot handle now. @returns Whether that is so. */
  holds(event: SimulationEvent): boolean {
    if (!isForProcess(event.kind)) return false;
    const frozen = this.#frozen.get(event.node);
    if (frozen === undefined) return false;
    if (event.kind === 'gossip' || event.kind === 'request') {
      frozen.messageCount += 1;
      if (frozen.messageCount > HELD_MESSAGES_MAX) return true;
    }
    // The queue uses its own event again.
    frozen.held.push({ ...event });
    return true;
  }
}

function isForProcess(kind: EventKind): boolean {
  switch (kind) {
    case 'idle':
    case 'settlement_tick':
    case 'action':
      return false;
    default:
      return true;
  }
}
