/**
 * Drives one node in the real world: hands inputs to the core one after the other, each with the local time, and carries
 * its outputs out in order. What is to be synced is on disk before anything later leaves; inputs that come meanwhile wait.
 * It decides nothing itself. A bug in the core, or a disk that takes no writes, ends the node: going on could break a vote.
 */
import { assert, CodedError } from '../../consensus/primitives/codedError.ts';
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { NodeEvent } from '../core/events.ts';
import type { NodeCore } from '../core/nodeCore.ts';
import type { Input, NodeStatus, Output, PeerId, RequestProtocol, TimerId, Topic } from '../core/types.ts';
import { InputQueue, type Lane } from './inputQueue.ts';
import type { MessageJudgement, PeerNetwork } from './peerNetwork.ts';
import type { ProofAhead } from './proofAhead.ts';
import type { SettlementClient } from './settlementPort.ts';
import type { Store } from './store.ts';
import type { Clock } from './systemClock.ts';

/** Inputs handled in one go before other work of the process gets its turn. */
const INPUTS_PER_TURN = 32;

/** An input before its time is known. */
type Waiting = Input extends infer One ? (One extends Input ? Omit<One, 'nowMs'> : never) : never;
type WaitingOf<Type extends Input['type']> = Extract<Waiting, { readonly type: Type }>;
type OutputOf<Type extends Output['type']> = Extract<Output, { readonly type: Type }>;

/** An input in the queue, and who waits for what comes of it. */
interface Entry {
  readonly input: Waiting;
  /** Asked when its turn has come: false drops it. */
  readonly isWanted: (() => boolean) | undefined;
  readonly judged: ((judgement: MessageJudgement) => void) | undefined;
  readonly answered: ((bytes: Uint8Array | undefined) => void) | undefined;
  readonly taken: (() => void) | undefined;
}

const overloaded: MessageJudgement = { verdict: 'ignore', code: 'NODE_OVERLOADED' };
const stopped: MessageJudgement = { verdict: 'ignore', code: 'NODE_STOPPED' };

export interface NodeRuntimeOptions {
  readonly self: ValidatorIndex;
  readonly peers: readonly PeerId[];
}

export interface NodeRuntimeDependencies {
  /** The core, or something around it that hands everything on, such as a recorder of inputs. */
  readonly core: Pick<NodeCore, 'handle' | 'status'>;
  readonly store: Store;
  readonly network: PeerNetwork;
  readonly settlement: SettlementClient;
  readonly clock: Clock;
  /** Holds inputs back until their proofs are judged. Undefined: the core judges them. */
  readonly proofs?: Pick<ProofAhead, 'prepare'> | undefined;
  readonly onEvent: (event: NodeEvent) => void;
  /** The node cannot go on, and has let go of everything it held. */
  readonly onFailure: (error: unknown) => void;
}

