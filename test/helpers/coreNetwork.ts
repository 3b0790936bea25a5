/**
 * Bare node cores wired directly to each other: every message arrives after one fixed delay, disks are maps. Of the
 * settlement chain there is the genesis block alone unless a test asks for more. The simulation is tested elsewhere.
 */
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import type { Crypto } from '../../consensus/primitives/signature.ts';
import { NodeCore } from '../../node/core/nodeCore.ts';
import type { NodeDependencies, NodeOptions } from '../../node/core/ports.ts';
import type { Input, Output, RecoveredRow, SettlementAnswer, TimerId, Topic } from '../../node/core/types.ts';
import { createGenesis, type GenesisParts } from '../../node/scenario/genesis.ts';
import { parseScenario } from '../../node/scenario/loadScenario.ts';
import { createSettlementChain } from '../../node/scenario/settlementChain.ts';
import { TransactionFeed } from '../../node/scenario/timeline.ts';
import type { Scenario } from '../../node/scenario/types.ts';
import type { MockSettlementChain } from '../../settlement/chain/mockChain.ts';
import type { Genesis } from '../../settlement/execution/genesis.ts';
import type { GenesisAccount } from '../../settlement/ledger/types.ts';

const DELAY_MS = 40;
const CALL_TIMEOUT_MS = 2000;

export interface Sent {
  readonly from: number;
  readonly topic: Topic;
  readonly bytes: Uint8Array;
}

interface TestNode {
  core: NodeCore;
  rows: Map<string, Uint8Array>;
  timers: Map<TimerId, number>;
  up: boolean;
  inputs: Input[];
}

export function scenarioOf(text: string): Scenario {
  const parsed = parseScenario(text, 'test.yaml');
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.problems));
  return parsed.value.scenario;
}

export interface CoreNetworkOptions {
  /** Makes settlement blocks when they are due, and carries submissions to the chain. */
  readonly settles?: boolean;
  readonly node?: Partial<NodeOptions>;
  /** False: the scenario's transactions fund their accounts and are never sent. */
  readonly scriptedTransactions?: boolean;
  /** Funded at genesis beside the scenario's own. */
  readonly extraAccounts?: readonly GenesisAccount[];
  /** Told of every input before a node takes it, and of every output after it was carried out. */
  readonly onInput?: (node: number, input: Input) => void;
  readonly onOutput?: (node: number, output: Output) => void;
}

export class CoreNetwork {
  readonly nodes: TestNode[] = [];
  readonly sent: Sent[] = [];
  readonly outputs: { readonly node: number; readonly output: Output }[] = [];
  readonly genesis: Genesis;
  readonly chain: MockSettlementChain;
  readonly parts: GenesisParts;
  readonly crypto: Crypto;
  nowMs = -2000;
  /** Whether a node's gossip and submissions get through; tests replace it. */
  isCutOff: (node: number) => boolean = () => false;
  /** Whether a node hears nothing of the settlement chain; tests replace it. */
  isBlind: (node: number) => boolean = () => false;
  readonly #options: CoreNetworkOptions;
  readonly #queue: { readonly at: number; readonly order: number; readonly run: () => void }[] = [];
  #order = 0;

  constructor(scenario: Scenario, options: CoreNetworkOptions = {}) {
    this.#options = options;
    this.crypto = createCrypto('modelled');
    const parts = createGenesis(scenario);
    const accounts = [...parts.genesis.accounts, ...(options.extraAccounts ?? [])];
    this.parts = { ...parts, genesis: { ...parts.genesis, accounts } };
    this.genesis = this.parts.genesis;
    const { chainId, validators } = this.genesis;
    this.chain = createSettlementChain(scenario, { chainId, validators, verifier: this.crypto });
    for (const [index] of this.genesis.validators.validators.entries()) {
      this.nodes.push({
        core: this.createCore(index),
        rows: new Map(),
        timers: new Map(),
        up: false,
        inputs: [],
      });
      this.start(index);
    }
    if (options.settles === true) this.#awaitSettlementBlock();
    if (options.scriptedTransactions === false) return;
    const feed = new TransactionFeed(scenario, this.parts, this.crypto);
    for (let height = 1; height <= 12; height += 1) {
      for (const bytes of feed.forBlock(height)) {
        for (const [index] of this.nodes.entries()) {
          this.deliver(index, { type: 'transactionSubmitted', nowMs: this.nowMs, bytes, gossip: false });
        }
      }
    }
  }

  /**
   * A core of this network that was not started; the network's own start with it.
   * @param shared - What it shares with other cores.
   */
  createCore(
    index: number,
    shared: Partial<Pick<NodeDependencies, 'messages' | 'goodItems'>> = {},
  ): NodeCore {
    const validator = this.parts.validators[index];
    if (validator === undefined) throw new RangeError(`no validator ${index}`);
    return new NodeCore(
      {
        genesis: this.genesis,
        self: index,
        deltaMs: 500,
        inactiveViews: 8,
        resubmitAfterBlocks: 2,
        tip: 1n,
        openRescue: false,
        historyBlocks: 64,
        ...this.#options.node,
      },
      {
        crypto: this.crypto,
        signer: this.crypto.createSigner(validator.secretKey),
        executions: undefined,
        messages: undefined,
        observer: undefined,
        ...shared,
      },
    );
  }

