/**
 * What the mempool of a settlement chain in real time has shown of proposers that contradict themselves: the first pair of
 * each, which proves all there is to prove. So there are never more pairs than validators.
 */
import type { ValidatorIndex } from '../../consensus/primitives/flavor.ts';
import type { DoubleSettlementWatch } from '../../settlement/chain/doubleSettlementWatch.ts';
import { decodeSettlementTransaction } from '../../settlement/chain/transactionCodec.ts';
import type { Conflict } from './conflictPoll.ts';

/** Pairs handed over in one answer: each may be two transactions of the largest size. */
const CONFLICTS_PER_ANSWER = 8;

export class SettlementConflicts {
  readonly #watch: DoubleSettlementWatch;
  readonly #found = new Map<ValidatorIndex, Conflict>();

  constructor(watch: DoubleSettlementWatch) {
    this.#watch = watch;
  }

  /** A transaction reaches the chain, whatever the chain does with it. @returns The pair that it completes, if it is news. */
  arrived(bytes: Uint8Array): Conflict | undefined {
    const pair = this.#watch.arrived(bytes);
    if (pair === undefined) return undefined;
    const decoded = decodeSettlementTransaction(bytes);
    if (!decoded.ok) return undefined;
    const { proposer } = decoded.value;
    if (this.#found.has(proposer)) return undefined;
    const conflict: Conflict = { proposer, ...pair };
    this.#found.set(proposer, conflict);
    return conflict;
  }

  /** Pairs of others than these, the oldest first; those that do not fit one answer come with the next. */
  beside(known: readonly ValidatorIndex[]): readonly Conflict[] {
    const others = [...this.#found.values()].filter(({ proposer }) => !known.includes(proposer));
    return others.slice(0, CONFLICTS_PER_ANSWER);
  }
}
