/**
 * A second honest core of one validator, begun on a copy of its disk, with its own disk, timers and requests from then
 * on. It hears what the validator hears; whoever made it decides when, and what becomes of what it says.
 */
import type { Input, NodeStatus, Output, SettlementAnswer, TimerId } from '../../core/types.ts';
import type { NodeProcess } from '../machine/nodeProcess.ts';
import { type Hands, OWN_REQUESTS_FROM } from './behaviour.ts';

/** Outputs that leave a process; its disk and its timers stay inside. */
export type SecondOutput = Extract<Output, { type: 'publish' | 'submitSettlement' | 'emit' }>;

interface Timer {
  generation: number;
}

/** Request ids one second process may use. */
const REQUESTS_MAX = 2 ** 24;

export class SecondProcess {
  readonly #hands: Hands;
  readonly #does: (output: SecondOutput) => void;
  readonly #firstRequestId: number;
  readonly #timers = new Map<TimerId, Timer>();
  readonly #core: NodeProcess;
  #isRunning = true;

  constructor(hands: Hands, does: (output: SecondOutput) => void) {
    this.#hands = hands;
    this.#does = does;
    this.#firstRequestId = OWN_REQUESTS_FROM + hands.number * REQUESTS_MAX;
    this.#core = this.#hands.createProcess({ finalized: () => {} });
    const { peers } = hands;
    const nowMs = hands.nowMs();
    this.#handle({ type: 'started', nowMs, recovered: hands.diskRows(), peers, mayHaveRun: true });
    for (const bytes of hands.openTransactions()) {
      this.#handle({ type: 'transactionSubmitted', nowMs, bytes, gossip: false });
    }
  }

  status(): NodeStatus {
    return this.#core.status();
  }

  /** True for an answer to one of its own requests. */
  isOwnResponse(input: Input): boolean {
    if (input.type !== 'response') return false;
    const offset = input.requestId - this.#firstRequestId;
    return offset >= 0 && offset < REQUESTS_MAX;
  }

  /** Lets it have a copy of an input, now. */
  hear(input: Input): void {
    if (!this.#isRunning || input.type === 'started' || input.type === 'timerFired') return;
    // Its own calls to the settlement chain are answered here.
    if (input.type === 'settlementAnswer') return;
    const nowMs = this.#hands.nowMs();
    if (input.type === 'response') {
      this.#handle({ ...input, nowMs, requestId: input.requestId - this.#firstRequestId });
    } else this.#handle({ ...input, nowMs });
  }

  stop(): void {
    this.#isRunning = false;
  }

  #handle(input: Input): void {
    let outputs: readonly Output[];
    try {
      outputs = this.#core.handle(input);
    } catch (error) {
      if (!this.#hands.isUnsafe) throw error;
      this.stop();
      return;
    }
    for (const output of outputs) this.#carryOut(output);
  }

  #carryOut(output: Output): void {
    switch (output.type) {
      case 'setTimer':
        this.#setTimer(output.id, output.at);
        return;
      case 'clearTimer':
        this.#timerOf(output.id).generation += 1;
        return;
      case 'request':
        this.#hands.request(output.peer, this.#firstRequestId + output.requestId, output.bytes);
        return;
      case 'respond':
        this.#hands.respond(output.requestId, output.bytes);
        return;
      case 'followSettlement':
        this.#catchUp(output.fromHeight);
        return;
      case 'publish':
      case 'emit':
        this.#does(output);
        return;
      case 'submitSettlement':
        this.#does(output);
        this.#answer(output.requestId, { type: 'accepted' });
        return;
      // Whoever made it decides what leaves, so it is told to send again.
      case 'askSettlement':
        this.#answer(output.requestId, { type: 'standing', standing: 'unknown' });
        return;
      // It runs once, to the end of the fault: nobody reads its disk, and it owes nobody a verdict.
      case 'persist':
      case 'verdict':
        return;
    }
  }

  #answer(requestId: number, answer: SettlementAnswer): void {
    this.#hands.after(0, () => {
      if (!this.#isRunning) return;
      this.#handle({ type: 'settlementAnswer', nowMs: this.#hands.nowMs(), requestId, answer });
    });
  }

  #setTimer(id: TimerId, at: number): void {
    const timer = this.#timerOf(id);
    timer.generation += 1;
    const { generation } = timer;
    this.#hands.after(Math.max(0, at - this.#hands.nowMs()), () => {
      if (!this.#isRunning || timer.generation !== generation) return;
      timer.generation += 1;
      this.#handle({ type: 'timerFired', nowMs: this.#hands.nowMs(), id });
    });
  }

  #timerOf(id: TimerId): Timer {
    let timer = this.#timers.get(id);
    if (timer === undefined) {
      timer = { generation: 0 };
      this.#timers.set(id, timer);
    }
    return timer;
  }

  /** Settlement blocks up to now; the later ones it hears as the validator does. */
  #catchUp(fromHeight: number): void {
    this.#hands.after(0, () => {
      for (let height = fromHeight; height <= this.#hands.settlementHeight(); height += 1) {
        const block = this.#hands.settlementBlockAt(height);
        if (block === undefined || !this.#isRunning) return;
        this.#handle({ type: 'settlementBlock', nowMs: this.#hands.nowMs(), block });
      }
    });
  }
}
