/**
 * From a scenario to genesis: rules from the configuration, keys derived from (seed, label), accounts and pools
 * funded. A pure function, so every engine and every tool makes the same chain from the same scenario.
 */

import { isAddress } from '../../consensus/primitives/address.ts';
import { fromHex, toHex } from '../../consensus/primitives/bytes.ts';
import { CodedError } from '../../consensus/primitives/codedError.ts';
import { ed25519 } from '../../consensus/primitives/ed25519.ts';
import { type Address, accountOfKey, type PublicKey } from '../../consensus/primitives/flavor.ts';
import { deriveSecretKey } from '../../consensus/primitives/keys.ts';
import type { Verifier } from '../../consensus/primitives/signature.ts';
import { ValidatorSet } from '../../consensus/validators.ts';
import type { AtomicRules } from '../../settlement/atomic/types.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import { chainIdOf } from '../../settlement/execution/genesisState.ts';
import { type InputRules, ledgerTargets } from '../../settlement/input/types.ts';
import type { GenesisAccount, LedgerRules } from '../../settlement/ledger/types.ts';
import type { AssetAmount } from '../../settlement/net/settlement.ts';
import type { NetRules } from '../../settlement/net/types.ts';
import type { Config } from '../config/types.ts';
import { createFunding, type Funding, listAnchored, listLoose } from './funding.ts';
import { createSettlementChain } from './settlementChain.ts';
import { DEFAULT_ACCOUNT, ORACLE_ACCOUNT } from './transactions.ts';
import type { Scenario, ScenarioTransaction } from './types.ts';

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
  const validators = config.validators.map(({ name }) => ({
    name,
    ...deriveKeyHolder(seed, `validator/${name}`),
  }));
  const operator =
    config.settlement.operatorKeys.length === 0 ? deriveKeyHolder(seed, 'operator') : undefined;
  const oracle = accounts.get(ORACLE_ACCOUNT) ?? deriveKeyHolder(seed, keyLabel(ORACLE_ACCOUNT));
  const genesis = assembleGenesis(config, {
    validatorKeys: validators.map(({ address }) => address as string),
    oracle: oracle.address,
    operators: operator === undefined ? config.settlement.operatorKeys : [operator.address],
    keeperOf: (label) => deriveKeyHolder(seed, keyLabel(label)).address,
    accounts: funding.accounts.map((account) => ({
      ...account,
      address: accounts.get(account.label)?.address ?? deriveKeyHolder(seed, keyLabel(account.label)).address,
    })),
    poolCash: funding.poolCash,
  });
  return { genesis, accounts, validators, operator };
}

/**
 * Genesis of a network whose configuration names every key itself, as its processes read it. Without an oracle nobody
 * sets prices, and without operators nobody changes N.
 * @throws {CodedError} `VALIDATOR_KEY_MISSING`: a validator has no `public_key`; `TREASURY_KEEPER_UNKNOWN`: a keeper is
 *   a label without an address.
 */
export function genesisOf(config: Config): Genesis {
  return assembleGenesis(config, {
    validatorKeys: config.validators.map(({ name, publicKey }) => {
      if (publicKey !== undefined) return publicKey;
      throw new CodedError(
        'VALIDATOR_KEY_MISSING',
        `validators: expected { name, stake, public_key } for each, got no public_key for ${name}: make keys with ` +
          '`npx sidereal keys` and give every process the same list',
        { validator: name },
      );
    }),
    oracle: config.ledger.oracleKey === undefined ? NOBODY : accountOfKey(config.ledger.oracleKey),
    operators: config.settlement.operatorKeys,
    keeperOf: (label) => {
      throw new CodedError(
        'TREASURY_KEEPER_UNKNOWN',
        `ledger.treasury_keepers: expected an address, or the label of an account of ledger.accounts, got "${label}"`,
        { keeper: label },
      );
    },
    accounts: [],
    poolCash: {},
  });
}

/** The configuration with everything in it that a scenario otherwise derives: what the processes of its network are given. */
export function networkConfigOf(scenario: Scenario, { genesis }: Pick<GenesisParts, 'genesis'>): Config {
  const { config, seed } = scenario;
  const { validators } = genesis.validators;
  return {
    ...config,
    validators: config.validators.map((validator, index) => ({
      ...validator,
      publicKey: validators[index]?.publicKey,
    })),
    settlement: { ...config.settlement, operatorKeys: genesis.operators.map(String) },
    settlementChain: { ...config.settlementChain, seed: config.settlementChain.seed ?? seed },
    ledger: {
      ...config.ledger,
      accounts: genesis.accounts,
      poolCash: genesis.poolCash,
      oracleKey: genesis.ledger.oracle as string,
      treasuryKeepers: genesis.atomic.treasury.keepers.map(String),
    },
  };
}

