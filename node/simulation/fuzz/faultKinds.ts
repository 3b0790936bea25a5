/**
 * Every kind of fault that a fuzzed network meets, with its weight and how one is drawn. `name` is what coverage counts:
 * the type, or for the settlement chain `settlement_chain.<kind>`.
 */
import type { Random } from '../../../consensus/primitives/random.ts';
import type { ByzantineBehaviour, Fault, SettlementChainFault } from '../../scenario/types.ts';

/** What a draw may use. */
export interface FaultWorld {
  readonly random: Random;
  /** Names of all nodes. */
  readonly nodes: readonly string[];
  /** Nodes that may be dishonest or lose their disks: less than a third of the power together. */
  readonly suspects: readonly string[];
  readonly originConfirmations: number;
  /** Assets that move, for faults of their pools. */
  readonly assets: readonly string[];
}

export interface FaultKind {
  readonly name: string;
  /** How often it comes, against the other kinds. */
  readonly weight: number;
  /** Undefined where this network has nothing to do it to. */
  readonly draw: (world: FaultWorld) => Fault | undefined;
}

/** Picks one of a list that is not empty. */
export function pick<Item>(random: Random, items: readonly Item[]): Item {
  return items[random.below(items.length)] as Item;
}

/** A subset of the nodes that is neither empty nor everybody. */
function pickSome(random: Random, nodes: readonly string[]): string[] {
  const size = random.between(1, nodes.length - 1);
  return shuffled(random, nodes).slice(0, size);
}

/** Fisher and Yates. */
export function shuffled<Item>(random: Random, items: readonly Item[]): Item[] {
  const order = [...items];
  for (let at = order.length - 1; at > 0; at -= 1) {
    const other = random.below(at + 1);
    const item = order[at] as Item;
    order[at] = order[other] as Item;
    order[other] = item;
  }
  return order;
}

function someOrAll(random: Random, nodes: readonly string[]): string[] | undefined {
  return random.chance(0.4) ? undefined : pickSome(random, nodes);
}

/** A permille as a probability, so that what is drawn has few digits. */
function probability(random: Random, low: number, high: number): number {
  return random.between(low * 100, high * 100) / 100;
}

function onSuspect(type: ByzantineBehaviour, weight = 2): FaultKind {
  return {
    name: type,
    weight,
    draw: ({ random, suspects }) =>
      suspects.length === 0 ? undefined : { type, node: pick(random, suspects) },
  };
}

function onChain(kind: SettlementChainFault['kind'], weight: number, draw: FaultKind['draw']): FaultKind {
  return { name: `settlement_chain.${kind}`, weight, draw };
}

const chain = { type: 'settlement_chain' } as const;

function chance(kind: 'lose_receipts' | 'rpc_errors' | 'rpc_timeouts' | 'duplicate_delivery'): FaultKind {
  return onChain(kind, 2, ({ random }) => ({ ...chain, kind, probability: probability(random, 0.1, 0.9) }));
}

