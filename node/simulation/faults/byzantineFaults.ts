/** Dishonest behaviour around honest cores: nothing in a core knows of it. */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { Health } from '../../laws/progress.ts';
import type { ByzantineBehaviour, ByzantineFault } from '../../scenario/types.ts';
import type { Behaviour } from '../byzantine/behaviour.ts';
import type { Dishonesty } from '../byzantine/dishonesty.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';
import type { FaultHandler } from './faultHandler.ts';

/** Behaviours that may keep a duty holder's batch from settling. */
const hindering: readonly ByzantineBehaviour[] = [
  'withhold_settlement',
  'equivocate',
  'lie_about_net',
  'twin',
];

export interface ByzantineFaultsDependencies {
  readonly dishonesty: Dishonesty;
  readonly nodeNamed: (name: string) => SimulatedNode;
}

export class ByzantineFaults implements FaultHandler<ByzantineFault> {
  readonly #dependencies: ByzantineFaultsDependencies;
  readonly #running = new Map<ByzantineFault, Behaviour>();

  constructor(dependencies: ByzantineFaultsDependencies) {
    this.#dependencies = dependencies;
  }

  start(fault: ByzantineFault): void {
    const { dishonesty, nodeNamed } = this.#dependencies;
    this.#running.set(fault, dishonesty.begin(nodeNamed(fault.node), fault.type));
  }

  end(fault: ByzantineFault): void {
    const { dishonesty, nodeNamed } = this.#dependencies;
    const behaviour = this.#running.get(fault);
    assert(behaviour !== undefined, `${fault.type} ended before it began`);
    this.#running.delete(fault);
    dishonesty.end(nodeNamed(fault.node), behaviour);
  }

  obstacleOf(node: SimulatedNode): string | undefined {
    return node.dishonesty === undefined ? undefined : 'is dishonest';
  }

  health(): Health {
    for (const { type } of this.#running.keys()) {
      if (hindering.includes(type)) return { hasQuorum: true, canSettle: false };
    }
    return { hasQuorum: true, canSettle: true };
  }
}