/** Keys and holdings that the configuration itself does not hold. */
interface GenesisSupplement {
  /** In validator order. */
  readonly validatorKeys: readonly PublicKey[];
  readonly oracle: Address;
  readonly operators: readonly Address[];
  /** Address of a keeper whom the configuration calls by a label that none of its own accounts has. */
  readonly keeperOf: (label: string) => Address;
  readonly accounts: readonly GenesisAccount[];
  readonly poolCash: Readonly<Record<string, bigint>>;
}

/** The one place where a configuration becomes genesis, whoever reads it. */
function assembleGenesis(config: Config, supplement: GenesisSupplement): Genesis {
  const { chain, settlement, ledger } = config;
  const validators = new ValidatorSet(
    config.validators.map(({ name, stake }, index) => ({
      name,
      publicKey: supplement.validatorKeys[index] ?? '',
      power: stake,
    })),
  );
  const chainId = chainIdOf(chain.id);
  return {
    chainId,
    blockTimeMs: chain.blockTimeMs,
    blockTransactionsMax: chain.blockTransactionsMax,
    blockBytesMax: chain.blockBytesMax,
    validators,
    ledger: toLedgerRules(config, supplement.oracle),
    net: toNetRules(config),
    atomic: toAtomicRules(config, keepersOf(config, supplement)),
    inputs: toInputRules(config),
    accounts: [...supplement.accounts, ...ledger.accounts],
    poolCash: sumOf(supplement.poolCash, ledger.poolCash),
    operators: supplement.operators,
    settlementGenesisHash: createSettlementChain(
      { config, seed: 0 },
      { chainId, validators, verifier: neverVerifier },
    ).genesis.hash,
    originDelayMs: settlement.originDelayMs,
    originConfirmations: settlement.originConfirmations,
    originLagMax: settlement.originLagMax,
  };
}

/** The key of nobody: no secret key leads to it. */
const NOBODY: Address = `0x${'00'.repeat(32)}`;

