/**
 * Four cores in virtual time on stores that lose what a machine may lose, and a plan of crashes between one output and
 * the next. It notes every vote that leaves a process and every block a process calls final, and says what a restart
 * has forgotten. Two nodes crash at a time at most, so some instants have no quorum: votes then wait on disk for long.
 */
import { createGenesisBlock } from '../../consensus/block.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { Random } from '../../consensus/primitives/random.ts';
import type { Vote } from '../../consensus/vote.ts';
import { decodeProposal, decodeVotes } from '../../node/core/messages.ts';
import { NodeCore } from '../../node/core/nodeCore.ts';
import { recoverState } from '../../node/core/store.ts';
import type { Input, Output, TimerId } from '../../node/core/types.ts';
import type { Store } from '../../node/runtime/store.ts';
import { createGenesis } from '../../node/scenario/genesis.ts';
import { createSettlementChain } from '../../node/scenario/settlementChain.ts';
import { createGenesisState } from '../../settlement/execution/genesisState.ts';
import { scenarioOf } from './coreNetwork.ts';

const NODE_COUNT = 4;
const DELAY_MS = 40;
const DOWN_MS = 900;
/** One output in this many is a node's last. */
const OUTPUTS_PER_CRASH = 60;

export interface CrashableStore extends Store {
  /** The machine goes down; afterwards the store holds what is left. */
  crash(keepHalf: boolean): Promise<void>;
}

export interface DurabilityReport {
  readonly crashes: number;
  readonly finalizedHeight: number;
  /** What was said to others and is not there after a crash, and votes that contradict each other. */
  readonly violations: readonly string[];
}

interface Machine {
  readonly index: number;
  readonly store: CrashableStore;
  readonly timers: Map<TimerId, number>;
  /** Every vote that left, by view and kind. */
  readonly sentVotes: Map<string, Vote>;
  announcedHeight: number;
  incarnation: number;
  core: NodeCore | undefined;
}

/** @param createStore - A fresh, empty store for each node. */
export async function runDurability(
  createStore: (node: number) => Promise<CrashableStore>,
  options: { readonly seed: number; readonly untilMs: number },
): Promise<DurabilityReport> {
  const network = new DurableNetwork(options.seed);
  try {
    await network.start(createStore);
    await network.run(options.untilMs);
    return network.report();
  } finally {
    await network.close();
  }
}

class DurableNetwork {
  readonly #random: Random;
  readonly #parts: ReturnType<typeof createGenesis>;
  readonly #chain: ReturnType<typeof createSettlementChain>;
  readonly #crypto = createCrypto('modelled');
  readonly #machines: Machine[] = [];
  readonly #violations: string[] = [];
  #queue: { readonly at: number; readonly order: number; readonly run: () => Promise<void> }[] = [];
  #order = 0;
  #crashes = 0;
  #nowMs = -2000;

  constructor(seed: number) {
    this.#random = new Random(`durability/${seed}`);
    const scenario = scenarioOf(`seed: ${seed}\nduration: 60s\n`);
    this.#parts = createGenesis(scenario);
    const { chainId, validators } = this.#parts.genesis;
    this.#chain = createSettlementChain(scenario, { chainId, validators, verifier: this.#crypto });
  }

