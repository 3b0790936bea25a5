/** Dishonest behaviour around honest cores: nothing in a core knows of it. */
import { assert } from '../../../consensus/primitives/codedError.ts';
import { keepsBatchUnsettled } from '../../laws/hindrance.ts';
import type { Health } from '../../laws/progress.ts';
import type { ByzantineFault } from '../../scenario/types.ts';
import type { Behaviour } from '../byzantine/behaviour.ts';
import type { Dishonesty } from '../byzantine/dishonesty.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';
import type { FaultHandler } from './faultHandler.ts';

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
      if (keepsBatchUnsettled(type)) return { hasQuorum: true, canSettle: false };
    }
    return { hasQuorum: true, canSettle: true };
  }
}