function sumOf(
  first: Readonly<Record<string, bigint>>,
  second: Readonly<Record<string, bigint>>,
): Readonly<Record<string, bigint>> {
  const sum = { ...first };
  for (const [symbol, amount] of Object.entries(second)) sum[symbol] = (sum[symbol] ?? 0n) + amount;
  return sum;
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

/** Keys of every account that is funded, sends or receives, and of keepers called by a label. */
function deriveAccounts(scenario: Scenario, funding: Funding): Map<string, KeyHolder> {
  const labels = namedAccounts(scenario);
  for (const { label } of funding.accounts) labels.add(label);
  return new Map([...labels].map((label) => [label, deriveKeyHolder(scenario.seed, keyLabel(label))]));
}

/** Labels of the oracle, of keepers, and of everybody who sends or receives in the scenario's own transactions. */
export function namedAccounts(scenario: Pick<Scenario, 'config' | 'timeline' | 'workload'>): Set<string> {
  const labels = new Set<string>([ORACLE_ACCOUNT]);
  for (const keeper of scenario.config.ledger.treasuryKeepers) if (!isAddress(keeper)) labels.add(keeper);
  for (const { account, operation } of [...listAnchored(scenario), ...listLoose(scenario)]) {
    labels.add(account ?? DEFAULT_ACCOUNT);
    if (operation.type === 'transfer' || operation.type === 'cross_chain_send') labels.add(operation.to);
    if (operation.type === 'liquidate') labels.add(operation.borrower);
    if (operation.type === 'atomic_batch') {
      for (const { from, to, proof } of operation.requests) {
        labels.add(to);
        if (from !== undefined) labels.add(from);
        if (proof?.kind === 'cryptographic') labels.add(proof.signer);
        if (proof?.kind === 'multi_party') for (const signer of proof.signers) labels.add(signer);
      }
      for (const signer of operation.signers) labels.add(signer);
    }
    for (const label of channelLabels(operation)) labels.add(label);
    if (operation.type === 'escrow_open') for (const party of operation.parties) labels.add(party);
    if (operation.type === 'treasury_propose' || operation.type === 'treasury_approve') {
      labels.add(operation.to);
    }
  }
  for (const { deposits = [] } of scenario.timeline) {
    for (const { account, to } of deposits) labels.add(account).add(to);
  }
  return labels;
}

/** Who is named by what a transaction does with a channel, beside its sender. */
function channelLabels(operation: ScenarioTransaction['operation']): readonly string[] {
  switch (operation.type) {
    case 'channel_open':
      return [operation.to];
    case 'channel_close':
      return operation.signers;
    case 'channel_unilateral_close':
      return operation.voucher === undefined ? [] : [operation.voucher.payer];
    case 'channel_dispute':
      return [operation.voucher.payer];
    default:
      return [];
  }
}

function toLedgerRules({ ledger, settlement }: Config, oracle: Address): LedgerRules {
  return {
    assets: ledger.assets,
    closeFactorBps: ledger.closeFactorBps,
    stakeAsset: settlement.stakeAsset,
    oracle,
  };
}

function keepersOf({ ledger }: Config, { keeperOf }: GenesisSupplement): readonly Address[] {
  return ledger.treasuryKeepers.map((keeper) => {
    if (isAddress(keeper)) return keeper;
    return ledger.accounts.find(({ label }) => label === keeper)?.address ?? keeperOf(keeper);
  });
}

function toAtomicRules(config: Config, keepers: readonly Address[]): AtomicRules {
  const { ledger, atomicBatches, settlement } = config;
  const { requestsMax, valueMax, valueMaxByAsset, accountsMax, timeoutBlocks, gasMax } = atomicBatches;
  const { channelDisputeMs } = atomicBatches;
  const { requiredProofs, attestationRoots, measurements, verifyingKeys } = atomicBatches;
  const { networkFeeBps, feeMin, flushIntervalBlocks } = ledger;
  return {
    requestsMax,
    valueMax: { ...valueMaxByAsset, [settlement.stakeAsset]: valueMax },
    accountsMax,
    timeoutBlocks,
    gasMax,
    networkFeeBps,
    feeMin,
    flushIntervalBlocks,
    channelDisputeMs,
    treasury: {
      keepers,
      threshold: ledger.treasuryThreshold,
      timeoutBlocks: ledger.treasuryTimeoutBlocks,
    },
    feeGovernance: {
      votingPeriodMs: ledger.feeVotingPeriodMs,
      activationDelayMs: ledger.feeActivationDelayMs,
      quorumBps: ledger.feeQuorumBps,
      passThresholdBps: ledger.feePassThresholdBps,
    },
    proofs: {
      trust: {
        attestationRoots: attestationRoots.map(fromHex),
        measurements,
        verifyingKeys: verifyingKeys.map(fromHex),
      },
      required: requiredProofs,
      genesisMs: proofGenesisMsOf(config),
    },
  };
}

function toInputRules({ batcher }: Config): InputRules {
  const targets: readonly string[] = ledgerTargets;
  return {
    namespace: batcher.namespace,
    takesUntargeted: targets.includes(batcher.defaultTarget),
    spanMs: batcher.executionSpanMs,
    futureMs: batcher.freshnessFutureMs,
  };
}

/** What genesis counts as where nothing says more, in ms since 1970: 2026-01-01T00:00:00Z. */
const PROOF_GENESIS_MS = 1_767_225_600_000;

/** The instant that genesis counts as where certificates of proofs are judged, in ms since 1970. */
export function proofGenesisMsOf({ atomicBatches, chain }: Pick<Config, 'atomicBatches' | 'chain'>): number {
  return atomicBatches.proofGenesisMs ?? chain.genesisMs ?? PROOF_GENESIS_MS;
}

function toNetRules({ chain, settlement, settlementChain }: Config): NetRules {
  return {
    batchSize: settlement.batchSize,
    batchSizeMin: settlement.batchSizeMin,
    batchSizeMax: settlement.batchSizeMax,
    adaptive: settlement.adaptive,
    congestedBaseFee: settlement.congestedBaseFee,
    exposureMax: toAssetAmounts(settlement.exposureMax),
    sealLeadMs: settlement.sealLeadMs,
    blockTimeMs: chain.blockTimeMs,
    settlementBlockTimeMs: settlementChain.blockTimeMs,
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

function toAssetAmounts(amounts: Readonly<Record<string, bigint>>): readonly AssetAmount[] {
  return Object.entries(amounts)
    .map(([asset, amount]) => ({ asset, amount }))
    .sort((a, b) => (a.asset < b.asset ? -1 : 1));
}
