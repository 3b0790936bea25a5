/**
 * The configuration's schema: every key of config.yaml with unit, default and meaning. config.yaml, the JSON Schema
 * (`sidereal config --schema`) and the checks come from here; cross-field rules are in rules.ts.
 */
import { z } from 'zod';
import { VALIDATOR_COUNT_MAX, VALIDATOR_POWER_MAX } from '../../consensus/validators.ts';
import { PROOF_SIGNERS_MAX } from '../../settlement/atomic/proofs/limits.ts';
import { proofKinds } from '../../settlement/atomic/proofs/proofJson.ts';
import { TRUST_ITEMS_MAX } from '../../settlement/atomic/proofs/proofTrust.ts';
import { KEEPERS_MAX } from '../../settlement/atomic/treasuryTables.ts';
import { batcherGroup } from './batcherSchema.ts';
import {
  address,
  amount,
  amountValue,
  bps,
  choice,
  flag,
  group,
  integer,
  name,
  optionalAmount,
  optionalInteger,
  optionalPublicKey,
  publicKey,
  symbol,
  text,
  textList,
} from './fields.ts';

const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
/** Accounts that a configuration may fund; far above what devnets and scenarios need. */
const ACCOUNTS_MAX = 100_000;
/** The year 9999, which certificates end with; chain time counts on from there. */
const PROOF_GENESIS_MS_MAX = 253_402_300_799_999;
const EVM = 'settlement on an EVM chain';

const stakeValue = z
  .int({ error: `an integer from 1 to ${VALIDATOR_POWER_MAX}` })
  .min(1, { error: `an integer from 1 to ${VALIDATOR_POWER_MAX}` })
  .max(VALIDATOR_POWER_MAX, { error: `an integer from 1 to ${VALIDATOR_POWER_MAX}` });
const countValue = z
  .int({ error: `an integer from 1 to ${VALIDATOR_COUNT_MAX}` })
  .min(1, { error: `an integer from 1 to ${VALIDATOR_COUNT_MAX}` })
  .max(VALIDATOR_COUNT_MAX, { error: `an integer from 1 to ${VALIDATOR_COUNT_MAX}` });

const validators = z
  .union(
    [
      z.strictObject({ count: countValue.default(4), stake: stakeValue.default(1000) }),
      z
        .array(
          z.strictObject({
            name: name(),
            stake: stakeValue.default(1000),
            public_key: publicKey().optional(),
          }),
        )
        .min(1, { error: 'at least one validator' })
        .max(VALIDATOR_COUNT_MAX, { error: `at most ${VALIDATOR_COUNT_MAX} validators` }),
    ],
    { error: '{ count, stake } or a list of { name, stake, public_key }' },
  )
  .default({ count: 4, stake: 1000 })
  .meta({
    description:
      'Validators node-0 … with equal stake, or a list of { name, stake, public_key }; stake is also voting power; a key that is absent is derived from the seed',
    unit: 'smallest units of stake_asset',
  });

const gasValue = z.int({ error: 'an integer >= 0' }).min(0, { error: 'an integer >= 0' });
const background = z
  .union(
    [
      z.literal('none'),
      z.strictObject({ type: z.literal('none') }),
      z.strictObject({ type: z.literal('constant'), gas: gasValue }),
      z.strictObject({
        type: z.literal('bursts'),
        gas_mean: gasValue,
        burst_probability: z
          .number({ error: 'a number from 0 to 1' })
          .min(0, { error: 'a number from 0 to 1' })
          .max(1, { error: 'a number from 0 to 1' }),
        burst_blocks: z.int({ error: 'an integer >= 1' }).min(1, { error: 'an integer >= 1' }),
      }),
      z.strictObject({
        type: z.literal('trace'),
        file: z.string({ error: 'the path of a CSV file' }).optional(),
        base_fees: z
          .array(amountValue(), { error: 'a list of base fees' })
          .min(1, { error: 'at least one base fee' })
          .optional(),
      }),
    ],
    {
      error:
        'none, { type: constant, gas }, { type: bursts, gas_mean, burst_probability, burst_blocks } or { type: trace, file | base_fees }',
    },
  )
  .default('none')
  .meta({
    description:
      'Demand of others: none, { type: constant, gas }, { type: bursts, gas_mean, burst_probability, burst_blocks }, { type: trace, file: fees.csv }',
    unit: 'gas a block',
  });

