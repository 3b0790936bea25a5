/** Reads `workload.model`: every problem is reported where it stands, what is left out gets its documented default. */
import { SYMBOL_EXPECTED, symbolPattern } from '../../config/fields.ts';
import { showValue } from '../../config/problem.ts';
import type { ScenarioContext } from '../context.ts';
import { join, type MapPlace, type Place, type Reader } from '../reader.ts';
import { amountMaxOf } from './amounts.ts';
import type { AmountModel, ArrivalModel, AssetModel, Bursts, DailyCycle, WorkloadModel } from './types.ts';

/** Bounds of what a model may say, also for its JSON Schema. */
export const modelBounds = {
  accounts: { min: 1, max: 10_000 },
  transactionsPerBlock: { min: 0, max: 100_000 },
  transactionsPerHour: { min: 0, max: 1_000_000_000 },
  factor: { min: 1, max: 10_000 },
  swing: { min: 0, max: 1 },
  share: { min: 0, max: 1 },
  persistence: { min: -1, max: 1 },
  weight: { min: 0, max: 1_000_000 },
  sigma: { min: 0.001, max: 8 },
  alpha: { min: 0.1, max: 50 },
  quantiles: { min: 2, max: 1001 },
} as const;

export const modelDefaults = {
  accounts: 20,
  repayShare: 0.45,
  persistence: 0,
  weight: 1,
  sigma: 1.5,
  /** Of the median of a log-normal, or the least of a Pareto amount. */
  amountMaxFactor: 1000n,
  /** Of the largest amount: room enough that hours of traffic do not meet it. */
  debtMaxFactor: 1000n,
  assetCount: 3,
  dayMs: 24 * 3_600_000,
} as const;

const DAY_MS_MAX = 366 * modelDefaults.dayMs;
/** Shortest mean stay in a state, as a part of a block: what changes faster averages out within it. */
const STAYS_PER_BLOCK_MAX = 100;

const modelKeys = ['accounts', 'arrivals', 'repay_share', 'persistence', 'assets'] as const;
const arrivalKeys = ['transactions_per_block', 'transactions_per_hour', 'bursts', 'daily'] as const;
const assetKeys = ['weight', 'amount', 'repay_share', 'persistence', 'opening_debt', 'debt_max'] as const;
const amountTypes = ['constant', 'uniform', 'log_normal', 'pareto', 'quantiles'] as const;

/** Reads a model; with problems it gives what it could read, or nothing. */
export function readModel(context: ScenarioContext, place: Place): WorkloadModel | undefined {
  const { reader } = context;
  const map = reader.map(place, modelKeys, 'a map such as { arrivals: { transactions_per_block: 5 } }');
  if (map === undefined) return undefined;
  const { accounts } = modelBounds;
  const accountCount =
    reader.integer(reader.get(map, 'accounts'), accounts.min, accounts.max) ?? modelDefaults.accounts;
  const arrivalPlace = reader.require(map, 'arrivals', 'a map such as { transactions_per_block: 5 }');
  const arrivals = arrivalPlace && readArrivals(context, arrivalPlace);
  const directions = readDirections(reader, map, {
    repayShare: modelDefaults.repayShare,
    persistence: modelDefaults.persistence,
  });
  const assetsPlace = reader.get(map, 'assets');
  const assets =
    assetsPlace === undefined
      ? defaultAssets(context, directions)
      : readAssets(context, assetsPlace, directions);
  return arrivals === undefined || assets === undefined ? undefined : { accountCount, arrivals, assets };
}

type Directions = Pick<AssetModel, 'repayShare' | 'persistence'>;

