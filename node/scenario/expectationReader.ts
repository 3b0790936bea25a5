/** Reads `expect:`; the words of each expectation come from describeExpectation.ts. */
import { anchorStates, readAnchor } from './anchors.ts';
import type { ScenarioContext } from './context.ts';
import { describeExpectation, type ExpectationBody } from './describeExpectation.ts';
import { readLedgerCondition } from './ledgerConditionReader.ts';
import { isLedgerKey, ledgerConditionKeys } from './ledgerConditions.ts';
import { type MapPlace, type Place, scalarOf } from './reader.ts';
import type { BatchFacts, Comparison, Condition, Expectation } from './types.ts';

const quantifiers = ['always', 'never', 'eventually', 'final'] as const;
const batchStates = ['sealed', 'submitted', 'included', 'confirmed', 'reverted', 'missed'] as const;
const actionTypes = ['swap', 'draw', 'ibc_transfer'] as const;
const factKeys = [
  'batch',
  'from_height',
  'to_height',
  'net',
  'borrowed',
  'repaid',
  'action',
  'actions',
  'state',
  'proposer',
  'attempts',
  'settlement_height',
  'included_at',
  'confirmed_by',
  'liquidations',
] as const;
const withinKeys = ['within', 'after', 'state', 'batch'] as const;
const conditionKeys = [
  'converged',
  'height_at_least',
  'pending_batches',
  'confirmed_batches',
  'open_transfers',
  'completed_transfers',
  'refunded_transfers',
  'slashed',
  'jailed',
  'missed',
  'halted',
  ...ledgerConditionKeys,
] as const;
const comparisons = ['<', '<=', '=', '>=', '>'] as const;

/** Paths below `metrics` of a result; `max_exposure.<asset>` besides. */
export const metricNames = [
  'average_batch_size',
  'settlement_latency_ms.mean',
  'settlement_latency_ms.p50',
  'settlement_latency_ms.p90',
  'settlement_latency_ms.p99',
  'settlement_latency_ms.max',
  'settlement_latency_ms.censored',
  'success_rate',
  'pending_batches',
  'oldest_pending_age_ms',
  'total_fee',
  'fee_per_block',
  'blocks_per_second',
] as const;

export function readExpectations(context: ScenarioContext, place: Place | undefined): Expectation[] {
  if (place === undefined) return [];
  const items = context.reader.list(place, 'a list of expectations') ?? [];
  const expectations: Expectation[] = [];
  for (const item of items) {
    const body = readExpectation(context, item);
    if (body === undefined) continue;
    const expectation = {
      ...body,
      text: describeExpectation(body),
      line: item.value.at.line ?? 0,
    } as Expectation;
    context.expectationPlaces.set(expectation, item);
    expectations.push(expectation);
  }
  return expectations;
}

function readExpectation(context: ScenarioContext, place: Place): ExpectationBody | undefined {
  const { reader } = context;
  if (place.value.kind !== 'map') {
    return reader.expected(
      place,
      'an expectation such as { batch: 1, net: { UM: 1700 } } or { final: { pending_batches: 0 } }',
    );
  }
  const { entries } = place.value;
  const quantifier = quantifiers.find((key) => entries.has(key));
  if (quantifier !== undefined) {
    const map = reader.map(place, [quantifier]);
    const condition = map && readCondition(context, reader.get(map, quantifier));
    return condition === undefined ? undefined : { type: quantifier, condition };
  }
  if (entries.has('within') || entries.has('after')) return readWithin(context, place);
  if (entries.has('batch')) return readFacts(context, place);
  reader.map(place, [...quantifiers, ...withinKeys, ...factKeys]);
  return reader.report(
    place.value.at,
    place.path,
    'SCENARIO_KEY_MISSING',
    `expected one of ${[...quantifiers, 'within', 'batch'].join(', ')}, got none`,
  );
}

function readWithin(context: ScenarioContext, place: Place): ExpectationBody | undefined {
  const { reader } = context;
  const map = reader.map(place, withinKeys);
  if (map === undefined) return undefined;
  const limit = readLimit(context, reader.require(map, 'within', 'a limit such as { settlement_blocks: 4 }'));
  const after = readAnchor(reader, reader.require(map, 'after', 'an anchor'));
  const batch = reader.integer(reader.require(map, 'batch', 'the number of a batch'), 1);
  const state = reader.choice(
    reader.require(map, 'state', `one of ${anchorStates.join(', ')}`),
    anchorStates,
  );
  if (limit === undefined || after === undefined || batch === undefined || state === undefined)
    return undefined;
  return { type: 'within', limit, after, batch, state };
}

type Limit = Extract<Expectation, { type: 'within' }>['limit'];

