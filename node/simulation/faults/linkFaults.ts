/** Links between nodes, and between a node and the settlement chain, that lose, delay or repeat what they carry. */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { LinkFault } from '../../scenario/types.ts';
import type { Health } from '../laws/progress.ts';
import type { FaultHandler } from './faultHandler.ts';

export class LinkFaults implements FaultHandler<LinkFault> {
  start(fault: LinkFault): void {
    assert(false, `${fault.type} cannot be carried out`);
  }

  end(): void {}

  health(): Health {
    return { hasQuorum: true, canSettle: true };
  }
}
