/**
 * The HTTP API over a real core: node-0 of a network of four that lives in virtual time, its disk a map. Time passes when
 * a test says so; the server, its port and its answers are real.
 */
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect } from 'vitest';
import { EventLog } from '../../node/api/eventLog.ts';
import { NodeLogger } from '../../node/api/logger.ts';
import type { NodeView, SubmissionVerdict } from '../../node/api/nodeView.ts';
import { type ApiLimits, ApiServer } from '../../node/api/server.ts';
import type { OrderDesk } from '../../node/autobatch/orderDesk.ts';
import type { InputPipeline } from '../../node/batcher/pipeline/inputPipeline.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import type { GenesisAccount } from '../../settlement/ledger/types.ts';
import { CoreNetwork, scenarioOf } from './coreNetwork.ts';
import { FakeOrders } from './fakeOrders.ts';
import { FakePipeline } from './fakePipeline.ts';
import { Signatory } from './signatory.ts';

export const ADMIN_TOKEN = 'let-me-in';

const scenario = scenarioOf(`
name: api
duration: 200s
config:
  settlement: { batch_size: 2 }
  ledger: { treasury_keepers: [alice, bob], treasury_threshold: 2 }
  atomic_batches: { channel_dispute_ms: 10000 }
timeline:
  - { at: { block: 1 }, account: alice, borrow: { asset: UM, amount: 1000 } }
  - { at: { block: 2 }, account: alice, borrow: { asset: USDC, amount: 70 } }
  - { at: { block: 3 }, account: alice, repay: { asset: UM, amount: 400 } }
  - { at: { block: 5 }, account: alice, borrow: { asset: UM, amount: 10 } }
`);

export interface ApiHarnessOptions {
  readonly adminToken?: string;
  readonly holdsOperatorKey?: boolean;
  readonly limits?: Partial<ApiLimits>;
  readonly eventsKept?: number;
  readonly extraAccounts?: readonly GenesisAccount[];
  /** Outcomes of transactions that node-0 keeps. */
  readonly outcomesMax?: number;
  readonly port?: number;
  /** Instead of the fake one; null: the batcher is off. */
  readonly inputs?: InputPipeline | null;
  /** Instead of the fake engine; null: the server takes no orders. */
  readonly orders?: ((node: NodeView) => OrderDesk) | null;
  readonly hasDebugEndpoints?: boolean;
  /** Tells this process's events from those of another. */
  readonly epoch?: string;
}

export class ApiHarness {
  readonly network: CoreNetwork;
  readonly keys: Signatory;
  readonly events: EventLog;
  readonly server: ApiServer;
  readonly logLines: string[] = [];
  readonly inputs = new FakePipeline();
  readonly orders = new FakeOrders(() => this.network.genesis.chainId);
  url = '';
  /** Peers that node-0 seems connected to. */
  peers: readonly number[] = [1, 2, 3];
  /** Answers the next submissions in the core's place. */
  forcedVerdict: SubmissionVerdict | undefined;
  /** Whether somebody would start node-0 again, and how often that was asked for. */
  isSupervised = true;
  restartCount = 0;
  /** Set: the node's view throws it. */
  failure: Error | undefined;

