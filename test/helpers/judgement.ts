/** What transactions are verified by on a small chain: its id, its assets, its rules of users' inputs. */
import type { Hash } from '../../consensus/primitives/flavor.ts';
import type { InputJudgement } from '../../settlement/execution/inputAuth.ts';
import type { AssetRules } from '../../settlement/ledger/types.ts';

export function judgementOf(
  chainId: Hash,
  { symbols = ['UM', 'USDC', 'TNZO'], ...inputs }: JudgementOptions = {},
): InputJudgement & { readonly chainId: Hash } {
  return {
    chainId,
    inputs: { namespace: '', takesUntargeted: true, spanMs: 7_200_000, futureMs: 300_000, ...inputs },
    ledger: {
      assets: symbols.map(assetOf),
      closeFactorBps: 5000,
      stakeAsset: 'TNZO',
      oracle: `0x${'00'.repeat(32)}`,
    },
  };
}

type JudgementOptions = Partial<InputJudgement['inputs']> & { readonly symbols?: readonly string[] };

function assetOf(symbol: string): AssetRules {
  return {
    symbol,
    decimals: 6,
    collateralFactorBps: 7500,
    liquidationThresholdBps: 8000,
    liquidationBonusBps: 500,
    price: 100_000_000n,
  };
}