export class NodeRuntime {
  readonly #options: NodeRuntimeOptions;
  readonly #dependencies: NodeRuntimeDependencies;
  readonly #queue = new InputQueue<Entry>();
  /** The first input, which goes before whatever came while the node started. */
  #first: Entry | undefined;
  readonly #timers = new Map<TimerId, () => void>();
  /** Requests of peers that wait for a `respond`, by the number the core knows them under. */
  readonly #asked = new Map<number, (bytes: Uint8Array | undefined) => void>();
  #lastRequestId = 0;
  /** Settles when the newest write has; writes are handed to the store one after the other. */
  #lastWrite: Promise<void> = Promise.resolve();
  #state: 'new' | 'starting' | 'running' | 'stopping' = 'new';
  #hasStarted = false;
  #failure: { readonly error: unknown } | undefined;
  #draining: Promise<void> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: NodeRuntimeOptions, dependencies: NodeRuntimeDependencies) {
    this.#options = options;
    this.#dependencies = dependencies;
  }

  /**
   * Reads the store, starts the core, then lets the world in.
   * @throws {CodedError} Of the store, of the network, and `STORE_CORRUPT`.
   */
  async start(): Promise<void> {
    assert(this.#state === 'new', 'a runtime starts once');
    const { store, network } = this.#dependencies;
    this.#state = 'starting';
    try {
      const recovered = await store.rows();
      // The core may publish as soon as it starts; what comes before it has started waits in the queue.
      await network.start({
        message: (topic, from, bytes) => this.#onMessage(topic, from, bytes),
        request: (from, protocol, bytes) => this.#onRequest(from, protocol, bytes),
      });
      const hasRun = recovered.length > 0 || store.hasLostRows;
      // An empty store that nobody made together with the key says nothing of an earlier one.
      const mayHaveRun = hasRun ? true : store.isNew ? false : undefined;
      const { peers } = this.#options;
      await new Promise<void>((taken) => {
        this.#first = entryOf({ type: 'started', recovered, peers, mayHaveRun }, { taken });
        this.#state = 'running';
        this.#draining = this.#drain();
      });
      if (this.#failure !== undefined) throw this.#failure.error;
      this.#dependencies.settlement.watchConflicts((pair) =>
        this.#later({ type: 'settlementConflict', ...pair }),
      );
      this.#hasStarted = true;
    } catch (error) {
      await this.#close();
      throw error;
    }
  }

  /** A user's transaction. @returns The core's verdict; with `accept` it is on disk. */
  submit(bytes: Uint8Array, options: { readonly gossip: boolean }): Promise<MessageJudgement> {
    return this.#judge('user', { type: 'transactionSubmitted', bytes, gossip: options.gossip });
  }

  /** Holds this node's settlements back, or lets them go on. */
  async pauseSettlement(paused: boolean): Promise<void> {
    await new Promise<void>((resolve) => {
      if (!this.#isRunning) return resolve();
      this.#enqueue('own', { type: 'settlementPaused', paused }, { taken: resolve });
    });
  }

  status(): NodeStatus {
    return this.#dependencies.core.status();
  }

  /** Inputs that wait. */
  get waitingCount(): number {
    return this.#queue.length;
  }

  /** Takes nothing in any more, ends what is under way, leaves the store whole and free. */
  stop(): Promise<void> {
    return this.#close();
  }

  // Inputs -----------------------------------------------------------------------------------------------

  get #isRunning(): boolean {
    return this.#state === 'starting' || this.#state === 'running';
  }

  #onMessage(topic: Topic, from: PeerId, bytes: Uint8Array): Promise<MessageJudgement> {
    return this.#judge(from, { type: 'message', topic, from, bytes });
  }

  #judge(
    lane: Exclude<Lane, 'own'>,
    input: WaitingOf<'message' | 'transactionSubmitted'>,
  ): Promise<MessageJudgement> {
    if (!this.#isRunning) return Promise.resolve(stopped);
    if (this.#queue.isFull(lane)) return Promise.resolve(overloaded);
    return new Promise((judged) => this.#enqueueProven(lane, input, { judged }));
  }

  #onRequest(from: PeerId, protocol: RequestProtocol, bytes: Uint8Array): Promise<Uint8Array | undefined> {
    if (!this.#isRunning || this.#queue.isFull(from)) return Promise.resolve(undefined);
    this.#lastRequestId += 1;
    const requestId = this.#lastRequestId;
    return new Promise((answered) => {
      this.#enqueue(from, { type: 'request', requestId, from, protocol, bytes }, { answered });
    });
  }

  /** As `#enqueue`, once the proofs in the input are judged. */
  #enqueueProven(lane: Lane, input: Waiting, waiters: Partial<Omit<Entry, 'input'>>): void {
    const proven = this.#dependencies.proofs?.prepare(input);
    if (proven === undefined) {
      this.#enqueue(lane, input, waiters);
      return;
    }
    void proven.then(() => {
      if (this.#isRunning) this.#enqueue(lane, input, waiters);
      else release(entryOf(input, waiters));
    });
  }

  #enqueue(lane: Lane, input: Waiting, waiters: Partial<Omit<Entry, 'input'>>): void {
    this.#queue.push(lane, entryOf(input, waiters));
    if (this.#state !== 'starting') this.#draining ??= this.#drain();
  }

  async #drain(): Promise<void> {
    // Whoever enqueued goes on first: nothing is handled within the call that brought it.
    await Promise.resolve();
    let count = 0;
    for (let entry = this.#take(); entry !== undefined; entry = this.#take()) {
      try {
        // After a failure nothing is handled any more.
        if (this.#failure === undefined) await this.#handle(entry);
      } catch (error) {
        this.#fail(error);
      } finally {
        release(entry);
      }
      count += 1;
      if (count % INPUTS_PER_TURN === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    this.#draining = undefined;
  }

  #take(): Entry | undefined {
    const first = this.#first;
    this.#first = undefined;
    return first ?? this.#queue.take();
  }

  async #handle(entry: Entry): Promise<void> {
    const { input, isWanted, judged, answered } = entry;
    if (isWanted?.() === false) return;
    const nowMs = this.#dependencies.clock.now();
    if (input.type === 'request' && answered !== undefined) this.#asked.set(input.requestId, answered);
    let judgement: MessageJudgement | undefined;
    for (const output of this.#dependencies.core.handle({ ...input, nowMs })) {
      if (output.type === 'verdict') judgement = output;
      else if (output.type === 'persist') await this.#persist(output);
      else this.#carryOut(output);
    }
    if (input.type === 'request') this.#respond(input.requestId, undefined);
    if ('from' in input && input.type !== 'message' && judgement?.verdict === 'reject') {
      this.#dependencies.network.penalise(input.from, judgement.code ?? input.type);
    }
    if (judged !== undefined) {
      assert(judgement !== undefined, `the core gave no verdict on a ${input.type}`);
      judged(judgement);
    }
  }

  // Outputs ----------------------------------------------------------------------------------------------

  async #persist({ writes, sync }: OutputOf<'persist'>): Promise<void> {
    const written = this.#lastWrite.then(() => this.#dependencies.store.apply(writes, sync));
    this.#lastWrite = written;
    if (sync) await written;
    // A write that nobody waits for is found to have failed all the same.
    else written.catch((error: unknown) => this.#fail(error));
  }

  #carryOut(output: Exclude<Output, OutputOf<'persist' | 'verdict'>>): void {
    const { network, settlement, onEvent } = this.#dependencies;
    switch (output.type) {
      case 'publish':
        network.publish(output.topic, output.bytes);
        return;
      case 'setTimer':
        this.#setTimer(output.id, output.at);
        return;
      case 'clearTimer':
        this.#clearTimer(output.id);
        return;
      case 'emit':
        onEvent(output.event);
        return;
      case 'request':
        this.#request(output);
        return;
      case 'respond':
        this.#respond(output.requestId, output.bytes);
        return;
      case 'submitSettlement':
      case 'askSettlement':
        this.#callSettlement(output);
        return;
      case 'followSettlement':
        settlement.follow(output.fromHeight, (block) => this.#later({ type: 'settlementBlock', block }));
        return;
    }
  }

  #setTimer(id: TimerId, at: number): void {
    this.#clearTimer(id);
    const cancel = this.#dependencies.clock.callAt(at, () => {
      // It counts as running until its turn has come: one that is set again or cleared meanwhile does not fire.
      const isWanted = (): boolean => this.#timers.get(id) === cancel && this.#timers.delete(id);
      if (this.#isRunning) this.#enqueue('own', { type: 'timerFired', id }, { isWanted });
    });
    this.#timers.set(id, cancel);
  }

  #clearTimer(id: TimerId): void {
    this.#timers.get(id)?.();
    this.#timers.delete(id);
  }

  #request({ requestId, peer, protocol, bytes }: OutputOf<'request'>): void {
    this.#dependencies.network.request(peer, protocol, bytes).then(
      (answer) => this.#later({ type: 'response', requestId, from: peer, bytes: answer }),
      (error: unknown) => this.#fail(error),
    );
  }

  #respond(requestId: number, bytes: Uint8Array | undefined): void {
    this.#asked.get(requestId)?.(bytes);
    this.#asked.delete(requestId);
  }

  #callSettlement(output: OutputOf<'submitSettlement' | 'askSettlement'>): void {
    const { settlement } = this.#dependencies;
    const { requestId, batch: seq, attempt } = output;
    const call =
      output.type === 'submitSettlement'
        ? settlement.submit(output.bytes)
        : settlement.ask({ proposer: this.#options.self, seq, attempt, hash: output.transactionHash });
    call.then(
      (answer) => this.#later({ type: 'settlementAnswer', requestId, answer }),
      (error: unknown) => this.#fail(error),
    );
  }

  /** Resolves when the core has taken the input. */
  #later(
    input: WaitingOf<'response' | 'settlementAnswer' | 'settlementBlock' | 'settlementConflict'>,
  ): Promise<void> {
    if (!this.#isRunning) return Promise.resolve();
    return new Promise((taken) => this.#enqueueProven('own', input, { taken }));
  }

  // End --------------------------------------------------------------------------------------------------

  #fail(error: unknown): void {
    if (this.#failure !== undefined) return;
    this.#failure = { error };
    const { onFailure } = this.#dependencies;
    // Before it has started the error is thrown to whoever starts it.
    const report = (): void => {
      if (this.#hasStarted) onFailure(error);
    };
    this.#close().then(report, report);
  }

  #close(): Promise<void> {
    this.#closing ??= this.#closeAll();
    return this.#closing;
  }

  /** First nothing comes in any more, then what is under way ends, then the store is closed. */
  async #closeAll(): Promise<void> {
    const { network, settlement, store } = this.#dependencies;
    this.#state = 'stopping';
    this.#clearTimers();
    await this.#draining;
    // What came before the core had started is never handled.
    for (let entry = this.#take(); entry !== undefined; entry = this.#take()) release(entry);
    await Promise.all([settlement.stop(), network.stop()]);
    this.#clearTimers();
    for (const requestId of [...this.#asked.keys()]) this.#respond(requestId, undefined);
    await this.#lastWrite.catch(() => undefined);
    await store.close();
  }

  #clearTimers(): void {
    for (const id of [...this.#timers.keys()]) this.#clearTimer(id);
  }
}

function entryOf(input: Waiting, waiters: Partial<Omit<Entry, 'input'>>): Entry {
  const { isWanted, judged, answered, taken } = waiters;
  return { input, isWanted, judged, answered, taken };
}

/** Nobody waits for an input that was handled, or never is; who was answered already hears nothing new. */
function release({ judged, answered, taken }: Entry): void {
  judged?.(stopped);
  answered?.(undefined);
  taken?.();
}

/** What a failure says, for a log. */
export function describeFailure(error: unknown): { readonly code: string; readonly message: string } {
  if (error instanceof CodedError) return { code: error.code, message: error.message };
  return {
    code: 'INTERNAL',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
  };
}