const pools = z
  .union(
    [
      z.null(),
      z.array(z.strictObject({ asset: symbol(), asset_reserve: amountValue(), base_reserve: amountValue() })),
    ],
    { error: 'a list of { asset, asset_reserve, base_reserve }, or null' },
  )
  .default(null)
  .meta({
    description: 'Swap pools against base_asset; null: every asset 1:1 with 10^36 units a side',
    unit: 'list of { asset, asset_reserve, base_reserve }',
  });

const treasury = z
  .union([z.null(), z.record(symbol(), amountValue())], { error: 'a map of asset to amount, or null' })
  .default(null)
  .meta({
    description: 'Settlement treasury at genesis; null: 10^36 units of every asset',
    unit: 'map of asset to amount',
  });

const bridgeLiquidity = z
  .union([z.null(), z.record(symbol(), amountValue())], { error: 'a map of asset to amount, or null' })
  .default(null)
  .meta({
    description:
      'What the bridge can lock for transfers out of the sidechain; null: 10^36 units of every asset',
    unit: 'map of asset to amount',
  });

/** Price of one whole unit in 10^-8 USD: round figures of the assets' order of magnitude, for scenarios. */
function asset(assetSymbol: string, decimals: number, price: string) {
  return {
    symbol: assetSymbol,
    decimals,
    collateral_factor_bps: 7500,
    liquidation_threshold_bps: 8000,
    liquidation_bonus_bps: 500,
    price,
  };
}

const holdings = z
  .record(symbol(), amountValue(), { error: 'a map of asset to amount' })
  .default({})
  .meta({ unit: 'map of asset to amount' });

const accounts = z
  .array(
    z.strictObject({
      address: address(),
      label: name().optional(),
      balances: holdings,
      deposits: holdings,
      debts: holdings,
    }),
    { error: 'a list of { address, label, balances, deposits, debts }' },
  )
  .max(ACCOUNTS_MAX, { error: `at most ${ACCOUNTS_MAX} accounts` })
  .default([])
  .meta({
    description: 'Accounts that genesis funds, beside those of a scenario',
    unit: 'list of { address, label, balances, deposits, debts }',
  });

const bpsValue = z
  .int({ error: 'an integer from 0 to 10000' })
  .min(0, { error: 'an integer from 0 to 10000' })
  .max(10_000, { error: 'an integer from 0 to 10000' });

const assets = z
  .array(
    z.strictObject({
      symbol: symbol(),
      decimals: z
        .int({ error: 'an integer from 0 to 30' })
        .min(0, { error: 'an integer from 0 to 30' })
        .max(30, { error: 'an integer from 0 to 30' }),
      collateral_factor_bps: bpsValue.default(7500),
      liquidation_threshold_bps: bpsValue.default(8000),
      liquidation_bonus_bps: bpsValue.default(500),
      price: amountValue().default('100000000'),
    }),
    { error: 'a list of assets' },
  )
  .min(1, { error: 'at least one asset' })
  .max(256, { error: 'at most 256 assets' })
  .default([
    asset('UM', 6, '100000000'),
    asset('USDC', 6, '100000000'),
    asset('USDT', 6, '100000000'),
    asset('TNZO', 18, '100000000'),
    asset('DAI', 18, '100000000'),
    asset('WETH', 18, '250000000000'),
    asset('ETH', 18, '250000000000'),
    asset('WBTC', 8, '5000000000000'),
  ])
  .meta({
    description:
      'Assets with collateral rules and genesis price; scenarios add the assets they name (18 decimals, 1 USD)',
    unit: 'price: 10^-8 USD a whole unit',
  });

