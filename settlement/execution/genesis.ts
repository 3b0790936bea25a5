/** Everything a network must agree on before its first block. Equal genesis, equal chain. */
import type { Address, Amount, Hash } from '../../consensus/primitives/flavor.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';
import type { AtomicRules } from '../atomic/types.ts';
import type { InputRules } from '../input/types.ts';
import type { GenesisAccount, LedgerRules } from '../ledger/types.ts';
import type { NetRules } from '../net/types.ts';

export interface Genesis {
  readonly chainId: Hash;
  readonly blockTimeMs: number;
  readonly blockTransactionsMax: number;
  readonly blockBytesMax: number;
  readonly validators: ValidatorSet;
  readonly ledger: LedgerRules;
  readonly net: NetRules;
  readonly atomic: AtomicRules;
  readonly inputs: InputRules;
  readonly accounts: readonly GenesisAccount[];
  /** Pool cash at genesis by asset, beyond what deposits brought and debts took. */
  readonly poolCash: Readonly<Record<string, Amount>>;
  /** Accounts whose `settle_now` and `set_batch_size` count. */
  readonly operators: readonly Address[];
  /** Hash of the settlement chain's block 0: the origin of the sidechain's genesis block. */
  readonly settlementGenesisHash: Hash;
  /** Newest settlement-chain block a header may name: at least this much older than the header, in ms. */
  readonly originDelayMs: number;
  readonly originConfirmations: number;
  readonly originLagMax: number;
}
