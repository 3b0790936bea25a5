/** What a node is told of its configuration, in every engine. */
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { Config } from '../config/types.ts';
import type { NodeOptions } from '../core/ports.ts';

export function nodeOptionsOf(
  { consensus, settlement, simulation }: Config,
  genesis: Genesis,
  self: ValidatorIndex,
): NodeOptions {
  return {
    genesis,
    self,
    deltaMs: consensus.deltaMs,
    inactiveViews: consensus.inactiveViews,
    resubmitAfterBlocks: settlement.resubmitAfterBlocks,
    tip: settlement.tip,
    openRescue: settlement.openRescue,
    historyBlocks: simulation.historyBlocks,
  };
}
