/** Rules over several keys of the configuration at once. Each names the keys it is about, so a message has a place. */
import { isAddress } from '../../consensus/primitives/address.ts';
import { KEEPERS_MAX } from '../../settlement/atomic/treasuryTables.ts';
import { settlementGasMin } from '../../settlement/chain/feeMarket.ts';
import { SETTLEMENT_TRANSACTION_BYTES_MAX } from '../../settlement/chain/transactionCodec.ts';
import { checkAutoBatch } from './autoBatchConfig.ts';
import { checkBatcher } from './batcherConfig.ts';
import { namePattern, publicKeyPattern, SYMBOL_EXPECTED } from './fields.ts';
import type { BrokenRule } from './problem.ts';
import { readTrust } from './proofTrust.ts';
import type { ConfigFile } from './schema.ts';
import type { Config } from './types.ts';

/** Highest fee per unit of gas that a settlement transaction can carry (settlement/chain/transactionCodec.ts). */
const FEE_MAX = 10n ** 27n;

/**
 * Checks what single fields cannot know.
 * @returns All broken rules, in the order of config.yaml.
 */
export function findBrokenRules(file: ConfigFile, config: Config): BrokenRule[] {
  return [
    ...checkValidators(config),
    ...checkSettlement(file, config),
    ...checkSettlementChain(config),
    ...checkAssets(config),
    ...checkAccounts(config),
    ...checkKeepers(config),
    ...checkAtomicBatches(config),
    ...checkProofs(file, config),
    ...checkBatcher(config.batcher),
    ...checkAutoBatch(config.autoBatch, config.validators),
    ...checkMessages(config),
  ];
}

function checkValidators({ validators }: Config): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const seen = new Set<string>();
  const keys = new Set<string>();
  for (const [index, { name, publicKey }] of validators.entries()) {
    if (publicKey !== undefined && keys.has(publicKey)) {
      broken.push({
        paths: [['validators', index, 'public_key'], ['validators']],
        message: `expected a key of its own for each validator, got ${publicKey} twice`,
      });
    }
    if (publicKey !== undefined) keys.add(publicKey);
    if (seen.has(name)) {
      broken.push({
        paths: [['validators', index, 'name'], ['validators']],
        message: `expected a name of its own for each validator, got \`${name}\` twice`,
      });
    }
    seen.add(name);
  }
  return broken;
}

