import { describe, expect, it } from 'vitest';
import { Random } from '../../../../../consensus/primitives/random.ts';
import { ValidatorSet } from '../../../../../consensus/validators.ts';
import { Quorum } from '../../../../../node/laws/quorum.ts';
import type { NodeFault } from '../../../../../node/scenario/types.ts';
import { createBlankEvent, type EventKind } from '../../../../../node/simulation/eventQueue.ts';
import { NodeClock } from '../../../../../node/simulation/machine/clock.ts';
import { SimulatedDisk } from '../../../../../node/simulation/machine/disk.ts';
import { Freezer, HELD_MESSAGES_MAX } from '../../../../../node/simulation/machine/freezer.ts';
import { SimulatedNode } from '../../../../../node/simulation/machine/simulatedNode.ts';
import { Links } from '../../../../../node/simulation/network/links.ts';

function createNodes(count: number): SimulatedNode[] {
  return Array.from(
    { length: count },
    (_, index) => new SimulatedNode({ index, name: `node-${index}`, power: 1, disk: new SimulatedDisk() }),
  );
}

describe('NodeClock', () => {
  it('shows true time and what it was shifted by, and converts both ways', () => {
    const clock = new NodeClock();
    expect(clock.localMs(1000)).toBe(1000);
    clock.shift(-2500);
    clock.shift(500);
    expect([clock.offsetMs, clock.localMs(1000), clock.trueMs(-1000)]).toEqual([-2000, -1000, 1000]);
  });
});

describe('Freezer', () => {
  const pause: NodeFault = { type: 'pause', node: 'node-0' };
  const event = (kind: EventKind, node = 0, number = 0) => ({ ...createBlankEvent(), kind, node, number });

  it('keeps what comes to a paused process, in order, until its last pause ends', () => {
    const [node] = createNodes(1) as [SimulatedNode];
    const freezer = new Freezer();
    const other = { ...pause };
    expect(freezer.isActive).toBe(false);
    freezer.pause(node, pause);
    freezer.pause(node, other);
    expect(freezer.holds(event('gossip', 0, 1))).toBe(true);
    expect(freezer.holds(event('gossip', 1))).toBe(false);
    expect(freezer.holds(event('action'))).toBe(false);
    expect(freezer.holds(event('timer', 0, 2))).toBe(true);
    expect(freezer.holds(event('node_action', 0, 3))).toBe(true);
    expect(freezer.resume(node, pause)).toBeUndefined();
    expect(freezer.resume(node, other)?.map(({ kind, number }) => [kind, number])).toEqual([
      ['gossip', 1],
      ['timer', 2],
      ['node_action', 3],
    ]);
    expect(freezer.isActive).toBe(false);
  });

  it('loses messages beyond its bound, never a timer', () => {
    const [node] = createNodes(1) as [SimulatedNode];
    const freezer = new Freezer();
    freezer.pause(node, pause);
    for (let index = 0; index < HELD_MESSAGES_MAX + 5; index += 1) freezer.holds(event('gossip'));
    freezer.holds(event('timer'));
    expect(freezer.resume(node, pause)).toHaveLength(HELD_MESSAGES_MAX + 1);
  });

  it('forgets all with the process', () => {
    const [node] = createNodes(1) as [SimulatedNode];
    const freezer = new Freezer();
    freezer.pause(node, pause);
    freezer.holds(event('gossip'));
    freezer.drop(node);
    expect(freezer.isFrozen(node)).toBe(false);
    expect(freezer.resume(node, pause)).toBeUndefined();
  });
});

describe('Quorum', () => {
  function createQuorum(count: number) {
    const nodes = createNodes(count);
    const model = { latencyMs: 50, jitterMs: 10, loss: 0, duplicate: 0, reorder: 0, bandwidthMbps: 100 };
    const links = new Links({ model, nodeCount: count }, { random: new Random('quorum') });
    const validators = new ValidatorSet(nodes.map(({ name, power }) => ({ name, power, publicKey: name })));
    const obstacles = new Map<SimulatedNode, string>();
    const quorum = new Quorum(
      { validators, deltaMs: 500, messageBytesMax: 1000 },
      { nodes, links, obstacleOf: (node) => obstacles.get(node) },
    );
    const separate = (a: number, b: number): void => {
      links.cut(a, b);
      links.cut(b, a);
    };
    const names = (group: readonly SimulatedNode[]) => group.map(({ name }) => name).sort();
    return { quorum, links, nodes, obstacles, separate, names };
  }

  it('is everybody in a whole network', () => {
    const { quorum, nodes } = createQuorum(4);
    expect(quorum.timely()).toEqual(nodes);
    expect(quorum.isQuorum(quorum.connected())).toBe(true);
    expect(quorum.reachesChain(nodes)).toBe(true);
  });

  it('is the largest group of a partition, wherever it stands', () => {
    const { quorum, separate, names } = createQuorum(5);
    for (const a of [0, 1]) for (const b of [2, 3, 4]) separate(a, b);
    expect(names(quorum.connected())).toEqual(['node-2', 'node-3', 'node-4']);
    expect(quorum.isQuorum(quorum.connected())).toBe(false);
    expect(quorum.describeMissing(quorum.connected())).toBe(
      'node-0 cannot be reached, node-1 cannot be reached',
    );
  });

  it('needs both directions, and leaves out who is hindered or has a clock far off', () => {
    const { quorum, links, nodes, obstacles, names } = createQuorum(7);
    links.cut(0, 1);
    obstacles.set(nodes[2] as SimulatedNode, 'is down');
    nodes[3]?.clock.shift(-1001);
    nodes[4]?.clock.shift(1000);
    expect(names(quorum.connected())).toEqual(['node-0', 'node-4', 'node-5', 'node-6']);
    expect(quorum.describeMissing(quorum.connected())).toBe(
      'node-1 cannot be reached, node-2 is down, the clock of node-3 is 2001 ms behind',
    );
  });

  it('counts slow links as connected, not as timely', () => {
    const { quorum, links } = createQuorum(4);
    links.change({ type: 'latency', ms: 600, jitterMs: 0, nodes: ['node-1', 'node-2'] }, new Set([1, 2]));
    expect(quorum.connected()).toHaveLength(4);
    expect(quorum.timely()).toHaveLength(2);
    expect(quorum.reachesChain(quorum.connected())).toBe(false);
    expect(quorum.reachesChain(quorum.timely())).toBe(true);
  });
});