  async start(createStore: (node: number) => Promise<CrashableStore>): Promise<void> {
    for (let index = 0; index < NODE_COUNT; index += 1) {
      this.#machines.push({
        index,
        store: await createStore(index),
        timers: new Map(),
        sentVotes: new Map(),
        announcedHeight: 0,
        incarnation: 0,
        core: undefined,
      });
    }
    for (const machine of this.#machines) await this.#boot(machine);
  }

  async run(untilMs: number): Promise<void> {
    for (;;) {
      this.#queue.sort((a, b) => a.at - b.at || a.order - b.order);
      const next = this.#queue[0];
      if (next === undefined || next.at > untilMs) return;
      this.#queue = this.#queue.slice(1);
      this.#nowMs = Math.max(this.#nowMs, next.at);
      await next.run();
    }
  }

  report(): DurabilityReport {
    const heights = this.#machines.map(({ announcedHeight }) => announcedHeight);
    return {
      crashes: this.#crashes,
      finalizedHeight: Math.max(...heights),
      violations: this.#violations,
    };
  }

  async close(): Promise<void> {
    for (const { store } of this.#machines) await store.close();
  }

  async #boot(machine: Machine): Promise<void> {
    const { genesis } = this.#parts;
    const { index, store, announcedHeight } = machine;
    const recovered = await store.rows();
    const genesisBlock = createGenesisBlock({
      chainId: genesis.chainId,
      blockTimeMs: genesis.blockTimeMs,
      stateRoot: createGenesisState(genesis).stateRoot,
      settlementGenesisHash: genesis.settlementGenesisHash,
    });
    const state = recoverState(recovered, genesisBlock);
    const height = state?.finalized.header.height ?? 0;
    if (height < announcedHeight)
      this.#violate(index, `block ${announcedHeight} was final, kept is ${height}`);
    const kept = new Set((state?.memory.votes ?? []).map(keyOf));
    const finalizedView = state?.finalized.header.view ?? 0;
    for (const [key, vote] of machine.sentVotes) {
      if (vote.view > finalizedView && !kept.has(key)) this.#violate(index, `the vote ${key} is forgotten`);
    }
    machine.core = this.#createCore(index);
    const peers = this.#machines.map((peer) => peer.index).filter((peer) => peer !== index);
    const mayHaveRun = machine.incarnation > 0;
    await this.#deliver(machine, { type: 'started', nowMs: this.#nowMs, recovered, peers, mayHaveRun });
  }

  #createCore(index: number): NodeCore {
    const { genesis, validators } = this.#parts;
    const secretKey = validators[index]?.secretKey ?? new Uint8Array();
    return new NodeCore(
      {
        genesis,
        self: index,
        deltaMs: 500,
        inactiveViews: 8,
        resubmitAfterBlocks: 2,
        tip: 1n,
        openRescue: false,
        historyBlocks: 64,
      },
      {
        crypto: this.#crypto,
        signer: this.#crypto.createSigner(secretKey),
        executions: undefined,
        messages: undefined,
        observer: undefined,
      },
    );
  }

  async #deliver(machine: Machine, input: Input): Promise<void> {
    const { core } = machine;
    if (core === undefined) return;
    for (const output of core.handle(input)) {
      const othersUp = this.#machines.filter((other) => other !== machine && other.core !== undefined).length;
      if (othersUp >= 2 && this.#random.below(OUTPUTS_PER_CRASH) === 0) {
        await this.#crash(machine);
        return;
      }
      await this.#carryOut(machine, output);
    }
  }

  async #crash(machine: Machine): Promise<void> {
    this.#crashes += 1;
    machine.core = undefined;
    machine.incarnation += 1;
    machine.timers.clear();
    await machine.store.crash(this.#random.chance(0.5));
    this.#at(this.#nowMs + DOWN_MS, () => this.#boot(machine));
  }

  async #carryOut(machine: Machine, output: Output): Promise<void> {
    const { index, incarnation } = machine;
    switch (output.type) {
      case 'persist':
        return machine.store.apply(output.writes, output.sync);
      case 'publish':
        this.#noteVotes(machine, output.topic, output.bytes);
        for (const peer of this.#machines) {
          if (peer === machine) continue;
          const { topic, bytes } = output;
          this.#later(() =>
            this.#deliver(peer, { type: 'message', nowMs: this.#nowMs, topic, from: index, bytes }),
          );
        }
        return;
      case 'setTimer': {
        const { id, at } = output;
        machine.timers.set(id, at);
        this.#at(Math.max(at, this.#nowMs), async () => {
          if (machine.incarnation !== incarnation || machine.timers.get(id) !== at) return;
          machine.timers.delete(id);
          await this.#deliver(machine, { type: 'timerFired', nowMs: this.#nowMs, id });
        });
        return;
      }
      case 'clearTimer':
        machine.timers.delete(output.id);
        return;
      case 'request': {
        const { requestId, peer, protocol, bytes } = output;
        const responder = this.#machine(peer);
        this.#later(() =>
          this.#deliver(responder, {
            type: 'request',
            nowMs: this.#nowMs,
            requestId,
            from: index,
            protocol,
            bytes,
          }),
        );
        return;
      }
      case 'respond': {
        const { requestId, peer, bytes } = output;
        const requester = this.#machine(peer);
        this.#later(() =>
          this.#deliver(requester, { type: 'response', nowMs: this.#nowMs, requestId, from: index, bytes }),
        );
        return;
      }
      case 'followSettlement': {
        const block = this.#chain.genesis;
        this.#at(this.#nowMs, () =>
          this.#deliver(machine, { type: 'settlementBlock', nowMs: this.#nowMs, block }),
        );
        return;
      }
      case 'emit':
        if (output.event.type === 'block_finalized') machine.announcedHeight = output.event.height;
        return;
      default:
        return;
    }
  }

  #noteVotes(machine: Machine, topic: string, bytes: Uint8Array): void {
    const proposal = topic === 'blocks' ? decodeProposal(bytes) : undefined;
    const repeated = topic === 'votes' ? decodeVotes(bytes) : undefined;
    const votes = proposal?.ok ? [proposal.value.vote] : repeated?.ok ? repeated.value.votes : [];
    for (const vote of votes) {
      if (vote.voter !== machine.index) continue;
      const key = keyOf(vote);
      const sent = machine.sentVotes.get(key);
      if (sent !== undefined && sent.blockHash !== vote.blockHash)
        this.#violate(vote.voter, `voted ${key} twice`);
      machine.sentVotes.set(key, vote);
      const { sentVotes } = machine;
      if (sentVotes.has(`${vote.view}/nullify`) && sentVotes.has(`${vote.view}/finalize`)) {
        this.#violate(vote.voter, `nullified and finalised view ${vote.view}`);
      }
    }
  }

  #violate(node: number, what: string): void {
    this.#violations.push(`node-${node} at ${this.#nowMs} ms: ${what}`);
  }

  #machine(index: number): Machine {
    const machine = this.#machines[index];
    if (machine === undefined) throw new RangeError(`no node ${index}`);
    return machine;
  }

  #later(run: () => Promise<void>): void {
    this.#at(this.#nowMs + DELAY_MS, run);
  }

  #at(at: number, run: () => Promise<void>): void {
    this.#queue.push({ at, order: this.#order, run });
    this.#order += 1;
  }
}

function keyOf({ view, kind }: Vote): string {
  return `${view}/${kind}`;
}