const requiredProofs = z
  .array(
    z.strictObject({
      payer: address().optional(),
      asset: symbol().optional(),
      kinds: z
        .array(z.enum(proofKinds, { error: `one of ${proofKinds.join(', ')}` }), {
          error: 'a list of kinds of proofs',
        })
        .min(1, { error: 'at least one kind of proof' })
        .max(proofKinds.length, { error: 'each kind of proof once' }),
      signers: z
        .array(address(), { error: 'a list of addresses' })
        .max(PROOF_SIGNERS_MAX, { error: `at most ${PROOF_SIGNERS_MAX} signers` })
        .default([]),
      threshold: z
        .int({ error: `an integer from 1 to ${PROOF_SIGNERS_MAX}` })
        .min(1, { error: `an integer from 1 to ${PROOF_SIGNERS_MAX}` })
        .max(PROOF_SIGNERS_MAX, { error: `an integer from 1 to ${PROOF_SIGNERS_MAX}` })
        .default(1),
    }),
    { error: 'a list of { payer, asset, kinds, signers, threshold }' },
  )
  .max(TRUST_ITEMS_MAX, { error: `at most ${TRUST_ITEMS_MAX} entries` })
  .default([])
  .meta({
    description:
      'Settlements of a payer, in an asset, or of all that need a proof of one of these kinds; one of signatures by `threshold` of `signers`, without whom by the payer',
    unit: 'list of { payer, asset, kinds, signers, threshold }',
  });

/** A list of what a network trusts. */
function trusted<Item extends z.ZodType>(
  item: Item,
  meta: { readonly unit: string; readonly description: string },
) {
  return z
    .array(item, { error: `a ${meta.unit}` })
    .max(TRUST_ITEMS_MAX, { error: `at most ${TRUST_ITEMS_MAX} entries` })
    .default([])
    .meta(meta);
}