function checkSettlement(file: ConfigFile, config: Config): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const { settlement, settlementChain, ledger } = config;
  const at = (key: string): readonly string[] => ['settlement', key];
  const { batchSize, batchSizeMin, batchSizeMax } = settlement;
  if (batchSizeMin > batchSizeMax) {
    broken.push({
      paths: [at('batch_size_min'), at('batch_size_max')],
      message: `expected batch_size_min <= batch_size_max, got ${batchSizeMin} and ${batchSizeMax}`,
    });
  } else if (batchSize < batchSizeMin || batchSize > batchSizeMax) {
    broken.push({
      paths: [at('batch_size'), at('batch_size_min'), at('batch_size_max')],
      message: `expected batch_size within batch_size_min ${batchSizeMin} and batch_size_max ${batchSizeMax}, got ${batchSize}`,
    });
  }
  if (settlement.jailAfterMisses > settlement.jailWindow) {
    broken.push({
      paths: [at('jail_after_misses'), at('jail_window')],
      message: `expected jail_after_misses <= jail_window, got ${settlement.jailAfterMisses} and ${settlement.jailWindow}`,
    });
  }
  if (settlement.originConfirmations >= settlement.originLagMax) {
    broken.push({
      paths: [at('origin_confirmations'), at('origin_lag_max')],
      message: `expected origin_confirmations < origin_lag_max, got ${settlement.originConfirmations} and ${settlement.originLagMax}`,
    });
  } else if (settlement.submissionDeadlineBlocks <= settlement.originConfirmations) {
    broken.push({
      paths: [at('submission_deadline_blocks'), at('origin_confirmations')],
      message: `expected submission_deadline_blocks > origin_confirmations, got ${settlement.submissionDeadlineBlocks} and ${settlement.originConfirmations}`,
      hint: 'a settlement is seen that many blocks after its inclusion: whoever is on duty would be slashed whatever it does',
    });
  }
  if (settlement.feeCap < settlementChain.baseFeeInitial + settlement.tip) {
    broken.push({
      paths: [at('fee_cap'), at('tip'), ['settlement_chain', 'base_fee_initial']],
      message: `expected fee_cap >= base_fee_initial + tip, got ${settlement.feeCap} below ${settlementChain.baseFeeInitial + settlement.tip}`,
    });
  }
  if (settlement.settlementGasReserve > settlementChain.gasLimit) {
    broken.push({
      paths: [at('settlement_gas_reserve'), ['settlement_chain', 'gas_limit']],
      message: `expected settlement_gas_reserve <= gas_limit, got ${settlement.settlementGasReserve} and ${settlementChain.gasLimit}`,
      hint: 'every settlement block would count as full',
    });
  }
  for (const [key, symbol] of [
    ['base_asset', settlement.baseAsset],
    ['stake_asset', settlement.stakeAsset],
  ] as const) {
    if (ledger.assets.every((asset) => asset.symbol !== symbol)) {
      broken.push({
        paths: [at(key), ['ledger', 'assets']],
        message: `expected an asset of ledger.assets, got \`${symbol}\``,
        hint: `registered: ${ledger.assets.map((asset) => asset.symbol).join(', ')}`,
      });
    }
  }
  for (const symbol of Object.keys(settlement.exposureMax)) {
    if (ledger.assets.some((asset) => asset.symbol === symbol)) continue;
    broken.push({
      paths: [at('exposure_max').concat(symbol), at('exposure_max')],
      message: `expected ${SYMBOL_EXPECTED} that ledger.assets holds, got \`${symbol}\``,
    });
  }
  broken.push(...checkFees(config));
  const keys = new Set<string>();
  for (const [index, key] of file.settlement.operator_keys.entries()) {
    if (!publicKeyPattern.test(key) || keys.has(key)) {
      broken.push({
        paths: [['settlement', 'operator_keys', index], at('operator_keys')],
        message: `expected distinct ed25519 public keys (0x and 64 lower-case hex digits), got ${JSON.stringify(key.slice(0, 70))}`,
      });
    }
    keys.add(key);
  }
  return broken;
}

function checkFees({ settlement, settlementChain }: Config): BrokenRule[] {
  const fees = [
    [['settlement', 'fee_cap'], settlement.feeCap],
    [['settlement', 'tip'], settlement.tip],
    [['settlement_chain', 'base_fee_initial'], settlementChain.baseFeeInitial],
  ] as const;
  const broken: BrokenRule[] = fees
    .filter(([, fee]) => fee > FEE_MAX)
    .map(([path, fee]) => ({ paths: [path], message: `expected a fee of at most 10^27, got ${fee}` }));
  if (settlementChain.baseFeeInitial === 0n) {
    broken.push({
      paths: [['settlement_chain', 'base_fee_initial']],
      message: 'expected a base fee above 0, got 0',
    });
  }
  return broken;
}

/** A chain on which no settlement fits would be a run in which nothing can ever settle, and nobody is to blame. */
function checkGasLimit({ validators, settlementChain }: Config): BrokenRule[] {
  const gasMin = settlementGasMin(quorumCount(validators.map(({ stake }) => stake)));
  if (settlementChain.gasLimit >= gasMin) return [];
  return [
    {
      paths: [['settlement_chain', 'gas_limit']],
      message: `expected gas_limit >= ${gasMin}, the least that a settlement of this many validators needs, got ${settlementChain.gasLimit}`,
      hint: 'no settlement would fit into a block',
    },
  ];
}

/** The fewest validators that hold more than two thirds of the power together. */
function quorumCount(stakes: readonly number[]): number {
  const total = stakes.reduce((sum, stake) => sum + stake, 0);
  const descending = [...stakes].sort((a, b) => b - a);
  let power = 0;
  for (const [index, stake] of descending.entries()) {
    power += stake;
    if (3 * power > 2 * total) return index + 1;
  }
  return stakes.length;
}