/** All kinds of node/scenario/types.ts. */
export const faultKinds: readonly FaultKind[] = [
  {
    name: 'crash',
    weight: 10,
    draw: ({ random, nodes, suspects }) => {
      if (suspects.length > 0 && random.chance(0.25))
        return { type: 'crash', node: pick(random, suspects), lose: 'all' };
      return {
        type: 'crash',
        node: pick(random, nodes),
        lose: pick(random, ['unsynced', 'unsynced', 'none']),
      };
    },
  },

  { name: 'pause', weight: 3, draw: ({ random, nodes }) => ({ type: 'pause', node: pick(random, nodes) }) },
  {
    name: 'clock_skew',
    weight: 3,
    draw: ({ random, nodes }) => ({
      type: 'clock_skew',
      node: pick(random, nodes),
      ms: pick(random, [-3000, -700, -200, 200, 700, 3000]),
    }),
  },
  {
    name: 'clock_step',
    weight: 2,
    draw: ({ random, nodes }) => ({
      type: 'clock_step',
      node: pick(random, nodes),
      ms: pick(random, [-5000, -1000, 1000, 5000]),
    }),
  },
  {
    name: 'disk',
    weight: 4,
    draw: ({ random, suspects }) =>
      suspects.length === 0
        ? undefined
        : { type: 'disk', node: pick(random, suspects), fault: pick(random, ['lost', 'torn', 'corrupt']) },
  },
  {
    name: 'partition',
    weight: 4,
    draw: ({ random, nodes }) => ({ type: 'partition', groups: [pickSome(random, nodes)] }),
  },
  {
    name: 'one_way',
    weight: 3,
    draw: ({ random, nodes }) => {
      const order = shuffled(random, nodes);
      const split = random.between(1, nodes.length - 1);
      return { type: 'one_way', from: order.slice(0, split), to: order.slice(split) };
    },
  },
  {
    name: 'isolate',
    weight: 3,
    draw: ({ random, nodes }) => ({ type: 'isolate', node: pick(random, nodes) }),
  },
  {
    name: 'latency',
    weight: 3,
    draw: ({ random, nodes }) => {
      const ms = pick(random, [200, 400, 1000, 3000]);
      return { type: 'latency', ms, jitterMs: random.between(0, ms / 2), nodes: someOrAll(random, nodes) };
    },
  },
  ...(['loss', 'duplicate', 'reorder'] as const).map(
    (type): FaultKind => ({
      name: type,
      weight: 3,
      draw: ({ random, nodes }) => ({
        type,
        probability: probability(random, 0.05, 0.6),
        nodes: someOrAll(random, nodes),
      }),
    }),
  ),
  {
    name: 'bandwidth',
    weight: 2,
    draw: ({ random, nodes }) => ({
      type: 'bandwidth',
      mbps: pick(random, [0.01, 0.1, 1]),
      nodes: someOrAll(random, nodes),
    }),
  },
  onSuspect('withhold_votes'),
  onSuspect('withhold_gossip'),
  onSuspect('equivocate'),
  onSuspect('forge_completion'),
  onSuspect('lie_about_net'),
  onSuspect('garbage'),
  onSuspect('twin'),
  onChain('transfer_timeout', 2, () => ({ ...chain, kind: 'transfer_timeout' })),
  onChain('slow', 2, ({ random }) => ({ ...chain, kind: 'slow', factor: pick(random, [2, 3, 5]) })),
  onChain('censor', 3, ({ random, nodes }) => ({ ...chain, kind: 'censor', node: pick(random, nodes) })),
  onChain('reorg', 4, ({ random, originConfirmations }) =>
    originConfirmations === 0
      ? undefined
      : { ...chain, kind: 'reorg', depth: random.between(1, originConfirmations) },
  ),
  chance('lose_receipts'),
  chance('rpc_errors'),
  chance('rpc_timeouts'),
  chance('duplicate_delivery'),
  onChain('slippage', 2, ({ random, assets }) => ({
    ...chain,
    kind: 'slippage',
    asset: pick(random, assets),
    bps: pick(random, [50, 300, 900]),
  })),
  onChain('base_fee', 2, ({ random }) => ({
    ...chain,
    kind: 'base_fee',
    factor: pick(random, [3, 20, 500]),
  })),
  onSuspect('withhold_settlement', 4),
  onChain('stall', 2, () => ({ ...chain, kind: 'stall' })),
  onChain('full', 2, () => ({ ...chain, kind: 'full' })),
];

/** The name under which a fault is counted. */
export function kindOf(fault: Fault): string {
  return fault.type === 'settlement_chain' ? `${fault.type}.${fault.kind}` : fault.type;
}

/** Draws one fault by weight; undefined where the kind drawn has nothing to do it to. */
export function drawFault(world: FaultWorld, kinds: readonly FaultKind[]): Fault | undefined {
  const total = kinds.reduce((sum, { weight }) => sum + weight, 0);
  let at = world.random.below(total);
  for (const { weight, draw } of kinds) {
    if (at < weight) return draw(world);
    at -= weight;
  }
  return undefined;
}
