/** Dishonest behaviour around honest cores: nothing in a core knows of it. */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { ByzantineFault } from '../../scenario/types.ts';
import type { Health } from '../laws/progress.ts';
import type { SimulatedNode } from '../simulatedNode.ts';
import type { FaultHandler } from './faultHandler.ts';

export interface ByzantineFaultsDependencies {
  readonly nodes: readonly SimulatedNode[];
  readonly nodeNamed: (name: string) => SimulatedNode;
}

export class ByzantineFaults implements FaultHandler<ByzantineFault> {
  readonly #dependencies: ByzantineFaultsDependencies;

  constructor(dependencies: ByzantineFaultsDependencies) {
    this.#dependencies = dependencies;
  }

  start(fault: ByzantineFault): void {
    const node = this.#dependencies.nodeNamed(fault.node);
    if (fault.type === 'withhold_settlement') node.withholdCount += 1;
    else assert(false, `${fault.type} cannot be carried out`);
  }

  end(fault: ByzantineFault): void {
    const node = this.#dependencies.nodeNamed(fault.node);
    if (fault.type === 'withhold_settlement') node.withholdCount -= 1;
  }

  health(): Health {
    const isWithheld = this.#dependencies.nodes.some(({ withholdCount }) => withholdCount > 0);
    return { hasQuorum: true, canSettle: !isWithheld };
  }
}