function readLimit(context: ScenarioContext, place: Place | undefined): Limit | undefined {
  const { reader } = context;
  if (place === undefined) return undefined;
  if (place.value.kind === 'scalar') {
    const ms = reader.duration(place);
    return ms === undefined ? undefined : { ms };
  }
  const map = reader.map(
    place,
    ['settlement_blocks', 'blocks', 'time'],
    'a duration, { settlement_blocks: n }, { blocks: n } or { time: 10s }',
  );
  if (map === undefined) return undefined;
  if (map.value.entries.size !== 1) {
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_KEYS_CONFLICT',
      'expected exactly one of settlement_blocks, blocks, time',
    );
  }
  const settlementBlocks = reader.integer(reader.get(map, 'settlement_blocks'), 1);
  if (settlementBlocks !== undefined) return { settlementBlocks };
  const blocks = reader.integer(reader.get(map, 'blocks'), 1);
  if (blocks !== undefined) return { blocks };
  const ms = reader.duration(reader.get(map, 'time'));
  return ms === undefined ? undefined : { ms };
}

function readFacts(context: ScenarioContext, place: Place): ExpectationBody | undefined {
  const { reader } = context;
  const map = reader.map(place, factKeys);
  if (map === undefined) return undefined;
  const batch = reader.integer(reader.get(map, 'batch'), 1);
  const count = (key: string, min: number): number | undefined => reader.integer(reader.get(map, key), min);
  const facts = {
    fromHeight: count('from_height', 1),
    toHeight: count('to_height', 1),
    net: readAmounts(context, reader.get(map, 'net'), true),
    borrowed: readAmounts(context, reader.get(map, 'borrowed'), false),
    repaid: readAmounts(context, reader.get(map, 'repaid'), false),
    action: reader.choice(reader.get(map, 'action'), actionTypes),
    actions: readActions(context, reader.get(map, 'actions')),
    state: reader.choice(reader.get(map, 'state'), batchStates),
    proposer: context.node(reader.get(map, 'proposer')),
    attempts: count('attempts', 1),
    settlementHeight: count('settlement_height', 0),
    includedAtMs: reader.duration(reader.get(map, 'included_at')),
    confirmedByMs: reader.duration(reader.get(map, 'confirmed_by')),
    liquidations: count('liquidations', 0),
  };
  if (map.value.entries.size === 1) {
    reader.report(
      place.value.at,
      place.path,
      'SCENARIO_KEY_MISSING',
      'expected a fact of the batch beside its number, got none',
      `known here: ${factKeys.slice(1).join(', ')}`,
    );
  }
  if (batch === undefined) return undefined;
  const given = Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
  return { type: 'batch', facts: { batch, ...given } as BatchFacts };
}

function readAmounts(
  context: ScenarioContext,
  place: Place | undefined,
  isSigned: boolean,
): Record<string, bigint> | undefined {
  const { reader } = context;
  if (place === undefined) return undefined;
  if (place.value.kind !== 'map') return reader.expected(place, 'a map of asset to amount');
  const amounts: Record<string, bigint> = {};
  const map: MapPlace = { ...place, value: place.value };
  for (const key of map.value.entries.keys()) {
    const inner = reader.get(map, key);
    if (inner === undefined) continue;
    const symbol = context.knownAsset(inner, key);
    const amount = isSigned ? reader.signedAmount(inner) : reader.amount(inner, true);
    if (symbol !== undefined && amount !== undefined) amounts[symbol] = amount;
  }
  return amounts;
}

function readActions(context: ScenarioContext, place: Place | undefined): BatchFacts['actions'] {
  const { reader } = context;
  if (place === undefined) return undefined;
  const actions: { type: string; asset: string; amount?: bigint }[] = [];
  for (const item of reader.list(place, 'a list of actions') ?? []) {
    const map = reader.map(
      item,
      ['type', 'asset', 'amount'],
      'an action such as { type: swap, asset: UM, amount: 1700 }',
    );
    if (map === undefined) continue;
    const type = reader.choice(reader.require(map, 'type', `one of ${actionTypes.join(', ')}`), actionTypes);
    const assetPlace = reader.require(map, 'asset', 'an asset');
    const symbol = reader.text(assetPlace, 'an asset');
    const asset =
      symbol === undefined || assetPlace === undefined ? undefined : context.knownAsset(assetPlace, symbol);
    const amount = reader.amount(reader.get(map, 'amount'));
    if (type !== undefined && asset !== undefined)
      actions.push(amount === undefined ? { type, asset } : { type, asset, amount });
  }
  return actions;
}