  private constructor(options: ApiHarnessOptions) {
    const names = { nameOf: (index: number) => `node-${index}`, labelOf: () => undefined };
    this.events = new EventLog({
      self: 0,
      names,
      epoch: options.epoch ?? 'test',
      kept: options.eventsKept ?? 10_000,
    });
    this.network = new CoreNetwork(scenario, {
      settles: true,
      extraAccounts: options.extraAccounts ?? [],
      node: { archive: { outcomesMax: options.outcomesMax ?? 1000, batchesMax: 1000 } },
      onInput: (node, input) => {
        if (node === 0 && input.type === 'settlementBlock') {
          this.events.noteSettlementBlock(input.nowMs, input.block);
        }
      },
      onOutput: (node, output) => {
        if (node === 0 && output.type === 'emit') this.events.noteEvent(this.#nowMs(), output.event);
      },
    });
    this.keys = new Signatory(this.network.parts, this.network.crypto);
    const node = this.#view(options);
    const desk: OrderDesk = options.orders?.(node) ?? { type: 'engine', engine: this.orders };
    this.server = new ApiServer(
      {
        host: '127.0.0.1',
        port: options.port ?? 0,
        adminToken: options.adminToken ?? ADMIN_TOKEN,
        hasDebugEndpoints: options.hasDebugEndpoints ?? true,
        ...(options.limits === undefined ? {} : { limits: options.limits }),
      },
      {
        node,
        events: this.events,
        inputs: options.inputs === null ? undefined : (options.inputs ?? this.inputs),
        orders: options.orders === null ? undefined : desk,
        logger: new NodeLogger({
          node: 'node-0',
          level: 'debug',
          out: { write: (line) => void this.logLines.push(line) },
        }),
      },
    );
  }

  static async start(options: ApiHarnessOptions = {}): Promise<ApiHarness> {
    const harness = new ApiHarness(options);
    harness.url = await harness.server.start();
    return harness;
  }

  stop(): Promise<void> {
    return this.server.stop();
  }

  /** Takes node-0's process down and starts it again on what its disk holds. */
  restartNode(): void {
    this.network.stop(0);
    this.network.start(0);
  }

  fetch(path: string, init: RequestInit = {}): Promise<Response> {
    return fetch(`${this.url}${path}`, init);
  }

  post(path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
    return this.fetch(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  }

  async json(path: string): Promise<Record<string, unknown>> {
    return (await (await this.fetch(path)).json()) as Record<string, unknown>;
  }

  /** A signed transaction of alice, as hex. */
  signed(body: TransactionBody, changes: Parameters<Signatory['transaction']>[2] = {}): string {
    const nonce = this.network.nodes[0]?.core.reader().nextNonce(this.keys.account('alice').address) ?? 0;
    const bytes = this.keys.transaction(this.keys.account('alice'), body, { nonce, ...changes });
    return `0x${Buffer.from(bytes).toString('hex')}`;
  }

  #nowMs(): number {
    // The first outputs come while the network is being made.
    return (this.network as CoreNetwork | undefined)?.nowMs ?? -2000;
  }

  #view(options: ApiHarnessOptions): NodeView {
    const core = () => {
      if (this.failure !== undefined) throw this.failure;
      const node = this.network.nodes[0];
      if (node === undefined) throw new RangeError('no node');
      return node.core;
    };
    const { operator } = this.network.parts;
    const holdsKey = options.holdsOperatorKey !== false && operator !== undefined;
    const restart = (): void => {
      this.restartCount += 1;
    };
    const restartNow = () => (this.isSupervised ? restart : undefined);
    return {
      self: 0,
      version: '0.1.0',
      operator: holdsKey ? this.network.crypto.createSigner(operator.secretKey) : undefined,
      reader: () => core().reader(),
      nowMs: () => this.network.nowMs,
      peers: () => this.peers,
      submit: async (bytes) => {
        if (this.forcedVerdict !== undefined) return this.forcedVerdict;
        const { nowMs } = this.network;
        const outputs = this.network.deliver(0, { type: 'transactionSubmitted', nowMs, bytes, gossip: true });
        const verdict = outputs.find((output) => output.type === 'verdict');
        if (verdict === undefined) throw new Error('no verdict');
        return verdict;
      },
      pauseSettlement: async (paused) => {
        this.network.deliver(0, { type: 'settlementPaused', nowMs: this.network.nowMs, paused });
      },
      get restart() {
        return restartNow();
      },
      counters: () => ({ 'gossip_rejected/votes': 2, 'gossip_rejected/blocks': 1, restarts: 4 }),
    };
  }
}

interface Documented {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly responses: Readonly<Record<string, DocumentedAnswer>> }>>
    >
  >;
  readonly components: unknown;
}
interface DocumentedAnswer {
  readonly content: Readonly<Record<string, { readonly schema: object; readonly example: unknown }>>;
}

/** Holds answers against the description that the server itself gives out. */
export class Description {
  readonly #document: Documented;
  readonly #ajv = new Ajv2020({ strict: true, allErrors: true, keywords: ['components'] });

  private constructor(document: Documented) {
    this.#document = document;
  }

  static async of(harness: ApiHarness): Promise<Description> {
    return new Description((await harness.json('/openapi.json')) as unknown as Documented);
  }

  /** Every documented (method, path, status, media type) with schema and example. */
  list() {
    return Object.entries(this.#document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).flatMap(([method, { responses }]) =>
        Object.entries(responses).flatMap(([status, { content }]) =>
          Object.entries(content).map(([type, shape]) => ({
            key: `${method.toUpperCase()} ${path} ${status}`,
            type,
            ...shape,
          })),
        ),
      ),
    );
  }

  check(key: string, body: unknown): void {
    const documented = this.list().find((answer) => answer.key === key);
    expect(documented, `${key} is not documented`).toBeDefined();
    if (documented === undefined) return;
    const { components } = this.#document;
    const validate = this.#ajv.compile({ ...documented.schema, components });
    validate(body);
    expect(validate.errors ?? [], `${key}: ${JSON.stringify(body)}`).toEqual([]);
  }
}
