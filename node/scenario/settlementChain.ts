/** The mock settlement chain that a scenario asks for. Its block 0 is part of genesis, so there is one way to make it. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import { Random } from '../../consensus/primitives/random.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import { MockSettlementChain } from '../../settlement/chain/mockChain.ts';
import type { Scenario } from './types.ts';

/** Blocks that the chain keeps where its user does not say: more than any origin may lag. */
const HISTORY_BLOCKS_DEFAULT = 4096;

export interface SettlementChainParts {
  readonly chainId: Hash;
  readonly validators: ValidatorSet;
  readonly verifier: Verifier;
  /** Newest blocks kept for nodes that ask. */
  readonly historyBlocks?: number;
  /** Deepest reorganisation that will be asked for, in blocks. */
  readonly reorgDepthMax?: number;
}

/** Makes the settlement chain of a run: equal scenarios and seeds give equal block hashes. */
export function createSettlementChain(
  { config, seed }: Pick<Scenario, 'config' | 'seed'>,
  parts: SettlementChainParts,
): MockSettlementChain {
  const { settlementChain, settlement, ledger } = config;
  return new MockSettlementChain(
    {
      chainId: parts.chainId,
      blockTimeMs: settlementChain.blockTimeMs,
      phaseMs: settlementChain.phaseMs,
      gasLimit: settlementChain.gasLimit,
      baseFeeInitial: settlementChain.baseFeeInitial,
      background: settlementChain.background,
      baseAsset: settlement.baseAsset,
      assets: ledger.assets.map(({ symbol }) => symbol),
      pools: settlementChain.pools,
      treasury: settlementChain.treasury,
      bridgeLiquidity: settlementChain.bridgeLiquidity,
      bridgeFees: { networkFeeBps: ledger.networkFeeBps, feeMin: ledger.feeMin },
      validators: parts.validators,
      random: new Random(settlementChain.seed ?? seed).fork('settlement_chain'),
      historyBlocks: parts.historyBlocks ?? HISTORY_BLOCKS_DEFAULT,
      ...(parts.reorgDepthMax === undefined ? {} : { reorgDepthMax: parts.reorgDepthMax }),
    },
    { verifier: parts.verifier },
  );
}
