import type { Hash } from '../../consensus/primitives/flavor.ts';
import { Random } from '../../consensus/primitives/random.ts';
import { SettlementServer } from '../../node/api/settlementServer.ts';
import type { Input, Output, SettlementAnswer } from '../../node/core/types.ts';
import { HttpSettlement } from '../../node/runtime/httpSettlement.ts';
import { LocalSettlement } from '../../node/runtime/localSettlement.ts';
import { SettlementHost } from '../../node/runtime/settlementHost.ts';
import type {
  PostAnswer,
  PostedAnswer,
  PostingClient,
  SettlementClient,
  SettlementQuestion,
} from '../../node/runtime/settlementPort.ts';
import { SettlementRpc } from '../../node/runtime/settlementRpc.ts';
import type { SettlementChainFault } from '../../node/scenario/types.ts';
import { EventQueue, type SimulationEvent } from '../../node/simulation/eventQueue.ts';
import { SimulatedDisk } from '../../node/simulation/machine/disk.ts';
import { SimulatedNode } from '../../node/simulation/machine/simulatedNode.ts';
import { Links } from '../../node/simulation/network/links.ts';
import { SettlementSide } from '../../node/simulation/settlement/settlementSide.ts';
import { SettlementWatch } from '../../node/simulation/settlement/settlementWatch.ts';
import type { SettlementPair } from '../../settlement/chain/doubleSettlementWatch.ts';
import { postedInputHash } from '../../settlement/net/postedInput.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { ManualClock } from '../helpers/manualClock.ts';
import { MemoryStore } from '../helpers/memoryStore.ts';
import { waitUntil } from '../helpers/waitUntil.ts';
import { chainId, createChain, createWatch } from '../unit/settlement/chain/fixtures.ts';
import {
  SETTLEMENT_BLOCK_TIME_MS as BLOCK_TIME_MS,
  describeSettlement,
  type SettlementUnderTest,
} from './settlementSuite.ts';

type Call = Extract<Output, { readonly type: 'submitSettlement' | 'askSettlement' }>;

class SimulatedSettlement implements SettlementUnderTest {
  readonly delivered: SettlementBlock[] = [];
  readonly conflicts: SettlementPair[] = [];
  readonly #queue = new EventQueue(0);
  readonly #chain = createChain({ reorgDepthMax: 8 });
  #refused: string | undefined;
  readonly #node = new SimulatedNode({ index: 0, name: 'node-0', power: 1, disk: new SimulatedDisk() });
  readonly #answers = new Map<number, SettlementAnswer>();
  readonly #side: SettlementSide;
  #lastRequestId = 0;

  constructor() {
    const model = { latencyMs: 50, jitterMs: 10, loss: 0, duplicate: 0, reorder: 0, bandwidthMbps: 1000 };
    const random = new Random('settlement');
    const links = new Links({ model, nodeCount: 1 }, { random });
    const nodes = [this.#node];
    const queue = this.#queue;
    const deliver = (_node: SimulatedNode, input: Input): void => this.#take(input);
    this.#node.core = { handle: () => [], status: () => Promise.reject() as never };
    this.#side = new SettlementSide(
      { blockTimeMs: BLOCK_TIME_MS, phaseMs: 0 },
      {
        chain: this.#chain,
        queue,
        links,
        nodes,
        deliver,
        fail: (error) => {
          throw new Error(error);
        },
        watch: new SettlementWatch({ watch: createWatch(), queue, links, nodes, deliver }),
        refused: (code) => {
          this.#refused = code;
        },
        random,
      },
    );
  }

  submit(bytes: Uint8Array): Promise<SettlementAnswer> {
    return this.#call({ type: 'submitSettlement', requestId: 0, bytes, batch: 1, attempt: 1 });
  }

  ask({ seq, attempt, hash }: SettlementQuestion): Promise<SettlementAnswer> {
    return this.#call({ type: 'askSettlement', requestId: 0, batch: seq, attempt, transactionHash: hash });
  }

