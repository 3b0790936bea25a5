/**
 * Four cores in virtual time on stores that lose what a machine may lose, and a plan of crashes between one output and
 * the next. It notes every vote that leaves a process, every block a process calls final and every other promise
 * (durablePromises.ts), and says what a restart has forgotten. Two nodes crash at a time at most, so some instants have
 * no quorum: votes then wait on disk for long. Users, an operator, and a settlement chain keep every kind of row coming.
 */
import { createGenesisBlock } from '../../consensus/block.ts';
import { createCrypto } from '../../consensus/primitives/cryptoPolicy.ts';
import { Random } from '../../consensus/primitives/random.ts';
import type { Vote } from '../../consensus/vote.ts';
import { decodeProposal, decodeVotes } from '../../node/core/messages.ts';
import { NodeCore } from '../../node/core/nodeCore.ts';
import { recoverState } from '../../node/core/store.ts';
import type { Input, Output, SettlementAnswer, TimerId } from '../../node/core/types.ts';
import type { Store } from '../../node/runtime/store.ts';
import { createGenesis } from '../../node/scenario/genesis.ts';
import { createSettlementChain } from '../../node/scenario/settlementChain.ts';
import type { AtomicBatch } from '../../settlement/atomic/types.ts';
import { createGenesisState } from '../../settlement/execution/genesisState.ts';
import type { TransactionBody } from '../../settlement/execution/transactionBody.ts';
import type { Layer } from '../../settlement/state.ts';
import { scenarioOf } from './coreNetwork.ts';
import { DurablePromises } from './durablePromises.ts';
import { Signatory } from './signatory.ts';
import { checkWholeBatches, type WholeBatches } from './wholeBatches.ts';

const NODE_COUNT = 4;
const DELAY_MS = 40;
const DOWN_MS = 900;
/** One output in this many is a node's last. */
const OUTPUTS_PER_CRASH = 60;
/** A crash that is aimed at a kind of row comes at most this many outputs after such a row was written. */
const FUSE_OUTPUTS_MAX = 4;
/** One crash in this many takes the disk, where the run asks for that. */
const CRASHES_PER_WIPE = 3;
const SETTLEMENT_BLOCK_TIME_MS = 5000;
const ACCOUNT = 'alice';
/** What batches are paid in; nothing else moves it between accounts. */
const BATCH_ASSET = 'TNZO';
/** Every so many of the user's transactions is a batch. */
const BATCH_EVERY = 3;
/** A batch may wait for this many blocks. */
const BATCH_BLOCKS = 12;
/** Users, operators and accusers act this often, in ms. */
const USER_EVERY_MS = 300;
const OPERATOR_EVERY_MS = 1700;
const ACCUSER_EVERY_MS = 9000;

export interface CrashableStore extends Store {
  /** The machine goes down; afterwards the store holds what is left. */
  crash(keepHalf: boolean): Promise<void>;
  /** The disk is gone; the store goes on empty. */
  wipe(): Promise<void>;
}

export interface DurabilityOptions {
  readonly seed: number;
  readonly untilMs: number;
  /** Crashes come soon after rows were written whose keys begin so, besides those at random. */
  readonly aim?: string;
  /** Some crashes take the disk with them: never that of a second node while one is silent. */
  readonly losesDisks?: boolean;
}

export interface DurabilityReport {
  readonly crashes: number;
  readonly finalizedHeight: number;
  /** Disks lost, and rows that a crash was aimed at. */
  readonly wipes: number;
  readonly aimed: number;
  /** Of the node that is furthest: atomic batches that it holds whole, whatever became of them. */
  readonly batches: Pick<WholeBatches, 'completed' | 'failed'>;
  /** What was said to others and is not there after a crash, and votes that contradict each other. */
  readonly violations: readonly string[];
}

