/** JSON Schema of every fault: for editors, and checked against the reader by a test. */
import {
  byzantineKeys,
  type ChainFaultKey,
  chainProbabilityKeys,
  chainSwitchKeys,
  crashLosses,
  diskFaults,
  type FaultKey,
  faultBounds,
} from './faultKinds.ts';
import { duration, integer, map, node, number, type Schema, signedDuration, text } from './schemaParts.ts';

const nodes: Schema = { type: 'array', items: text, minItems: 1, uniqueItems: true };
const probability = number(faultBounds.probability);
const chance: Schema = { anyOf: [probability, map({ p: probability, nodes }, ['p'])] };
const clock = map({ node: text, ms: signedDuration }, ['node', 'ms']);
const { reorgDepth, slippageBps } = faultBounds;

/** The same schema for each of some keys. */
function each<Key extends string>(keys: readonly Key[], schema: Schema): Readonly<Record<Key, Schema>> {
  return Object.fromEntries(keys.map((key) => [key, schema])) as Record<Key, Schema>;
}

const chainFaults: Readonly<Record<ChainFaultKey, Schema>> = {
  ...each(chainSwitchKeys, { const: true }),
  ...each(chainProbabilityKeys, probability),
  slow: map({ factor: number(faultBounds.slowFactor) }, ['factor']),
  censor: { anyOf: [text, node] },
  reorg: map({ depth: integer(reorgDepth.min, reorgDepth.max) }, ['depth']),
  slippage: map({ asset: text, bps: integer(slippageBps.min, slippageBps.max) }, ['asset', 'bps']),
  base_fee: map({ factor: number(faultBounds.baseFeeFactor) }, ['factor']),
};

/** The value of each fault's key. */
export const faultSchemas: Readonly<Record<FaultKey, Schema>> = {
  partition: { type: 'array', items: nodes, minItems: 1 },
  one_way: map({ from: nodes, to: nodes }, ['from', 'to']),
  isolate: { anyOf: [text, node] },
  latency: map({ ms: duration, jitter_ms: duration, nodes }, ['ms']),
  ...each(['loss', 'duplicate', 'reorder'], chance),
  bandwidth: map({ mbps: number(faultBounds.bandwidthMbps), nodes }, ['mbps']),
  crash: map({ node: text, lose: { enum: crashLosses } }, ['node']),
  ...each(['restart', 'pause'], node),
  ...each(['clock_skew', 'clock_step'], clock),
  disk: map({ node: text, fault: { enum: diskFaults } }, ['node', 'fault']),
  ...each(byzantineKeys, node),
  settlement_chain: { ...map(chainFaults), minProperties: 1 },
};
