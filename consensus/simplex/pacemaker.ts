/**
 * The timers of the view a node is in: when its leader may propose, when waiting for the leader and for the view ends,
 * and when a stuck node repeats itself. Knows no votes; the protocol says what happened.
 */
import type { TimeMs } from '../primitives/flavor.ts';
import type { SimplexHost } from './host.ts';

/** A stuck node repeats itself after one delta, then twice as long each time, up to this many. */
const REBROADCAST_DELTAS_MAX = 4;

export class Pacemaker {
  readonly #host: SimplexHost;
  readonly #deltaMs: number;
  #isProposalScheduled = false;
  #phase: 'leader' | 'advance' = 'leader';
  #leaderDeadlineMs: TimeMs = 0;
  /** How often this node has repeated itself in the current view, plus one; 0 while the view runs. */
  #stuckRounds = 0;

  constructor(options: { readonly deltaMs: number }, dependencies: { readonly host: SimplexHost }) {
    this.#deltaMs = options.deltaMs;
    this.#host = dependencies.host;
  }

  /** True while the own proposal waits for its time. */
  get isProposalScheduled(): boolean {
    return this.#isProposalScheduled;
  }

  /**
   * A view begins, at `startMs` at the earliest.
   * @param isSkipped - Its leader is not waited for.
   */
  begin(startMs: TimeMs, isSkipped: boolean): void {
    if (this.#isProposalScheduled) this.#host.clearTimer('propose');
    this.#isProposalScheduled = false;
    this.#stuckRounds = 0;
    this.#phase = 'leader';
    this.#leaderDeadlineMs = isSkipped ? startMs : startMs + 2 * this.#deltaMs;
    this.#host.setTimer('view', this.#leaderDeadlineMs);
  }

  scheduleProposal(startMs: TimeMs): void {
    this.#isProposalScheduled = true;
    this.#host.setTimer('propose', startMs);
  }

  proposalTimerFired(): void {
    this.#isProposalScheduled = false;
  }

  /**
   * The one view timer plays both of the protocol's: it fires at `t_l`, and when a proposal was voted for by then,
   * again at `t_a`, one delta later.
   * @returns Whether waiting for this view is over.
   */
  viewTimerFired(hasVoted: boolean): boolean {
    if (this.#phase !== 'leader' || !hasVoted) return true;
    this.#phase = 'advance';
    this.#host.setTimer('view', this.#leaderDeadlineMs + this.#deltaMs);
    return false;
  }

  /** Waiting was over and the view goes on: the node is stuck in it. */
  stuck(nowMs: TimeMs): void {
    this.#stuckRounds = 1;
    this.#host.setTimer('rebroadcast', nowMs + this.#deltaMs);
  }

  /** False when a view was entered since the timer was set: nothing is stuck any more. */
  get isStuck(): boolean {
    return this.#stuckRounds > 0;
  }

  scheduleRepeat(nowMs: TimeMs): void {
    const deltas = Math.min(2 ** this.#stuckRounds, REBROADCAST_DELTAS_MAX);
    this.#stuckRounds += 1;
    this.#host.setTimer('rebroadcast', nowMs + deltas * this.#deltaMs);
  }
}
