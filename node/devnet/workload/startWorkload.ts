/** The users of a devnet, as it was asked for them: the demo, a trace or generator, or nobody. */
import { createCrypto } from '../../../consensus/primitives/cryptoPolicy.ts';
import { chainIdOf } from '../../../settlement/execution/genesisState.ts';
import type { Config } from '../../config/types.ts';
import { createGenesis } from '../../scenario/genesis.ts';
import { TransactionFeed } from '../../scenario/timeline.ts';
import type { DevnetDescription } from '../description.ts';
import type { OpenedNetwork } from '../openNetwork.ts';
import { DemoWorkload } from './demoWorkload.ts';
import { ReplayWorkload } from './replayWorkload.ts';

/** Funded accounts that the demo leaves to whoever tries things by hand. */
export const DEMO_FIRST_ACCOUNT = 4;
/** Assets that the demo borrows: the base asset and others. */
const DEMO_ASSETS = 4;

export interface Workload {
  /** A block of this height became final. */
  noteHeight(height: number): void;
  /** Resolves when nothing more will be sent, which is at once. */
  stop(): Promise<void>;
}

/** @param onRefused - Of a trace: a transaction that no try will bring in. */
export function startWorkload(
  { folder, scenario, workload }: OpenedNetwork,
  { nodes, accounts }: DevnetDescription,
  onRefused: (code: string) => void,
): Workload | undefined {
  if (workload === 'none') return undefined;
  if (workload === 'demo') {
    return new DemoWorkload({
      seed: folder.seed,
      nodes,
      assets: demoAssets(folder.config),
      accounts: accounts.slice(DEMO_FIRST_ACCOUNT),
    });
  }
  const crypto = createCrypto('full');
  const feed = new TransactionFeed(scenario, createGenesis(scenario), crypto);
  const chainId = chainIdOf(folder.config.chain.id);
  return new ReplayWorkload({ chainId, nodes, onRefused }, feed, crypto);
}

function demoAssets({ ledger, settlement }: Config): readonly string[] {
  const { baseAsset, stakeAsset } = settlement;
  const symbols = ledger.assets.map(({ symbol }) => symbol).filter((symbol) => symbol !== stakeAsset);
  const others = symbols.filter((symbol) => symbol !== baseAsset);
  return [...others.slice(0, DEMO_ASSETS - 1), ...symbols.filter((symbol) => symbol === baseAsset)];
}
