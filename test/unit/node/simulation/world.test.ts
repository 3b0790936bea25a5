import { describe, expect, it } from 'vitest';
import { createBlock } from '../../../../consensus/block.ts';
import { Random } from '../../../../consensus/primitives/random.ts';
import type { Input } from '../../../../node/core/types.ts';
import type { Fault, TimelineEvent } from '../../../../node/scenario/types.ts';
import { EventQueue } from '../../../../node/simulation/eventQueue.ts';
import { SimulatedDisk } from '../../../../node/simulation/machine/disk.ts';
import { SimulatedNode } from '../../../../node/simulation/machine/simulatedNode.ts';
import { Links } from '../../../../node/simulation/network/links.ts';
import { Requests } from '../../../../node/simulation/network/requests.ts';
import type { SettlementChain } from '../../../../node/simulation/settlement/settlementChain.ts';
import { SettlementSide } from '../../../../node/simulation/settlement/settlementSide.ts';
import { SharedExecutions, SharedMessages } from '../../../../node/simulation/sharedCaches.ts';
import { Timeline } from '../../../../node/timeline/timeline.ts';
import { TransactionDelivery } from '../../../../node/timeline/transactionDelivery.ts';
import { blockAt, resultOf, settlementBlockAt } from '../laws/fixtures.ts';

function createNodes(count: number): SimulatedNode[] {
  return Array.from({ length: count }, (_, index) => {
    const node = new SimulatedNode({ index, name: `node-${index}`, power: 1, disk: new SimulatedDisk() });
    node.core = {
      handle: () => [],
      status: () => {
        throw new Error('not asked');
      },
    };
    return node;
  });
}

function createLinks(nodeCount: number, loss = 0): Links {
  const model = { latencyMs: 50, jitterMs: 0, loss, duplicate: 0, reorder: 0, bandwidthMbps: 100 };
  return new Links({ model, nodeCount }, { random: new Random('world') });
}

describe('EventQueue', () => {
  it('lets settlement blocks go first within an instant, then the order of scheduling', () => {
    const queue = new EventQueue(0);
    queue.schedule(10, 'gossip');
    queue.schedule(10, 'timer');
    queue.scheduleFirst(10, 'settlement_tick');
    queue.schedule(5, 'request');
    const kinds: string[] = [];
    for (let event = queue.next(10); event !== undefined; event = queue.next(10)) kinds.push(event.kind);
    expect(kinds).toEqual(['request', 'settlement_tick', 'gossip', 'timer']);
    expect(queue.nowMs).toBe(10);
  });

  it('takes a time in the past as now, and happens at the last instant too', () => {
    const queue = new EventQueue(0);
    queue.schedule(100, 'timer');
    expect(queue.next(100)?.kind).toBe('timer');
    queue.schedule(3, 'gossip');
    expect(queue.next(100)?.kind).toBe('gossip');
    expect(queue.nowMs).toBe(100);
    queue.schedule(101, 'gossip');
    expect(queue.next(100)).toBeUndefined();
  });

  it('forgets what an event referred to once it is over', () => {
    const queue = new EventQueue(0);
    queue.schedule(1, 'request').bytes = new Uint8Array(1);
    const event = queue.next(1);
    expect(event?.bytes).toBeDefined();
    queue.next(1);
    expect(event?.bytes).toBeUndefined();
  });
});

