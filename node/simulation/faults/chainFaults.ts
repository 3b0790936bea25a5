/** The settlement chain, and the way to it: blocks that do not come, come late, come twice, or come without room. */
import type { SettlementHeight, TimeMs } from '../../../consensus/primitives/flavor.ts';
import type { PriceMove } from '../../../settlement/chain/swapPools.ts';
import { hindersSettlement } from '../../laws/hindrance.ts';
import type { Health } from '../../laws/progress.ts';
import type { Trace } from '../../report/events.ts';
import type { SettlementChainFault } from '../../scenario/types.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';
import type { SettlementSide } from '../settlement/settlementSide.ts';
import type { FaultHandler } from './faultHandler.ts';

type Kind = SettlementChainFault['kind'];
type FaultOf<Wanted extends Kind> = Extract<SettlementChainFault, { readonly kind: Wanted }>;

const BPS = 10_000n;

export interface ChainFaultsDependencies {
  readonly settlement: SettlementSide;
  readonly trace: Trace;
  readonly nowMs: () => TimeMs;
  readonly nodeNamed: (name: string) => SimulatedNode;
  /** The chain took back its blocks above a height. */
  readonly settlementReorganised: (height: SettlementHeight) => void;
}

export class ChainFaults implements FaultHandler<SettlementChainFault> {
  readonly #dependencies: ChainFaultsDependencies;
  /** Faults that are on, each under its kind, or its kind and node: of two that overlap the second changes nothing. */
  readonly #on = new Map<string, number>();
  #hinderingCount = 0;

  constructor(dependencies: ChainFaultsDependencies) {
    this.#dependencies = dependencies;
  }

  start(fault: SettlementChainFault): void {
    if (hindersSettlement(fault)) this.#hinderingCount += 1;
    this.#set(fault, true);
  }

  end(fault: SettlementChainFault): void {
    if (hindersSettlement(fault)) this.#hinderingCount -= 1;
    this.#set(fault, false);
  }

  /** Why the chain, or the way to it, does not let this node settle; undefined: it does. */
  obstacleToSettle(node: SimulatedNode): string | undefined {
    if ((this.#on.get(`censor/${node.name}`) ?? 0) > 0) return 'is censored';
    return this.#dependencies.settlement.calls.isFailing ? 'cannot rely on its calls' : undefined;
  }

  health(): Health {
    return { hasQuorum: true, canSettle: this.#hinderingCount === 0 };
  }

  #set(fault: SettlementChainFault, on: boolean): void {
    const { settlement, nodeNamed } = this.#dependencies;
    const { chain } = settlement;
    switch (fault.kind) {
      case 'stall':
        settlement.stall(on);
        return;
      case 'slow':
        settlement.slow(fault.factor, on);
        return;
      case 'full':
        if (this.#isTurned('full', on)) chain.setFull(on);
        return;
      case 'transfer_timeout':
        if (this.#isTurned('transfer_timeout', on)) chain.setTransferTimeout(on);
        return;
      case 'censor':
        if (this.#isTurned(`censor/${fault.node}`, on)) chain.setCensored(nodeNamed(fault.node).index, on);
        return;
      case 'slippage':
        chain.movePrice(priceMoveOf(fault, on));
        return;
      case 'base_fee':
        if (on) chain.multiplyBaseFee(fault.factor);
        return;
      case 'reorg':
        if (on) this.#reorganise(fault);
        return;
      case 'duplicate_delivery':
        settlement.repeatDeliveries(fault.probability, on);
        settlement.calls.change(fault.kind, fault.probability, on);
        return;
      default:
        settlement.calls.change(fault.kind, fault.probability, on);
    }
  }

  #reorganise({ depth }: FaultOf<'reorg'>): void {
    const { settlement, trace, nowMs, settlementReorganised } = this.#dependencies;
    const goneCount = settlement.reorganise(depth);
    const { height } = settlement;
    trace.reportOther(nowMs(), undefined, 'settlement_reorg', { height, depth: goneCount });
    settlementReorganised(height);
  }

  /** Counts a fault in or out. @returns Whether that turns it on, or off. */
  #isTurned(key: string, on: boolean): boolean {
    const before = this.#on.get(key) ?? 0;
    const after = before + (on ? 1 : -1);
    this.#on.set(key, after);
    return before === 0 || after === 0;
  }
}

/** Others buy the asset dear when the fault begins, and sell it again when it ends. */
function priceMoveOf({ asset, bps }: FaultOf<'slippage'>, on: boolean): PriceMove {
  const dear = BPS + BigInt(bps);
  return on ? { asset, numerator: dear, denominator: BPS } : { asset, numerator: BPS, denominator: dear };
}
