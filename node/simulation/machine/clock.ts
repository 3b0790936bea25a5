/**
 * The clock of one machine: true time, plus how far it is off. Everything a node reads of time comes from here.
 *
 * A clock that goes wrong, or right again, jumps. A timer that runs meanwhile fires when the clock shows what it was set
 * for, or when the time it was set for has truly passed, whichever comes first. So a clock that was far behind for a
 * while holds nothing up once it is right again, and a node may find that its clock shows less than it had asked for.
 */
import type { TimeMs } from '../../../consensus/primitives/flavor.ts';

export class NodeClock {
  #offsetMs = 0;

  /** How far it is ahead of true time, in ms; negative: behind. */
  get offsetMs(): number {
    return this.#offsetMs;
  }

  /** Sets it forward, or back. */
  shift(ms: number): void {
    this.#offsetMs += ms;
  }

  /** What it shows at a true time; may lie before genesis. */
  localMs(trueMs: TimeMs): TimeMs {
    return trueMs + this.#offsetMs;
  }

  /** When it shows a local time, if nothing shifts it until then. */
  trueMs(localMs: TimeMs): TimeMs {
    return localMs - this.#offsetMs;
  }
}
