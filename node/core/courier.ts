/**
 * Carries signed settlement transactions to the settlement chain over a way that fails: every call is answered, refused
 * or lost, and what may have landed is asked for before it is sent again. One errand a batch; a transaction that goes
 * nowhere holds up none behind it. What is signed and stored before is the settler's business.
 */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import type { Submission } from '../../settlement/chain/submitter.ts';
import { CircuitBreaker } from './circuitBreaker.ts';
import type { CoreCode } from './codes.ts';
import { Outage } from './outage.ts';
import type { Output, SettlementAnswer } from './types.ts';

/** Wait before a call is repeated that failed, in ms: long enough for a hiccup, short against a settlement block. */
export const RETRY_MS = 250;

export interface CourierHost {
  output(output: Output): void;
  nowMs(): TimeMs;
  /** While true nothing may be sent. */
  isSilent(): boolean;
  /** Whether the duty clock of a batch that is this node's runs now. */
  isOnDuty(): boolean;
}

/** One transaction on its way. */
interface Errand {
  submission: Submission;
  /** `ask`: these bytes may have landed already. */
  step: 'ask' | 'submit';
  /** The call under way. */
  requestId: number | undefined;
  notBeforeMs: TimeMs;
  /** Told to whoever watches, once: a resend is not told. */
  isTold: boolean;
}

export class Courier {
  readonly #host: CourierHost;
  readonly #breaker = new CircuitBreaker();
  readonly #outage = new Outage();
  /** By batch; as many as the submitter keeps in flight. */
  readonly #errands = new Map<number, Errand>();
  /** Calls without an answer yet. */
  readonly #calls = new Map<number, Errand>();
  #lastRequestId = 0;
  #wakeMs = Number.POSITIVE_INFINITY;

  constructor(host: CourierHost) {
    this.#host = host;
  }

  get errandCount(): number {
    return this.#errands.size;
  }

  /** Takes a transaction on. One that was sent before is asked for first, unless that is under way. */
  send(submission: Submission): void {
    const { seq, kind } = submission;
    if (kind === 'resend') {
      const errand = this.#errands.get(seq);
      if (errand === undefined) this.#errands.set(seq, errandOf(submission, 'ask'));
    } else this.#errands.set(seq, errandOf(submission, 'submit'));
    this.proceed();
  }

  /** The batch is settled, or somebody else's now. */
  drop(seq: number): void {
    this.#errands.delete(seq);
  }

  /** Makes every call that may be made now; call it when time, duty or silence changed. */
  proceed(): void {
    if (this.#errands.size === 0) return;
    if (this.#host.isSilent()) this.#errands.clear();
    const nowMs = this.#host.nowMs();
    const isOnDuty = this.#breaker.isOpen && this.#host.isOnDuty();
    let wakeMs = Number.POSITIVE_INFINITY;
    for (const seq of [...this.#errands.keys()].sort((a, b) => a - b)) {
      const errand = this.#errands.get(seq);
      if (errand === undefined || errand.requestId !== undefined) continue;
      const nextCallMs = this.#breaker.nextCallMs(isOnDuty, nowMs);
      if (nextCallMs === undefined) break;
      // No wait is longer than this, unless the clock was set back.
      errand.notBeforeMs = Math.min(errand.notBeforeMs, nowMs + RETRY_MS);
      const dueMs = Math.max(errand.notBeforeMs, nextCallMs);
      if (dueMs <= nowMs) this.#call(errand);
      else wakeMs = Math.min(wakeMs, dueMs);
    }
    this.#wakeAt(wakeMs);
  }

  onTimer(): void {
    this.#wakeMs = Number.POSITIVE_INFINITY;
    this.proceed();
  }

  /** What became of a call; an answer to a call of an earlier process is nobody's. */
  onAnswer(requestId: number, answer: SettlementAnswer): void {
    const errand = this.#calls.get(requestId);
    if (errand === undefined) return;
    this.#calls.delete(requestId);
    errand.requestId = undefined;
    const hasFailed = answer.type === 'failed' || answer.type === 'timed_out';
    this.#note(hasFailed);
    const { seq } = errand.submission;
    if (this.#errands.get(seq) === errand) {
      if (hasFailed) {
        errand.step = 'ask';
        errand.notBeforeMs = this.#host.nowMs() + RETRY_MS;
      } else if (answer.type === 'standing' && answer.standing === 'unknown') errand.step = 'submit';
      // Accepted, refused, waiting, settled or reverted: what follows is seen in settlement blocks.
      else this.#errands.delete(seq);
    }
    this.proceed();
  }

  #call(errand: Errand): void {
    const { submission, step } = errand;
    const { seq: batch, attempt, bytes, hash: transactionHash, feeCap } = submission;
    this.#lastRequestId += 1;
    const requestId = this.#lastRequestId;
    errand.requestId = requestId;
    this.#calls.set(requestId, errand);
    this.#breaker.called();
    if (step === 'ask') {
      this.#host.output({ type: 'askSettlement', requestId, batch, attempt, transactionHash });
      return;
    }
    this.#host.output({ type: 'submitSettlement', requestId, bytes, batch, attempt });
    if (errand.isTold) return;
    errand.isTold = true;
    this.#host.output({
      type: 'emit',
      event: { type: 'batch_submitted', seq: batch, attempt, transactionHash, feeCap },
    });
  }

  #wakeAt(atMs: TimeMs): void {
    if (atMs === this.#wakeMs) return;
    this.#wakeMs = atMs;
    if (atMs === Number.POSITIVE_INFINITY) this.#host.output({ type: 'clearTimer', id: 'courier' });
    else this.#host.output({ type: 'setTimer', id: 'courier', at: atMs });
  }

  /** Tells once an outage when it begins, and once when it is over. */
  #note(hasFailed: boolean): void {
    const nowMs = this.#host.nowMs();
    if (hasFailed) {
      if (!this.#outage.failed(this.#breaker.failed(nowMs), nowMs)) return;
      this.#warn(
        'SETTLEMENT_UNREACHABLE',
        'calls to the settlement chain fail one after another: settlement waits, blocks go on. It is tried again by ' +
          'itself; look at the address, the network and the node behind it',
      );
      return;
    }
    this.#breaker.succeeded();
    const lastedMs = this.#outage.answered(nowMs);
    if (lastedMs !== undefined)
      this.#warn('SETTLEMENT_REACHABLE', `the settlement chain answers again, after ${lastedMs} ms`);
  }

  #warn(code: CoreCode, message: string): void {
    this.#host.output({ type: 'emit', event: { type: 'warning', code, message } });
  }
}

function errandOf(submission: Submission, step: Errand['step']): Errand {
  const isTold = submission.kind === 'resend';
  return { submission, step, requestId: undefined, notBeforeMs: Number.NEGATIVE_INFINITY, isTold };
}