describe('SettlementSide', () => {
  function createSide(nodes: SimulatedNode[]) {
    const queue = new EventQueue(0);
    const blocks = [settlementBlockAt(0)];
    const submitted: number[] = [];
    const chain: SettlementChain = {
      traceRepeated: false,
      get head() {
        return blocks.at(-1) ?? settlementBlockAt(0);
      },
      blockAt: (height) => blocks[height],
      produceBlock(timestampMs) {
        const block = settlementBlockAt(blocks.length, { timestampMs });
        blocks.push(block);
        return block;
      },
      submit: (_bytes, nowMs) => {
        submitted.push(nowMs);
        return { ok: true, value: undefined };
      },
      deposit: () => ({ ok: true, value: undefined }),
      post: () => ({ ok: true, value: undefined }),
      standingOf: () => 'unknown',
      setFull: () => {},
      setTransferTimeout: () => {},
      setCensored: () => {},
      multiplyBaseFee: () => {},
      movePrice: () => {},
      reorganise(depth) {
        blocks.length -= depth;
        return depth;
      },
    };
    const delivered: string[] = [];
    const links = createLinks(nodes.length);
    const side = new SettlementSide(
      { blockTimeMs: 5000, phaseMs: 100 },
      {
        chain,
        queue,
        links,
        nodes,
        deliver: (node, input) => {
          if (input.type !== 'settlementBlock') return;
          delivered.push(`${queue.nowMs}: ${input.block.height} to ${node.index}`);
        },
        watch: undefined,
        fail: (error) => delivered.push(error),
        refused: (code) => delivered.push(code),
        random: new Random('side'),
      },
    );
    const run = (untilMs: number): string[] => {
      const log: string[] = [];
      for (let event = queue.next(untilMs); event !== undefined; event = queue.next(untilMs)) {
        if (event.kind === 'settlement_tick') {
          const block = side.tick(event);
          if (block !== undefined) log.push(`${queue.nowMs}: block ${block.height}`);
        } else if (event.kind === 'settlement_delivery') {
          log.push(`${queue.nowMs}: ${event.number} to ${event.node}`);
          side.arrives(event);
        } else event.action?.();
      }
      return log;
    };
    return { side, run, submitted, delivered, links };
  }

  it('makes block k at phase + k * interval and tells the nodes that follow', () => {
    const nodes = createNodes(2);
    const { side, run } = createSide(nodes);
    const [first] = nodes;
    if (first !== undefined) side.follow(first, 0);
    expect(run(10_200)).toEqual([
      '0: 0 to 0',
      '5100: block 1',
      '5150: 1 to 0',
      '10100: block 2',
      '10150: 2 to 0',
    ]);
  });

  it('does not make up for a stall, however many stalls overlap', () => {
    const { side, run } = createSide(createNodes(1));
    run(6000);
    side.stall(true);
    side.stall(true);
    expect(run(21_000)).toEqual([]);
    side.stall(false);
    expect(run(30_000)).toEqual([]);
    side.stall(false);
    expect(run(40_000)).toEqual(['35000: block 2', '40000: block 3']);
  });

  it('makes blocks as many times slower as the worst fault says, from the last block on', () => {
    const { side, run } = createSide(createNodes(1));
    run(6000);
    side.slow(3, true);
    side.slow(2, true);
    expect(run(20_200)).toEqual(['20100: block 2']);
    side.slow(3, false);
    expect(run(30_100)).toEqual(['30100: block 3']);
    side.slow(2, false);
    expect(run(35_100)).toEqual(['35100: block 4']);
  });

  it('delivers what replaces reorganised blocks, once each, and nothing that is gone', () => {
    const nodes = createNodes(2);
    const { side, run, delivered } = createSide(nodes);
    for (const node of nodes) side.follow(node, 0);
    run(15_120);
    // Block 3 is on its way.
    expect(side.reorganise(2)).toBe(2);
    run(25_200);
    expect(delivered.filter((line) => line.endsWith('to 0'))).toEqual([
      '0: 0 to 0',
      '5150: 1 to 0',
      '10150: 2 to 0',
      '20150: 2 to 0',
      '25150: 3 to 0',
    ]);
  });

  it('brings a node that was cut off what it lacks, although the chain stands still', () => {
    const nodes = createNodes(1);
    const { side, run, delivered, links } = createSide(nodes);
    side.follow(nodes[0] as SimulatedNode, 0);
    run(6000);
    links.cut(links.chain, 0);
    run(12_000);
    side.stall(true);
    run(16_000);
    links.mend(links.chain, 0);
    run(20_000);
    expect(delivered).toEqual(['0: 0 to 0', '5150: 1 to 0', '16150: 2 to 0']);
  });

  it('delivers blocks a second time while deliveries repeat', () => {
    const nodes = createNodes(1);
    const { side, run, delivered } = createSide(nodes);
    const [node] = nodes as [SimulatedNode];
    side.follow(node, 0);
    side.repeatDeliveries(1, true);
    run(5200);
    side.repeatDeliveries(1, false);
    // Whenever the second delivery comes, it is an event of its own.
    run(25_000);
    expect(delivered.filter((line) => line.includes(': 1 to'))).toHaveLength(2);
    expect(delivered.filter((line) => line.includes(': 2 to'))).toHaveLength(1);
  });

  it('takes submissions in after their delay', () => {
    const nodes = createNodes(1);
    const { side, run, submitted } = createSide(nodes);
    side.calls.submit(nodes[0] as SimulatedNode, new Uint8Array(1));
    run(100);
    expect(submitted).toEqual([50]);
  });
});