function readCondition(context: ScenarioContext, place: Place | undefined): Condition | undefined {
  const { reader } = context;
  if (place === undefined) return undefined;
  if (place.value.kind !== 'map') return reader.expected(place, 'a condition such as { converged: true }');
  const keys = [...place.value.entries.keys()];
  const metricKeys = keys.filter((key) => key.startsWith('metrics.'));
  const map = reader.map(place, [...conditionKeys, ...metricKeys]);
  if (map === undefined) return undefined;
  const key = keys[0];
  const inner = key === undefined ? undefined : reader.get(map, key);
  if (key === undefined || inner === undefined || keys.length > 1) {
    return reader.report(
      place.value.at,
      place.path,
      'SCENARIO_KEYS_CONFLICT',
      `expected exactly one condition, got ${keys.length}`,
      `known here: ${conditionKeys.join(', ')}, metrics.<name>`,
    );
  }
  if (key.startsWith('metrics.')) return readMetric(context, key.slice('metrics.'.length), inner);
  if (isLedgerKey(key)) return readLedgerCondition(context, key, inner);
  switch (key) {
    case 'converged': {
      const value = reader.flag(inner);
      return value === undefined ? undefined : { type: 'converged', value };
    }
    case 'height_at_least': {
      const height = reader.integer(inner, 0);
      return height === undefined ? undefined : { type: 'height_at_least', height };
    }
    case 'pending_batches':
    case 'confirmed_batches':
    case 'open_transfers':
    case 'completed_transfers':
    case 'refunded_transfers': {
      const bound = readBound(context, inner);
      return bound === undefined
        ? undefined
        : { type: key, comparison: bound.comparison, count: bound.value };
    }
    case 'slashed':
    case 'jailed':
    case 'missed':
      return readIncident(context, key, inner);
    case 'halted':
      return readHalted(context, inner);
    default:
      return undefined;
  }
}

function readMetric(context: ScenarioContext, name: string, place: Place): Condition | undefined {
  const { reader } = context;
  const exposed = name.startsWith('max_exposure.') ? name.slice('max_exposure.'.length) : undefined;
  if (exposed !== undefined) {
    if (context.knownAsset(place, exposed) === undefined) return undefined;
  } else if (!(metricNames as readonly string[]).includes(name)) {
    const known = metricNames.map((metric) => `metrics.${metric}`);
    return reader.report(
      place.keyAt ?? place.value.at,
      place.path,
      'SCENARIO_KEY_UNKNOWN',
      `unknown metric \`${name}\``,
      `known: ${known.join(', ')}, metrics.max_exposure.<asset>`,
    );
  }
  const bound = readBound(context, place);
  return bound === undefined
    ? undefined
    : { type: 'metric', name, comparison: bound.comparison, value: bound.value };
}

/** `halted: true` (some node), `halted: false` (none) or `halted: node-1`. */
function readHalted(context: ScenarioContext, place: Place): Condition | undefined {
  if (typeof scalarOf(place) === 'boolean')
    return { type: 'halted', node: undefined, value: scalarOf(place) === true };
  const node = context.node(place);
  return node === undefined ? undefined : { type: 'halted', node, value: true };
}

/** `slashed: node-1` (at least once), `slashed: 2` or `slashed: { node: node-1, count: ">= 2" }`. */
function readIncident(
  context: ScenarioContext,
  type: 'slashed' | 'jailed' | 'missed',
  place: Place,
): Condition | undefined {
  const { reader } = context;
  if (place.value.kind === 'map') {
    const map = reader.map(place, ['node', 'count']);
    const nodePlace = map && reader.get(map, 'node');
    const validator = context.node(nodePlace);
    const countPlace = map && reader.get(map, 'count');
    const bound = countPlace && readBound(context, countPlace);
    if (
      (nodePlace !== undefined && validator === undefined) ||
      (countPlace !== undefined && bound === undefined)
    )
      return undefined;
    return { type, validator, count: bound?.value, comparison: bound?.comparison ?? '>=' };
  }
  const value = scalarOf(place);
  if (value === 'anybody') return { type, validator: undefined, count: undefined, comparison: '>=' };
  if (typeof value === 'number' || (typeof value === 'string' && /^[<>=0-9 ]+$/.test(value))) {
    const bound = readBound(context, place);
    return bound === undefined
      ? undefined
      : { type, validator: undefined, count: bound.value, comparison: bound.comparison };
  }
  const validator = context.node(place);
  return validator === undefined ? undefined : { type, validator, count: undefined, comparison: '>=' };
}

/** `3` (exactly), `">= 3"` or `{ ">=": 3 }`. */
function readBound(
  context: ScenarioContext,
  place: Place,
): { comparison: Comparison; value: number } | undefined {
  const { reader } = context;
  const expected = 'a number, or a comparison such as ">= 3"';
  if (place.value.kind === 'map') {
    const map = reader.map(place, comparisons, expected);
    const comparison = comparisons.find(
      (candidate) => place.value.kind === 'map' && place.value.entries.has(candidate),
    );
    if (map === undefined || comparison === undefined || map.value.entries.size !== 1)
      return reader.expected(place, expected);
    const value = reader.number(reader.get(map, comparison), -Number.MAX_VALUE, Number.MAX_VALUE);
    return value === undefined ? undefined : { comparison, value };
  }
  const value = scalarOf(place);
  if (typeof value === 'number' && Number.isFinite(value)) return { comparison: '=', value };
  const match =
    typeof value === 'string' ? /^(<=|>=|<|>|=)\s*(-?[0-9]+(?:\.[0-9]+)?)$/.exec(value.trim()) : null;
  const comparison = comparisons.find((candidate) => candidate === match?.[1]);
  if (match === null || comparison === undefined) return reader.expected(place, expected);
  return { comparison, value: Number(match[2]) };
}
