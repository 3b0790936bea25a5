/**
 * Law 6, durability: a crash that loses only unsynced writes loses no finalised block, no node ever contradicts a vote
 * that it sent, and none sends a settlement that its outbox does not hold. Judged by what is on the wire, what a disk
 * holds, and what a restarted node says of itself.
 */
import type { Hash, Height, ValidatorIndex, View } from '../../consensus/primitives/flavor.ts';
import { ZERO_HASH } from '../../consensus/primitives/flavor.ts';
import type { Vote } from '../../consensus/vote.ts';
import { Law } from './law.ts';
import { OutboxRule, type SentSettlement } from './outbox.ts';

/** Views remembered below the newest voted on; a node that votes further back is far outside its peers' history. */
const VIEWS_KEPT = 1024;

export class DurabilityLaw {
  readonly law = new Law('durability');
  readonly #outbox: OutboxRule;
  readonly #nodeNames: readonly string[];
  /** The view that each row is about; a newer one takes the row of one that is forgotten. */
  readonly #views: View[] = [];
  /** What each validator was seen to vote, by row and validator. */
  readonly #notarized: (Hash | undefined)[] = [];
  readonly #finalized: (Hash | undefined)[] = [];
  readonly #nullified: boolean[] = [];
  #newestView: View = 0;

  constructor(nodeNames: readonly string[]) {
    this.#nodeNames = nodeNames;
    this.#outbox = new OutboxRule(this.law, nodeNames);
  }

  /** A vote leaves its own voter. */
  voteSent(vote: Vote): void {
    const { view, voter, kind, blockHash } = vote;
    if (view <= this.#newestView - VIEWS_KEPT) return;
    const place = this.#rowOf(view) + voter;
    this.law.pass();
    if (kind === 'nullify') {
      this.#nullified[place] = true;
      const finalized = this.#finalized[place];
      if (finalized !== undefined) this.#violate(vote, finalized);
      return;
    }
    const votes = kind === 'notarize' ? this.#notarized : this.#finalized;
    const before = votes[place];
    votes[place] = blockHash;
    const isConsistent =
      (before === undefined || before === blockHash) &&
      !(kind === 'finalize' && this.#nullified[place] === true);
    if (!isConsistent) this.#violate(vote, before ?? ZERO_HASH);
  }

  /** A node's disk lost synced writes: it may have forgotten any vote it sent, as one that is dishonest may contradict it. */
  diskBroke(node: ValidatorIndex): void {
    for (let place = node; place < this.#notarized.length; place += this.#nodeNames.length)
      this.#clear(place);
    this.#outbox.forget(node);
  }

  /** A node's disk is empty; it knows that, and must not contradict its votes all the same. */
  diskWiped(node: ValidatorIndex): void {
    this.#outbox.forget(node);
  }

  /** A settlement leaves a node. @param stored - Its outbox row, as a crash would leave it. */
  settlementSent(node: ValidatorIndex, sent: SentSettlement, stored: Uint8Array | undefined): void {
    this.#outbox.sent(node, sent, stored);
  }

  /** A node came back; `heightBefore` is the highest block it had reported final on a disk that was not lost. */
  recovered(node: ValidatorIndex, heightBefore: Height, heightNow: Height): void {
    this.law.check(
      heightNow >= heightBefore,
      () => `${this.#name(node)} had finalised height ${heightBefore} and came back at ${heightNow}`,
    );
  }

  /** Place of the first validator's votes in a view that is not forgotten. */
  #rowOf(view: View): number {
    if (view > this.#newestView) this.#newestView = view;
    const row = view % VIEWS_KEPT;
    const first = row * this.#nodeNames.length;
    if (this.#views[row] !== view) {
      this.#views[row] = view;
      for (let place = first; place < first + this.#nodeNames.length; place += 1) this.#clear(place);
    }
    return first;
  }

  #clear(place: number): void {
    this.#notarized[place] = undefined;
    this.#finalized[place] = undefined;
    this.#nullified[place] = false;
  }

  #violate({ view, voter, kind, blockHash }: Vote, before: Hash): void {
    this.law.violate(`${this.#name(voter)} in view ${view}: ${kind} ${blockHash} after ${before}`);
  }

  #name(node: ValidatorIndex): string {
    return this.#nodeNames[node] ?? `validator ${node}`;
  }
}
