/**
 * What every link of a real network is to be like right now: the scenario's network model, and what its faults make of it.
 * The same rules as the modelled links have (node/simulation/network/links.ts); the nodes are told, and play it at the
 * receiving end. The settlement chain is one more end, and its link to a node is the same both ways.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { ValidatorIndex } from '../../../consensus/primitives/flavor.ts';
import type { MemberLinks } from '../../laws/quorum.ts';
import type { LinkEnd, LinkQuality } from '../../runtime/linkConditions.ts';
import type { LinkFault, NetworkModel } from '../../scenario/types.ts';

/** Longest hold of an overtaken delivery, in usual delays (node/runtime/linkConditions.ts). */
const HOLD_DELAYS_MAX = 3;

/** Faults that change what a link does to a delivery, other than cutting it. */
type QualityFault = Extract<LinkFault, { readonly nodes: readonly string[] | undefined }>;
type CutFault = Exclude<LinkFault, QualityFault>;
/** A node's index; the settlement chain's comes after the last. */
type End = number;

export class LinkState implements MemberLinks {
  readonly chain: End;
  readonly #names: readonly string[];
  readonly #base: LinkQuality;
  /** In the order in which they began: of two of one type on one link the later one counts. */
  readonly #changes: { readonly fault: QualityFault; readonly ends: ReadonlySet<End> | undefined }[] = [];
  readonly #cuts = new Map<CutFault, ReadonlySet<string>>();

  constructor({ latencyMs, jitterMs, loss, duplicate, reorder }: NetworkModel, names: readonly string[]) {
    this.#names = names;
    this.chain = names.length;
    this.#base = { cut: false, latencyMs, jitterMs, loss, duplicate, reorder };
  }

  start(fault: LinkFault): void {
    if (!isQualityFault(fault)) {
      const directions = this.#directionsCutBy(fault).map(([from, to]) => keyOf(from, to));
      this.#cuts.set(fault, new Set(directions));
      return;
    }
    const ends = fault.nodes === undefined ? undefined : new Set(this.#endsOf(fault.nodes));
    this.#changes.push({ fault, ends });
  }

  /** Called with the very object that started it. */
  end(fault: LinkFault): void {
    if (!isQualityFault(fault)) {
      assert(this.#cuts.delete(fault), `no ${fault.type} to end`);
      return;
    }
    const at = this.#changes.findIndex((change) => change.fault === fault);
    assert(at >= 0, `no ${fault.type} to end`);
    this.#changes.splice(at, 1);
  }

  /** For a node: what comes to it over each link. */
  linksTo(node: ValidatorIndex): ReadonlyMap<LinkEnd, LinkQuality> {
    const links = new Map<LinkEnd, LinkQuality>();
    for (let from = 0; from < this.#names.length; from += 1) {
      if (from !== node) links.set(from, this.#qualityOf(from, node));
    }
    links.set('settlement', this.#qualityOf(this.chain, node));
    return links;
  }

  isConnected(from: End, to: End): boolean {
    const { cut, loss } = this.#qualityOf(from, to);
    return !cut && loss < 1;
  }

  /** What a real network adds to the delays asked for is not known, and little beside them. */
  isTimely(from: End, to: End, _byteCount: number, withinMs: number): boolean {
    const { cut, loss, reorder, latencyMs, jitterMs } = this.#qualityOf(from, to);
    const delayMs = (latencyMs + jitterMs) * (reorder > 0 ? 1 + HOLD_DELAYS_MAX : 1);
    return !cut && loss === 0 && delayMs <= withinMs;
  }

  #qualityOf(from: End, to: End): LinkQuality {
    let quality = this.#base;
    for (const { fault, ends } of this.#changes) {
      if (ends === undefined || ends.has(from) || ends.has(to)) quality = changedBy(quality, fault);
    }
    const key = keyOf(from, to);
    for (const directions of this.#cuts.values()) {
      if (directions.has(key)) return { ...quality, cut: true };
    }
    return quality;
  }

  #directionsCutBy(fault: CutFault): readonly (readonly [from: End, to: End])[] {
    const nodes = this.#names.map((_, index) => index);
    if (fault.type === 'one_way') {
      const to = this.#endsOf(fault.to);
      return this.#endsOf(fault.from).flatMap((from) => to.map((end) => [from, end] as const));
    }
    if (fault.type === 'isolate') {
      const [end = -1] = this.#endsOf([fault.node]);
      const others = [...nodes, this.chain].filter((other) => other !== end);
      return others.flatMap((other) => [[end, other] as const, [other, end] as const]);
    }
    const groupOf = new Map<End, number>();
    for (const [group, members] of fault.groups.entries()) {
      for (const end of this.#endsOf(members)) groupOf.set(end, group);
    }
    return nodes.flatMap((from) =>
      nodes.filter((to) => groupOf.get(from) !== groupOf.get(to)).map((to) => [from, to] as const),
    );
  }

  #endsOf(names: readonly string[]): readonly End[] {
    return names.map((name) => {
      const index = this.#names.indexOf(name);
      assert(index >= 0, `no node is called ${name}`);
      return index;
    });
  }
}

function isQualityFault(fault: LinkFault): fault is QualityFault {
  return fault.type !== 'partition' && fault.type !== 'one_way' && fault.type !== 'isolate';
}

function changedBy(quality: LinkQuality, fault: QualityFault): LinkQuality {
  switch (fault.type) {
    case 'latency':
      return { ...quality, latencyMs: fault.ms, jitterMs: fault.jitterMs };
    case 'bandwidth':
      throw new RangeError('no link here can be made narrower');
    default:
      return { ...quality, [fault.type]: fault.probability };
  }
}

function keyOf(from: End, to: End): string {
  return `${from}>${to}`;
}
