import { Random } from '../../consensus/primitives/random.ts';
import type { Input } from '../../node/core/types.ts';
import { EventQueue, type SimulationEvent } from '../../node/simulation/eventQueue.ts';
import { SimulatedDisk } from '../../node/simulation/machine/disk.ts';
import type { NodeProcess } from '../../node/simulation/machine/nodeProcess.ts';
import { SimulatedNode } from '../../node/simulation/machine/simulatedNode.ts';
import { Gossip } from '../../node/simulation/network/gossip.ts';
import { GossipMemory } from '../../node/simulation/network/gossipMemory.ts';
import { Links } from '../../node/simulation/network/links.ts';
import { Requests } from '../../node/simulation/network/requests.ts';
import { NetworkFactory, type Received } from '../helpers/libp2pNetworks.ts';
import { waitUntil } from '../helpers/waitUntil.ts';
import { describeNetwork, type NetworkUnderTest, NODES } from './networkSuite.ts';

type Answer = (from: number, bytes: Uint8Array) => Promise<Uint8Array | undefined>;

/** A process that does nothing: what reaches it is noted by whoever delivers. */
const idleProcess: NodeProcess = {
  handle: () => [],
  status: () => {
    throw new Error('nobody asks');
  },
};

class SimulatedNetworkUnderTest implements NetworkUnderTest {
  readonly #queue = new EventQueue(0);
  readonly #nodes: SimulatedNode[] = [];
  readonly #received: Received[][] = [];
  readonly #answers: Answer[] = [];
  readonly #responses = new Map<string, (bytes: Uint8Array | undefined) => void>();
  readonly #gossip: Gossip;
  readonly #requests: Requests;
  #lastRequestId = 0;

  constructor() {
    for (let index = 0; index < NODES; index += 1) {
      const node = new SimulatedNode({ index, name: `node-${index}`, power: 1, disk: new SimulatedDisk() });
      node.core = idleProcess;
      this.#nodes.push(node);
      this.#received.push([]);
      this.#answers.push(async (_from, bytes) => bytes);
    }
    const model = { latencyMs: 50, jitterMs: 10, loss: 0, duplicate: 0, reorder: 0, bandwidthMbps: 1000 };
    const links = new Links({ model, nodeCount: NODES }, { random: new Random('network') });
    const surroundings = {
      queue: this.#queue,
      links,
      nodes: this.#nodes,
      deliver: (node: SimulatedNode, input: Input) => this.#deliver(node.index, input),
    };
    const memory = new GossipMemory(NODES);
    this.#gossip = new Gossip({
      ...surroundings,
      memory,
      messages: undefined,
      voteSent: () => undefined,
      proposalSent: () => undefined,
    });
    this.#requests = new Requests(surroundings);
  }

  publish(from: number, topic: Received['topic'], bytes: Uint8Array): void {
    this.#gossip.publish(this.#node(from), topic, bytes);
  }

  received(node: number): readonly Received[] {
    return this.#received[node] ?? [];
  }

  async request(from: number, peer: number, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    this.#lastRequestId += 1;
    const requestId = this.#lastRequestId;
    let isDone = false;
    let answer: Uint8Array | undefined;
    this.#responses.set(`${from}/${requestId}`, (response) => {
      isDone = true;
      answer = response;
    });
    this.#requests.send(this.#node(from), { type: 'request', requestId, peer, protocol: 'sync', bytes });
    await this.until(() => isDone);
    return answer;
  }

  setAnswer(node: number, answer: Answer): void {
    this.#answers[node] = answer;
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const event = this.#queue.next(Number.MAX_SAFE_INTEGER);
      if (event === undefined) throw new Error('nothing more happens');
      this.#happen(event);
      // Answers are promises that have settled; let them reach the network.
      await new Promise<void>((resolve) => setImmediate(resolve));
    }
  }

  async stopNode(node: number): Promise<void> {
    this.#node(node).stop();
  }

  async close(): Promise<void> {
    return undefined;
  }

  #happen(event: SimulationEvent): void {
    if (event.kind === 'gossip') this.#gossip.arrives(event);
    else if (event.kind === 'request') this.#requests.requestArrives(event);
    else this.#requests.responseArrives(event);
  }

  #deliver(node: number, input: Input): void {
    if (input.type === 'message') {
      const { topic, from, bytes } = input;
      this.#received[node]?.push({ topic, from, bytes });
    } else if (input.type === 'request') {
      const { requestId, from, bytes } = input;
      this.#answers[node]?.(from, bytes).then((answer) => this.#requests.respond(requestId, answer));
    } else if (input.type === 'response') {
      this.#responses.get(`${node}/${input.requestId}`)?.(input.bytes);
    }
  }

  #node(index: number): SimulatedNode {
    const node = this.#nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    return node;
  }
}

describeNetwork('simulated', async () => new SimulatedNetworkUnderTest());

describeNetwork('libp2p', async () => {
  const factory = new NetworkFactory(NODES);
  const members = await factory.startMesh(NODES, { requestTimeoutMs: 1000 });
  const member = (index: number) => {
    const found = members[index];
    if (found === undefined) throw new RangeError(`no node ${index}`);
    return found;
  };
  return {
    publish: (from, topic, bytes) => member(from).network.publish(topic, bytes),
    received: (node) => member(node).received,
    request: (from, to, bytes) => member(from).network.request(to, 'sync', bytes),
    setAnswer: (node, answer) => {
      member(node).answer = answer;
    },
    until: (condition) => waitUntil(condition),
    stopNode: (node) => member(node).network.stop(),
    close: () => factory.close(),
  };
});