/** The share of repayments and how much directions cling together; a chain of directions exists for not every pair. */
function readDirections(reader: Reader, map: MapPlace, usual: Directions): Directions {
  const { share, persistence: bounds } = modelBounds;
  const sharePlace = reader.get(map, 'repay_share');
  const persistencePlace = reader.get(map, 'persistence');
  const repayShare = reader.number(sharePlace, share.min, share.max) ?? usual.repayShare;
  const persistence = reader.number(persistencePlace, bounds.min, bounds.max) ?? usual.persistence;
  const least = persistenceMinOf(repayShare);
  const at = persistencePlace ?? sharePlace;
  if (at !== undefined && persistence < least)
    reader.report(
      at.value.at,
      at.path,
      'SCENARIO_VALUE_INVALID',
      `expected a persistence of at least ${least.toFixed(3)} with a repay_share of ${repayShare}, got ${persistence}`,
      'directions cannot alternate more than their shares allow',
    );
  return { repayShare, persistence };
}

/** The most negative correlation that two directions of these shares can have. */
export function persistenceMinOf(repayShare: number): number {
  const rarer = Math.min(repayShare, 1 - repayShare);
  return rarer === 0 ? 0 : -rarer / (1 - rarer);
}

function readArrivals({ reader, config }: ScenarioContext, place: Place): ArrivalModel | undefined {
  const map = reader.map(place, arrivalKeys, 'a map such as { transactions_per_block: 5 }');
  if (map === undefined) return undefined;
  const blockPlace = reader.get(map, 'transactions_per_block');
  const hourPlace = reader.get(map, 'transactions_per_hour');
  if ((blockPlace === undefined) === (hourPlace === undefined))
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_KEYS_CONFLICT',
      'expected exactly one of transactions_per_block and transactions_per_hour',
    );
  const { transactionsPerBlock, transactionsPerHour } = modelBounds;
  const perBlock = reader.number(blockPlace, transactionsPerBlock.min, transactionsPerBlock.max);
  const perHour = reader.number(hourPlace, transactionsPerHour.min, transactionsPerHour.max);
  const burstsPlace = reader.get(map, 'bursts');
  const dailyPlace = reader.get(map, 'daily');
  const { blockTimeMs, blockTransactionsMax } = config.chain;
  const bursts = burstsPlace && readBursts(reader, burstsPlace, blockTimeMs);
  const daily = dailyPlace && readDaily(reader, dailyPlace);
  const rate = perBlock !== undefined ? { perBlock } : perHour === undefined ? undefined : { perHour };
  if (rate === undefined) return undefined;
  const mean = perBlock ?? ((perHour ?? 0) * blockTimeMs) / 3_600_000;
  const ratePlace = blockPlace ?? hourPlace;
  if (mean > blockTransactionsMax && ratePlace !== undefined)
    reader.report(
      ratePlace.value.at,
      ratePlace.path,
      'SCENARIO_BLOCK_OVERFULL',
      `expected at most ${blockTransactionsMax} transactions a block in the mean (chain.block_transactions_max), got ${mean}`,
    );
  return { rate, bursts, daily };
}

function readBursts(reader: Reader, place: Place, blockTimeMs: number): Bursts | undefined {
  const example = 'a map such as { factor: 8, quiet: 5m, busy: 30s }';
  const map = reader.map(place, ['factor', 'quiet', 'busy'], example);
  if (map === undefined) return undefined;
  const { factor: bounds } = modelBounds;
  const factor = reader.number(reader.require(map, 'factor', 'a factor'), bounds.min, bounds.max);
  const readStay = (key: 'quiet' | 'busy'): number | undefined => {
    const stayPlace = reader.require(map, key, 'the mean stay in this state');
    const ms = reader.duration(stayPlace, DAY_MS_MAX);
    const least = Math.max(1, Math.ceil(blockTimeMs / STAYS_PER_BLOCK_MAX));
    if (ms === undefined || stayPlace === undefined || ms >= least) return ms;
    return reader.expected(stayPlace, `at least ${least} ms, a hundredth of a block`);
  };
  const quietMs = readStay('quiet');
  const busyMs = readStay('busy');
  if (factor === undefined || quietMs === undefined || busyMs === undefined) return undefined;
  return { factor, quietMs, busyMs };
}

