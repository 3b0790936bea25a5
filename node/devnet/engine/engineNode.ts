/** One node as the devnet engine sees it: what was done to its process, and what it last said of itself. */
import type { Height, ValidatorIndex, View } from '../../../consensus/primitives/flavor.ts';
import type { Member } from '../../laws/quorum.ts';
import type { ByzantineFault, NodeFault } from '../../scenario/types.ts';

export class EngineNode implements Member {
  readonly index: ValidatorIndex;
  readonly name: string;
  readonly power: number;
  /** All processes read the clock of one machine. */
  readonly clock = { offsetMs: 0 } as const;
  /** Its process runs and takes submissions. */
  isUp = false;
  /** How often its process was started. */
  starts = 0;
  /** Faults that hold it down, stop it, or make it withhold. */
  readonly crashes = new Set<NodeFault>();
  readonly pauses = new Set<NodeFault>();
  readonly withholdings = new Set<ByzantineFault>();
  /** It reported that it votes no more; its next process looks again. */
  isHalted = false;
  /** Highest block it reported final; stays over a crash. */
  finalizedHeight: Height = 0;
  /** After the loss of its disk: the view from which a final block shows that it takes part again. */
  silentUntilView: View = 0;
  /** What was asked of its process last: one thing after the other. */
  #lastWork: Promise<void> = Promise.resolve();

  constructor(options: { readonly index: ValidatorIndex; readonly name: string; readonly power: number }) {
    this.index = options.index;
    this.name = options.name;
    this.power = options.power;
  }

  /** Does something to the process when all that was asked before is done. Never throws: what fails goes to `onFailure`. */
  enqueue(work: () => Promise<void>, onFailure: (error: unknown) => void): void {
    this.#lastWork = this.#lastWork.then(work).catch(onFailure);
  }

  /** Resolves when nothing asked of the process is under way. */
  settled(): Promise<void> {
    return this.#lastWork;
  }
}