export const configSchema = z.strictObject(
  {
    chain: group(
      {
        id: text('sidereal', { description: 'Name of the chain; part of the genesis hash' }),
        block_time_ms: integer(2000, 10, DAY_MS, {
          unit: 'ms',
          description: 'Time between sidechain blocks',
        }),
        block_transactions_max: integer(1000, 1, 100_000, {
          unit: 'transactions',
          description: 'Most transactions in a block',
        }),
        block_bytes_max: integer(1_048_576, 1024, 67_108_864, {
          unit: 'bytes',
          description: 'Largest block',
        }),
        genesis_ms: optionalInteger(0, Number.MAX_SAFE_INTEGER, {
          unit: 'ms since 1970',
          description: 'Genesis instant of a network in real time; null: the devnet chooses it',
        }),
      },
      'The sidechain',
    ),
    validators,
    consensus: group(
      {
        delta_ms: integer(500, 1, DAY_MS, {
          unit: 'ms',
          description: 'Assumed longest delay of a message; leader timer 2x, advance timer 3x',
        }),
        inactive_views: integer(8, 1, 1000, {
          unit: 'views',
          description: 'A leader silent for this many views is skipped at once',
        }),
        certificates: choice(['ed25519', 'bls12381'], 'ed25519', {
          description: 'Signature scheme of certificates',
          feature: 'BLS12-381 certificates',
        }),
      },
      'Agreement',
    ),
    settlement: group(
      {
        batch_size: integer(5, 1, 10_000, { unit: 'blocks', description: 'N: blocks netted into one batch' }),
        batch_size_min: integer(1, 1, 10_000, { unit: 'blocks', description: 'Lower bound of N' }),
        batch_size_max: integer(100, 1, 10_000, { unit: 'blocks', description: 'Upper bound of N' }),
        adaptive: choice(['fixed', 'seed003', 'aligned'], 'fixed', {
          description:
            'How N changes: fixed, by base fee and backlog (seed003), or in step with settlement blocks (aligned)',
        }),
        congested_base_fee: amount('2000000000', {
          unit: 'fee per gas',
          description: 'seed003, aligned: base fee above which N grows',
        }),
        exposure_max: holdings.meta({
          unit: 'map of asset to amount',
          description:
            'aligned: net of a window that the next one should not exceed; an asset without an entry has no bound',
        }),
        seal_lead_ms: integer(500, 0, DAY_MS, {
          unit: 'ms',
          description: 'aligned: time from a sealing block until its batch is at the settlement chain',
        }),
        base_asset: symbol().default('USDC').meta({ description: 'Asset that swaps are paid in' }),
        stake_asset: symbol().default('TNZO').meta({ description: 'Asset of bonded stake and slashes' }),
        slippage_bps: bps(100, { description: 'Added to a swap quote to get the most it may cost' }),
        submission_deadline_blocks: integer(6, 1, 10_000, {
          unit: 'settlement blocks',
          description: 'Duty clock: a batch unsettled after more is missed',
        }),
        resubmit_after_blocks: integer(2, 1, 10_000, {
          unit: 'settlement blocks',
          description: 'A submission not included for this long is replaced with higher fees',
        }),
        fee_cap: optionalAmount({
          unit: 'fee per gas',
          description:
            'Most a submitter offers, and base fee above which a block does not count; null: 1000 x base_fee_initial',
        }),
        tip: amount('100000000', {
          unit: 'fee per gas',
          description: 'Priority fee that a submitter offers',
        }),
        max_attempts: integer(3, 1, 100, {
          unit: 'reverts',
          description: 'Reverts of one holder before the duty passes on',
        }),
        origin_confirmations: integer(0, 0, 1000, {
          unit: 'settlement blocks',
          description: 'Blocks that must lie above a settlement origin',
        }),
        origin_delay_ms: optionalInteger(0, DAY_MS, {
          unit: 'ms',
          description: 'Least age of a settlement origin; null: half of chain.block_time_ms',
        }),
        origin_lag_max: integer(12, 1, 10_000, {
          unit: 'settlement blocks',
          description: 'Most that an origin may lag the newest one a voter sees',
        }),
        open_rescue: flag(false, {
          description: 'Honest nodes settle for a holder whose deadline is half over',
        }),
        missed_slash_bps: bps(100, { description: 'Slash for a missed settlement' }),
        equivocation_slash_bps: bps(500, { description: 'Slash for equivocation' }),
        jail_after_misses: integer(3, 1, 1000, {
          unit: 'misses',
          description: 'Misses within jail_window that lead to jail',
        }),
        jail_window: integer(10, 1, 1000, {
          unit: 'duties',
          description: 'Duties over which misses are counted',
        }),
        jail_blocks: integer(150, 1, 1_000_000_000, { unit: 'blocks', description: 'Length of jail' }),
        settlement_gas_reserve: integer(1_000_000, 0, 2_000_000_000, {
          unit: 'gas',
          description: 'A settlement block with less gas free is full and does not count',
        }),
        operator_keys: textList({
          unit: '0x ed25519 public keys',
          description: 'Who may seal early and change N; empty: a key derived from the seed',
        }),
      },
      'Windows, net batches and proposer duty',
    ),
    settlement_chain: group(
      {
        kind: choice(['mock', 'evm'], 'mock', {
          description: 'The built-in chain, or a real EVM chain',
          feature: EVM,
        }),
        urls: textList({
          unit: 'URLs',
          description: 'RPC addresses of the chain, for nodes that are processes of their own',
        }),
        block_time_ms: integer(5000, 10, DAY_MS, {
          unit: 'ms',
          description: 'Time between settlement blocks',
        }),
        phase_ms: integer(0, 0, DAY_MS, {
          unit: 'ms',
          description: 'Time of settlement block 0 after genesis',
        }),
        gas_limit: integer(10_000_000, 100_000, 2_000_000_000, {
          unit: 'gas',
          description: 'Gas of a settlement block; half of it is the fee target',
        }),
        base_fee_initial: amount('1000000000', {
          unit: 'fee per gas',
          description: 'Base fee of the first block, 1 gwei',
        }),
        seed: optionalInteger(0, Number.MAX_SAFE_INTEGER, {
          description: 'Seed of the demand of others; null: that of the scenario',
        }),
        background,
        pools,
        treasury,
        bridge_liquidity: bridgeLiquidity,
      },
      'The settlement chain',
    ),
    ledger: group(
      {
        assets,
        accounts,
        pool_cash: holdings.meta({
          description: 'Cash of the lending pool at genesis, beyond deposits and debts',
          unit: 'map of asset to amount',
        }),
        oracle_key: optionalPublicKey({
          description: 'Who may set prices; empty: a key derived from the seed',
        }),
        close_factor_bps: bps(5000, {
          description: 'Largest share of a debt that one liquidation may repay',
        }),
        treasury_keepers: textList({
          unit: 'addresses, or labels of accounts',
          description: 'Keepers of the treasury, as a rule five; without any nothing is withdrawn',
        }),
        treasury_threshold: integer(3, 1, KEEPERS_MAX, {
          unit: 'keepers',
          description: 'How many keepers agree to a withdrawal',
        }),
        treasury_timeout_blocks: integer(302_400, 1, 1_000_000, {
          unit: 'blocks',
          description:
            'Most blocks ahead that the last height of a withdrawal may lie when it is proposed: 7 days at 2 s',
        }),
        network_fee_bps: bps(50, {
          description:
            'Network fee on an atomic settlement, withheld from the payee, until validators vote for another',
        }),
        fee_voting_period_ms: integer(259_200_000, 1, YEAR_MS, {
          unit: 'ms of chain time',
          description: 'How long validators may vote on a proposed network fee: 3 days',
        }),
        fee_activation_delay_ms: integer(604_800_000, 0, YEAR_MS, {
          unit: 'ms of chain time',
          description: 'From the end of the votes to the new network fee: 7 days',
        }),
        fee_quorum_bps: integer(6667, 1, 10_000, {
          unit: 'bps',
          description: 'Least share of the bonded stake that votes on a network fee, or it is rejected',
        }),
        fee_pass_threshold_bps: integer(5000, 0, 9999, {
          unit: 'bps',
          description: 'A network fee passes with more than this share of the stake that voted',
        }),
        fee_min: amount('1', {
          unit: 'smallest units',
          description: 'Least network fee of an atomic settlement; never more than its amount',
        }),
        flush_interval_blocks: integer(100, 1, 1_000_000, {
          unit: 'blocks',
          description: 'How often gathered network fees go to the treasury',
        }),
      },
      'Accounts and lending pool',
    ),
    atomic_batches: group(
      {
        requests_max: integer(1000, 1, 100_000, {
          unit: 'requests',
          description: 'Most requests in an atomic batch',
        }),
        value_max: amount('10000000000000000000000000', {
          unit: 'smallest units of settlement.stake_asset',
          description: 'Largest value of an atomic batch in the stake asset: 10,000,000 TNZO',
        }),
        value_max_by_asset: holdings.meta({
          description: 'Largest value of an atomic batch in other assets; one that is not named has no cap',
          unit: 'map of asset to amount',
        }),
        accounts_max: integer(10_000, 1, 1_000_000, {
          unit: 'accounts',
          description: 'Most distinct accounts, payers and payees, in an atomic batch',
        }),
        timeout_blocks: integer(15, 1, 1_000_000, {
          unit: 'blocks',
          description:
            'Most blocks ahead that the last height of an atomic batch may lie when it is executed',
        }),
        gas_max: integer(150_000, 1000, 1_000_000_000, {
          unit: 'gas, about 1 us each',
          description: 'Gas of all atomic batches of a block together',
        }),
        channel_dispute_ms: integer(DAY_MS, 1, 366 * DAY_MS, {
          unit: 'ms',
          description:
            'How long, by the time of blocks, better vouchers count after one side began to close a channel',
        }),
        required_proofs: requiredProofs,
        attestation_roots: trusted(z.string({ error: 'PEM, or DER as 0x hex' }), {
          unit: 'list of certificates as PEM, or DER as 0x hex',
          description: 'Roots that attestation documents may lead to; empty: none holds',
        }),
        measurements: trusted(z.record(z.string(), z.string(), { error: 'a map of register to 0x hex' }), {
          unit: 'list of maps of register to 48 bytes as 0x hex',
          description: 'Programs that enclaves may run: all registers of one entry; empty: any program',
        }),
        verifying_keys: trusted(z.union([z.string(), z.record(z.string(), z.unknown())]), {
          unit: 'list of verification_key.json of snarkjs, or bytes as 0x hex',
          description: 'Verifying keys of Groth16 proofs; empty: none holds',
        }),
        proof_genesis_ms: optionalInteger(0, PROOF_GENESIS_MS_MAX, {
          unit: 'ms since 1970',
          description:
            'Instant that genesis counts as where certificates of proofs are judged; null: chain.genesis_ms, without which 2026-01-01',
        }),
      },
      'Limits of atomic batches and channels, and proofs of settlements',
    ),
    batcher: batcherGroup,
    auto_batch: group(
      {
        enabled: flag(false, { description: 'Join queued orders of one party into atomic submissions' }),
        max_size: integer(100, 1, 10_000, { unit: 'orders', description: 'Most orders in one submission' }),
        max_attempts: integer(5, 1, 1000, {
          unit: 'attempts',
          description: 'Submissions of one batch before it fails',
        }),
        node: name()
          .default('node-0')
          .meta({ description: 'Node that runs the engine with an in-memory database' }),
        node_api: text('', {
          unit: 'URL',
          description: 'HTTP API of that node, which the others name; a devnet fills it in',
        }),
        db_type: choice(['in-memory', 'psql'], 'in-memory', { description: 'Where orders are kept' }),
        db_url: text('', { description: 'Address of the database for psql' }),
        batch_interval_ms: integer(1000, 1, DAY_MS, {
          unit: 'ms',
          description: 'Pause of the batching loop',
        }),
        monitor_interval_ms: integer(1000, 1, DAY_MS, {
          unit: 'ms',
          description: 'Pause of the monitoring loop',
        }),
        retry_interval_ms: integer(5000, 1, DAY_MS, {
          unit: 'ms',
          description: 'Pause of the retrying loop',
        }),
        recovery_interval_ms: integer(1000, 1, DAY_MS, {
          unit: 'ms',
          description: 'Pause of the recovery loop',
        }),
        retention_ms: integer(7 * DAY_MS, 1, 366 * DAY_MS, {
          unit: 'ms',
          description: 'How long an order is kept after its end',
        }),
        kept_orders_max: integer(100_000, 1, 100_000_000, {
          unit: 'orders',
          description: 'Most ended orders that are kept; the oldest go first',
        }),
      },
      'The order engine',
    ),
    node: group(
      {
        name: text('', { description: 'Which of the validators this node is' }),
        key_file: text('', {
          unit: 'path, from this file',
          description: 'Secret key of the validator, as `sidereal keys` writes it',
        }),
        operator_key_file: text('', {
          unit: 'path, from this file',
          description: 'Secret key of an operator, for the admin endpoints; empty: the node holds none',
        }),
      },
      'One node, as a process of its own',
    ),
    p2p: group(
      {
        listen: text('/ip4/127.0.0.1/tcp/0', {
          description: 'libp2p address of a node; port 0 takes a free one',
        }),
        bootstrap: textList({ unit: 'multiaddrs', description: 'Peers to dial first' }),
        message_bytes_max: integer(2_097_152, 1024, 134_217_728, {
          unit: 'bytes',
          description: 'Largest gossip message',
        }),
      },
      'Gossip between node processes',
    ),
    api: group(
      {
        host: text('127.0.0.1', { description: 'Address of the HTTP server' }),
        port: integer(4400, 0, 65_535, {
          unit: 'port',
          description: 'HTTP port of a process; on a devnet that of node-0, and node-i adds i',
        }),
        admin_token: text('', {
          description: 'Bearer token of the admin endpoints; empty: they are off',
        }),
      },
      'HTTP of a node, JSON-RPC of a settlement chain',
    ),
    storage: group(
      {
        path: text('.sidereal/devnet', { unit: 'path, from this file', description: 'Data directory' }),
        record_inputs: flag(false, { description: 'Keep what the node takes in, for `sidereal inspect`' }),
      },
      'Disk of a process',
    ),
    simulation: group(
      {
        crypto: choice(['full', 'cached', 'modelled'], 'modelled', {
          description: 'Check every signature, each once, or use tags; results are identical',
        }),
        shared_execution: flag(true, {
          description: 'Simulated nodes share execution results; false: each executes',
        }),
        history_blocks: integer(2048, 16, 10_000_000, {
          unit: 'blocks',
          description: 'Finalised blocks a node keeps for peers that ask',
        }),
        crash_points: choice(['between_inputs', 'within_outputs'], 'between_inputs', {
          description: 'Where a crash strikes: at its instant, or amid what the next input leads to',
        }),
      },
      'The simulation engine',
    ),
    log: group(
      {
        level: choice(['debug', 'info', 'warn', 'error'], 'info', {
          description:
            'Least level of the lines; of a run: debug: every event; info, warn: its warnings; error: none; on standard error',
        }),
        format: choice(['text', 'json'], 'text', {
          description: 'Form of log lines of a run; those of processes are JSON',
        }),
        file: text('', {
          unit: 'path, from this file',
          description: 'Where a process logs; empty: standard output',
        }),
      },
      'Messages',
    ),
  },
  { error: (issue) => (issue.code === 'invalid_type' ? 'a map of keys' : undefined) },
);

