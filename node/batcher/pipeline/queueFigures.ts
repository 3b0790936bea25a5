/**
 * What is believed of a queue, so that an idle one is not read each second. It only says when to look: what is then read from
 * the storage decides, and corrects this.
 */
import type { Amount } from '../../../consensus/primitives/flavor.ts';
import { type BatchingCriteria, type QueueFigures as Figures, isBatchDue } from '../criteria/criteria.ts';

/** One input as it counts. */
export interface Counted {
  readonly receivedAtMs: number;
  readonly worth: Amount;
  /** It was in a batch before. */
  readonly isReturned: boolean;
}

export class QueueFigures {
  #count = 0;
  #value: Amount = 0n;
  #returned = 0;
  #oldestMs = Number.POSITIVE_INFINITY;
  #isDoubtful = true;
  #isReading = false;
  /** Since the reading began: it may have missed them. */
  #arrivals: Counted[] = [];

  /** Something changed that was not counted. */
  doubt(): void {
    this.#isDoubtful = true;
  }

  /** Counts an input once it is stored. */
  add(input: Counted): void {
    if (this.#isReading) this.#arrivals.push(input);
    this.#count += 1;
    this.#value += input.worth;
    if (input.isReturned) this.#returned += 1;
    this.#oldestMs = Math.min(this.#oldestMs, input.receivedAtMs);
  }

  /** Called before the queue is read. */
  beginReading(): void {
    this.#isReading = true;
    this.#isDoubtful = false;
    this.#arrivals = [];
  }

  /** What was read; who came meanwhile is counted on top, perhaps twice, which costs one more look and nothing else. */
  endReading(inputs: readonly Counted[]): void {
    const arrivals = this.#arrivals;
    this.#isReading = false;
    this.#arrivals = [];
    this.#count = 0;
    this.#value = 0n;
    this.#returned = 0;
    this.#oldestMs = Number.POSITIVE_INFINITY;
    for (const input of [...inputs, ...arrivals]) this.add(input);
  }

  /** Reading failed: nothing is known. */
  dropReading(): void {
    this.#isReading = false;
    this.#arrivals = [];
    this.#isDoubtful = true;
  }

  figures(nowMs: number): Figures {
    return {
      count: this.#count,
      oldestAgeMs: this.#count === 0 ? 0 : nowMs - this.#oldestMs,
      value: this.#value,
    };
  }

  /** Whether the queue should be read. */
  isWorthALook<Input>(criteria: BatchingCriteria<Input>, nowMs: number): boolean {
    if (this.#isDoubtful || this.#returned > 0) return true;
    if (this.#count === 0) return false;
    return criteria.criteriaType === 'custom' || isBatchDue(criteria, this.figures(nowMs));
  }
}
