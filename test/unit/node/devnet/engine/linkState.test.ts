import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../../../../../consensus/primitives/random.ts';
import { LinkState } from '../../../../../node/devnet/engine/linkState.ts';
import type { LinkFault, NetworkModel } from '../../../../../node/scenario/types.ts';
import { LinkFaults } from '../../../../../node/simulation/faults/linkFaults.ts';
import { SimulatedDisk } from '../../../../../node/simulation/machine/disk.ts';
import { SimulatedNode } from '../../../../../node/simulation/machine/simulatedNode.ts';
import { Links } from '../../../../../node/simulation/network/links.ts';

const names = ['node-0', 'node-1', 'node-2', 'node-3'] as const;
const model: NetworkModel = {
  latencyMs: 50,
  jitterMs: 10,
  loss: 0,
  duplicate: 0,
  reorder: 0,
  bandwidthMbps: 100_000,
};
const ends = [0, 1, 2, 3, names.length];
const someNodes = fc.uniqueArray(fc.constantFrom(...names), { minLength: 1, maxLength: 2 });
const maybeNodes = fc.option(someNodes, { nil: undefined });
const anyFault: fc.Arbitrary<LinkFault> = fc.oneof(
  fc.record({ type: fc.constant('isolate' as const), node: fc.constantFrom(...names) }),
  someNodes.map((group) => ({ type: 'partition' as const, groups: [group] })),
  fc.constantFrom(...names).map((name) => ({
    type: 'one_way' as const,
    from: [name],
    to: names.filter((other) => other !== name).slice(0, 2),
  })),
  fc.record({
    type: fc.constant('latency' as const),
    ms: fc.integer({ min: 20, max: 900 }),
    jitterMs: fc.integer({ min: 0, max: 20 }),
    nodes: maybeNodes,
  }),
  fc.record({
    type: fc.constantFrom('loss' as const, 'reorder' as const),
    probability: fc.constantFrom(0, 0.5, 1),
    nodes: maybeNodes,
  }),
);

/** The links of the simulation, under the same faults. */
function simulatedLinks() {
  const links = new Links({ model, nodeCount: names.length }, { random: new Random(1) });
  const nodes = names.map((name, index) => {
    const disk = new SimulatedDisk(new Random(index));
    return new SimulatedNode({ index, name, power: 1, disk });
  });
  const nodeNamed = (name: string) => {
    const node = nodes.find((one) => one.name === name);
    if (node === undefined) throw new Error(`no ${name}`);
    return node;
  };
  return { links, faults: new LinkFaults({ nodes, links, nodeNamed }) };
}

describe('LinkState', () => {
  it('touches exactly the links that the simulation touches, while faults begin and end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ fault: anyFault, endsFirst: fc.boolean() }), { maxLength: 6 }),
        (steps) => {
          const state = new LinkState(model, names);
          const { links, faults } = simulatedLinks();
          const running: LinkFault[] = [];
          const compare = (): void => {
            for (const from of ends) {
              for (const to of ends) {
                if (from === to) continue;
                expect(state.isConnected(from, to)).toBe(links.isConnected(from, to));
                for (const withinMs of [100, 400, 1000]) {
                  const isTimely = links.isTimely(from, to, 0, withinMs);
                  expect(state.isTimely(from, to, 0, withinMs)).toBe(isTimely);
                }
              }
            }
          };
          for (const { fault, endsFirst } of steps) {
            const ended = endsFirst ? running.shift() : undefined;
            if (ended !== undefined) {
              state.end(ended);
              faults.end(ended);
            }
            state.start(fault);
            faults.start(fault);
            running.push(fault);
            compare();
          }
          for (const fault of running) {
            state.end(fault);
            faults.end(fault);
          }
          compare();
        },
      ),
    );
  });

  it('tells a node of what comes to it, from every peer and the settlement chain', () => {
    const state = new LinkState(model, names);
    const slow = { type: 'latency', ms: 400, jitterMs: 5, nodes: ['node-1'] } as const;
    state.start(slow);
    state.start({ type: 'one_way', from: ['node-2'], to: ['node-0'] });
    const links = state.linksTo(0);
    expect([...links.keys()]).toEqual([1, 2, 3, 'settlement']);
    expect(links.get(1)).toMatchObject({ cut: false, latencyMs: 400, jitterMs: 5 });
    expect(links.get(2)).toMatchObject({ cut: true, latencyMs: 50 });
    expect(links.get(3)).toMatchObject({ cut: false, latencyMs: 50, jitterMs: 10 });
    expect(links.get('settlement')).toMatchObject({ cut: false, latencyMs: 50 });
    expect(state.linksTo(1).get('settlement')).toMatchObject({ latencyMs: 400 });
    expect(state.linksTo(2).get(0)).toMatchObject({ cut: false });
  });

  it('is healed by the very fault that broke it', () => {
    const state = new LinkState(model, names);
    const cut: LinkFault = { type: 'isolate', node: 'node-1' };
    expect(() => state.end(cut)).toThrow('no isolate to end');
    expect(() => state.end({ type: 'loss', probability: 1, nodes: undefined })).toThrow('no loss to end');
    expect(() => state.start({ type: 'isolate', node: 'node-9' })).toThrow('no node is called node-9');
  });
});