/** config.yaml as parsed, defaults filled in. */
export type ConfigFile = z.infer<typeof configSchema>;

/** One key of the schema, in file order. */
export interface ConfigField {
  readonly path: readonly [string] | readonly [string, string];
  readonly description: string;
  readonly unit: string | undefined;
  readonly feature: string | undefined;
  readonly defaultValue: unknown;
}

/** Keys known below `path`: of a group, of a list's items, of every form of a union. Empty where any key is allowed. */
export function knownKeys(path: readonly PropertyKey[]): readonly string[] {
  let schemas: z.ZodType[] = [configSchema];
  for (const step of path) schemas = schemas.flatMap(unwrap).flatMap((schema) => stepInto(schema, step));
  const keys = new Set<string>();
  for (const schema of schemas.flatMap(unwrap)) {
    if (schema instanceof z.ZodObject) for (const key of Object.keys(schema.shape)) keys.add(key);
  }
  return [...keys];
}

function unwrap(schema: z.ZodType): z.ZodType[] {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodPrefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.def.innerType as z.ZodType);
  }
  if (schema instanceof z.ZodUnion) return (schema.options as readonly z.ZodType[]).flatMap(unwrap);
  return [schema];
}

function stepInto(schema: z.ZodType, step: PropertyKey): z.ZodType[] {
  if (schema instanceof z.ZodObject) {
    const next = (schema.shape as Record<string, z.ZodType>)[String(step)];
    return next === undefined ? [] : [next];
  }
  return schema instanceof z.ZodArray ? [schema.element as z.ZodType] : [];
}