  rowsOf(index: number): RecoveredRow[] {
    const rows = [...(this.nodes[index]?.rows ?? [])].map(([key, value]) => ({ key, value }));
    return rows.sort((a, b) => (a.key < b.key ? -1 : 1));
  }

  start(index: number): void {
    const node = this.#node(index);
    node.up = true;
    const all = this.genesis.validators.validators.map((validator) => validator.index);
    this.deliver(index, {
      type: 'started',
      nowMs: this.nowMs,
      recovered: this.rowsOf(index),
      peers: all.filter((peer) => peer !== index),
    });
  }

  stop(index: number): void {
    const node = this.#node(index);
    node.up = false;
    node.timers.clear();
    node.inputs = [];
    node.core = this.createCore(index);
  }

  run(untilMs: number): void {
    for (;;) {
      this.#queue.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#queue[0];
      if (next === undefined || next.at > untilMs) break;
      this.#queue.shift();
      this.nowMs = Math.max(this.nowMs, next.at);
      next.run();
    }
    this.nowMs = untilMs;
  }

  deliver(index: number, input: Input): readonly Output[] {
    const node = this.#node(index);
    if (!node.up || (input.type === 'settlementBlock' && this.isBlind(index))) return [];
    node.inputs.push(input);
    this.#options.onInput?.(index, input);
    const outputs = node.core.handle(input);
    for (const output of outputs) {
      this.#carryOut(index, node, output);
      this.#options.onOutput?.(index, output);
      // Stopped by whoever was told: what comes behind never leaves.
      if (!node.up) break;
    }
    return outputs;
  }

  #carryOut(index: number, node: TestNode, output: Output): void {
    this.outputs.push({ node: index, output });
    switch (output.type) {
      case 'persist':
        for (const { key, value } of output.writes) {
          if (value === undefined) node.rows.delete(key);
          else node.rows.set(key, value);
        }
        return;
      case 'publish':
        this.sent.push({ from: index, topic: output.topic, bytes: output.bytes });
        if (this.isCutOff(index)) return;
        for (const [to] of this.nodes.entries()) {
          if (to === index) continue;
          const { topic, bytes } = output;
          this.#later(() =>
            this.deliver(to, { type: 'message', nowMs: this.nowMs, topic, from: index, bytes }),
          );
        }
        return;
      case 'setTimer': {
        const { id, at } = output;
        node.timers.set(id, at);
        this.#at(Math.max(at, this.nowMs), () => {
          if (!node.up || node.timers.get(id) !== at) return;
          node.timers.delete(id);
          this.deliver(index, { type: 'timerFired', nowMs: this.nowMs, id });
        });
        return;
      }
      case 'clearTimer':
        node.timers.delete(output.id);
        return;
      case 'request': {
        const { requestId, peer, protocol, bytes } = output;
        this.#later(() =>
          this.deliver(peer, { type: 'request', nowMs: this.nowMs, requestId, from: index, protocol, bytes }),
        );
        return;
      }
      case 'respond': {
        const { requestId, peer, bytes } = output;
        this.#later(() =>
          this.deliver(peer, { type: 'response', nowMs: this.nowMs, requestId, from: index, bytes }),
        );
        return;
      }
      case 'followSettlement':
        for (let height = output.fromHeight; height <= this.chain.head.height; height += 1) {
          const block = this.chain.blockAt(height);
          if (block !== undefined) this.deliver(index, { type: 'settlementBlock', nowMs: this.nowMs, block });
        }
        return;
      case 'submitSettlement':
      case 'askSettlement':
        this.#call(index, output);
        return;
      default:
        return;
    }
  }

  /** A node that is cut off learns so after a while. */
  #call(
    index: number,
    output: Extract<Output, { readonly type: 'submitSettlement' | 'askSettlement' }>,
  ): void {
    const { requestId } = output;
    const reply = (answer: SettlementAnswer): void => {
      this.#later(() =>
        this.deliver(index, { type: 'settlementAnswer', nowMs: this.nowMs, requestId, answer }),
      );
    };
    if (this.#options.settles !== true || this.isCutOff(index)) {
      this.#at(this.nowMs + CALL_TIMEOUT_MS, () => reply({ type: 'timed_out' }));
      return;
    }
    this.#later(() => {
      if (output.type === 'askSettlement') {
        const { batch: seq, attempt, transactionHash: hash } = output;
        const standing = this.chain.standingOf({ proposer: index, seq, attempt, hash });
        reply({ type: 'standing', standing });
        return;
      }
      const verdict = this.chain.submit(output.bytes, this.nowMs);
      reply(verdict.ok ? { type: 'accepted' } : { type: 'refused', code: verdict.code });
    });
  }

  #awaitSettlementBlock(): void {
    const at = this.chain.nextTimestampMs;
    this.#at(at, () => {
      const block = this.chain.produceBlock(at);
      for (const [index] of this.nodes.entries()) {
        this.deliver(index, { type: 'settlementBlock', nowMs: this.nowMs, block });
      }
      this.#awaitSettlementBlock();
    });
  }

  #node(index: number): TestNode {
    const node = this.nodes[index];
    if (node === undefined) throw new RangeError(`no node ${index}`);
    return node;
  }

  #later(run: () => void): void {
    this.#at(this.nowMs + DELAY_MS, run);
  }

  #at(at: number, run: () => void): void {
    this.#queue.push({ at, order: this.#order, run });
    this.#order += 1;
  }
}