describe('Requests', () => {
  function createRequests(loss = 0) {
    const nodes = createNodes(2);
    const queue = new EventQueue(0);
    const inputs: { to: string; at: number; input: Input }[] = [];
    const requests = new Requests({
      queue,
      nodes,
      links: createLinks(2, loss),
      deliver: (node, input) => inputs.push({ to: node.name, at: queue.nowMs, input }),
    });
    const run = (untilMs: number): void => {
      for (let event = queue.next(untilMs); event !== undefined; event = queue.next(untilMs)) {
        if (event.kind === 'request') requests.requestArrives(event);
        else requests.responseArrives(event);
      }
    };
    const [asker, answerer] = nodes as [SimulatedNode, SimulatedNode];
    const ask = () =>
      requests.send(asker, {
        type: 'request',
        requestId: 7,
        peer: 1,
        protocol: 'sync',
        bytes: Uint8Array.of(1),
      });
    return { requests, inputs, run, ask, asker, answerer };
  }

  it('brings a request there and its answer back, once', () => {
    const { requests, inputs, run, ask } = createRequests();
    ask();
    run(60);
    const [request] = inputs;
    if (request?.input.type !== 'request') throw new Error('no request');
    expect(request).toMatchObject({ to: 'node-1', at: 50, input: { from: 0, protocol: 'sync' } });
    requests.respond(request.input.requestId, Uint8Array.of(2));
    requests.respond(request.input.requestId, Uint8Array.of(3));
    run(100_000);
    expect(inputs.slice(1)).toMatchObject([
      { to: 'node-0', input: { type: 'response', requestId: 7, from: 1, bytes: Uint8Array.of(2) } },
    ]);
  });

  it('fails at once at a node that is down, and after a time when it is lost', () => {
    for (const [loss, atMs] of [
      [0, 100],
      [1, 5000],
    ] as const) {
      const { inputs, run, ask, answerer } = createRequests(loss);
      answerer.stop();
      ask();
      run(100_000);
      expect(inputs).toMatchObject([
        { to: 'node-0', at: atMs, input: { type: 'response', bytes: undefined } },
      ]);
    }
  });

  it('keeps an answer from a process that did not ask', () => {
    const { inputs, run, ask, asker } = createRequests();
    ask();
    asker.stop();
    run(100_000);
    expect(inputs.filter(({ to }) => to === 'node-0')).toEqual([]);
  });
});

describe('TransactionDelivery', () => {
  const source = { forBlock: (height: number) => (height % 2 === 0 ? [Uint8Array.of(height)] : []) };
  const blockWith = (height: number, ...transactions: Uint8Array[]) =>
    createBlock(blockAt(height).header, { transactions, evidence: [] });

  it('has two heights ready ahead of every proposal', () => {
    const delivery = new TransactionDelivery(source);
    expect(delivery.proposed(0)).toEqual([Uint8Array.of(2)]);
    expect(delivery.proposed(1)).toBeUndefined();
    expect(delivery.proposed(2)).toEqual([Uint8Array.of(4)]);
    expect(delivery.proposed(6)).toEqual([Uint8Array.of(6), Uint8Array.of(8)]);
    expect([...delivery.open()]).toEqual([2, 4, 6, 8].map((height) => Uint8Array.of(height)));
  });

  it('counts anchored transactions that a final block lacks, whatever object holds them', () => {
    const delivery = new TransactionDelivery({ forBlock: () => [Uint8Array.of(1), Uint8Array.of(2)] });
    delivery.proposed(0);
    expect(
      delivery.finalized(blockWith(1, Uint8Array.of(2), Uint8Array.of(1), Uint8Array.of(9))),
    ).toBeUndefined();
    expect(delivery.finalized(blockWith(2, Uint8Array.of(2)))).toBe(1);
    expect([...delivery.open()]).toEqual([]);
  });
});

