/**
 * From a scenario to genesis: rules from the configuration, keys derived from (seed, label), accounts and pools
 * funded. A pure function, so every engine and every tool makes the same chain from the same scenario.
 */

import { toHex } from '../../consensus/primitives/bytes.ts';
import { ed25519 } from '../../consensus/primitives/ed25519.ts';
import type { Address } from '../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import { ValidatorSet } from '../../consensus/validators.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { chainIdOf } from '../../settlement/execution/genesisState.ts';
import type { LedgerRules } from '../../settlement/ledger/types.ts';
import type { NetRules } from '../../settlement/net/types.ts';
import type { Config } from '../config/types.ts';
import { createFunding, type Funding, listAnchored, listLoose } from './funding.ts';
import { createSettlementChain } from './settlementChain.ts';
import { DEFAULT_ACCOUNT, ORACLE_ACCOUNT } from './transactions.ts';
import type { Scenario } from './types.ts';

export interface KeyHolder {
  /** The ed25519 public key, as `0x` hex. */
  readonly address: Address;
  readonly secretKey: Uint8Array;
}

export interface GenesisParts {
  readonly genesis: Genesis;
  /** By label; the genesis oracle is `oracle`. */
  readonly accounts: ReadonlyMap<string, KeyHolder>;
  /** In validator order. */
  readonly validators: readonly (KeyHolder & { readonly name: string })[];
  /** Signs `settle_now` and `set_batch_size`; undefined when the configuration names keys of its own. */
  readonly operator: KeyHolder | undefined;
}

/** Derives the key of a label: `validator/<name>`, `account/<label>`, `oracle` or `operator`. */
export function deriveKeyHolder(seed: number | string, label: string): KeyHolder {
  const secretKey = deriveSecretKey(seed, label);
  return { address: toHex(ed25519.publicKeyOf(secretKey)), secretKey };
}

/** Makes genesis and every key that the scenario's transactions need. */
export function createGenesis(scenario: Scenario): GenesisParts {
  const { config, seed } = scenario;
  const funding = scenario.autoFund ? createFunding(scenario) : writtenFunding(scenario);
  const accounts = deriveAccounts(scenario, funding);
  const oracle = accounts.get(ORACLE_ACCOUNT) ?? deriveKeyHolder(seed, 'oracle');
  const validators = config.validators.map(({ name, stake }) => ({
    name,
    stake,
    ...deriveKeyHolder(seed, `validator/${name}`),
  }));
  const operator =
    config.settlement.operatorKeys.length === 0 ? deriveKeyHolder(seed, 'operator') : undefined;
  const validatorSet = new ValidatorSet(
    validators.map(({ name, address, stake }) => ({ name, publicKey: address as string, power: stake })),
  );
  const chainId = chainIdOf(config.chain.id);
  const genesis: Genesis = {
    chainId,
    blockTimeMs: config.chain.blockTimeMs,
    blockTransactionsMax: config.chain.blockTransactionsMax,
    blockBytesMax: config.chain.blockBytesMax,
    validators: validatorSet,
    ledger: toLedgerRules(config, oracle.address),
    net: toNetRules(config),
    accounts: funding.accounts.map(({ label, balances, deposits, debts }) => ({
      address: accounts.get(label)?.address ?? deriveKeyHolder(seed, keyLabel(label)).address,
      label,
      balances,
      deposits,
      debts,
    })),
    poolCash: funding.poolCash,
    operators: operator === undefined ? config.settlement.operatorKeys : [operator.address],
    settlementGenesisHash: createSettlementChain(scenario, {
      chainId,
      validators: validatorSet,
      verifier: neverVerifier,
    }).genesis.hash,
    originDelayMs: config.settlement.originDelayMs,
    originConfirmations: config.settlement.originConfirmations,
    originLagMax: config.settlement.originLagMax,
  };
  return {
    genesis,
    accounts,
    validators: validators.map(({ name, address, secretKey }) => ({ name, address, secretKey })),
    operator,
  };
}

/** The settlement chain's block 0 needs no signature checked. */
const neverVerifier: Verifier = { verify: () => false };

/** What a scenario with `auto_fund: false` writes itself. */
export function writtenFunding({ accounts, poolCash }: Pick<Scenario, 'accounts' | 'poolCash'>): Funding {
  return { accounts: accounts ?? [], poolCash: poolCash ?? {} };
}

function keyLabel(label: string): string {
  return label === ORACLE_ACCOUNT ? 'oracle' : `account/${label}`;
}

/** Keys of every account that is funded, sends or receives. */
function deriveAccounts(scenario: Scenario, funding: Funding): Map<string, KeyHolder> {
  const labels = new Set<string>([ORACLE_ACCOUNT, ...funding.accounts.map(({ label }) => label)]);
  for (const { account, operation } of [...listAnchored(scenario), ...listLoose(scenario)]) {
    labels.add(account ?? DEFAULT_ACCOUNT);
    if (operation.type === 'transfer') labels.add(operation.to);
    if (operation.type === 'liquidate') labels.add(operation.borrower);
  }
  return new Map([...labels].map((label) => [label, deriveKeyHolder(scenario.seed, keyLabel(label))]));
}

function toLedgerRules({ ledger, settlement }: Config, oracle: Address): LedgerRules {
  return {
    assets: ledger.assets,
    closeFactorBps: ledger.closeFactorBps,
    stakeAsset: settlement.stakeAsset,
    oracle,
  };
}

function toNetRules({ settlement }: Config): NetRules {
  return {
    batchSize: settlement.batchSize,
    batchSizeMin: settlement.batchSizeMin,
    batchSizeMax: settlement.batchSizeMax,
    adaptive: settlement.adaptive,
    congestedBaseFee: settlement.congestedBaseFee,
    baseAsset: settlement.baseAsset,
    slippageBps: settlement.slippageBps,
    submissionDeadlineBlocks: settlement.submissionDeadlineBlocks,
    maxAttempts: settlement.maxAttempts,
    settlementGasReserve: settlement.settlementGasReserve,
    feeCap: settlement.feeCap,
    missedSlashBps: settlement.missedSlashBps,
    equivocationSlashBps: settlement.equivocationSlashBps,
    jailAfterMisses: settlement.jailAfterMisses,
    jailWindow: settlement.jailWindow,
    jailBlocks: settlement.jailBlocks,
  };
}
