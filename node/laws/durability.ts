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

/** What one validator was seen to vote in one view. */
interface Cast {
  notarize: Hash | undefined;
  finalize: Hash | undefined;
  nullify: boolean;
}

export class DurabilityLaw {
  readonly law = new Law('durability');
  readonly #outbox: OutboxRule;
  readonly #nodeNames: readonly string[];
  readonly #castByView = new Map<View, (Cast | undefined)[]>();
  #newestView: View = 0;

  constructor(nodeNames: readonly string[]) {
    this.#nodeNames = nodeNames;
    this.#outbox = new OutboxRule(this.law, nodeNames);
  }

  /** A vote leaves its own voter. */
  voteSent(vote: Vote): void {
    const { view, voter, kind, blockHash } = vote;
    if (view <= this.#newestView - VIEWS_KEPT) return;
    const cast = this.#castOf(view, voter);
    if (kind === 'nullify') {
      cast.nullify = true;
      this.law.check(cast.finalize === undefined, () => this.#describe(vote, cast.finalize));
      return;
    }
    const before = cast[kind];
    cast[kind] = blockHash;
    const isConsistent =
      (before === undefined || before === blockHash) && !(kind === 'finalize' && cast.nullify);
    this.law.check(isConsistent, () => this.#describe(vote, before ?? ZERO_HASH));
  }

  /** A node's disk lost synced writes: it may have forgotten any vote it sent, as one that is dishonest may contradict it. */
  diskBroke(node: ValidatorIndex): void {
    for (const byVoter of this.#castByView.values()) byVoter[node] = undefined;
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

  #castOf(view: View, voter: ValidatorIndex): Cast {
    let byVoter = this.#castByView.get(view);
    if (byVoter === undefined) {
      byVoter = [];
      this.#castByView.set(view, byVoter);
      if (view > this.#newestView) this.#forgetBelow(view);
    }
    let cast = byVoter[voter];
    if (cast === undefined) {
      cast = { notarize: undefined, finalize: undefined, nullify: false };
      byVoter[voter] = cast;
    }
    return cast;
  }

  #forgetBelow(newestView: View): void {
    this.#newestView = newestView;
    for (const view of this.#castByView.keys()) {
      if (view > newestView - VIEWS_KEPT) return;
      this.#castByView.delete(view);
    }
  }

  #describe({ view, voter, kind, blockHash }: Vote, before: Hash | undefined): string {
    return `${this.#name(voter)} in view ${view}: ${kind} ${blockHash} after ${before ?? 'nothing'}`;
  }

  #name(node: ValidatorIndex): string {
    return this.#nodeNames[node] ?? `validator ${node}`;
  }
}