function readDaily(reader: Reader, place: Place): DailyCycle | undefined {
  const map = reader.map(place, ['swing', 'peak', 'period'], 'a map such as { swing: 0.5, peak: 18h }');
  if (map === undefined) return undefined;
  const { swing: bounds } = modelBounds;
  const swing = reader.number(reader.require(map, 'swing', 'a share from 0 to 1'), bounds.min, bounds.max);
  const periodPlace = reader.get(map, 'period');
  const periodMs = reader.duration(periodPlace, DAY_MS_MAX) ?? modelDefaults.dayMs;
  if (periodMs === 0 && periodPlace !== undefined) return reader.expected(periodPlace, 'a duration above 0');
  const peakMs = reader.duration(reader.get(map, 'peak'), DAY_MS_MAX) ?? periodMs / 2;
  return swing === undefined ? undefined : { swing, peakMs, periodMs };
}

/** The first assets of the ledger, in equal parts. */
function defaultAssets({ config }: ScenarioContext, directions: Directions): readonly AssetModel[] {
  return config.ledger.assets.slice(0, modelDefaults.assetCount).map(({ symbol, decimals }) => {
    const amount = defaultAmount(decimals);
    return { symbol, weight: modelDefaults.weight, amount, ...directions, ...defaultDebts(amount) };
  });
}

/** One whole unit in the median. */
function defaultAmount(decimals: number): AmountModel {
  const median = 10n ** BigInt(decimals);
  const max = median * modelDefaults.amountMaxFactor;
  return { type: 'log_normal', median, sigma: modelDefaults.sigma, min: 1n, max };
}

function defaultDebts(amount: AmountModel): Pick<AssetModel, 'openingDebt' | 'debtMax'> {
  const debtMax = amountMaxOf(amount) * modelDefaults.debtMaxFactor;
  return { openingDebt: debtMax / 2n, debtMax };
}

function readAssets(
  context: ScenarioContext,
  place: Place,
  directions: Directions,
): readonly AssetModel[] | undefined {
  const { reader } = context;
  if (place.value.kind !== 'map' || place.value.entries.size === 0)
    return reader.expected(place, 'a map of assets such as { USDC: { weight: 3 } }');
  const assets: AssetModel[] = [];
  for (const [symbol, entry] of place.value.entries) {
    const own: Place = { value: entry.value, path: join(place.path, symbol), keyAt: entry.keyAt };
    const asset = readAsset(context, symbol, own, directions);
    if (asset !== undefined) assets.push(asset);
  }
  if (assets.length === place.value.entries.size && assets.every(({ weight }) => weight === 0))
    return reader.expected(place, 'a weight above 0');
  return assets;
}

function readAsset(
  context: ScenarioContext,
  symbol: string,
  place: Place,
  usual: Directions,
): AssetModel | undefined {
  const { reader, config } = context;
  if (!symbolPattern.test(symbol))
    return reader.report(
      place.keyAt ?? place.value.at,
      place.path,
      'SCENARIO_VALUE_INVALID',
      `expected ${SYMBOL_EXPECTED}, got ${showValue(symbol)}`,
    );
  const isKnown = context.register(place, symbol) !== undefined;
  const map = reader.map(place, assetKeys, 'a map such as { weight: 3, amount: { constant: 1000 } }');
  if (map === undefined || !isKnown) return undefined;
  const { weight: bounds } = modelBounds;
  const weight = reader.number(reader.get(map, 'weight'), bounds.min, bounds.max) ?? modelDefaults.weight;
  const directions = readDirections(reader, map, usual);
  const amountPlace = reader.get(map, 'amount');
  const decimals = config.ledger.assets.find((asset) => asset.symbol === symbol)?.decimals ?? 18;
  const amount = amountPlace === undefined ? defaultAmount(decimals) : readAmount(reader, amountPlace);
  const debtMaxPlace = reader.get(map, 'debt_max');
  const writtenMax = reader.amount(debtMaxPlace);
  const openingPlace = reader.get(map, 'opening_debt');
  const writtenOpening = reader.amount(openingPlace, true);
  if (amount === undefined) return undefined;
  const least = amountMaxOf(amount);
  if (writtenMax !== undefined && debtMaxPlace !== undefined && writtenMax < least)
    return reader.expected(debtMaxPlace, `at least the largest amount, ${least}`);
  const debtMax = writtenMax ?? defaultDebts(amount).debtMax;
  const openingDebt = writtenOpening ?? debtMax / 2n;
  if (openingDebt > debtMax && openingPlace !== undefined)
    return reader.expected(openingPlace, `at most debt_max, ${debtMax}`);
  return { symbol, weight, amount, ...directions, openingDebt, debtMax };
}