/** Groups with their meaning, in file order; `validators` is a field of its own. */
export function listGroups(): {
  readonly key: string;
  readonly description: string;
  readonly fields: readonly ConfigField[];
}[] {
  return Object.entries(configSchema.shape as Record<string, z.ZodType>).map(([key, schema]) => {
    const description = String(schema.meta()?.description ?? '');
    const inner = unwrap(schema);
    const object = inner.length === 1 ? inner[0] : undefined;
    if (!(object instanceof z.ZodObject)) return { key, description, fields: [toField([key], schema)] };
    const fields = Object.entries(object.shape as Record<string, z.ZodType>).map(([field, fieldSchema]) =>
      toField([key, field], fieldSchema),
    );
    return { key, description, fields };
  });
}

function toField(path: ConfigField['path'], schema: z.ZodType): ConfigField {
  const meta = schema.meta() ?? {};
  return {
    path,
    description: String(meta.description ?? ''),
    unit: typeof meta.unit === 'string' ? meta.unit : undefined,
    feature: typeof meta.feature === 'string' ? meta.feature : undefined,
    defaultValue: schema instanceof z.ZodDefault ? schema.def.defaultValue : undefined,
  };
}

/** JSON Schema of config.yaml, for editors. */
export function configJsonSchema(): object {
  return z.toJSONSchema(configSchema, { io: 'input' });
}
