/** Random scenarios as text, so that one which fails can be looked at, cut down and kept as a file. */
import { Random } from '../../consensus/primitives/random.ts';

/** Faults are over, and the network has had time to recover, this long before the end, in s. */
const CALM_S = 60;

/** The scenario of a seed: topology, network, settlement rules, workload and faults all follow from it. */
export function randomScenarioText(seed: number): string {
  const random = new Random(`campaign/${seed}`);
  const count = pick(random, [1, 2, 3, 4, 4, 4, 5, 6, 7, 10]);
  const stakes = drawStakes(random, count);
  const durationS = random.between(60, 420) + CALM_S;
  const lines = [
    `name: random ${seed}`,
    `seed: ${seed}`,
    `duration: ${durationS}s`,
    'config:',
    `  validators: ${validatorsText(stakes)}`,
    `  settlement: { batch_size: ${random.between(1, 12)}${settlementRules(random)} }`,
    `  settlement_chain: { phase_ms: ${pick(random, [0, 0, 1, 999, 2500])}${background(random)} }`,
    `network: ${network(random)}`,
    `workload: { uniform: { transactions_per_block: ${pick(random, [1, 1, 1, 3, 8])} } }`,
  ];
  const events = timeline(random, stakes, durationS);
  if (events.length > 0) lines.push('timeline:', ...events);
  return `${lines.join('\n')}\n`;
}

function pick<Item>(random: Random, items: readonly [Item, ...Item[]]): Item {
  return items[random.below(items.length)] ?? items[0];
}

/** Bonded stakes by validator: mostly all the same. */
function drawStakes(random: Random, count: number): number[] {
  const isEqual = random.chance(0.7);
  return Array.from({ length: count }, () => (isEqual ? 1000 : random.between(1, 50) * 100));
}

function validatorsText(stakes: readonly number[]): string {
  const list = stakes.map((stake, index) => `{ name: node-${index}, stake: ${stake} }`);
  return `[${list.join(', ')}]`;
}

function settlementRules(random: Random): string {
  let rules = '';
  if (random.chance(0.3)) rules += `, submission_deadline_blocks: ${random.between(2, 8)}`;
  if (random.chance(0.2)) rules += ', adaptive: seed003';
  if (random.chance(0.2)) rules += ', jail_after_misses: 1, jail_blocks: 20';
  if (random.chance(0.15)) rules += ', open_rescue: true';
  if (random.chance(0.2)) rules += ', base_asset: UM';
  if (random.chance(0.2)) rules += `, origin_confirmations: ${random.between(1, 2)}`;
  return rules;
}

function background(random: Random): string {
  if (random.chance(0.7)) return '';
  if (random.chance(0.5)) return `, background: { type: constant, gas: ${random.between(0, 8) * 1_000_000} }`;
  return ', background: { type: bursts, gas_mean: 3000000, burst_probability: 0.05, burst_blocks: 4 }';
}

function network(random: Random): string {
  const latency = pick(random, [1, 5, 50, 50, 50, 120, 200]);
  const jitter = random.between(0, Math.floor(latency / 2));
  const loss = random.chance(0.3) ? pick(random, [0.01, 0.05, 0.1, 0.2]) : 0;
  return `{ latency_ms: ${latency}, jitter_ms: ${jitter}, loss: ${loss} }`;
}

function timeline(random: Random, stakes: readonly number[], durationS: number): string[] {
  const events: string[] = [];
  const faultCount = random.chance(0.1) ? 0 : random.between(1, 7);
  const lostDisks = new Set<number>();
  for (let fault = 0; fault < faultCount; fault += 1) {
    const atMs = random.between(0, (durationS - CALM_S) * 1000 - 1);
    const forMs = Math.min(random.between(100, 60_000), (durationS - CALM_S) * 1000 - atMs);
    const node = random.below(stakes.length);
    const at = anchor(random, atMs);
    events.push(
      `  - { at: ${at}, ${faultText(random, { node, stakes, lostDisks })}, for: ${Math.max(1, forMs)}ms }`,
    );
  }
  if (random.chance(0.15)) events.push(`  - { at: { block: ${random.between(1, 30)} }, settle_now: true }`);
  return events;
}

function anchor(random: Random, atMs: number): string {
  if (random.chance(0.75)) return `{ time: ${atMs}ms }`;
  if (random.chance(0.5)) return `{ block: ${Math.floor(atMs / 2000) + 1} }`;
  return `{ settlement_block: ${Math.floor(atMs / 5000) + 1} }`;
}

function faultText(
  random: Random,
  world: { readonly node: number; readonly stakes: readonly number[]; readonly lostDisks: Set<number> },
): string {
  const { node, stakes, lostDisks } = world;
  switch (random.below(6)) {
    case 0:
    case 1:
    case 2: {
      // Less than a third of the power may lose its disk (docs/protocol.md, laws).
      const powerOf = (nodes: Iterable<number>): number =>
        [...nodes].reduce((sum, index) => sum + (stakes[index] ?? 0), 0);
      const mayLose = 3 * powerOf(new Set([...lostDisks, node])) < powerOf(stakes.keys());
      const lose = mayLose && random.chance(0.3) ? 'all' : pick(random, ['unsynced', 'none']);
      if (lose === 'all') lostDisks.add(node);
      return `crash: { node: node-${node}, lose: ${lose} }`;
    }
    case 3:
      return `withhold_settlement: { node: node-${node} }`;
    case 4:
      return 'settlement_chain: { stall: true }';
    default:
      return 'settlement_chain: { full: true }';
  }
}