  /** Users are no nodes: they reach the chain at once. */
  async post(bytes: Uint8Array): Promise<PostAnswer> {
    this.#refused = undefined;
    this.#side.post(bytes);
    if (this.#refused !== undefined) return { type: 'refused', code: this.#refused };
    return { type: 'accepted', hash: postedInputHash(bytes) };
  }

  async askPosted(hash: Hash): Promise<PostedAnswer> {
    const { head, nextBaseFee } = this.#chain;
    const standing = this.#chain.postStandingOf(hash);
    return {
      type: 'posted',
      settlementHeight: undefined,
      ...standing,
      headHeight: head.height,
      nextBaseFee,
    };
  }

  /** Everybody who runs is shown what there is. */
  watchConflicts(): void {}

  follow(fromHeight: number): void {
    this.#side.follow(this.#node, fromHeight);
  }

  async makeBlock(): Promise<void> {
    const { height } = this.#side;
    await this.until(() => this.#side.height > height);
  }

  async setFault(fault: SettlementChainFault, on: boolean): Promise<void> {
    if (fault.kind === 'reorg') this.#side.reorganise(fault.depth);
    else if ('probability' in fault) this.#side.calls.change(fault.kind, fault.probability, on);
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      const event = this.#queue.next(Number.MAX_SAFE_INTEGER);
      if (event === undefined) throw new Error('nothing more happens');
      this.#happen(event);
    }
  }

  async close(): Promise<void> {
    return undefined;
  }

  async #call(call: Call): Promise<SettlementAnswer> {
    this.#lastRequestId += 1;
    const requestId = this.#lastRequestId;
    this.#side.calls.make(this.#node, { ...call, requestId });
    await this.until(() => this.#answers.has(requestId));
    return this.#answers.get(requestId) ?? { type: 'failed' };
  }

  #happen(event: SimulationEvent): void {
    if (event.kind === 'settlement_tick') this.#side.tick(event);
    else if (event.kind === 'settlement_delivery') this.#side.arrives(event);
    else event.action?.();
  }

  #take(input: Input): void {
    if (input.type === 'settlementBlock') this.delivered.push(input.block);
    if (input.type === 'settlementConflict') this.conflicts.push(input);
    if (input.type === 'settlementAnswer') this.#answers.set(input.requestId, input.answer);
  }
}

/** A client of a real-time chain whose clock a test moves. */
async function realTime(
  connect: (
    host: SettlementHost,
  ) => Promise<{ readonly client: SettlementClient & PostingClient; readonly close: () => Promise<void> }>,
): Promise<SettlementUnderTest> {
  const clock = new ManualClock(0);
  const host = await SettlementHost.open(
    { blockTimeMs: BLOCK_TIME_MS },
    {
      chain: createChain({ reorgDepthMax: 8 }),
      doubleSettlements: createWatch(),
      store: new MemoryStore(),
      clock,
      indexOf: () => undefined,
      onFailure: (error) => {
        throw error;
      },
    },
  );
  const { client, close } = await connect(host);
  const delivered: SettlementBlock[] = [];
  const conflicts: SettlementPair[] = [];
  return {
    delivered,
    conflicts,
    submit: (bytes) => client.submit(bytes),
    post: (bytes) => client.post(bytes),
    askPosted: (hash) => client.askPosted(hash),
    ask: (question) => client.ask(question),
    follow: (fromHeight) =>
      client.follow(fromHeight, async (block) => {
        delivered.push(block);
      }),
    watchConflicts: () =>
      client.watchConflicts(async (pair) => {
        conflicts.push(pair);
      }),
    makeBlock: async () => clock.moveTo(clock.now() + BLOCK_TIME_MS),
    setFault: (fault, on) => host.setFault(fault, on),
    until: (condition) => waitUntil(condition),
    close: async () => {
      await client.stop();
      await close();
      await host.stop();
    },
  };
}

describeSettlement('simulated', async () => new SimulatedSettlement());

describeSettlement('in the same process', () =>
  realTime(async (host) => ({ client: new LocalSettlement(() => host), close: async () => undefined })),
);

describeSettlement('over HTTP', () =>
  realTime(async (host) => {
    const rpc = new SettlementRpc({ chainId, clock: { genesisMs: 0 }, blockTimeMs: BLOCK_TIME_MS }, host);
    const server = new SettlementServer(
      { host: '127.0.0.1', port: 0, adminToken: undefined },
      { answer: (body, isAdmin) => rpc.handle(body, isAdmin) },
    );
    const url = await server.start();
    const client = new HttpSettlement({ urls: [url], callTimeoutMs: 500 });
    return { client, close: () => server.stop() };
  }),
);