interface Machine {
  readonly index: number;
  readonly store: CrashableStore;
  readonly timers: Map<TimerId, number>;
  /** Every vote that left, by view and kind. */
  readonly sentVotes: Map<string, Vote>;
  /** Votes of before the disk was lost: forgotten, and still binding. */
  readonly earlierVotes: Map<string, Vote>;
  readonly promises: DurablePromises;
  /** Outputs until a crash that is aimed. */
  fuse: number | undefined;
  announcedHeight: number;
  incarnation: number;
  core: NodeCore | undefined;
}

/** @param createStore - A fresh, empty store for each node. */
export async function runDurability(
  createStore: (node: number) => Promise<CrashableStore>,
  options: DurabilityOptions,
): Promise<DurabilityReport> {
  const network = new DurableNetwork(options);
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
  readonly #options: DurabilityOptions;
  readonly #signatory: Signatory;
  #crashes = 0;
  #wipes = 0;
  #aimed = 0;
  #nonce = 0;
  /** By nonce: who is not answered sends the same again. */
  readonly #bodies: TransactionBody[] = [];
  readonly #batches: AtomicBatch[] = [];
  /** Of the highest state that a restart found. */
  #whole = { height: 0, completed: 0, failed: 0 };
  #nowMs = -2000;

  constructor(options: DurabilityOptions) {
    const { seed } = options;
    this.#options = options;
    this.#random = new Random(`durability/${seed}`);
    const scenario = scenarioOf(durableScenario(seed));
    this.#parts = createGenesis(scenario);
    this.#signatory = new Signatory(this.#parts, this.#crypto);
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
        earlierVotes: new Map(),
        promises: new DurablePromises(),
        fuse: undefined,
        announcedHeight: 0,
        incarnation: 0,
        core: undefined,
      });
    }
    for (const machine of this.#machines) await this.#boot(machine);
    this.#repeat(USER_EVERY_MS, () => this.#submitTransaction());
    this.#repeat(OPERATOR_EVERY_MS, () => this.#togglePause());
    this.#repeat(ACCUSER_EVERY_MS, () => this.#showConflict());
    this.#repeat(SETTLEMENT_BLOCK_TIME_MS, () => this.#produceSettlementBlock());
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
      wipes: this.#wipes,
      aimed: this.#aimed,
      batches: this.#whole,
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
    for (const broken of machine.promises.broken(recovered)) this.#violate(index, broken);
    const state = recoverState(recovered, genesisBlock);
    const height = state?.finalized.header.height ?? 0;
    if (state !== undefined) this.#checkBatches(index, height, state.base);
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

  #checkBatches(index: number, height: number, base: Layer): void {
    const whole = checkWholeBatches(base, this.#parts.genesis, BATCH_ASSET, this.#batches);
    for (const violation of whole.violations) this.#violate(index, violation);
    if (height > this.#whole.height) this.#whole = { height, ...whole };
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
      const isAimed = machine.fuse === 0;
      if (othersUp >= 2 && (isAimed || this.#random.below(OUTPUTS_PER_CRASH) === 0)) {
        await this.#crash(machine);
        return;
      }
      if (machine.fuse !== undefined && machine.fuse > 0) machine.fuse -= 1;
      await this.#carryOut(machine, output);
      const missing = machine.promises.left(input, output);
      if (missing !== undefined) this.#violate(machine.index, missing);
    }
  }

  async #crash(machine: Machine): Promise<void> {
    this.#crashes += 1;
    machine.core = undefined;
    machine.incarnation += 1;
    machine.timers.clear();
    machine.fuse = undefined;
    await machine.store.crash(this.#random.chance(0.5));
    await this.#maybeLoseDisk(machine);
    this.#at(this.#nowMs + DOWN_MS, () => this.#boot(machine));
  }

  /** As many disks as the protocol bears: one of four, until its node speaks again. */
  async #maybeLoseDisk(machine: Machine): Promise<void> {
    if (this.#options.losesDisks !== true || this.#random.below(CRASHES_PER_WIPE) !== 0) return;
    if (this.#machines.some((other) => other.promises.isSilent)) return;
    this.#wipes += 1;
    await machine.store.wipe();
    machine.promises.loseDisk();
    for (const [key, vote] of machine.sentVotes) machine.earlierVotes.set(key, vote);
    machine.sentVotes.clear();
    machine.announcedHeight = 0;
  }

  async #persist(machine: Machine, { writes, sync }: Extract<Output, { type: 'persist' }>): Promise<void> {
    await machine.store.apply(writes, sync);
    machine.promises.written(writes);
    const { aim } = this.#options;
    if (aim === undefined || !writes.some(({ key, value }) => isOfKind(key, value, aim))) return;
    this.#aimed += 1;
    machine.fuse ??= this.#random.below(FUSE_OUTPUTS_MAX);
  }

  async #carryOut(machine: Machine, output: Output): Promise<void> {
    const { index, incarnation } = machine;
    switch (output.type) {
      case 'persist':
        return this.#persist(machine, output);
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
      case 'followSettlement':
        for (let height = output.fromHeight; height <= this.#chain.head.height; height += 1) {
          this.#showBlock(machine, height);
        }
        return;
      case 'submitSettlement':
      case 'askSettlement':
        this.#callSettlement(machine, output);
        return;
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
      const sent = machine.sentVotes.get(key) ?? machine.earlierVotes.get(key);
      if (sent !== undefined && sent.blockHash !== vote.blockHash)
        this.#violate(vote.voter, `voted ${key} twice`);
      machine.sentVotes.set(key, vote);
      const { sentVotes } = machine;
      if (sentVotes.has(`${vote.view}/nullify`) && sentVotes.has(`${vote.view}/finalize`)) {
        this.#violate(vote.voter, `nullified and finalised view ${vote.view}`);
      }
    }
  }

  // The world around ------------------------------------------------------------------------------------

  #callSettlement(
    machine: Machine,
    call: Extract<Output, { type: 'submitSettlement' | 'askSettlement' }>,
  ): void {
    const { index, incarnation } = machine;
    this.#later(async () => {
      const answer = this.#answerOf(index, call);
      this.#later(async () => {
        if (machine.incarnation !== incarnation) return;
        const { requestId } = call;
        await this.#deliver(machine, { type: 'settlementAnswer', nowMs: this.#nowMs, requestId, answer });
      });
    });
  }

  #answerOf(
    proposer: number,
    call: Extract<Output, { type: 'submitSettlement' | 'askSettlement' }>,
  ): SettlementAnswer {
    if (call.type === 'submitSettlement') {
      const verdict = this.#chain.submit(call.bytes, this.#nowMs);
      return verdict.ok ? { type: 'accepted' } : { type: 'refused', code: verdict.code };
    }
    const { batch: seq, attempt, transactionHash: hash } = call;
    return { type: 'standing', standing: this.#chain.standingOf({ proposer, seq, attempt, hash }) };
  }

  async #produceSettlementBlock(): Promise<void> {
    const { height } = this.#chain.produceBlock(this.#nowMs);
    for (const machine of this.#machines) this.#showBlock(machine, height);
  }

  #showBlock(machine: Machine, height: number): void {
    const { incarnation } = machine;
    this.#at(this.#nowMs, async () => {
      const block = this.#chain.blockAt(height);
      if (block === undefined || machine.incarnation !== incarnation) return;
      await this.#deliver(machine, { type: 'settlementBlock', nowMs: this.#nowMs, block });
    });
  }

  /** A user who hears nothing asks again, maybe somebody else. */
  async #submitTransaction(): Promise<void> {
    const body = this.#bodyOf(this.#nonce);
    const bytes = this.#signatory.transaction(this.#signatory.account(ACCOUNT), body, { nonce: this.#nonce });
    const machine = this.#machine(this.#random.below(NODE_COUNT));
    const { incarnation, core } = machine;
    await this.#deliver(machine, { type: 'transactionSubmitted', nowMs: this.#nowMs, bytes, gossip: true });
    if (core !== undefined && machine.incarnation === incarnation) this.#nonce += 1;
  }

  #bodyOf(nonce: number): TransactionBody {
    const known = this.#bodies[nonce];
    if (known !== undefined) return known;
    const isBatch = nonce % BATCH_EVERY === 0;
    const body = isBatch ? this.#batch(nonce) : ({ type: 'borrow', asset: 'UM', amount: 10n } as const);
    this.#bodies[nonce] = body;
    return body;
  }

  /** Three payments; every other batch asks for more than there is with the last of them. */
  #batch(nonce: number): TransactionBody {
    const heights = this.#machines.map(({ core }) => core?.status().finalizedHeight ?? 0);
    const idOf = (digits: string): string => `0x${digits}${String(nonce).padStart(64 - digits.length, '0')}`;
    const isDoomed = nonce % (2 * BATCH_EVERY) === 0;
    const requests = [1000n, 30n, isDoomed ? 10n ** 8n : 1n].map((amount, index) => ({
      settlementId: idOf(`5${index}`),
      from: this.#signatory.account(ACCOUNT).address,
      to: this.#signatory.account(index === 0 ? 'bob' : 'carol').address,
      amount,
      asset: BATCH_ASSET,
      kind: 'immediate' as const,
      metadata: '',
    }));
    const batch = { batchId: idOf('ba'), expiresAtHeight: Math.max(...heights) + BATCH_BLOCKS, requests };
    this.#batches.push(batch);
    return { type: 'atomic_batch', batch, signers: [] };
  }

  async #togglePause(): Promise<void> {
    const machine = this.#machine(this.#random.below(NODE_COUNT));
    if (machine.core === undefined) return;
    const paused = !machine.core.status().isSettlementPaused;
    await this.#deliver(machine, { type: 'settlementPaused', nowMs: this.#nowMs, paused });
  }

  /** Somebody saw two settlements of one attempt: of node-3 first, later of node-2. */
  async #showConflict(): Promise<void> {
    const guilty = this.#nowMs < 2 * ACCUSER_EVERY_MS ? 3 : 2;
    const [first, second] = [0, 1].map((liquidations) =>
      this.#signatory.settlement(guilty, { liquidations }),
    );
    if (first === undefined || second === undefined) return;
    const machine = this.#machine(this.#random.below(NODE_COUNT));
    await this.#deliver(machine, { type: 'settlementConflict', nowMs: this.#nowMs, first, second });
  }

  #repeat(everyMs: number, act: () => Promise<void>): void {
    this.#at(Math.max(0, this.#nowMs) + everyMs, async () => {
      this.#repeat(everyMs, act);
      await act();
    });
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

/** An account that may borrow and pay all through the run, so that windows and batches have something to settle. */
function durableScenario(seed: number): string {
  return `
seed: ${seed}
duration: 60s
config: { settlement: { batch_size: 2 } }
timeline:
  - { at: { block: 1 }, account: ${ACCOUNT}, borrow: { asset: UM, amount: 100000 } }
  - at: { block: 1 }
    atomic_batch:
      id: fund
      requests:
        - { id: bob, from: ${ACCOUNT}, to: bob, asset: ${BATCH_ASSET}, amount: 1000000 }
        - { id: carol, from: ${ACCOUNT}, to: carol, asset: ${BATCH_ASSET}, amount: 1000000 }
`;
}

/** A row of that kind is written; of a pause its end counts too. */
export function isOfKind(key: string, value: Uint8Array | undefined, kind: string): boolean {
  return key.startsWith(kind) && (value !== undefined || kind === 'paused');
}

function keyOf({ view, kind }: Vote): string {
  return `${view}/${kind}`;
}
