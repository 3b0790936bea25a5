/**
 * Links between nodes, and between a node and the settlement chain, that lose, delay, repeat or hold back what they
 * carry. Keeps no state of links itself (node/simulation/network/links.ts does), only what each fault cut.
 */
import { assert } from '../../../consensus/primitives/codedError.ts';
import type { Health } from '../../laws/progress.ts';
import type { LinkFault } from '../../scenario/types.ts';
import type { SimulatedNode } from '../machine/simulatedNode.ts';
import type { LinkEnd, Links, QualityFault } from '../network/links.ts';
import type { FaultHandler } from './faultHandler.ts';

export interface LinkFaultsDependencies {
  readonly nodes: readonly SimulatedNode[];
  readonly links: Links;
  readonly nodeNamed: (name: string) => SimulatedNode;
}

type Direction = readonly [from: LinkEnd, to: LinkEnd];

export class LinkFaults implements FaultHandler<LinkFault> {
  readonly #dependencies: LinkFaultsDependencies;
  readonly #cuts = new Map<LinkFault, readonly Direction[]>();

  constructor(dependencies: LinkFaultsDependencies) {
    this.#dependencies = dependencies;
  }

  start(fault: LinkFault): void {
    const { links } = this.#dependencies;
    if (isQualityFault(fault)) {
      links.change(fault, fault.nodes === undefined ? undefined : new Set(this.#endsOf(fault.nodes)));
      return;
    }
    const directions = this.#directionsCutBy(fault);
    this.#cuts.set(fault, directions);
    for (const [from, to] of directions) links.cut(from, to);
  }

  end(fault: LinkFault): void {
    const { links } = this.#dependencies;
    if (isQualityFault(fault)) {
      links.restore(fault);
      return;
    }
    const directions = this.#cuts.get(fault);
    assert(directions !== undefined, `no ${fault.type} to end`);
    this.#cuts.delete(fault);
    for (const [from, to] of directions) links.mend(from, to);
  }

  health(): Health {
    return { hasQuorum: true, canSettle: true };
  }

  #directionsCutBy(fault: Exclude<LinkFault, QualityFault>): Direction[] {
    const { nodes, links } = this.#dependencies;
    const directions: Direction[] = [];
    if (fault.type === 'one_way') {
      for (const from of this.#endsOf(fault.from)) {
        for (const to of this.#endsOf(fault.to)) if (from !== to) directions.push([from, to]);
      }
    } else if (fault.type === 'isolate') {
      const [end] = this.#endsOf([fault.node]);
      if (end === undefined) return [];
      const others = [...nodes.map(({ index }) => index), links.chain].filter((other) => other !== end);
      for (const other of others) directions.push([end, other], [other, end]);
    } else {
      const groupOf = new Map<LinkEnd, number>();
      for (const [group, names] of fault.groups.entries()) {
        for (const end of this.#endsOf(names)) groupOf.set(end, group);
      }
      for (const { index: from } of nodes) {
        for (const { index: to } of nodes) {
          if (groupOf.get(from) !== groupOf.get(to)) directions.push([from, to]);
        }
      }
    }
    return directions;
  }

  #endsOf(names: readonly string[]): LinkEnd[] {
    return names.map((name) => this.#dependencies.nodeNamed(name).index);
  }
}

function isQualityFault(fault: LinkFault): fault is QualityFault {
  return fault.type !== 'partition' && fault.type !== 'one_way' && fault.type !== 'isolate';
}