function readAmount(reader: Reader, place: Place): AmountModel | undefined {
  const example = `one of ${amountTypes.join(', ')}`;
  const map = reader.map(place, amountTypes, example);
  if (map === undefined) return undefined;
  const [type, ...others] = amountTypes.filter((key) => reader.get(map, key) !== undefined);
  if (type === undefined || others.length > 0)
    return map.value.entries.size === 0 || others.length > 0
      ? reader.report(place.value.at, place.path, 'SCENARIO_KEYS_CONFLICT', `expected exactly ${example}`)
      : undefined;
  const inner = reader.get(map, type);
  if (inner === undefined) return undefined;
  if (type === 'constant') {
    const value = reader.amount(inner);
    return value === undefined ? undefined : { type, value };
  }
  if (type === 'quantiles') return readQuantiles(reader, inner);
  return readSpread(reader, type, inner);
}

function readQuantiles(reader: Reader, place: Place): AmountModel | undefined {
  const expected = 'a list of 2 to 1001 amounts, ascending';
  const places = reader.list(place, expected);
  if (places === undefined) return undefined;
  const { min, max } = modelBounds.quantiles;
  if (places.length < min || places.length > max)
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_VALUE_INVALID',
      `expected ${expected}, got ${places.length}`,
    );
  const values: bigint[] = [];
  for (const one of places) {
    const value = reader.amount(one);
    if (value === undefined) return undefined;
    const before = values.at(-1) ?? 0n;
    if (value < before) return reader.expected(one, `at least the amount before it, ${before}`);
    values.push(value);
  }
  return { type: 'quantiles', values };
}

function readSpread(
  reader: Reader,
  type: 'uniform' | 'log_normal' | 'pareto',
  place: Place,
): AmountModel | undefined {
  const keys = {
    uniform: ['min', 'max'],
    log_normal: ['median', 'sigma', 'min', 'max'],
    pareto: ['min', 'alpha', 'max'],
  } as const;
  const map = reader.map(place, keys[type]);
  if (map === undefined) return undefined;
  const { sigma: sigmaBounds, alpha: alphaBounds } = modelBounds;
  const need = (key: string): Place | undefined => reader.require(map, key, `a number for ${key}`);
  const median = type === 'log_normal' ? reader.amount(need('median')) : undefined;
  const sigma =
    type === 'log_normal' ? reader.number(need('sigma'), sigmaBounds.min, sigmaBounds.max) : undefined;
  const alpha =
    type === 'pareto' ? reader.number(need('alpha'), alphaBounds.min, alphaBounds.max) : undefined;
  const min = reader.amount(type === 'log_normal' ? reader.get(map, 'min') : need('min')) ?? 1n;
  const maxPlace = type === 'uniform' ? need('max') : reader.get(map, 'max');
  const max = reader.amount(maxPlace) ?? (median ?? min) * modelDefaults.amountMaxFactor;
  if (max < min || (median !== undefined && (median < min || median > max)))
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_VALUE_INVALID',
      `expected ${median === undefined ? 'min <= max' : 'min <= median <= max'}, got ${[min, median, max].filter((one) => one !== undefined).join(', ')}`,
    );
  if (type === 'uniform') return { type, min, max };
  if (type === 'pareto') return alpha === undefined ? undefined : { type, alpha, min, max };
  return median === undefined || sigma === undefined ? undefined : { type, median, sigma, min, max };
}