describe('Timeline', () => {
  function createTimeline(
    ...events: Pick<TimelineEvent, 'at' | 'forMs' | 'faults' | 'transactions' | 'deposits'>[]
  ) {
    const queue = new EventQueue(0);
    const log: string[] = [];
    const timeline = new Timeline(
      events.map((event) => ({ ...event, line: 1 })),
      {
        scheduleAction: (timeMs, action) => queue.scheduleAction(timeMs, action),
        nowMs: () => queue.nowMs,
        submitTransactions: (event) => log.push(`${queue.nowMs}: ${event.transactions.length} transactions`),
        makeDeposits: ({ deposits }) => log.push(`${queue.nowMs}: ${deposits?.length} deposits`),
        makePost: (post) => log.push(`${queue.nowMs}: a post of ${post.transactions.length}`),
        startFault: ({ type }) => log.push(`${queue.nowMs}: ${type}`),
        endFault: ({ type }) => log.push(`${queue.nowMs}: end of ${type}`),
      },
    );
    const run = (untilMs: number): void => {
      for (let event = queue.next(untilMs); event !== undefined; event = queue.next(untilMs))
        event.action?.();
    };
    return { timeline, run, log };
  }
  const crash: Fault = { type: 'crash', node: 'node-0', lose: 'all' };
  const restart: Fault = { type: 'restart', node: 'node-0' };
  const transfer = {
    account: 'a',
    operation: { type: 'transfer', to: 'b', asset: 'UM', amount: 1n },
  } as const;

  it('starts faults at their time and ends them after `for`, a restart never', () => {
    const { run, log } = createTimeline(
      { at: { timeMs: 10 }, forMs: 5, faults: [crash, restart], transactions: [] },
      { at: { timeMs: 12 }, forMs: undefined, faults: [crash], transactions: [] },
    );
    run(100);
    expect(log).toEqual(['10: crash', '10: restart', '12: crash', '15: end of crash']);
  });

  it('makes the deposits of an event when it happens', () => {
    const deposit = { account: 'a', to: 'b', asset: 'UM', amount: 1n, timeoutBlocks: 5 };
    const { run, log } = createTimeline({
      at: { timeMs: 10 },
      forMs: undefined,
      faults: [],
      transactions: [],
      deposits: [deposit],
    });
    run(100);
    expect(log).toEqual(['10: 1 deposits']);
  });

  it('waits for its anchor, once', () => {
    const { timeline, run, log } = createTimeline(
      { at: { block: 3 }, forMs: undefined, faults: [crash], transactions: [transfer] },
      { at: { batch: 1, state: 'sealed' }, forMs: undefined, faults: [], transactions: [transfer] },
    );
    run(7);
    timeline.reached({ block: 2 });
    timeline.reached({ batch: 1, state: 'confirmed' });
    expect(timeline.isWaiting).toBe(true);
    timeline.reached({ block: 3 });
    timeline.reached({ block: 3 });
    timeline.reached({ batch: 1, state: 'sealed' });
    run(8);
    expect(timeline.isWaiting).toBe(false);
    expect(log).toEqual(['7: crash', '7: 1 transactions']);
  });
});

describe('shared caches', () => {
  it('finds messages by the object that holds their bytes', () => {
    const messages = new SharedMessages(4);
    const bytes = Uint8Array.of(1);
    messages.set(bytes, 'message');
    expect(messages.get(bytes)).toBe('message');
    expect(messages.get(Uint8Array.of(1))).toBeUndefined();
  });

  it('drops results far below the newest height, and takes none in there', () => {
    const executions = new SharedExecutions();
    const executed = (height: number) => ({
      block: blockAt(height),
      result: resultOf(),
      transactions: [],
      stateWrites: [],
    });
    for (let height = 1; height <= 100; height += 1) executions.set(executed(height));
    expect(executions.get(blockAt(100))).toBeDefined();
    expect(executions.get(blockAt(37))).toBeDefined();
    expect(executions.get(blockAt(36))).toBeUndefined();
    executions.set(executed(36));
    expect(executions.get(blockAt(36))).toBeUndefined();
  });
});
