/** What breaks and heals faults of one family; each family has one handler (faults.ts puts them together). */

import type { Health } from '../../laws/progress.ts';
import type { Fault } from '../../scenario/types.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';

export interface FaultHandler<Family extends Fault> {
  /** Breaks it. Faults of one kind may overlap; a thing is whole again when all have ended. */
  start(fault: Family): void;
  /** Heals it: called with the very object that started it, once, and never for an instant. */
  end(fault: Family): void;
  /** What this family leaves whole right now: the network is healthy when every family says so. */
  health(): Health;
  /** Why this family keeps a node from taking part in agreement, such as `is down`; undefined: it does not. */
  obstacleOf?(node: SimulatedNode): string | undefined;
}
