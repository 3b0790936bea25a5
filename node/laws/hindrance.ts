/** Which faults excuse from settling: while one of them is on, the law of progress waits for nobody's settlement. */
import type { ByzantineBehaviour, SettlementChainFault } from '../scenario/types.ts';

const hinderingKinds: ReadonlySet<SettlementChainFault['kind']> = new Set<SettlementChainFault['kind']>([
  'stall',
  'full',
  'censor',
  'transfer_timeout',
  'rpc_errors',
  'rpc_timeouts',
]);

/** Behaviours that may keep a duty holder's batch from settling. */
const hinderingBehaviours: ReadonlySet<ByzantineBehaviour> = new Set<ByzantineBehaviour>([
  'withhold_settlement',
  'equivocate',
  'lie_about_net',
  'twin',
]);

/** Faults of the settlement chain under which some calls fail, or are not answered. */
const unreliableKinds: ReadonlySet<SettlementChainFault['kind']> = new Set<SettlementChainFault['kind']>([
  'rpc_errors',
  'rpc_timeouts',
  'lose_receipts',
]);

export function hindersSettlement({ kind }: SettlementChainFault): boolean {
  return hinderingKinds.has(kind);
}

export function keepsBatchUnsettled(behaviour: ByzantineBehaviour): boolean {
  return hinderingBehaviours.has(behaviour);
}

export function makesCallsUnreliable({ kind }: SettlementChainFault): boolean {
  return unreliableKinds.has(kind);
}
