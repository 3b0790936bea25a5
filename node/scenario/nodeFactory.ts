/** Makes node processes as a scenario configures them: the honest core, whole and unchanged. */
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { Crypto, Signer } from '../../consensus/primitives/signature.ts';
import type { BlockRoots } from '../../settlement/execution/blockRoots.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { NodeCore } from '../core/nodeCore.ts';
import type { ExecutionCache, FinalityObserver, GoodItems, MessageCache } from '../core/ports.ts';
import { nodeOptionsOf } from './nodeOptions.ts';
import type { Scenario } from './types.ts';

/** What processes of one network have in common. */
export interface NodeSurroundings {
  readonly signerOf: (index: ValidatorIndex) => Signer;
  /** What nodes of one process share; undefined parts: each works for itself. */
  readonly executions: ExecutionCache | undefined;
  readonly messages: MessageCache | undefined;
  readonly goodItems: GoodItems | undefined;
  readonly roots?: BlockRoots | undefined;
  /** Final blocks that nodes keep, where it is fewer than configured: nobody will ask for more. */
  readonly historyBlocksMax?: number | undefined;
}

/** @returns What makes the process of a node, which reports finality to the observer it is given, if any. */
export function createNodeFactory(
  { config }: Scenario,
  genesis: Genesis,
  crypto: Crypto,
  { signerOf, historyBlocksMax = Number.POSITIVE_INFINITY, ...shared }: NodeSurroundings,
): (index: ValidatorIndex, observer: FinalityObserver | undefined) => NodeCore {
  const historyBlocks = Math.min(config.simulation.historyBlocks, historyBlocksMax);
  return (index, observer) =>
    new NodeCore(
      { ...nodeOptionsOf(config, genesis, index), historyBlocks },
      {
        crypto,
        signer: signerOf(index),
        ...shared,
        observer,
      },
    );
}
