/**
 * Who can agree with whom right now: the largest group of nodes that take part, reach each other, and have clocks that
 * are close enough. The progress law waits while it is no quorum, and whoever watches the run is told who is missing.
 */
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { ValidatorSet } from '../../consensus/validators.ts';

/** Clocks further apart than this many deltas may keep a leader's proposals from being voted for in time. */
const CLOCK_SPREAD_DELTAS = 2;

/** What counts of a node here. */
export interface Member {
  readonly index: ValidatorIndex;
  readonly name: string;
  readonly power: number;
  readonly clock: { readonly offsetMs: number };
}

/** What counts of the links between them. */
export interface MemberLinks {
  /** The settlement chain's end. */
  readonly chain: number;
  /** Whether a message can get through at all, with luck. */
  isConnected(from: number, to: number): boolean;
  /** Whether a message of so many bytes surely arrives within a time, in ms. */
  isTimely(from: number, to: number, byteCount: number, withinMs: number): boolean;
}

export interface QuorumOptions {
  readonly validators: ValidatorSet;
  readonly deltaMs: number;
  /** The largest message that agreement needs in time. */
  readonly messageBytesMax: number;
}

export interface QuorumDependencies<Node extends Member> {
  readonly nodes: readonly Node[];
  readonly links: MemberLinks;
  /** Why a node takes no part in agreement, such as `is down`; undefined: it does. */
  readonly obstacleOf: (node: Node) => string | undefined;
}

export class Quorum<Node extends Member> {
  readonly #options: QuorumOptions;
  readonly #dependencies: QuorumDependencies<Node>;

  constructor(options: QuorumOptions, dependencies: QuorumDependencies<Node>) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  isQuorum(group: readonly Node[]): boolean {
    return this.#options.validators.isQuorum(powerOf(group));
  }

  /** Nodes that can hear each other at all. */
  connected(): readonly Node[] {
    const { links } = this.#dependencies;
    return this.#largestGroup(
      (a, b) => links.isConnected(a.index, b.index) && links.isConnected(b.index, a.index),
    );
  }

  /** Nodes between which everything arrives within delta. */
  timely(): readonly Node[] {
    return this.#largestGroup((a, b) => this.#isTimely(a.index, b.index));
  }

  /** Whether every one of them reaches the settlement chain within delta, and is reached. */
  reachesChain(group: readonly Node[]): boolean {
    return group.every(({ index }) => this.#isTimely(index, this.#dependencies.links.chain));
  }

  /** Why a node that is well itself could not settle now, for the ways between it, the others and the chain. */
  obstacleOnTheWay(node: Node): string | undefined {
    if (!this.reachesChain([node])) return 'does not reach the settlement chain in time';
    const timely = this.timely();
    if (!timely.includes(node)) return 'does not reach the others in time';
    // Blocks may go on notarised and not final, and the duty clock with them; only what is final is settled.
    return this.isQuorum(timely) ? undefined : 'has no quorum that agrees in time';
  }

  /** Who keeps the network from agreeing, in words; undefined while a quorum can. */
  describeLoss(): string | undefined {
    const connected = this.connected();
    return this.isQuorum(connected) ? undefined : this.describeMissing(connected);
  }

  /** Who is not in a group, and why, in words. */
  describeMissing(group: readonly Node[]): string {
    const { nodes, obstacleOf } = this.#dependencies;
    const missing = nodes.filter((node) => !group.includes(node));
    return missing
      .map((node) => {
        const obstacle = obstacleOf(node);
        if (obstacle !== undefined) return `${node.name} ${obstacle}`;
        return group.every((other) => this.#areClocksClose(node, other))
          ? `${node.name} cannot be reached`
          : `the clock of ${node.name} is ${describeOffset(node, group)}`;
      })
      .join(', ');
  }

  /**
   * A group in which everybody is connected with everybody, by adding to each node in turn all that fit: exact for
   * partitions and isolation, and for the rest never larger than what there is.
   */
  #largestGroup(areConnected: (a: Node, b: Node) => boolean): readonly Node[] {
    const { nodes, obstacleOf } = this.#dependencies;
    const able = nodes.filter((node) => obstacleOf(node) === undefined);
    let largest: Node[] = [];
    for (const first of able) {
      const group = [first];
      for (const node of able) {
        if (node === first) continue;
        if (group.every((member) => this.#areClocksClose(member, node) && areConnected(member, node))) {
          group.push(node);
        }
      }
      if (powerOf(group) > powerOf(largest)) largest = group;
      if (largest.length === able.length) break;
    }
    return largest;
  }

  #areClocksClose(a: Node, b: Node): boolean {
    return Math.abs(a.clock.offsetMs - b.clock.offsetMs) <= CLOCK_SPREAD_DELTAS * this.#options.deltaMs;
  }

  #isTimely(a: number, b: number): boolean {
    const { deltaMs, messageBytesMax } = this.#options;
    const { links } = this.#dependencies;
    return links.isTimely(a, b, messageBytesMax, deltaMs) && links.isTimely(b, a, messageBytesMax, deltaMs);
  }
}

/** How far a clock is from those of a group; what counts is the difference, not whose clock shows true time. */
function describeOffset({ clock }: Member, group: readonly Member[]): string {
  const offsets = group.map((other) => clock.offsetMs - other.clock.offsetMs);
  const farthest = offsets.reduce((one, other) => (Math.abs(other) > Math.abs(one) ? other : one), 0);
  return `${Math.abs(farthest)} ms ${farthest > 0 ? 'ahead' : 'behind'}`;
}

function powerOf(nodes: readonly Member[]): number {
  return nodes.reduce((sum, { power }) => sum + power, 0);
}