function checkSettlementChain(config: Config): BrokenRule[] {
  const broken: BrokenRule[] = checkGasLimit(config);
  const { settlement, settlementChain, ledger } = config;
  const { urls, background, pools, treasury, bridgeLiquidity, gasLimit } = settlementChain;
  const path = (...rest: (string | number)[]): (string | number)[] => ['settlement_chain', ...rest];
  for (const [index, url] of urls.entries()) {
    if (URL.canParse(url) && /^https?:/.test(url)) continue;
    broken.push({
      paths: [path('urls', index), path('urls')],
      message: `expected an address such as http://10.0.0.9:5400, got ${JSON.stringify(url.slice(0, 100))}`,
    });
  }
  const gas =
    background.type === 'constant' ? background.gas : background.type === 'bursts' ? background.gasMean : 0;
  if (gas > gasLimit) {
    broken.push({
      paths: [path('background'), path('gas_limit')],
      message: `expected background gas <= gas_limit ${gasLimit}, got ${gas}`,
    });
  }
  const isKnown = (symbol: string): boolean => ledger.assets.some((asset) => asset.symbol === symbol);
  const seen = new Set<string>();
  for (const [index, pool] of (pools ?? []).entries()) {
    const isFit = isKnown(pool.asset) && pool.asset !== settlement.baseAsset && !seen.has(pool.asset);
    if (!isFit) {
      broken.push({
        paths: [path('pools', index, 'asset')],
        message: `expected one pool for a registered asset other than base_asset, got \`${pool.asset}\``,
      });
    }
    if (pool.assetReserve === 0n || pool.baseReserve === 0n) {
      broken.push({ paths: [path('pools', index)], message: 'expected reserves above 0 on both sides' });
    }
    seen.add(pool.asset);
  }
  for (const [key, holdings] of [
    ['treasury', treasury],
    ['bridge_liquidity', bridgeLiquidity],
  ] as const) {
    for (const symbol of Object.keys(holdings ?? {})) {
      if (isKnown(symbol)) continue;
      broken.push({
        paths: [path(key, symbol)],
        message: `expected ${SYMBOL_EXPECTED} that ledger.assets holds, got \`${symbol}\``,
      });
    }
  }
  return broken;
}

function checkAssets({ ledger }: Config): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const seen = new Set<string>();
  for (const [index, asset] of ledger.assets.entries()) {
    const at = (key: string): readonly (string | number)[] => ['ledger', 'assets', index, key];
    if (seen.has(asset.symbol)) {
      broken.push({
        paths: [at('symbol')],
        message: `expected each asset once, got \`${asset.symbol}\` twice`,
      });
    }
    seen.add(asset.symbol);
    if (asset.collateralFactorBps > asset.liquidationThresholdBps) {
      broken.push({
        paths: [at('collateral_factor_bps'), at('liquidation_threshold_bps')],
        message: `expected collateral_factor_bps <= liquidation_threshold_bps, got ${asset.collateralFactorBps} and ${asset.liquidationThresholdBps}`,
        hint: 'a fresh loan could be liquidated at once',
      });
    }
    if (asset.price === 0n) broken.push({ paths: [at('price')], message: 'expected a price above 0, got 0' });
  }
  return broken;
}

/** Beside a block or two settlements a message holds a vote, lengths and names. */
const MESSAGE_OVERHEAD_BYTES = 4096;

/** What a node may have to say must fit into a message. Two settlements are the proof of an equivocation. */
function checkMessages({ chain, p2p }: Config): BrokenRule[] {
  const bytesMin =
    Math.max(chain.blockBytesMax, 2 * SETTLEMENT_TRANSACTION_BYTES_MAX) + MESSAGE_OVERHEAD_BYTES;
  if (p2p.messageBytesMax >= bytesMin) return [];
  return [
    {
      paths: [
        ['p2p', 'message_bytes_max'],
        ['chain', 'block_bytes_max'],
      ],
      message: `expected message_bytes_max >= ${bytesMin}, room for a block or for two settlements, got ${p2p.messageBytesMax}`,
    },
  ];
}

