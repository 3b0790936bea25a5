/**
 * The newest events of this process, numbered, for readers who come late or come back, and a tally of them for metrics.
 * Bounded; what falls out is told to a reader who needed it, never skipped in silence.
 */
import { assert } from '../../consensus/primitives/codedError.ts';
import type { TimeMs, ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { SettlementBlock } from '../../settlement/net/settlement.ts';
import { type EventLine, type EventNames, eventLines, settlementBlockLine } from '../core/eventFields.ts';
import type { NodeEvent } from '../core/events.ts';

/** Events kept unless told otherwise: some minutes of a busy node, about 4 MB. */
export const EVENTS_KEPT = 10_000;

export interface EventLogOptions {
  readonly self: ValidatorIndex;
  readonly names: EventNames;
  /** Tells this process's numbering from an earlier one's. */
  readonly epoch: string;
  readonly kept?: number;
}

export interface LoggedEvent {
  /** `<epoch>-<number>`. */
  readonly id: string;
  readonly line: EventLine;
}

/** Where a reader who comes back goes on. */
export interface Resumption {
  /** False: events between the reader's last one and `from` are gone. */
  readonly isWhole: boolean;
  /** Number of the next event for that reader. */
  readonly from: number;
}

export class EventLog {
  readonly #options: EventLogOptions;
  readonly #kept: number;
  readonly #ring: LoggedEvent[] = [];
  readonly #listeners = new Set<() => void>();
  readonly #tally = new Map<string, number>();
  #nextNumber = 1;

  constructor(options: EventLogOptions) {
    this.#options = options;
    this.#kept = options.kept ?? EVENTS_KEPT;
    assert(this.#kept > 0, 'an event log keeps at least one event');
  }

  /** How many events of each type this process has seen. */
  get tally(): ReadonlyMap<string, number> {
    return this.#tally;
  }

  /** Id of the newest event; its number is 0 before the first. */
  get lastId(): string {
    return `${this.#options.epoch}-${this.newestNumber}`;
  }

  get newestNumber(): number {
    return this.#nextNumber - 1;
  }

  get oldestNumber(): number {
    return Math.max(1, this.#nextNumber - this.#kept);
  }

  /** What the node's core emitted. */
  noteEvent(nowMs: TimeMs, event: NodeEvent): void {
    for (const line of eventLines(nowMs, this.#options.self, event, this.#options.names)) this.append(line);
  }

  noteSettlementBlock(nowMs: TimeMs, block: SettlementBlock): void {
    this.append(settlementBlockLine(nowMs, block));
  }

  append(line: EventLine): void {
    const event = { id: `${this.#options.epoch}-${this.#nextNumber}`, line };
    this.#nextNumber += 1;
    this.#tally.set(line.type, (this.#tally.get(line.type) ?? 0) + 1);
    // Places are reused, so that an old event costs nothing to forget.
    this.#ring[(this.newestNumber - 1) % this.#kept] = event;
    for (const listener of this.#listeners) listener();
  }

  /** The event of that number; undefined when it is gone, or still to come. */
  at(number: number): LoggedEvent | undefined {
    if (number < this.oldestNumber || number > this.newestNumber) return undefined;
    return this.#ring[(number - 1) % this.#kept];
  }

  /** Behind the event of that id; from the oldest kept for an id of another process, or of none here. */
  resume(id: string): Resumption {
    const [epoch, text = ''] = splitId(id);
    const number = /^[0-9]{1,15}$/.test(text) ? Number(text) : -1;
    const isOurs = epoch === this.#options.epoch && number >= 0 && number <= this.newestNumber;
    const isWhole = isOurs && number + 1 >= this.oldestNumber;
    return { isWhole, from: isWhole ? number + 1 : this.oldestNumber };
  }

  /** Calls back after each event. @returns Ends the subscription. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}

function splitId(id: string): readonly [string, string | undefined] {
  const at = id.lastIndexOf('-');
  return at < 0 ? [id, undefined] : [id.slice(0, at), id.slice(at + 1)];
}
