/**
 * A scenario's timeline: which events wait for which anchor, and what is broken right now. It calls its host to break
 * and heal things; it knows neither nodes nor chains.
 */
import type { TimeMs } from '../../consensus/primitives/flavor.ts';
import { isInstant } from '../scenario/faultKinds.ts';
import type { Anchor, Fault, ScenarioPost, TimelineEvent } from '../scenario/types.ts';

export interface TimelineHost {
  /** Calls `action` at that instant, or at once when it has passed. */
  scheduleAction(timeMs: TimeMs, action: () => void): void;
  nowMs(): TimeMs;
  /** Transactions of an event that are not anchored to a block. */
  submitTransactions(event: TimelineEvent): void;
  /** What the event has somebody deposit on the settlement chain. */
  makeDeposits(event: TimelineEvent): void;
  /** What users post on the settlement chain, and may send to nodes as well. */
  makePost(post: ScenarioPost): void;
  startFault(fault: Fault): void;
  /** Heals it; never called for an instant such as `restart`. */
  endFault(fault: Fault): void;
}

/** A text by which equal anchors are equal. */
export function anchorKey(anchor: Anchor): string {
  if ('block' in anchor) return `block/${anchor.block}`;
  if ('timeMs' in anchor) return `time/${anchor.timeMs}`;
  if ('settlementBlock' in anchor) return `settlement_block/${anchor.settlementBlock}`;
  return `batch/${anchor.batch}/${anchor.state}`;
}

export class Timeline {
  readonly #host: TimelineHost;
  readonly #waiting = new Map<string, TimelineEvent[]>();
  readonly #unfired: Set<TimelineEvent>;

  /** Events at a virtual time are scheduled here and now. */
  constructor(events: readonly TimelineEvent[], host: TimelineHost) {
    this.#host = host;
    this.#unfired = new Set(events);
    for (const event of events) {
      if ('timeMs' in event.at) {
        host.scheduleAction(event.at.timeMs, () => this.#happen(event));
        continue;
      }
      const key = anchorKey(event.at);
      const waiting = this.#waiting.get(key);
      if (waiting === undefined) this.#waiting.set(key, [event]);
      else waiting.push(event);
    }
  }

  /** Events that have not happened so far, in the order of the scenario. */
  get unfired(): readonly TimelineEvent[] {
    return [...this.#unfired];
  }

  /** True while some event waits for something else than a time. */
  get isWaiting(): boolean {
    return this.#waiting.size > 0;
  }

  /** An anchor came; what waits for it happens in this instant, after what is under way. */
  reached(anchor: Anchor): void {
    const key = anchorKey(anchor);
    const events = this.#waiting.get(key);
    if (events === undefined) return;
    this.#waiting.delete(key);
    for (const event of events) this.#host.scheduleAction(this.#host.nowMs(), () => this.#happen(event));
  }

  #happen(event: TimelineEvent): void {
    this.#unfired.delete(event);
    // Those anchored to a block travel with that block (docs/scenarios.md, anchors).
    if (event.transactions.length > 0 && !('block' in event.at)) this.#host.submitTransactions(event);
    if (event.deposits !== undefined) this.#host.makeDeposits(event);
    if (event.post !== undefined) this.#host.makePost(event.post);
    for (const fault of event.faults) this.#host.startFault(fault);
    const { forMs } = event;
    if (forMs === undefined) return;
    const lasting = event.faults.filter((fault) => !isInstant(fault));
    if (lasting.length === 0) return;
    this.#host.scheduleAction(this.#host.nowMs() + forMs, () => {
      for (const fault of lasting) this.#host.endFault(fault);
    });
  }
}