function checkKeepers({ ledger: { treasuryKeepers, treasuryThreshold } }: Config): BrokenRule[] {
  const keepersPath = ['ledger', 'treasury_keepers'];
  const broken: BrokenRule[] = [];
  for (const [index, keeper] of treasuryKeepers.entries()) {
    if ((isAddress(keeper) || namePattern.test(keeper)) && treasuryKeepers.indexOf(keeper) === index)
      continue;
    broken.push({
      paths: [[...keepersPath, index], keepersPath],
      message: `expected distinct addresses (0x and 40 or 64 lower-case hex digits) or labels of accounts, got ${JSON.stringify(keeper.slice(0, 70))}`,
    });
  }
  if (treasuryKeepers.length > KEEPERS_MAX) {
    const message = `expected at most ${KEEPERS_MAX} keepers, got ${treasuryKeepers.length}`;
    broken.push({ paths: [keepersPath], message });
  }
  if (treasuryKeepers.length > 0 && treasuryThreshold > treasuryKeepers.length) {
    broken.push({
      paths: [['ledger', 'treasury_threshold'], keepersPath],
      message: `expected treasury_threshold <= ${treasuryKeepers.length}, the number of keepers, got ${treasuryThreshold}`,
      hint: 'nothing could ever be withdrawn',
    });
  }
  return broken;
}

function checkAtomicBatches({ atomicBatches, settlement, ledger }: Config): BrokenRule[] {
  return Object.keys(atomicBatches.valueMaxByAsset).flatMap((symbol) => {
    const paths = [['atomic_batches', 'value_max_by_asset', symbol]];
    if (symbol === settlement.stakeAsset) {
      const message = `expected an asset other than settlement.stake_asset, got \`${symbol}\``;
      return [{ paths, message, hint: 'its cap is atomic_batches.value_max' }];
    }
    if (ledger.assets.some((asset) => asset.symbol === symbol)) return [];
    return [{ paths, message: `expected an asset that ledger.assets holds, got \`${symbol}\`` }];
  });
}

function checkProofs({ atomic_batches: file }: ConfigFile, { atomicBatches, ledger }: Config): BrokenRule[] {
  const broken: BrokenRule[] = readTrust(file).problems.map(({ key, index, message }) => ({
    paths: [['atomic_batches', key, index]],
    message,
  }));
  for (const [index, { asset, signers, threshold }] of atomicBatches.requiredProofs.entries()) {
    const at = (key: string): readonly (string | number)[] => [
      'atomic_batches',
      'required_proofs',
      index,
      key,
    ];
    if (asset !== undefined && ledger.assets.every(({ symbol }) => symbol !== asset)) {
      broken.push({
        paths: [at('asset')],
        message: `expected an asset that ledger.assets holds, got \`${asset}\``,
      });
    }
    if (new Set(signers).size !== signers.length) {
      broken.push({ paths: [at('signers')], message: 'expected each signer once' });
    }
    if (threshold > Math.max(1, signers.length)) {
      broken.push({
        paths: [at('threshold')],
        message: `expected a threshold of at most the ${signers.length} signers named, got ${threshold}`,
        hint: 'nobody could ever meet it',
      });
    }
  }
  return broken;
}

function checkAccounts({ ledger }: Config): BrokenRule[] {
  const broken: BrokenRule[] = [];
  const seen = new Set<string>();
  const isKnown = (symbol: string): boolean => ledger.assets.some((asset) => asset.symbol === symbol);
  const checkSymbols = (
    path: readonly (string | number)[],
    holdings: Readonly<Record<string, bigint>>,
  ): void => {
    for (const symbol of Object.keys(holdings)) {
      if (isKnown(symbol)) continue;
      broken.push({
        paths: [[...path, symbol]],
        message: `expected ${SYMBOL_EXPECTED} that ledger.assets holds, got \`${symbol}\``,
      });
    }
  };
  for (const [index, account] of ledger.accounts.entries()) {
    const at = ['ledger', 'accounts', index];
    if (seen.has(account.address)) {
      broken.push({
        paths: [[...at, 'address']],
        message: `expected each account once, got ${account.address} twice`,
      });
    }
    seen.add(account.address);
    for (const key of ['balances', 'deposits', 'debts'] as const) checkSymbols([...at, key], account[key]);
  }
  checkSymbols(['ledger', 'pool_cash'], ledger.poolCash);
  return broken;
}
