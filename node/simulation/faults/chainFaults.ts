/** The settlement chain, and the way to it: blocks that do not come, or come without room. */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { SettlementChainFault } from '../../scenario/types.ts';
import type { Health } from '../laws/progress.ts';
import type { SettlementSide } from '../settlementSide.ts';
import type { FaultHandler } from './faultHandler.ts';

export class ChainFaults implements FaultHandler<SettlementChainFault> {
  readonly #settlement: SettlementSide;

  constructor(dependencies: { readonly settlement: SettlementSide }) {
    this.#settlement = dependencies.settlement;
  }

  start(fault: SettlementChainFault): void {
    this.#set(fault, true);
  }

  end(fault: SettlementChainFault): void {
    this.#set(fault, false);
  }

  health(): Health {
    return { hasQuorum: true, canSettle: this.#settlement.isOpen };
  }

  #set(fault: SettlementChainFault, on: boolean): void {
    if (fault.kind === 'stall') this.#settlement.stall(on);
    else if (fault.kind === 'full') this.#settlement.fill(on);
    else assert(false, `settlement_chain ${fault.kind} cannot be carried out`);
  }
}
